"""A log wholly in memory, honest or as dishonest as a test wants it, and a small world that states things in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from hazway import checkpoint, key_record, keys, note, proof, receipt, statement, subject_head, tiles
from hazway.bundle import Bundle, Entry, Scope, Section
from hazway.policy import Policy, parse
from hazway.record import Trust
from hazway.registration import Registration

ORIGIN = "log.hazway.example/2026"
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OPERATOR, CARRIER, CONSIGNEE = "operator", "carrier", "consignee"


def nanoseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1_000_000_000


def fixed_key(name: str) -> keys.Ed25519Signer:
    """An Ed25519 key that is the same in every run."""
    seed = hashlib.sha256(f"test key {name}".encode()).digest()
    return keys.Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def fixed_es256_key(name: str) -> keys.Es256Signer:
    number = int.from_bytes(hashlib.sha256(f"test key {name}".encode()).digest(), "big")
    return keys.Es256Signer(ec.derive_private_key(number, ec.SECP256R1()))


def hash_source(entries: list[bytes]) -> proof.HashSource:
    def source(level: int, index: int) -> bytes:
        leaves = entries[index << level : (index + 1) << level]
        assert len(leaves) == 1 << level
        return proof.root_of([proof.leaf_hash(entry) for entry in leaves])

    return source


def files_of(entries: list[bytes], checkpoint_text: str) -> dict[str, bytes]:
    """The static files of a log of these entries."""
    source = hash_source(entries)
    files = {"checkpoint": checkpoint_text.encode()}
    for tile in tiles.tiles_of(len(entries)):
        places = range(tile.n * tiles.WIDTH, tile.n * tiles.WIDTH + tile.width)
        if tile.level is None:
            files[tile.path] = tiles.encode_entries([entries[place] for place in places])
        else:
            files[tile.path] = b"".join(source(tile.level * tiles.HEIGHT, place) for place in places)
    return files


def reader_of(files: dict[str, bytes]) -> tiles.Reader:
    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return read


@dataclass
class Link:
    """A registration in the log with what it registered."""

    registration: Registration
    index: int
    statement: bytes


class SimulatedLog:
    """Appends one registration at a time; ``entries`` are the digests, ``chains`` the links by subject."""

    def __init__(self, origin: str = ORIGIN, key: str = "log") -> None:
        self.origin = origin
        self.signer = fixed_key(key)
        self.note_signer = note.Signer(origin, self.signer)
        self.entries: list[bytes] = []
        self.chains: dict[str, list[Link]] = {}

    @property
    def vkey(self) -> str:
        return str(self.note_signer.verifier)

    def register(self, data: bytes, at: datetime, subject: str | None = None) -> Link:
        """Append the registration of a statement, on its own subject unless the log cheats."""
        subject = subject or statement.parse_unverified(data).subject
        chain = self.chains.setdefault(subject, [])
        one = Registration(
            origin=self.origin,
            statement=statement.digest(data),
            subject=subject,
            seq=len(chain) + 1,
            prev=chain[-1].registration.digest() if chain else None,
            number=None,
            decision={"rules": "2026.1"},
            at=nanoseconds(at),
        )
        link = Link(one, len(self.entries), data)
        self.entries.append(one.digest())
        chain.append(link)
        return link

    def head_body(self, size: int | None = None) -> str:
        size = len(self.entries) if size is None else size
        root = proof.root_of([proof.leaf_hash(entry) for entry in self.entries[:size]])
        return checkpoint.Checkpoint(self.origin, size, root).body()

    def checkpoint(self, *cosigners: note.Signer, at: datetime, size: int | None = None) -> str:
        body = self.head_body(size)
        lines = [self.note_signer.line(body), *(one.line(body, int(at.timestamp())) for one in cosigners)]
        return f"{body}\n{''.join(lines)}"

    def path(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        size = len(self.entries) if size is None else size
        return tuple(proof.inclusion_proof(index, size, hash_source(self.entries)))

    def receipt(self, index: int, size: int | None = None) -> bytes:
        size = len(self.entries) if size is None else size
        path = self.path(index, size)
        digest = self.entries[index]
        return receipt.make(self.signer, origin=self.origin, digest=digest, index=index, size=size, path=path)

    def head(self, subject: str, at: datetime) -> bytes:
        chain = self.chains.get(subject, [])
        digest = chain[-1].registration.digest() if chain else None
        return subject_head.make(
            self.signer,
            subject_head.SubjectHead(self.origin, subject, len(chain), digest, len(self.entries), nanoseconds(at)),
        )

    def section(self, subject: str, at: datetime, first: int = 1) -> Section:
        entries = tuple(
            Entry(
                registration=link.registration.encode(),
                index=link.index,
                path=self.path(link.index),
                statement=link.statement,
                receipt=self.receipt(link.index, link.index + 1),
            )
            for link in self.chains.get(subject, [])[first - 1 :]
        )
        return Section(subject, self.head(subject, at), entries)


class World:
    """An operator (whose key is the log's first entry), a carrier, a consignee with a P-256 key, and two witnesses."""

    def __init__(self) -> None:
        self.log = SimulatedLog()
        self.now = START
        self.signers: dict[str, keys.Signer] = {
            OPERATOR: fixed_key("operator"),
            CARRIER: fixed_key("carrier"),
            CONSIGNEE: fixed_es256_key("consignee"),
        }
        self.witnesses = [
            note.Signer(f"witness.example/{name}", fixed_key(name), note.COSIGNATURE)
            for name in ("police", "transport")
        ]
        self.salt = 0
        for organisation, signer in self.signers.items():
            self.state(self.key_statement(organisation, signer))

    def later(self, **passed: int) -> datetime:
        self.now += timedelta(**passed)
        return self.now

    def statement(
        self,
        issuer: str,
        subject: str,
        kind: str,
        body: dict[str, object],
        signer: keys.Signer | None = None,
        custodial: bool = False,
    ) -> bytes:
        self.salt += 1
        return statement.make(
            signer or self.signers[issuer],
            issuer=issuer,
            subject=subject,
            kind=kind,
            request_id=f"request-{self.salt}",
            body=body,
            issued_at=self.now,
            custodial=custodial,
            salt=self.salt.to_bytes(16, "big"),
        )

    def key_statement(
        self, organisation: str, signer: keys.Signer, by: str = OPERATOR, by_signer: keys.Signer | None = None
    ) -> bytes:
        body = key_record.register_body(
            organisation=organisation,
            spki=signer.spki,
            possession=key_record.prove_possession(signer, organisation),
            valid_from=nanoseconds(self.now),
        )
        return self.statement(by, key_record.subject_of(organisation), key_record.REGISTER, body, by_signer)

    def revocation(
        self, organisation: str, kid: bytes, at: datetime, by: str, by_signer: keys.Signer | None = None
    ) -> bytes:
        body = key_record.revoke_body(organisation=organisation, kid=kid, revoked_at=nanoseconds(at), reason="lost")
        return self.statement(by, key_record.subject_of(organisation), key_record.REVOKE, body, by_signer)

    def state(self, data: bytes) -> Link:
        return self.log.register(data, self.later(seconds=60))

    def say(self, issuer: str, subject: str, kind: str, body: dict[str, object] | None = None) -> Link:
        return self.state(self.statement(issuer, subject, kind, body or {}))

    def trip(self, waybill: str = "7") -> World:
        """A waybill issued, loaded, and signed for, with another trip in between."""
        subject = f"waybill/{waybill}"
        self.say(CARRIER, subject, "waybill.issue", {"goods": [{"un_number": "1203", "mass_g": 28_000_000}]})
        self.say(CARRIER, "waybill/8", "waybill.issue", {"goods": [{"un_number": "1202", "mass_g": 9_000_000}]})
        self.say(CARRIER, subject, "waybill.depart", {"depart_time": nanoseconds(self.now)})
        self.say(CONSIGNEE, subject, "waybill.sign", {"actual_mass_g": 27_980_000})
        return self

    def bundle(self, subject: str = "waybill/7", *related: str, **scope: datetime) -> Bundle:
        at = self.later(seconds=60)
        start = nanoseconds(scope["start"]) if "start" in scope else None
        end = nanoseconds(scope["end"]) if "end" in scope else None
        return Bundle(
            origin=self.log.origin,
            scope=Scope(subject, start, end),
            subjects=tuple(self.log.section(one, at) for one in (subject, *related)),
            keys=tuple(self.log.section(one, at) for one in self.log.chains if one.startswith("keys/")),
            checkpoint=self.log.checkpoint(*self.witnesses, at=at),
        )

    def policy(self, needed: str = "all") -> Policy:
        lines = [f"witness w{n} {one.verifier}" for n, one in enumerate(self.witnesses)]
        names = " ".join(f"w{n}" for n in range(len(self.witnesses)))
        return parse("\n".join([*lines, f"group both {needed} {names}", "quorum both", ""]))

    def trust(self) -> Trust:
        return Trust(
            log_keys=(self.log.vkey,), policy=self.policy(), max_age=timedelta(days=1), at=self.now + timedelta(hours=1)
        )
