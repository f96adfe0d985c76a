"""Writes the vectors of this directory: honest inputs, and each attack that a verifier must refuse, by its name.

Run as ``python -m tests.vectors.generate``. Vectors are only ever added: an attack refused once stays refused, and the
honest bundles are verified for ever. Existing files are left as they are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2

from hazway import bundle as bundles
from hazway import cbor, key_record, note, registration, subject_head
from hazway.bundle import Bundle, Entry, Section
from hazway.record import EXPIRE
from hazway.trust import Trust
from tests.simulated_log import (
    CARRIER,
    CONSIGNEE,
    OPERATOR,
    SimulatedLog,
    World,
    fixed_key,
    nanoseconds,
)

HERE = Path(__file__).parent
Attack = tuple[str, bytes, Trust]  # name, file, trust


def main() -> None:
    for step, attacks in RECORD_ATTACKS.items():
        for name, data, trust in attacks():
            number = step.split()[0].zfill(2)
            _write(HERE / "record" / f"{number}-{name}.json", {"step": step, "trust": trust_text(trust)}, data)
    for name, data, trust in honest():
        target = HERE / f"bundle-{name}.hazway"
        if not target.exists():
            target.write_bytes(data)
            (HERE / f"bundle-{name}.trust.json").write_text(json.dumps(trust_text(trust), indent=1) + "\n")


def _write(target: Path, fields: dict[str, Any], data: bytes) -> None:
    if not target.exists():
        encoded = base64.b64encode(data).decode()
        target.write_text(json.dumps(fields | {"bundle": encoded}, indent=1, ensure_ascii=False) + "\n")


def trust_text(trust: Trust) -> dict[str, Any]:
    """The trust as its JSON file has it, with the time of verifying beside it."""
    fields: dict[str, Any] = {"log_keys": [str(key) for key in trust.log_keys]}
    if trust.policy is not None:
        witnesses = [f"witness {name} {key}" for name, key in trust.policy.witnesses.items()]
        groups = [f"group {name} {one.needed} {' '.join(one.members)}" for name, one in trust.policy.groups.items()]
        fields["policy"] = "\n".join([*witnesses, *groups, f"quorum {trust.policy.quorum or 'none'}", ""])
    if trust.authorities:
        fields["authorities"] = [note.to_base64(spki) for spki in trust.authorities]
    if trust.max_age is not None:
        fields["max_age_s"] = int(trust.max_age.total_seconds())
    return {"trust": fields, "at": None if trust.at is None else trust.at.isoformat()}


def honest() -> Iterator[Attack]:
    """Bundles that must verify, under trust that has no clock in it."""
    world = World().trip()
    timeless = replace(world.trust(), max_age=None, at=None)
    yield "waybill-2026", bundles.encode(world.bundle("waybill/7", "waybill/8")), timeless
    world, bundle = expired_trip()
    yield "expired-2026", bundles.encode(bundle), replace(world.trust(), max_age=None, at=None)
    world, bundle = rotated_keys()
    yield "rotated-keys-2026", bundles.encode(bundle), replace(world.trust(), max_age=None, at=None)


def expired_trip() -> tuple[World, Bundle]:
    """The body of the first statement is gone, as the operator has stated."""
    world = World().trip()
    expired = world.log.chains["waybill/7"][0].registration.statement
    world.say(OPERATOR, "waybill/7", EXPIRE, {"statements": [expired], "retention_class": "waybill"})
    return world, with_entry(world.bundle(), 0, statement=None)


def rotated_keys() -> tuple[World, Bundle]:
    """The carrier rotates its key, loses the new one, and the operator revokes it and registers a third."""
    world = World()
    world.say(CARRIER, "waybill/7", "waybill.issue")
    second, third = fixed_key("carrier second"), fixed_key("carrier third")
    world.state(world.key_statement(CARRIER, second, by=CARRIER))
    old = world.signers[CARRIER]
    world.signers[CARRIER] = second
    world.say(CARRIER, "waybill/7", "waybill.depart")
    world.state(world.revocation(CARRIER, old.kid, world.now, by=CARRIER))
    world.state(world.revocation(CARRIER, second.kid, world.now, by=OPERATOR))
    world.state(world.key_statement(CARRIER, third))
    world.signers[CARRIER] = third
    world.say(CARRIER, "waybill/7", "waybill.arrive")
    return world, world.bundle()


def with_entry(bundle: Bundle, number: int, section: int = 0, **changes: Any) -> Bundle:
    entries = list(bundle.subjects[section].entries)
    entries[number] = replace(entries[number], **changes)
    return with_entries(bundle, tuple(entries), section)


def with_entries(bundle: Bundle, entries: tuple[Entry, ...], section: int = 0) -> Bundle:
    return with_section(bundle, replace(bundle.subjects[section], entries=entries), section)


def with_section(bundle: Bundle, new: Section, section: int = 0) -> Bundle:
    return replace(bundle, subjects=(*bundle.subjects[:section], new, *bundle.subjects[section + 1 :]))


def flip(data: bytes, bit: int = 0, byte: int = -1) -> bytes:
    changed = bytearray(data)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def _trip() -> tuple[World, Bundle]:
    world = World().trip()
    return world, world.bundle("waybill/7", "waybill/8")


def _format() -> Iterator[Attack]:
    world, bundle = _trip()
    data, trust = bundles.encode(bundle), world.trust()
    content = cbor.loads(data)
    yield "trailing-garbage", data + b"\x00", trust
    yield "truncated", data[:-1], trust
    yield "empty", b"", trust
    yield "not-a-map", cbor.dumps([content]), trust
    yield "another-format", cbor.dumps(content | {"format": "hazway-record/2"}), trust
    yield "field-missing", cbor.dumps({key: content[key] for key in content if key != "keys"}), trust
    yield "field-added", cbor.dumps(content | {"note": "trust me"}), trust
    yield "keys-unsorted", cbor2.dumps(dict(reversed(content.items()))), trust
    yield "key-repeated", flip(data[:1], 0, 0) + data[1:] + cbor.dumps("format") + cbor.dumps(""), trust
    yield "indefinite-length", b"\xbf" + data[1:] + b"\xff", trust
    yield "float-index", cbor2.dumps(content | {"scope": content["scope"] | {"from": 1.5}}), trust
    yield "boolean-index", cbor.dumps(_with_index(content, True)), trust
    yield "tagged", b"\xd2" + data, trust
    yield "nested-deeply", b"\x81" * 10_000 + b"\x00", trust
    yield "integer-as-bytes", cbor.dumps(content | {"digest": 1 << 40}), trust


def _with_index(content: dict[str, Any], index: object) -> dict[str, Any]:
    first, *others = content["subjects"]
    entry, *rest = first["entries"]
    return content | {"subjects": [first | {"entries": [entry | {"index": index}, *rest]}, *others]}


def _checkpoint() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()

    def changed(text: str) -> bytes:
        return bundles.encode(replace(bundle, checkpoint=text))

    text = bundle.checkpoint
    lines = text.split("\n")
    other = SimulatedLog(key="another")
    body = world.log.head_body()
    yield "signed-by-another-key", changed(note.sign(body, other.note_signer)), trust
    yield "signature-removed", changed("\n".join(lines[:4] + lines[5:])), trust
    yield "cosignature-wrong", changed(text.replace(lines[5][-8:], "AAAAAAA=")), trust
    yield "size-changed", changed(text.replace(f"\n{lines[1]}\n", f"\n{int(lines[1]) + 1}\n", 1)), trust
    yield "root-changed", changed(text.replace(lines[2], note.to_base64(b"\x00" * 32))), trust
    yield "size-with-leading-zero", changed(_resigned(world, f"{lines[0]}\n0{lines[1]}\n{lines[2]}\n")), trust
    yield "control-character", changed(text.replace("\n", "\r\n", 1)), trust
    yield "not-a-note", changed(body), trust
    yield "of-another-log", changed(_resigned(world, body.replace("2026", "2027"))), trust
    yield "log-not-trusted", bundles.encode(bundle), replace(trust, log_keys=(other.vkey,))
    yield "no-key-given", bundles.encode(bundle), replace(trust, log_keys=())
    yield "another-origin", bundles.encode(replace(bundle, origin="log.example/other")), trust


def _resigned(world: World, body: str) -> str:
    lines = [world.log.note_signer.line(body)]
    lines += [one.line(body, int(world.now.timestamp())) for one in world.witnesses]
    return f"{body}\n{''.join(lines)}"


def _witnesses() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    one = replace(bundle, checkpoint=world.log.checkpoint(world.witnesses[0], at=world.now))
    none = replace(bundle, checkpoint=world.log.checkpoint(at=world.now))
    twice = replace(bundle, checkpoint=world.log.checkpoint(*[world.witnesses[0]] * 2, at=world.now))
    strangers = [note.Signer(f"witness.example/{n}", fixed_key(f"stranger {n}"), note.COSIGNATURE) for n in range(2)]
    unknown = replace(bundle, checkpoint=world.log.checkpoint(*strangers, at=world.now))
    yield "one-of-two", bundles.encode(one), trust
    yield "none", bundles.encode(none), trust
    yield "one-twice", bundles.encode(twice), trust
    yield "only-strangers", bundles.encode(unknown), trust
    yield "none-where-one-is-enough", bundles.encode(none), replace(trust, policy=world.policy("any"))


def _heads() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    first = bundle.subjects[0]

    def changed(head: bytes) -> bytes:
        return bundles.encode(with_section(bundle, replace(first, head=head)))

    def signed(**changes: Any) -> bytes:
        genuine = subject_head.verify(first.head, world.log.signer.spki, world.log.origin)
        return subject_head.make(world.log.signer, replace(genuine, **changes))

    genuine = subject_head.verify(first.head, world.log.signer.spki, world.log.origin)
    yield "signature-flipped", changed(flip(first.head)), trust
    yield "signed-by-another-key", changed(subject_head.make(fixed_key("another"), genuine)), trust
    yield "of-another-subject", changed(bundle.subjects[1].head), trust
    yield "of-another-log", changed(signed(origin="log.example/other")), trust
    yield "for-a-smaller-log", changed(signed(size=genuine.size - 1)), trust
    yield "for-a-larger-log", changed(signed(size=genuine.size + 1)), trust
    yield "a-statement-instead", changed(first.entries[0].statement or b""), trust
    yield "a-receipt-instead", changed(first.entries[0].receipt or b""), trust
    yield "subject-given-twice", bundles.encode(replace(bundle, subjects=(first, first))), trust
    yield "subject-missing", bundles.encode(replace(bundle, subjects=bundle.subjects[1:])), trust
    yield "keys-among-subjects", bundles.encode(replace(bundle, subjects=(first, *bundle.keys), keys=())), trust


def _freshness() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    data = bundles.encode(bundle)
    yield "stale", data, replace(trust, at=world.now + timedelta(days=2))
    yield "from-the-future", data, replace(trust, at=world.now - timedelta(hours=1))
    yield "limit-without-time", data, replace(trust, at=None)
    old = world.log.checkpoint(*world.witnesses, at=world.now - timedelta(days=2))
    yield "cosigned-long-ago", bundles.encode(replace(bundle, checkpoint=old)), trust
    early = world.log.section("waybill/7", world.now - timedelta(days=2))
    yield "head-of-long-ago", bundles.encode(with_section(bundle, early)), trust
    unfinished = world.bundle(end=world.now + timedelta(hours=1))
    yield "head-before-the-period-ends", bundles.encode(unfinished), trust


def _completeness() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    entries = bundle.subjects[0].entries
    a, b, c = entries
    other = bundle.subjects[1].entries[0]

    def changed(*some: Entry) -> bytes:
        return bundles.encode(with_entries(bundle, some))

    def rewritten(entry: Entry, **changes: Any) -> Entry:
        return replace(entry, registration=replace(registration.decode(entry.registration), **changes).encode())

    yield "first-missing", changed(b, c), trust
    yield "middle-missing", changed(a, c), trust
    yield "last-missing", changed(a, b), trust
    yield "all-missing", changed(), trust
    yield "reordered", changed(b, a, c), trust
    yield "duplicated", changed(a, b, b, c), trust
    yield "of-another-subject", changed(a, b, c, other), trust
    yield "registration-bit-flipped", changed(a, replace(b, registration=flip(b.registration)), c), trust
    yield "number-changed", changed(a, rewritten(b, number="C3701"), c), trust
    yield "decision-changed", changed(a, b, rewritten(c, decision={})), trust
    yield "prev-changed", changed(a, rewritten(b, prev=b"\x00" * 32), c), trust
    yield "of-another-log", changed(rewritten(a, origin="log.example/other"), b, c), trust
    yield "key-revocation-left-out", bundles.encode(_without_revocation(world)), world.trust()
    late = World().trip()
    cut = late.bundle(start=late.now - timedelta(days=1))
    yield "cut-inside-the-period", bundles.encode(with_entries(cut, cut.subjects[0].entries[1:])), late.trust()
    backwards = World()
    backwards.say(CARRIER, "waybill/7", "waybill.issue")
    backwards.now -= timedelta(hours=1)
    backwards.say(CARRIER, "waybill/7", "waybill.depart")
    yield "time-runs-backwards", bundles.encode(backwards.bundle()), backwards.trust()


def _without_revocation(world: World) -> Bundle:
    world.state(world.revocation(CARRIER, world.signers[CARRIER].kid, world.now, by=OPERATOR))
    bundle = world.bundle("waybill/7", "waybill/8")
    cut = [
        replace(section, entries=section.entries[:-1]) if section.subject == f"keys/{CARRIER}" else section
        for section in bundle.keys
    ]
    return replace(bundle, keys=tuple(cut))


def _inclusion() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    a, b, _ = bundle.subjects[0].entries

    def changed(**changes: Any) -> bytes:
        return bundles.encode(with_entry(bundle, 0, **changes))

    yield "path-bit-flipped", changed(path=(flip(a.path[0]), *a.path[1:])), trust
    yield "path-truncated", changed(path=a.path[:-1]), trust
    yield "path-extended", changed(path=(*a.path, a.path[-1])), trust
    yield "path-empty", changed(path=()), trust
    yield "path-swapped", changed(path=b.path), trust
    yield "short-hash", changed(path=(a.path[0][:31], *a.path[1:])), trust
    yield "index-off-by-one", changed(index=a.index + 1), trust
    yield "index-negative", changed(index=-1), trust
    yield "index-beyond-the-log", changed(index=len(world.log.entries)), trust
    yield "index-huge", changed(index=(1 << 63) - 1), trust
    unlogged = World().trip()
    unlogged.log.entries[unlogged.log.chains["waybill/7"][0].index] = b"\x07" * 32
    yield "never-logged", bundles.encode(unlogged.bundle()), unlogged.trust()
    yield "not-in-the-order-of-the-log", *_out_of_order()


def _out_of_order() -> tuple[bytes, Trust]:
    """A log that gives the second registration of a subject the earlier place."""
    world = World()
    first = world.say(CARRIER, "waybill/7", "waybill.issue")
    second = world.say(CARRIER, "waybill/7", "waybill.depart")
    entries = world.log.entries
    entries[first.index], entries[second.index] = entries[second.index], entries[first.index]
    first.index, second.index = second.index, first.index
    return bundles.encode(world.bundle()), world.trust()


def _receipts() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    a, b, _ = bundle.subjects[0].entries

    def changed(receipt: bytes | None) -> bytes:
        return bundles.encode(with_entry(bundle, 0, receipt=receipt))

    def by(log: SimulatedLog) -> bytes:
        log.entries = world.log.entries
        return log.receipt(a.index)

    yield "signature-flipped", changed(flip(a.receipt or b"")), trust
    yield "of-another-entry", changed(b.receipt), trust
    yield "by-another-key", changed(by(SimulatedLog(key="another"))), trust
    yield "of-another-log", changed(by(SimulatedLog(origin="log.example/other"))), trust
    yield "a-head-instead", changed(bundle.subjects[0].head), trust
    grown = SimulatedLog()
    grown.entries = [*world.log.entries, b"\x01" * 32]
    yield "of-a-later-tree", changed(grown.receipt(a.index)), trust
    forked = SimulatedLog()
    forked.entries = [*world.log.entries[:-1], b"\x01" * 32]
    yield "of-a-forked-tree", changed(forked.receipt(a.index)), trust
    elsewhere = SimulatedLog()
    elsewhere.entries = [world.log.entries[a.index]]
    yield "of-another-place", changed(elsewhere.receipt(0)), trust


def _statements() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    a, b, _ = bundle.subjects[0].entries
    yield "swapped", bundles.encode(with_entry(bundle, 0, statement=b.statement)), trust
    yield "signature-flipped", bundles.encode(with_entry(bundle, 0, statement=flip(a.statement or b""))), trust
    yield "empty", bundles.encode(with_entry(bundle, 0, statement=b"")), trust
    again = World().trip()
    again.state(again.log.chains["waybill/7"][1].statement)
    yield "registered-twice", bundles.encode(again.bundle()), again.trust()
    moved = World().trip()
    about_9 = moved.statement(CARRIER, "waybill/9", "waybill.void", {})
    moved.log.register(about_9, moved.later(seconds=60), subject="waybill/7")
    yield "about-another-subject", bundles.encode(moved.bundle()), moved.trust()
    garbage = World().trip()
    garbage.log.register(b"\xd2\x84", garbage.later(seconds=60), subject="waybill/7")
    yield "not-a-statement", bundles.encode(garbage.bundle()), garbage.trust()


def _keys() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()

    def after(state: Callable[[World], bytes]) -> tuple[bytes, Trust]:
        changed = World().trip()
        changed.state(state(changed))
        return bundles.encode(changed.bundle()), changed.trust()

    mallory = fixed_key("mallory")
    yield "self-vouched", *after(lambda w: w.key_statement("mallory", mallory, by="mallory", by_signer=mallory))
    yield "by-an-unrelated-organisation", *after(lambda w: w.key_statement(CONSIGNEE, mallory, by=CARRIER))
    yield "by-a-stranger", *after(lambda w: w.key_statement(CARRIER, mallory, by=OPERATOR, by_signer=mallory))
    yield "registered-already", *after(lambda w: w.key_statement(CARRIER, w.signers[CARRIER]))
    yield "possession-not-proven", *after(lambda w: _key(w, possession=b"\x00" * 64))
    yield (
        "possession-for-another",
        *after(lambda w: _key(w, possession=key_record.prove_possession(mallory, CONSIGNEE))),
    )
    yield "algorithm-wrong", *after(lambda w: _key(w, alg=-7))
    yield "not-a-key", *after(lambda w: _key(w, key=b"\x00" * 44))
    yield "stated-for-another", *after(lambda w: _key(w, organisation=CONSIGNEE))
    yield "field-added", *after(lambda w: _key(w, admin=True))
    yield "of-another-kind", *after(lambda w: w.statement(OPERATOR, "keys/carrier", "key.praise", {}))
    yield "revoked-by-another", *after(lambda w: w.revocation(CARRIER, w.signers[CARRIER].kid, w.now, by=CONSIGNEE))
    yield "revoked-unknown-key", *after(lambda w: w.revocation(CARRIER, b"\x00" * 32, w.now, by=OPERATOR))
    yield "authority-not-trusted", bundles.encode(bundle), replace(trust, authorities=(mallory.spki,))
    yield "operator-left-out", bundles.encode(replace(bundle, keys=bundle.keys[1:])), trust
    keyless = [
        replace(one, entries=tuple(replace(entry, statement=None) for entry in one.entries))
        if one.subject == "keys/carrier"
        else one
        for one in bundle.keys
    ]
    yield "statement-missing", bundles.encode(replace(bundle, keys=tuple(keyless))), trust


def _key(world: World, **changes: Any) -> bytes:
    """The operator registers a second key of the carrier, with something about it changed."""
    mallory = fixed_key("mallory")
    body = key_record.register_body(
        organisation=CARRIER,
        spki=mallory.spki,
        possession=key_record.prove_possession(mallory, CARRIER),
        valid_from=nanoseconds(world.now),
    )
    return world.statement(OPERATOR, key_record.subject_of(CARRIER), key_record.REGISTER, body | changes)


def _signatures() -> Iterator[Attack]:
    def after(state: Callable[[World], object]) -> tuple[bytes, Trust]:
        world = World().trip()
        state(world)
        return bundles.encode(world.bundle()), world.trust()

    def forged(world: World, **how: Any) -> bytes:
        return world.statement(CARRIER, "waybill/7", "waybill.void", {"reason": "forged"}, **how)

    def wrong(world: World) -> None:
        data = flip(forged(world))
        world.log.register(data, world.later(seconds=60), subject="waybill/7")

    def revoked(world: World) -> None:
        world.state(world.revocation(CARRIER, world.signers[CARRIER].kid, world.now, by=CARRIER))
        world.state(forged(world))

    def revoked_looking_back(world: World) -> None:
        stolen = world.now
        world.state(forged(world))
        world.state(world.revocation(CARRIER, world.signers[CARRIER].kid, stolen, by=OPERATOR))

    def registered_by_a_stolen_key(world: World) -> None:
        stolen, mallory = world.now, fixed_key("mallory")
        world.state(world.key_statement(CARRIER, mallory, by=CARRIER))
        world.state(forged(world, signer=mallory))
        world.state(world.revocation(CARRIER, world.signers[CARRIER].kid, stolen, by=OPERATOR))

    def too_early(world: World) -> None:
        second = fixed_key("carrier second")
        world.state(forged(world, signer=second))
        world.state(world.key_statement(CARRIER, second))

    def not_valid_yet(world: World) -> None:
        second = fixed_key("carrier second")
        body = key_record.register_body(
            organisation=CARRIER,
            spki=second.spki,
            possession=key_record.prove_possession(second, CARRIER),
            valid_from=nanoseconds(world.now + timedelta(days=1)),
        )
        world.state(world.statement(OPERATOR, key_record.subject_of(CARRIER), key_record.REGISTER, body))
        world.state(forged(world, signer=second))

    yield "wrong", *after(wrong)
    yield "unknown-key", *after(lambda w: w.state(forged(w, signer=fixed_key("mallory"))))
    yield "key-of-another", *after(lambda w: w.state(forged(w, signer=w.signers[CONSIGNEE])))
    yield "key-of-the-operator", *after(lambda w: w.state(forged(w, signer=w.signers[OPERATOR])))
    yield "custody-misstated", *after(lambda w: w.state(forged(w, custodial=True)))
    yield "key-revoked", *after(revoked)
    yield "key-revoked-looking-back", *after(revoked_looking_back)
    yield "key-registered-by-a-stolen-key", *after(registered_by_a_stolen_key)
    yield "key-registered-later", *after(too_early)
    yield "key-not-valid-yet", *after(not_valid_yet)
    world, bundle = _trip()
    keyless = tuple(one for one in bundle.keys if one.subject != f"keys/{CONSIGNEE}")
    yield "key-left-out", bundles.encode(replace(bundle, keys=keyless)), world.trust()


def _expiry() -> Iterator[Attack]:
    world, bundle = _trip()
    yield "statement-removed", bundles.encode(with_entry(bundle, 0, statement=None)), world.trust()
    period = World().trip()
    cut = period.bundle(start=period.now - timedelta(minutes=1, seconds=30), end=period.now + timedelta(seconds=1))
    yield "removed-inside-the-period", bundles.encode(with_entry(cut, 2, statement=None)), period.trust()

    def stated(issuer: str, statements: Callable[[World], object], removed: int = 0) -> tuple[bytes, Trust]:
        world = World().trip()
        world.say(issuer, "waybill/7", EXPIRE, {"statements": statements(world)})
        world.say(CARRIER, "waybill/7", "waybill.complete")
        return bundles.encode(with_entry(world.bundle(), removed, statement=None)), world.trust()

    def first(world: World) -> list[bytes]:
        return [world.log.chains["waybill/7"][0].registration.statement]

    yield "not-by-an-authority", *stated(CARRIER, first)
    yield "of-another-statement", *stated(OPERATOR, first, removed=1)
    yield "of-a-later-statement", *stated(OPERATOR, first, removed=4)
    yield "expiry-itself-removed", *stated(OPERATOR, first, removed=3)
    yield "of-nothing", *stated(OPERATOR, lambda world: [])
    yield "not-a-list", *stated(OPERATOR, lambda world: first(world)[0])


def _digest() -> Iterator[Attack]:
    world, bundle = _trip()
    trust = world.trust()
    greased = replace(bundle, checkpoint=bundle.checkpoint + note.grease())
    content = cbor.loads(bundles.encode(bundle))
    closing = cbor.loads(bundles.encode(greased))["digest"]
    yield "bit-flipped", cbor.dumps(content | {"digest": flip(content["digest"])}), trust
    yield "too-short", cbor.dumps(content | {"digest": content["digest"][:31]}), trust
    yield "unknown-signature-removed", cbor.dumps(content | {"digest": closing}), trust
    without = cbor.loads(bundles.encode(with_entry(bundle, 0, receipt=None)))
    yield "receipt-removed", cbor.dumps(without | {"digest": content["digest"]}), trust
    fewer = cbor.loads(bundles.encode(replace(bundle, subjects=bundle.subjects[:1])))
    yield "related-subject-removed", cbor.dumps(fewer | {"digest": content["digest"]}), trust


RECORD_ATTACKS: dict[str, Callable[[], Iterator[Attack]]] = {
    "1 format": _format,
    "2 checkpoint": _checkpoint,
    "3 witnesses": _witnesses,
    "4 heads": _heads,
    "5 freshness": _freshness,
    "6 completeness": _completeness,
    "7 inclusion": _inclusion,
    "8 receipts": _receipts,
    "9 statements": _statements,
    "10 keys": _keys,
    "11 signatures": _signatures,
    "12 expiry": _expiry,
    "13 digest": _digest,
}

if __name__ == "__main__":
    main()
