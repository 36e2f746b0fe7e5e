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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import TimeoutError
from sqlmodel import Session

# How long a writer waits for its turn, or for the server to answer. Zalo gives up on a
# webhook after 2 s, and then the disk must have had its turn too; others may wait longer.
PATIENCE_SECONDS = 5.0
WEB_PATIENCE_SECONDS = 1.0


class Database:
    """Engine plus the two ways of using it."""

    def __init__(self, url: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        create = _sqlite_engine if self.is_sqlite else _server_engine
        self.engine = create(url, patience)
        self._patience = patience
        self._readers = self.engine.execution_options(read_only=True)
        self._turn = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end, rolled back on any error.

        ``SQLAlchemyError`` when the database does not let us in within our patience.
        """
        with (
            self._writers_turn(),
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

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=self._patience):
            raise TimeoutError("another thread has been writing for too long")
        try:
            yield
        finally:
            self._turn.release()


def _sqlite_engine(url: str, patience: float) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": patience, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", _begin_sqlite_transaction)
    return engine


def _server_engine(url: str, patience: float) -> Engine:
    return create_engine(
        url,
        # a restarted PostgreSQL must not fail the first citizen after it
        pool_pre_ping=True,
        pool_timeout=patience,
        connect_args={
            "connect_timeout": max(2, round(patience)),  # libpq knows no less
            "options": f"-c lock_timeout={round(patience * 1000)}",
        },
    )


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
