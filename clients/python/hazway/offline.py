"""Acts made without a network: signed on the spot, carried in a file, sent when there is a line again.

The file is JSON: ``method``, and ``request`` in protobuf's JSON mapping with its statement inside. Two people who meet where
no network reaches pass the giver's file on: the taker reads what was signed, signs its digest, and each sends its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from hazway import body, ids, keys, statement
from hazway.acts import ACTS
from hazway.errors import VerificationError, require
from hazway.waybill.v1 import handover_pb2 as handover

OFFER = "hazway.waybill.v1.HandoverService/OfferHandover"
COUNTERSIGN = "hazway.waybill.v1.HandoverService/CountersignHandover"
REFUSE = "hazway.waybill.v1.HandoverService/RefuseHandover"
_STEP = "offline act"


def complete(method: str, request: Any, *, organisation: str, signer: keys.Signer | None, now: datetime) -> None:
    """Give the request its id and its statement, where the method wants them and they are not there yet."""
    if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
        request.request_id = ids.new_id()
    if method in ACTS and not request.statement and signer is not None:
        act = ACTS[method]
        request.statement = statement.make(
            signer,
            issuer=organisation,
            subject=act.subject(request),
            kind=act.kind,
            request_id=request.request_id,
            body=body.body_of(request),
            issued_at=now,
        )


def dumps(method: str, request: Message) -> str:
    """The file of an act."""
    return json.dumps(
        {"method": method, "request": json_format.MessageToDict(request, preserving_proto_field_name=True)},
        ensure_ascii=False,
        indent=2,
    )


def loads(text: str) -> tuple[str, Any]:
    """The method and the request of a file. Raises ``VerificationError`` for anything else."""
    try:
        read = json.loads(text)
        method = read["method"]
        request = request_class(method)()
        json_format.ParseDict(read["request"], request)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, json_format.ParseError) as error:
        raise VerificationError(_STEP, f"not the file of an act: {error}", "不是离线操作文件") from error
    return method, request


def request_class(method: str) -> type[Message]:
    """Of ``hazway.<slice>.v1.<Service>/<Method>``. Raises ``KeyError``."""
    service, _, name = method.partition("/")
    described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return message_factory.GetMessageClass(described.input_type)


def stated(method: str, request: Any) -> statement.Statement:
    """What the request's statement says, found to say just what the request says. Whose key signed it the server checks.

    Raises ``VerificationError``.
    """
    require(method in ACTS, _STEP, "this act is not signed", "该操作不签名")
    said, act = statement.parse_unverified(request.statement), ACTS[method]
    same = said.body == body.body_of(request) and said.kind == act.kind and said.subject == act.subject(request)
    require(same, _STEP, "the statement says something else than the file", "声明与文件内容不符")
    require(said.text is not None, _STEP, "the signer saw another text", "签署人所见文本不符")
    return said


def countersigned(
    offer: handover.OfferHandoverRequest,
    *,
    signed_by: str,
    signed_at: datetime,
    received_g: Iterable[tuple[int, int]] = (),
    differences: str = "",
) -> handover.CountersignHandoverRequest:
    """The taker's answer to the giver's file, to be completed with the taker's key. ``received_g`` is (goods line, grams)."""
    request = handover.CountersignHandoverRequest(
        waybill_id=offer.handover.waybill_id,
        handover_id=offer.handover.id,
        statement_digest=stated(OFFER, offer).digest,
        signed_by=signed_by,
        differences=differences,
    )
    for goods_number, delivered_g in received_g:
        request.received.add(goods_number=goods_number, delivered_g=delivered_g)
    request.signed_at.FromDatetime(signed_at)
    return request


def refused(
    offer: handover.OfferHandoverRequest, *, signed_by: str, signed_at: datetime, reason: str
) -> handover.RefuseHandoverRequest:
    """The taker does not take it."""
    request = handover.RefuseHandoverRequest(
        waybill_id=offer.handover.waybill_id,
        handover_id=offer.handover.id,
        statement_digest=stated(OFFER, offer).digest,
        signed_by=signed_by,
        refused_reason=reason,
    )
    request.signed_at.FromDatetime(signed_at)
    return request
