"""The comments of the contract by the full name of what they explain: descriptors forget them once the code is generated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

# Numbers of the fields of descriptor.proto on the way to what a comment stands before.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM = 2, 3, 4
_ENUM_VALUE, _SERVICE_METHOD = 2, 2

_CHINESE = re.compile("[\u4e00-\u9fff]")

_Place = tuple[tuple[int, ...], str]


def comments_json(image: FileDescriptorSet) -> str:
    """Of our own files, sorted by name; what has no comment is left out."""
    found = {name: text for file in image.file if file.package.startswith("hazway.") for name, text in _comments(file)}
    return json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def silent_methods(image: FileDescriptorSet) -> list[str]:
    """The methods of our own whose comment is missing or has no Chinese in it, by full name."""
    said = json.loads(comments_json(image))
    methods = (
        f"{file.package}.{service.name}.{method.name}"
        for file in image.file
        if file.package.startswith("hazway.")
        for service in file.service
        for method in service.method
    )
    return sorted(name for name in methods if not _CHINESE.search(said.get(name, "")))


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_places(file))
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        if name and location.leading_comments:
            yield name, " ".join(line.strip() for line in location.leading_comments.splitlines()).strip()


def _places(file: FileDescriptorProto) -> Iterator[_Place]:
    """Every path of the file's descriptor at which a comment may stand, and the name of what is there."""
    yield from _messages(file.message_type, (_FILE_MESSAGE,), file.package)
    yield from _enums(file.enum_type, (_FILE_ENUM,), file.package)
    for number, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (_FILE_SERVICE, number), name
        for index, method in enumerate(service.method):
            yield (_FILE_SERVICE, number, _SERVICE_METHOD, index), f"{name}.{method.name}"


def _messages(messages: Sequence[DescriptorProto], path: tuple[int, ...], parent: str) -> Iterator[_Place]:
    for number, message in enumerate(messages):
        here, name = (*path, number), f"{parent}.{message.name}"
        yield here, name
        for index, field in enumerate(message.field):
            yield (*here, _MESSAGE_FIELD, index), f"{name}.{field.name}"
        yield from _messages(message.nested_type, (*here, _MESSAGE_NESTED), name)
        yield from _enums(message.enum_type, (*here, _MESSAGE_ENUM), name)


def _enums(enums: Sequence[EnumDescriptorProto], path: tuple[int, ...], parent: str) -> Iterator[_Place]:
    for number, enum in enumerate(enums):
        here, name = (*path, number), f"{parent}.{enum.name}"
        yield here, name
        for index, value in enumerate(enum.value):
            yield (*here, _ENUM_VALUE, index), f"{name}.{value.name}"
