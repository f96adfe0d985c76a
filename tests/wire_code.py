"""The whole contract as it was generated: every service of every proto file, whoever wrote it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor

_CLIENT = Path(__file__).resolve().parents[1] / "clients/python"


def methods() -> Iterator[MethodDescriptor]:
    """Every method, streams too. All wire code is imported, so that the descriptor pool knows every service."""
    for path in sorted(_CLIENT.glob("hazway/*/v1/*_pb2.py")):
        module = importlib.import_module(".".join(path.relative_to(_CLIENT).with_suffix("").parts))
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods
