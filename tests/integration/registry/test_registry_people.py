"""People: identity numbers stay sealed, employers see their own side only, leaving cuts off at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text

from hazway import body
from hazway.registry.v1 import registry_pb2 as pb
from services import registry
from services.errors import Refusal
from services.registry.identities import Sealer, sealer_of
from services.runtime.access import Role
from services.runtime.tokens import Tokens
from services.traceability import OPERATOR
from tests.integration.registry.registry_house import CARRIER, RIVAL, TRANSPORT, House, a_person, an_identity, reasons


def put(house: House, person: pb.Person, organisation: str = CARRIER) -> pb.Person:
    answer: pb.Person = house.call(organisation, "PutPerson", pb.PutPersonRequest(person=person)).person
    return answer


def get(house: House, organisation: str = CARRIER, **arguments: Any) -> pb.Person:
    answer: pb.Person = house.call(organisation, "GetPerson", pb.GetPersonRequest(person_id="person-1"), **arguments)
    return answer


def test_an_identity_number_is_nowhere_in_the_registry_in_the_clear(house: House) -> None:
    put(house, a_person())
    number = an_identity(1)
    with house.engine.begin() as connection:
        for table in ("registry_facts", "registry_keys", "registry_identities", "registry_things", "runtime_requests"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
            assert number not in "\n".join(rows)
            assert number.encode().hex() not in "\n".join(rows)
        sealed = connection.execute(text("SELECT sealed FROM registry_identities")).scalar_one()
    assert sealer_of(house.adapter.settings).unseal(bytes(sealed), "person-1") == number


def test_an_identity_number_is_no_part_of_what_is_stated() -> None:
    request = pb.PutPersonRequest(person=a_person())
    assert "identity_number" not in body.body_of(request)["person"]


def test_a_sealed_number_moved_to_another_person_cannot_be_opened() -> None:
    sealer = Sealer(bytes(32))
    sealed = sealer.seal(an_identity(1), "person-1")
    with pytest.raises(InvalidTag):
        sealer.unseal(sealed, "person-2")
    with pytest.raises(InvalidTag):
        sealer.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "person-1")
    assert sealer.seal(an_identity(1), "person-1") != sealed
    assert sealer.mac(an_identity(1)) != Sealer(bytes([1] * 32)).mac(an_identity(1))


def test_a_new_person_needs_an_identity_number_and_a_known_one_keeps_it(house: House) -> None:
    person = a_person()
    person.identity_number = ""
    with pytest.raises(Refusal) as refusal:
        put(house, person)
    assert ("person.identity_number", "IDENTITY_INVALID") in reasons(refusal)
    masked = put(house, a_person()).identity_masked
    person.phone = "13911112222"
    changed = put(house, person)
    assert (changed.identity_masked, changed.phone) == (masked, "13911112222")


def test_a_refusal_does_not_repeat_the_identity_number(house: House) -> None:
    person = a_person()
    person.identity_number = "44030019000101001"
    with pytest.raises(Refusal) as refusal:
        put(house, person)
    assert "44030019000101001" not in str(refusal.value)
    assert "44030019000101001" not in str([finding.values for finding in refusal.value.findings])


def test_the_same_person_is_one_entry_of_an_employer_but_others_are_not_told(house: House) -> None:
    put(house, a_person())
    with pytest.raises(Refusal) as refusal:
        put(house, a_person("person-2"))
    assert reasons(refusal) == {("person.identity_number", "ALREADY_REGISTERED")}
    put(house, a_person("person-2", RIVAL), RIVAL)


def test_an_employer_sees_and_changes_only_its_own_employment(house: House) -> None:
    person = a_person()
    second = person.employment.add(carrier_id=RIVAL)
    second.valid_from.iso = "2026-01-01"
    with pytest.raises(Refusal) as refusal:
        put(house, person)
    assert ("person.employment[1].carrier_id", "FIELD_INVALID") in reasons(refusal)
    put(house, person, TRANSPORT)
    assert [each.carrier_id for each in get(house).employment] == [CARRIER]
    assert [each.carrier_id for each in get(house, RIVAL).employment] == [RIVAL]
    alone = a_person()
    alone.phone = "13911112222"
    assert [each.carrier_id for each in put(house, alone).employment] == [CARRIER]
    assert [each.carrier_id for each in get(house, TRANSPORT).employment] == [RIVAL, CARRIER]


def test_leaving_cuts_off_at_once_and_for_this_employer_only(house: House) -> None:
    person = a_person()
    person.employment.add(carrier_id=RIVAL).valid_from.iso = "2026-01-01"
    put(house, person, TRANSPORT)
    assert get(house, person="person-1")
    left = house.call(
        CARRIER, "EndEmployment", pb.EndEmploymentRequest(person_id="person-1", organisation_id=CARRIER, reason="离职")
    ).person
    assert left.employment[0].valid_to.iso == "2026-11-02"
    with pytest.raises(Refusal) as refusal:
        get(house, person="person-1")
    assert reasons(refusal) == {("", "NOT_AUTHENTICATED")}
    assert get(house, RIVAL, person="person-1")
    touched = get(house, TRANSPORT)
    touched.phone = "13911112222"
    for name in ("etag", "identity_masked"):
        touched.ClearField(name)
    put(house, touched, TRANSPORT)
    with pytest.raises(Refusal):
        get(house, person="person-1")


def test_a_former_employer_changes_nothing_while_another_employs(house: House) -> None:
    person = a_person()
    person.employment.add(carrier_id=RIVAL).valid_from.iso = "2026-01-01"
    put(house, person, TRANSPORT)
    house.call(CARRIER, "EndEmployment", pb.EndEmploymentRequest(person_id="person-1", organisation_id=CARRIER))
    with pytest.raises(Refusal) as refusal:
        put(house, a_person())
    assert reasons(refusal) == {("", "NOT_FOUND")}
    house.call(RIVAL, "EndEmployment", pb.EndEmploymentRequest(person_id="person-1", organisation_id=RIVAL))
    again = a_person()
    again.employment[0].valid_from.iso = "2026-11-02"
    assert put(house, again).employment[-1].valid_from.iso == "2026-11-02"
    assert get(house, person="person-1")


def test_employment_ends_with_its_last_day(house: House) -> None:
    person = a_person()
    person.employment[0].valid_to.iso = "2026-11-02"
    put(house, person)
    assert get(house, person="person-1")
    house.clock.at = datetime(2026, 11, 2, 15, 59, tzinfo=UTC)
    assert get(house, person="person-1")
    house.clock.at = datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
    with pytest.raises(Refusal):
        get(house, person="person-1")


def test_a_token_is_for_ones_own_people_only(house: House) -> None:
    put(house, a_person())
    answer = house.call(CARRIER, "IssueToken", pb.IssueTokenRequest(person_id="person-1"))
    tokens = Tokens(house.adapter.settings.home / "keys" / "tokens.key")
    assert tokens.read(answer.token, datetime.now(UTC)) == (CARRIER, "person-1")
    for organisation, wanted in ((RIVAL, "person-1"), (CARRIER, "person-2"), (CARRIER, "a\0b"), (CARRIER, "")):
        with pytest.raises(Refusal):
            house.call(organisation, "IssueToken", pb.IssueTokenRequest(person_id=wanted))
    put(house, a_person("person-2", number=2))
    with pytest.raises(Refusal):
        house.call(CARRIER, "IssueToken", pb.IssueTokenRequest(person_id="person-2"), person="person-1")


def test_the_roles_of_a_caller_are_the_kinds_of_its_organisation(house: House) -> None:
    with house.engine.begin() as connection:
        at = house.clock.now()
        carrier, transport = (registry.identify(connection, each, "", at) for each in (CARRIER, TRANSPORT))
        operator = registry.identify(connection, OPERATOR, "", at)
        assert registry.identify(connection, "a\0b", "", at) is None
    assert carrier is not None
    assert carrier.roles == {Role.CARRIER}
    assert transport is not None
    assert (transport.roles, transport.division) == (frozenset({Role.TRANSPORT_AUTHORITY}), "440300")
    assert operator is not None
    assert operator.roles == {Role.OPERATOR}


def test_every_kind_of_organisation_has_its_role() -> None:
    from services.registry.model import OrganisationKind

    assert {kind.name for kind in OrganisationKind} | {"OPERATOR"} == {role.name for role in Role}
