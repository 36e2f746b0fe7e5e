"""Alarms begin and end here; one open row for each kind and subject, however often raised.

Functions take a session and never commit: an alarm is raised in the transaction that
learned of the trouble, so neither is ever kept without the other. Nothing is logged here,
since that transaction may yet be undone: ``telling`` does it within a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from bot.watching.kinds import AlarmKind
from models import Alarm


def raise_alarm(
    session: Session,
    kind: AlarmKind,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> bool:
    """True when this begins; an alarm that is open already stays as it was.

    ``detail`` holds codes and counts for the alarm's text, never personal data.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    added = session.execute(
        insert(Alarm)
        .values(kind=kind, subject=subject, detail=dict(detail), raised_at=now)
        .on_conflict_do_nothing()
        .returning(col(Alarm.id))
    ).scalar_one_or_none()
    return added is not None


def end_alarm(session: Session, kind: AlarmKind, subject: str, now: datetime) -> bool:
    """True when an open alarm ended by this."""
    ended = session.exec(
        update(Alarm)
        .where(
            col(Alarm.kind) == kind,
            col(Alarm.subject) == subject,
            col(Alarm.ended_at).is_(None),
        )
        .values(ended_at=now)
    )
    return ended.rowcount == 1


def open_alarms(session: Session) -> Sequence[Alarm]:
    """All that are open, oldest first."""
    return session.exec(
        select(Alarm)
        .where(col(Alarm.ended_at).is_(None))
        .order_by(col(Alarm.raised_at), col(Alarm.id))
    ).all()
