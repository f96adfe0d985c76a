"""The check before loading: whether it says all it has to, and what it comes to beside what the registry says. Pure.

What is said by hand never outweighs a fact: a PASS against an error of the registry is a FAIL, unless the registry itself
is objected to with a document, a second person and a named approver. There is no way round a FAIL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.errors import Finding, Reason, Severity, errors_among
from services.errors.common import FIELD_MISSING, invalid
from services.errors.loading import (
    CHECK_ITEM_APPLIES,
    CHECK_ITEM_MISSING,
    CHECK_ITEM_TWICE,
    CHECKED_BY_UNKNOWN,
    FAIL_NEEDS_NOTE,
    GOODS_NOT_AS_WAYBILL,
    HOLDING_TIME_SHORT,
    MEASUREMENT_MISSING,
    OBJECTION_INVALID,
    PLATE_NOT_AS_WAYBILL,
    RESIDUAL_PRESSURE_LOW,
)
from services.loading.bases import RESIDUAL_PRESSURE_KPA, RULE_OF, RULES
from services.loading.model import Check, CheckCode, CheckItem, Fill, Objection, Result
from services.loading.registry_says import Says
from services.registry.identifiers import normalise_plate
from services.waybill.model import GoodsLine
from services.waybill.trip import Trip

SHA256 = re.compile(r"[0-9a-f]{64}")
# Where the registry may be wrong and a document may show it; the rest is measured, or compared at the bay itself.
CONTESTABLE = frozenset(
    {
        CheckCode.VEHICLE_PAPERS, CheckCode.CREW_PAPERS, CheckCode.INSPECTION, CheckCode.PERMITTED_MEDIUM,
        CheckCode.SPECIAL_DOCUMENTS, CheckCode.LAST_CARGO, CheckCode.USE_REGISTRATION, CheckCode.RESIDUAL_MEDIUM,
        CheckCode.FILLER_LICENCE,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an item comes to; ``findings`` are all that is against it, those set aside by an objection as warnings."""

    code: CheckCode
    result: Result
    findings: tuple[Finding, ...] = ()
    contested: bool = False


def judge(check: Check, trip: Trip, says: Mapping[CheckCode, Says]) -> tuple[Judged, ...]:
    """Every item of a well-formed check, in the order of the list."""
    items = {item.code: item for item in check.items}
    measured = measured_faults(check, trip)
    return tuple(
        _judged(items[code], (*said.findings, *measured.get(code, ()))) for code, said in says.items() if code in items
    )


def outcome_of(judged: tuple[Judged, ...]) -> Result:
    return Result.FAIL if any(each.result is Result.FAIL for each in judged) else Result.PASS


def _judged(item: CheckItem, findings: tuple[Finding, ...]) -> Judged:
    if item.result is Result.FAIL:
        return Judged(code=item.code, result=Result.FAIL, findings=findings)
    if item.result is Result.NOT_APPLICABLE:  # only where it does not apply: see ``check_form``
        return Judged(code=item.code, result=item.result)
    if not errors_among(findings):
        return Judged(code=item.code, result=item.result, findings=findings)
    if item.objection is None or item.code not in CONTESTABLE:
        return Judged(code=item.code, result=Result.FAIL, findings=findings)
    aside = tuple(replace(each, severity=Severity.WARNING) for each in findings)
    return Judged(code=item.code, result=item.result, findings=aside, contested=True)


def check_form(check: Check, says: Mapping[CheckCode, Says], known_persons: frozenset[str]) -> tuple[Finding, ...]:
    """Everything a check lacks before it can be judged. ``known_persons`` are the loader's own people."""
    return (
        *_complete(check, says),
        *_items(check, known_persons),
        *_measurements(check, says),
        *_fills(check.fills),
    )


# What instruments can show: mg/ml, tenths of a degree, 10^-6 per K.
_RANGES = {"density_mg_per_ml": (0, 30_000), "temperature_dc": (-2_700, 5_000), "expansion_ppm_per_k": (0, 100_000)}


