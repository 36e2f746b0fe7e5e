"""What the webhook never brought is found in Zalo's history, and answered.

For each account, every ten minutes and at the start: the list of its recent chats is
compared with the stored events. Where a chat's newest message is not among them, its
conversation is read, and each message that a person wrote since the last comparison
becomes an event, in the order written. Guarantees:

* an event has one key, whether the webhook or the history brings it: whoever comes second
  changes nothing;
* messages from before the account was connected are not ours; one that is older than two
  days is kept, but not answered;
* a message of the last minute is left to the webhook, which may be about to bring it;
* a run is bounded in calls and in time and keeps within the pace; where it stopped, the
  next one goes on, a minute later;
* an account of a kind that may not read its history is asked once a day.

When the webhook works again and brings a person's next message, the list shows a message
that is known, with lost ones behind it: so as soon as one message is found lost, all
chats of this comparison are read.

No session is open while Zalo is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import col, select

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.comparing import Comparison, Reader
from bot.channel.watch_rows import open_watch, read_watch
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from bot.clock import Clock
from bot.db import Database
from models import Account, AccountWatch

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(minutes=10)
ASK_AGAIN_AFTER = timedelta(days=1)  # an account that was refused its history
# Zalo closes its window after 7 days: what is older nobody may answer.
LOOK_BACK = timedelta(days=7)
LEFT_TO_WEBHOOK = timedelta(minutes=1)  # its first repetition comes after 30 s
CLOCK_SKEW = timedelta(minutes=1)  # Zalo's clock and ours
# A twentieth of Zalo's 4,000 a minute; at 0.1 s each they also fit into the seconds.
CALLS_A_RUN = 200
RUN_SECONDS = 20.0  # the clock's other jobs wait meanwhile
_NOT_FOR_THIS_KIND = (Action.SWITCH_TO_V2, Action.SWITCH_TO_V3)


class _EnoughError(Exception):
    """This run may make no more calls."""


class _Budget:
    """What one run may still ask of Zalo."""

    def __init__(self, may_call: Callable[[], bool]) -> None:
        self._may_call = may_call
        self._ends_at = time.monotonic() + RUN_SECONDS
        self.calls = 0

    def begin_call(self) -> None:
        is_over = self.calls >= CALLS_A_RUN or time.monotonic() >= self._ends_at
        if is_over or not self._may_call():
            raise _EnoughError
        self.calls += 1


class CatchingUp:
    """One per worker; ``may_call`` says whether the pace leaves room for one more call."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        accounts: Accounts,
        may_call: Callable[[], bool],
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._accounts = accounts
        self._may_call = may_call
        self._is_first = True

    def run(self) -> dict[str, int]:
        """Look at the accounts whose turn it is; in the first run, at all of them."""
        budget = _Budget(self._may_call)
        counts = {"accounts": 0, "found": 0, "failed": 0, "unfinished": 0}
        for oa_id in self._due():
            counts["accounts"] += 1
            comparison = self._comparison(oa_id, budget)
            try:
                comparison.run()
            except _EnoughError:
                counts["unfinished"] = 1
            except (TokenDead, ZaloError) as error:
                counts["failed"] += 1
                self._note_failure(oa_id, error)
            else:
                self._note_end(comparison)
            counts["found"] += comparison.found
            if comparison.found:
                log.warning("webhook_missed_messages", oa_id=oa_id,
                            found=comparison.found)  # fmt: skip
            if counts["unfinished"]:
                self._note_place(comparison)
                break
        self._is_first = False
        return counts | {"calls": budget.calls}

    def _due(self) -> list[str]:
        """The one that was not looked at for longest comes first."""
        now = self._clock.now()
        with self._database.reading() as session:
            rows = session.exec(
                select(Account.oa_id, AccountWatch)
                .outerjoin(AccountWatch, col(AccountWatch.oa_id) == col(Account.oa_id))
                .where(col(Account.refresh_token_sealed).is_not(None))
            ).all()
        never = datetime.min.replace(tzinfo=now.tzinfo)
        due = [
            ((watch and watch.looked_at) or never, oa_id)
            for oa_id, watch in rows
            if watch is None or self._is_due(watch, now)
        ]
        return [oa_id for _, oa_id in sorted(due)]

    def _is_due(self, watch: AccountWatch, now: datetime) -> bool:
        if watch.refused_at is not None and now < watch.refused_at + ASK_AGAIN_AFTER:
            return False
        is_broken_off = watch.comparing_until is not None
        if self._is_first or is_broken_off or watch.looked_at is None:
            return True
        return now >= watch.looked_at + LOOK_EVERY

    def _comparison(self, oa_id: str, budget: _Budget) -> Comparison:
        """From where the last one ended, or where it was broken off."""
        now = self._clock.now()
        with self._database.reading() as session:
            watch = read_watch(session, oa_id)
            connected_at = session.get_one(Account, oa_id).created_at
        known_until = watch.known_until or connected_at
        since = max(known_until - CLOCK_SKEW, now - LOOK_BACK, connected_at)
        return Comparison(
            database=self._database,
            reader=Reader(oa_id, self._client, self._accounts, budget.begin_call),
            now=now,
            since=since,
            until=watch.comparing_until or now - LEFT_TO_WEBHOOK,
            offset=watch.comparing_offset,
        )

    def _note_end(self, comparison: Comparison) -> None:
        with self._database.writing() as session:
            watch = open_watch(session, comparison.reader.oa_id)
            watch.known_until = comparison.until
            watch.comparing_until, watch.comparing_offset = None, 0
            watch.looked_at = self._clock.now()
            watch.refused_at = None

    def _note_place(self, comparison: Comparison) -> None:
        """Where the next run goes on; what it stored by then is known to it."""
        with self._database.writing() as session:
            watch = open_watch(session, comparison.reader.oa_id)
            watch.comparing_until = comparison.until
            watch.comparing_offset = 0 if comparison.is_over else comparison.offset
            watch.looked_at = self._clock.now()  # the other accounts come first now

    def _note_failure(self, oa_id: str, error: TokenDead | ZaloError) -> None:
        now = self._clock.now()
        action = error.action if isinstance(error, ZaloError) else None
        code = error.code if isinstance(error, ZaloError) else None
        is_refused = action in _NOT_FOR_THIS_KIND
        with self._database.writing() as session:
            watch = open_watch(session, oa_id)
            watch.looked_at = now
            watch.comparing_until, watch.comparing_offset = None, 0
            watch.refused_at = now if is_refused else None
        log.warning("history_not_read", oa_id=oa_id, code=code, refused=is_refused)
