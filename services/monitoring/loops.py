"""What a worker process does for monitoring beside detection: the archive and the figures."""

from __future__ import annotations

from services.monitoring import archive, figures
from services.runtime.host import Host
from services.runtime.loops import Loop


def loops(host: Host, holder: str) -> list[Loop]:
    home = host.settings.home
    return [
        Loop("archive", 60.0, lambda: archive.archive_due(host.engine, home, holder)),
        Loop("figures", 5.0, lambda: figures.work_out_due(host.engine, home)),
    ]
