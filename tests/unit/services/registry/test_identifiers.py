"""Check digits, plates and masks, on values that are right, one digit off, and nearly right."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry import identifiers as ids
from services.registry.model import PlateColour

TODAY = date(2026, 6, 1)
CODES = ("91350100M000100Y43", "91110000802100433B", "91330100799655058B")


@pytest.mark.parametrize("code", CODES)
def test_known_credit_codes_pass(code: str) -> None:
    assert ids.credit_code_problem(code) == ""


@given(st.sampled_from(CODES), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_any_one_changed_place_of_a_credit_code_is_found(code: str, place: int, letter: str) -> None:
    changed = code[:place] + letter + code[place + 1 :]
    assert (ids.credit_code_problem(changed) == "") == (changed == code)


@pytest.mark.parametrize(
    "code",
    ["", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100y43", "9135010OM000100Y43", "９1350100M000100Y43"],
)
def test_credit_codes_of_another_form_are_refused(code: str) -> None:
    assert ids.credit_code_problem(code)


def test_the_inner_organisation_code_has_its_own_check_digit() -> None:
    assert ids.organisation_check_digit("M000100Y") == "4"
    assert ids.organisation_check_digit("80210043") == "3"


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_known_identity_numbers_pass(number: str) -> None:
    assert ids.identity_problem(number, TODAY) == ""


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_one_changed_place_of_an_identity_number_is_found(place: int, letter: str) -> None:
    number = "11010519491231002X"
    changed = number[:place] + letter + number[place + 1 :]
    assert (ids.identity_problem(changed, TODAY) == "") == (changed == number)


def identity(born: str, region: str = "110105") -> str:
    body = f"{region}{born}002"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, weights, strict=True)) % 11]


def test_a_date_of_birth_must_exist_and_not_lie_ahead() -> None:
    assert ids.identity_problem(identity(f"{TODAY:%Y%m%d}"), TODAY) == ""
    assert ids.identity_problem(identity(f"{TODAY + timedelta(days=1):%Y%m%d}"), TODAY)
    assert ids.identity_problem(identity("20260229"), TODAY)
    assert ids.identity_problem(identity("20240229"), TODAY) == ""


def test_a_region_must_exist() -> None:
    assert ids.identity_problem(identity("19900101", "990105"), TODAY)
    assert ids.identity_problem(identity("19900101", "810000"), TODAY) == ""


def test_what_is_wrong_with_an_identity_number_never_repeats_it() -> None:
    for number in ("110105194912310021", "11010519491331002X", "99010519491231002X", "1101051949123100"):
        assert number[4:12] not in ids.identity_problem(number, TODAY)


def test_masks_show_the_ends_only() -> None:
    assert ids.mask_identity("11010519491231002X") == "110***********002X"
    assert ids.mask_identity("short") == "*****"


@pytest.mark.parametrize(
    ("text", "plate", "colour"),
    [
        ("粤B12345", "粤B12345", None),
        ("粤b·12345-黄", "粤B12345", PlateColour.YELLOW),
        ("粤Ｂ　１２３４５", "粤B12345", None),
        ("粤B.12345 黄色", "粤B12345", PlateColour.YELLOW),
        ("粤B12345（黄牌）", "粤B12345", PlateColour.YELLOW),
        ("粤B12345D_黄绿", "粤B12345D", PlateColour.YELLOW_GREEN),
        ("粤b 1234挂", "粤B1234挂", None),
        ("粤B•1234挂-黄", "粤B1234挂", PlateColour.YELLOW),
        ("", "", None),
        ("黄", "黄", None),
    ],
)
def test_plates_are_found_however_they_are_written(text: str, plate: str, colour: PlateColour | None) -> None:
    assert ids.normalise_plate(text) == (plate, colour)


@given(st.text(max_size=20))
def test_normalising_a_plate_twice_changes_nothing_more(text: str) -> None:
    once, _ = ids.normalise_plate(text)
    assert len(once) <= len(ids.plain(text))
    assert " " not in once


@pytest.mark.parametrize(
    ("plate", "colour", "trailer"),
    [
        ("粤B12345", PlateColour.YELLOW, False),
        ("京AD1234", PlateColour.BLUE, False),
        ("粤B1234挂", PlateColour.YELLOW, True),
        ("粤BD12345", PlateColour.GRADIENT_GREEN, False),
        ("粤B12345D", PlateColour.YELLOW_GREEN, False),
    ],
)
def test_plates_of_the_standard_pass(plate: str, colour: PlateColour, trailer: bool) -> None:
    assert ids.plate_problem(plate, colour, trailer=trailer) == ""


@pytest.mark.parametrize(
    ("plate", "colour", "trailer"),
    [
        ("粤B12345", PlateColour.YELLOW, True),
        ("粤B1234挂", PlateColour.YELLOW, False),
        ("粤B1234挂", PlateColour.BLUE, True),
        ("粤B12345D", PlateColour.YELLOW, False),
        ("粤BD12345", PlateColour.YELLOW_GREEN, False),
        ("粤B12345", PlateColour.YELLOW_GREEN, False),
        ("粤I12345", PlateColour.YELLOW, False),
        ("粤BO2345", PlateColour.YELLOW, False),
        ("粤B1234", PlateColour.YELLOW, False),
        ("某B12345", PlateColour.YELLOW, False),
        ("粤B12345\n", PlateColour.YELLOW, False),
    ],
)
def test_plates_that_do_not_fit_are_refused(plate: str, colour: PlateColour, trailer: bool) -> None:
    assert ids.plate_problem(plate, colour, trailer=trailer)


def test_a_vin_has_seventeen_places_without_letters_like_digits() -> None:
    assert ids.vin_problem("LHZ00000000000001") == ""
    assert ids.vin_problem("LHZ0000000000001")
    assert ids.vin_problem("LHZ0000000000000O")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1203", "1203"),
        ("UN1203", "1203"),
        ("un 1203", "1203"),
        ("ＵＮ１２０３", "1203"),
        ("203", ""),
        ("12034", ""),
        ("UN", ""),
    ],
)
def test_un_numbers_are_four_digits(text: str, number: str) -> None:
    assert ids.un_number_of(text) == number
