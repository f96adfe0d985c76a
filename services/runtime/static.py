"""A folder over plain HTTP, as any web server would serve it: the public log, and what inspectors carry."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class _LogFiles(StaticFiles):
    """Full tiles never change; the checkpoint does all the time (C2SP tlog-tiles)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if path.endswith("checkpoint"):
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
            response.headers["Cache-Control"] = "no-cache"
        else:
            response.headers["Content-Type"] = "application/octet-stream"
            response.headers["Cache-Control"] = "public, max-age=604800, immutable"
        return response


class _NewestFiles(StaticFiles):
    """Files that are replaced by newer ones; a client that names the one it has (ETag) is told when it is the newest."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Content-Type"] = "application/octet-stream"
        response.headers["Cache-Control"] = "no-cache"
        return response


def files_app(folder: Path) -> Starlette:
    """Serves ``folder/log`` at ``/log/`` and ``folder/roadside`` at ``/roadside/``."""
    kinds = {"log": _LogFiles, "roadside": _NewestFiles}
    for name in kinds:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Starlette(routes=[Mount(f"/{name}", kind(directory=folder / name)) for name, kind in kinds.items()])
