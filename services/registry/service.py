"""What the registry offers on the wire."""

from __future__ import annotations

from functools import partial

from services.registry import deeds, history, puts, reads
from services.registry.imports import import_rows
from services.registry.sameness import Told, nobody
from services.registry.session import issue_token
from services.runtime.service import Service

AFFILIATION_SERVICE = Service(
    name="hazway.registry.v1.AffiliationService",
    unary={"PutAffiliation": puts.put_affiliation, "GetAffiliation": reads.get_affiliation},
)
HISTORY_SERVICE = Service(
    name="hazway.registry.v1.HistoryService",
    unary={"ListVersions": history.list_versions, "GetVersion": history.get_version},
)
SESSION_SERVICE = Service(name="hazway.registry.v1.SessionService", unary={"IssueToken": issue_token})


def services(told: Told = nobody) -> tuple[Service, ...]:
    """``told`` hears of two entries that are one thing."""
    return _registry(told), SESSION_SERVICE, AFFILIATION_SERVICE, HISTORY_SERVICE


def _registry(told: Told) -> Service:
    return Service(
        name="hazway.registry.v1.RegistryService",
        unary={
            "RegisterOrganisation": puts.register_organisation,
            "SuspendOrganisation": deeds.suspend_organisation,
            "GetOrganisation": reads.get_organisation,
            "ListOrganisations": reads.list_organisations,
            "PutLicence": puts.put_licence,
            "ListLicences": reads.list_licences,
            "PutVehicle": puts.put_vehicle,
            "GetVehicle": reads.get_vehicle,
            "ListVehicles": reads.list_vehicles,
            "MergeVehicles": partial(deeds.merge_vehicles, told),
            "PutTank": puts.put_tank,
            "SetTankState": deeds.set_tank_state,
            "GetTank": reads.get_tank,
            "ListTanks": reads.list_tanks,
            "PutPerson": partial(puts.put_person, told),
            "GetPerson": reads.get_person,
            "ListPersons": reads.list_persons,
            "EndEmployment": deeds.end_employment,
            "PutPermit": puts.put_permit,
            "RevokePermit": deeds.revoke_permit,
            "ListPermits": reads.list_permits,
            "ImportRows": partial(import_rows, told),
        },
    )
