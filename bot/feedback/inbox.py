"""What an official looks for among the feedback of his units."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from bot.feedback.tickets import ENDED, OPEN
from models import Feedback, FeedbackState

PAGE = 30


class Shown(StrEnum):
    """Which of them; the first is what people come for."""

    OPEN = "open"
    NEW = "new"  # nobody has taken it
    MINE = "mine"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Filter:
    """``official_id`` is who looks; ``unit`` and ``area`` "" are all."""

    unit_codes: Collection[str]
    official_id: int
    shown: Shown = Shown.OPEN
    area: str = ""
    unit: str = ""
    page: int = 1

    @property
    def where(self) -> list[ColumnElement[bool]]:
        conditions: list[Any] = [col(Feedback.unit_code).in_(self.unit_codes)]
        if self.unit:
            conditions.append(col(Feedback.unit_code) == self.unit)
        if self.area:
            conditions.append(col(Feedback.area) == self.area)
        match self.shown:
            case Shown.OPEN:
                conditions.append(col(Feedback.state).in_(OPEN))
            case Shown.NEW:
                conditions.append(col(Feedback.state) == FeedbackState.RECEIVED)
            case Shown.MINE:
                conditions += [
                    col(Feedback.state).in_(OPEN),
                    col(Feedback.taken_by_id) == self.official_id,
                ]
            case Shown.ENDED:
                conditions.append(col(Feedback.state).in_(ENDED))
        return conditions


def listed(session: Session, wanted: Filter) -> Sequence[Feedback]:
    """One page; what waits longest first, what is over newest first."""
    order = (
        col(Feedback.ended_at).desc()
        if wanted.shown == Shown.ENDED
        else col(Feedback.waiting_since)
    )
    return session.scalars(
        select(Feedback)
        .where(*wanted.where)
        .order_by(order, col(Feedback.id))
        .offset((wanted.page - 1) * PAGE)
        .limit(PAGE)
    ).all()


def count(session: Session, wanted: Filter) -> int:
    statement = select(func.count()).select_from(Feedback).where(*wanted.where)
    return session.scalar(statement) or 0


def count_new(session: Session, unit_codes: Collection[str]) -> int:
    """Those that nobody has taken."""
    statement = (
        select(func.count())
        .select_from(Feedback)
        .where(
            col(Feedback.unit_code).in_(unit_codes),
            col(Feedback.state) == FeedbackState.RECEIVED,
        )
    )
    return session.scalar(statement) or 0
