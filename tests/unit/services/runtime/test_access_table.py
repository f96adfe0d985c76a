"""Who may do what, cell by cell: the table written a second time, so that no cell is opened or closed by accident."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import MagicMock

import pytest
from google.protobuf.descriptor import MethodDescriptor

from services.errors import Refusal
from services.runtime.access import TABLE, Relation, Role, open_relations
from services.runtime.call import Call, Caller, Language
from tests import wire_code

SETS = {
    "all": set(Role),
    "consignor": {Role.CONSIGNOR},
    "carrier": {Role.CARRIER},
    "loader": {Role.LOADER},
    "consignee": {Role.CONSIGNEE},
    "operator": {Role.OPERATOR},
    "trade": {Role.CONSIGNOR, Role.CARRIER, Role.LOADER, Role.CONSIGNEE},
    "authorities": {Role.TRANSPORT_AUTHORITY, Role.POLICE, Role.EMERGENCY_AUTHORITY},
    "registrars": {Role.OPERATOR, Role.TRANSPORT_AUTHORITY},
    "police": {Role.POLICE},
    "market": {Role.MARKET_AUTHORITY},
}
# Relation:set+set of every method, by service.
EXPECTED = """
alarms.AlarmService
  ListAlarms WatchAlarms HandleAlarm ListAlarmGroups GetAlarmFigures = OWN:carrier JURISDICTION:authorities
  ListSupervisions = OWN:carrier JURISDICTION:authorities
  RequestSupervision = JURISDICTION:authorities
  AnswerSupervision = OWN:carrier
loading.LoadingService
  CreateAppointment SubmitCheck RecordWeights RecordPostFill RecordLoading = LOADING:loader
  GetChecklist = LOADING:loader CARRYING:carrier
  GetFillPermit GetLoading = LOADING:loader PARTY:trade JURISDICTION:authorities
monitoring.MonitoringService
  ReportFixes = OWN:carrier
  GetTrack WatchVehicles GetFigures = OWN:carrier JURISDICTION:authorities
registry.AffiliationService
  PutAffiliation = ANY:registrars
  GetAffiliation = OWN:carrier JURISDICTION:authorities ANY:operator
registry.HistoryService
  ListVersions GetVersion = OWN:all JURISDICTION:authorities+market ANY:operator
registry.RegistryService
  RegisterOrganisation PutLicence SuspendOrganisation MergeVehicles = ANY:registrars
  PutVehicle PutTank SetTankState ImportRows = OWN:trade ANY:registrars
  PutPerson EndEmployment = OWN:all ANY:registrars
  PutPermit RevokePermit = ANY:registrars+police
  GetOrganisation ListOrganisations = ANY:all
  GetVehicle ListVehicles GetTank ListTanks GetPerson ListPersons ListLicences ListPermits = \
OWN:all JURISDICTION:authorities+market ANY:operator
registry.SessionService
  IssueToken = OWN:all
traceability.TraceabilityService
  RegisterKey PrepareCustodialKey = OWN:all
  RevokeKey = OWN:all ANY:operator
  GetReceipt GetProof GetCheckpoint PrepareStatements = ANY:all
  ListStatements ExportRecord = OWN:all PARTY:trade JURISDICTION:authorities+market ANY:all
  SetLegalHold = JURISDICTION:authorities+market ANY:operator
waybill.ConsignmentService
  CreateConsignmentList AmendConsignmentList WithdrawConsignmentList = OWN:consignor
  AcceptConsignmentList RefuseConsignmentList = CARRYING:carrier
  GetConsignmentList ListConsignmentLists = PARTY:trade JURISDICTION:authorities
waybill.TemplateService
  PutTemplate GetTemplate ListTemplates DeleteTemplate PreviewFromTemplate = OWN:carrier
waybill.FleetService
  PutReceiver ListReceivers RemoveReceiver ListDeliveries ReplayDeliveries = OWN:all
  ExportProvincial = PARTY:trade JURISDICTION:authorities
  PreviewProvincial = OWN:carrier
waybill.HandoverService
  OfferHandover = LOADING:loader CARRYING:carrier OWN:all
  WithdrawHandover CountersignHandover RefuseHandover = OWN:all
  EnterHandoverCode = PARTY:trade OWN:all
  GetHandoverCode RenewHandoverCode = OWN:all ANY:operator
  GetCustody = PARTY:trade JURISDICTION:authorities OWN:all
waybill.PreparationService
  RecordTripCheck RecordBriefing = CARRYING:carrier
  ListPreparations = PARTY:trade JURISDICTION:authorities
