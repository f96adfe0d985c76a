"""Verify a ``.hazway`` file offline: who said what about a subject and when, and that nothing was left out or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hazway import bundle as bundles
from hazway import checkpoint as checkpoints
from hazway import cose, keys, note, proof, receipt, registration, statement, subject_head
from hazway.bundle import Bundle, Entry, Scope, Section
from hazway.errors import VerificationError, require, within
from hazway.key_record import KeyRecord, KeyRing, subject_of
from hazway.registration import Registration
from hazway.statement import Statement
from hazway.subject_head import SubjectHead
from hazway.trust import Trust

__all__ = ["EXPIRE", "STEPS", "Fact", "SubjectFacts", "Trust", "Verified", "verify"]

EXPIRE = "record.expire"  # the kind of an authority's statement whose body lists the ``statements`` that have expired
EXPIRED, OUTSIDE = "expired", "period"
CLOCK_SKEW = timedelta(minutes=5)
STEPS = (
    "1 format",
    "2 checkpoint",
    "3 witnesses",
    "4 heads",
    "5 freshness",
    "6 completeness",
    "7 inclusion",
    "8 receipts",
    "9 statements",
    "10 keys",
    "11 signatures",
    "12 expiry",
    "13 digest",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One verified registration. ``statement`` and ``key`` are None when ``absent`` says why ("period" or "expired")."""

    registration: Registration
    digest: bytes
    index: int
    statement: Statement | None
    key: KeyRecord | None
    absent: str | None


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """All registrations of a subject within the scope, in order, complete as of ``head``."""

    subject: str
    head: SubjectHead
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file proved. ``cosigned`` are the witnesses with their times; ``is_witnessed`` is false without a quorum asked."""

    origin: str
    scope: Scope
    size: int
    root: bytes
    cosigned: tuple[tuple[str, datetime], ...]
    is_witnessed: bool
    subjects: tuple[SubjectFacts, ...]
    keys: tuple[KeyRecord, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    """An entry with its registration decoded."""

    entry: Entry
    registration: Registration
    digest: bytes


# A subject's signed head with the links of its chain.
_Chain = tuple[SubjectHead, tuple[_Link, ...]]


def verify(bundle: bytes, trust: Trust) -> Verified:
    """The facts a bundle proves to whoever trusts what ``trust`` names; ``VerificationError`` names the failing step.

    1. The file is one deterministic CBOR map of the known format.
    2. Its checkpoint is signed by a trusted key of the log it names.
    3. A quorum of the policy's witnesses has cosigned the checkpoint.
    4. Each subject has one head, signed by the log for exactly the checkpoint's size; the one asked for is among them.
    5. Heads and cosignatures are not older than asked for, nor from the future; no head precedes the period's end.
    6. The registrations of each subject form one unbroken chain up to its head, from the first or from before the period.
    7. Each registration is a leaf under the checkpoint's root, at one place, later ones after earlier ones.
    8. Each receipt is the log's own and says the same place.
    9. Each statement is the one its registration names, on that subject, and registered once.
    10. Every key is registered by who may do so, from the log's root on, and no revocation is left out.
    11. Each statement is signed by a key of its issuer that was good when it was registered.
    12. Each statement absent from within the period is named by a later statement of an authority that it has expired.
    13. The file is as it was written: its closing digest covers what no signature does.
    """
    # 1 the file is one deterministic CBOR map of the known format
    with within(STEPS[0]):
        parts, closing_digest = bundles.decode(bundle)
    # 2 its checkpoint is signed by a trusted key of the log it names
    with within(STEPS[1]):
        opened, log_spkis = _open_checkpoint(parts, trust)
        head = opened.checkpoint
    # 3 a quorum of the policy's witnesses has cosigned the checkpoint
    with within(STEPS[2]):
        _check_quorum(opened.cosignatures, trust)
    # 4 each subject has one head, signed by the log for exactly the checkpoint's size; the one asked for is among them
    with within(STEPS[3]):
        heads = _open_heads(parts, log_spkis, head.size)
    # 5 heads and cosignatures are not older than asked for, nor from the future; no head precedes the period's end
    with within(STEPS[4]):
        _check_freshness(opened.cosignatures, heads, parts.scope, trust)
    # 6 the registrations of each subject form one unbroken chain up to its head, from the first or from before the period
    with within(STEPS[5]):
        whole = Scope(parts.scope.subject)
        subjects = [_chain(section, heads[section.subject], parts.scope) for section in parts.subjects]
        key_chains = [_chain(section, heads[section.subject], whole) for section in parts.keys]
    # 7 each registration is a leaf under the checkpoint's root, at one place, later ones after earlier ones
    with within(STEPS[6]):
        _check_inclusion([*subjects, *key_chains], head)
    # 8 each receipt is the log's own and says the same place
    with within(STEPS[7]):
        _check_receipts([*subjects, *key_chains], log_spkis, head)
    # 9 each statement is the one its registration names, on that subject, and registered once
    with within(STEPS[8]):
        _check_statements([*subjects, *key_chains])
    # 10 every key is registered by who may do so, from the log's root on, and no revocation is left out
    with within(STEPS[9]):
        ring = _key_ring(key_chains, trust)
    # 11 each statement is signed by a key of its issuer that was good when it was registered
    with within(STEPS[10]):
        found = [SubjectFacts(one[0].subject, one[0], _facts(one, ring, parts.scope)) for one in subjects]
    # 12 each statement absent from within the period is named by a later statement of an authority that it has expired
    with within(STEPS[11]):
        for one in found:
            _check_expiry(one.facts, ring)
    # 13 the file is as it was written: its closing digest covers what no signature does
    with within(STEPS[12]):
        bundles.check_digest(parts, closing_digest)
    return Verified(
        origin=head.origin,
        scope=parts.scope,
        size=head.size,
        root=head.root,
        cosigned=tuple((one.verifier.name, _time(one)) for one in opened.cosignatures),
        is_witnessed=trust.policy is not None and trust.policy.quorum is not None,
        subjects=tuple(found),
        keys=ring.records,
    )


def _open_checkpoint(parts: Bundle, trust: Trust) -> tuple[checkpoints.Opened, dict[bytes, bytes]]:
    """The verified checkpoint, and the SPKIs of the log's trusted keys by their ``kid``."""
    given = trust.log_keys or (trust.policy.logs if trust.policy else ())
    verifiers = [key if isinstance(key, note.Verifier) else note.parse_verifier(key) for key in given]
    log_keys = [key for key in verifiers if key.name == parts.origin and key.type == note.ED25519]
    require(bool(log_keys), "trust", "no trusted key of this log", "没有该日志的可信密钥")
    witnesses = trust.policy.witnesses.values() if trust.policy else ()
    opened = checkpoints.open(parts.checkpoint, log_keys, witnesses)
    return opened, {keys.kid_of(key.spki): key.spki for key in log_keys}


