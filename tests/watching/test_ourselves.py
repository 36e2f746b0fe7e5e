"""Alarms about the program's own troubles, and their ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.channel.money import set_aside, set_budget
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.dead_letters import discard, retry
from bot.watching.budgets import watch_budgets
from bot.watching.kinds import AlarmKind
from bot.watching.ourselves import watch_dead_letters, watch_jobs, watch_spool
from models import Account, Alarm, EventStatus, JobRun, Lane, WebhookEvent
from scheduler.clockwork import Workshop
from scheduler.watching import watch_ourselves
from tests.channel.test_spool import arrival


def open_alarms(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.exec(select(Alarm).where(col(Alarm.ended_at).is_(None)))
        return [(alarm.kind, alarm.subject) for alarm in rows]


def test_events_that_wait_on_disk_are_told_after_two_minutes(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    spool.append(arrival(0))
    came_at = spool.waits_since()
    assert came_at is not None
    with database.writing() as session:
        assert not watch_spool(session, spool, came_at + timedelta(minutes=1))
        assert watch_spool(session, spool, came_at + timedelta(minutes=3))
    assert open_alarms(database) == [(AlarmKind.SPOOL_WAITING, "")]
    assert spool.replay(lambda arrivals: None) == 1
    with database.writing() as session:
        assert not watch_spool(session, spool, clock.now())
    assert open_alarms(database) == []


def test_dead_letters_are_told_until_somebody_decides(
    database: Database, clock: Clock
) -> None:
    now = clock.now()
    with database.writing() as session:
        for number in (1, 2):
            session.add(
                WebhookEvent(
                    event_key=f"k{number}",
                    oa_id="1",
                    event_name="user_send_text",
                    body_sha256="x",
                    occurred_at=now,
                    received_at=now,
                    due_at=now,
                    status=EventStatus.DEAD,
                )
            )
    with database.writing() as session:
        assert watch_dead_letters(session, now)
        discard(session, "E1")
        assert watch_dead_letters(session, now)
        retry(session, "E2", now)
        assert not watch_dead_letters(session, now)
    assert open_alarms(database) == []


@pytest.mark.parametrize(("minutes", "hangs"), [(10, 0), (20, 1), (60 * 30, 0)])
def test_a_job_that_does_not_end_is_told(
    database: Database, clock: Clock, minutes: int, hangs: int
) -> None:
    now = clock.now()
    with database.writing() as session:
        session.add(
            JobRun(
                job="prune",
                period="2026-11-24",
                started_at=now - timedelta(minutes=minutes),
            )
        )
    with database.writing() as session:
        assert watch_jobs(session, ["prune", "other"], now) == hangs
    assert open_alarms(database) == [(AlarmKind.JOB_HANGS, "prune")] * hangs
    with database.writing() as session:
        session.add(
            JobRun(job="prune", period="2026-11-25", started_at=now, finished_at=now)
        )
    with database.writing() as session:
        assert watch_jobs(session, ["prune", "other"], now) == 0
    assert open_alarms(database) == []


def test_the_job_looks_at_all_of_them(workshop: Workshop) -> None:
    found = watch_ourselves(workshop, workshop.clock.now())
    assert found == {"spool": 0, "dead_letters": 0, "jobs": 0, "budgets": 0}


@pytest.mark.parametrize(
    ("spent", "kinds"),
    [
        (79, []),
        (80, [AlarmKind.BUDGET_80]),
        (99, [AlarmKind.BUDGET_80]),
        (100, [AlarmKind.BUDGET_80]),  # used up, and no message was turned away yet
        (101, [AlarmKind.BUDGET_100]),
    ],
)
def test_a_budget_that_runs_out_is_told(
    database: Database, clock: Clock, spent: int, kinds: list[AlarmKind]
) -> None:
    now = clock.now()
    with database.writing() as session:
        session.add(Account(oa_id="1", created_at=now))
        session.flush()
        set_budget(session, "1", Lane.REMINDER, 100, now)
        for number in range(spent):
            set_aside(session, number, "1", Lane.REMINDER, 1, now)
        assert watch_budgets(session, now) == len(kinds)
    assert open_alarms(database) == [(kind, "1") for kind in kinds]
    with database.writing() as session:
        set_budget(session, "1", Lane.REMINDER, 1_000, now)
        assert watch_budgets(session, now) == 0
    assert open_alarms(database) == []
