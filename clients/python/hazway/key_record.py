"""Whose key is it? Statements about keys, themselves in the log, and the key ring that they add up to.

An organisation's keys are stated on the subject ``keys/<organisation>`` by two kinds of statement.

``key.register`` says ``organisation``, ``key`` (SPKI), ``alg``, ``valid_from``, ``custodial`` and ``possession``, the new
key's own signature over the organisation and itself. It is signed by

- the key itself, for a *root*: the first entry of the log, or a key the verifier was told to trust as an authority;
- another valid key of the same organisation (rotation);
- a key of an authority, which is an organisation with a root key (the first key, and the way back from a lost one).

``key.revoke`` says ``organisation``, ``kid``, ``revoked_at`` and a ``reason``, and is signed by a valid key of the same
organisation or by an authority. The time is that of the *registration* of what the key signed: what was registered
before stays good for ever. Only an authority may revoke from a time before its own registration, for an organisation
could otherwise disown what it has said; keys that were registered by a key within its revoked time are void with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hazway import cbor, keys, statement
from hazway.errors import VerificationError, require
from hazway.registration import Registration

REGISTER = "key.register"
REVOKE = "key.revoke"
_STEP = "key"
_REGISTER_FIELDS: dict[str, type | tuple[type, ...]] = {
    "organisation": str,
    "key": bytes,
    "alg": int,
    "valid_from": int,
    "possession": bytes,
    "custodial": bool,
}
_REVOKE_FIELDS: dict[str, type | tuple[type, ...]] = {
    "organisation": str,
    "kid": bytes,
    "revoked_at": int,
    "reason": str,
}


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key of an organisation, with times in nanoseconds since 1970; ``by`` is the organisation that registered it.

    ``registered_by`` is the ``kid`` of the key that signed the registration; ``is_root`` where that is the key itself.
    """

    organisation: str
    kid: bytes
    spki: bytes
    custodial: bool
    valid_from: int
    registered_at: int
    index: int
    by: str
    registered_by: bytes
    is_root: bool
    revoked_at: int | None = None


def subject_of(organisation: str) -> str:
    """The subject on which the keys of an organisation are stated."""
    return f"keys/{organisation}"


def prove_possession(signer: keys.Signer, organisation: str) -> bytes:
    """The signature by which whoever asks for a key's registration shows that he has it."""
    return signer.sign(_possession(organisation, signer.spki))


def is_possessed(organisation: str, spki: bytes, possession: bytes) -> bool:
    """Whether ``possession`` was made by the key itself for this organisation."""
    try:
        keys.verify(spki, keys.alg_of(spki), _possession(organisation, spki), possession)
    except VerificationError:
        return False
    return True


def register_body(
    *, organisation: str, spki: bytes, possession: bytes, valid_from: int, custodial: bool = False
) -> dict[str, Any]:
    """The body of ``key.register``; ``custodial`` is left out when false, as in every stated body."""
    body = {
        "organisation": organisation,
        "key": spki,
        "alg": keys.alg_of(spki),
        "valid_from": valid_from,
        "possession": possession,
    }
    return body | ({"custodial": True} if custodial else {})


def revoke_body(*, organisation: str, kid: bytes, revoked_at: int, reason: str) -> dict[str, Any]:
    """The body of ``key.revoke``."""
    return {"organisation": organisation, "kid": kid, "revoked_at": revoked_at, "reason": reason}