def _check_quorum(cosignatures: Iterable[note.Signature], trust: Trust) -> None:
    if trust.policy is not None:
        met = trust.policy.is_met(one.verifier for one in cosignatures)
        require(met, "policy", "too few witnesses", "见证方数量不足")


def _open_heads(parts: Bundle, log_spkis: dict[bytes, bytes], size: int) -> dict[str, SubjectHead]:
    heads: dict[str, SubjectHead] = {}
    for section in (*parts.subjects, *parts.keys):
        head = subject_head.verify(section.head, _log_spki(section.head, log_spkis), parts.origin)
        same = head.subject == section.subject
        require(same, "subject head", "the head of another subject", "主题头属于其他主题")
        require(head.subject not in heads, "subject head", "a subject given twice", "主题重复")
        require(head.size == size, "subject head", "for another size than the checkpoint", "主题头与检查点大小不符")
        heads[head.subject] = head
    for section in parts.subjects:
        require(not _is_of_keys(section.subject), "subject head", "keys among the subjects", "密钥主题位置错误")
    for section in parts.keys:
        require(_is_of_keys(section.subject), "subject head", "other subjects among the keys", "密钥部分含其他主题")
    require(parts.scope.subject in heads, "subject head", "the subject asked for is missing", "缺少所查主题")
    return heads


def _check_freshness(
    cosignatures: Iterable[note.Signature], heads: dict[str, SubjectHead], scope: Scope, trust: Trust
) -> None:
    for head in heads.values():
        after = scope.end is None or head.at >= scope.end
        require(after, "subject head", "made before the period's end", "主题头早于期间终点")
    if trust.at is None:
        require(trust.max_age is None, "trust", "an age is limited but no time given", "限制了时效但未给出时间")
        return
    require(trust.at.tzinfo is not None, "trust", "the time has no zone", "时间缺少时区")
    latest = trust.at + CLOCK_SKEW
    times = [_of_nanoseconds(head.at) for head in heads.values()]
    fresh = list(cosignatures)
    require(all(time <= latest for time in times), "subject head", "from the future", "主题头来自未来")
    require(all(_time(one) <= latest for one in fresh), "cosignature", "from the future", "见证签名来自未来")
    if trust.max_age is None:
        return
    earliest = trust.at - trust.max_age
    require(all(time >= earliest for time in times), "subject head", "too old", "主题头过旧")
    if trust.policy is not None:
        met = trust.policy.is_met(one.verifier for one in fresh if _time(one) >= earliest)
        require(met, "cosignature", "too old", "见证签名过旧")


