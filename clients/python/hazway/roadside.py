"""Judging a waybill's code at the roadside, without a network: one of eight answers, and which layer it hangs on.

A code cannot show that the paper is no copy: whoever checks compares plates and driver with what the answer shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from hazway import base45, day_bundle, roadside_code
from hazway.day_bundle import CodeKey, Opened, Status
from hazway.errors import VerificationError
from hazway.roadside_code import Content, Signed
from hazway.trust import Trust

MAX_AGE = timedelta(hours=36)  # a day, and the night until the next bundle was fetched
CLOCK_SKEW_S = 300
LAYERS = (
    "bundle", "prefix", "base45", "zlib", "cose", "key", "signature", "content", "time", "log", "status", "freshness",
)  # fmt: skip


class Verdict(Enum):
    """The eight answers, with what they mean to the person who asked."""

    VALID = ("有效", "valid")
    VALID_BUT_STALE_DATA = ("无法判断：签名有效，但数据不足", "cannot tell: well signed, but our data do not suffice")
    SUPERSEDED = ("已被新版本取代", "superseded by a newer revision")
    VOID = ("已作废", "void")
    EXPIRED = ("已失效", "expired")
    BAD_SIGNATURE = ("签名错误", "the signature is wrong")
    UNKNOWN_KEY = ("签发密钥不明", "signed by an unknown key")
    UNREADABLE = ("无法识读", "unreadable")

    @property
    def zh(self) -> str:
        return self.value[0]

    @property
    def en(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadsideAnswer:
    """``layers`` has an entry for each of ``LAYERS``, true only for what was checked and held; ``failed`` is empty when valid.

    ``content`` is there only when the signature was verified; ``generated_at`` and ``age`` are those of the bundle, when
    that was verified (``age`` is negative where the device's clock is behind).
    """

    verdict: Verdict
    layers: dict[str, bool]
    failed: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    content: Content | None = None
    generated_at: datetime | None = None
    age: timedelta | None = None


def check(
    text: str, bundle: bytes, trust: Trust | None, at: datetime, *, max_age: timedelta | None = None
) -> RoadsideAnswer:
    """Judge the text of a QR code ``at`` a time (aware) by the day's bundle, which ``trust`` must vouch for.

    ``max_age`` is how old the bundle may be, by default the trust's, else ``MAX_AGE``.

    1. The bundle is signed by a trusted authority, its checkpoint by the log.
    2. The text begins as ours do, is base45, inflates within its limit, and is a COSE_Sign1.
    3. The bundle knows a key of its name.
    4. One of these keys signed it.
    5. What it says has every field in its bounds, and the key was valid when it was signed.
    6. It was signed in the past and has not expired.
    7. Its leaf lies in the log the bundle knows.
    8. The status list does not say that it was superseded, voided or ended.
    9. The bundle is not too old, nor newer than the clock.
    """
    findings = _Findings()
    try:
        # 1 the bundle is signed by a trusted authority, its checkpoint by the log
        opened = _open_bundle(findings, bundle, trust)
    except _Stop:
        return findings.answer()
    age = max_age or (trust.max_age if trust else None) or MAX_AGE
    return check_opened(text, opened, at, max_age=age)


def check_opened(text: str, opened: Opened, at: datetime, *, max_age: timedelta = MAX_AGE) -> RoadsideAnswer:
    """As ``check``, by a bundle opened before: for many codes on one day."""
    if at.tzinfo is None:
        raise ValueError("the time of a check needs a time zone")
    findings = _Findings(generated_at=opened.bundle.generated_at, at=at)
    findings.layers["bundle"] = True
    try:
        # 2 the text begins as ours do, is base45, inflates within its limit, and is a COSE_Sign1
        signed = _read(findings, text)
        # 3 the bundle knows a key of its name
        named = opened.keys_named(signed.kid)
        findings.demand("key", bool(named), Verdict.UNKNOWN_KEY, "数据包中没有该密钥", "the bundle has no such key")
        # 4 one of these keys signed it
        key = _signer(findings, signed, named)
        # 5 what it says has every field in its bounds, and the key was valid when it was signed
        content = _content(findings, signed, key)
    except _Stop:
        return findings.answer()
    now = max(int(at.timestamp()), opened.bundle.generated_at)
    # 6 it was signed in the past and has not expired
    _check_time(findings, content, now)
    # 7 its leaf lies in the log the bundle knows
    _check_log(findings, content, opened)
    # 8 the status list does not say that it was superseded, voided or ended
    _check_status(findings, content, opened)
    # 9 the bundle is not too old, nor newer than the clock
    _check_freshness(findings, opened, at, max_age)
    return findings.answer()


class _Stop(Exception):
    """Nothing further can be checked."""


# What a paper is, whatever else is wrong with it, comes before what we do not know.
_PRECEDENCE = (Verdict.VOID, Verdict.SUPERSEDED, Verdict.EXPIRED, Verdict.VALID_BUT_STALE_DATA)
_OF_BUNDLE = {
    day_bundle.READ: Verdict.UNREADABLE,
    day_bundle.KEY: Verdict.UNKNOWN_KEY,
    day_bundle.SIGNATURE: Verdict.BAD_SIGNATURE,
    day_bundle.CHECKPOINT: Verdict.BAD_SIGNATURE,
}


class _Findings:
    """Which layers held, and why others did not."""

    def __init__(self, generated_at: int | None = None, at: datetime | None = None) -> None:
        self.layers = dict.fromkeys(LAYERS, False)
        self.content: Content | None = None
        self._faults: list[tuple[Verdict, str, str, str]] = []
        self._generated_at = None if generated_at is None else datetime.fromtimestamp(generated_at, UTC)
        self._at = at

    def note(self, layer: str, holds: bool, verdict: Verdict, zh: str, en: str) -> None:
        self.layers[layer] = holds
        if not holds:
            self._faults.append((verdict, layer, zh, en))

    def demand(self, layer: str, holds: bool, verdict: Verdict, zh: str, en: str) -> None:
        """As ``note``; where it does not hold, nothing further can be checked."""
        self.note(layer, holds, verdict, zh, en)
        if not holds:
            raise _Stop

    @contextmanager
    def layer(self, name: str, verdict: Verdict) -> Iterator[None]:
        """Everything inside holds, or nothing further can be checked."""
        try:
            yield
        except VerificationError as error:
            self.demand(name, False, verdict, error.problem_zh, error.problem)
        self.layers[name] = True

    def answer(self) -> RoadsideAnswer:
        worst = min(self._faults, key=lambda fault: _rank(fault[0]), default=(Verdict.VALID, "", "", ""))
        verdict, layer, zh, en = worst
        age = self._at - self._generated_at if self._at and self._generated_at else None
        return RoadsideAnswer(
            verdict=verdict, layers=self.layers, failed=layer, reason_zh=zh, reason_en=en, content=self.content,
            generated_at=self._generated_at, age=age,
        )  # fmt: skip


def _rank(verdict: Verdict) -> int:
    return _PRECEDENCE.index(verdict) if verdict in _PRECEDENCE else -1


def _open_bundle(findings: _Findings, bundle: bytes, trust: Trust | None) -> Opened:
    if trust is None:
        findings.demand(
            "bundle", False, Verdict.UNKNOWN_KEY, "未提供信任文件，无法核验数据包", "nobody vouches for the bundle"
        )
    try:
        return day_bundle.open(bundle, trust or Trust(()))
    except VerificationError as error:
        verdict = _OF_BUNDLE.get(error.step, Verdict.UNREADABLE)
        zh, en = f"每日数据包不可用：{error.problem_zh}", f"the day's bundle cannot be used: {error.problem}"
        findings.demand("bundle", False, verdict, zh, en)
        raise


def _read(findings: _Findings, text: str) -> Signed:
    with findings.layer("prefix", Verdict.UNREADABLE):
        body = roadside_code.unprefixed(text)
    with findings.layer("base45", Verdict.UNREADABLE):
        deflated = base45.decode(body)
    with findings.layer("zlib", Verdict.UNREADABLE):
        data = roadside_code.inflate(deflated)
    with findings.layer("cose", Verdict.UNREADABLE):
        return roadside_code.read_signed(data)


def _signer(findings: _Findings, signed: Signed, named: tuple[CodeKey, ...]) -> CodeKey:
    for key in named:
        try:
            signed.verify(key.spki)
        except VerificationError:
            continue
        findings.layers["signature"] = True
        return key
    findings.demand("signature", False, Verdict.BAD_SIGNATURE, "签名验证失败", "no key of its name signed it")
    raise _Stop


def _content(findings: _Findings, signed: Signed, key: CodeKey) -> Content:
    with findings.layer("content", Verdict.UNREADABLE):
        content = roadside_code.read_content(signed.payload)
    valid = key.is_valid(content.issued_at) and key.issuer == content.issuer
    findings.demand(
        "key", valid, Verdict.UNKNOWN_KEY, "签发时该密钥对该签发单位无效", "the key was not valid for this issuer then"
    )
    findings.content = content
    return content


def _check_time(findings: _Findings, content: Content, now: int) -> None:
    begun = content.issued_at <= now + CLOCK_SKEW_S
    findings.note(
        "time", begun, Verdict.EXPIRED, "签发时间晚于当前时间，请核对设备时钟", "signed in the future: check this clock"
    )
    if begun:
        until = datetime.fromtimestamp(content.expires_at, UTC).isoformat()
        fresh = now < content.expires_at
        findings.note("time", fresh, Verdict.EXPIRED, f"有效期至 {until}", f"was good until {until}")


def _check_log(findings: _Findings, content: Content, opened: Opened) -> None:
    ours = content.log_hash == roadside_code.hash_of_origin(opened.bundle.origin)
    known = content.leaf < opened.log_size or _is_newer(content, opened)
    zh, en = "记录位置与日志不符", "its place in the log is not one the bundle knows"
    findings.note("log", ours and known, Verdict.VALID_BUT_STALE_DATA, zh, en)


def _check_status(findings: _Findings, content: Content, opened: Opened) -> None:
    """A code signed after the bundle was made is itself the newest word on its status."""
    status = opened.bundle.status.find(content.status_index)
    if status is None:
        new = content.status_index >= opened.bundle.status.end and _is_newer(content, opened)
        findings.note(
            "status", new, Verdict.VALID_BUT_STALE_DATA, "状态列表不含该运单", "the status list does not reach it"
        )
    else:
        verdict, zh, en = _OF_STATUS[status]
        findings.note("status", status is Status.GOOD, verdict, zh, en)


_OF_STATUS = {
    Status.GOOD: (Verdict.VALID, "", ""),
    Status.SUPERSEDED: (
        Verdict.SUPERSEDED,
        "运单已修改，请出示新版本",
        "the waybill was amended: ask for the new revision",
    ),
    Status.VOID: (Verdict.VOID, "运单已作废", "the waybill was voided"),
    Status.ENDED: (Verdict.EXPIRED, "运输已结束，运单已完结", "the trip has ended and the waybill is closed"),
}


def _check_freshness(findings: _Findings, opened: Opened, at: datetime, max_age: timedelta) -> None:
    age = at - datetime.fromtimestamp(opened.bundle.generated_at, UTC)
    if age < -timedelta(seconds=CLOCK_SKEW_S):
        zh, en = "设备时钟早于数据包生成时间", "the clock is behind the bundle"
        findings.note("freshness", False, Verdict.VALID_BUT_STALE_DATA, zh, en)
    else:
        hours, limit = int(age.total_seconds()) // 3600, int(max_age.total_seconds()) // 3600
        zh = f"数据包已有 {hours} 小时，超过 {limit} 小时，请更新"
        en = f"the bundle is {hours} h old, more than {limit} h: fetch a new one"
        findings.note("freshness", age <= max_age, Verdict.VALID_BUT_STALE_DATA, zh, en)


def _is_newer(content: Content, opened: Opened) -> bool:
    return content.issued_at + CLOCK_SKEW_S >= opened.bundle.generated_at
