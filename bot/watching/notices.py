"""Who was told what by which way, and when it is tried (again).

A way that fails is tried at each of the next ticks, then once an hour: an outage of a mail
server costs minutes, one that never works costs little. Who was told is told again after a
day while the alarm is open, and once when it has ended.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from models import Alarm, AlarmNotice

AGAIN_AFTER = timedelta(hours=24)
QUICK_TRIES = 5  # a minute apart: what only hiccuped works by then
THEN_EVERY = timedelta(hours=1)
# Later nobody waits for the good news any more.
END_TOLD_WITHIN = timedelta(hours=24)


def worth_telling(session: Session, now: datetime) -> Sequence[Alarm]:
    """Open alarms, and those that ended a short while ago; oldest first."""
    return session.exec(
        select(Alarm)
        .where(
            or_(
                col(Alarm.ended_at).is_(None),
                col(Alarm.ended_at) > now - END_TOLD_WITHIN,
            )
        )
        .order_by(col(Alarm.raised_at), col(Alarm.id))
    ).all()


def notice_of(
    session: Session, alarm: Alarm, way: str, recipient: str = ""
) -> AlarmNotice:
    """What is known of this way to this recipient; new ones are not stored yet."""
    found = session.get(AlarmNotice, (alarm.id, way, recipient))
    return found or AlarmNotice(alarm_id=alarm.id or 0, way=way, recipient=recipient)


def is_due(alarm: Alarm, notice: AlarmNotice, now: datetime) -> bool:
    """Begin and end are told; the end only to those who knew of the begin."""
    if (
        notice.tries >= QUICK_TRIES
        and notice.tried_at
        and now < notice.tried_at + THEN_EVERY
    ):
        return False
    if alarm.ended_at is not None:
        return notice.told_at is not None and notice.end_told_at is None
    return notice.told_at is None or now >= notice.told_at + AGAIN_AFTER


def note_told(
    session: Session, alarm: Alarm, notice: AlarmNotice, now: datetime
) -> None:
    notice.tried_at = now
    if alarm.ended_at is None:
        notice.told_at = now
    else:
        notice.end_told_at = now
    session.add(notice)


def note_failed(session: Session, notice: AlarmNotice, now: datetime) -> None:
    notice.tries += 1
    notice.tried_at = now
    session.add(notice)
