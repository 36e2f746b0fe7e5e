"""One database, two engines underneath: SQLite (embedded) and PostgreSQL.

Functions of the library take a session and never commit; the outer unit opens
``writing()`` (one short transaction, committed on leaving) or ``reading()``.

SQLite runs in WAL mode with ``synchronous=FULL``: what was answered with 200 survives a
power cut. Writers take the write lock at ``BEGIN IMMEDIATE``, so two processes never meet
half-way in an upgrade from read to write, and one lock per process keeps its threads from
queueing inside SQLite's busy wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import Session

BUSY_TIMEOUT_MS = 5_000  # Zalo gives up on us after 2 s; a migration may take longer


class Database:
    """Engine plus the two ways of using it."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _server_engine(url)
        self._readers = self.engine.execution_options(read_only=True)
        self._write_lock = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end, rolled back on any error."""
        with (
            self._write_lock,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view that writes nothing."""
        with Session(self._readers, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", _begin_sqlite_transaction)
    return engine


def _server_engine(url: str) -> Engine:
    # pre-ping: a restarted PostgreSQL must not fail the first citizen after it
    return create_engine(url, pool_pre_ping=True)


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
