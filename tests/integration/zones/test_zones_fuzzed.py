"""Every field of every request filled with what nobody would send: an answer or a refusal with reason, never a server error."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from hazway.client import Client
from hazway.refusals import Refused
from hazway.zones.v1 import zones_pb2 as pb
from tests.integration.zones.zone_house import SERVICE, import_model, plan_request, square
from tests.world import World

METHODS = [method.name for method in descriptor_pool.Default().FindServiceByName("hazway.zones.v1.ZoneService").methods]
TEXTS = (
    "",
    "x",
    "1203",
    "A",
    "D",
    "\x00",
    "长" * 3_000,
    "1" * 40,
    "-1",
    "2026-02-30",
    "0001-01-01",
    "‮",
    "{}",
    "[[]]",
    "1:2:3",
)
NUMBERS = (0, 1, -1, 7, 1440, 2**31 - 1, -(2**31), 900_000_000, 1_800_000_000)
LONG = (*NUMBERS, 2**63 - 1, -(2**63))
_WIDE = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def spoil(message: Any, rng: random.Random, share: float, depth: int = 0) -> None:
    """Change some of the message's fields to extremes, adding parts it did not have."""
    for field in message.DESCRIPTOR.fields:
        if rng.random() > share or field.name in ("request_id", "statement"):
            continue
        if field.message_type is not None:
            if depth < 7:
                part = getattr(message, field.name)
                spoil(part.add() if field.is_repeated else part, rng, share, depth + 1)
                if not field.is_repeated:
                    part.SetInParent()
        elif field.is_repeated:
            getattr(message, field.name).append(value(field, rng))
        else:
            setattr(message, field.name, value(field, rng))


def value(field: FieldDescriptor, rng: random.Random) -> object:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return b"\xff" if field.type == FieldDescriptor.TYPE_BYTES else rng.choice(TEXTS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return rng.random() < 0.5
    number = rng.choice(LONG if field.cpp_type in _WIDE else NUMBERS)
    return abs(number) if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 else number


def sound(name: str) -> Message:
    """A request of the method that would pass."""
    known: dict[str, Message] = {
        "PutZone": pb.PutZoneRequest(zone=square("old-town")),
        "PlanRoute": plan_request(),
        "ReadGeoJson": pb.ReadGeoJsonRequest(
            geo_json='{"type": "FeatureCollection", "features": [{"type": "Feature"}]}'
        ),
        "CheckRoute": pb.CheckRouteRequest(goods=plan_request().goods),
    }
    method = descriptor_pool.Default().FindServiceByName("hazway.zones.v1.ZoneService").methods_by_name[name]
    request: Any = message_factory.GetMessageClass(method.input_type)()
    if name in known:
        request.CopyFrom(known[name])
    return request


@pytest.mark.parametrize("seed", range(3))
def test_no_field_of_any_request_brings_a_server_error(world: World, seed: int) -> None:
    import_model(world)
    client = world.operator
    rng = random.Random(seed)
    for name in METHODS:
        for _ in range(60):
            request: Any = sound(name)
            spoil(request, rng, rng.choice((0.05, 0.15, 0.3)))
            if "statement" in request.DESCRIPTOR.fields_by_name:
                request.statement = b"\x00"
            if "validate_only" in request.DESCRIPTOR.fields_by_name and rng.random() < 0.5:
                request.validate_only = True
            reasons = outcome(client, name, request)
            assert reasons, (name, request)
            assert "INTERNAL" not in reasons, (name, request)


def outcome(client: Client, name: str, request: Message) -> frozenset[str]:
    """The reasons of the refusal, or OK; nothing for a failure without a reason."""
    try:
        client.call(SERVICE + name, request, patience_s=0)
    except Refused as refusal:
        return refusal.reasons
    return frozenset({"OK"})
