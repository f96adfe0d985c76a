"""Whole official lists into one catalogue: merged by UN number, packing group and variant, never by guessing.

The ADR list gives the rows and every transport code; GB 12268 gives the names and is compared; 49 CFR is compared.
Where lists disagree the row keeps the ADR value, is marked as disputed, and the report says what each list states.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from services.goods.catalogue import Catalogue, Source
from services.goods.lists import Fault, ListRow, OfficialList
from services.goods.model import Carriage, GoodsRow
from services.goods.readers import read_adr, read_us, read_zh

MISSING = "(absent)"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One column of one UN number (and packing group, where it is about one) and what each list states of it."""

    un_number: str
    packing_group: str
    column: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        group = f" {self.packing_group}" if self.packing_group else ""
        stated = ", ".join(f"{name}: {value or MISSING}" for name, value in self.values.items())
        return f"UN {self.un_number}{group} {self.column}: {stated}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What the import found: disagreements between the lists, and notes on what could not be read, by list."""

    rows: int
    disagreements: tuple[Disagreement, ...]
    notes: tuple[tuple[str, Fault], ...]

    def by_column(self) -> Mapping[str, int]:
        return dict(Counter(found.column for found in self.disagreements).most_common())


def import_lists(
    adr: bytes, zh: bytes | None = None, us: bytes | None = None, *, edition: str = "", effective_from: str = ""
) -> tuple[Catalogue, ImportReport]:
    """Merge the lists given as the bytes of their files. Raises ``ListUnreadable`` with every fault of the first bad file."""
    read: tuple[tuple[str, bytes | None, Callable[[bytes], OfficialList]], ...] = (
        ("adr", adr, read_adr), ("zh", zh, read_zh), ("us", us, read_us),
    )  # fmt: skip
    lists = {name: reader(data) for name, data, reader in read if data is not None}
    sources = tuple(
        Source(name, lists[name].edition, hashlib.sha256(data).hexdigest(), verified=False)
        for name, data, _ in read
        if data is not None
    )
    disagreements = tuple(_compare(lists))
    ambiguous: list[Disagreement] = []
    rows = list(_merge(lists, _disputed(disagreements), ambiguous))
    catalogue = Catalogue(rows, edition=edition or " + ".join(lists), effective_from=effective_from, sources=sources)
    found = sorted((*disagreements, *ambiguous), key=lambda one: (one.un_number, one.packing_group, one.column))
    notes = tuple((name, note) for name, official in lists.items() for note in official.notes)
    return catalogue, ImportReport(len(catalogue), tuple(found), notes)


_Key = tuple[str, str]
# What the second and third list state beside the ADR list, column by column.
_COMPARED: tuple[tuple[str, Callable[[ListRow], str | None]], ...] = (
    ("class", lambda row: row.division or None),
    ("classification_code", lambda row: row.classification_code if row.goods_class == "1" else None),
    ("subsidiary", lambda row: None if row.subsidiary is None else "+".join(sorted(row.subsidiary)) or "-"),
    ("limited_quantity", lambda row: _comparable(row.limited_quantity)),
    ("excepted_quantity", lambda row: _comparable(row.excepted_quantity)),
)


def _comparable(quantity: str) -> str | None:
    """A quantity that is a figure or E code; what refers to a special provision compares with nothing."""
    return quantity if quantity[:1].isdigit() or quantity[:1] == "E" else None


def _compare(lists: Mapping[str, OfficialList]) -> Iterator[Disagreement]:
    base = _by_un(lists["adr"])
    for name, official in lists.items():
        if name == "adr":
            continue
        other = _by_un(official)
        for un_number in sorted(base.keys() | other.keys()):
            yield from _compare_un(un_number, name, base.get(un_number, []), other.get(un_number, []))


def _compare_un(un_number: str, name: str, ours: list[ListRow], theirs: list[ListRow]) -> Iterator[Disagreement]:
    if not ours or not theirs:
        stated = {"adr": "listed" if ours else MISSING, name: "listed" if theirs else MISSING}
        yield Disagreement(un_number, "", "un_number", stated)
        return
    carriage = {row.carriage for row in ours}
    if Carriage.PERMITTED not in carriage:  # then the ADR list states nothing else that could be compared
        stated = {"adr": _joined(one.value for one in carriage), name: "listed"}
        yield Disagreement(un_number, "", "carriage", stated)
        return
    groups, their_groups = ({row.packing_group for row in rows} for rows in (ours, theirs))
    if groups != their_groups:
        yield Disagreement(un_number, "", "packing_group", {"adr": _joined(groups), name: _joined(their_groups)})
    for group in sorted(groups & their_groups):
        mine = [row for row in ours if row.packing_group == group]
        other = [row for row in theirs if row.packing_group == group]
        for column, value in _COMPARED:
            yield from _compare_column(un_number, group, column, name, _values(mine, value), _values(other, value))


def _values(rows: Iterable[ListRow], value: Callable[[ListRow], str | None]) -> set[str]:
    return {stated for row in rows if (stated := value(row)) is not None and stated != ""}


