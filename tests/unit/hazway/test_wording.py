"""The text a signer sees: the same for the same body, another for another, and always whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from hazway import body, wording, wording_labels, wording_numbers, wording_values
from hazway.acts import ACTS
from hazway.errors import VerificationError
from tests.wire_code import methods

METHODS = {f"{method.containing_service.full_name}/{method.name}": method for method in methods()}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Acts that the server states itself, and what it says in them.
OF_THE_SERVER = {
    "alarm.raise": (), "alarm.amend": (), "zone.put": (), "key.register": (),
    "alarm.withdraw": ("alarm_id", "alarm_kind", "vehicle_id", "zone_id", "occurred_at", "revision", "alarm_state",
                       "evidence", "latitude_e7", "longitude_e7", "ended_at"),
    "waybill.countersign_by_code": ("statement_digest", "signed_by", "method", "custodial", "entered_by", "person_id"),
    "record.expire": ("statements", "class", "basis"),
}  # fmt: skip
MEASURED = [
    "mass_g",
    "speed_dkmh",
    "from_minute",
    "weekdays",
    "latitude_e7",
    "volume_ml",
    "length_dm",
    "temperature_dc",
]
NAMES = st.one_of(
    st.sampled_from(["mass_g", "depart_time", "plate", "goods", "line", "iso", "latitude_e7", "longitude_e7"]),
    st.text(max_size=6),
    st.integers(0, 9),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 64), (1 << 64) - 1), st.binary(max_size=4), st.text(max_size=8)
)
BODIES = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


def stated_fields() -> Iterator[tuple[str, FieldDescriptor]]:
    """Every field, at every depth, that some act states, with the act's kind."""
    for method, act in ACTS.items():
        seen: set[str] = set()
        pending: list[Descriptor] = [METHODS[method].input_type]
        while pending:
            message = pending.pop()
            if message.full_name in seen or message.full_name.startswith("google."):
                continue
            seen.add(message.full_name)
            for field in message.fields:
                if not body._is_omitted(field):
                    yield act.kind, field
                    pending += [field.message_type] if field.message_type else []


def test_every_act_has_a_chinese_title() -> None:
    kinds = {act.kind for act in ACTS.values()} | set(OF_THE_SERVER)
    assert {kind for kind in kinds if not CHINESE.search(wording_labels.KINDS_2.get(kind, ""))} == set()


def test_every_stated_field_has_a_chinese_label() -> None:
    names = {field.name: f"{kind} {field.full_name}" for kind, field in stated_fields()}
    names |= {name: kind for kind, said in OF_THE_SERVER.items() for name in said}
    assert {names[name] for name in names if not CHINESE.search(wording_labels.LABELS_2.get(name, ""))} == set()


def test_every_stated_choice_has_chinese_words_and_no_others_do() -> None:
    choices = {
        value.name
        for _, field in stated_fields()
        if field.enum_type
        for value in field.enum_type.values
        if value.number
    }
    assert choices - wording_values.VALUES_2.keys() == set()
    of_the_server = ("ALARM_KIND_", "ALARM_STATE_", "SIGNATURE_METHOD_")
    stated_there = {value for value in wording_values.VALUES_2 if value.startswith(of_the_server)}
    assert wording_values.VALUES_2.keys() - choices == stated_there


def test_every_stated_time_is_shown_in_beijing_time() -> None:
    unread = {
        field.full_name
        for _, field in stated_fields()
        if field.message_type
        and field.message_type.full_name == "google.protobuf.Timestamp"
        and "2026-03-01 16:00:00（北京时间）" not in wording_numbers.readable(field.name, 1_772_352_000_000_000_000)
    }
    assert unread == set()


