"""The newest schema is known without alembic, and is the one alembic would go to."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot import schema
from bot.db import Database


def test_the_newest_revision_is_alembics_head() -> None:
    assert schema.newest() == ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()


def test_a_migrated_database_is_at_the_newest_revision(database: Database) -> None:
    assert schema.current(database) == schema.newest()
    schema.require_newest(database)


def test_a_database_without_tables_is_at_none(tmp_path: object) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    assert schema.current(empty) is None
    empty.close()


FIRST = "0001_first_release"


def test_rows_of_the_first_release_survive_all_migrations_and_the_way_back(
    either: Database,
) -> None:
    """Among them rows that others refer to, in tables that migrations copy."""
    schema.downgrade(either, FIRST)
    with either.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO contact (id, oa_id, user_id, created_at, privacy_choice) "
                "VALUES (7, '5', '77', '2026-01-01', 'unasked')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO webhook_event (event_key, oa_id, contact_id, event_name, "
                "payload, body_sha256, occurred_at, received_at, status, attempts, due_at) "
                "VALUES ('k', '5', 7, 'follow', '{}', 'x', '2026-01-01', '2026-01-01', "
                "'done', 1, '2026-01-01')"
            )
        )
    schema.upgrade(either)
    assert _who_wrote(either) == [("k", "77")]
    schema.downgrade(either, FIRST)
    assert _who_wrote(either) == [("k", "77")]


def test_a_migration_that_would_break_references_changes_nothing(
    database: Database,
) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(
            "INSERT INTO handover (id, contact_id, oa_id, asked_at) "
            "VALUES (1, 404, '5', '2026-01-01')"
        )
        connection.exec_driver_sql("COMMIT")
    found = schema.current(database)
    with pytest.raises(schema.SchemaBrokenError, match="row 1 of handover"):
        schema.downgrade(database, "0019_feedback_and_surveys")
    assert schema.current(database) == found


def _who_wrote(database: Database) -> list[tuple[str, str]]:
    with database.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT event_key, user_id FROM webhook_event "
                "JOIN contact ON contact.id = contact_id"
            )
        )
        return [(row.event_key, row.user_id) for row in found]