def _compare_column(
    un_number: str, group: str, column: str, name: str, ours: set[str], theirs: set[str]
) -> Iterator[Disagreement]:
    """A list with one coarse row for several of ours agrees when its value is among ours; "2" covers "2.1"."""
    if not ours or not theirs or theirs <= ours:
        return
    if column == "class" and all(any(own.startswith(value) for own in ours) for value in theirs):
        return
    yield Disagreement(un_number, group, column, {"adr": _joined(ours), name: _joined(theirs)})


def _joined(values: Iterable[str]) -> str:
    return " | ".join(value or "-" for value in sorted(values))


def _disputed(disagreements: Iterable[Disagreement]) -> Mapping[_Key, tuple[str, ...]]:
    found: dict[_Key, list[str]] = defaultdict(list)
    for one in disagreements:
        if one.column == "un_number":  # a list that lacks a number contradicts nothing
            continue
        if one.column not in found[one.un_number, one.packing_group]:
            found[one.un_number, one.packing_group].append(one.column)
    return {key: tuple(columns) for key, columns in found.items()}


def _merge(
    lists: Mapping[str, OfficialList], disputed: Mapping[_Key, tuple[str, ...]], ambiguous: list[Disagreement]
) -> Iterator[GoodsRow]:
    base, zh, us = (_by_un(lists[name]) if name in lists else {} for name in ("adr", "zh", "us"))
    for un_number in sorted(base.keys() | zh.keys()):
        # A number only GB 12268 has keeps its empty transport codes: nobody has stated them.
        rows = base.get(un_number) or zh[un_number]
        names, english = zh.get(un_number, []), us.get(un_number, [])
        for row, variants in _merged_variants(rows):
            named = _named(row, names, english, ambiguous)
            yield _goods_row(row, variants, named, disputed)


def _merged_variants(rows: Iterable[ListRow]) -> Iterator[tuple[ListRow, tuple[str, ...]]]:
    """Rows that state the same of everything but the name become one, with the variants they were."""
    merged: dict[tuple[object, ...], tuple[ListRow, list[str]]] = {}
    for row in rows:
        _, variants = merged.setdefault(_facts(row), (row, []))
        if row.variant and row.variant not in variants:
            variants.append(row.variant)
    for row, variants in merged.values():
        yield row, tuple(variants)


def _facts(row: ListRow) -> tuple[object, ...]:
    return (
        row.packing_group, row.division, row.classification_code, row.labels_in_order, row.tunnel_code,
        row.transport_category, row.hazard_identification_number, row.tank_code, row.limited_quantity,
        row.excepted_quantity, row.carriage,
    )  # fmt: skip


def _named(row: ListRow, zh: list[ListRow], us: list[ListRow], ambiguous: list[Disagreement]) -> tuple[str, str]:
    """The Chinese and the English name of a row; where several fit, all of them, and the report says so."""
    fitting = _fitting(row, zh)
    chinese = _distinct(one.name_zh for one in fitting)
    english = _distinct(one.name_en for one in fitting) or _distinct(one.name_en for one in _fitting(row, us))
    if len(chinese) > 1:
        ambiguous.append(Disagreement(row.un_number, row.packing_group, "name", {"zh": " / ".join(chinese)}))
    return " / ".join(chinese), " / ".join(english)


def _fitting(row: ListRow, named: list[ListRow]) -> list[ListRow]:
    tests: tuple[Callable[[ListRow], bool], ...] = (
        lambda one: one.packing_group == row.packing_group,
        lambda one: one.subsidiary == row.subsidiary,
        lambda one: one.limited_quantity == row.limited_quantity,
    )
    for test in tests:
        named = [one for one in named if test(one)] or named
    return named


def _distinct(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name]


def _goods_row(
    row: ListRow, variants: tuple[str, ...], names: tuple[str, str], disputed: Mapping[_Key, tuple[str, ...]]
) -> GoodsRow:
    columns = dict.fromkeys(
        chain(disputed.get((row.un_number, ""), ()), disputed.get((row.un_number, row.packing_group), ()))
    )
    return GoodsRow(
        un_number=row.un_number,
        name_zh=names[0],
        name_en=names[1],
        goods_class=row.goods_class,
        division=row.division,
        classification_code=row.classification_code,
        subsidiary="+".join(row.labels_in_order),
        packing_group=row.packing_group,
        tunnel_code=row.tunnel_code,
        transport_category=row.transport_category,
        hazard_identification_number=row.hazard_identification_number,
        tank_code=row.tank_code,
        limited_quantity=row.limited_quantity,
        excepted_quantity=row.excepted_quantity,
        variant=" | ".join(variants),
        carriage=row.carriage,
        disputed=tuple(columns),
    )


def _by_un(official: OfficialList) -> dict[str, list[ListRow]]:
    by_un: dict[str, list[ListRow]] = defaultdict(list)
    for row in official.rows:
        by_un[row.un_number].append(row)
    return dict(by_un)
