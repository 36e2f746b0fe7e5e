"""What lies on this machine's disk, how large the database is, which program this is.

What takes long to find out (people, the size of a database) is asked every five minutes.
"""

from __future__ import annotations

import platform
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select, text
from sqlmodel import Session

from bot import VERSION
from bot.channel.spool import Spool
from bot.db import Database
from bot.watching.metrics.families import gauge, gauges
from models import Contact

SLOW_FOR_SECONDS = 300.0
_SQLITE_BYTES = text(
    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
)
_POSTGRESQL_BYTES = text("SELECT pg_database_size(current_database())")


def spool(spool: Spool) -> Iterator[GaugeMetricFamily]:
    yield gauges(
        "spool_lines", "Events on this machine's disk: waiting, or refused.", ("state",),
        {("waiting",): spool.waiting(), ("refused",): spool.refused()},
    )  # fmt: skip
    yield gauge("spool_bytes", "Their size.", spool.size_bytes())


def disk(folder: Path) -> Iterator[GaugeMetricFamily]:
    usage = shutil.disk_usage(folder)
    yield gauge("disk_free_bytes", "Free where DATA_DIR is.", usage.free)
    yield gauge("disk_bytes", "Size of the disk where DATA_DIR is.", usage.total)


def build(database: Database) -> Iterator[GaugeMetricFamily]:
    labels = {
        "version": VERSION,
        "python": platform.python_version(),
        "database": database.url.get_backend_name(),
    }
    yield gauges(
        "build_info", "Which program this is; always 1.", tuple(labels),
        {tuple(labels.values()): 1.0},
    )  # fmt: skip


class Slow:
    """Remembers what was found for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._contacts = 0
        self._database_bytes = 0

    def collect(self, session: Session) -> Iterator[GaugeMetricFamily]:
        with self._lock:
            now = time.monotonic()
            if self._asked_at is None or now >= self._asked_at + SLOW_FOR_SECONDS:
                self._ask(session)
                self._asked_at = now
        yield gauge("contacts", "People known to any account.", self._contacts)
        yield gauge("database_bytes", "Size of the database.", self._database_bytes)

    def _ask(self, session: Session) -> None:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        size = _SQLITE_BYTES if is_sqlite else _POSTGRESQL_BYTES
        self._database_bytes = session.execute(size).scalar_one()
        count = select(func.count()).select_from(Contact)
        self._contacts = session.execute(count).scalar_one()
