"""Consignment lists: what one must say, and what its goods ask of consignor and carrier. Pure.

The rules are those a waybill is judged by, asked of a trip without vehicles; a permit that does not fit yet is a warning,
for each waybill is judged with its own permits again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime

from services.errors import Finding, Severity
from services.errors.common import FIELD_INVALID
from services.errors.waybill.consignment import CONSIGNMENT_CONTENT_MISSING, CONSIGNMENT_DUTY, CONSIGNOR_LICENCE_UNKNOWN
from services.errors.waybill.issuing import RESOURCE_UNKNOWN
from services.errors.waybill.route import PERMIT_MISMATCH
from services.goods import Catalogue, Mode
from services.goods.controls import Control, Permit, permits_needed
from services.registry.model import LicenceKind, RegistryFacts
from services.registry.versions import valid_on
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.consignment.model import ConsignmentLine, ConsignmentList
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Party, Waybill
from services.waybill.rules.goods import goods_agree
from services.waybill.rules.parties import class_agrees
from services.waybill.rules.permits import permitted
from services.waybill.rules.scope import within_scope
from services.waybill.trip import Trip

MOST_LINES = 100
# A million tonnes: no list is for more, and sums of lines stay whole numbers of the database.
MOST_G = 10**12
_FOUR_DIGITS = re.compile(r"[0-9]{4}")

_ADVICE = {
    "hazard_properties": ("危险特性", "the hazard properties"),
    "precautions": ("运输注意事项", "the precautions"),
    "first_aid": ("急救措施", "the first aid"),
    "fire_fighting": ("消防措施", "the fire-fighting measures"),
    "spill_handling": ("泄漏应急处置", "how a spill is handled"),
    "secondary_pollution": ("次生环境污染处置措施", "the measures against secondary pollution"),
}
_OF_PACKAGES = {
    "packaging": ("包装", "the packaging"),
    "packaging_spec": ("包装规格", "the size of the packaging"),
    "package_count": ("件数", "the number of packages"),
}
_PARTIES = {"consignor": "托运人", "carrier": "承运人"}
_CHEMICALS = (
    frozenset({LicenceKind.CHEMICALS_PRODUCTION, LicenceKind.CHEMICALS_TRADE}),
    "危险化学品安全生产许可证或经营许可证", "licence to produce or trade hazardous chemicals",
)  # fmt: skip
_FIREWORKS = (
    frozenset({LicenceKind.FIREWORKS_PRODUCTION, LicenceKind.FIREWORKS_WHOLESALE}),
    "烟花爆竹安全生产许可证或批发许可证", "licence to produce or wholesale fireworks",
)  # fmt: skip
# A user sends such goods too, so that a licence the registry does not know is told and forbids nothing.
_LICENCES = {
    Control.HIGHLY_TOXIC: _CHEMICALS,
    Control.SPECIAL_CONTROL: _CHEMICALS,
    Control.EXPLOSIVE_PRECURSOR: _CHEMICALS,
    Control.FIREWORKS: _FIREWORKS,
}
_DUTIES = {
    Permit.SPECIAL_CONTROL_TRACE: "tracing a specially controlled chemical",
    Permit.EXPLOSIVE_PRECURSOR_REPORT: "reporting the flow of an explosive precursor",
}


def check_list(
    offered: ConsignmentList, registry: RegistryFacts, catalogue: Catalogue, at: datetime
) -> tuple[Finding, ...]:
    """Everything that is wrong with sending this list at ``at``, errors and warnings."""
    trip = _trip(offered, registry, catalogue, at, offered.lines)
    found = (
        *_content(offered),
        *(
            _of_line(finding, index)
            for index, line in enumerate(offered.lines)
            for finding in _goods(_trip(offered, registry, catalogue, at, (line,)))
        ),
        *within_scope(trip),
        *_permits(trip),
        *_duties(trip),
        *_parties(offered, registry),
        *_licences(trip),
    )
    return tuple(_grounded(finding, at) for finding in found)


def _content(offered: ConsignmentList) -> Iterator[Finding]:
    if not offered.lines:
        yield _missing("consignment_list.lines", "货物", "the goods")
    if len(offered.lines) > MOST_LINES:
        yield _invalid("consignment_list.lines", f"more than {MOST_LINES} lines 行数过多")
    if not offered.emergency_phone.strip():
        yield _missing("consignment_list.emergency_phone", "应急联系电话", "the emergency phone")
    for party in ("consignor", "carrier", "loader", "consignee", "origin", "destination"):
        if not getattr(offered, party).name.strip():
            yield _missing(f"consignment_list.{party}.name", "单位或地点名称", "a name")
    numbers = [line.number for line in offered.lines]
    for index, line in enumerate(offered.lines[:MOST_LINES]):
        path = f"consignment_list.lines[{index}]"
        if numbers.count(line.number) > 1 or line.number < 1:
            yield _invalid(f"{path}.number", "numbers count from 1, each once 行号从1起，不得重复")
        yield from _line(path, line)


def _line(path: str, line: ConsignmentLine) -> Iterator[Finding]:
    if not _FOUR_DIGITS.fullmatch(line.un_number):
        yield _invalid(f"{path}.un_number", "four digits 应为四位数字")
    if not line.name.strip():
        yield _missing(f"{path}.name", "危险货物运输名称", "the proper shipping name")
    if line.mode not in {mode.value for mode in Mode}:
        yield _invalid(f"{path}.mode", "must be tank, bulk or packages 应为 tank、bulk 或 packages")
    if not 0 < line.mass_g <= MOST_G:
        yield _invalid(f"{path}.mass_g", f"must be above 0 and at most {MOST_G} g 数量无效")
    for name, (zh, en) in _ADVICE.items():
        if not getattr(line.safety, name).strip():
            yield _missing(f"{path}.safety.{name}", zh, en)
    for name, (zh, en) in _OF_PACKAGES.items() if line.mode == Mode.PACKAGES.value else ():
        value = getattr(line, name)
        if (value < 1) if isinstance(value, int) else not value.strip():
            yield _missing(f"{path}.{name}", zh, en)


def _goods(trip: Trip) -> Iterator[Finding]:
    """What the goods rules say of one line alone: what may go together is for the waybill."""
    (line,) = trip.waybill.goods
    yield from class_agrees(trip, "waybill.goods[0]", line)
    yield from (finding for finding in goods_agree(trip) if finding.path != "waybill.goods")


def _permits(trip: Trip) -> Iterator[Finding]:
    for finding in permitted(trip):
        if finding.rule == "WB-07":  # where the lorry drives is for the waybill
            severity = Severity.WARNING if finding.reason is PERMIT_MISMATCH else finding.severity
            yield replace(finding, rule="CL-03", severity=severity)


def _duties(trip: Trip) -> Iterator[Finding]:
    """What must be reported without a paper that travels along."""
    for need in permits_needed(trip.load, trip.catalogue, legal_day(trip.at)):
        for duty in need.any_of if not need.is_document else ():
            for index in need.lines:
                line = trip.waybill.goods[index]
                yield Finding(
                    reason=CONSIGNMENT_DUTY, path=f"waybill.goods[{index}]", severity=Severity.WARNING, rule="CL-03",
                    basis=need.basis,
                    values={"un": line.un_number, "name": line.name, "duty": duty.value, "duty_en": _DUTIES[duty]},
                )  # fmt: skip


def _parties(offered: ConsignmentList, registry: RegistryFacts) -> Iterator[Finding]:
    for name, role in _PARTIES.items():
        party: Party = getattr(offered, name)
        if party.organisation_id not in registry.organisations:
            path = f"consignment_list.{name}.organisation_id"
            yield Finding(
                reason=RESOURCE_UNKNOWN, path=path, rule="CL-01", values={"role": role, "id": party.organisation_id}
            )


def _licences(trip: Trip) -> Iterator[Finding]:
    consignor = trip.waybill.consignor
    held = {
        licence.kind
        for licence in trip.registry.licences
        if consignor is not None
        and licence.organisation_id == consignor.organisation_id
        and not licence.suspended
        and valid_on(trip.first_day, licence.valid_from, licence.valid_to)
    }
    for path, line in trip.lines():
        for kinds, zh, en in {_LICENCES[control] for control in trip.controls(line) if control in _LICENCES}:
            if not kinds & held:
                yield Finding(
                    reason=CONSIGNOR_LICENCE_UNKNOWN, path=path, severity=Severity.WARNING, rule="CL-04",
                    values={"un": line.un_number, "name": line.name, "licence": zh, "licence_en": en,
                            "consignor": consignor.name if consignor else ""},
                )  # fmt: skip


def _trip(
    offered: ConsignmentList,
    registry: RegistryFacts,
    catalogue: Catalogue,
    at: datetime,
    lines: Iterable[ConsignmentLine],
) -> Trip:
    """The list as a trip nobody has been sent on yet."""
    waybill = Waybill(
        id=offered.id, consignor=offered.consignor, carrier=offered.carrier, loader=offered.loader,
        consignee=offered.consignee, goods=tuple(goods_of(line) for line in lines), permit_numbers=offered.permit_numbers,
    )  # fmt: skip
    return Trip(waybill, Facts(registry=registry), catalogue, at)


def goods_of(line: ConsignmentLine) -> GoodsLine:
    """The line as a waybill would state all of it."""
    known = {each.name for each in fields(GoodsLine)}
    return GoodsLine(**{each.name: getattr(line, each.name) for each in fields(line) if each.name in known})


def _of_line(finding: Finding, index: int) -> Finding:
    return replace(finding, path=finding.path.replace("waybill.goods[0]", f"waybill.goods[{index}]", 1))


def _grounded(finding: Finding, at: datetime) -> Finding:
    """The finding at the field of the list, with the text behind its rule."""
    path = finding.path.replace("waybill.goods", "consignment_list.lines", 1).replace(
        "waybill.", "consignment_list.", 1
    )
    rule = "CL-02" if finding.rule == "WB-02" else finding.rule
    if rule.startswith("CL-") and (finding.basis is None or rule != finding.rule):
        return replace(finding, path=path, rule=rule, basis=basis_on(rule, legal_day(at)))
    return replace(finding, path=path)


def _missing(path: str, zh: str, en: str) -> Finding:
    return Finding(reason=CONSIGNMENT_CONTENT_MISSING, path=path, rule="CL-01", values={"what": zh, "what_en": en})


def _invalid(path: str, problem: str) -> Finding:
    return Finding(reason=FIELD_INVALID, path=path, rule="CL-01", values={"field": path, "problem": problem})
