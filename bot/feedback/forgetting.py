"""Words, places and pictures of feedback go again; the row stays as a count.

At once when its author withdraws it, or has his data erased; by the clock some time after it
ended, so that he can come back to it until then. What is open is never touched by the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select, update
from sqlmodel import Session, col

from bot.feedback.tickets import OPEN, REOPENED_WITHIN
from models import Feedback, FeedbackEntry, FeedbackState

# As long as any other word of the chat; longer than it may be reopened.
WORDS_KEPT_FOR = timedelta(days=90)
ROWS_KEPT_FOR = timedelta(days=2 * 365)  # a year can be compared with the one before
assert WORDS_KEPT_FOR > REOPENED_WITHIN

# What leads to a person or may speak of one.
BLANK: dict[str, Any] = {
    "contact_id": None,
    "text": "",
    "latitude": None,
    "longitude": None,
    "picture_url": None,
    "picture_due_at": None,
    "picture_sha256": None,
}


def blank(session: Session, feedback: Feedback) -> None:
    """This one, with all that was said about it."""
    _blank(session, [feedback.id or 0])


def withdraw_all(session: Session, contact_ids: Sequence[int], now: datetime) -> int:
    """They want nothing of theirs to be kept: the open ones end, all of them are emptied."""
    numbers = session.scalars(
        select(col(Feedback.id)).where(col(Feedback.contact_id).in_(contact_ids))
    ).all()
    session.execute(
        update(Feedback)
        .where(col(Feedback.id).in_(numbers), col(Feedback.state).in_(OPEN))
        .values(state=FeedbackState.WITHDRAWN, ended_at=now)
    )
    return _blank(session, [one for one in numbers if one is not None])


def forget_old(session: Session, now: datetime) -> int:
    """By the clock; rows that became counts, and counts that went."""
    old = session.scalars(
        select(col(Feedback.id)).where(
            col(Feedback.ended_at) < now - WORDS_KEPT_FOR, col(Feedback.text) != ""
        )
    ).all()
    emptied = _blank(session, [one for one in old if one is not None])
    gone = select(col(Feedback.id)).where(col(Feedback.ended_at) < now - ROWS_KEPT_FOR)
    session.execute(
        delete(FeedbackEntry).where(col(FeedbackEntry.feedback_id).in_(gone))
    )
    result = session.execute(
        delete(Feedback).where(col(Feedback.ended_at) < now - ROWS_KEPT_FOR)
    )
    return emptied + (result.rowcount if isinstance(result, CursorResult) else 0)


def _blank(session: Session, numbers: Sequence[int]) -> int:
    session.flush()
    session.execute(
        update(Feedback).where(col(Feedback.id).in_(numbers)).values(**BLANK)
    )
    session.execute(
        update(FeedbackEntry)
        .where(col(FeedbackEntry.feedback_id).in_(numbers))
        .values(text="", contact_id=None)
    )
    session.expire_all()
    return len(numbers)
