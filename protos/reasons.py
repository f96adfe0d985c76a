"""Keep ``enum Reason`` of refusal.proto equal to the catalogue of reasons, append-only: a number never changes its meaning.

A new reason takes the next number; one that left the catalogue becomes ``reserved``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

PROTO = Path(__file__).parent / "hazway/refusal/v1/refusal.proto"
PREFIX = "REASON_"
_BLOCK = re.compile(r"(?<=^enum Reason \{\n).*?(?=^\}$)", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"^\s*(\w+) = (\d+);", re.MULTILINE)
_RESERVED = re.compile(r"^\s*reserved (\d+); // (\w+)$", re.MULTILINE)


def with_reasons(proto: str, names: Iterable[str]) -> str:
    """The proto's text with exactly ``names`` (without prefix) in the enum; numbers already given stay as they are."""
    block = _BLOCK.search(proto)
    if block is None:
        raise ValueError("no `enum Reason` block found")
    numbers = {name: int(number) for name, number in _VALUE.findall(block[0])}
    given_up = {name: int(number) for number, name in _RESERVED.findall(block[0])}
    known = numbers | given_up
    wanted = {PREFIX + name for name in names} | {PREFIX + "UNSPECIFIED"}
    for name in sorted(wanted - known.keys()):
        known[name] = max(known.values(), default=-1) + 1
    lines = (
        f"  {name} = {number};\n" if name in wanted else f'  reserved {number}; // {name}\n  reserved "{name}";\n'
        for name, number in sorted(known.items(), key=lambda item: item[1])
    )
    return proto[: block.start()] + "".join(lines) + proto[block.end() :]


def proto_of_catalogue() -> str:
    """refusal.proto as the present catalogue wants it."""
    sys.path.insert(0, str(PROTO.parents[4]))
    from services.errors import catalogue

    return with_reasons(PROTO.read_text(encoding="utf-8"), catalogue())


if __name__ == "__main__":
    text = proto_of_catalogue()
    if text != PROTO.read_text(encoding="utf-8"):
        PROTO.write_text(text, encoding="utf-8")
