"""How well people are served, week by week: counted from what is kept, nothing of a person.

A question is free text that went to the search; answered is one that led to a record or a
choice. Words are kept for ninety days, so twelve weeks are counted. Who refused that his
questions are kept is counted among the questions, never among those without an answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, cast, func, literal, select
from sqlmodel import Session, col

from bot.duties.periods import Period, period_of, periods_up_to
from models import Cadence, OutboxMessage, UnansweredQuestion, WebhookEvent

WEEKS = 12  # fewer than the ninety days for which events keep their route
SEARCHED = "search"  # the route of free text
MOST_TIMED = 2_000  # answers a week whose time is looked at: enough for a median


@dataclass(frozen=True, slots=True)
class WeekServed:
    """None where there is nothing to count: no data is no zero."""

    period: Period
    questions: int
    unanswered: int
    median_seconds: float | None

    @property
    def answered_percent(self) -> float | None:
        if not self.questions:
            return None
        answered = max(self.questions - self.unanswered, 0)
        return round(100 * answered / self.questions, 1)


def weeks_served(
    session: Session,
    now: datetime,
    zone: ZoneInfo,
    oa_ids: Collection[str] | None = None,
    weeks: int = WEEKS,
) -> list[WeekServed]:
    """The last weeks, the oldest first, this one included; ``oa_ids`` None: all."""
    running = period_of(now.astimezone(zone).date(), Cadence.WEEKLY)
    return [
        _week(session, period, zone, oa_ids) for period in periods_up_to(running, weeks)
    ]


def _week(
    session: Session, period: Period, zone: ZoneInfo, oa_ids: Collection[str] | None
) -> WeekServed:
    begin = datetime.combine(period.first, datetime.min.time(), zone)
    end = datetime.combine(period.last + timedelta(days=1), datetime.min.time(), zone)
    asked = [
        col(WebhookEvent.received_at) >= begin,
        col(WebhookEvent.received_at) < end,
        col(WebhookEvent.reason) == SEARCHED,
        *_of(WebhookEvent.oa_id, oa_ids),
    ]
    lacking = [
        col(UnansweredQuestion.asked_at) >= begin,
        col(UnansweredQuestion.asked_at) < end,
        *_of(UnansweredQuestion.oa_id, oa_ids),
    ]
    return WeekServed(
        period=period,
        questions=_count(session, WebhookEvent, asked),
        unanswered=_count(session, UnansweredQuestion, lacking),
        median_seconds=_median_seconds(session, asked),
    )


def _of(column: Any, oa_ids: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if oa_ids is None else [col(column).in_(oa_ids)]


def _count(session: Session, table: Any, where: list[ColumnElement[bool]]) -> int:
    statement = select(func.count()).select_from(table).where(*where)
    return session.scalar(statement) or 0


def _median_seconds(session: Session, asked: list[ColumnElement[bool]]) -> float | None:
    """From the question to the first message of its answer."""
    key = (
        literal("event:")
        .concat(cast(col(WebhookEvent.id), String))
        .concat(literal(":0"))
    )
    rows = session.execute(
        select(col(WebhookEvent.received_at), col(OutboxMessage.sent_at))
        .join(OutboxMessage, col(OutboxMessage.dedupe_key) == key)
        .where(*asked, col(OutboxMessage.sent_at).is_not(None))
        .order_by(col(WebhookEvent.id).desc())
        .limit(MOST_TIMED)
    )
    took = [max((sent - received).total_seconds(), 0.0) for received, sent in rows]
    return round(median(took), 1) if took else None
