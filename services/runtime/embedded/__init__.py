"""A real PostgreSQL and a real Redis out of installed wheels, for a demo, a test run and a small site: no set-up, no root, no port.

``postgres.start(home)`` and ``redis.start(home)`` answer a ``Running`` once the server takes connections. Everything a
server keeps lies under ``home``; only its socket may lie elsewhere, when the path of ``home`` is too long for one.
Linux only: processes are told apart through ``/proc``.
"""

from services.runtime.embedded import postgres, redis
from services.runtime.embedded.running import Running
from services.runtime.embedded.trouble import EmbeddedError

__all__ = ["EmbeddedError", "Running", "postgres", "redis"]
