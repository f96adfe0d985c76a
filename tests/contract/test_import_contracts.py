"""Every import contract of pyproject.toml holds, and each is seen to break when the forbidden import is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

# contract: (module that offends, what it says)
BREAKS = {
    "slice-order": [
        ("services/registry/offending.py", "import services.waybill"),
        ("services/loading/offending.py", "import services.monitoring"),
        ("services/runtime/offending.py", "import services.traceability"),
        ("services/errors/offending.py", "import services.goods"),
        ("services/unheard_of/__init__.py", ""),
    ],
    "geo-alone": [
        ("geo/offending.py", "import services.errors"),
        ("geo/offending.py", "from hazway.refusal.v1 import refusal_pb2"),
    ],
    "client-alone": [("hazway/offending.py", "import services.errors"), ("hazway/offending.py", "import geo")],
    "no-client-in-server": [
        ("services/waybill/offending.py", "import hazway.client"),
        ("services/demo/offending.py", "from hazway import cli"),
    ],
    "pure-packages": [
        ("geo/offending.py", "import grpc"),
        ("services/goods/offending.py", "from google.protobuf import timestamp_pb2"),
        ("services/errors/offending.py", "def late():\n    import sqlalchemy"),
    ],
    "pure-modules": [
        ("services/waybill/rules/__init__.py", "import sqlalchemy"),
        ("services/waybill/handover/rules.py", "from services.waybill.handover import store"),
        ("services/zones/model.py", "import redis"),
        ("services/registry/rules.py", "from services.registry import store"),
    ],
    "stores-stay-home": [
        ("services/waybill/offending.py", "from services.registry import store"),
        ("services/loading/offending.py", "import services.waybill.store"),
        ("services/loading/offending.py", "from services.waybill.handover import store"),
    ],
    "one-h3": [("geo/offending.py", "import h3"), ("services/zones/offending.py", "import h3.api.basic_int")],
    "one-osmnx": [("geo/cells.py", "def late():\n    import osmnx")],
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three packages side by side, as they are, with the modules that the breaks speak of."""
    copy = tmp_path_factory.mktemp("tree")
    for package in ("services", "geo", "clients/python/hazway"):
        skip = shutil.ignore_patterns("__pycache__", "*.sql", "*.csv", "*.json")
        shutil.copytree(ROOT / package, copy / Path(package).name, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint(tree: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    only = ["--contract", contract] if contract else []
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo", *only]
    environment = dict(os.environ, NO_COLOR="1", COLUMNS="300")
    return subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True, env=environment)


def test_every_contract_holds(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_every_contract_is_broken_on_purpose_below() -> None:
    assert BREAKS.keys() == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize(
    ("contract", "module", "offence"),
    [(contract, *case) for contract, cases in BREAKS.items() for case in cases],
)
def test_a_forbidden_import_is_caught(tree: Path, contract: str, module: str, offence: str) -> None:
    name = next(each["name"] for each in CONTRACTS if each["id"] == contract)
    with written(tree / module, offence):
        done = lint(tree, contract)
    assert done.returncode == 1
    assert f"{name} BROKEN" in done.stdout, done.stdout + done.stderr


class written:  # noqa: N801 (reads as a word in a with statement)
    """The offence stands at the end of the module while inside; afterwards the tree is as before."""

    def __init__(self, module: Path, offence: str) -> None:
        self.module, self.offence = module, offence
        self.before = module.read_text() if module.exists() else None
        self.made = next((folder for folder in reversed(module.parents) if not folder.exists()), None)

    def __enter__(self) -> None:
        self.module.parent.mkdir(parents=True, exist_ok=True)
        if self.made:
            (self.made / "__init__.py").touch()
        self.module.write_text(f"{self.before or ''}\n{self.offence}\n")

    def __exit__(self, *_: object) -> None:
        if self.before is None:
            self.module.unlink()
        else:
            self.module.write_text(self.before)
        if self.made:
            shutil.rmtree(self.made)
