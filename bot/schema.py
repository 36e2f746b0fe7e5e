"""The database's schema: bring it to the newest version, or refuse to run on an old one.

Migrations live in ``migrations/``; each file's name is its revision.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.db import Database
from bot.errors import OperatorError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class SchemaTooOldError(OperatorError):
    """The operator must run ``migrate`` first."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to ``revision`` in one transaction."""
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def check(database: Database) -> None:
    """``alembic check``: raises when the models say more than the migrations."""
    with database.engine.begin() as connection:
        command.check(_config(connection))


def current(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def require_newest(database: Database) -> None:
    """Refuse an older schema: the code would fail later, in the middle of something."""
    found, wanted = current(database), newest()
    if found != wanted:
        raise SchemaTooOldError(
            f"database schema is {found or 'empty'}, this program needs {wanted}: "
            "run 'python app.py migrate'"
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
