"""Does Zalo still bring us what people write? For each account: alarms ``silence`` and
``webhook_disabled``.

* ``webhook_disabled`` is certain. Either Zalo's history showed a person's message that the
  webhook did not bring, and nothing at all came since, for ten minutes: its repetitions
  after 30 s and 5 min would have. Or messages left, the account's echoes used to come, and
  since then neither echo nor receipt nor anything else did.
* ``silence`` is a suspicion: nothing came for longer than usual (``rhythm``), awake. Where
  the history was read to its end a short while ago, there was nothing to bring, and no
  suspicion.

Both end with the next event that the webhook brings. Functions never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, or_, select

from bot.channel.event_kinds import ECHOES, FROM_PEOPLE
from bot.channel.intake import NO_BODY
from bot.channel.watch_rows import open_watch, read_watch
from bot.watching.alarms import end_alarm, open_alarms, raise_alarm
from bot.watching.kinds import AlarmKind
from bot.watching.rhythm import (
    awake_between,
    is_awake,
    longest_usual_gap,
    usual_gaps,
)
from models import Account, AccountWatch, OutboxMessage, WebhookEvent

LEARN_EVERY = timedelta(days=1)
LEARNT_FROM = timedelta(weeks=4)  # each weekday four times, and it follows the season
# Of a busy account the last days say enough.
MOST_MOMENTS = 20_000
CERTAIN_AFTER = timedelta(minutes=10)
FEWEST_SENDS = 3  # one echo may be late
SENDS_LOOKED_AT = timedelta(hours=2)
# Two runs of the comparison: then what the history said is old.
HISTORY_PROVES_FOR = timedelta(minutes=25)


def listen(session: Session, now: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Raise and end the alarms of all accounts; how many are open afterwards."""
    raised = {
        (alarm.kind, alarm.subject): alarm.raised_at for alarm in open_alarms(session)
    }
    counts = {"disabled": 0, "silent": 0}
    for oa_id in session.exec(select(Account.oa_id)).all():
        last = last_delivery(session, oa_id)
        since = raised.get((AlarmKind.WEBHOOK_DISABLED, oa_id))
        if since is None:
            is_disabled = _is_disabled(session, oa_id, last, now)
        else:
            is_disabled = last is None or last <= since
        watch = read_watch(session, oa_id)
        since = raised.get((AlarmKind.SILENCE, oa_id))
        if is_disabled or _history_was_read(watch, now):
            is_silent = False
        elif since is None:
            is_silent = _is_silent(watch, last, now, zone)
        else:
            is_silent = last is None or last <= since
        _tell(session, AlarmKind.WEBHOOK_DISABLED, oa_id, now, is_so=is_disabled)
        _tell(session, AlarmKind.SILENCE, oa_id, now, is_so=is_silent)
        counts["disabled"] += is_disabled
        counts["silent"] += is_silent
    return counts


def accounts_to_learn(session: Session, now: datetime, most: int) -> Sequence[str]:
    """Those whose habits were not looked at for a day."""
    return session.exec(
        select(Account.oa_id)
        .outerjoin(AccountWatch, col(AccountWatch.oa_id) == col(Account.oa_id))
        .where(
            or_(
                col(AccountWatch.learnt_at).is_(None),
                col(AccountWatch.learnt_at) <= now - LEARN_EVERY,
            )
        )
        .order_by(col(AccountWatch.learnt_at))
        .limit(most)
    ).all()


def learn(
    session: Session, oa_id: str, now: datetime, zone: ZoneInfo
) -> dict[str, float]:
    """How long this account's people usually do not write, by part of the week."""
    newest = session.exec(
        select(WebhookEvent.occurred_at)
        .where(
            col(WebhookEvent.oa_id) == oa_id,
            col(WebhookEvent.received_at) > now - LEARNT_FROM,
            col(WebhookEvent.event_name).in_(FROM_PEOPLE),
        )
        .order_by(col(WebhookEvent.received_at).desc())
        .limit(MOST_MOMENTS)
    ).all()
    return usual_gaps(sorted(newest), zone)


def note_learnt(
    session: Session, oa_id: str, usual: dict[str, float], now: datetime
) -> None:
    watch = open_watch(session, oa_id)
    watch.usual_gaps = usual
    watch.learnt_at = now


def last_delivery(session: Session, oa_id: str) -> datetime | None:
    """When the webhook last brought anything of this account."""
    return session.exec(
        select(WebhookEvent.received_at)
        .where(
            col(WebhookEvent.oa_id) == oa_id, col(WebhookEvent.body_sha256) != NO_BODY
        )
        .order_by(col(WebhookEvent.received_at).desc())
        .limit(1)
    ).first()


def _is_silent(
    watch: AccountWatch, last: datetime | None, now: datetime, zone: ZoneInfo
) -> bool:
    if last is None or not is_awake(now, zone):
        return False
    longest = longest_usual_gap(watch.usual_gaps, last, zone)
    return longest is not None and awake_between(last, now, zone) > longest


def _history_was_read(watch: AccountWatch, now: datetime) -> bool:
    known_until = watch.known_until
    return known_until is not None and now - known_until <= HISTORY_PROVES_FOR


def _is_disabled(
    session: Session, oa_id: str, last: datetime | None, now: datetime
) -> bool:
    if last is not None and now - last < CERTAIN_AFTER:
        return False
    return _lost_one(session, oa_id, last, now) or (
        last is not None and _hears_no_echo(session, oa_id, last, now)
    )


def _lost_one(
    session: Session, oa_id: str, last: datetime | None, now: datetime
) -> bool:
    """A message that only the history knew, written when nothing came any more."""
    lost = select(col(WebhookEvent.id)).where(
        col(WebhookEvent.oa_id) == oa_id,
        col(WebhookEvent.body_sha256) == NO_BODY,
        col(WebhookEvent.occurred_at) <= now - CERTAIN_AFTER,
    )
    if last is not None:
        lost = lost.where(
            col(WebhookEvent.received_at) > last, col(WebhookEvent.occurred_at) > last
        )
    return session.exec(lost.limit(1)).first() is not None


def _hears_no_echo(session: Session, oa_id: str, last: datetime, now: datetime) -> bool:
    sends, first = session.exec(
        select(func.count(), func.min(OutboxMessage.sent_at)).where(
            col(OutboxMessage.created_at) > now - SENDS_LOOKED_AT,
            col(OutboxMessage.oa_id) == oa_id,
            col(OutboxMessage.zalo_message_id).is_not(None),
            col(OutboxMessage.sent_at) > last,
        )
    ).one()
    if sends < FEWEST_SENDS or first is None or now - first < CERTAIN_AFTER:
        return False
    echo = (
        select(col(WebhookEvent.id))
        .where(
            col(WebhookEvent.oa_id) == oa_id,
            col(WebhookEvent.received_at) > now - LEARNT_FROM,
            col(WebhookEvent.event_name).in_(ECHOES),
        )
        .limit(1)
    )
    return session.exec(echo).first() is not None


def _tell(
    session: Session, kind: AlarmKind, oa_id: str, now: datetime, *, is_so: bool
) -> None:
    if is_so:
        raise_alarm(session, kind, oa_id, {}, now)
    else:
        end_alarm(session, kind, oa_id, now)
