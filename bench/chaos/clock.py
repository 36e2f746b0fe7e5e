"""Four clocks, and what happens to them: kills in the middle of a job, jumps of the time.

Each worker goes through the same jobs again and again while a common clock runs some
minutes ahead, jumps days forward or hours back. A kill ends a job like kill -9 does: nothing
of its end is written, before or after what it was to do. Wanted: every occurrence between
the first and the last was done once, or its row says why not.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy.exc import TimeoutError
from sqlmodel import select

from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from models import JobRun, JobState
from scheduler.clockwork import LEASE, Job, Workshop, perform, take_if_due
from scheduler.schedules import daily, every_minutes, weekly

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BEGIN = datetime(2026, 1, 30, 3, 7, tzinfo=UTC)
WORKERS = 4
KILLED, JUMPS = 0.08, 0.03
SCHEDULES = {
    "minutes": every_minutes(10),
    "day": daily(hour=3),
    "monday": weekly(1, hour=8),
}


class Killed(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


class JumpingClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.at = BEGIN

    def now(self) -> datetime:
        return self.at


@dataclass
class ClockVerdict:
    """``unaccounted``: no row; ``without_reason``: not done, and nobody knows why;
    ``twice``: done more often than it was begun by a take-over; ``lost``: said to be done."""

    occurrences: int = 0
    done: int = 0
    taken_over: int = 0
    skipped: int = 0
    abandoned: int = 0
    kills: int = 0
    jumps: int = 0
    unaccounted: int = 0
    without_reason: int = 0
    twice: int = 0
    lost: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.unaccounted + self.without_reason + self.twice + self.lost)


@dataclass
class Clocks:
    """Four workers over one database."""

    database: Database
    rng: random.Random
    clock: JumpingClock = field(default_factory=JumpingClock)
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    kills: int = 0
    jumps: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, occurrences: int) -> ClockVerdict:
        """Until so many occurrences of the frequent job are over, then an hour of peace."""
        for _ in range(occurrences):
            self._move()
            self._all_at_once()
        for _ in range(7):
            self.clock.at += timedelta(minutes=10)
            self._all_at_once(peace=True)
        return self._verdict()

    def _move(self) -> None:
        if self.rng.random() < JUMPS:
            self.jumps += 1
            hours = self.rng.choice((-2, -1, 1, 5, 30, 75))
            self.clock.at += timedelta(hours=hours)
        self.clock.at += timedelta(seconds=self.rng.randrange(200, 900))

    def _all_at_once(self, *, peace: bool = False) -> None:
        seeds = [self.rng.random() for _ in range(WORKERS)]
        threads = [
            threading.Thread(target=self._tick, args=(seed, peace)) for seed in seeds
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _tick(self, seed: float, peace: bool) -> None:
        """One worker's turn; killed, or kept out of the database for longer than it is
        patient (a machine that stood still), it leaves everything as it was."""
        rng, workshop = random.Random(seed), self._workshop()
        now = self.clock.now()
        try:
            for name, schedule in SCHEDULES.items():
                run = self._work(name, rng, peace)
                job = Job(name, schedule, run)
                taken = take_if_due(job, workshop, now, LEASE)
                if taken is not None:
                    perform(taken, workshop, now)
        except (Killed, TimeoutError):
            with self.lock:
                self.kills += 1

    def _work(self, name: str, rng: random.Random, peace: bool) -> Any:
        def run(workshop: Workshop, now: datetime) -> dict[str, int]:
            dies = rng.random() if not peace else 1.0
            if dies < KILLED / 2:
                raise Killed
            occurrence = SCHEDULES[name].latest(now.astimezone(ZONE))
            with self.lock:
                self.effects[name, occurrence.key] += 1
            if dies < KILLED:
                raise Killed
            return {"done": 1}

        return run

    def _workshop(self) -> Workshop:
        """Only what the clock itself uses."""
        nothing = cast(Any, None)
        return Workshop(
            self.database, self.clock, ZONE, nothing, Texts({}), nothing, nothing, ()
        )

    # --- the judge ------------------------------------------------------------------------------

    def _verdict(self) -> ClockVerdict:
        found = ClockVerdict(kills=self.kills, jumps=self.jumps)
        with self.database.reading() as session:
            rows = {(r.job, r.period): r for r in session.exec(select(JobRun))}
        for name in SCHEDULES:
            mine = [row for row in rows.values() if row.job == name and row.due_at]
            for key in _keys(name, [row.due_at for row in mine if row.due_at]):
                _judge(found, rows.get((name, key)), self.effects[name, key])
        return found


def _keys(name: str, due: list[datetime]) -> Iterator[str]:
    """All occurrences from the first to the last, by another way than the program's."""
    if not due:
        return
    at, last = min(due).astimezone(ZONE), max(due).astimezone(ZONE)
    while at <= last:
        if name == "minutes":
            yield f"{at:%Y-%m-%dT%H:%M}"
            at += timedelta(minutes=10)
        else:
            yield f"{at:%Y-%m-%d}"
            at += timedelta(days=1 if name == "day" else 7)


def _judge(found: ClockVerdict, row: JobRun | None, effects: int) -> None:
    found.occurrences += 1
    if row is None:
        found.unaccounted += 1
        return
    found.twice += effects > row.attempts
    match row.state:
        case JobState.DONE:
            found.done += 1
            found.taken_over += row.attempts > 1
            found.lost += effects == 0
        case JobState.SKIPPED:
            found.skipped += 1
            found.without_reason += not row.reason
            found.twice += effects > 0
        case JobState.FAILED:
            found.abandoned += 1
            found.without_reason += not row.reason
        case _:
            found.without_reason += 1


def run_clocks(database: Database, occurrences: int, seed: int = 1) -> ClockVerdict:
    return Clocks(database, random.Random(seed)).run(occurrences)


def table(verdict: ClockVerdict) -> str:
    names = [one.name for one in fields(verdict)]
    values = [str(getattr(verdict, name)) for name in names]
    return "\n".join(
        [
            "## Clocks",
            "",
            f"| {' | '.join(name.replace('_', ' ') for name in names)} |",
            "| --- " * len(names) + "|",
            f"| {' | '.join(values)} |",
        ]
    )
