"""A roadside code gets its one right answer, whatever was done to it, and never "valid" for what was not checked."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import base45 as reference_base45
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from hazway import base45, day_bundle, keys, roadside, roadside_code, trust
from hazway.day_bundle import Status, StatusList
from hazway.errors import VerificationError
from hazway.roadside import LAYERS, Verdict
from hazway.roadside_code import Content, Goods
from tests.simulated_log import fixed_es256_key, fixed_key
from tests.vectors.generate_roadside import (
    AT,
    AUTHORITY,
    BUNDLE,
    CONTENT,
    KEYS,
    PLATFORM,
    STRANGER,
    TRUST,
    bundle,
    code,
    flipped,
    unwrapped,
    wrapped,
)

VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "roadside").glob("*.json"))
OPENED = day_bundle.open(bundle(), TRUST)


def judged(path: Path) -> tuple[dict[str, Any], roadside.RoadsideAnswer]:
    fields = json.loads(path.read_text(encoding="utf-8"))
    known = trust.parse(json.dumps(fields["trust"]))
    at = datetime.fromisoformat(fields["at"])
    return fields, roadside.check(fields["text"], base64.b64decode(fields["bundle"]), known, at)


def test_every_answer_has_its_vectors() -> None:
    assert len(VECTORS) > 75
    assert {judged(path)[1].verdict for path in VECTORS} == set(Verdict)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_roadside_vector(path: Path) -> None:
    fields, answer = judged(path)
    assert (answer.verdict.name, answer.failed) == (fields["verdict"], fields["failed"])
    assert tuple(answer.layers) == LAYERS
    assert all(answer.layers.values()) == (answer.verdict is Verdict.VALID)
    if answer.failed:
        assert not answer.layers[answer.failed]
        assert answer.reason_zh
        assert answer.reason_en


def test_nothing_is_shown_of_a_code_whose_signature_is_wrong() -> None:
    assert roadside.check_opened(code(STRANGER), OPENED, AT).content is None
    assert roadside.check_opened(code(), OPENED, AT).content == CONTENT


def test_without_trust_nothing_is_valid() -> None:
    answer = roadside.check(code(), bundle(), None, AT)
    assert (answer.verdict, answer.failed) == (Verdict.UNKNOWN_KEY, "bundle")


def test_the_age_of_the_bundle_is_told() -> None:
    answer = roadside.check_opened(code(), OPENED, AT)
    assert answer.age == timedelta(hours=3)
    assert answer.generated_at == AT - timedelta(hours=3)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        roadside.check_opened(code(), OPENED, datetime(2026, 11, 2, 6))


def test_every_prefix_of_a_code_is_unreadable() -> None:
    whole = code()
    for length in range(len(whole)):
        assert roadside.check_opened(whole[:length], OPENED, AT).verdict is Verdict.UNREADABLE


def test_every_prefix_of_a_bundle_is_refused() -> None:
    data = bundle()
    for length in range(len(data)):
        with pytest.raises(VerificationError):
            day_bundle.open(data[:length], TRUST)


def test_no_flipped_bit_of_a_code_is_valid() -> None:
    data = unwrapped(code())
    for bit in range(8, 8 * len(data)):
        answer = roadside.check_opened(wrapped(flipped(data, bit)), OPENED, AT)
        assert answer.verdict in (Verdict.UNREADABLE, Verdict.BAD_SIGNATURE, Verdict.UNKNOWN_KEY), bit


def test_no_flipped_bit_of_a_bundle_is_believed() -> None:
    data = bundle()
    for bit in range(8 * len(data)):
        with pytest.raises(VerificationError):
            day_bundle.open(flipped(data, bit), TRUST)


def test_no_changed_character_of_the_printed_text_is_valid() -> None:
    whole = code()
    for place in range(len(whole)):
        other = "0" if whole[place] != "0" else "1"
        assert (
            roadside.check_opened(whole[:place] + other + whole[place + 1 :], OPENED, AT).verdict is not Verdict.VALID
        )


def test_each_key_of_a_shared_name_is_tried() -> None:
    namesakes = tuple(
        day_bundle.CodeKey(KEYS[0].kid, fixed_key(str(number)).spki, "operator", 0) for number in range(20)
    )
    crowded = day_bundle.open(bundle(keys=(*namesakes, *KEYS)), TRUST)
    assert roadside.check_opened(code(), crowded, AT).verdict is Verdict.VALID
    lonely = day_bundle.open(bundle(keys=namesakes), TRUST)
    assert roadside.check_opened(code(), lonely, AT).verdict is Verdict.BAD_SIGNATURE


def test_a_witnessed_bundle_is_asked_for_where_the_policy_says_so() -> None:
    from hazway import note, policy
    from tests.vectors.generate_roadside import LOG

    witness = note.Signer("witness.example", fixed_key("witness"), note.COSIGNATURE)
    wanted = policy.parse(f"log {LOG.vkey}\nwitness w {witness.verifier}\nquorum w\n")
    asking = trust.Trust((), wanted, TRUST.authorities)
    with pytest.raises(VerificationError, match="too few witnesses"):
        day_bundle.open(bundle(), asking)
    opened = day_bundle.open(bundle(checkpoint=LOG.checkpoint(witness, at=AT)), asking)
    assert opened.witnesses == ("witness.example",)


def test_two_long_lines_of_goods_fit_a_code_of_version_20_at_level_m() -> None:
    made = segno.make(code(), error="m", boost_error=False)
    assert (made.mode, made.error) == ("alphanumeric", "M")
    assert int(made.version) <= 20


def test_a_code_holds_no_more_of_the_driver_than_name_and_four_characters() -> None:
    assert "张一号 4417".encode() in unwrapped(code())


# RFC 9285 section 4.3 and 4.4.
@pytest.mark.parametrize(
    ("plain", "encoded"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0")],
)
def test_base45_is_as_the_rfc_says(plain: bytes, encoded: str) -> None:
    assert base45.encode(plain) == encoded
    assert base45.decode(encoded) == plain


@pytest.mark.parametrize("text", ["GGW", ":::", "A", "AAAA", "aab", "::", "ÄAA"])
def test_base45_refuses_what_no_bytes_encode_to(text: str) -> None:
    with pytest.raises(VerificationError):
        base45.decode(text)


@given(st.binary(max_size=200))
def test_base45_is_what_an_independent_reader_says(data: bytes) -> None:
    text = base45.encode(data)
    assert text.encode() == reference_base45.b45encode(data)
    assert base45.decode(text) == data


@given(st.text(alphabet=base45.ALPHABET, max_size=12))
def test_base45_has_one_text_for_each_bytes(text: str) -> None:
    try:
        data = base45.decode(text)
    except VerificationError:
        return
    assert base45.encode(data) == text


words = st.text(max_size=12)
goods = st.builds(Goods, words, words, words, words, st.integers(0, 1 << 40), words, st.integers(0, 1 << 30))
times = st.integers(int(AT.timestamp()) - 3600, int(AT.timestamp()))
contents = st.builds(
    lambda issued_at, lifetime, **fields: replace(CONTENT, issued_at=issued_at, expires_at=issued_at + lifetime, **fields),
    times, st.integers(3601, roadside_code.MAX_LIFETIME_S), number=words, revision=st.integers(1, 99), state=words,
    tractor=words, trailer=words, driver=words, escort=words, origin=words, destination=words,
    goods=st.lists(goods, max_size=5).map(tuple), departure=st.none() | times,
    route=st.none() | st.binary(min_size=8, max_size=8), record=st.binary(min_size=32, max_size=32),
    status_index=st.sampled_from([1000, 1050, 1099, 2000]), leaf=st.integers(0, 99),
)  # fmt: skip


@given(contents, st.sampled_from([PLATFORM, fixed_es256_key("roadside platform")]))
def test_what_goes_into_a_code_comes_out_of_it(content: Content, signer: keys.Signer) -> None:
    answer = roadside.check_opened(roadside_code.make(content, signer), OPENED, AT)
    assert answer.content == content
    expected = Verdict.VALID if content.status_index < 1100 or answer.layers["status"] else Verdict.VALID_BUT_STALE_DATA
    assert answer.verdict is expected


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=200)
def test_noise_is_answered_and_never_crashes(noise: bytes) -> None:
    for text in (noise.decode("latin-1"), roadside_code.PREFIX + base45.encode(noise), wrapped(noise)):
        assert roadside.check_opened(text, OPENED, AT).verdict is Verdict.UNREADABLE
    assert roadside.check(code(), noise, TRUST, AT).verdict is not Verdict.VALID


@given(st.integers(0, 1 << 40), st.dictionaries(st.integers(0, 300), st.sampled_from(list(Status)), max_size=40))
def test_a_status_list_says_what_was_put_in_it(first: int, statuses: dict[int, Status]) -> None:
    made = StatusList.of(first, first + 301, {first + index: status for index, status in statuses.items()})
    read = day_bundle.open(day_bundle.sign(replace(BUNDLE, status=made), AUTHORITY), TRUST).bundle.status
    assert [read.find(first + index) for index in range(301)] == [
        statuses.get(index, Status.GOOD) for index in range(301)
    ]
    assert read.find(first - 1) is None
    assert read.find(first + 301) is None


@given(st.timedeltas(timedelta(0), timedelta(days=4)))
def test_the_limit_of_age_is_kept_to_the_second(age: timedelta) -> None:
    content = replace(CONTENT, issued_at=BUNDLE.generated_at, expires_at=BUNDLE.generated_at + 72 * 3600)
    at = datetime.fromtimestamp(BUNDLE.generated_at, UTC) + age
    answer = roadside.check_opened(roadside_code.make(content, PLATFORM), OPENED, at)
    if age >= timedelta(hours=72):
        assert answer.verdict is Verdict.EXPIRED
    elif age > roadside.MAX_AGE:
        assert answer.verdict is Verdict.VALID_BUT_STALE_DATA
    else:
        assert answer.verdict is Verdict.VALID
