"""What no handler ever has to think of: text without NUL, request ids that can be stated."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, cast

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors.common import FIELD_INVALID, FIELD_MISSING
from services.runtime.wellformed import check_request, check_request_id
from tests.wire_code import methods

REQUESTS = [method.input_type.full_name for method in methods()]


def test_a_nul_is_refused_by_its_path_wherever_it_is() -> None:
    request = pb.IssueWaybillRequest(request_id="a\0", offline_number="fine")
    request.waybill.goods.add(name="petrol")
    request.waybill.goods.add(name="pet\0rol")
    request.waybill.route.edge_keys.extend(["1:2:3", "\0"])
    request.waybill.external_refs.add(system="x").number = "\0"
    found = check_request(request, "look\0")
    assert {finding.reason for finding in found} == {FIELD_INVALID}
    assert {finding.path for finding in found} == {
        "request_id", "waybill.goods[1].name", "waybill.route.edge_keys[1]", "waybill.external_refs[0].number",
        "hazway-purpose",
    }  # fmt: skip


def test_a_choice_nobody_knows_is_refused_by_its_path() -> None:
    request = pb.ListWaybillsRequest(states=[pb.STATE_ISSUED, cast(Any, -1), cast(Any, 77)])
    assert [finding.path for finding in check_request(request, "")] == ["states[1]", "states[2]"]


@pytest.mark.parametrize(
    ("seconds", "nanos", "fits"),
    [
        (0, 0, True), (-62_135_596_800, 0, True), (253_402_300_799, 999_999_999, True), (-62_135_596_801, 0, False),
        (253_402_300_800, 0, False), (0, -1, False), (0, 1_000_000_000, False), (-(1 << 63), 0, False),
    ],
)  # fmt: skip
def test_a_time_is_one_of_the_years_one_to_9999(seconds: int, nanos: int, fits: bool) -> None:
    request = pb.IssueWaybillRequest()
    request.waybill.stops.add().planned_arrival.seconds = seconds
    request.waybill.stops[0].planned_arrival.nanos = nanos
    wrong = [] if fits else ["waybill.stops[0].planned_arrival"]
    assert [finding.path for finding in check_request(request, "")] == wrong


def test_a_page_is_never_smaller_than_nothing() -> None:
    assert check_request(pb.ListWaybillsRequest(page_size=0), "") == ()
    assert [finding.path for finding in check_request(pb.ListWaybillsRequest(page_size=-1), "")] == ["page_size"]


def test_bytes_may_be_anything() -> None:
    assert check_request(pb.IssueWaybillRequest(request_id="a", statement=b"\0\0"), "") == ()


def test_asking_does_not_set_what_was_not_set() -> None:
    request = pb.IssueWaybillRequest()
    check_request(request, "")
    assert not request.HasField("waybill")


@pytest.mark.parametrize("name", REQUESTS)
def test_the_walk_finds_exactly_what_a_walk_over_everything_finds(name: str) -> None:
    chance = random.Random(name)
    for _ in range(20):
        message = GetMessageClass(Default().FindMessageTypeByName(name))()
        _fill(message, chance, 4)
        found = [finding.path for finding in check_request(message, "")]
        assert len(found) == len(set(found))
        assert len(found) == sum("\0" in text for text in _every_text(json_format.MessageToDict(message)))


def _fill(message: Any, chance: random.Random, depth: int) -> None:
    descriptor: Descriptor = message.DESCRIPTOR
    for field in descriptor.fields:
        if chance.random() < 0.3 or (field.message_type and not depth):
            continue
        texts = [chance.choice(["", "a", "a\0", "\0"]) for _ in range(chance.randrange(3) if field.is_repeated else 1)]
        if field.message_type and not field.message_type.full_name.startswith("google."):
            for _ in range(chance.randrange(3) if field.is_repeated else 1):
                _fill(getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name), chance,
                      depth - 1)  # fmt: skip
        elif field.type == field.TYPE_STRING and field.is_repeated:
            getattr(message, field.name).extend(texts)
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, texts[0])


def _every_text(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _every_text(item)
    elif isinstance(value, str):
        yield value


@given(st.text(max_size=140))
def test_a_request_id_is_such_as_a_statement_can_carry(request_id: str) -> None:
    found = check_request_id(request_id)
    fits = 1 <= len(request_id) <= 128 and all("!" <= letter <= "~" for letter in request_id)
    assert (found == ()) == fits
    if not request_id:
        assert found[0].reason is FIELD_MISSING


def test_the_longest_request_id_is_128_characters() -> None:
    assert check_request_id("x" * 128) == ()
    assert check_request_id("x" * 129) != ()
    assert check_request_id("x\n") != ()
