"""How much was reported, about what, and how it was settled: counts only, nothing of a person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.periods import Period
from models import Feedback, FeedbackState

SETTLED = (FeedbackState.ANSWERED, FeedbackState.CLOSED)


@dataclass(frozen=True, slots=True)
class Counted:
    """``median_days`` and ``rating`` are None where there is nothing to take them of."""

    filed: int
    settled: int
    waiting: int
    median_days: float | None
    rating: float | None
    ratings: int


@dataclass(frozen=True, slots=True)
class AreaCounted:
    area: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class Month:
    """What was filed in one month, by area, the most frequent first."""

    period: Period
    whole: Counted
    areas: tuple[AreaCounted, ...]


def month_of(
    session: Session, unit_codes: Collection[str], period: Period, zone: ZoneInfo
) -> Month:
    rows = _rows(session, unit_codes, period, zone)
    areas = {row.area for row in rows}
    found = [
        AreaCounted(area, _counted([row for row in rows if row.area == area]))
        for area in areas
    ]
    found.sort(key=lambda one: (-one.counted.filed, one.area))
    return Month(period, _counted(rows), tuple(found))


def _rows(
    session: Session, unit_codes: Collection[str], period: Period, zone: ZoneInfo
) -> list[Any]:
    begin = datetime.combine(period.first, datetime.min.time(), zone)
    end = datetime.combine(period.next.first, datetime.min.time(), zone)
    statement = select(
        col(Feedback.area),
        col(Feedback.state),
        col(Feedback.created_at),
        col(Feedback.ended_at),
        col(Feedback.rating),
    ).where(
        col(Feedback.unit_code).in_(unit_codes),
        col(Feedback.created_at) >= begin,
        col(Feedback.created_at) < end,
        col(Feedback.state) != FeedbackState.WITHDRAWN,
    )
    return list(session.execute(statement).all())


def _counted(rows: list[Any]) -> Counted:
    settled = [row for row in rows if row.state in SETTLED]
    days = [
        (row.ended_at - row.created_at).total_seconds() / 86_400
        for row in settled
        if row.ended_at
    ]
    ratings = [row.rating for row in rows if row.rating]
    return Counted(
        filed=len(rows),
        settled=len(settled),
        waiting=len(rows) - len(settled),
        median_days=round(median(days), 1) if days else None,
        rating=round(sum(ratings) / len(ratings), 1) if ratings else None,
        ratings=len(ratings),
    )
