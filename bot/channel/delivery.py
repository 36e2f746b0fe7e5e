"""One claimed message on its way to Zalo: the calls, and what their answers mean.

Within one delivery a call is repeated only after an answer that says "not sent, but so it
would work", and each such adjustment is made once: another token (-216, -220), without the
quoted message, without buttons. No session is open here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.claiming import ClaimedMessage
from bot.channel.outbox import Reason
from bot.channel.outcomes import Outcome
from bot.channel.zalo.answers import SentMessage
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import (
    Action,
    Call,
    OutcomeUnknown,
    ZaloError,
    ZaloFailure,
)
from bot.channel.zalo.messages import Button
from bot.clock import Clock
from models import ApiGeneration, MessageStatus

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
# Pauses between six attempts: a hiccup costs a person two seconds, an outage of an hour
# costs no message.
RETRY_PAUSES = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
JITTER = 0.2  # ±20 %: what failed together does not come back in one instant
# Zalo may still be delivering what timed out, and history follows a little later.
LOOK_AFTER = timedelta(seconds=15)
# Two endpoints of at most 13 s each: a call must not outlive its lease.
LONGEST_SEND = timedelta(seconds=26)
# A human has to act; asking every ten minutes shows soon enough that he has.
ACCOUNT_PAUSE = timedelta(minutes=10)
ZALO_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")  # its nights and quota days are Vietnam's
FIRST_ALLOWED_HOUR = time(6, 0)  # Zalo's night ends; its daily quotas are new by then
MORNING_SPREAD = timedelta(minutes=30)  # not all in one instant
NO_MONEY_CODES = (-320, -321)
KIND_UNSUPPORTED_CODE = -233
BAD_FIELD_CODE = -201
_RECIPIENT_REASONS = {
    -213: Reason.NOT_FOLLOWING,
    -217: Reason.BLOCKED,
    -222: Reason.INACTIVE,
    -227: Reason.INACTIVE,
}


@dataclass(slots=True)
class _Try:
    """The message as it is sent next, and what was learned so far."""

    token: str
    generation: ApiGeneration
    quote_message_id: str | None
    buttons: tuple[Button, ...]
    adjusted: set[Action] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    learned: ApiGeneration | None = None
    refuses_buttons: bool = False


class Delivery:
    """Stateless but for its random generator; one object serves all threads."""

    def __init__(
        self,
        client: ZaloClient,
        accounts: Accounts,
        clock: Clock,
        rng: random.Random,
        note_calls_left: Callable[[int | None], None],
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._clock = clock
        self._rng = rng
        self._note_calls_left = note_calls_left

    def deliver(self, message: ClaimedMessage) -> Outcome:
        """Send it; never raises for anything that Zalo or the network can do."""
        try:
            token = self._accounts.valid_token(message.oa_id)
        except TokenDead:
            return self._paused(Reason.TOKEN_DEAD)
        except ZaloError as error:
            return self._after_error(message, error)
        attempt = _Try(
            token=token,
            generation=message.api_generation,
            quote_message_id=message.message.quote_message_id,
            buttons=message.message.buttons if message.takes_buttons else (),
        )
        outcome = self._send(message, attempt)
        return _with_lessons(outcome, attempt)

    def _send(self, message: ClaimedMessage, attempt: _Try) -> Outcome:
        try:
            sent = self._send_adjusting(message, attempt)
        except TokenDead:
            return self._paused(Reason.TOKEN_DEAD)
        except ValueError as error:
            log.error("message_invalid", id=message.id, problem=str(error))
            return Outcome(MessageStatus.REFUSED, Reason.BAD_REQUEST)
        except OutcomeUnknown:
            return self._look_again(Reason.OUTCOME_UNKNOWN)
        except ZaloError as error:
            return self._after_error(message, error)
        self._note_calls_left(sent.rate_left)
        return Outcome(
            MessageStatus.SENT,
            zalo_message_id=sent.message_id,
            sent_at=sent.sent_at,
        )

    def _send_adjusting(self, message: ClaimedMessage, attempt: _Try) -> SentMessage:
        while True:
            if self._clock.now() >= message.lease_until - LONGEST_SEND:
                raise ZaloError(Action.RETRY, None, "too late in the lease to begin")
            try:
                sent = self._client.send_text(
                    attempt.token,
                    message.user_id,
                    message.message.text,
                    buttons=attempt.buttons,
                    quote_message_id=attempt.quote_message_id,
                    generation=attempt.generation,
                )
            except ZaloFailure as failure:
                attempt.calls.extend(failure.calls)
                attempt.learned = failure.generation or attempt.learned
                if not isinstance(failure, ZaloError):
                    raise
                if not self._adjust(message, attempt, failure):
                    raise
            else:
                attempt.calls.extend(sent.calls)
                attempt.learned = sent.generation
                return sent

    def _adjust(self, message: ClaimedMessage, attempt: _Try, error: ZaloError) -> bool:
        """Change what Zalo refused; False when nothing is left to change."""
        wish = _wish(attempt, error)
        if wish is None or wish in attempt.adjusted:
            return False
        attempt.adjusted.add(wish)
        attempt.generation = attempt.learned or attempt.generation
        if wish == Action.REFRESH_TOKEN:
            attempt.token = self._accounts.valid_token(
                message.oa_id, refused=attempt.token
            )
        elif wish == Action.DROP_QUOTE:
            attempt.quote_message_id = None
        else:
            attempt.buttons = ()
            # -201 may be about this one message; -233 is about the account
            attempt.refuses_buttons = error.code == KIND_UNSUPPORTED_CODE
        return True

    def _after_error(self, message: ClaimedMessage, error: ZaloError) -> Outcome:
        action, now = error.action, self._clock.now()
        if action == Action.RETRY:
            return self._again(message, Reason.ZALO_UNAVAILABLE)
        if action == Action.RETRY_CAREFULLY:
            return self._look_again(Reason.MAYBE_DELIVERED)
        if action == Action.NEXT_MINUTE:
            return self._paused(Reason.RATE_LIMIT, _next_minute(now))
        if action == Action.PARK:
            return Outcome(MessageStatus.PARKED, Reason.WINDOW_CLOSED)
        if action == Action.DEFER:
            return self._deferred(message)
        if action == Action.STOP_RECIPIENT:
            reason = _RECIPIENT_REASONS.get(error.code or 0, Reason.RECIPIENT_LOST)
            return Outcome(MessageStatus.UNREACHABLE, reason, unreachable_reason=reason)
        if action == Action.STOP_KIND:
            return Outcome(MessageStatus.UNREACHABLE, Reason.KIND_REFUSED)
        if error.code in NO_MONEY_CODES:
            log.error("account_without_money", oa_id=message.oa_id, code=error.code)
            return Outcome(MessageStatus.PARKED, Reason.NO_MONEY)
        if action in _FOR_HUMANS:
            log.error("account_problem", oa_id=message.oa_id, code=error.code,
                      reason=error.reason)  # fmt: skip
            return self._paused(Reason.ACCOUNT_PROBLEM)
        log.warning("message_refused", id=message.id, code=error.code,
                    reason=error.reason)  # fmt: skip
        return Outcome(MessageStatus.REFUSED, Reason.ZALO_REFUSED)

    def _again(self, message: ClaimedMessage, reason: Reason) -> Outcome:
        if message.attempts >= MAX_ATTEMPTS:
            return Outcome(MessageStatus.DEAD, reason)
        pause = RETRY_PAUSES[min(message.attempts, len(RETRY_PAUSES)) - 1]
        due_at = self._clock.now() + pause * self._rng.uniform(1 - JITTER, 1 + JITTER)
        return Outcome(MessageStatus.WAITING, reason, due_at=due_at)

    def _look_again(self, reason: Reason) -> Outcome:
        return Outcome(
            MessageStatus.SENDING, reason, look_again_at=self._clock.now() + LOOK_AFTER
        )

    def _paused(self, reason: Reason, until: datetime | None = None) -> Outcome:
        """The account cannot send now: the row waits and keeps its attempts."""
        until = until or self._clock.now() + ACCOUNT_PAUSE
        return Outcome(
            MessageStatus.WAITING,
            reason,
            due_at=until,
            is_blameless=True,
            pause_account_until=until,
        )

    def _deferred(self, message: ClaimedMessage) -> Outcome:
        if message.attempts >= MAX_ATTEMPTS:
            return Outcome(MessageStatus.DEAD, Reason.QUOTA_USED_UP)
        morning = _next_morning(self._clock.now(), ZALO_ZONE)
        due_at = morning + MORNING_SPREAD * self._rng.random()
        return Outcome(MessageStatus.WAITING, Reason.QUOTA_USED_UP, due_at=due_at)


# After these nothing more can go out through this account until someone acts: refused
# again after a fresh token, refused by both endpoints, or a matter of contract or consent.
_FOR_HUMANS = (
    Action.HUMAN,
    Action.RECONSENT,
    Action.REFRESH_TOKEN,
    Action.SWITCH_TO_V2,
    Action.SWITCH_TO_V3,
)


def _wish(attempt: _Try, error: ZaloError) -> Action | None:
    """What Zalo's refusal asks us to change, if the message has it."""
    if error.action == Action.REFRESH_TOKEN:
        return Action.REFRESH_TOKEN
    names_buttons = error.action == Action.DROP_BUTTONS
    is_field = error.code == BAD_FIELD_CODE
    if attempt.quote_message_id and is_field and not names_buttons:
        return Action.DROP_QUOTE  # a stale quote is not always named
    if attempt.buttons and (is_field or error.code == KIND_UNSUPPORTED_CODE):
        return Action.DROP_BUTTONS
    return None


def _with_lessons(outcome: Outcome, attempt: _Try) -> Outcome:
    is_proven = outcome.status == MessageStatus.SENT
    return replace(
        outcome,
        calls=tuple(attempt.calls),
        generation=attempt.learned,
        refuses_buttons=attempt.refuses_buttons and is_proven,
    )


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _next_morning(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    morning = datetime.combine(local.date(), FIRST_ALLOWED_HOUR, zone)
    return morning if morning > local else morning + timedelta(days=1)