def _fills(fills: tuple[Fill, ...]) -> Iterator[Finding]:
    for index, fill in enumerate(fills):
        for field, (least, most) in _RANGES.items():
            value = getattr(fill, field)
            if value is not None and not least <= value <= most:
                yield invalid(f"check.fills[{index}].{field}", f"not within {least} to {most} 超出范围")


def _complete(check: Check, says: Mapping[CheckCode, Says]) -> Iterator[Finding]:
    codes = [item.code for item in check.items]
    for code, said in says.items():
        if said.applies and code not in codes:
            yield _finding(CHECK_ITEM_MISSING, "check.items", code)
    for index, item in enumerate(check.items):
        path = f"check.items[{index}]"
        if item.code in codes[:index]:
            yield _finding(CHECK_ITEM_TWICE, path, item.code)
        if item.result is Result.NOT_APPLICABLE and says[item.code].applies:
            yield _finding(CHECK_ITEM_APPLIES, f"{path}.result", item.code)


def _items(check: Check, known_persons: frozenset[str]) -> Iterator[Finding]:
    for index, item in enumerate(check.items):
        path = f"check.items[{index}]"
        if item.result is Result.FAIL and not item.note.strip():
            yield _finding(FAIL_NEEDS_NOTE, f"{path}.note", item.code)
        if any(not SHA256.fullmatch(each) for each in item.photo_sha256):
            yield digest_invalid(f"{path}.photo_sha256")
        if not item.checked_by_id:
            yield Finding(reason=FIELD_MISSING, path=f"{path}.checked_by_id", values={"field": "checked_by_id"})
        elif item.checked_by_id not in known_persons:
            yield person_unknown(f"{path}.checked_by_id", item.checked_by_id)
        if item.objection is not None:
            yield from _objection(item, item.objection, f"{path}.objection", known_persons)


def digest_invalid(path: str) -> Finding:
    return invalid(path, "a SHA-256 is 64 hex digits 摘要应为64位十六进制")


def person_unknown(path: str, person_id: str) -> Finding:
    """A warning: not every loader keeps its people in the registry."""
    return Finding(
        reason=CHECKED_BY_UNKNOWN, path=path, severity=Severity.WARNING, rule="LC", basis=RULES["LC"],
        values={"id": person_id},
    )  # fmt: skip


def _objection(item: CheckItem, objection: Objection, path: str, known_persons: frozenset[str]) -> Iterator[Finding]:
    for at_fault, zh, en in (
        (item.result is Result.FAIL, "不合格不能以异议推翻", "there is no way round a FAIL"),
        (item.code not in CONTESTABLE, "该项不由登记信息判定", "this item is not decided by the registry"),
        (not SHA256.fullmatch(objection.document_sha256), "没有证件照片摘要", "no digest of a photo of the document"),
        (not objection.explanation.strip(), "没有说明", "no explanation"),
        (not _three_people(item, objection), "查验人、第二人、批准人须为不同的人", "checker, second person and approver must be three"),
        (
            not {objection.second_person_id, objection.approver_id} <= known_persons,
            "第二人或批准人不是本单位登记人员", "the second person or the approver is not registered as yours",
        ),
    ):  # fmt: skip
        if at_fault:
            values = {"code": item.code.value, "problem_zh": zh, "problem": en}
            yield Finding(reason=OBJECTION_INVALID, path=path, rule="LC", basis=RULES["LC"], values=values)


def _three_people(item: CheckItem, objection: Objection) -> bool:
    people = {item.checked_by_id, objection.second_person_id, objection.approver_id} - {""}
    return len(people) == 3


def _measurements(check: Check, says: Mapping[CheckCode, Says]) -> Iterator[Finding]:
    """A PASS of something that is measured names what was measured."""
    passed = {item.code for item in check.items if item.result is Result.PASS}
    for code, field, value in (
        (CheckCode.RESIDUAL_PRESSURE, "residual_pressure_kpa", check.residual_pressure_kpa),
        (CheckCode.HOLDING_TIME, "holding_ends_at", check.holding_ends_at),
    ):
        if code in passed and says[code].applies and value is None:
            yield _finding(MEASUREMENT_MISSING, f"check.{field}", code, field=field)


