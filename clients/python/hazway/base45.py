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
    digits = [_VALUES[character] for character in text]
    pairs = [
        low + 45 * mid + 2025 * high for low, mid, high in zip(digits[::3], digits[1::3], digits[2::3], strict=False)
    ]
    require(max(pairs, default=0) < 1 << 16, _STEP, "digits that no bytes have", "数值超出字节范围")
    data = b"".join([pair.to_bytes(2, "big") for pair in pairs])
    if len(digits) % 3 == 0:
        return data
    last = digits[-2] + 45 * digits[-1]
    require(last < 1 << 8, _STEP, "digits that no bytes have", "数值超出字节范围")
    return data + bytes([last])
