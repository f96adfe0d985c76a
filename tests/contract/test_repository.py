"""What the repository itself promises: pins that are hashed and homeless, no host or path of anybody's machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("run", "demo", "test", "check", "generate", "bench", "soak", "clean", "lock")
# Written apart, so that this file does not name them either.
REGISTRIES = re.compile(
    r"pypi\W?\.org|python"
    r"hosted|npm"
    r"js\.|deb\.deb"
    r"ian|proxy\.gol"
    r"ang|crates\.i"
    r"o|ghcr\.i"
    r"o|docker\.i"
    r"o"
)
MACHINE_PATHS = re.compile(r"(?<![\w.}/])/(?:work|root|home|Users)/\w")


def committed_texts() -> list[tuple[str, str]]:
    """(path, content) of every text file git knows of and that is still there."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in content:
            found.append((name, content.decode("utf-8")))
    return found


@pytest.mark.parametrize("forbidden", [REGISTRIES, MACHINE_PATHS], ids=["package registry", "path of a machine"])
def test_no_file_names_a(forbidden: re.Pattern[str]) -> None:
    assert [(name, hit[0]) for name, text in committed_texts() if (hit := forbidden.search(text))] == []


def pins(lock: Path) -> list[str]:
    """One requirement an entry, its continued lines joined."""
    lines = lock.read_text().replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_pin_is_exact_and_hashed_and_names_no_index(lock: Path) -> None:
    assert pins(lock)
    for pin in pins(lock):
        assert re.match(r"[a-zA-Z0-9._-]+==[^ ]+ ", pin), pin
        assert "--hash=sha256:" in pin, pin
        assert "://" not in pin, pin


@pytest.mark.parametrize("wanted", sorted((ROOT / "requirements").glob("*.in")), ids=lambda path: path.name)
def test_everything_wanted_is_pinned(wanted: Path) -> None:
    names = {pin.split("==")[0] for pin in pins(wanted.with_suffix(".txt"))}
    asked = (re.match(r"[a-zA-Z0-9._-]+", line) for line in wanted.read_text().splitlines() if not line.startswith("-"))
    assert {name[0].lower() for name in asked if name} <= names


def test_the_server_and_the_tests_run_on_the_same_versions() -> None:
    server, dev = (set(pins(ROOT / f"requirements/{name}.txt")) for name in ("server", "dev"))
    assert server <= dev


def test_the_npm_lock_carries_no_addresses() -> None:
    text = (ROOT / "protos/package-lock.json").read_text()
    assert "://" not in text
    assert '"integrity": "sha512-' in text


def test_a_bare_make_prints_every_target() -> None:
    printed = subprocess.run(
        ["make", "--no-print-directory"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {line.split()[1] for line in printed.splitlines()} == {"help", *TARGETS}


def test_the_image_copies_only_what_is_here() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for package in ("services", "geo")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b|from os import environ", path.read_text())
    }
    assert readers == {"services/runtime/settings.py"}