def test_every_stated_measure_is_shown_with_a_unit() -> None:
    counts = {"number", "goods_number", "compartment", "package_count", "stop_number", "way_ids", "revision", "alg", "nights_at_base",
              "nights_known", "consignment_line"}  # fmt: skip
    numbers = {
        field.name for _, field in stated_fields()
        if field.message_type is None and field.enum_type is None
        and field.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)
    }  # fmt: skip
    assert {name for name in numbers - counts if wording_numbers.readable(name, 5) == "5"} == set()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("mass_g", 28_000_000, "28.000 吨"),
        ("mass_g", 28_000_500, "28.000500 吨"),
        ("net_explosive_mass_g", 750, "0.750 千克"),
        ("mass_g", -1, "-0.001 千克"),
        ("speed_dkmh", 805, "80.5 公里/小时"),
        ("volume_ml", 42_000_000, "42000.000 升"),
        ("density_mg_per_ml", 740, "0.740 克/毫升"),
        ("length_dm", 31_234, "3123.4 米"),
        ("temperature_dc", -5, "-0.5 ℃"),
        ("residual_pressure_kpa", 50, "50 千帕"),
        ("to_minute", 1440, "24:00"),
        ("from_minute", 390, "06:30"),
        ("weekdays", 7, "星期日"),
        ("planned_departure", 1_772_352_000_000_000_000, "2026-03-01 16:00:00（北京时间）"),
    ],
)
def test_numbers_are_shown_in_the_units_people_use(name: str, value: int, shown: str) -> None:
    assert wording.render("a.b", {name: value}).splitlines()[1].endswith(f"：{shown}")


@given(st.sampled_from(MEASURED), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), (1 << 63) - 1))
def test_no_two_numbers_are_shown_alike(name: str, one: int, other: int) -> None:
    for near in (other, one + 1, one + 1000, -one):
        assert (wording_numbers.readable(name, one) == wording_numbers.readable(name, near)) == (one == near)


def test_days_places_and_choices_take_one_line() -> None:
    said: dict[int | str, object] = {
        "kind": "WAYBILL_KIND_NORMAL",
        "valid_to": {"iso": "2027-12-31"},
        "position": {"latitude_e7": 225_000_000, "longitude_e7": -1_140_000_001},
    }
    assert wording.render("waybill.issue", said).splitlines()[1:] == [
        "种类〔kind〕：“WAYBILL_KIND_NORMAL”（正常运输）",
        "位置〔position〕：北纬 22.5000000°，西经 114.0000001°",
        "有效期至〔valid_to〕：日期“2027-12-31”",
    ]


def test_a_long_route_takes_one_line_and_still_differs_by_a_single_point() -> None:
    line = [{"latitude_e7": 225_000_000 + at, "longitude_e7": 1_140_000_000} for at in range(5_000)]
    text = wording.render("waybill.issue", {"route": {"line": line, "edge_keys": ["1:2:3"] * 4_000}})
    assert len(text.splitlines()) == 4
    assert "共 5000 项，自 北纬 22.5000000°，东经 114.0000000° 至 北纬 22.5004999°，东经 114.0000000°，SHA-256 " in text
    assert "共 4000 项，自 “1:2:3” 至 “1:2:3”，SHA-256 " in text
    moved = [*line[:2_000], {"latitude_e7": 1, "longitude_e7": 1}, *line[2_001:]]
    assert wording.render("waybill.issue", {"route": {"line": moved, "edge_keys": ["1:2:3"] * 4_000}}) != text


def test_long_lists_of_what_is_signed_for_are_never_shortened() -> None:
    goods = [{"un_number": "1203", "mass_g": 1} for _ in range(300)]
    assert wording.render("waybill.issue", {"goods": goods}).count("联合国编号") == 300


@given(st.lists(st.integers(0, 3), min_size=5, max_size=9), st.lists(st.integers(0, 3), min_size=5, max_size=9))
def test_two_lines_are_shown_alike_only_when_they_are(one: list[int], other: list[int]) -> None:
    shown = [wording.render("a.b", {"way_ids": ids}) for ids in (one, other)]
    assert (shown[0] == shown[1]) == (one == other)


