"""The bell through PostgreSQL: ``NOTIFY`` wakes the workers of every machine.

Two small connections of its own beside the pool: one rings, one listens.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import psycopg
import structlog
from sqlalchemy import URL

log = structlog.get_logger(__name__)

CHANNEL = "zalo_oa_assistant_bell"
CONNECT_SECONDS = 2  # libpq knows no less
TRY_AGAIN_SECONDS = 1.0  # a server that is away is not asked for every event


class PostgresBell:
    """``ring()`` in any process ends a ``wait()`` in every worker that listens."""

    def __init__(self, url: URL) -> None:
        plain = url.set(drivername="postgresql")
        self._url = plain.render_as_string(hide_password=False)
        self._lock = threading.Lock()
        self._mouth: psycopg.Connection | None = None
        self._ears: psycopg.Connection | None = None
        self._away_until = 0.0

    def ring(self) -> None:
        with self._lock:
            if time.monotonic() < self._away_until:
                return
            try:
                self._mouth = self._mouth or self._connect()
                self._mouth.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error as error:
                self._away_until = time.monotonic() + TRY_AGAIN_SECONDS
                _let_go(self._mouth, error)
                self._mouth = None

    def wait(self, timeout_seconds: float) -> bool:
        """True when rung, also while nobody waited; all rings so far count as one."""
        until = time.monotonic() + timeout_seconds
        try:
            if self._ears is None:
                self._ears = self._connect()
                self._ears.execute(f"LISTEN {CHANNEL}")
            rings = list(self._ears.notifies(timeout=timeout_seconds, stop_after=1))
            return bool(rings + list(self._ears.notifies(timeout=0)))
        except psycopg.Error as error:
            _let_go(self._ears, error)
            self._ears = None
            time.sleep(max(0.0, until - time.monotonic()))
            return False

    def close(self) -> None:
        for connection in (self._mouth, self._ears):
            if connection is not None:
                connection.close()
        self._mouth = self._ears = None

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_SECONDS
        )


def _let_go(connection: psycopg.Connection | None, error: psycopg.Error) -> None:
    log.warning("bell_away", carrier="postgresql", error=type(error).__name__)
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()
