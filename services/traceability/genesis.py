"""The first act of a log: its operator's key is registered, the anchor from which every other key is believed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from hazway import key_record, statement
from services.runtime.clock import nanoseconds
from services.traceability import store
from services.traceability.keeper import OPERATOR, Keeper
from services.traceability.model import Key
from services.traceability.record import Act, register_all


def begin(engine: Engine, keeper: Keeper, at: datetime) -> None:
    """Register the operator's own key unless that was done before."""
    signer = keeper.operator
    with engine.begin() as connection:
        if not store.insert_key(connection, Key(signer.kid, OPERATOR, signer.spki, at)):
            return
        signed = statement.make(
            signer,
            issuer=OPERATOR,
            subject=key_record.subject_of(OPERATOR),
            kind=key_record.REGISTER,
            request_id="genesis",
            body=key_record.register_body(
                organisation=OPERATOR,
                spki=signer.spki,
                possession=key_record.prove_possession(signer, OPERATOR),
                valid_from=nanoseconds(at),
            ),
            issued_at=at,
        )
        register_all(connection, keeper, [Act(statement.open(signed, signer.spki), signed, at)])
