"""The order of a contest: score, then the nearer guess, then who was first.

Each person stands in it once, with his best try. In public a name is shown by its initials
and its last word's first letter only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from models import Survey, SurveySheet


@dataclass(frozen=True, slots=True)
class Place:
    """``off`` is how far the guess is from how many took part; None: no guess."""

    rank: int
    contact_id: int | None
    name: str
    score: int
    guess: int | None
    off: int | None
    finished_at: datetime

    @property
    def masked_name(self) -> str:
        return masked(self.name)


def ranking_of(session: Session, survey: Survey) -> list[Place]:
    sheets = session.scalars(
        select(SurveySheet)
        .where(
            col(SurveySheet.survey_id) == survey.id,
            col(SurveySheet.finished_at).is_not(None),
        )
        .order_by(col(SurveySheet.id))
    ).all()
    people = len({_person(one) for one in sheets})
    best: dict[str, tuple[tuple[int, int, float, int], SurveySheet]] = {}
    for one in sheets:
        order = _order(survey, one, people)
        known = best.get(_person(one))
        if known is None or order < known[0]:
            best[_person(one)] = (order, one)
    ordered = sorted(best.values(), key=lambda pair: pair[0])
    return [
        _place(survey, rank, one, people) for rank, (_, one) in enumerate(ordered, 1)
    ]


def place_of(places: Sequence[Place], contact_ids: Sequence[int]) -> Place | None:
    return next((one for one in places if one.contact_id in contact_ids), None)


def masked(name: str) -> str:
    """ "Nguyễn Thị Lan" → "N. T. L***"; "" stays so."""
    words = name.split()
    if not words:
        return ""
    return " ".join([*(f"{word[0]}." for word in words[:-1]), f"{words[-1][0]}***"])


def _person(sheet: SurveySheet) -> str:
    """Sheets that lead to nobody any more are people of their own."""
    return f"{sheet.contact_id or f'sheet:{sheet.id}'}"


def _off(survey: Survey, sheet: SurveySheet, people: int) -> int | None:
    if not survey.guesses_count or sheet.guess is None or sheet.guess < 0:
        return None
    return abs(sheet.guess - people)


def _order(
    survey: Survey, sheet: SurveySheet, people: int
) -> tuple[int, int, float, int]:
    off = _off(survey, sheet, people)
    finished = sheet.finished_at.timestamp() if sheet.finished_at else 0.0
    far = 10**9 if off is None else off  # no guess: behind every guess
    return -(sheet.score or 0), far, finished, sheet.id or 0


def _place(survey: Survey, rank: int, sheet: SurveySheet, people: int) -> Place:
    return Place(
        rank=rank,
        contact_id=sheet.contact_id,
        name=sheet.name,
        score=sheet.score or 0,
        guess=sheet.guess,
        off=_off(survey, sheet, people),
        finished_at=sheet.finished_at or sheet.started_at,
    )
