"""Which lines of which consignment lists a waybill's goods are carried for, and whether that much remains. Pure.

A line of goods may name its list, or its list and line; what it leaves open is taken from the lists in the order in which
the waybill names them. The lines that leave less open choose first, so whenever there is a way to carry everything, one
is found: of two lines that may take from the same place, one's places are always among the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.errors import Finding, Reason, Severity
from services.errors.common import FIELD_INVALID, FIELD_MISSING
from services.errors.waybill.consignment import (
    CONSIGNMENT_GOODS_DIFFER,
    CONSIGNMENT_LIST_NOT_NAMED,
    CONSIGNMENT_LIST_UNKNOWN,
    CONSIGNMENT_LIST_UNUSED,
    CONSIGNMENT_NOT_ACCEPTED,
    CONSIGNMENT_PARTY_DIFFERS,
    ORDER_EXCEEDED,
)
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.consignment.model import ConsignmentLine, ConsignmentList, Draw, ListState
from services.waybill.model import GoodsLine, Party, Place, Waybill, WaybillKind

RULE = "CL-05"
MOST_LISTS = 20
DRAWN_ON = frozenset({ListState.ACCEPTED, ListState.PART_ALLOTTED, ListState.ALLOTTED})

_COMPARED = {
    "consignor": ("托运人", Severity.ERROR),
    "loader": ("装货人", Severity.ERROR),
    "consignee": ("收货人", Severity.ERROR),
    "origin": ("起运地", Severity.WARNING),
    "destination": ("目的地", Severity.WARNING),
}
Places = Sequence[tuple[ConsignmentList, ConsignmentLine]]


@dataclass(frozen=True, slots=True)
class Allotment:
    """``draws`` hold only while there is no error among ``findings``."""

    draws: tuple[Draw, ...] = ()
    findings: tuple[Finding, ...] = ()


def allot(waybill: Waybill, lists: Mapping[str, ConsignmentList], at: datetime) -> Allotment:
    """Judge a waybill against the lists it names (by id, as far as they are there), and share its goods out.

    Only a normal trip draws: what a return, a diversion or a rescue carries was drawn by the waybill it follows.
    """
    named = dict.fromkeys(waybill.consignment_list_ids)
    if len(named) > MOST_LISTS:
        path = "waybill.consignment_list_ids"
        return Allotment(
            (), (_finding(FIELD_INVALID, path, at, field=path, problem=f"more than {MOST_LISTS} lists 过多"),)
        )
    known = [lists[each] for each in named if each in lists and _is_carriers(lists[each], waybill)]
    findings = [*_unknown(waybill, known, at)]
    if waybill.kind is not WaybillKind.NORMAL or not named:
        return Allotment((), tuple(findings))
    findings += _differing(waybill, known, at)
    left = {(each.id, line.number): line.remaining_g for each in known for line in each.lines}
    draws: list[Draw] = []
    places = [(index, line, _places(line, known)) for index, line in enumerate(waybill.goods)]
    for index, line, open_to in sorted(places, key=lambda each: len(each[2])):
        if not open_to:
            findings.append(_goods_differ(index, line, known, at))
            continue
        fitting = sum(left[each.id, place.number] for each, place in open_to)
        if line.mass_g > fitting:
            findings.append(_exceeded(index, line, fitting, at))
            continue
        draws += _taken(line, open_to, left)
    unused = set(named) - {draw.list_id for draw in draws}
    if not findings:
        findings += [
            _finding(CONSIGNMENT_LIST_UNUSED, f"waybill.consignment_list_ids[{index}]", at, Severity.WARNING, id=each)
            for index, each in enumerate(waybill.consignment_list_ids)
            if each in unused
        ]
    return Allotment(tuple(draws), tuple(findings))


def _taken(line: GoodsLine, places: Places, left: dict[tuple[str, int], int]) -> Iterator[Draw]:
    wanted = line.mass_g
    for each, place in places:
        mass_g = min(wanted, left[each.id, place.number])
        if mass_g > 0:
            left[each.id, place.number] -= mass_g
            wanted -= mass_g
            yield Draw(list_id=each.id, line_number=place.number, goods_number=line.number, mass_g=mass_g)


def _places(line: GoodsLine, lists: Sequence[ConsignmentList]) -> Places:
    """Every line of the lists that a line of goods may be carried for."""
    return [
        (each, place)
        for each in lists
        if line.consignment_list_id in ("", each.id)
        for place in each.lines
        if line.consignment_line in (0, place.number) and not _difference(line, place)
    ]


def _difference(line: GoodsLine, place: ConsignmentLine) -> str:
    """Which field says that these are other goods, empty where none does."""
    same = ("un_number", "name", "packing_group", "exemption", "waste")
    return next((name for name in same if getattr(line, name) != getattr(place, name)), "")


def _is_carriers(each: ConsignmentList, waybill: Waybill) -> bool:
    """What was sent to another carrier looks the same as nothing."""
    return each.carrier.organisation_id == (waybill.carrier.organisation_id if waybill.carrier else "")


def _unknown(waybill: Waybill, known: Sequence[ConsignmentList], at: datetime) -> Iterator[Finding]:
    ids = {each.id for each in known}
    for index, each in enumerate(waybill.consignment_list_ids):
        if each not in ids:
            yield _finding(CONSIGNMENT_LIST_UNKNOWN, f"waybill.consignment_list_ids[{index}]", at, id=each)
    for index, line in enumerate(waybill.goods):
        path = f"waybill.goods[{index}].consignment_list_id"
        if line.consignment_list_id and line.consignment_list_id not in waybill.consignment_list_ids:
            yield _finding(CONSIGNMENT_LIST_NOT_NAMED, path, at, line=line.number, id=line.consignment_list_id)
        if line.consignment_line and not line.consignment_list_id:
            yield _finding(FIELD_MISSING, path, at, field=path)


def _differing(waybill: Waybill, known: Sequence[ConsignmentList], at: datetime) -> Iterator[Finding]:
    """State and parties of each list; where it goes is a warning, for a round has many stops."""
    for each in known:
        path = f"waybill.consignment_list_ids[{waybill.consignment_list_ids.index(each.id)}]"
        if each.state not in DRAWN_ON:
            yield _finding(CONSIGNMENT_NOT_ACCEPTED, path, at, id=each.id, state=each.state.value)
        for name, (zh, severity) in _COMPARED.items():
            asked: Party | Place = getattr(each, name)
            if not any(_same(one, asked) for one in _stated(waybill, name)):
                yield _finding(
                    CONSIGNMENT_PARTY_DIFFERS,
                    path,
                    at,
                    severity,
                    id=each.id,
                    party=zh,
                    party_en=name,
                    listed=asked.name,
                )


def _stated(waybill: Waybill, name: str) -> Iterator[Party | Place]:
    """What the waybill says of it: of a round, where and to whom each stop is."""
    at_stop = {"consignee": "consignee", "destination": "place"}.get(name)
    if at_stop and waybill.stops:
        yield from (getattr(stop, at_stop) for stop in waybill.stops)
    elif (value := getattr(waybill, name)) is not None:
        yield value


def _same(one: Party | Place, other: Party | Place) -> bool:
    """By the entry in the registry where both name one, else by name."""
    ids = [each.organisation_id if isinstance(each, Party) else each.site_id for each in (one, other)]
    return ids[0] == ids[1] if all(ids) else one.name == other.name


def _goods_differ(index: int, line: GoodsLine, known: Sequence[ConsignmentList], at: datetime) -> Finding:
    """Against the line that was meant, else one of the same UN number, so that it can be told what differs."""
    path = f"waybill.goods[{index}]"
    lines = [place for each in known if line.consignment_list_id in ("", each.id) for place in each.lines]
    meant = [place for place in lines if line.consignment_line in (0, place.number)]
    near = next((place for place in meant if place.un_number == line.un_number), meant[0] if len(meant) == 1 else None)
    name = _difference(line, near) if near else "un_number"
    listed = _text(near, name) if near else "-"
    return _finding(
        CONSIGNMENT_GOODS_DIFFER, f"{path}.{name}", at, line=line.number, field=name, stated=_text(line, name), listed=listed
    )  # fmt: skip


def _text(line: GoodsLine | ConsignmentLine, name: str) -> str:
    value = getattr(line, name)
    return str(getattr(value, "value", value)) or "-"


def _exceeded(index: int, line: GoodsLine, left_g: int, at: datetime) -> Finding:
    path = f"waybill.goods[{index}].mass_g"
    return _finding(ORDER_EXCEEDED, path, at, line=line.number, left=left_g, mass=line.mass_g)


def _finding(reason: Reason, path: str, at: datetime, severity: Severity = Severity.ERROR, **values: object) -> Finding:
    told = {name: str(value) for name, value in values.items()}
    basis = basis_on(RULE, legal_day(at))
    return Finding(reason=reason, path=path, severity=severity, rule=RULE, basis=basis, values=told)
