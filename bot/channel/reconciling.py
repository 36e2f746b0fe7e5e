"""A row whose sender never reported back: was it sent? Decided per message, bounded.

Found in the conversation: sent. Surely not there: sent again, except after Zalo's own
"send failed" (-200), which is repeated once only. History unreadable: looked for again
later, once for what is sent again then, for some minutes for what is given up then (the
lane decides, see ``sender``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.claiming import ClaimedMessage
from bot.channel.history import (
    KnownSend,
    find_unaccounted,
    known_sends,
    read_since,
    start_of_search,
)
from bot.channel.outbox import UNCERTAIN, Reason, call_begun_at
from bot.channel.outcomes import Outcome
from bot.channel.verdicts import MAX_ATTEMPTS
from bot.channel.zalo.answers import HistoryItem
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, Call, ZaloError
from bot.clock import Clock
from bot.db import Database
from models import Lane, MessageStatus, OutboxMessage, SendAttempt

log = structlog.get_logger(__name__)

LOOK_UP_FAILED = "look_up_failed"
# Long enough for a short outage to pass, short enough for a person who waits.
NEXT_LOOK_UP = timedelta(seconds=30)
LOOK_UPS_FOR_WHO_WAITS = 2
# Nobody waits for a campaign, and giving up loses it: each wait is twice the one before.
LOOK_UPS_BEFORE_GIVING_UP = 5
SENDS_AFTER_MAYBE = 2  # -200 may have been delivered: one repetition, then give up
HISTORY = "/v2.0/oa/conversation"


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known about the row before Zalo is asked."""

    begun_at: datetime
    reason: str | None
    known: list[KnownSend]
    failed_look_ups: int
    maybes: int


class Reconciler:
    """One object serves all threads; no session is open while Zalo is asked."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        accounts: Accounts,
        resent_blindly: frozenset[Lane],
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._accounts = accounts
        self._resent_blindly = resent_blindly

    def reconcile(self, message: ClaimedMessage) -> Outcome:
        with self._database.reading() as session:
            case = _read_case(session, message)
        if case is None:  # taken, but no call ever began
            return self._again(message, Reason.OUTCOME_UNKNOWN)
        if message.message.by_phone is not None:
            return self._without_receipt(case)
        since = start_of_search(case.begun_at)
        try:
            items = self._history(message, since)
        except TokenDead:
            return self._later(Reason.TOKEN_DEAD)
        except ZaloError as error:
            log.warning("history_unavailable", id=message.id, code=error.code)
            return self._without_history(message, case, error)
        found = find_unaccounted(items, message.message, since, case.known)
        if found is not None:
            return Outcome(
                MessageStatus.SENT,
                Reason.CONFIRMED_BY_HISTORY,
                zalo_message_id=found.message_id or None,
                sent_at=found.sent_at,
            )
        if case.maybes >= SENDS_AFTER_MAYBE:
            return Outcome(
                MessageStatus.DEAD, Reason.MAYBE_DELIVERED, may_have_left=True
            )
        return self._again(message, Reason(case.reason or Reason.OUTCOME_UNKNOWN))

    def _without_receipt(self, case: _Case) -> Outcome:
        """Of what went by phone only a receipt is proof: it is waited for, and nothing is
        ever sent again, since it may have cost money."""
        call = Call("receipt", 0, None, None, LOOK_UP_FAILED)
        if case.failed_look_ups + 1 < LOOK_UPS_BEFORE_GIVING_UP:
            wait = NEXT_LOOK_UP * 2**case.failed_look_ups
            return self._later(Reason.OUTCOME_UNKNOWN, call, wait=wait)
        return Outcome(
            MessageStatus.DEAD,
            Reason.OUTCOME_UNKNOWN,
            calls=(call,),
            may_have_left=True,
        )

    def _history(self, message: ClaimedMessage, since: datetime) -> list[HistoryItem]:
        return self._accounts.call(
            message.oa_id,
            lambda token: read_since(
                self._client, token, message.user_id, since, is_group=message.is_group
            ),
        )

    def _without_history(
        self, message: ClaimedMessage, case: _Case, error: ZaloError
    ) -> Outcome:
        call = Call(HISTORY, 0, None, error.code, LOOK_UP_FAILED)
        is_resent = (
            message.lane in self._resent_blindly and case.maybes < SENDS_AFTER_MAYBE
        )
        most = LOOK_UPS_FOR_WHO_WAITS if is_resent else LOOK_UPS_BEFORE_GIVING_UP
        if case.failed_look_ups + 1 < most:
            wait = NEXT_LOOK_UP * 2**case.failed_look_ups
            return self._later(Reason.OUTCOME_UNKNOWN, call, wait=wait)
        if not is_resent:
            return Outcome(
                MessageStatus.DEAD,
                Reason.OUTCOME_UNKNOWN,
                calls=(call,),
                may_have_left=True,
            )
        again = self._again(message, Reason.OUTCOME_UNKNOWN, call)
        return replace(again, may_have_left=True)

    def _again(self, message: ClaimedMessage, reason: Reason, *calls: Call) -> Outcome:
        if message.attempts >= MAX_ATTEMPTS:
            return Outcome(MessageStatus.DEAD, reason, calls=calls)
        now = self._clock.now()
        return Outcome(MessageStatus.WAITING, reason, due_at=now, calls=calls)

    def _later(
        self, reason: Reason, *calls: Call, wait: timedelta = NEXT_LOOK_UP
    ) -> Outcome:
        look_again_at = self._clock.now() + wait
        return Outcome(
            MessageStatus.SENDING, reason, look_again_at=look_again_at, calls=calls
        )


def _read_case(session: Session, message: ClaimedMessage) -> _Case | None:
    row = session.get_one(OutboxMessage, message.id)
    begun_at = call_begun_at(session, row)
    if begun_at is None:
        return None
    outcomes = _outcomes(session, message.id)
    return _Case(
        begun_at=begun_at,
        reason=row.reason,
        known=known_sends(session, message.contact_id, message.id, message.message),
        failed_look_ups=_failed_look_ups(outcomes),
        maybes=outcomes.count(Action.RETRY_CAREFULLY),
    )


def _outcomes(session: Session, message_id: int) -> list[str]:
    """Of all attempts and look-ups so far, oldest first."""
    return list(
        session.exec(
            select(SendAttempt.outcome)
            .where(SendAttempt.message_id == message_id)
            .order_by(col(SendAttempt.id))
        )
    )


def _failed_look_ups(outcomes: Sequence[str]) -> int:
    """Since the last call that may have sent it."""
    count = 0
    for outcome in reversed(outcomes):
        if outcome in UNCERTAIN:
            break
        count += outcome == LOOK_UP_FAILED
    return count
