"""What goes through JSON or over the wire comes back equal, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Hashable
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from geo.position import Position
from hazway.registry.v1 import history_pb2
from hazway.registry.v1 import registry_pb2 as pb
from services.registry.kinds import KINDS
from services.registry.model import (
    ExternalRef,
    Organisation,
    Permit,
    PermitGoods,
    Person,
    Site,
    Tank,
    Vehicle,
)
from services.runtime.plain import from_plain, hints_of, to_plain
from services.runtime.wire import from_wire, to_wire

letters = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
ids = st.text("abcXYZ019._:-", min_size=1, max_size=20)
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
times = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
whole = st.integers(-(2**63), 2**63 - 1)

st.register_type_strategy(str, letters)
st.register_type_strategy(int, whole)
st.register_type_strategy(date, days)
st.register_type_strategy(datetime, times)
st.register_type_strategy(
    Position, st.builds(Position, st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))
)


def things(model: Any) -> st.SearchStrategy[Any]:
    return st.from_type(model)


@pytest.mark.parametrize("model", [kind.model for kind in KINDS.values()])
def test_every_thing_survives_json(model: Any) -> None:
    @given(things(model))
    def survives(thing: Any) -> None:
        stored = json.loads(json.dumps(to_plain(thing)))
        assert from_plain(model, stored) == thing
        assert to_plain(from_plain(model, stored)) == stored

    survives()


def test_a_field_that_an_old_version_lacks_takes_its_default() -> None:
    stored = to_plain(ExternalRef(system="a", number="b"))
    del stored["reason"]
    assert from_plain(ExternalRef, stored) == ExternalRef(system="a", number="b")


@given(
    st.builds(
        Permit, id=ids, organisation_id=ids, used_by=st.just(""), revoked=st.just(False),
        vehicle_ids=st.frozensets(ids), zone_ids=st.frozensets(ids), stop_site_ids=st.frozensets(ids),
    )
)  # fmt: skip
def test_a_permit_survives_the_wire(permit: Permit) -> None:
    read = from_wire(Permit, pb.Permit.FromString(to_wire(permit, pb.Permit()).SerializeToString()), "permit")
    assert (read.findings, read.value) == ((), permit)


@given(st.builds(Organisation, id=ids, sites=st.lists(st.builds(Site, id=ids), max_size=3).map(tuple)))
def test_an_organisation_survives_the_wire(organisation: Organisation) -> None:
    message = pb.Organisation.FromString(to_wire(organisation, pb.Organisation()).SerializeToString())
    read = from_wire(Organisation, message, "organisation")
    assert (read.findings, read.value) == ((), organisation)


@given(st.binary(max_size=300), st.sampled_from([Vehicle, Tank, Person, Permit, Organisation]))
def test_reading_any_message_raises_nothing(raw: bytes, model: Any) -> None:
    message = getattr(pb, model.__name__)()
    try:
        message.ParseFromString(raw)
    except Exception:  # what no message is cannot be read
        return
    from_wire(model, message, "thing")


def test_every_field_of_the_model_is_on_the_wire_and_the_other_way_round() -> None:
    apart = {"etag", "suspended", "identity_number", "score", "same_person_ids"}
    for kind in KINDS.values():
        message = history_pb2.Version.DESCRIPTOR.fields_by_name[kind.name].message_type
        assert message is not None
        fields = message.fields_by_name
        assert set(fields) - apart == set(hints_of(cast(Hashable, kind.model))) - apart, kind.name


def test_the_limit_of_a_permit_may_be_absent_but_zero_is_zero() -> None:
    for limit in (None, 0, 5):
        message = to_wire(PermitGoods("1203", limit_g=limit), pb.PermitGoods())
        assert from_wire(PermitGoods, message, "goods").value.limit_g == limit


@pytest.mark.parametrize("seconds", [-(2**62), -62135596801, 253402300800, 2**62])
def test_a_time_outside_the_calendar_is_a_finding(seconds: int) -> None:
    ref = pb.ExternalRef(system="s", number="n", at=Timestamp(seconds=seconds))
    assert [finding.path for finding in from_wire(ExternalRef, ref, "ref").findings] == ["ref.at"]


def test_a_list_too_long_is_one_finding() -> None:
    tank = pb.Tank(id="t", compartments=[pb.Compartment(number=1, volume_ml=1)] * 1_001)
    paths = [finding.path for finding in from_wire(Tank, tank, "tank").findings]
    assert "tank.compartments" in paths
    assert not any(path.startswith("tank.compartments[") for path in paths)
