"""The database's schema: bring it to the newest version, or refuse to run on an old one.

Migrations live in ``migrations/``; each file's name is its revision. Alembic is loaded only
to migrate: a process that serves looks at one row and at the files (11 MB less in each).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from bot.db import Database
from bot.errors import OperatorError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_EARLIER = re.compile(r'^down_revision\b[^"\n]*"([^"]+)"', re.MULTILINE)


class SchemaTooOldError(OperatorError):
    """The operator must run ``migrate`` first."""


class SchemaBrokenError(OperatorError):
    """A migration would leave references to rows that do not exist."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to ``revision`` in one transaction."""
    from alembic import command

    with _changing(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    from alembic import command

    with _changing(database) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """One transaction. SQLite changes a table by filling a copy and dropping the old one:
    it must not follow the references to that one meanwhile, and checks all at the end."""
    if not database.is_sqlite:
        with database.engine.begin() as connection:
            yield connection
        return
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                before = _revision(connection)
                yield connection
                if _revision(connection) != before:  # it reads every row
                    _require_whole(connection)
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _require_whole(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise SchemaBrokenError(
            f"nothing was changed: row {broken[1]} of {broken[0]} would refer to a row "
            f"of {broken[2]} that does not exist"
        )


def check(database: Database) -> None:
    """``alembic check``: raises when the models say more than the migrations."""
    from alembic import command

    with database.engine.begin() as connection:
        command.check(_config(connection))


def current(database: Database) -> str | None:
    """The revision that the database is at; None: it has no tables of ours."""
    with database.engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()


def newest() -> str:
    """The revision that no other one builds on."""
    files = {file.stem: file for file in (MIGRATIONS / "versions").glob("*.py")}
    earlier = {
        name
        for file in files.values()
        for name in _EARLIER.findall(file.read_text(encoding="utf-8"))
    }
    [last] = files.keys() - earlier
    return last


def require_newest(database: Database) -> None:
    """Refuse an older schema: the code would fail later, in the middle of something."""
    found, wanted = current(database), newest()
    if found != wanted:
        raise SchemaTooOldError(
            f"database schema is {found or 'empty'}, this program needs {wanted}: "
            "run 'python app.py migrate'"
        )


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
