"""The sender: rows of the outbox become messages at Zalo, *once in effect*.

The guarantee, and how each part of it is kept:

* **Nothing twice.** A row is committed as ``sending``, with the begin of its attempt,
  before the call, and with its outcome right after it. A row that is found ``sending``
  past its lease (crash, kill -9, lost answer) has an unknown outcome: it is looked for in
  Zalo's echo and in the history of the conversation before it may be sent again.
* **Nothing lost.** What the history does not show is sent again. Every row ends in a final
  status with a reason, or waits for a moment that will come.
* **The last resort is bounded.** When the history cannot be read twice, ``RESENT_BLINDLY``
  decides by lane: an answer or a reminder is sent again (a double one does little harm, a
  missing one does), a campaign is not (``dead``, ``outcome_unknown``).
* **In order.** One message of a person at a time, see ``claiming``.

No session is open during a call. A stop lets the calls in hand end and begins no new one.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import structlog

from bot.channel.accounts import Accounts
from bot.channel.claiming import (
    ClaimedMessage,
    claim,
    claim_unknown,
    has_work,
    next_due_at,
)
from bot.channel.delivery import Delivery
from bot.channel.outcomes import Outcome, begin_attempts, record_outcome
from bot.channel.pace import Pace
from bot.channel.reconciling import Reconciler
from bot.channel.window import objection
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from models import Lane, MessageStatus

log = structlog.get_logger(__name__)

# At 100 ms a call that is 80 messages a second, above Zalo's own 66; more threads only
# wait for each other on SQLite.
THREADS = 8
# A delivery makes at most five calls of at most 13 s, nearly always one of 0.1 s. A row
# whose sender died waits this long before it is looked for.
LEASE = timedelta(seconds=75)
LONGEST_WAIT_SECONDS = 1.0  # other processes may add rows without waking us
SHORTEST_WAIT_SECONDS = 0.01
RESENT_BLINDLY = frozenset({Lane.REPLY, Lane.REMINDER})

Work = Callable[[ClaimedMessage], Outcome]


class Sender:
    """One per worker process; ``run`` is its loop, ``run_once`` one emptying of it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        accounts: Accounts,
        *,
        rng: random.Random | None = None,
        pace: Pace | None = None,
        resent_blindly: frozenset[Lane] = RESENT_BLINDLY,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pace = pace or Pace()
        self._delivery = Delivery(
            client,
            accounts,
            clock,
            rng or random.Random(),
            self._pace.note_calls_left,
        )
        self._reconciler = Reconciler(database, clock, client, accounts, resent_blindly)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sender")
        self._in_hand: dict[Future[None], int] = {}
        self._wake = threading.Event()

    def run_once(self) -> int:
        """Send all that is due, also what falls due by that; rows dealt with."""
        dealt_with = 0
        while True:
            begun = self._begin_due()
            dealt_with += begun
            if self._in_hand:
                wait(self._in_hand, return_when=FIRST_COMPLETED)
                self._drop_finished()
            elif not begun and not self._wait_for_pace():
                return dealt_with

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Work until ``stop``; set ``wake`` after a commit that may have added rows."""
        self._wake = wake
        while not stop.is_set():
            wake.clear()  # before looking: what is added from now on wakes us again
            self._drop_finished()
            try:
                begun = self._begin_due()
            except Exception:
                log.exception("sender_round_failed")  # a database gone for a moment
                begun = 0
            if not begun:
                wake.wait(self._waiting_seconds())
        wait(self._in_hand)
        self._drop_finished()

    def close(self) -> None:
        """Let the calls in hand end."""
        self._pool.shutdown(wait=True)

    def _begin_due(self) -> int:
        """Claim as much as threads and pace allow, and begin it; rows dealt with."""
        free = THREADS - len(self._in_hand)
        now = self._clock.now()
        if free <= 0 or not self._has_work(now):
            return 0
        granted = self._pace.take_up_to(free)
        if not granted:
            return 0
        to_send, to_find, settled = self._claim(now, granted)
        self._pace.give_back(granted - len(to_send) - len(to_find))
        for message in to_send:
            self._begin(message, self._delivery.deliver)
        for message in to_find:
            self._begin(message, self._reconciler.reconcile)
        return len(to_send) + len(to_find) + settled

    def _has_work(self, now: datetime) -> bool:
        with self._database.reading() as session:
            return has_work(session, now)

    def _claim(
        self, now: datetime, limit: int
    ) -> tuple[list[ClaimedMessage], list[ClaimedMessage], int]:
        """Rows to send, rows to look for, and how many must not be sent at all."""
        to_send, refused = [], []
        busy = list(self._in_hand.values())
        with self._database.writing() as session:
            claimed = claim(session, now, limit, LEASE)
            for message in claimed:
                found = objection(message, now)
                if found is None:
                    to_send.append(message)
                    continue
                outcome = Outcome(*found, is_blameless=True)
                status = record_outcome(session, message, outcome, now)
                refused.append((message, status, outcome))
            begin_attempts(session, to_send, now)
            room = limit - len(to_send)
            to_find = claim_unknown(session, now, room, LEASE, busy) if room else []
        for message, status, outcome in refused:
            _log_outcome(message, status, outcome, 0.0)
        return to_send, to_find, len(refused)

    def _begin(self, message: ClaimedMessage, work: Work) -> None:
        future = self._pool.submit(self._deal_with, message, work)
        self._in_hand[future] = message.id
        future.add_done_callback(lambda _: self._wake.set())

    def _deal_with(self, message: ClaimedMessage, work: Work) -> None:
        """In a thread: the calls, then one short transaction."""
        started = time.monotonic()
        try:
            outcome = work(message)
            with self._database.writing() as session:
                now = self._clock.now()
                status = record_outcome(session, message, outcome, now)
        except Exception:
            # the row stays "sending": after its lease it is looked for, never repeated
            log.exception("sender_failed", id=message.id)
            return
        took_ms = (time.monotonic() - started) * 1000
        _log_outcome(message, status, outcome, took_ms)

    def _wait_for_pace(self) -> bool:
        """True when due rows were held back by the pace, and now need not be."""
        seconds = self._pace.seconds_until_free()
        if not 0 < seconds <= LONGEST_WAIT_SECONDS:
            return False
        time.sleep(seconds)
        return True

    def _drop_finished(self) -> None:
        for future in [future for future in self._in_hand if future.done()]:
            del self._in_hand[future]

    def _waiting_seconds(self) -> float:
        """Until the next row falls due, a second at most."""
        now = self._clock.now()
        horizon = now + timedelta(seconds=LONGEST_WAIT_SECONDS)
        try:
            with self._database.reading() as session:
                due_at = next_due_at(session, now, horizon)
        except Exception:
            log.exception("sender_round_failed")
            return LONGEST_WAIT_SECONDS
        waits = [LONGEST_WAIT_SECONDS]
        if due_at is not None:
            waits.append((due_at - now).total_seconds())
        if held_back := self._pace.seconds_until_free():
            waits.append(held_back)
        return max(SHORTEST_WAIT_SECONDS, min(waits))


def _log_outcome(
    message: ClaimedMessage, status: MessageStatus, outcome: Outcome, took_ms: float
) -> None:
    log.info(
        "message_dealt_with",
        id=message.id,
        oa_id=message.oa_id,
        lane=message.lane,
        status=status,
        reason=outcome.reason,
        codes=[call.code for call in outcome.calls],
        ms=round(took_ms, 1),
    )
