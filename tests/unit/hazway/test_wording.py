"""The text a signer sees: the same for the same body, another for another, and always whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import wording
from hazway.errors import VerificationError

NAMES = st.one_of(st.sampled_from(["mass_g", "depart_time", "plate", "goods"]), st.text(max_size=6), st.integers(0, 9))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 64), (1 << 64) - 1), st.binary(max_size=4), st.text(max_size=8)
)
BODIES = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


def test_a_waybill_reads_like_a_form() -> None:
    body = {
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
        "    质量〔mass_g〕：28000000 克\n"
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
    body = {"mass_g": 1}
    text = wording.render("waybill.issue", body)
    assert wording.find("waybill.issue", body, wording.digest("waybill.issue", body)) == text
    assert wording.find("waybill.issue", {"mass_g": 2}, wording.digest("waybill.issue", body)) is None


def test_the_first_edition_is_kept_as_it_was_signed() -> None:
    body = {"goods": [{"mass_g": 1}], "plate": "x", "valid_to": 1_772_352_000_000_000_001}
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
