"""The three official lists as they are published, each read into the common form.

A value a list states in words ("see special provision 251") or garbled is kept apart and compares with nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.goods.lists import (
    DIVISION,
    BadRow,
    Fault,
    ListRow,
    ListUnreadable,
    OfficialList,
    csv_rows,
    division_of,
    json_of,
    packing_group_of,
    refuse_faults,
    un_number_of,
)
from services.goods.model import Carriage
from services.goods.tanks import TankCodeUnreadable, parse_tank_code
from services.goods.tunnels import CODES


def read_adr(data: bytes) -> OfficialList:
    """The ADR table as BAM publishes it (CSV, columns ``S_UNNR`` …). Raises ``ListUnreadable``."""
    needed = (
        "S_UNNR", "S_NAME", "S_SPEZIFIKATION", "S_KLASSE", "S_KLASSIFIZIERUNGSCODE", "S_VP_GRUPPE", "S_KENN1", "S_KENN2",
        "S_KENN3", "S_KENN4", "S_BEGRENZTE_MENGEN", "S_FREIGEST_MENGEN", "S_TANK_CODE1", "S_TANK_CODE2",
        "S_BEFOERDERUNGSKATEGORIE", "S_TUNNEL_CODE", "S_GEFAHRNR", "N_VERBOT",
    )  # fmt: skip
    return OfficialList(csv_rows("adr", data, needed, _adr_row))


def read_zh(data: bytes) -> OfficialList:
    """The list of GB 12268 (CSV, columns ``un_number``, ``name_zh`` …). Raises ``ListUnreadable``."""
    needed = (
        "un_number", "name_zh", "name_en", "class_or_division", "subsidiary_hazard", "packing_group",
        "limited_quantities", "excepted_quantities",
    )  # fmt: skip
    rows = csv_rows("zh", data, needed, _zh_row)
    notes = tuple(Fault(row.row, "subsidiary hazard not readable") for row in rows if row.subsidiary is None)
    return OfficialList(rows, "", notes)


def read_us(data: bytes) -> OfficialList:
    """49 CFR 172.101 (JSON, ``rows`` of ``idNumber`` …). Entries without a UN number or only domestic are left out."""
    document = json_of("us", data)
    stated = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(stated, list):
        raise ListUnreadable("us", [Fault(0, "an object with a list named rows is expected")])
    rows, faults, left_out = [], [], 0
    for number, entry in enumerate(stated, 1):
        try:
            row = _us_row(number, entry)
        except BadRow as error:
            faults.append(Fault(number, str(error)))
            continue
        if row is None:
            left_out += 1
        else:
            rows.append(row)
    refuse_faults("us", faults)
    notes = (Fault(0, f"{left_out} entries without a UN number, or for domestic carriage only, were left out"),)
    return OfficialList(tuple(rows), str(document.get("source", "")), notes if left_out else ())


def _adr_row(number: int, entry: Mapping[str, str]) -> ListRow:
    goods_class = division_of(entry["S_KLASSE"].removesuffix(".0"))
    code = entry["S_KLASSIFIZIERUNGSCODE"]
    labels = [_label(entry[column]) for column in ("S_KENN1", "S_KENN2", "S_KENN3", "S_KENN4")]
    further = tuple(label for label in labels[1:] if label)
    return ListRow(
        row=number,
        un_number=un_number_of(entry["S_UNNR"]),
        packing_group=packing_group_of(entry["S_VP_GRUPPE"]),
        goods_class=goods_class,
        division=_adr_division(goods_class, code, labels[0]),
        classification_code=code,
        subsidiary=frozenset(further),
        labels_in_order=further,
        variant=entry["S_SPEZIFIKATION"],
        tunnel_code=_tunnel_code(entry["S_TUNNEL_CODE"]),
        transport_category=_one_of(
            "transport category", entry["S_BEFOERDERUNGSKATEGORIE"], "0", "1", "2", "3", "4", "-"
        ),
        hazard_identification_number=_hazard_number(entry["S_GEFAHRNR"]),
        tank_code="; ".join(_tank_code(entry[column]) for column in ("S_TANK_CODE1", "S_TANK_CODE2") if entry[column]),
        limited_quantity=_quantity(entry["S_BEGRENZTE_MENGEN"]),
        excepted_quantity=_quantity(entry["S_FREIGEST_MENGEN"]),
        carriage=_carriage(entry["N_VERBOT"]),
    )


def _carriage(text: str) -> Carriage:
    if text not in _CARRIAGE:
        raise BadRow(f"N_VERBOT {text!r} is none of {', '.join(_CARRIAGE)}")
    return _CARRIAGE[text]


_CARRIAGE = {"0": Carriage.PROHIBITED, "1": Carriage.PERMITTED, "2": Carriage.NOT_SUBJECT}


def _adr_division(goods_class: str, code: str, label: str) -> str:
    if goods_class == "1":
        return code[:3] if re.match(r"1\.[1-6]", code) else "1"
    return label if goods_class == "2" and label.startswith("2.") else goods_class


def _label(text: str) -> str:
    """A danger label; conditional ones ``(8)`` count; the fissile label and words are no subsidiary hazard."""
    bare = text.strip("()").removesuffix(".0")
    return bare if re.fullmatch(r"1|[2-9](\.[1-6])?", bare) else ""


def _tunnel_code(text: str) -> str:
    code = text.removeprefix("(").removesuffix(")")
    if code and code not in CODES:
        raise BadRow(f"tunnel code {text!r} is none of the twelve")
    return code


def _hazard_number(text: str) -> str:
    if text and not re.fullmatch(r"X?[1-9][0-9]{1,2}|1\.5D", text):
        raise BadRow(f"hazard identification number {text!r} is none")
    return text


def _tank_code(text: str) -> str:
    code = text.replace(",", ".")
    try:
        parse_tank_code(code)
    except TankCodeUnreadable as error:
        raise BadRow(str(error)) from None
    return code


def _one_of(what: str, text: str, *known: str) -> str:
    if text and text not in known:
        raise BadRow(f"{what} {text!r} is none of {', '.join(known)}")
    return text


_EITHER = re.compile(r"(\d+) (\w+) or (\w+)")
_REFERENCE = re.compile(r"(?:siehe SV|见特殊规定) ?(\d+)")


def _quantity(text: str) -> str:
    """One spelling for what the lists write in three languages: ``1 L oder kg`` → ``1 L or 1 kg``, ``SV 251``."""
    words = " ".join(text.replace("mL", "ml").split()).replace(" oder ", " or ").replace(" 或 ", " or ")
    reference = _REFERENCE.fullmatch(words)
    return (
        f"SV {reference[1]}"
        if reference
        else _EITHER.sub(r"\1 \2 or \1 \3", words)
        if _EITHER.fullmatch(words)
        else words
    )


def _zh_row(number: int, entry: Mapping[str, str]) -> ListRow:
    division = division_of(entry["class_or_division"])
    subsidiary = _hazards(entry["subsidiary_hazard"])
    return ListRow(
        row=number,
        un_number=un_number_of(entry["un_number"]),
        packing_group=packing_group_of(entry["packing_group"]),
        goods_class=_class_of(division),
        division=division[:3],
        classification_code=division if len(division) == 4 else "",
        subsidiary=None if subsidiary is None else frozenset(subsidiary),
        labels_in_order=subsidiary or (),
        name_zh=entry["name_zh"],
        name_en=entry["name_en"],
        limited_quantity=_quantity(entry["limited_quantities"]),
        excepted_quantity=_quantity(entry["excepted_quantities"]),
    )


def _class_of(division: str) -> str:
    return division[:1] if division[:1] in ("1", "2") else division


def _hazards(text: str) -> tuple[str, ...] | None:
    hazards = tuple(text.split())
    return hazards if all(DIVISION.fullmatch(hazard) for hazard in hazards) else None


def _us_row(number: int, entry: Any) -> ListRow | None:
    if not isinstance(entry, dict):
        raise BadRow("not an object")
    identity = entry.get("idNumber", "")
    symbols, subsidiary = entry.get("symbols", []), entry.get("subsidiaryRisks", [])
    if not isinstance(identity, str) or not isinstance(symbols, list) or not isinstance(subsidiary, list):
        raise BadRow("idNumber must be text, symbols and subsidiaryRisks lists")
    if not identity.startswith("UN") or "D" in symbols or entry.get("forbidden"):
        return None
    division = division_of(_us_text(entry, "hazardClass"))
    return ListRow(
        row=number,
        un_number=un_number_of(identity[2:]),
        packing_group=packing_group_of(_us_text(entry, "packingGroup")),
        goods_class=_class_of(division),
        division=division[:3],
        classification_code=division if len(division) == 4 else "",
        subsidiary=frozenset(str(hazard) for hazard in subsidiary),
        name_en=_us_text(entry, "properShippingName"),
    )


def _us_text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key) or ""
    if not isinstance(value, str):
        raise BadRow(f"{key} must be text")
    return value.strip()
