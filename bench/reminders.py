"""Reminders over simulated time: who is reminded of what, when, and who should not have been.

A province of communes lives through weeks with twelve duties each: posts are credited early,
late or never; exemptions are asked, granted and refused; officials write, fall silent, block,
go on leave. The clock's own jobs plan and release, the sender's own claim and policy decide,
and one message in a hundred goes out by HTTP. The judge keeps its own book of what was done
and of who wrote when, and has its own calendar (``tests/outreach/oracle``).

``python -m bench.reminders [--units 150] [--days 365]``; ``--tet`` are four weeks around Tết
with 3,321 units. Wanted: no reminder of what is done or exempt, nobody with two a day, none
outside the hours or into a closed window, no open cell without a last word.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import tempfile
import time as stopwatch
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bench.fake_endpoint import fake_endpoint
from bot.calendar import Calendar
from bot.channel.claiming import ClaimedMessage, Queue, claim, due_queues
from bot.channel.outcomes import Outcome, begin_attempts, record_outcome
from bot.channel.window import first_objection, refusal
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from bot.duties.periods import Period, period_of
from bot.duties.reminding import CellAt, load_ladder, open_cells
from bot.outreach.caps import occasion_of
from bot.outreach.choke import Choke
from bot.schema import upgrade
from models import (
    Absence,
    Account,
    AdminUnit,
    Assignment,
    Cadence,
    Contact,
    EvidenceKind,
    Exemption,
    ExemptionState,
    Lane,
    Membership,
    MessageStatus,
    Official,
    Plan,
    PlanDuty,
    Proof,
    ProofState,
    Reminder,
    ReminderState,
    Role,
    UnitLevel,
)
from scheduler.clockwork import Workshop
from scheduler.reminders import plan_reminders, release_reminders, still_owed
from scheduler.reminding import Item
from tests.outreach import oracle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CONTENT = Path(__file__).resolve().parent.parent / "content"
OA, PRICE = "1", 55
TWELVE = (
    *[Cadence.WEEKLY] * 8,
    *[Cadence.MONTHLY] * 2,
    Cadence.QUARTERLY,
    Cadence.YEARLY,
)
UNITS_A_PROVINCE = 100
BY_HTTP = 100  # each so-and-so-many-th message
# Local times at which the jobs have their turn; in between people do things.
TURNS = (
    time(6, 30), time(7, 30), time(8, 1), time(8, 31), time(9, 1), time(9, 31), time(11, 0),
    time(12, 0), time(14, 1), time(15, 0), time(16, 0), time(17, 10), time(17, 29), time(18, 30),
    time(21, 0),
)  # fmt: skip
PLANNED_AT = {time(6, 30), time(9, 31), time(12, 0), time(16, 0)}
LOOKED_BACK_DAYS = 5
SUNDAY = 7


@dataclass
class Book:
    """What the judge found. ``silent``: open cells past their last step of which no row says
    anything."""

    days: int = 0
    sent: int = 0
    by_http: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    called_back: int = 0
    of_done: int = 0
    of_exempt: int = 0
    twice_a_day: int = 0
    outside_hours: int = 0
    closed_window: int = 0
    last_words: int = 0
    silent: int = 0

    @property
    def violations(self) -> int:
        return (
            self.of_done + self.of_exempt + self.twice_a_day + self.outside_hours
            + self.closed_window + self.silent
        )  # fmt: skip


class PlacedClock(Clock):
    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at.astimezone(UTC)


@dataclass(order=True)
class Event:
    at: datetime
    number: int
    act: Callable[[Session, datetime], None] = field(compare=False)


@dataclass
class Province:
    """People, their doings, the program's jobs, and the judge's own book."""

    database: Database
    rng: random.Random
    units: int
    first_day: date
    deliver: Callable[[ClaimedMessage], None] | None = None
    duties: Sequence[Cadence] = TWELVE
    book: Book = field(default_factory=Book)
    events: list[Event] = field(default_factory=list)
    done: dict[CellAt, datetime] = field(default_factory=dict)
    exempt: set[CellAt] = field(default_factory=set)
    wrote: dict[int, datetime] = field(default_factory=dict)  # contact
    reminded: Counter[tuple[int, date]] = field(default_factory=Counter)
    number: int = 0

    # --- how it begins ---------------------------------------------------------------------------

    def settle(self) -> None:
        start = datetime.combine(self.first_day, time(0), ZONE)
        self.clock = PlacedClock(start)
        nothing = cast(Any, None)
        self.workshop = Workshop(
            self.database, self.clock, ZONE, nothing, Texts.load(CONTENT / "texts"),
            nothing, nothing, (), ladder=load_ladder(CONTENT / "ladder.toml"),
        )  # fmt: skip
        self.objects = first_objection(
            Choke(Calendar(), ZONE).objection, still_owed(ZONE)
        )
        with self.database.writing() as session:
            self._found_units(session, start)
            self._find_people(session, start)

    def _found_units(self, session: Session, start: datetime) -> None:
        session.add(Account(oa_id=OA, created_at=start))
        first, last = date(self.first_day.year - 1, 1, 1), date(2027, 12, 31)
        session.add(Plan(id="p", title="Plan", valid_from=first, valid_to=last))
        session.add(
            AdminUnit(code="tinh", name="Tỉnh", kind="tỉnh", level=UnitLevel.PROVINCE)
        )
        session.flush()
        for number, cadence in enumerate(self.duties):
            session.add(
                PlanDuty(
                    plan_id="p", duty_id=f"d{number:02}", position=number, quota=1,
                    short_title=f"Việc {number}", cadence=cadence, channels=["website"],
                    grace_days=1 if cadence == Cadence.WEEKLY else 3,
                )
            )  # fmt: skip
        codes = [f"xa{number:04}" for number in range(self.units)]
        session.execute(
            insert(AdminUnit),
            [
                {"code": code, "name": f"Xã {code}", "kind": "xã", "origin": "pack",
                 "level": UnitLevel.COMMUNE, "parent_code": f"tinh{number // UNITS_A_PROVINCE}"}
                for number, code in enumerate(codes)
            ],
        )  # fmt: skip
        session.execute(
            insert(Assignment),
            [
                {"id": f"{code}:{number}", "plan_id": "p", "duty_id": f"d{number:02}",
                 "unit_code": code, "valid_from": first, "origin": "pack"}
                for code in codes
                for number in range(len(self.duties))
            ],
        )  # fmt: skip
        self.codes = codes

    def _find_people(self, session: Session, start: datetime) -> None:
        self.people: dict[str, list[int]] = {}
        self.contact_of: dict[int, int] = {}
        for code in self.codes:
            for _ in range(self.rng.choice((0, 1, 1, 1, 2))):
                self._person(session, code, Role.OFFICIAL, start)
            self._person(session, code, Role.LEADER, start)
        for province in range(-(-self.units // UNITS_A_PROVINCE)):
            for _ in range(2):
                self._person(session, f"tinh{province}", Role.SUPERVISOR, start)

    def _person(self, session: Session, code: str, role: Role, start: datetime) -> None:
        self.number += 1
        official = Official(
            pseudonym=f"p{self.number:08x}", name=f"Người {self.number}",
            phone="0900000000", created_at=start, joined_at=start,
        )  # fmt: skip
        session.add(official)
        session.flush()
        kind = self.rng.random()
        last = start - timedelta(hours=self.rng.randrange(1, 200))
        contact = Contact(
            oa_id=OA, user_id=f"u{self.number}", created_at=start, official_id=official.id,
            last_interaction_at=None if kind < 0.03 else last,
            is_follower=kind > 0.06, unreachable_reason="blocked" if kind > 0.97 else None,
        )  # fmt: skip
        session.add(contact)
        session.add(
            Membership(
                official_id=official.id or 0, unit_code=code, role=role,
                since_on=date(2020, 1, 1),
            )
        )  # fmt: skip
        session.flush()
        if contact.last_interaction_at is not None:
            self.wrote[contact.id or 0] = last
        self.contact_of[official.id or 0] = contact.id or 0
        self.people.setdefault(code, []).append(official.id or 0)

    # --- what happens -----------------------------------------------------------------------------

    def live(self, days: int) -> Book:
        self._foresee(days)
        for number in range(days):
            day = self.first_day + timedelta(days=number)
            self._chat(day)
            for turn in TURNS:
                self._go_on_until(datetime.combine(day, turn, ZONE))
                self._jobs(is_planning=turn in PLANNED_AT)
            self._judge_last_words(day)
            self.book.days += 1
            self._tell(day, days)
        with self.database.reading() as session:
            for row in session.exec(select(Reminder)):
                self.book.rows[f"{row.state}:{row.reason or ''}"] += 1
        return self.book

    def _tell(self, day: date, days: int) -> None:
        """A week is minutes with a whole country in it."""
        if day.isoweekday() == SUNDAY or self.book.days == days:
            print(
                f"{self.units} units, day {self.book.days} of {days}: {self.book.sent} "
                f"sent, {self.book.violations} violations",
                file=sys.stderr, flush=True,
            )  # fmt: skip

    def _foresee(self, days: int) -> None:
        """When each cell will be done, or never; who asks to be let off."""
        last = self.first_day + timedelta(days=days)
        for number, cadence in enumerate(self.duties):
            period = period_of(self.first_day, cadence).previous
            while period.first <= last:
                for code in self.codes:
                    self._foresee_cell(
                        CellAt(code, f"d{number:02}", "website", period.key), period
                    )
                period = period.next

    def _foresee_cell(self, cell: CellAt, period: Period) -> None:
        chance = self.rng.random()
        opens = datetime.combine(period.first, time(7), ZONE)
        length = (period.last - period.first).days * 24 + 17
        at = opens + timedelta(hours=self.rng.random() * length)
        if chance < 0.45:
            self._happens(at, lambda session, now: self._credit(session, cell, now))
        elif chance < 0.6:
            late = opens + timedelta(hours=length + self.rng.random() * 100)
            self._happens(late, lambda session, now: self._credit(session, cell, now))
        elif chance < 0.7:
            self._happens(at, lambda session, now: self._ask(session, cell, now))

    def _happens(self, at: datetime, act: Callable[[Session, datetime], None]) -> None:
        self.number += 1
        heapq.heappush(self.events, Event(at, self.number, act))

    def _go_on_until(self, at: datetime) -> None:
        if self.events and self.events[0].at <= at:
            with self.database.writing() as session:
                while self.events and self.events[0].at <= at:
                    event = heapq.heappop(self.events)
                    event.act(session, event.at)
        self.clock.at = at

    def _credit(self, session: Session, cell: CellAt, now: datetime) -> None:
        self.number += 1
        link = f"https://a.vn/{self.number}"
        session.add(
            Proof(
                plan_id="p", duty_id=cell.duty_id, unit_code=cell.unit_code,
                channel=cell.channel, period=cell.period, kind=EvidenceKind.LINK,
                url=link, canonical_url=link, received_at=now, state=ProofState.ACCEPTED,
            )
        )  # fmt: skip
        self.done[cell] = now
        if self.rng.random() < 0.7:  # sent by somebody; the others were found in a feed
            self._write(self.rng.choice(self.people[cell.unit_code]), session, now)

    def _ask(self, session: Session, cell: CellAt, now: datetime) -> None:
        asked = Exemption(
            plan_id="p", duty_id=cell.duty_id, unit_code=cell.unit_code,
            period=cell.period, reason="mất điện", asked_at=now,
        )  # fmt: skip
        session.add(asked)
        session.flush()
        granted, number = self.rng.random() < 0.6, asked.id

        def decide(session: Session, now: datetime) -> None:
            row = session.get_one(Exemption, number)
            row.state = ExemptionState.GRANTED if granted else ExemptionState.REFUSED
            row.decided_at = now
            session.add(row)
            if granted:
                self.exempt.add(cell)

        self._happens(now + timedelta(hours=self.rng.randrange(2, 90)), decide)

    def _chat(self, day: date) -> None:
        """Somebody writes for another reason, or goes on leave."""
        for people in self.people.values():
            for official in people:
                chance = self.rng.random()
                at = datetime.combine(day, time(6), ZONE) + timedelta(
                    hours=14 * self.rng.random()
                )
                if chance < 0.12:
                    self._happens(at, partial(self._write, official))
                elif chance < 0.125:
                    self._happens(at, partial(self._leave, official))

    def _write(self, official: int, session: Session, now: datetime) -> None:
        contact = session.get_one(Contact, self.contact_of[official])
        if contact.last_interaction_at is None or contact.unreachable_reason:
            return  # he will never be heard of
        contact.last_interaction_at = now
        session.add(contact)
        self.wrote[contact.id or 0] = now

    def _leave(self, official: int, session: Session, now: datetime) -> None:
        until = now.date() + timedelta(days=self.rng.randrange(1, 9))
        session.add(
            Absence(
                official_id=official,
                since_on=now.date(),
                until_on=until,
                created_at=now,
            )
        )

    # --- the program ------------------------------------------------------------------------------

    def _jobs(self, *, is_planning: bool) -> None:
        now = self.clock.now()
        if is_planning:
            plan_reminders(self.workshop, now)
        release_reminders(self.workshop, now)
        self._send(now)

    def _send(self, now: datetime) -> None:
        """The sender without its threads; what is due within half an hour leaves now."""
        queue = Queue(OA, Lane.REMINDER, None)
        for minutes in (0, 15, 31):
            moment = now + timedelta(minutes=minutes)
            while self._is_anything_due(moment):
                with self.database.writing() as session:
                    messages = claim(session, queue, moment, 50, timedelta(minutes=2))
                    for message in messages:
                        self._one(session, message, moment)
                if not messages:
                    break

    def _is_anything_due(self, now: datetime) -> bool:
        with self.database.reading() as session:
            return bool(due_queues(session, now))

    def _one(self, session: Session, message: ClaimedMessage, now: datetime) -> None:
        found = refusal(session, message, PRICE, now, self.objects)
        if found is not None:
            outcome = Outcome(
                found.status, found.reason, found.due_at, is_blameless=True
            )
            record_outcome(session, message, outcome, now)
            self.book.called_back += found.status == MessageStatus.CANCELLED
            return
        begin_attempts(session, [message], now)
        if self.deliver is not None and message.id % BY_HTTP == 0:
            self.deliver(message)
            self.book.by_http += 1
        record_outcome(session, message, Outcome(MessageStatus.SENT, sent_at=now), now)
        self._judge(session, message, now)

    # --- the judge ---------------------------------------------------------------------------------

    def _judge(self, session: Session, message: ClaimedMessage, now: datetime) -> None:
        book, key = self.book, occasion_of(message.dedupe_key)
        book.sent += 1
        row = session.exec(
            select(Reminder).where(col(Reminder.message_key) == key)
        ).one()
        for item in map(Item.from_json, row.items):
            if not item.is_muted:
                book.of_done += self._is_done(item.at)
                book.of_exempt += item.at in self.exempt
        day = (now.astimezone(UTC) + oracle.VIETNAM).date()
        self.reminded[message.contact_id, day] += 1
        book.twice_a_day += self.reminded[message.contact_id, day] > 1
        book.outside_hours += not oracle.hours_allow("duty_reminder", now)
        wrote = self.wrote.get(message.contact_id)
        is_open = wrote is not None and now - wrote <= timedelta(hours=48)
        book.closed_window += not is_open

    def _periods(self, day: date) -> list[Period]:
        running = [period_of(day, cadence) for cadence in set(self.duties)]
        return [one for period in running for one in (period.previous, period)]

    def _is_done(self, cell: CellAt) -> bool:
        return cell in self.done

    def _judge_last_words(self, day: date) -> None:
        """Of each cell whose last step was three days ago and that is open: a row says what
        became of it."""
        local = self.clock.now().astimezone(ZONE)
        wanted = day - timedelta(days=3)
        with self.database.reading() as session:
            rows = session.exec(
                select(Reminder).where(
                    col(Reminder.day_on) >= wanted - timedelta(days=LOOKED_BACK_DAYS)
                )
            ).all()
            told = {
                item.at
                for row in rows
                if row.state != ReminderState.PLANNED
                for item in map(Item.from_json, row.items)
                if item.step == "supervisor"
            }
            for one in open_cells(session, local, self._periods(day)):
                if _second_working_day_after(one.cell.on_time_until) == wanted:
                    self.book.last_words += one.at in told
                    self.book.silent += one.at not in told


def _second_working_day_after(day: date) -> date:
    """By the oracle's own calendar."""
    left = 2
    while left:
        day += timedelta(days=1)
        left -= day.isoweekday() <= 5 and day not in oracle.HOLIDAYS
    return day


