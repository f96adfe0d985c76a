"""Every unary method over a real socket with every field spoilt, signed by who may and by who may not: never INTERNAL.

Each request begins as a sound one, so that what is spoilt in it is really looked at. Cases are drawn by the method's name,
the same on every run; every field at the top of every request is among them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from hazway import body, ids, key_record, keys, statement
from hazway.acts import ACTS
from hazway.errors import VerificationError
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import consignment_pb2, template_pb2
from hazway.zones.v1 import zones_pb2 as zones
from services import traceability
from services.runtime.access import Role, open_relations
from tests import cast as stage
from tests import servers
from tests.integration.loading.depot import Depot, a_fill
from tests.integration.registry.registry_house import an_organisation
from tests.integration.waybill.consigned import a_list
from tests.integration.zones import zone_house
from tests.spoilt import spoilt
from tests.wire_code import methods
from tests.world import World, running_world

PER_FIELD, STRANGE, MOST = 3, 4, 70
NEVER = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
WAITING = "NOT_YET_IN_LOG"  # the one way of being unavailable that is no fault: ask again
CHINESE, LATIN = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{3}")
NOBODY = "nobody"
# Whoever is first among those whom the table lets in is the right one to ask.
ROLES = {
    stage.CARRIER: Role.CARRIER, stage.LOADER: Role.LOADER, stage.CONSIGNEE: Role.CONSIGNEE,
    stage.CONSIGNOR: Role.CONSIGNOR, stage.TRANSPORT: Role.TRANSPORT_AUTHORITY, traceability.OPERATOR: Role.OPERATOR,
}  # fmt: skip
# What ends somebody's part in the play comes after everything else.
DEPTH = 6
UNSAID = ("request_id", "statement", "statement_digest", "etag", "page_token", "validate_only", "version")
# The past and the future of facts: now, until further notice, unless it is spoilt.
UNSAID_AT_THE_TOP = (*UNSAID, "valid_from", "valid_to")
LAST = ("Revoke", "EndEmployment", "Merge", "Withdraw", "Void", "Suspend")
WORDS = {
    "vehicle_id": "tractor", "tank_id": "tank", "person_id": "driver", "resource_id": "driver", "kept_id": "tractor",
    "merged_id": "trailer", "outgoing_id": "driver", "incoming_id": "escort", "carrier_id": stage.CARRIER,
    "organisation_id": stage.CARRIER, "organisation": stage.CARRIER, "un_number": "1203", "packing_group": "II",
    "hazard_class": "3", "mode": "tank", "plate": "粤B11001", "division_code": "440300", "category": "C", "iso": "2026-11-02",
    "url": "https://receiver.example/hook", "secret": "0123456789abcdef", "zone_id": "square", "json": "{}", "signed_by": "李站长",
    "consignment_list_id": "list-1", "template_id": "round",
    "geo_json": '{"type":"FeatureCollection","features":[]}', "subject": f"organisation/{stage.CARRIER}",
}  # fmt: skip


def unary_methods() -> list[MethodDescriptor]:
    """Every unary method of the contract, those that end something last."""
    found = [each for each in methods() if not each.client_streaming and not each.server_streaming]
    return sorted(found, key=lambda method: [method.name.startswith(end) for end in reversed(LAST)])


class House:
    """The world with its cast, a sound request for every method, and channels that say exactly what they are told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cast = stage.play(world)
        depot = Depot.open(self.cast)
        depot.submit()
        registered = self.cast.issue(stage.a_waybill(departure=datetime(2026, 11, 4, 2, tzinfo=UTC))).registered
        consignment = a_list(id="list-1")
        template = template_pb2.Template(id="round", name="常跑", waybill=stage.a_waybill())
        self.cast.call(
            stage.CONSIGNOR, "hazway.waybill.v1.ConsignmentService/CreateConsignmentList",
            consignment_pb2.CreateConsignmentListRequest(consignment_list=consignment),
        )  # fmt: skip
        self.cast.call(
            stage.CARRIER,
            "hazway.waybill.v1.TemplateService/PutTemplate",
            template_pb2.PutTemplateRequest(template=template),
        )
        self.waybill, self.digest = depot.waybill, registered.digest
        zone_house.import_model(world)
        self.put_zone = zones.PutZoneRequest(zone=zone_house.square("square"))
        world.operator.call("hazway.zones.v1.ZoneService/PutZone", self.put_zone)
        world.settle()
        self.signers: dict[str, keys.Signer] = {
            traceability.OPERATOR: traceability.keeper_of(world.host.settings).operator
        }
        for organisation in (*stage.ORGANISATIONS, NOBODY):
            self.signers[organisation] = keys.generate()
            if organisation != NOBODY:
                self.cast.clients[organisation].register_key(self.signers[organisation])
        self.channels = {name: self._channel(name) for name in self.signers}
        self.sound: dict[str, Message] = {
            "hazway.waybill.v1.ConsignmentList": consignment, "hazway.waybill.v1.Template": template,
            "hazway.waybill.v1.Waybill": self.waybill, "hazway.registry.v1.Vehicle": stage.a_vehicle("tractor"),
            "hazway.registry.v1.Tank": stage.a_tank(), "hazway.registry.v1.Person": stage.a_person("driver"),
            "hazway.registry.v1.Licence": stage.a_licence(stage.CARRIER), "hazway.loading.v1.Check": depot.a_check(),
            "hazway.loading.v1.LoadingRecord": depot.a_record(), "hazway.loading.v1.Fill": a_fill(),
            "hazway.zones.v1.Zone": self.put_zone.zone, "hazway.zones.v1.PlanRouteRequest": zone_house.plan_request(),
            "hazway.registry.v1.Organisation": an_organisation(stage.CARRIER, registry.ORGANISATION_KIND_CARRIER, number=2),
        }  # fmt: skip

    def _channel(self, organisation: str) -> grpc.Channel:
        issued = self.world.authority.issue(organisation, "")
        credentials = grpc.ssl_channel_credentials(issued.authority, issued.key, issued.chain)
        return grpc.secure_channel(f"localhost:{self.world.listeners.machine_port}", credentials)

    def close(self) -> None:
        for channel in self.channels.values():
            channel.close()

    def a_request(self, method: MethodDescriptor) -> Any:
        request: Any = self._filled(method.input_type, DEPTH)
        if method.name == "IssueWaybill":
            request.waybill.CopyFrom(stage.a_waybill(departure=datetime(2026, 11, 6, 2, tzinfo=UTC)))
            request.offline_number = ""
        if method.name == "AmendWaybill":
            request.waybill.remarks = "更正"
        if method.name == "DeclareTunnel":
            request.zone_id = zone_house.structure()
        if method.name == "RegisterKey":
            signer = keys.generate()
            request.key, request.alg, request.custodial = signer.spki, signer.alg, False
            request.possession = key_record.prove_possession(signer, stage.CARRIER)
        if method.name == "SuspendOrganisation":
            request.organisation_id = stage.POLICE
        return request

    def _filled(self, described: Descriptor, depth: int, name: str = "") -> Any:
        if described.full_name in self.sound:
            return copied(self.sound[described.full_name])
        message: Any = GetMessageClass(described)()
        if described.full_name == "google.protobuf.Timestamp":
            later = timedelta(hours=(DEPTH - depth) if name.endswith(("_to", "end")) else 0)
            message.FromDatetime(self.world.clock.now() + later)
        elif not described.full_name.startswith("google."):
            for field in described.fields:
                if field.name not in (UNSAID_AT_THE_TOP if depth == DEPTH else UNSAID):
                    self._fill(message, field, depth)
        return message

    def _fill(self, message: Any, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is None:
            value = self._scalar(field)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif depth and not (field.containing_oneof and message.WhichOneof(field.containing_oneof.name)):
            inner = self._filled(field.message_type, depth - 1, field.name)
            (getattr(message, field.name).append if field.is_repeated else getattr(message, field.name).CopyFrom)(inner)

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return False
        if field.cpp_type != FieldDescriptor.CPPTYPE_STRING:
            return 1
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self.digest if field.name == "registration_digest" else b"\1" * 32
        name = field.name.removesuffix("s") if field.is_repeated else field.name
        return self.waybill.id if name == "waybill_id" else WORDS.get(name, "x1")

    def send(
        self, organisation: str, path: str, request: bytes, purpose: bytes = "查验".encode()
    ) -> grpc.RpcError | None:
        """What the bytes are refused with, nothing when they are answered."""
        metadata = (("hazway-purpose-bin", purpose), ("accept-language", "zh"))
        try:
            self.channels[organisation].unary_unary(f"/{path}", None, None)(request, timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            return error
        return None

    def signed(self, organisation: str, path: str, request: Any) -> Any:
        """With an id and a statement, where it has none and one can be made."""
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = ids.new_id()
        if path in ACTS and not request.statement:
            act = ACTS[path]
            try:
                request.statement = statement.make(
                    self.signers[organisation], issuer=organisation, subject=act.subject(request), kind=act.kind,
                    request_id=request.request_id, body=body.body_of(request), issued_at=self.world.clock.now(),
                )  # fmt: skip
            except VerificationError:  # nobody can sign this; it is sent all the same
                request.statement = b"\xd2\0"
        return request


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str) -> Iterator[House]:
    home = tmp_path_factory.mktemp("fuzzed")
    with servers.fresh_database(postgres_url) as database, running_world(home, database, redis_url) as world:
        opened = House(world)
        yield opened
        opened.close()


METHODS = unary_methods()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.containing_service.name}.{method.name}")
def test_no_spoilt_request_brings_an_internal_error(house: House, method: MethodDescriptor) -> None:
    path = f"{method.containing_service.full_name}/{method.name}"
    right = next(name for name, role in ROLES.items() if open_relations(path, [role]))
    chance = random.Random(path)
    cases = list(drawn(house.a_request(method), chance))
    for request in cases:
        if "validate_only" in request.DESCRIPTOR.fields_by_name and chance.random() < 0.6:
            request.validate_only = True  # what passes changes nothing, so that the rest meets the same world
        check(house.send(right, path, house.signed(right, path, request).SerializeToString()), request)
    for request in chance.sample(cases, min(STRANGE, len(cases))):
        for stranger in (stage.RIVAL, NOBODY, stage.TRANSPORT):
            if path in ACTS:
                request.ClearField("statement")
            check(house.send(stranger, path, house.signed(stranger, path, request).SerializeToString()), request)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: f"{method.containing_service.name}.{method.name}")
