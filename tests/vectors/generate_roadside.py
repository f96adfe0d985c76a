"""Writes the roadside vectors: honest codes and bundles, and each attack by its name, with the answer that is due.

Run as ``python -m tests.vectors.generate_roadside``. Vectors are only ever added; existing files are left as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2

from hazway import base45, cbor, cose, day_bundle, keys, roadside_code
from hazway.day_bundle import CodeKey, DayBundle, Status, StatusList
from hazway.roadside import Verdict
from hazway.roadside_code import Content, Goods
from hazway.trust import Trust
from tests.simulated_log import SimulatedLog, fixed_es256_key, fixed_key

HERE = Path(__file__).parent / "roadside"
ORIGIN = "hazway.example/log"
AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
HOUR = 3600
SIGNED = int(AT.timestamp()) - 4 * HOUR
MADE = int(AT.timestamp()) - 3 * HOUR

PLATFORM = fixed_key("roadside platform")
PLATFORM_ES256 = fixed_es256_key("roadside platform")
STRANGER = fixed_key("roadside stranger")
AUTHORITY = fixed_key("roadside authority")

LOG = SimulatedLog(ORIGIN, "roadside log")
LOG.entries.extend(hashlib.sha256(bytes([number])).digest() for number in range(100))

TRUST = Trust(log_keys=(LOG.vkey,), authorities=(AUTHORITY.spki,))
KEYS = tuple(
    CodeKey(roadside_code.kid_of(signer.spki), signer.spki, "operator", SIGNED - 30 * 24 * HOUR)
    for signer in (PLATFORM, PLATFORM_ES256)
)
BUNDLE = DayBundle(
    origin=ORIGIN,
    generated_at=MADE,
    keys=KEYS,
    status=StatusList.of(1000, 1100, {1001: Status.SUPERSEDED, 1002: Status.VOID, 1003: Status.ENDED}),
    checkpoint=LOG.checkpoint(at=AT),
)
# Two lines of goods, as long as they get in practice.
CONTENT = Content(
    issuer="operator", issued_at=SIGNED, expires_at=SIGNED + 20 * HOUR,
    revision_id=hashlib.sha256(b"revision").digest()[:16], number="C44030700000120261102000", revision=1,
    state="IN_TRANSIT", tractor="粤B11001", trailer="粤B1001挂", driver="张一号 4417", escort="李二号",
    origin="广东省深圳市盐田区盐田油库", destination="广东省深圳市龙岗区平湖街道龙岗加油站",
    goods=(
        Goods("1203", "车用汽油或汽油", "3", "II", 18_000, "kg"),
        Goods("1202", "瓦斯油或柴油或轻质燃料油", "3", "III", 10_500, "kg"),
    ),
    net_explosive_mass_g=0, closed_tunnels="DE", route=hashlib.sha256(b"route").digest()[:8], departure=SIGNED + HOUR,
    record=hashlib.sha256(b"registration").digest(), status_index=1000,
    log_hash=roadside_code.hash_of_origin(ORIGIN), leaf=42,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """A code shown with a bundle at a time, and the answer and failing layer due."""

    name: str
    verdict: Verdict
    failed: str = ""
    text: str = ""
    bundle: bytes = b""
    trust: Trust = TRUST
    at: datetime = AT


def code(signer: keys.Signer = PLATFORM, **changes: Any) -> str:
    return roadside_code.make(replace(CONTENT, **changes), signer)


def bundle(signer: keys.Signer = AUTHORITY, **changes: Any) -> bytes:
    return day_bundle.sign(replace(BUNDLE, **changes), signer)


def wrapped(data: bytes) -> str:
    """A code of these bytes instead of a COSE_Sign1."""
    return roadside_code.PREFIX + base45.encode(zlib.compress(data, 9))


def unwrapped(text: str) -> bytes:
    return zlib.decompress(base45.decode(text.removeprefix(roadside_code.PREFIX)))


def resigned(claims: Any, signer: keys.Signer = PLATFORM) -> str:
    """Any claims at all, well signed by the platform."""
    short = roadside_code.kid_of(signer.spki)
    return wrapped(by_hand(cbor2.dumps(claims, canonical=True), {1: signer.alg, 4: short}, {}, signer))


def by_hand(payload: bytes, protected: dict[Any, Any], unprotected: dict[Any, Any], signer: keys.Signer) -> bytes:
    header = cbor.dumps(protected)
    signature = signer.sign(cbor.dumps(["Signature1", header, b"", payload]))
    return b"\xd2" + cbor.dumps([header, unprotected, payload, signature])


def claims() -> dict[int, Any]:
    read: dict[int, Any] = cbor.loads(payload())
    return read


def payload() -> bytes:
    found = cose.parse(unwrapped(code())).payload
    assert found is not None
    return found


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def cases() -> Iterator[Case]:
    for case in (*honest(), *unreadable(), *badly_signed(), *badly_said(), *out_of_time(), *of_status(), *bundles()):
        yield replace(case, text=case.text or code(), bundle=case.bundle or bundle())


def honest() -> Iterator[Case]:
    short = roadside_code.kid_of(PLATFORM.spki)
    good = Verdict.VALID
    yield Case(name="ed25519", verdict=good)
    yield Case(name="es256", verdict=good, text=code(PLATFORM_ES256))
    yield Case(name="tag-61-around-it", verdict=good, text=wrapped(b"\xd8\x3d" + unwrapped(code())))
    unprotected_kid = by_hand(payload(), {1: PLATFORM.alg}, {4: short}, PLATFORM)
    yield Case(name="kid-unprotected-only", verdict=good, text=wrapped(unprotected_kid))
    lying = by_hand(payload(), {1: PLATFORM.alg, 4: short}, {1: -7, 4: b"\x00" * 8}, PLATFORM)
    yield Case(name="unprotected-header-lies", verdict=good, text=wrapped(lying))
    new = code(status_index=1100, leaf=100, issued_at=MADE + HOUR)
    yield Case(name="issued-after-the-bundle", verdict=good, text=new)
    yield Case(name="one-second-before-it-expires", verdict=good, text=code(expires_at=int(AT.timestamp()) + 1))
    namesake = CodeKey(short, STRANGER.spki, "operator", 0)
    yield Case(name="two-keys-of-one-kid", verdict=good, bundle=bundle(keys=(namesake, *KEYS)))


def unreadable() -> Iterator[Case]:
    body = code().removeprefix(roadside_code.PREFIX)
    deflated = base45.decode(body)
    texts = {
        "prefix": {
            "empty": " ", "wrong-prefix": f"HC1:{body}", "no-prefix": body, "lower-case-prefix": f"hz1:{body}",
            "longer-than-any-qr": roadside_code.PREFIX + "0" * 4300,
        },
        "base45": {
            "lower-case": roadside_code.PREFIX + body.lower(), "line-break-inside": f"{code()[:40]}\n{code()[40:]}",
            "number-too-great": f"{roadside_code.PREFIX}:::{body}", "one-character-more": f"{code()}0" + "0" * (len(body) % 3 == 2),
        },
        "zlib": {
            "not-deflated": roadside_code.PREFIX + base45.encode(unwrapped(code())),
            "truncated": roadside_code.PREFIX + base45.encode(deflated[:-1]),
            "something-behind-it": roadside_code.PREFIX + base45.encode(deflated + b"\x00"),
            "zlib-bomb": wrapped(b"\x00" * 2_000_000),
            "checksum-flipped": roadside_code.PREFIX + base45.encode(flipped(deflated, 8 * len(deflated) - 1)),
        },
        "cose": {
            "not-cbor": wrapped(b"hello"), "untagged": wrapped(unwrapped(code())[1:]),
            "tag-of-cose-mac": wrapped(b"\xd1" + unwrapped(code())[1:]),
            "tag-61-twice": wrapped(b"\xd8\x3d\xd8\x3d" + unwrapped(code())),
            "trailing-byte": wrapped(unwrapped(code()) + b"\x00"),
            "nested-too-deeply": wrapped(b"\xd2" + b"\x81" * 500 + b"\x00"),
            "alg-unprotected-only": wrapped(
                by_hand(payload(), {4: roadside_code.kid_of(PLATFORM.spki)}, {1: PLATFORM.alg}, PLATFORM)
            ),
            "kid-of-32-bytes": wrapped(cose.sign(PLATFORM, {}, payload())),
            "no-payload": wrapped(cose.sign(Short(PLATFORM), {}, payload(), detached=True)),
        },
    }  # fmt: skip
    for layer, named in texts.items():
        for name, text in named.items():
            yield Case(name=name, verdict=Verdict.UNREADABLE, failed=layer, text=text)


class Short:
    """A signer that names itself by eight bytes."""

    def __init__(self, signer: keys.Signer) -> None:
        self.alg, self.spki, self.sign, self.kid = signer.alg, signer.spki, signer.sign, signer.kid[:8]


def badly_signed() -> Iterator[Case]:
    data, wrong = unwrapped(code()), Verdict.BAD_SIGNATURE
    plate = data.index("粤B11001".encode())
    yield Case(name="plate-changed", verdict=wrong, failed="signature", text=wrapped(flipped(data, 8 * (plate + 7))))
    yield Case(
        name="signature-flipped", verdict=wrong, failed="signature", text=wrapped(flipped(data, 8 * len(data) - 4))
    )
    parts = cose.parse(data)
    swapped = {1: PLATFORM.alg, 4: roadside_code.kid_of(PLATFORM_ES256.spki)}
    renamed = b"\xd2" + cbor.dumps([cbor.dumps(swapped), {}, parts.payload, parts.signature])
    yield Case(name="kid-swapped", verdict=wrong, failed="signature", text=wrapped(renamed))
    posing = by_hand(payload(), {1: STRANGER.alg, 4: roadside_code.kid_of(PLATFORM.spki)}, {}, STRANGER)
    yield Case(name="stranger-under-our-kid", verdict=wrong, failed="signature", text=wrapped(posing))
    confused = by_hand(payload(), {1: -7, 4: roadside_code.kid_of(PLATFORM.spki)}, {}, PLATFORM)
    yield Case(name="alg-of-another-key", verdict=wrong, failed="signature", text=wrapped(confused))
    detached = b"\xd2" + cbor.dumps([parts.protected_bytes, {}, parts.payload, b""])
    yield Case(name="no-signature", verdict=wrong, failed="signature", text=wrapped(detached))
    unknown = Verdict.UNKNOWN_KEY
    yield Case(name="stranger", verdict=unknown, failed="key", text=code(STRANGER))
    yield Case(name="another-issuer", verdict=unknown, failed="key", text=code(issuer="rival"))
    retired = tuple(replace(key, valid_to=SIGNED) for key in KEYS)
    yield Case(name="key-retired-before", verdict=unknown, failed="key", bundle=bundle(keys=retired))
    later = tuple(replace(key, valid_from=SIGNED + 1) for key in KEYS)
    yield Case(name="key-not-valid-yet", verdict=unknown, failed="key", bundle=bundle(keys=later))


def badly_said() -> Iterator[Case]:
    """Signed by the platform, and still not to be read as a waybill."""

    def said(name: str, **changes: Any) -> Case:
        body = claims()
        body[roadside_code.WAYBILL] |= {int(key[1:]): value for key, value in changes.items()}
        return Case(name=name, verdict=Verdict.UNREADABLE, failed="content", text=resigned(body))

    yield said("revision-is-text", _2="1")
    yield said("revision-is-a-boolean", _2=True)
    yield said("mass-is-a-float", _11=0.5)
    yield said("status-index-negative", _16=-1)
    yield said("goods-line-short", _10=[["1203", "汽油"]])
    yield said("record-digest-short", _15=b"\x00" * 31)
    yield said("one-field-more", _18="x")
    for name, changed in (
        ("lives-for-73-hours", {roadside_code.EXP: SIGNED + 73 * HOUR}),
        ("ends-before-it-begins", {roadside_code.EXP: SIGNED - 1}),
        ("no-expiry", {roadside_code.EXP: None}),
        ("a-claim-more", {2: "subject"}),
    ):
        yield Case(name=name, verdict=Verdict.UNREADABLE, failed="content", text=resigned(claims() | changed))
    yield Case(name="not-a-map", verdict=Verdict.UNREADABLE, failed="content", text=resigned([1, 2]))
    canonical = payload()
    short = {1: PLATFORM.alg, 4: roadside_code.kid_of(PLATFORM.spki)}
    unsorted_claims = cbor2.dumps(dict(reversed(claims().items())))
    assert unsorted_claims != canonical
    text = wrapped(by_hand(unsorted_claims, short, {}, PLATFORM))
    yield Case(name="keys-unsorted", verdict=Verdict.UNREADABLE, failed="content", text=text)


def out_of_time() -> Iterator[Case]:
    late, now = Verdict.EXPIRED, int(AT.timestamp())
    yield Case(name="expired-this-second", verdict=late, failed="time", text=code(expires_at=now))
    yield Case(name="expired-yesterday", verdict=late, failed="time", at=AT + timedelta(days=1))
    yield Case(name="clock-set-back-to-before-it-expired", verdict=late, failed="time", **expired_before_bundle())
    yield Case(name="signed-in-the-future", verdict=late, failed="time", text=code(issued_at=now + 301))


def expired_before_bundle() -> dict[str, Any]:
    return {
        "text": code(issued_at=MADE - 3 * HOUR, expires_at=MADE - HOUR),
        "at": datetime.fromtimestamp(MADE - 2 * HOUR, UTC),
    }


def of_status() -> Iterator[Case]:
    for index, verdict in ((1001, Verdict.SUPERSEDED), (1002, Verdict.VOID), (1003, Verdict.EXPIRED)):
        yield Case(name=f"status-{index}", verdict=verdict, failed="status", text=code(status_index=index))
    void_and_late = code(status_index=1002, expires_at=int(AT.timestamp()))
    yield Case(name="void-and-expired", verdict=Verdict.VOID, failed="status", text=void_and_late)
    stale = AT + timedelta(hours=40)
    old = code(status_index=1002, expires_at=SIGNED + 70 * HOUR)
    yield Case(name="void-and-stale", verdict=Verdict.VOID, failed="status", text=old, at=stale)
    unsure = Verdict.VALID_BUT_STALE_DATA
    yield Case(name="index-beyond-the-list", verdict=unsure, failed="status", text=code(status_index=1100))
    yield Case(name="index-before-the-list", verdict=unsure, failed="status", text=code(status_index=999))
    yield Case(name="another-log", verdict=unsure, failed="log", text=code(log_hash=b"\x00" * 8))
    yield Case(name="leaf-beyond-the-log", verdict=unsure, failed="log", text=code(leaf=100))
    long = code(expires_at=SIGNED + 70 * HOUR)
    yield Case(name="bundle-stale", verdict=unsure, failed="freshness", text=long, at=stale)
    behind = datetime.fromtimestamp(MADE - 301, UTC)
    yield Case(name="clock-behind-the-bundle", verdict=unsure, failed="freshness", at=behind)
    strict = replace(TRUST, max_age=timedelta(hours=2))
    yield Case(name="bundle-older-than-the-policy", verdict=unsure, failed="freshness", trust=strict)


def bundles() -> Iterator[Case]:
    def bad(name: str, verdict: Verdict, data: bytes, trust: Trust = TRUST) -> Case:
        return Case(name=f"bundle-{name}", verdict=verdict, failed="bundle", bundle=data, trust=trust)

    good = bundle()
    yield bad("replaced-by-a-stranger", Verdict.UNKNOWN_KEY, bundle(STRANGER))
    yield bad("signed-by-the-code-key", Verdict.UNKNOWN_KEY, bundle(PLATFORM))
    yield bad("of-an-unknown-log", Verdict.UNKNOWN_KEY, good, replace(TRUST, log_keys=()))
    yield bad("signature-flipped", Verdict.BAD_SIGNATURE, flipped(good, 8 * len(good) - 4))
    place = good.index(b"generated_at") + len(b"generated_at") + 4
    yield bad("made-younger", Verdict.BAD_SIGNATURE, flipped(good, 8 * place + 3))
    forged = SimulatedLog(ORIGIN, "another log key").checkpoint(at=AT)
    yield bad("checkpoint-by-another-key", Verdict.BAD_SIGNATURE, bundle(checkpoint=forged))
    yield bad("truncated", Verdict.UNREADABLE, good[:-1])
    yield bad("empty", Verdict.UNREADABLE, b"\xd2")
    yield bad("of-another-type", Verdict.UNREADABLE, cose.sign(AUTHORITY, {3: "text/plain"}, b"\xa0"))
    long_list = StatusList(0, 400, b"\x00" * 99)
    yield bad("status-list-short", Verdict.UNREADABLE, bundle(status=long_list))
    bomb = StatusList(0, 400, b"\x00" * 10_000_000)
    yield bad("status-list-bomb", Verdict.UNREADABLE, bundle(status=bomb))


def trust_text(trust: Trust) -> dict[str, Any]:
    """As the JSON file has it (``hazway.trust``)."""
    fields: dict[str, Any] = {
        "log_keys": [str(key) for key in trust.log_keys],
        "authorities": [base64.b64encode(spki).decode() for spki in trust.authorities],
    }
    return fields | ({"max_age_s": int(trust.max_age.total_seconds())} if trust.max_age else {})


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for case in cases():
        target = HERE / f"{case.verdict.name.lower().replace('_', '-')}-{case.name}.json"
        if not target.exists():
            fields = {
                "verdict": case.verdict.name,
                "failed": case.failed,
                "at": case.at.isoformat(),
                "text": case.text,
                "bundle": base64.b64encode(case.bundle).decode(),
                "trust": trust_text(case.trust),
            }
            target.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
