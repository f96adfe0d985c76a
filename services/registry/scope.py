"""The scope of a licence or 道路运输证, read from its legal phrases: “危险货物运输(2类1项)”, “(8类)(剧毒化学品除外)” …

Nothing is guessed: a phrase that is not understood grants nothing, and a condition that is not understood takes away
what it stands behind; both are handed back in ``ParsedScope.unknown``. Subsidiary hazards never widen a scope and
highly toxic goods need their own mark (china.md 8.1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum


class Mark(Enum):
    """Goods a scope names apart from the classes."""

    HIGHLY_TOXIC = "HIGHLY_TOXIC"  # 剧毒化学品
    EXPLOSIVE_PRECURSOR = "EXPLOSIVE_PRECURSOR"  # 易制爆危险化学品
    HAZARDOUS_WASTE = "HAZARDOUS_WASTE"  # 危险废物
    MEDICAL_WASTE = "MEDICAL_WASTE"  # 医疗废物


NEEDS_MARK = frozenset({Mark.HIGHLY_TOXIC, Mark.HAZARDOUS_WASTE, Mark.MEDICAL_WASTE})
WASTE = frozenset({Mark.HAZARDOUS_WASTE, Mark.MEDICAL_WASTE})

# Class and division numbers of GB 6944; a phrase naming another number (the old 3类1项) is not understood.
HAZARDS = frozenset(
    {"1", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2", "2.1", "2.2", "2.3", "3", "4", "4.1", "4.2", "4.3"}
    | {"5", "5.1", "5.2", "6", "6.1", "6.2", "7", "8", "9"}
)

# Words a licence writes for, or behind, a class number. Each has one meaning only.
_WORDS = {
    "爆炸品": "1", "气体": "2", "易燃气体": "2.1", "非易燃无毒气体": "2.2", "不燃气体": "2.2", "毒性气体": "2.3",
    "有毒气体": "2.3", "易燃液体": "3", "易燃固体": "4.1", "易于自燃的物质": "4.2", "自燃物品": "4.2",
    "遇水放出易燃气体的物质": "4.3", "遇湿易燃物品": "4.3", "氧化性物质": "5.1", "氧化剂": "5.1", "有机过氧化物": "5.2",
    "毒性物质": "6.1", "毒害品": "6.1", "感染性物质": "6.2", "感染性物品": "6.2", "放射性物质": "7", "放射性物品": "7",
    "腐蚀性物质": "8", "腐蚀品": "8", "杂项危险物质和物品": "9", "杂类": "9",
}  # fmt: skip

_MARKS = {
    "剧毒化学品": Mark.HIGHLY_TOXIC, "剧毒": Mark.HIGHLY_TOXIC, "剧毒品": Mark.HIGHLY_TOXIC,
    "易制爆危险化学品": Mark.EXPLOSIVE_PRECURSOR, "易制爆": Mark.EXPLOSIVE_PRECURSOR,
    "危险废物": Mark.HAZARDOUS_WASTE, "医疗废物": Mark.MEDICAL_WASTE,
}  # fmt: skip

_PREFIX = re.compile(r"^(?:经营性|非经营性)?(?:道路)?危险货物运输[::]?")
_DIVISIONS = re.compile(r"(\d)类((?:\d项?[、,])*\d项)")
_NUMBER = re.compile(r"^第?(\d(?:\.\d)?)(?:类|项)?(.*)$")
_EXCEPT = re.compile(r"^(?:除(?P<a>.+)外|不含(?P<b>.+)|(?P<c>.+)除外)$")
_ONLY = re.compile(r"^(?:仅限|限)(?:于)?(.+)$")
_SEPARATOR = "、,;"
# Brackets and semicolons, each written one way.
_ONE_WAY = str.maketrans("[]〔〕【】；", "()()();")


@dataclass(frozen=True, slots=True)
class Grant:
    """One class or division ("2", "2.1"; "" for waste of any class), what it includes by name and what it leaves out.

    A non-empty ``only`` holds the UN numbers and names the grant is limited to.
    """

    hazard: str
    marks: frozenset[Mark] = frozenset()
    excluded: frozenset[Mark] = frozenset()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def covers(self, hazard: str, names: frozenset[str], flags: frozenset[Mark]) -> bool:
        return (
            self._includes(hazard, flags)
            and not flags & self.excluded
            and flags & NEEDS_MARK <= self.marks
            and (not self.only or bool(names & self.only))
            and not names & self.without
        )

    def _includes(self, hazard: str, flags: frozenset[Mark]) -> bool:
        if not self.hazard:
            return bool(flags & WASTE)
        return hazard == self.hazard or hazard.startswith(f"{self.hazard}.")


@dataclass(frozen=True, slots=True)
class Scope:
    grants: frozenset[Grant] = frozenset()

    def covers(self, hazard: str, un_number: str = "", names: Iterable[str] = (), flags: Iterable[Mark] = ()) -> bool:
        """Whether goods of this class or division ("3", "2.1"; a compatibility letter is left off) may be carried.

        ``names`` are the proper shipping name and the words a scope may use for the goods (烟花爆竹).
        """
        division = hazard.strip().rstrip("ABCDEFGHJKLNS") if hazard.startswith("1.") else hazard.strip()
        wanted = frozenset((*names, f"UN{un_number}")) if un_number else frozenset(names)
        marks = frozenset(flags)
        return any(grant.covers(division, wanted, marks) for grant in self.grants)


@dataclass(frozen=True, slots=True)
class ParsedScope:
    scope: Scope
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What a list of phrases has granted so far, and marks that stand for the whole list."""

    grants: list[Grant] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


