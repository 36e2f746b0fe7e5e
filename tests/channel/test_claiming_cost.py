"""What a look and a claim cost does not grow with what waits: plans and steps, no times."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.channel.claiming import Queue, claim, due_queues, has_unknown, next_due_at
from bot.db import Database
from models import Account, Lane
from tests.channel.conftest import MovableClock
from tests.postgres import Cluster

LEASE = timedelta(minutes=1)
BUSY, QUIET = "1", "2"
STEPS_COUNTED_BY = 50  # virtual machine instructions of SQLite


def fill(database: Database, now: datetime, rows: int) -> None:
    """A campaign of one account, to as many people, beside a quiet account."""
    numbers = {
        True: "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
        " WHERE x < :rows) {} FROM n",
        False: "{} FROM generate_series(1, :rows) AS n(x)",
    }[database.is_sqlite]
    people = (
        "INSERT INTO contact (id, oa_id, user_id, created_at, privacy_choice)"
        " SELECT x, '1', 'u' || x, :now, 'unasked'"
    )
    messages = (
        "INSERT INTO outbox_message (dedupe_key, oa_id, contact_id, lane, lane_rank,"
        " content, status, due_at, attempts, created_at, paid_vnd)"
        " SELECT 'k' || x, '1', x, 'campaign', 2, CAST(:content AS JSON), 'waiting',"
        " :now, 0, :now, 0"
    )
    if database.is_sqlite:
        insert, select = people.split(" SELECT")
        people_sql = insert + " " + numbers.format("SELECT" + select)
        insert, select = messages.split(" SELECT")
        messages_sql = insert + " " + numbers.format("SELECT" + select)
        at: Any = now.strftime("%Y-%m-%d %H:%M:%S.%f")
        messages_sql = messages_sql.replace("CAST(:content AS JSON)", ":content")
    else:
        people_sql, messages_sql = numbers.format(people), numbers.format(messages)
        at = now
    content = '{"text": "tin", "buttons": [], "quote_message_id": null, "about": null}'
    with database.engine.begin() as connection:
        connection.execute(text(people_sql), {"rows": rows, "now": at})
        given = {"rows": rows, "now": at, "content": content}
        connection.execute(text(messages_sql), given)
    with database.writing() as session:
        for oa_id in (BUSY, QUIET):
            session.add(Account(oa_id=oa_id, created_at=now))


def look_and_claim(database: Database, now: datetime) -> int:
    """One round of a sender."""
    with database.reading() as session:
        assert due_queues(session, now) == [Queue(BUSY, Lane.CAMPAIGN, None)]
        assert not has_unknown(session, now)
        next_due_at(session, now, now + timedelta(seconds=1))
    with database.writing() as session:
        return len(claim(session, Queue(BUSY, Lane.CAMPAIGN, None), now, 5, LEASE))


def statements_of(database: Database, work: Callable[[], object]) -> list[Any]:
    """The statements on the outbox that a piece of work runs, with their parameters."""
    seen: list[Any] = []

    def note(_c: object, _cur: object, sql: str, given: Any, *_rest: object) -> None:
        if "outbox_message" in sql and "JOIN contact" not in sql:
            seen.append((sql, given))

    event.listen(database.engine, "before_cursor_execute", note)
    work()
    event.remove(database.engine, "before_cursor_execute", note)
    return seen


def test_a_round_takes_as_many_steps_with_50_000_rows_as_with_500(
    database: Database, clock: MovableClock
) -> None:
    now = clock.now()
    fill(database, now, 500)
    few = steps_of_a_round(database, now)
    with database.engine.begin() as connection:
        for table in ("outbox_message", "contact", "account"):
            connection.execute(text(f"DELETE FROM {table}"))
    fill(database, now, 50_000)
    assert steps_of_a_round(database, now) < few * 1.2


def steps_of_a_round(database: Database, now: datetime) -> int:
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    def watch(connection: sqlite3.Connection, *_rest: object) -> None:
        connection.set_progress_handler(count, STEPS_COUNTED_BY)

    database.engine.dispose()
    event.listen(database.engine, "connect", watch)
    assert look_and_claim(database, now) == 5
    event.remove(database.engine, "connect", watch)
    database.engine.dispose()
    assert counted[0] > 0
    return counted[0]


@pytest.fixture(scope="module")
def filled_server(cluster: Cluster) -> Iterator[Database]:
    database = Database(cluster.migrated())
    fill(database, MovableClock().now(), 20_000)
    yield database
    database.close()


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_postgresql_reads_no_table_from_end_to_end(
    filled_server: Database, is_analyzed: bool
) -> None:
    database, now = filled_server, MovableClock().now()
    if is_analyzed:
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.execute(text("ANALYZE"))
    seen = statements_of(database, lambda: look_and_claim(database, now))
    assert len(seen) == 4
    for sql, given in seen:
        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN {sql}", given).scalars().all()
        assert "Seq Scan on outbox_message" not in "\n".join(plan)


def test_sqlite_uses_the_partial_indexes(
    database: Database, clock: MovableClock
) -> None:
    fill(database, clock.now(), 10)
    seen = statements_of(database, lambda: look_and_claim(database, clock.now()))
    with database.engine.connect() as connection:
        plans = [
            " | ".join(
                step[-1]
                for step in connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {sql}", given
                )
            )
            for sql, given in seen
        ]
    queues, lost, soonest, claimed = plans
    queue = "USING INDEX ix_outbox_message_queue (oa_id=? AND lane_rank=?"
    assert queues.count(queue) == len(Lane)
    assert "ix_outbox_message_lease" in lost
    assert soonest.count(queue) == len(Lane)
    assert f"due_row {queue}" in claimed
    assert "other_row USING INDEX ix_outbox_message_contact_open" in claimed
