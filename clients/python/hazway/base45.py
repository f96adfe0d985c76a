"""Base45 (RFC 9285): bytes as the 45 characters of a QR code's alphanumeric mode, two bytes in three characters."""

from __future__ import annotations

from hazway.errors import require

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_STEP = "base45"


def encode(data: bytes) -> str:
    """The text of ``data``; the least significant digit stands first."""
    text = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            text.append(ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes that ``text`` is the one encoding of. Raises ``VerificationError`` for any other text."""
    require(len(text) % 3 != 1, _STEP, "a character is left over", "多出一个字符")
    require(_VALUES.keys() >= set(text), _STEP, "a character outside the alphabet", "含字母表以外的字符")
    data = bytearray()
    for start in range(0, len(text), 3):
        digits = text[start : start + 3]
        number = sum(_VALUES[character] * 45**place for place, character in enumerate(digits))
        size = len(digits) - 1
        require(number < 256**size, _STEP, "digits that no bytes have", "数值超出字节范围")
        data += number.to_bytes(size, "big")
    return bytes(data)
