"""The clock: once among all workers, or skipped with its reason."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bench.chaos.clock import JumpingClock, run_clocks
from bot.db import Database
from bot.errors import OperatorError
from models import JobRun, JobState
from scheduler import JOBS
from scheduler.clockwork import (
    LEASE,
    Clockwork,
    Job,
    Result,
    Workshop,
    run_occurrence,
    take_if_due,
    tick,
)
from scheduler.listing import find_job, job_lines, ran_line, time_of
from scheduler.schedules import Schedule, daily, every_minutes, on_days, weekly
from tests.duties.office import ZONE, at

ALL = (every_minutes(1), every_minutes(7), every_minutes(60), daily(3), weekly(1, 8))


class Counter:
    """A job that counts its turns."""

    def __init__(self) -> None:
        self.turns: list[datetime] = []

    def __call__(self, workshop: Workshop, now: datetime) -> Result:
        self.turns.append(now)
        return {"turns": len(self.turns)}


@pytest.fixture
def clock() -> JumpingClock:
    found = JumpingClock()
    found.at = at("2026-11-18", 9)
    return found


@pytest.fixture
def work() -> Counter:
    return Counter()


def rows(workshop: Workshop) -> list[tuple[str, str, str | None]]:
    with workshop.database.reading() as session:
        found = session.exec(select(JobRun).order_by(JobRun.period)).all()
    return [(row.period, str(row.state), row.reason) for row in found]


# --- schedules ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.datetimes(
        at("2026-01-01").replace(tzinfo=None), at("2027-12-31").replace(tzinfo=None)
    ),
    st.sampled_from(ALL),
)
def test_occurrences_follow_each_other_without_a_gap(
    naive: datetime, schedule: Schedule
) -> None:
    local = naive.replace(tzinfo=ZONE)
    here = schedule.latest(local)
    then = schedule.following(local)
    assert here.due_at <= local < then.due_at
    assert schedule.following(here.due_at) == then
    assert schedule.latest(then.due_at) == then


def test_occurrences_are_named_by_their_planned_time() -> None:
    local = at("2026-11-18", 9) + timedelta(minutes=14, seconds=7)
    assert every_minutes(10).latest(local).key == "2026-11-18T09:10"
    assert daily(3).latest(local).key == "2026-11-18"
    assert daily(16).latest(local).key == "2026-11-17"
    assert weekly(1, 8).latest(local).key == "2026-11-16"
    assert on_days(lambda day: day.day == 1, 8).following(local).key == "2026-12-01"


def test_every_job_of_the_table_comes_again() -> None:
    local = at("2026-11-18", 9)
    assert all(job.schedule.following(local).due_at > local for job in JOBS)


# --- once, or with a reason ------------------------------------------------------------------------


def test_an_occurrence_runs_once_whoever_ticks(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    jobs = [Job("job", every_minutes(10), work)]
    assert tick(jobs, workshop) == ["job"]
    assert tick(jobs, workshop) == []
    clock.at += timedelta(minutes=10)
    assert tick(jobs, workshop) == ["job"]
    assert [state for _, state, _ in rows(workshop)] == ["done", "done"]


def test_what_nobody_could_do_is_skipped_with_its_reason(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    jobs = [Job("job", every_minutes(10), work)]
    tick(jobs, workshop)
    clock.at += timedelta(minutes=40)
    tick(jobs, workshop)
    assert rows(workshop) == [
        ("2026-11-18T09:00", "done", None),
        ("2026-11-18T09:10", "skipped", "missed"),
        ("2026-11-18T09:20", "skipped", "missed"),
        ("2026-11-18T09:30", "skipped", "missed"),
        ("2026-11-18T09:40", "done", None),
    ]


def test_a_missed_one_is_caught_up_only_within_its_grace(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    jobs = [Job("job", daily(8), work, grace=timedelta(hours=2))]
    tick(jobs, workshop)  # at nine: an hour late
    clock.at = at("2026-11-19", 12)
    assert tick(jobs, workshop) == []
    assert tick(jobs, workshop) == []
    clock.at = at("2026-11-20", 10)
    assert tick(jobs, workshop) == ["job"]
    states = [(period, state) for period, state, _ in rows(workshop)]
    assert states == [
        ("2026-11-18", "done"), ("2026-11-19", "skipped"), ("2026-11-20", "done"),
    ]  # fmt: skip


def test_on_a_fresh_machine_nothing_was_missed(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    clock.at = at("2026-11-18", 1)
    assert tick([Job("job", daily(3), work)], workshop) == []
    assert rows(workshop) == []


def test_what_a_dead_worker_left_is_taken_over_once(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    job = Job("job", daily(8), work)
    assert take_if_due(job, workshop, clock.now(), LEASE) is not None  # and it dies
    assert tick([job], workshop) == []
    clock.at += timedelta(seconds=61)
    assert tick([job], workshop) == ["job"]
    assert tick([job], workshop) == []
    assert rows(workshop) == [("2026-11-18", "done", None)]


def test_what_was_left_for_too_long_is_abandoned(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    job = Job("job", every_minutes(10), work)
    take_if_due(job, workshop, clock.now(), LEASE)
    clock.at += timedelta(minutes=20)
    tick([job], workshop)
    assert rows(workshop) == [
        ("2026-11-18T09:00", "failed", "abandoned"),
        ("2026-11-18T09:10", "skipped", "missed"),
        ("2026-11-18T09:20", "done", None),
    ]


def test_a_failing_job_says_so_and_the_others_go_on(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    def fail(workshop: Workshop, now: datetime) -> Result:
        raise ValueError("broken on purpose")

    jobs = [Job("bad", every_minutes(10), fail), Job("good", every_minutes(10), work)]
    assert tick(jobs, workshop) == ["bad", "good"]
    with workshop.database.reading() as session:
        bad = session.get_one(JobRun, ("bad", "2026-11-18T09:00"))
    assert (bad.state, bad.error) == ("failed", "ValueError")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


def test_a_slow_job_delays_no_other_and_keeps_its_lease(
    workshop: Workshop, clock: JumpingClock, work: Counter, gate: threading.Event
) -> None:
    def slow(workshop: Workshop, now: datetime) -> Result:
        assert gate.wait(30)
        return {}

    jobs = (Job("slow", every_minutes(1), slow), Job("quick", every_minutes(1), work))
    clockwork = Clockwork(jobs, workshop)
    assert clockwork.tick() == ["slow", "quick"]
    while len(work.turns) < 3:
        clock.at += timedelta(seconds=50)
        clockwork.tick()
        assert take_if_due(jobs[0], workshop, at("2026-11-18", 9), LEASE) is None
    gate.set()
    clockwork.close()
    with workshop.database.reading() as session:
        row = session.get_one(JobRun, ("slow", "2026-11-18T09:00"))
    assert (row.state, row.attempts) == (JobState.DONE, 1)


def test_four_workers_with_kills_and_jumps_account_for_every_occurrence(
    database: Database,
) -> None:
    found = run_clocks(database, 250, seed=3)
    assert found.is_clean, found
    # how often depends on the machine; that all of it happened does not
    assert min(found.kills, found.jumps, found.taken_over) > 0
    assert min(found.done, found.skipped, found.abandoned) > 0


# --- what operators see and do ------------------------------------------------------------------------


def test_the_list_tells_last_run_result_and_next_run(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    jobs = [Job("job", every_minutes(10), work), Job("other", daily(3), work)]
    tick(jobs[:1], workshop)
    clock.at += timedelta(minutes=30)
    tick(jobs[:1], workshop)
    with workshop.database.reading() as session:
        first, second = job_lines(session, jobs, clock.now(), ZONE)
    assert (first.state, first.result, first.skipped_last_day) == (
        "done",
        {"turns": 2},
        2,
    )
    assert first.next_at == at("2026-11-18", 9) + timedelta(minutes=40)
    assert "turns=2" in first.line()
    assert (second.state, second.next_at) == ("never", at("2026-11-19", 3))
    assert second.to_json()["last_started_at"] is None


def test_a_job_past_its_limit_is_shown_as_hanging(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    job = Job("job", daily(8), work, limit=timedelta(minutes=5))
    take_if_due(job, workshop, clock.now(), LEASE)
    with workshop.database.reading() as session:
        [line] = job_lines(session, [job], clock.now() + timedelta(minutes=6), ZONE)
    assert line.state == "hangs"


def test_an_occurrence_by_hand_runs_once_and_says_so(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    job, then = Job("job", daily(8), work), at("2026-11-16", 10)
    row = run_occurrence(job, workshop, then)
    assert (row.period, work.turns) == ("2026-11-16", [then])
    assert ran_line(row, clock.now(), ZONE) == "job of 2026-11-16: done: turns=1"
    clock.at += timedelta(minutes=1)
    again = run_occurrence(job, workshop, then)
    assert len(work.turns) == 1
    assert "already done at 2026-11-18 09:00" in ran_line(again, clock.now(), ZONE)


def test_a_skipped_occurrence_can_be_done_by_hand(
    workshop: Workshop, clock: JumpingClock, work: Counter
) -> None:
    job = Job("job", daily(8), work)
    tick([job], workshop)
    clock.at = at("2026-11-20", 9)
    tick([job], workshop)
    assert rows(workshop)[1] == ("2026-11-19", "skipped", "missed")
    run_occurrence(job, workshop, at("2026-11-19", 9))
    assert rows(workshop)[1] == ("2026-11-19", "done", None)


def test_a_wrong_name_and_a_wrong_time_are_said_in_one_line() -> None:
    with pytest.raises(OperatorError, match=r"duties\.close_periods"):
        find_job(JOBS, "duties.close_period")
    with pytest.raises(OperatorError, match="2026-11-30T08:00"):
        time_of("morgen", ZONE)
    assert time_of("2026-11-18T09:00", ZONE) == at("2026-11-18", 9)
