"""Identifiers that are well formed and nobody's: for sample organisations and people."""

from __future__ import annotations

from services.registry.identifiers import CREDIT_ALPHABET, organisation_check_digit


def credit_code(number: int, division: str = "430100") -> str:
    """A unified social credit code (GB 32100) of an organisation that does not exist."""
    body = f"MAD{number:05}"
    first = f"91{division}" + body + organisation_check_digit(body)
    total = sum(CREDIT_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(first))
    return first + CREDIT_ALPHABET[-total % 31]


def identity_number(number: int, division: str = "430100") -> str:
    """An identity number (GB 11643) of somebody said to be born on 1 January 1900; ``number`` has up to three digits."""
    first = f"{division}19000101{number:03}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first))
    return first + "10X98765432"[total % 11]