def _chain(section: Section, head: SubjectHead, scope: Scope) -> _Chain:
    """The links of a subject, unbroken up to its head, from the first or from one before the period."""
    links: list[_Link] = []
    for entry in section.entries:
        link = _Link(entry, registration.decode(entry.registration), registration.digest(entry.registration))
        one = link.registration
        require(one.origin == head.origin, "registration", "of another log", "登记属于其他日志")
        require(one.subject == head.subject, "registration", "of another subject", "登记属于其他主题")
        if links:
            before = links[-1]
            follows = one.seq == before.registration.seq + 1 and one.prev == before.digest
            require(follows, "registration", f"{one.seq} does not follow", f"第 {one.seq} 条登记不连续")
            require(one.at >= before.registration.at, "registration", "earlier than the last", "登记时间倒退")
        links.append(link)
    last = (links[-1].registration.seq, links[-1].digest) if links else (0, None)
    require(last == (head.seq, head.digest), "registration", "the last is not the head's", "末条登记与主题头不符")
    if links and links[0].registration.seq > 1:
        early = scope.start is not None and links[0].registration.at < scope.start
        require(early, "registration", "the first ones are missing", "缺少最初的登记")
    return head, tuple(links)


def _check_inclusion(chains: Iterable[_Chain], head: checkpoints.Checkpoint) -> None:
    places: set[int] = set()
    for _, links in chains:
        last = -1
        for link in links:
            entry = link.entry
            proof.verify_inclusion(proof.leaf_hash(link.digest), entry.index, head.size, entry.path, head.root)
            require(entry.index > last, "inclusion", "not in the order of the log", "未按日志顺序")
            require(entry.index not in places, "inclusion", "two at one place", "同一位置出现两条")
            last = entry.index
            places.add(last)


def _check_receipts(chains: Iterable[_Chain], log_spkis: dict[bytes, bytes], head: checkpoints.Checkpoint) -> None:
    for link in _links(chains):
        data = link.entry.receipt
        if data is not None:
            found = receipt.verify(data, link.digest, _log_spki(data, log_spkis), head.origin)
            require(found.index == link.entry.index, "receipt", "says another place", "回执序号不符")
            require(found.size <= head.size, "receipt", "of a later tree", "回执晚于检查点")
            same = found.size < head.size or found.root == head.root
            require(same, "receipt", "one size, two roots", "同一大小出现两个根")


def _check_statements(chains: Iterable[_Chain]) -> None:
    seen: set[bytes] = set()
    for link in _links(chains):
        digest = link.registration.statement
        require(digest not in seen, "statement", "registered twice", "声明重复登记")
        seen.add(digest)
        data = link.entry.statement
        if data is not None:
            require(statement.digest(data) == digest, "statement", "not the one registered", "不是所登记的声明")
            same = statement.parse_unverified(data).subject == link.registration.subject
            require(same, "statement", "on another subject", "声明主题不符")


def _key_ring(key_chains: Iterable[_Chain], trust: Trust) -> KeyRing:
    ring = KeyRing(trust.authorities)
    for link in sorted(_links(key_chains), key=lambda link: link.entry.index):
        data = link.entry.statement
        if data is None:
            raise VerificationError("key", "a statement about a key is missing", "缺少密钥声明")
        ring.apply(data, link.registration, link.entry.index)
    return ring


def _facts(chain: _Chain, ring: KeyRing, scope: Scope) -> tuple[Fact, ...]:
    facts = []
    for link in chain[1]:
        data, one, index = link.entry.statement, link.registration, link.entry.index
        if data is None:
            absent = EXPIRED if scope.covers(one.at) else OUTSIDE
            facts.append(Fact(one, link.digest, index, None, None, absent))
        else:
            key = ring.signer_of(statement.parse_unverified(data), one.at, index)
            facts.append(Fact(one, link.digest, index, statement.open(data, key.spki), key, None))
    return tuple(facts)


def _check_expiry(facts: tuple[Fact, ...], ring: KeyRing) -> None:
    authorities = ring.authority_organisations
    expired: set[bytes] = set()
    for fact in reversed(facts):
        if fact.absent == EXPIRED:
            stated = fact.registration.statement in expired
            require(stated, "statement", f"number {fact.registration.seq} is missing", "缺少声明")
        elif fact.statement is not None and fact.statement.kind == EXPIRE and fact.statement.issuer in authorities:
            expired |= _digests(fact.statement.body.get("statements"))


def _digests(value: object) -> set[bytes]:
    return {one for one in value if type(one) is bytes} if isinstance(value, list) else set()


def _log_spki(signed: bytes, log_spkis: dict[bytes, bytes]) -> bytes:
    spki = log_spkis.get(cose.parse(signed).kid)
    if spki is None:
        raise VerificationError("cose", "not signed by the log", "不是日志签名")
    return spki


def _links(chains: Iterable[_Chain]) -> Iterator[_Link]:
    for _, links in chains:
        yield from links


def _is_of_keys(subject: str) -> bool:
    return subject.startswith(subject_of(""))


def _time(cosignature: note.Signature) -> datetime:
    """The time of a cosignature; one beyond what a date can say counts as the end of time."""
    return _of_nanoseconds((cosignature.at or 0) * 1_000_000_000)


def _of_nanoseconds(nanoseconds: int) -> datetime:
    latest = datetime.max.replace(tzinfo=UTC)
    seconds = nanoseconds // 1_000_000_000
    return datetime.fromtimestamp(seconds, UTC) if seconds < latest.timestamp() else latest
