"""A program: ``python -m tests.integration.monitoring.wrong_clock SECONDS`` serves as an api process on a host whose clock is that
far off, as whatever of ours asks it for the time sees it."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Any

from services import assembly
from services.__main__ import main


class _Alike(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetime)


def set_wrong(seconds: float) -> None:
    class Wrong(datetime, metaclass=_Alike):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("services", "hazway") and vars(module).get("datetime") is datetime:
            vars(module)["datetime"] = Wrong


if __name__ == "__main__":
    assert assembly  # what serves is loaded
    set_wrong(float(sys.argv[1]))
    sys.argv[1:] = ["serve", "--role", "api"]
    main()
