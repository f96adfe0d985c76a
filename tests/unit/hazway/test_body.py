"""From a request to what its author states: by one rule, with nothing that steers the call and nothing inexact."""

from __future__ import annotations

from typing import Any

import pytest
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2
from google.protobuf.message import Message

from hazway import body, cbor
from hazway.errors import VerificationError

F = descriptor_pb2.FieldDescriptorProto
SCALARS = {"text": F.TYPE_STRING, "count": F.TYPE_INT64, "flag": F.TYPE_BOOL, "blob": F.TYPE_BYTES,
           "inexact": F.TYPE_DOUBLE, "request_id": F.TYPE_STRING, "etag": F.TYPE_STRING, "state": F.TYPE_STRING,
           "validate_only": F.TYPE_BOOL, "statement": F.TYPE_BYTES}  # fmt: skip


def built() -> type[Message]:
    """A message type with a field of every kind."""
    file = descriptor_pb2.FileDescriptorProto(
        name="body_test.proto", package="body_test", syntax="proto3",
        dependency=["google/protobuf/timestamp.proto", "google/protobuf/duration.proto",
                    "google/protobuf/struct.proto", "google/api/field_behavior.proto"],
    )  # fmt: skip
    file.enum_type.add(name="Mode").value.add(name="MODE_UNSPECIFIED", number=0)
    file.enum_type[0].value.add(name="MODE_TANK", number=1)
    message = file.message_type.add(name="Thing")
    for number, (name, kind) in enumerate(SCALARS.items(), start=1):
        message.field.add(name=name, number=number, type=kind, label=F.LABEL_OPTIONAL)
    message.field[list(SCALARS).index("state")].options.Extensions[field_behavior_pb2.field_behavior].append(
        field_behavior_pb2.OUTPUT_ONLY
    )

    def of(name: str, number: int, type_name: str, kind: Any = F.TYPE_MESSAGE, label: Any = F.LABEL_OPTIONAL) -> None:
        message.field.add(name=name, number=number, type=kind, label=label, type_name=type_name)

    of("mode", 20, ".body_test.Mode", F.TYPE_ENUM)
    of("modes", 21, ".body_test.Mode", F.TYPE_ENUM, F.LABEL_REPEATED)
    of("inner", 22, ".body_test.Thing")
    of("things", 23, ".body_test.Thing", label=F.LABEL_REPEATED)
    of("when", 24, ".google.protobuf.Timestamp")
    of("length", 25, ".google.protobuf.Duration")
    of("anything", 26, ".google.protobuf.Struct")
    entry = message.nested_type.add(name="NamedEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=F.TYPE_STRING, label=F.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=F.TYPE_MESSAGE, label=F.LABEL_OPTIONAL, type_name=".body_test.Thing")
    of("named", 27, ".body_test.Thing.NamedEntry", label=F.LABEL_REPEATED)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("body_test.Thing"))


Thing: Any = built()


def test_an_empty_request_states_nothing() -> None:
    assert body.body_of(Thing()) == {}


def test_what_is_set_is_stated_by_name() -> None:
    thing = Thing(text="烟花", count=-7, flag=True, blob=b"\x01", mode=1, modes=[1, 0])
    assert body.body_of(thing) == {
        "text": "烟花", "count": -7, "flag": True, "blob": b"\x01",
        "mode": "MODE_TANK", "modes": ["MODE_TANK", "MODE_UNSPECIFIED"],
    }  # fmt: skip


def test_times_are_whole_nanoseconds() -> None:
    thing = Thing()
    thing.when.seconds, thing.when.nanos = 1_772_352_000, 5
    thing.length.seconds = 2
    assert body.body_of(thing) == {"when": 1_772_352_000_000_000_005, "length": 2_000_000_000}


def test_what_steers_the_call_is_left_out_at_every_depth() -> None:
    steering = {"request_id": "r", "etag": "e", "validate_only": True, "statement": b"s", "state": "done"}
    thing = Thing(**steering, inner=Thing(**steering, text="in"), things=[Thing(**steering)])
    thing.named["a"].CopyFrom(Thing(**steering, count=1))
    assert body.body_of(thing) == {"inner": {"text": "in"}, "things": [{}], "named": {"a": {"count": 1}}}


@pytest.mark.parametrize("thing", [Thing(inexact=1.5), Thing(mode=9), Thing(anything=struct_pb2.Struct())])
def test_what_is_inexact_or_unknown_cannot_be_stated(thing: Message) -> None:
    with pytest.raises(VerificationError, match="body"):
        body.body_of(thing)


def test_a_body_survives_the_wire_and_can_be_encoded() -> None:
    thing = Thing(text="x", things=[Thing(count=1)], inner=Thing(when={"seconds": 3}))
    again = Thing.FromString(thing.SerializeToString())
    assert cbor.dumps(body.body_of(again)) == cbor.dumps(body.body_of(thing))
