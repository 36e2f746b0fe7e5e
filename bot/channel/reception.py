"""An event is taken: into the database, or onto the spool while that is away.

``take`` returns only when the event is on stable storage, and raises ``NotTakenError``
when neither will have it. While the spool waits, a thread of this process stores it again
in order, once a second, and ends when all is stored; events that come meanwhile queue
behind, without asking the database that is down.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from bot.channel.bell import Bell, Ringer
from bot.channel.intake import Arrival, Outcome, Stored, store_event
from bot.channel.spool import Spool
from bot.channel.together import Together
from bot.db import Database

TRY_AGAIN_SECONDS = 1.0
NOT_TAKEN = "not_taken"

log = structlog.get_logger(__name__)


class NotTakenError(RuntimeError):
    """Neither database nor disk took the event; Zalo should send it again."""


class Reception:
    """One per web process."""

    def __init__(self, database: Database, spool: Spool, bell: Bell | Ringer) -> None:
        self._database = database
        self._spool = spool
        self._bell = bell
        self._replaying = threading.Lock()
        self._closed = threading.Event()
        # PostgreSQL lets many write at once, and shares its commits by itself
        together = Together(self._store)
        self._write = together.store if database.is_sqlite else self._alone
        self._counting = threading.Lock()
        self._outcomes = dict.fromkeys([*map(str, Outcome), NOT_TAKEN], 0)
        if spool.is_waiting():
            self._replay_soon()

    def take(self, arrival: Arrival) -> Stored:
        """Bring an event to stable storage."""
        try:
            stored = self._take(arrival)
        except NotTakenError:
            self._count(NOT_TAKEN)
            raise
        self._count(stored.outcome)
        return stored

    def outcomes(self) -> dict[str, int]:
        """How many events this process took, by what became of them."""
        with self._counting:
            return dict(self._outcomes)

    def _count(self, outcome: str) -> None:
        with self._counting:
            self._outcomes[outcome] += 1

    def _take(self, arrival: Arrival) -> Stored:
        if self._spool.is_waiting():
            return self._put_aside(arrival)
        try:
            stored = self._write(arrival)
        except SQLAlchemyError as error:
            _log_failure("event_not_stored", error)
            return self._put_aside(arrival)
        if stored.outcome is Outcome.STORED:
            self._bell.ring()
        return stored

    def close(self) -> None:
        """Stop replaying; what waits is there at the next start."""
        self._closed.set()
        self._bell.close()

    def _alone(self, given: Arrival) -> Stored:
        return self._store([given])[0]

    def _store(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        """In one transaction."""
        with self._database.writing_plainly() as connection:
            return [store_event(connection, arrival) for arrival in arrivals]

    def _put_aside(self, arrival: Arrival) -> Stored:
        try:
            self._spool.append(arrival)
        except OSError as error:
            raise NotTakenError(type(error).__name__) from error
        self._replay_soon()
        return Stored(Outcome.SPOOLED)

    def _replay_soon(self) -> None:
        if self._replaying.acquire(blocking=False):
            threading.Thread(target=self._replay, name="spool", daemon=True).start()

    def _replay(self) -> None:
        try:
            while not self._closed.wait(TRY_AGAIN_SECONDS) and self._spool.is_waiting():
                self._replay_once()
        finally:
            self._replaying.release()
        if not self._closed.is_set() and self._spool.is_waiting():
            self._replay_soon()  # it came in the moment between looking and leaving

    def _replay_once(self) -> None:
        try:
            replayed = self._spool.replay(self._store_again)
        except (SQLAlchemyError, OSError) as error:
            _log_failure("spool_still_waits", error)
            return
        if replayed:
            log.info("spool_replayed", events=replayed)
            self._bell.ring()

    def _store_again(self, arrivals: Sequence[Arrival]) -> None:
        try:
            self._store(arrivals)
        except StatementError as error:
            if type(error) in (StatementError, DataError, IntegrityError):
                raise ValueError(type(error).__name__) from None  # never its text
            raise


def _log_failure(name: str, error: Exception) -> None:
    # never the exception itself: its text quotes the row, with what people wrote
    cause = type(getattr(error, "orig", None)).__name__
    log.error(name, error=type(error).__name__, cause=cause)