def test_what_was_signed_under_the_first_edition_is_found_again() -> None:
    said: dict[int | str, object] = {"mass_g": 28_000_000}
    assert "28000000 克" in (wording.find("waybill.issue", said, wording.digest("waybill.issue", said, 1)) or "")


def test_a_waybill_reads_like_a_form() -> None:
    body: dict[int | str, object] = {
        "carrier_id": "c-1",
        "depart_time": 1_772_352_000_000_000_000,
        "goods": [
            {"un_number": "1203", "proper_shipping_name": "汽油", "mass_g": 28_000_000, "empty_uncleaned": False}
        ],
        "new_field": "x",
    }
    assert wording.render("waybill.issue", body) == (
        "签发危险货物运单〔waybill.issue〕\n"
        "货物〔goods〕：共 1 项\n"
        "  第 1 项：\n"
        "    质量〔mass_g〕：28.000 吨\n"
        "    联合国编号〔un_number〕：“1203”\n"
        "    未清洗空罐〔empty_uncleaned〕：否\n"
        "    危险货物运输名称〔proper_shipping_name〕：“汽油”\n"
        "new_field：“x”\n"
        "承运人〔carrier_id〕：“c-1”\n"
        "起运时间〔depart_time〕：2026-03-01 16:00:00（北京时间）\n"
    )


@given(BODIES)
def test_the_order_of_the_fields_does_not_matter(body: dict[Any, Any]) -> None:
    assert wording.render("a.b", body) == wording.render("a.b", dict(reversed(body.items())))


def same(one: Any, other: Any) -> bool:
    """Equality in which true is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(BODIES, BODIES)
def test_two_bodies_never_read_the_same(one: dict[Any, Any], other: dict[Any, Any]) -> None:
    if not same(one, other):
        assert wording.render("a.b", one) != wording.render("a.b", other)


@given(st.text(max_size=30))
def test_a_value_cannot_pretend_to_be_a_line(text: str) -> None:
    rendered = wording.render("waybill.issue", {"plate": text})
    assert rendered.count("\n") == 2
    assert all(character.isprintable() or character == "\n" for character in rendered)


def test_a_value_cannot_close_its_quotes() -> None:
    honest = wording.render("waybill.issue", {"plate": "粤B”〔x〕：“1"})
    assert honest.splitlines()[1] == "车牌号码〔plate〕：“粤B\\u{201d}\\u{3014}x\\u{3015}\\u{ff1a}\\u{201c}1”"


def test_the_digest_finds_its_text_and_no_other() -> None:
    body: dict[int | str, object] = {"mass_g": 1}
    text = wording.render("waybill.issue", body)
    assert wording.find("waybill.issue", body, wording.digest("waybill.issue", body)) == text
    assert wording.find("waybill.issue", {"mass_g": 2}, wording.digest("waybill.issue", body)) is None


def test_the_first_edition_is_kept_as_it_was_signed() -> None:
    body: dict[int | str, object] = {"goods": [{"mass_g": 1}], "plate": "x", "valid_to": 1_772_352_000_000_000_001}
    assert wording.digest("waybill.issue", body, 1).hex() == (
        "8d8f3d972e72813b031e7eb9a5f7bc56237b6ac45b1e02f3fe072e4d5eeb52ae"
    )


@pytest.mark.parametrize("body", [{"x": 1.5}, {"x": object()}, {1.5: 1}])
def test_what_cannot_be_stated_cannot_be_shown(body: dict[Any, Any]) -> None:
    with pytest.raises(VerificationError):
        wording.render("a.b", body)


@pytest.mark.parametrize("edition", [0, -1, wording.EDITION + 1, True, None])
def test_an_edition_that_does_not_exist_is_refused(edition: Any) -> None:
    with pytest.raises(VerificationError):
        wording.render("a.b", {}, edition)