# --- as a benchmark --------------------------------------------------------------------------------


def simulated(
    units: int,
    days: int,
    first_day: date,
    seed: int = 1,
    *,
    http: bool = False,
    duties: Sequence[Cadence] = TWELVE,
) -> Book:
    """The whole of it on a fresh SQLite file."""
    with tempfile.TemporaryDirectory() as folder, _deliverer(on=http) as deliver:
        database = Database(f"sqlite:///{folder}/x.db")
        upgrade(database)
        province = Province(
            database, random.Random(seed), units, first_day, deliver, duties
        )
        province.settle()
        book = province.live(days)
        database.close()
        return book


def seconds_of_a_week(units: int) -> float:
    """What planning costs: every run of one week, in a province where nothing is done."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/x.db")
        upgrade(database)
        province = Province(database, random.Random(1), units, date(2026, 11, 16))
        province.settle()
        took = 0.0
        for number in range(7):
            at = datetime.combine(
                province.first_day + timedelta(number), time(6, 30), ZONE
            )
            started = stopwatch.monotonic()
            plan_reminders(province.workshop, at)
            took += stopwatch.monotonic() - started
        database.close()
        return took


@contextmanager
def _deliverer(*, on: bool) -> Iterator[Callable[[ClaimedMessage], None] | None]:
    if not on:
        yield None
        return
    with fake_endpoint(0) as fake:
        client = ZaloClient(fake.url, fake.url)

        def deliver(message: ClaimedMessage) -> None:
            client.send_text("token", message.user_id, message.message.text)

        yield deliver
        client.close()


def table(name: str, book: Book, seconds: float) -> str:
    rows = [
        f"| {one.name.replace('_', ' ')} | {getattr(book, one.name)} |"
        for one in fields(book)
        if one.name != "rows"
    ]
    rows += [
        f"| rows {state} | {count} |" for state, count in sorted(book.rows.items())
    ]
    head = [f"### {name}, {seconds:.0f} s", "", "| figure | count |", "| --- | --- |"]
    return "\n".join(
        [*head, *rows, f"| **violations** (wanted 0) | {book.violations} |"]
    )


def run(units: int = 150, days: int = 365, tet_units: int = 3_321) -> str:
    parts = ["## Reminders", ""]
    for name, count, first, length in (
        (f"a year, {units} units", units, date(2026, 1, 5), days),
        (f"four weeks around Tết, {tet_units} units", tet_units, date(2026, 2, 2), 28),
    ):
        started = stopwatch.monotonic()
        book = simulated(count, length, first, http=True)
        parts += [table(name, book, stopwatch.monotonic() - started), ""]
    week = seconds_of_a_week(tet_units)
    parts.append(f"Planning a week of {tet_units} units: {week:.1f} s (wanted ≤ 30 s)")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reminders")
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--tet-units", type=int, default=3_321)
    options = parser.parse_args(arguments)
    print(run(options.units, options.days, options.tet_units))


if __name__ == "__main__":
    main(sys.argv[1:])
