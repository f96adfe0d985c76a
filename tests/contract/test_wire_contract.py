"""What the published protos may and may not contain, and that the committed code is what they say."""

from __future__ import annotations

import importlib.util
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hazway.refusal.v1 import refusal_pb2
from services.errors import catalogue

ROOT = Path(__file__).resolve().parents[2]
with_reasons = runpy.run_path(str(ROOT / "protos/reasons.py"))["with_reasons"]

# A method that starts with none of these changes something.
READING = ("Get", "List", "Search", "Watch", "Check", "Export", "Explain", "Find", "Who", "Preview", "Verify", "Read",
           "Plan")  # fmt: skip
# These make something out of what they are given, keys and the clock, and leave no trace.
READING_TOO = frozenset({"IssueToken", "PrepareStatements"})


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    image = tmp_path_factory.mktemp("contract") / "image.binpb"
    subprocess.run([sys.executable, ROOT / "protos/generate.py", "--image", image], check=True)
    return FileDescriptorSet.FromString(image.read_bytes())


def messages(contract: FileDescriptorSet) -> Iterator[tuple[str, DescriptorProto]]:
    """Every message of ours with its full name, the nested ones too."""
    pending = [
        (f"{file.package}.{message.name}", message)
        for file in contract.file
        if file.package.startswith("hazway.")
        for message in file.message_type
    ]
    while pending:
        name, message = pending.pop()
        pending += [(f"{name}.{nested.name}", nested) for nested in message.nested_type]
        yield name, message


def mutations(contract: FileDescriptorSet) -> Iterator[MethodDescriptorProto]:
    for file in contract.file:
        for service in file.service:
            yield from (
                each for each in service.method if not each.name.startswith(READING) and each.name not in READING_TOO
            )


def test_the_committed_wire_code_is_what_the_protos_say_and_every_method_its_promise() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "protos/check.py", "fresh", "comments"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_method_without_a_comment_or_without_its_chinese_name_is_found() -> None:
    spec = importlib.util.spec_from_file_location("comments", ROOT / "protos/comments.py")
    assert spec is not None
    assert spec.loader is not None
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    said = {"GetZone": "One zone 查询区域.", "PutZone": "A new zone.", "ListZones": ""}
    file = FileDescriptorProto(name="zones.proto", package="hazway.zones.v1")
    service = file.service.add(name="ZoneService")
    for number, (name, comment) in enumerate(said.items()):
        service.method.add(name=name)
        file.source_code_info.location.add(path=[6, 0, 2, number], leading_comments=comment)
    google = FileDescriptorProto(name="google.proto", package="google.rpc")
    google.service.add(name="Any").method.add(name="Any")
    silent = reader.silent_methods(FileDescriptorSet(file=[file, google]))
    assert silent == ["hazway.zones.v1.ZoneService.ListZones", "hazway.zones.v1.ZoneService.PutZone"]


def test_no_field_is_a_float(contract: FileDescriptorSet) -> None:
    floats = {FieldDescriptorProto.TYPE_FLOAT, FieldDescriptorProto.TYPE_DOUBLE}
    hidden = {f".google.protobuf.{name}" for name in ("FloatValue", "DoubleValue", "Value", "Struct", "ListValue")}
    assert [
        f"{name}.{field.name}"
        for name, message in messages(contract)
        for field in message.field
        if field.type in floats or field.type_name in hidden
    ] == []


def test_every_mutation_carries_a_request_id(contract: FileDescriptorSet) -> None:
    with_id = {
        "." + name for name, message in messages(contract) if any(each.name == "request_id" for each in message.field)
    }
    # A client stream is acknowledged batch by batch, by the batch's own sequence.
    unary = [method for method in mutations(contract) if not method.client_streaming]
    assert [method.name for method in unary if method.input_type not in with_id] == []


def test_every_reason_is_in_the_contract_and_no_other() -> None:
    published = set(refusal_pb2.Reason.keys()) - {"REASON_UNSPECIFIED"}
    assert published == {f"REASON_{name}" for name in catalogue()}


def test_every_reason_has_a_name_that_fits_and_both_languages() -> None:
    for name, reason in catalogue().items():
        assert len(name) <= 63, name
        assert name == name.upper(), name
        assert reason.zh, name
        assert reason.en, name


NAMES = st.sets(st.from_regex(r"[A-Z]{1,6}", fullmatch=True).filter(lambda name: name != "UNSPECIFIED"), max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=6))
@settings(max_examples=50)
def test_a_reason_keeps_its_number_for_ever(histories: list[set[str]]) -> None:
    proto, given_out = "enum Reason {\n  REASON_UNSPECIFIED = 0;\n}\n", dict[str, int]()
    for names in histories:
        proto = with_reasons(proto, names)
        numbers = numbers_in(proto)
        assert names | {"UNSPECIFIED"} == {name for name, (_, live) in numbers.items() if live}
        for name, (number, _) in numbers.items():
            assert given_out.setdefault(name, number) == number
        assert len(set(given_out.values())) == len(given_out)
    assert given_out["UNSPECIFIED"] == 0


def numbers_in(proto: str) -> dict[str, tuple[int, bool]]:
    """Name to (number, still in use), read line by line."""
    found = {}
    for line in map(str.strip, proto.splitlines()):
        if line.startswith("REASON_"):
            name, number = line.rstrip(";").split(" = ")
            found[name.removeprefix("REASON_")] = (int(number), True)
        elif line.startswith("reserved ") and " // " in line:
            number, name = line.removeprefix("reserved ").split("; // ")
            found[name.removeprefix("REASON_")] = (int(number), False)
    return found
