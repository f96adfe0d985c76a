"""What a verifier knows beforehand, from elsewhere than the file it verifies; also as a JSON file to hand out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hazway import keys, note, policy
from hazway.errors import VerificationError, require

_STEP = "trust"
_FIELDS: dict[str, type] = {"log_keys": list, "policy": str, "authorities": list, "max_age_s": int}


@dataclass(frozen=True, slots=True)
class Trust:
    """``log_keys`` are the log's verifier keys (all of them, where it has changed its key), or else the policy's.

    ``policy`` names the witnesses asked for, if any; ``authorities`` the SPKIs of the keys that may vouch for
    organisations' keys, without which the first entry of the log is that key; ``max_age`` how old the checkpoint may be
    ``at`` the time of verifying (aware).
    """

    log_keys: tuple[str | note.Verifier, ...]
    policy: policy.Policy | None = None
    authorities: tuple[bytes, ...] = ()
    max_age: timedelta | None = None
    at: datetime | None = None


def parse(text: str, at: datetime | None = None) -> Trust:
    """The trust of a JSON file: ``log_keys`` (vkeys), ``policy`` (tlog-policy text), ``authorities`` (base64 of SPKIs)
    and ``max_age_s``, each optional; ``at`` is the time of verifying."""
    fields = _parsed(text)
    if not all(isinstance(key, str) for name in ("log_keys", "authorities") for key in fields.get(name, [])):
        raise VerificationError(_STEP, "a key is not text", "密钥不是文本")
    authorities = tuple(note.from_base64(key, _STEP) for key in fields.get("authorities", []))
    for spki in authorities:
        keys.alg_of(spki)
    age = fields.get("max_age_s")
    require(age is None or 0 < age < 1 << 32, _STEP, "max_age_s is out of range", "max_age_s 超出范围")
    return Trust(
        log_keys=tuple(note.parse_verifier(key) for key in fields.get("log_keys", [])),
        policy=policy.parse(fields["policy"]) if "policy" in fields else None,
        authorities=authorities,
        max_age=None if age is None else timedelta(seconds=age),
        at=at,
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise VerificationError(_STEP, "not JSON", "不是 JSON") from None
    if type(fields) is not dict or not fields.keys() <= _FIELDS.keys():
        raise VerificationError(_STEP, f"not a map of some of {list(_FIELDS)}", f"字段应在 {list(_FIELDS)} 之内")
    for name, value in fields.items():
        require(type(value) is _FIELDS[name], _STEP, f"{name} has the wrong type", f"{name} 类型错误")
    return fields