def parse_scope(text: str) -> ParsedScope:
    """Read a scope text; full-width forms and spaces do not matter. An empty text grants nothing."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).translate(_ONE_WAY)
    plain = _DIVISIONS.sub(_spell_divisions, plain)
    reading = _read_list(plain)
    if plain and not reading.grants and not reading.unknown:
        reading.unknown.append(text)
    return ParsedScope(Scope(frozenset(reading.grants)), tuple(reading.unknown))


def _spell_divisions(match: re.Match[str]) -> str:
    """``2类1、2项`` is written out as ``2.1项、2.2项``."""
    return "、".join(f"{match[1]}.{digit}项" for digit in re.findall(r"\d", match[2]))


def _read_list(text: str) -> _Reading:
    """Elements between separators; a mark standing alone (…、剧毒化学品) goes to every grant of its list."""
    whole = _Reading()
    for element in _split(text):
        part = _read_element(element)
        whole.grants += part.grants
        whole.marks |= part.marks
        whole.unknown += part.unknown
    whole.grants = [_marked(grant, whole.marks - WASTE) for grant in whole.grants]
    if whole.marks & WASTE:
        whole.grants.append(Grant("", frozenset(whole.marks & WASTE)))
    whole.marks -= WASTE
    return whole


def _marked(grant: Grant, marks: Iterable[Mark]) -> Grant:
    return replace(grant, marks=(grant.marks | frozenset(marks)) - grant.excluded)


def _split(text: str) -> list[str]:
    """Cut at separators outside brackets."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter in _SEPARATOR and depth <= 0:
            parts.append(text[start:index])
            start = index + 1
    return [part for part in (*parts, text[start:]) if part]


def _read_element(element: str) -> _Reading:
    """A phrase or bracket and the brackets behind it: conditions on it, or more phrases."""
    reading = _Reading()
    pieces = _pieces(_PREFIX.sub("", element))
    if pieces is None:
        reading.unknown.append(element)
        return reading
    for bracketed, piece in pieces:
        if not (reading.grants and _apply_condition(reading, piece)):
            part = _read_list(piece) if bracketed else _read_phrase(piece)
            if part.unknown and reading.grants:
                reading.grants = []  # an unknown condition may narrow what stands before it
            reading.grants += part.grants
            reading.marks |= part.marks
            reading.unknown += part.unknown
    return reading


def _pieces(element: str) -> list[tuple[bool, str]] | None:
    """The element as (is bracketed, text) pieces; ``None`` when the brackets do not match."""
    pieces, depth, start = [], 0, 0
    for index, letter in enumerate(element):
        if letter == "(":
            if depth == 0 and index > start:
                pieces.append((False, element[start:index]))
            start = index + 1 if depth == 0 else start
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                return None
            if depth == 0:
                pieces.append((True, element[start:index]))
                start = index + 1
    if depth:
        return None
    if start < len(element):
        pieces.append((False, element[start:]))
    return [(bracketed, piece) for bracketed, piece in pieces if piece]


def _apply_condition(reading: _Reading, text: str) -> bool:
    """Narrow (or mark) the grants read so far; false when ``text`` is not a condition."""
    if text in _MARKS:
        reading.grants = [_marked(grant, (_MARKS[text],)) for grant in reading.grants]
        return True
    if only := _ONLY.match(text):
        reading.grants = [replace(grant, only=frozenset(_names(only[1]))) for grant in reading.grants]
        return True
    left_out = _EXCEPT.match(text)
    if left_out is None:
        return False
    marks, names = _left_out(left_out["a"] or left_out["b"] or left_out["c"])
    if names is None:
        return False
    reading.grants = [
        replace(grant, marks=grant.marks - marks, excluded=grant.excluded | marks, without=grant.without | names)
        for grant in reading.grants
    ]
    return True


def _left_out(text: str) -> tuple[frozenset[Mark], frozenset[str] | None]:
    """Marks and UN numbers an exception names; ``None`` where it names something else, since names have synonyms."""
    words = _names(text)
    numbers = frozenset(word for word in words if re.fullmatch(r"UN\d{4}", word))
    marks = frozenset(_MARKS[word] for word in words if word in _MARKS)
    return marks, numbers if len(numbers) + sum(word in _MARKS for word in words) == len(words) else None


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[、,;/和及]", text) if name]


def _read_phrase(phrase: str) -> _Reading:
    """One phrase: a mark, a class word, or a number with the word or ``/1.4项`` refining it."""
    if phrase in _MARKS:
        return _Reading(marks={_MARKS[phrase]})
    hazard = _WORDS.get(phrase) or _numbered(phrase)
    return _Reading(unknown=[phrase]) if hazard is None else _Reading(grants=[Grant(hazard)])


def _numbered(phrase: str) -> str | None:
    """``第1类爆炸品/1.4项`` → "1.4": every part must name the same class, the narrowest counts."""
    found = ""
    for part in phrase.split("/"):
        match = _NUMBER.match(part)
        if match is None or match[1] not in HAZARDS or (word := match[2]) not in ("", *_WORDS):
            return None
        for hazard in (match[1], _WORDS.get(word, match[1])):
            if not (hazard.startswith(found) or found.startswith(hazard)):
                return None
            found = max(found, hazard, key=len)
    return found