waybill.WaybillService
  IssueWaybill BatchIssueWaybills DepartWaybill ArriveWaybill UnloadWaybill VoidWaybill AmendWaybill = CARRYING:carrier
  RevertRevision SwapAssignment = CARRYING:carrier
  AllotNumbers = OWN:carrier
  SignRevision = PARTY:trade
  SignDelivery = RECEIVING:consignee
  GetWaybill ListWaybills ListRevisions GetRoadsideCode ExportWaybillPdf = PARTY:trade JURISDICTION:authorities
  GetDayBundle = ANY:all
  FindByPlate = JURISDICTION:authorities
zones.ZoneService
  PutZone DeclareTunnel WithdrawZone = ANY:authorities+operator
  GetZone ListZones ExportGeoJson ReadGeoJson ListRegions PlanRoute CheckRoute = ANY:all
"""


def expected() -> dict[str, dict[Relation, set[Role]]]:
    table: dict[str, dict[Relation, set[Role]]] = {}
    service = ""
    for line in filter(None, EXPECTED.splitlines()):
        if not line.startswith(" "):
            slice_name, _, name = line.partition(".")
            service = f"hazway.{slice_name}.v1.{name}"
            continue
        names, _, cells = line.partition(" = ")
        for name in names.split():
            table[f"{service}/{name}"] = {
                Relation[relation]: set().union(*(SETS[part] for part in sets.split("+")))
                for relation, sets in (cell.split(":") for cell in cells.split())
            }
    return table


WANTED = expected()


def methods() -> dict[str, MethodDescriptor]:
    """Every method of the contract, streams too."""
    return {f"{method.containing_service.full_name}/{method.name}": method for method in wire_code.methods()}


def test_every_method_of_the_contract_has_a_row_and_no_other() -> None:
    assert methods().keys() == TABLE.keys()


def test_the_second_writing_knows_the_same_methods() -> None:
    assert WANTED.keys() == TABLE.keys()


@pytest.mark.parametrize("method", sorted(TABLE))
def test_every_cell_is_as_it_was_decided(method: str) -> None:
    for role in Role:
        wanted = {relation for relation in Relation if role in WANTED[method].get(relation, ())}
        assert open_relations(method, [role]) == wanted, role


def test_several_roles_open_what_any_of_them_opens_and_none_opens_nothing() -> None:
    for method in TABLE:
        assert open_relations(method, []) == frozenset()
        for role in Role:
            both = open_relations(method, [role, Role.CARRIER])
            assert both == open_relations(method, [role]) | open_relations(method, [Role.CARRIER])
    assert open_relations("hazway.waybill.v1.WaybillService/Unheard", Role) == frozenset()


def a_call(method: str, role: Role, purpose: str = "路检") -> Call:
    return Call(
        method=method, caller=Caller("asking", roles=frozenset({role})), request_id="", language=Language.CHINESE,
        purpose=purpose, deadline=None, now=datetime(2026, 11, 2, tzinfo=UTC), clock=MagicMock(), settings=MagicMock(),
        transaction=MagicMock(), bus=MagicMock(),
    )  # fmt: skip


def outcome(call: Call, relations: list[Relation]) -> str:
    try:
        return call.allow(relations).name
    except Refusal as refusal:
        (finding,) = refusal.findings
        return f"{finding.reason.name}{finding.path}{dict(finding.values)}"


@pytest.mark.parametrize("method", sorted(TABLE))
def test_unknown_and_not_yours_look_the_same(method: str) -> None:
    for role in Role:
        opened = {relation for relation in Relation if role in WANTED[method].get(relation, ())}
        closed = [relation for relation in Relation if relation not in opened]
        unknown, not_yours = (outcome(a_call(method, role), relations) for relations in ([], closed))
        assert unknown == not_yours
        assert unknown == ("NOT_FOUND{}" if opened else "NOT_ALLOWED{}")
        for relation in opened:
            call = a_call(method, role)
            assert (outcome(call, [relation]), call.allowed) == (relation.name, True)


def test_what_is_ones_own_is_no_look_and_needs_no_purpose() -> None:
    method = "hazway.monitoring.v1.MonitoringService/GetTrack"
    caller: Any = Caller("both", roles=frozenset({Role.CARRIER, Role.POLICE}))
    call = a_call(method, Role.CARRIER, purpose="")
    call.caller = caller
    assert call.allow([Relation.JURISDICTION, Relation.OWN]) is Relation.OWN
    call.transaction.execute.assert_not_called()  # type: ignore[attr-defined]
    with pytest.raises(Refusal):
        call.allow([Relation.JURISDICTION])
