"""Zalo's limit of calls, kept before Zalo has to refuse, by all workers together.

4,000 calls per minute and app (https://developers.zalo.me, 2026-09), over all accounts; an
account may have a lower limit of its own. Each limit is one row, a bucket that fills
evenly. A process leases a few calls at a time from it, so the database is asked a few times
a second, not once per message; what is not used within ``SLICE_LIFE`` lapses. Promises:

* In no 60 seconds begin more calls than the limit, over all processes.
* Under load 97 % of the limit are used; the rest is the room for the first promise.
* Half of the bucket is for replies: a campaign may use the whole even flow, but it never
  takes what a burst of answers needs.
* A pause (-32, or a header that says few calls are left) holds for all processes within
  the life of a slice.

Calls are taken when rows are claimed, so no thread ever waits for one while it holds a
row. A message that needed more calls than one is charged for them afterwards.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.channel.upsert import insert_if_new
from bot.clock import Clock
from bot.db import Database
from models import PaceBudget

log = structlog.get_logger(__name__)

APP = "app"  # the budget of the whole Zalo app
CALLS_PER_MINUTE = 4_000
SLICE_LIFE = timedelta(seconds=0.5)
WINDOW_SECONDS = 60.0 + SLICE_LIFE.total_seconds()  # leased before, used within
# Half a second's worth at once; answers in a burst need no waiting.
BUCKET_SHARE = 0.008
# Calls charged only afterwards (another endpoint, another token): one for each thread.
CHARGED_LATE_SHARE = 0.008
SMALLEST_SLICE, LARGEST_SLICE = 2, 16
FEW_LEFT = 40  # in flight at this moment, at most, over our processes
FEW_LEFT_FOR_REPLIES = 60  # just below what our own rate leaves of each minute
ROUNDING = 0.001  # of a call: instants are stored in microseconds
# A clock that was set back must not stop the sending.
LONGEST_DEBT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Rate:
    """How a limit per minute becomes a bucket."""

    per_minute: int

    @property
    def capacity(self) -> int:
        return max(1, int(self.per_minute * BUCKET_SHARE))

    @property
    def per_second(self) -> float:
        """The bucket and the flow of one window together stay below the limit."""
        usable = self.per_minute * (1 - CHARGED_LATE_SHARE) - self.capacity
        return max(usable, 0.5) / WINDOW_SECONDS

    @property
    def kept_for_replies(self) -> int:
        return self.capacity // 2


@dataclass(frozen=True, slots=True)
class Grant:
    """How many calls may begin now; when to ask again if that is fewer than wanted."""

    calls: int
    ask_again_at: datetime | None = None


@dataclass(slots=True)
class _Slice:
    """What this process has leased of one budget; below zero: still to be paid."""

    calls: int = 0
    until: datetime | None = None
    size: int = SMALLEST_SLICE
    refused_until: dict[bool, datetime] = field(default_factory=dict)

    def lapse(self, now: datetime) -> None:
        if self.until is not None and self.until <= now:
            # leased too much: begin small again, others may need it
            self.size = SMALLEST_SLICE if self.calls > 0 else self.size
            self.calls = min(self.calls, 0)
            self.until = None


class Pace:
    """The budgets of all accounts, for all threads of this process."""

    def __init__(
        self, database: Database, clock: Clock, per_minute: int = CALLS_PER_MINUTE
    ) -> None:
        self._database = database
        self._clock = clock
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._slices: dict[str, _Slice] = {}
        self._limit_told: int | None = None

    def take_up_to(
        self,
        wanted: int,
        *,
        for_replies: bool,
        account: str = "",
        account_limit: int | None = None,
    ) -> Grant:
        """How many of ``wanted`` calls of this account may begin now."""
        with self._lock:
            grant = self._take(APP, None, wanted, for_replies)
            if account_limit is None or not grant.calls:
                return grant
            own = self._take(account, account_limit, grant.calls, for_replies)
            self._slices[APP].calls += grant.calls - own.calls
            return own

    def settle(self, account: str, calls: int) -> None:
        """Calls taken and not made (or, below zero, made and not taken)."""
        with self._lock:
            for name in (APP, account):
                if name in self._slices:
                    self._slices[name].calls += calls

    def note_header(self, limit: int | None, left: int | None) -> None:
        """What Zalo's headers said: its limit, and what is left of this minute."""
        if limit and limit != self._limit_told:
            self._limit_told = limit
            log.info("zalo_limit", per_minute=limit)
            self._write(per_minute=limit)
        if left is None or left > FEW_LEFT_FOR_REPLIES:
            return
        for_all = left <= FEW_LEFT
        until = next_minute(self._clock.now())
        with self._lock:
            refused = self._slice(APP).refused_until
            if refused.get(for_all) == until:
                return  # told before
            refused[for_all] = until
        if for_all:
            self.pause(until)
        else:
            self._write(only_replies_until=until)

    def pause(self, until: datetime) -> None:
        """No more calls of this app until then, in any process."""
        with self._lock:
            part = self._slice(APP)
            part.calls = min(part.calls, 0)
            part.refused_until = {True: until, False: until}
        self._write(paused_until=until)

    def _take(self, name: str, limit: int | None, wanted: int, is_reply: bool) -> Grant:
        now, part = self._clock.now(), self._slice(name)
        part.lapse(now)
        refused_until = part.refused_until.get(is_reply)
        if part.calls <= 0:
            if refused_until is not None and now < refused_until <= now + LONGEST_DEBT:
                return Grant(0, refused_until)
            self._lease(name, limit, part, now, is_reply)
        taken = max(0, min(wanted, part.calls))
        part.calls -= taken
        return Grant(taken, part.refused_until.get(is_reply) if not taken else None)

    def _lease(
        self, name: str, limit: int | None, part: _Slice, now: datetime, is_reply: bool
    ) -> None:
        wanted = part.size - part.calls  # what is owed, and the next slice
        with self._database.writing() as session:
            row = _row(session, name, now)
            rate = Rate(limit or row.per_minute or self._per_minute)
            if closed_until := _closed_until(row, now, is_reply):
                part.refused_until[is_reply] = closed_until
                return
            kept = 0 if is_reply else rate.kept_for_replies
            full_for = timedelta(seconds=rate.capacity / rate.per_second)
            begin = max(row.spoken_for_until, now - full_for)
            if begin > now + LONGEST_DEBT:
                begin = now - full_for
            there = (now - begin).total_seconds() * rate.per_second + ROUNDING
            granted = max(0, min(wanted, int(there) - kept))
            row.spoken_for_until = begin + timedelta(seconds=granted / rate.per_second)
        part.calls += granted
        part.until = now + SLICE_LIFE
        part.size = min(part.size * 2, LARGEST_SLICE)
        if part.calls > 0:
            part.refused_until.pop(is_reply, None)
            return
        # ask again when it is worth it, not for every single call
        worth = max(1, min(part.size, rate.capacity - kept) // 2) + kept
        missing = (worth - (there - granted)) / rate.per_second
        part.refused_until[is_reply] = now + timedelta(seconds=max(missing, 0.001))

    def _slice(self, name: str) -> _Slice:
        return self._slices.setdefault(name, _Slice())

    def _write(self, **values: object) -> None:
        with self._database.writing() as session:
            row = _row(session, APP, self._clock.now())
            for name, value in values.items():
                setattr(row, name, value)


def next_minute(now: datetime) -> datetime:
    """Zalo counts by the minute; which minute it does not say: ours."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _row(session: Session, name: str, now: datetime) -> PaceBudget:
    row = session.get(PaceBudget, name, with_for_update=True)
    if row is None:
        given = {"name": name, "spoken_for_until": now - LONGEST_DEBT}
        insert_if_new(session, PaceBudget, [given])
        row = session.get_one(PaceBudget, name, with_for_update=True)
    return row


def _closed_until(row: PaceBudget, now: datetime, is_reply: bool) -> datetime | None:
    closed = (
        [row.paused_until] if is_reply else [row.paused_until, row.only_replies_until]
    )
    return max((at for at in closed if at is not None and at > now), default=None)