class KeyRing:
    """The keys known from statements applied in the order of their index in the log."""

    def __init__(self, authorities: Iterable[bytes] = ()) -> None:
        """``authorities`` are the SPKIs of keys trusted as roots; where none is named, the log's entry 0 is the root."""
        self._authorities = frozenset(authorities)
        self._keys: dict[bytes, KeyRecord] = {}
        self._registered_by: defaultdict[bytes, list[KeyRecord]] = defaultdict(list)
        self._last_index = -1

    @property
    def records(self) -> tuple[KeyRecord, ...]:
        """Every key, in the order of registration."""
        return tuple(self._keys.values())

    @property
    def authority_organisations(self) -> frozenset[str]:
        return frozenset(record.organisation for record in self._keys.values() if record.is_root)

    def apply(self, data: bytes, registration: Registration, index: int) -> None:
        """Take in one statement about a key, which is entry ``index``; raises where it is not rightful."""
        require(index > self._last_index, _STEP, "not in the order of the log", "未按日志顺序")
        self._last_index = index
        claimed = statement.parse_unverified(data)
        if claimed.kind == REGISTER:
            self._register(data, claimed, registration, index)
        elif claimed.kind == REVOKE:
            self._revoke(data, claimed, registration, index)
        else:
            raise VerificationError(_STEP, f"{claimed.kind} does not concern keys", f"{claimed.kind} 与密钥无关")

    def signer_of(self, said: statement.Statement, at: int, index: int) -> KeyRecord:
        """The issuer's key that signed a statement registered at the time ``at`` as entry ``index``.

        It must have been registered before, not revoked from a time up to ``at``, and be custodial if the statement says
        so. The signature itself is for ``statement.open`` to verify with the key returned.
        """
        record = self._keys.get(said.kid)
        if record is None or record.organisation != said.issuer:
            raise VerificationError(_STEP, f"{said.issuer} has no such key", f"{said.issuer} 没有该密钥")
        require(record.index < index, _STEP, "the key was registered later", "密钥登记在后")
        require(record.valid_from <= at, _STEP, "the key was not valid yet", "密钥尚未生效")
        revoked = record.revoked_at is not None and at >= record.revoked_at
        require(not revoked, _STEP, "the key was revoked", "密钥已吊销")
        require(record.custodial == said.custodial, _STEP, "the key's custody is misstated", "密钥托管声明不符")
        return record

    def _register(self, data: bytes, claimed: statement.Statement, registration: Registration, index: int) -> None:
        body = cbor.shape({"custodial": False} | claimed.body, _REGISTER_FIELDS, _STEP)
        organisation, spki = body["organisation"], body["key"]
        require(claimed.subject == subject_of(organisation), _STEP, "stated on another subject", "主题不符")
        require(body["alg"] == keys.alg_of(spki), _STEP, "the algorithm does not fit the key", "算法与密钥不符")
        kid = keys.kid_of(spki)
        require(kid not in self._keys, _STEP, "the key is registered already", "密钥已登记")
        keys.verify(spki, body["alg"], _possession(organisation, spki), body["possession"])
        is_root = claimed.kid == kid
        if is_root:
            self._check_root(spki, claimed.issuer == organisation, index)
            statement.open(data, spki)
        else:
            self._open_by_rightful(data, claimed, organisation, registration, index)
        record = KeyRecord(
            organisation=organisation,
            kid=kid,
            spki=spki,
            custodial=body["custodial"],
            valid_from=body["valid_from"],
            registered_at=registration.at,
            index=index,
            by=claimed.issuer,
            registered_by=claimed.kid,
            is_root=is_root,
        )
        self._keys[kid] = record
        if not is_root:
            self._registered_by[claimed.kid].append(record)

    def _check_root(self, spki: bytes, is_own: bool, index: int) -> None:
        trusted = spki in self._authorities if self._authorities else index == 0
        require(trusted and is_own, _STEP, "a key that only vouches for itself", "密钥仅由自身担保")

    def _revoke(self, data: bytes, claimed: statement.Statement, registration: Registration, index: int) -> None:
        body = cbor.shape({"reason": ""} | claimed.body, _REVOKE_FIELDS, _STEP)
        organisation = body["organisation"]
        require(claimed.subject == subject_of(organisation), _STEP, "stated on another subject", "主题不符")
        record = self._keys.get(body["kid"])
        if record is None or record.organisation != organisation:
            raise VerificationError(_STEP, f"{organisation} has no such key", f"{organisation} 没有该密钥")
        by = self._open_by_rightful(data, claimed, organisation, registration, index)
        reaches_back = by.organisation in self.authority_organisations
        revoked_at = body["revoked_at"] if reaches_back else max(body["revoked_at"], registration.at)
        self._set_revoked(record, revoked_at)

    def _set_revoked(self, record: KeyRecord, revoked_at: int) -> None:
        """Revoke the key from that time, or the earlier one known, and void the keys it registered since."""
        waiting = [(record.kid, revoked_at)]
        while waiting:
            kid, since = waiting.pop()
            known = self._keys[kid].revoked_at
            if known is None or since < known:
                self._keys[kid] = replace(self._keys[kid], revoked_at=since)
                for child in self._registered_by[kid]:
                    if child.registered_at >= since:
                        waiting.append((child.kid, min(child.valid_from, child.registered_at)))

    def _open_by_rightful(
        self, data: bytes, claimed: statement.Statement, organisation: str, registration: Registration, index: int
    ) -> KeyRecord:
        by = self.signer_of(claimed, registration.at, index)
        rightful = by.organisation == organisation or by.organisation in self.authority_organisations
        require(rightful, _STEP, "signed by an organisation without the right", "签发单位无权登记或吊销")
        statement.open(data, by.spki)
        return by


def _possession(organisation: str, spki: bytes) -> bytes:
    return cbor.dumps(["hazway key possession", organisation, spki])
