"""Fields of the provincial interface's objects, read one by one: what a field holds, or a fault by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from services.errors import Finding
from services.errors.common import invalid
from services.waybill.provincial.model import COLOURS, TIME_FORMAT, ZONE, Member, Plate

MOST_ITEMS = 100
_MOST_LETTERS = 500
_MOST_GRAMS = 10**12
_MOST_DIGITS = 24
_T = TypeVar("_T")


@dataclass(slots=True)
class Reader:
    """One object of the JSON and its path; ``findings`` is shared with the objects below."""

    value: Any
    path: str
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            self.fault("", "an object is expected 应为对象")
            self.value = {}

    def fault(self, name: str, problem: str) -> None:
        path = ".".join(filter(None, (self.path, name))) or "json"
        self.findings.append(invalid(path, problem))

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            value = str(value)
        if value is not None and not (isinstance(value, str) and len(value) <= _MOST_LETTERS and _is_plain(value)):
            self.fault(name, "not a text 应为文本")
            return ""
        if required and not value:
            self.fault(name, "is needed 必填")
        return value or ""

    def one_of(self, name: str, allowed: range, default: int) -> int:
        value = self.value.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.fault(name, f"none of {allowed.start} to {allowed.stop - 1} 取值无效")
            return default
        return value

    def millionths(self, name: str) -> int | None:
        """Grams of tonnes, millilitres of cubic metres; six decimals at most."""
        value = self.value.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > _MOST_DIGITS:
                raise InvalidOperation
            exact = Decimal(str(value)) * 1_000_000
            if not exact.is_finite() or not 0 <= exact <= _MOST_GRAMS or exact != int(exact):
                raise InvalidOperation
        except (ArithmeticError, ValueError):
            self.fault(name, "not a number of at most six decimals from 0 应为非负数，至多六位小数")
            return None
        return int(exact)

    def time(self, name: str) -> datetime | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=ZONE)
        except ValueError:
            self.fault(name, "not a time such as 2026-11-02 08:00:00 时间格式不符")
            return None

    def plate(self, name: str) -> Plate | None:
        text, word = self.text(name), self.text(f"{name}Color")
        if not text:
            return None
        ending = next(
            (each for each in sorted(COLOURS.values(), key=len, reverse=True) if text.endswith(f"-{each}")), ""
        )
        colour = next((each for each, said in COLOURS.items() if said == (word.removesuffix("色") or ending)), None)
        if colour is None:
            self.fault(f"{name}Color", f"none of {'、'.join(COLOURS.values())} 颜色无效")
            return None
        return Plate(text=text.removesuffix(f"-{ending}") if ending else text, colour=colour)

    def member(self, role: str) -> Member | None:
        name, certificate, phone = (self.text(f"{role}{each}") for each in ("Name", "CertificateNo", "ContactNo"))
        return Member(name=name, certificate=certificate, phone=phone) if name or certificate or phone else None

    def many(self, name: str, read_one: Callable[[Reader], _T]) -> tuple[_T, ...]:
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            self.fault(name, f"not a list of at most {MOST_ITEMS} 应为数组，至多{MOST_ITEMS}项")
            return ()
        below = ".".join(filter(None, (self.path, name)))
        return tuple(read_one(Reader(each, f"{below}[{index}]", self.findings)) for index, each in enumerate(value))


def _is_plain(text: str) -> bool:
    """Without control characters and halves of surrogate pairs, which no other system should see from us."""
    return not any(ord(letter) < 32 or ord(letter) == 127 or 0xD800 <= ord(letter) < 0xE000 for letter in text)