def measured_faults(check: Check, trip: Trip) -> Mapping[CheckCode, tuple[Finding, ...]]:
    """What the check itself says that cannot be a PASS: other goods, other plates, too little pressure or time."""
    return {
        CheckCode.GOODS_AS_WAYBILL: (*goods_differ(check.fills, trip.waybill.goods), *_plates(check, trip)),
        CheckCode.RESIDUAL_PRESSURE: tuple(_pressure(check)),
        CheckCode.HOLDING_TIME: tuple(_holding(check, trip.arrival)),
    }


def goods_differ(fills: tuple[Fill, ...], goods: tuple[GoodsLine, ...]) -> tuple[Finding, ...]:
    """Line by line: number, UN, name, packing group where both state one, compartment."""
    return tuple(_differences(fills, goods))


def _differences(fills: tuple[Fill, ...], goods: tuple[GoodsLine, ...]) -> Iterator[Finding]:
    by_number = {fill.goods_number: fill for fill in fills}
    numbers = {line.number for line in goods}
    for line in goods:
        fill = by_number.get(line.number)
        if fill is None:
            yield _differs(line.number, ("行", "line"), line.un_number, "-")
            continue
        for what, stated, found in (
            (("联合国编号", "UN number"), line.un_number, fill.un_number),
            (("名称", "name"), line.name.strip(), fill.name.strip()),
            (("包装类别", "packing group"), line.packing_group, fill.packing_group or line.packing_group),
            (("隔仓", "compartment"), _place(line.compartment), _place(fill.compartment)),
        ):
            if stated != found and (stated or what[1] != "packing group"):
                yield _differs(line.number, what, stated, found)
    for index, fill in enumerate(fills):
        if fill.goods_number not in numbers or any(each.goods_number == fill.goods_number for each in fills[:index]):
            yield _differs(fill.goods_number, ("行", "line"), "-", fill.un_number)


def _place(compartment: int | None) -> str:
    return "-" if compartment is None else str(compartment)


def _differs(line: int, what: tuple[str, str], stated: str, found: str) -> Finding:
    values = {"line": str(line), "field": f"{what[0]} {what[1]}", "waybill": stated, "found": found}
    return _finding(GOODS_NOT_AS_WAYBILL, CheckCode.GOODS_AS_WAYBILL.value, CheckCode.GOODS_AS_WAYBILL, **values)


def _plates(check: Check, trip: Trip) -> Iterator[Finding]:
    """The plates read at the gate, where they were read, are those of the waybill's vehicles."""
    stated = {normalise_plate(vehicle.plate)[0] for _, vehicle in trip.vehicles()}
    found = {normalise_plate(plate)[0] for plate in check.plates}
    if found and found != stated:
        code = CheckCode.GOODS_AS_WAYBILL
        values = {"found": "、".join(sorted(found)), "waybill": "、".join(sorted(stated))}
        yield _finding(PLATE_NOT_AS_WAYBILL, code.value, code, **values)


def _pressure(check: Check) -> Iterator[Finding]:
    measured, code = check.residual_pressure_kpa, CheckCode.RESIDUAL_PRESSURE
    if measured is not None and measured < RESIDUAL_PRESSURE_KPA:
        values = {"measured": str(measured), "least": str(RESIDUAL_PRESSURE_KPA)}
        yield _finding(RESIDUAL_PRESSURE_LOW, code.value, code, **values)


def _holding(check: Check, arrival: datetime) -> Iterator[Finding]:
    ends, code = check.holding_ends_at, CheckCode.HOLDING_TIME
    if ends is not None and ends < arrival:
        values = {"ends": ends.isoformat(), "arrival": arrival.isoformat()}
        yield _finding(HOLDING_TIME_SHORT, code.value, code, **values)


def _finding(reason: Reason, path: str, code: CheckCode, **values: str) -> Finding:
    rule = RULE_OF[code]
    return Finding(reason=reason, path=path, rule=rule, basis=RULES[rule], values={"code": code.value, **values})
