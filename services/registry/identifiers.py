"""Check digits, plates and masks of the identifiers Chinese papers use: GB 32100, GB 11714, GB 11643, GA 36, ISO 3779.

Every ``*_problem`` function returns "" for a good value and otherwise what is wrong with it, in one English phrase.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from services.registry.model import PlateColour

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# GB/T 2260 province parts; 81 to 83 are the residence permits of Hong Kong, Macau and Taiwan.
_REGIONS = (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66), (71, 81, 82, 83))
PROVINCE_CODES = frozenset(str(code) for codes in _REGIONS for code in codes)

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"

_LETTER = "A-HJ-NP-Z"
_PLATE = re.compile(rf"[{PROVINCES}][{_LETTER}][{_LETTER}0-9]{{5}}")
_TRAILER = re.compile(rf"[{PROVINCES}][{_LETTER}][{_LETTER}0-9]{{4}}挂")
_NEW_ENERGY_SMALL = re.compile(rf"[{PROVINCES}][{_LETTER}][DF][{_LETTER}0-9][0-9]{{4}}")
_NEW_ENERGY_LARGE = re.compile(rf"[{PROVINCES}][{_LETTER}][0-9]{{5}}[DF]")
_COLOUR_WORDS = {
    "黄绿": PlateColour.YELLOW_GREEN, "黄": PlateColour.YELLOW, "蓝": PlateColour.BLUE, "黑": PlateColour.BLACK,
    "白": PlateColour.WHITE, "渐变绿": PlateColour.GRADIENT_GREEN, "绿": PlateColour.GREEN,
}  # fmt: skip
_COLOUR_SUFFIX = re.compile(r"[-_/(]?(黄绿|渐变绿|黄|蓝|黑|白|绿)色?牌?\)?$")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")


def plain(text: str) -> str:
    """Full-width forms made half-width, spaces left out, upper case: how identifiers are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def credit_code_problem(code: str) -> str:
    """GB 32100-2015, with the GB 11714 check inside it (positions 9 to 17)."""
    if len(code) != 18 or any(letter not in CREDIT_ALPHABET for letter in code):
        return "must be 18 of 0-9 and A-Y without I, O, S, V, Z"
    total = sum(
        CREDIT_ALPHABET.index(letter) * weight for letter, weight in zip(code[:17], _CREDIT_WEIGHTS, strict=True)
    )
    if code[17] != CREDIT_ALPHABET[-total % 31]:
        return "check digit is wrong"
    if code[16] != organisation_check_digit(code[8:16]):
        return "organisation code inside has a wrong check digit"
    return ""


def organisation_check_digit(body: str) -> str:
    """The ninth place of a GB 11714 organisation code, from its first eight."""
    total = sum(int(letter, 36) * weight for letter, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def identity_problem(number: str, today: date) -> str:
    """GB 11643-1999: region, real date of birth not after ``today``, check digit. The number is never put in the answer."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return "must be 17 digits and a digit or X"
    if number[:2] not in PROVINCE_CODES:
        return "region does not exist"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "date of birth does not exist"
    if not born.year >= 1850 or born > today:
        return "date of birth is impossible"
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _IDENTITY_WEIGHTS, strict=True))
    return "" if number[17] == _IDENTITY_CHECKS[total % 11] else "check digit is wrong"


def mask_identity(number: str) -> str:
    """First three and last four places; what lies between them is stars. A shorter text is all stars."""
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) >= 12 else "*" * len(number)


def normalise_plate(text: str) -> tuple[str, PlateColour | None]:
    """The plate as GA 36 writes it and the colour when the text named one (“粤B·12345-黄” → 粤B12345, YELLOW).

    Case, full-width forms, spaces, dots and dashes do not matter. What is no plate comes back tidied, never refused.
    """
    tidy = plain(text)
    colour: PlateColour | None = None
    if len(tidy) > 7 and (suffix := _COLOUR_SUFFIX.search(tidy)):
        tidy, colour = tidy[: suffix.start()], _COLOUR_WORDS[suffix[1]]
    return re.sub(r"[·•・‧∙⋅.\-_—–\u30fb]", "", tidy), colour


def plate_problem(plate: str, colour: PlateColour, *, trailer: bool) -> str:
    """GA 36: the form of the plate, and that form, colour and kind of vehicle belong together."""
    if trailer:
        if not _TRAILER.fullmatch(plate):
            return "is not the plate of a trailer"
        return "" if colour is PlateColour.YELLOW else "a trailer's plate is yellow"
    if _TRAILER.fullmatch(plate):
        return "is the plate of a trailer"
    if _NEW_ENERGY_LARGE.fullmatch(plate):
        return "" if colour is PlateColour.YELLOW_GREEN else "a large new-energy vehicle's plate is yellow-green"
    if _NEW_ENERGY_SMALL.fullmatch(plate):
        return "" if colour is PlateColour.GRADIENT_GREEN else "a small new-energy vehicle's plate is green"
    if not _PLATE.fullmatch(plate):
        return "is not a plate of GA 36"
    if colour in (PlateColour.YELLOW_GREEN, PlateColour.GRADIENT_GREEN):
        return "colour belongs to a new-energy plate of eight places"
    return ""


def vin_problem(vin: str) -> str:
    """Form only: the check digit of ISO 3779 is not kept by every maker."""
    return "" if _VIN.fullmatch(vin) else "must be 17 of 0-9 and A-Z without I, O, Q"


def division_problem(code: str) -> str:
    """Form of a GB/T 2260 code; the yearly list itself is data of the registry."""
    return "" if re.fullmatch(r"[0-9]{6}", code) and code[:2] in PROVINCE_CODES else "must be six digits of GB/T 2260"


def un_number_of(text: str) -> str:
    """``UN1203``, ``1203`` and ``un 1203`` → "1203"; "" for anything else."""
    match = re.fullmatch(r"(?:UN)?([0-9]{4})", plain(text))
    return match[1] if match else ""
