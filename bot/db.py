"""One database, two engines underneath: SQLite (embedded) and PostgreSQL.

Functions of the library take a session and never commit; the outer unit opens
``writing()`` (one short transaction, committed on leaving) or ``reading()``.

SQLite runs in WAL mode with ``synchronous=FULL``: what was answered with 200 survives a
power cut. Writers take the write lock at ``BEGIN IMMEDIATE``, so two processes never meet
half-way in an upgrade from read to write, and one lock per process keeps its threads from
queueing inside SQLite's busy wait.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.exc import TimeoutError
from sqlmodel import Session, SQLModel

# How long a writer waits for its turn, or for the server to answer. Zalo gives up on a
# webhook after 2 s, and then the disk must have had its turn too; others may wait longer.
PATIENCE_SECONDS = 5.0
WEB_PATIENCE_SECONDS = 1.0
POOL_SIZE = 15  # connections of one process: a server takes 100 from all of them
# A worker that stands still in the middle (a paused machine) must not keep its locks.
FROZEN_AFTER_SECONDS = 60
# How often a writer of another process is asked whether it is done. SQLite's own waiting
# sleeps up to 100 ms at a time, while our transactions last a few.
TURN_POLL_SECONDS = 0.001


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements without the ORM."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


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
    def writing_plainly(self) -> Iterator[Connection]:
        """The same without the ORM, for a path where its share of the processor counts."""
        with self._writers_turn(), self.engine.begin() as connection:
            yield connection

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
        hide_parameters=True,  # the text of an error must not hold what people wrote
    )
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", partial(_begin_sqlite_transaction, patience))
    return engine


def _server_engine(url: str, patience: float) -> Engine:
    return create_engine(
        url,
        # a restarted PostgreSQL must not fail the first citizen after it
        pool_pre_ping=True,
        # opened as they are needed and kept: a sender's threads would open and close the
        # few above SQLAlchemy's five for every second message
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=patience,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, round(patience)),  # libpq knows no less
            "options": f"-c lock_timeout={round(patience * 1000)} "
            f"-c idle_in_transaction_session_timeout={FROZEN_AFTER_SECONDS * 1000}",
        },
    )


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-400")  # KiB; each of many threads has its own
    cursor.close()


def _begin_sqlite_transaction(patience: float, connection: Connection) -> None:
    if connection.get_execution_options().get("read_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if not _began(driver, time.monotonic() + patience):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # or its error
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")


def _began(driver: sqlite3.Connection, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError:  # in use, or something that the next try says
            time.sleep(TURN_POLL_SECONDS)
    return False
