"""Who may do what: one table of method x relation x role, and nothing else decides.

The slice tells the caller's relation to the thing, which it alone can know (own, party, holder, jurisdiction);
the table says whether that relation and the caller's roles open the method. A cell that is not here is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum


class Role(Enum):
    """What an organisation is in the field; it may be several things at once."""

    OPERATOR = "OPERATOR"  # runs this server 平台运营方
    CONSIGNOR = "CONSIGNOR"  # 托运人
    CARRIER = "CARRIER"  # 承运人
    LOADER = "LOADER"  # 装货人
    CONSIGNEE = "CONSIGNEE"  # 收货人
    TRANSPORT_AUTHORITY = "TRANSPORT_AUTHORITY"  # 交通运输部门
    POLICE = "POLICE"  # 公安机关
    EMERGENCY_AUTHORITY = "EMERGENCY_AUTHORITY"  # 应急管理部门
    MARKET_AUTHORITY = "MARKET_AUTHORITY"  # 市场监督管理部门
    INSPECTION_BODY = "INSPECTION_BODY"  # 检验机构
    TUNNEL_OPERATOR = "TUNNEL_OPERATOR"  # 隧道管理单位
    FIREWORKS_PRODUCER = "FIREWORKS_PRODUCER"  # 烟花爆竹生产企业
    FIREWORKS_WHOLESALER = "FIREWORKS_WHOLESALER"  # 烟花爆竹批发企业
    FIREWORKS_RETAILER = "FIREWORKS_RETAILER"  # 烟花爆竹零售经营者


class Relation(Enum):
    """What the caller has to do with the thing asked about."""

    ANY = "ANY"  # nothing in particular: registers, public facts
    OWN = "OWN"  # it is the caller's own
    PARTY = "PARTY"  # the caller is named in it
    CARRYING = "CARRYING"  # the caller is the carrier of it
    LOADING = "LOADING"  # the caller is the loader of it
    RECEIVING = "RECEIVING"  # the caller is a consignee of it
    JURISDICTION = "JURISDICTION"  # an authority where it is, was, starts, stops, passes or is registered


AUTHORITIES = frozenset({Role.TRANSPORT_AUTHORITY, Role.POLICE, Role.EMERGENCY_AUTHORITY})
EVERYONE = frozenset(Role)
TRADE = frozenset({Role.CONSIGNOR, Role.CARRIER, Role.LOADER, Role.CONSIGNEE})

Cells = Mapping[Relation, frozenset[Role]]
_OPERATOR = frozenset({Role.OPERATOR})
_REGISTRAR: Cells = {Relation.ANY: frozenset({Role.OPERATOR, Role.TRANSPORT_AUTHORITY})}
_OWN_RECORD: Cells = {Relation.OWN: TRADE, Relation.ANY: frozenset({Role.OPERATOR, Role.TRANSPORT_AUTHORITY})}
_PERMIT: Cells = {Relation.ANY: frozenset({Role.OPERATOR, Role.TRANSPORT_AUTHORITY, Role.POLICE})}
# Market supervision looks after pressure vessels and the bodies that inspect them.
_SEE_RECORD: Cells = {
    Relation.OWN: EVERYONE,
    Relation.JURISDICTION: AUTHORITIES | {Role.MARKET_AUTHORITY},
    Relation.ANY: _OPERATOR,
}
# The operator puts on record what a map or a paper notice says.
_PUBLISH_ZONE: Cells = {Relation.ANY: AUTHORITIES | _OPERATOR}
_LOADER: Cells = {Relation.LOADING: frozenset({Role.LOADER})}
# Of whatever a statement is about: the slice that knows it tells ANY only of what is public, or to the operator.
_SEE_STATEMENTS: Cells = {
    Relation.OWN: EVERYONE,
    Relation.PARTY: TRADE,
    Relation.JURISDICTION: AUTHORITIES | {Role.MARKET_AUTHORITY},
    Relation.ANY: EVERYONE,
}
_SEE_WAYBILL: Cells = {Relation.PARTY: TRADE, Relation.JURISDICTION: AUTHORITIES}

TABLE: Mapping[str, Cells] = {
    "hazway.traceability.v1.TraceabilityService/RegisterKey": {
        Relation.OWN: EVERYONE,
    },
    "hazway.traceability.v1.TraceabilityService/RevokeKey": {Relation.OWN: EVERYONE, Relation.ANY: _OPERATOR},
    "hazway.traceability.v1.TraceabilityService/GetReceipt": {Relation.ANY: EVERYONE},
    "hazway.traceability.v1.TraceabilityService/GetCheckpoint": {Relation.ANY: EVERYONE},
    "hazway.traceability.v1.TraceabilityService/PrepareCustodialKey": {Relation.OWN: EVERYONE},
    "hazway.traceability.v1.TraceabilityService/PrepareStatements": {Relation.ANY: EVERYONE},
    "hazway.traceability.v1.TraceabilityService/GetProof": {Relation.ANY: EVERYONE},
    "hazway.traceability.v1.TraceabilityService/ListStatements": _SEE_STATEMENTS,
    "hazway.traceability.v1.TraceabilityService/ExportRecord": _SEE_STATEMENTS,
    "hazway.traceability.v1.TraceabilityService/SetLegalHold": {
        Relation.JURISDICTION: AUTHORITIES | {Role.MARKET_AUTHORITY},
        Relation.ANY: _OPERATOR,
    },
    "hazway.registry.v1.RegistryService/RegisterOrganisation": _REGISTRAR,
    "hazway.registry.v1.RegistryService/GetOrganisation": {Relation.ANY: EVERYONE},
    "hazway.registry.v1.RegistryService/PutLicence": _REGISTRAR,
    "hazway.registry.v1.RegistryService/PutVehicle": _OWN_RECORD,
    "hazway.registry.v1.RegistryService/PutTank": _OWN_RECORD,
    "hazway.registry.v1.RegistryService/PutPerson": {**_OWN_RECORD, Relation.OWN: EVERYONE},
    "hazway.registry.v1.RegistryService/SuspendOrganisation": _REGISTRAR,
    "hazway.registry.v1.RegistryService/ListOrganisations": {Relation.ANY: EVERYONE},
    "hazway.registry.v1.RegistryService/MergeVehicles": _REGISTRAR,
    "hazway.registry.v1.RegistryService/SetTankState": _OWN_RECORD,
    "hazway.registry.v1.RegistryService/EndEmployment": {**_OWN_RECORD, Relation.OWN: EVERYONE},
    "hazway.registry.v1.RegistryService/PutPermit": _PERMIT,
    "hazway.registry.v1.RegistryService/RevokePermit": _PERMIT,
    "hazway.registry.v1.RegistryService/ImportRows": _OWN_RECORD,
    "hazway.registry.v1.RegistryService/GetVehicle": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/ListVehicles": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/ListLicences": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/ListPermits": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/GetTank": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/ListTanks": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/ListPersons": _SEE_RECORD,
    "hazway.registry.v1.RegistryService/GetPerson": _SEE_RECORD,
    "hazway.registry.v1.AffiliationService/PutAffiliation": _REGISTRAR,
    "hazway.registry.v1.AffiliationService/GetAffiliation": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
        Relation.ANY: _OPERATOR,
    },
    "hazway.registry.v1.HistoryService/ListVersions": _SEE_RECORD,
    "hazway.registry.v1.HistoryService/GetVersion": _SEE_RECORD,
    "hazway.registry.v1.SessionService/IssueToken": {Relation.OWN: EVERYONE},
    "hazway.zones.v1.ZoneService/GetZone": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/ListZones": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/PutZone": _PUBLISH_ZONE,
    "hazway.zones.v1.ZoneService/DeclareTunnel": _PUBLISH_ZONE,
    "hazway.zones.v1.ZoneService/WithdrawZone": _PUBLISH_ZONE,
    "hazway.zones.v1.ZoneService/ExportGeoJson": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/ReadGeoJson": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/ListRegions": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/PlanRoute": {Relation.ANY: EVERYONE},
    "hazway.zones.v1.ZoneService/CheckRoute": {Relation.ANY: EVERYONE},
    "hazway.waybill.v1.WaybillService/IssueWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/GetWaybill": _SEE_WAYBILL,
    "hazway.waybill.v1.WaybillService/ListWaybills": _SEE_WAYBILL,
    "hazway.waybill.v1.WaybillService/DepartWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/ArriveWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/BatchIssueWaybills": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/AllotNumbers": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/AmendWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/SignRevision": {Relation.PARTY: TRADE},
    "hazway.waybill.v1.WaybillService/RevertRevision": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/ListRevisions": _SEE_WAYBILL,
    "hazway.waybill.v1.WaybillService/SwapAssignment": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/UnloadWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/VoidWaybill": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.WaybillService/SignDelivery": {Relation.RECEIVING: frozenset({Role.CONSIGNEE})},
    "hazway.waybill.v1.WaybillService/GetRoadsideCode": _SEE_WAYBILL,
    "hazway.waybill.v1.WaybillService/GetDayBundle": {Relation.ANY: EVERYONE},
    "hazway.waybill.v1.WaybillService/ExportWaybillPdf": _SEE_WAYBILL,
    "hazway.waybill.v1.WaybillService/FindByPlate": {Relation.JURISDICTION: AUTHORITIES},
    "hazway.waybill.v1.ConsignmentService/CreateConsignmentList": {Relation.OWN: frozenset({Role.CONSIGNOR})},
    "hazway.waybill.v1.ConsignmentService/AmendConsignmentList": {Relation.OWN: frozenset({Role.CONSIGNOR})},
    "hazway.waybill.v1.ConsignmentService/WithdrawConsignmentList": {Relation.OWN: frozenset({Role.CONSIGNOR})},
    "hazway.waybill.v1.ConsignmentService/AcceptConsignmentList": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.ConsignmentService/RefuseConsignmentList": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.ConsignmentService/GetConsignmentList": _SEE_WAYBILL,
    "hazway.waybill.v1.ConsignmentService/ListConsignmentLists": _SEE_WAYBILL,
    "hazway.waybill.v1.TemplateService/PutTemplate": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.TemplateService/GetTemplate": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.TemplateService/ListTemplates": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.TemplateService/DeleteTemplate": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.TemplateService/PreviewFromTemplate": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.HandoverService/OfferHandover": {
        Relation.LOADING: frozenset({Role.LOADER}),
        Relation.CARRYING: frozenset({Role.CARRIER}),
        Relation.OWN: EVERYONE,
    },
    "hazway.waybill.v1.HandoverService/WithdrawHandover": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.HandoverService/CountersignHandover": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.HandoverService/RefuseHandover": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.HandoverService/EnterHandoverCode": {Relation.PARTY: TRADE, Relation.OWN: EVERYONE},
    "hazway.waybill.v1.HandoverService/GetHandoverCode": {Relation.OWN: EVERYONE, Relation.ANY: _OPERATOR},
    "hazway.waybill.v1.HandoverService/RenewHandoverCode": {Relation.OWN: EVERYONE, Relation.ANY: _OPERATOR},
    "hazway.waybill.v1.HandoverService/GetCustody": {**_SEE_WAYBILL, Relation.OWN: EVERYONE},
    "hazway.waybill.v1.PreparationService/RecordTripCheck": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.PreparationService/RecordBriefing": {Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.waybill.v1.PreparationService/ListPreparations": _SEE_WAYBILL,
    "hazway.waybill.v1.FleetService/PutReceiver": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.FleetService/ListReceivers": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.FleetService/RemoveReceiver": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.FleetService/ListDeliveries": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.FleetService/ReplayDeliveries": {Relation.OWN: EVERYONE},
    "hazway.waybill.v1.FleetService/ExportProvincial": _SEE_WAYBILL,
    "hazway.waybill.v1.FleetService/PreviewProvincial": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.loading.v1.LoadingService/CreateAppointment": _LOADER,
    "hazway.loading.v1.LoadingService/GetChecklist": {**_LOADER, Relation.CARRYING: frozenset({Role.CARRIER})},
    "hazway.loading.v1.LoadingService/SubmitCheck": _LOADER,
    "hazway.loading.v1.LoadingService/GetFillPermit": {**_LOADER, **_SEE_WAYBILL},
    "hazway.loading.v1.LoadingService/RecordWeights": _LOADER,
    "hazway.loading.v1.LoadingService/RecordPostFill": _LOADER,
    "hazway.loading.v1.LoadingService/RecordLoading": _LOADER,
    "hazway.loading.v1.LoadingService/GetLoading": {**_LOADER, **_SEE_WAYBILL},
    "hazway.monitoring.v1.MonitoringService/ReportFixes": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.monitoring.v1.MonitoringService/GetTrack": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.monitoring.v1.MonitoringService/WatchVehicles": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/ListAlarms": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/HandleAlarm": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/WatchAlarms": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/ListAlarmGroups": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/GetAlarmFigures": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.alarms.v1.AlarmService/RequestSupervision": {Relation.JURISDICTION: AUTHORITIES},
    "hazway.alarms.v1.AlarmService/AnswerSupervision": {Relation.OWN: frozenset({Role.CARRIER})},
    "hazway.alarms.v1.AlarmService/ListSupervisions": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
    "hazway.monitoring.v1.MonitoringService/GetFigures": {
        Relation.OWN: frozenset({Role.CARRIER}),
        Relation.JURISDICTION: AUTHORITIES,
    },
}


def open_relations(method: str, roles: Iterable[Role]) -> frozenset[Relation]:
    """The relations through which somebody of these roles may use the method; empty means never."""
    held = frozenset(roles)
    return frozenset(relation for relation, allowed in TABLE.get(method, {}).items() if held & allowed)
