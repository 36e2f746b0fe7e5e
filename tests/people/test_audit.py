"""The chain of changes: nothing can be altered, added between or taken out unseen."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from bot.db import Database
from bot.people import audit
from models import AuditEntry

NOW = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)
WRITERS, EACH = 4, 15


def record(database: Database, number: int) -> None:
    with database.writing() as session:
        detail = {"number": number, "unit": "xa_can_duoc", "old": None}
        audit.record(session, "p1", "proof.accepted", f"proof:{number}", detail, NOW)


def test_a_chain_verifies_as_it_was_written(database: Database) -> None:
    for number in range(3):
        record(database, number)
    with database.reading() as session:
        assert audit.verify(session) is None
        newest = session.scalars(
            select(AuditEntry).order_by(col(AuditEntry.id).desc())
        ).first()
        assert newest is not None
        assert audit.last_sha256(session) == newest.sha256


def test_an_empty_chain_verifies(database: Database) -> None:
    with database.reading() as session:
        assert audit.verify(session) is None


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_entry SET actor = 'p2' WHERE id = 2", 2),
        ("UPDATE audit_entry SET at = '2026-11-24 08:30:15.123457' WHERE id = 2", 2),
        ("UPDATE audit_entry SET detail = '{\"number\": 9}' WHERE id = 3", 3),
        ("UPDATE audit_entry SET subject = 'proof:77' WHERE id = 1", 1),
        ("DELETE FROM audit_entry WHERE id = 2", 3),
        ("DELETE FROM audit_entry WHERE id = 1", 2),
    ],
)
def test_a_change_behind_our_back_is_found(
    database: Database, change: str, broken: int
) -> None:
    for number in range(4):
        record(database, number)
    with database.writing() as session:
        session.connection().execute(text(change))
    with database.reading() as session:
        assert audit.verify(session) == broken


def test_concurrent_writers_make_one_chain(either: Database) -> None:
    def write(first: int) -> None:
        for number in range(EACH):
            record(either, first + number)

    writers = [threading.Thread(target=write, args=(100 * n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with either.reading() as session:
        assert audit.verify(session) is None
        count = session.scalar(select(func.count()).select_from(AuditEntry))
    assert count == WRITERS * EACH


@pytest.mark.parametrize(
    "detail",
    [
        {"name": "Nguyễn Thị Lan"},
        {"reason": "ảnh mờ"},
        {"who": ["Nguyen Lan"]},
        {"share": 0.5},
        {"at": NOW},
    ],
)
def test_names_and_sentences_are_refused(
    database: Database, detail: dict[str, object]
) -> None:
    with (
        pytest.raises(audit.NotForTheRecord),
        database.writing() as session,
    ):
        audit.record(session, "p1", "proof.rejected", "proof:1", detail, NOW)
