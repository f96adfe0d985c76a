"""What a worker process does for monitoring beside detection: the archive, the figures and links that are down."""

from __future__ import annotations

from services import traceability
from services.monitoring import archive, figures, outage_desk
from services.runtime.host import Host
from services.runtime.loops import Loop


def loops(host: Host, holder: str) -> list[Loop]:
    home, keeper = host.settings.home, traceability.keeper_of(host.settings)
    return [
        Loop("archive", 60.0, lambda: archive.archive_due(host.engine, home, holder)),
        Loop("outages", 5.0, lambda: outage_desk.tell_due(host, keeper)),
        Loop("figures", 5.0, lambda: figures.work_out_due(host.engine, home)),
    ]