def test_no_garbage_brings_an_internal_error(house: House, method: MethodDescriptor) -> None:
    path = f"{method.containing_service.full_name}/{method.name}"
    right = next(name for name, role in ROLES.items() if open_relations(path, [role]))
    chance = random.Random(path)
    sound = house.signed(right, path, house.a_request(method)).SerializeToString()
    flipped = bytearray(sound or b"\0")
    flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    for garbage in (b"\xff" * 64, chance.randbytes(200), sound[: len(sound) // 2], bytes(flipped), sound + sound):
        check(house.send(right, path, garbage), garbage)
    check(house.send(stage.TRANSPORT, path, sound, purpose=b"a\0b\xff"), sound)
    check(house.send(stage.TRANSPORT, path, sound, purpose=b""), sound)


def drawn(sound: Any, chance: random.Random) -> Iterator[Any]:
    """The sound request, then a few ways of spoiling each of its fields, however deep."""
    yield copied(sound)
    by_field: dict[str, list[Any]] = defaultdict(list)
    for worse in (*spoilt(sound), *multiplied(sound)):
        field = next((f.name for f in sound.DESCRIPTOR.fields if differ(f.name, sound, worse)), "")
        by_field[field].append(worse)
    first = [worse for cases in by_field.values() for worse in chance.sample(cases, min(PER_FIELD, len(cases)))]
    rest = [worse for cases in by_field.values() for worse in cases]
    yield from map(copied, first + chance.sample(rest, max(0, min(len(rest), MOST - len(first)))))
    yield from steering(sound)


def multiplied(sound: Any) -> Iterator[Any]:
    """Each list with its first item 3 and 2,000 times."""
    for field in sound.DESCRIPTOR.fields:
        if field.is_repeated and len(getattr(sound, field.name)):
            for times in (3, 2_000):
                worse = copied(sound)
                getattr(worse, field.name).extend([getattr(sound, field.name)[0]] * times)
                yield worse


def steering(sound: Any) -> Iterator[Any]:
    """What the spoiling leaves alone: the request id and the statement."""
    fields = sound.DESCRIPTOR.fields_by_name
    for name, values in (
        ("request_id", (" ", "a\0b", "é" * 200, "x" * 100_000)),
        ("statement", (b"\0", b"\xd2\x84\x40\xa0\x40\x40", b"\xff" * 70_000)),
    ):
        for value in values if name in fields else ():
            worse = copied(sound)
            setattr(worse, name, value)
            yield worse


def copied(message: Any) -> Any:
    other = type(message)()
    other.CopyFrom(message)
    return other


def differ(name: str, one: Any, other: Any) -> bool:
    return bool(getattr(one, name) != getattr(other, name)) or (
        one.DESCRIPTOR.fields_by_name[name].has_presence and one.HasField(name) != other.HasField(name)
    )


def check(error: Any, request: object) -> None:
    """Answered, or refused with every fault told in both languages."""
    if error is None:
        return
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = rpc_status.from_call(error)
    assert status is not None, (error.code(), error.details(), str(request)[:2000])
    assert [detail.Unpack(info) or detail.Unpack(bad) for detail in status.details] == [True, True]
    assert error.code() not in NEVER or info.reason == WAITING, (error.details(), str(request)[:2000])
    assert info.reason
    assert bad.field_violations
    for violation in bad.field_violations:
        assert LATIN.search(violation.description), violation
        assert violation.localized_message.locale == "zh-CN"
        assert CHINESE.search(violation.localized_message.message), violation
