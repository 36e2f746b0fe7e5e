"""What becomes of a row that Zalo did not take: again, later, parked, unreachable, dead."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.channel.claiming import ClaimedMessage
from bot.channel.money import ZALO_ZONE
from bot.channel.outbox import Reason
from bot.channel.outcomes import Outcome
from bot.channel.pace import next_minute
from bot.channel.zalo.errors import Action, ZaloError
from bot.clock import Clock
from models import MessageStatus

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
UPLOAD_SOON = timedelta(seconds=1)  # somebody else's upload is done by then
# A human has to act; asking every ten minutes shows soon enough that he has.
ACCOUNT_PAUSE = timedelta(minutes=10)
FIRST_ALLOWED_HOUR = time(6, 0)  # Zalo's night ends; its daily quotas are new by then
MORNING_SPREAD = timedelta(minutes=30)  # not all in one instant
NO_MONEY_CODES = (-320, -321)
_RECIPIENT_REASONS = {
    -213: Reason.NOT_FOLLOWING,
    -217: Reason.BLOCKED,
    -222: Reason.INACTIVE,
    -227: Reason.INACTIVE,
    -237: Reason.GROUP_DISABLED,
    -403: Reason.NOT_IN_GROUP,
}
# After these nothing more can go out through this account until someone acts: refused
# again after a fresh token, refused by both endpoints, or a matter of contract or consent.
_FOR_HUMANS = (
    Action.HUMAN,
    Action.RECONSENT,
    Action.REFRESH_TOKEN,
    Action.SWITCH_TO_V2,
    Action.SWITCH_TO_V3,
)
_OF_PHONE_ONLY = (
    Action.STOP_RECIPIENT,
    Action.STOP_KIND,
    Action.HUMAN,
    Action.GIVE_UP,
)
# Of a group these say that the account has no groups, not that it cannot send at all.
_OF_GROUPS_ONLY = (Action.HUMAN, Action.SWITCH_TO_V2, Action.SWITCH_TO_V3)


class Verdicts:
    """Stateless but for its random generator; one object serves all threads."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng

    def after_error(self, message: ClaimedMessage, error: ZaloError) -> Outcome:
        """What a refusal means, by its action."""
        action, now = error.action, self._clock.now()
        if action == Action.RETRY:
            return self.again(message, Reason.ZALO_UNAVAILABLE)
        if action == Action.RETRY_CAREFULLY:
            return self.look_again(Reason.MAYBE_DELIVERED)
        if action == Action.NEXT_MINUTE:
            return self.paused(Reason.RATE_LIMIT, next_minute(now))
        if action == Action.PARK:
            return Outcome(MessageStatus.PARKED, Reason.WINDOW_CLOSED)
        if action == Action.DEFER:
            return self._deferred(message)
        if message.message.by_phone is not None and action in _OF_PHONE_ONLY:
            return self._not_by_phone(error)
        if action == Action.STOP_RECIPIENT:
            reason = _RECIPIENT_REASONS.get(error.code or 0, Reason.RECIPIENT_LOST)
            return Outcome(MessageStatus.UNREACHABLE, reason, unreachable_reason=reason)
        if action == Action.STOP_KIND:
            return Outcome(MessageStatus.UNREACHABLE, Reason.KIND_REFUSED)
        if error.code in NO_MONEY_CODES:
            log.error("account_without_money", oa_id=message.oa_id, code=error.code)
            return Outcome(MessageStatus.PARKED, Reason.NO_MONEY)
        if message.is_group and action in _OF_GROUPS_ONLY:
            # a package without groups, or an account of a kind that has none
            log.warning("groups_not_allowed", oa_id=message.oa_id, code=error.code)
            return Outcome(MessageStatus.REFUSED, Reason.GROUPS_NOT_ALLOWED)
        if action in _FOR_HUMANS:
            log.error("account_problem", oa_id=message.oa_id, code=error.code,
                      reason=error.reason)  # fmt: skip
            return self.paused(Reason.ACCOUNT_PROBLEM)
        log.warning("message_refused", id=message.id, code=error.code,
                    reason=error.reason)  # fmt: skip
        return Outcome(MessageStatus.REFUSED, Reason.ZALO_REFUSED)

    def _not_by_phone(self, error: ZaloError) -> Outcome:
        """Neither the person's chat nor the account's is touched by it."""
        if error.action in (Action.STOP_RECIPIENT, Action.STOP_KIND):
            return Outcome(MessageStatus.UNREACHABLE, Reason.PHONE_REFUSED)
        log.error("template_refused", code=error.code, reason=error.reason)
        return Outcome(MessageStatus.REFUSED, Reason.TEMPLATE_REFUSED)

    def again(self, message: ClaimedMessage, reason: Reason) -> Outcome:
        if message.attempts >= MAX_ATTEMPTS:
            return Outcome(MessageStatus.DEAD, reason)
        pause = RETRY_PAUSES[min(message.attempts, len(RETRY_PAUSES)) - 1]
        due_at = self._clock.now() + pause * self._rng.uniform(1 - JITTER, 1 + JITTER)
        return Outcome(MessageStatus.WAITING, reason, due_at=due_at)

    def soon(self) -> Outcome:
        """Another thread is uploading the same file: the row keeps its attempts."""
        due_at = self._clock.now() + UPLOAD_SOON
        return Outcome(
            MessageStatus.WAITING, Reason.UPLOADING, due_at=due_at, is_blameless=True
        )

    def look_again(self, reason: Reason) -> Outcome:
        return Outcome(
            MessageStatus.SENDING, reason, look_again_at=self._clock.now() + LOOK_AFTER
        )

    def paused(self, reason: Reason, until: datetime | None = None) -> Outcome:
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


def _next_morning(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    morning = datetime.combine(local.date(), FIRST_ALLOWED_HOUR, zone)
    return morning if morning > local else morning + timedelta(days=1)
