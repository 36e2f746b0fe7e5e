"""A person's sheet (phiếu): begun, gone on with, finished, once a person or a try.

A sheet belongs to the person, whichever of our accounts he writes to. What is not finished
counts nowhere. Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlmodel import Session, col

from bot.outreach.caps import same_person
from bot.people import units
from bot.surveys.editing import is_running
from bot.surveys.questions import (
    Answer,
    Question,
    QuestionKind,
    questions_of,
    score_of,
)
from models import Account, Contact, Survey, SurveyKind, SurveySheet, SurveyState

# After the end: long enough to award a prize, then nobody's name or words are left.
PEOPLE_KEPT_FOR = timedelta(days=90)
LONGEST_NAME = 60


def open_for(
    session: Session, contact: Contact, kind: SurveyKind, now: datetime
) -> list[Survey]:
    """What his commune and all above it ask just now, the one that ends first first."""
    account = session.get(Account, contact.oa_id)
    codes: set[str] = set()
    for code in (contact.unit_code, account.unit_code if account else None):
        if code:
            codes |= set(units.above(session, code, now.date()))
    found = session.scalars(
        select(Survey).where(
            col(Survey.unit_code).in_(codes),
            col(Survey.kind) == kind,
            col(Survey.state) == SurveyState.OPEN,
        )
    ).all()
    running = [one for one in found if is_running(one, now)]
    return sorted(running, key=_end_of)


def contests_of(session: Session, unit_codes: Collection[str]) -> Sequence[Survey]:
    """All that were ever opened there, newest first."""
    return session.scalars(
        select(Survey)
        .where(
            col(Survey.unit_code).in_(unit_codes),
            col(Survey.kind) == SurveyKind.CONTEST,
            col(Survey.state) != SurveyState.DRAFT,
        )
        .order_by(col(Survey.id).desc())
    ).all()


def _end_of(survey: Survey) -> tuple[bool, float, int]:
    end = survey.closes_at
    return end is None, end.timestamp() if end else 0.0, survey.id or 0


def sheets_of(
    session: Session, survey: Survey, contact: Contact
) -> Sequence[SurveySheet]:
    """All his tries, the first one first."""
    return session.scalars(
        select(SurveySheet)
        .where(
            col(SurveySheet.survey_id) == survey.id,
            col(SurveySheet.contact_id).in_(same_person(session, contact)),
        )
        .order_by(col(SurveySheet.attempt))
    ).all()


def begin(
    session: Session, survey: Survey, contact: Contact, now: datetime
) -> SurveySheet | None:
    """The one he is at, or a new one; None when he has had all his tries."""
    found = sheets_of(session, survey, contact)
    if found and found[-1].finished_at is None:
        return found[-1]
    tries = survey.tries if survey.kind == SurveyKind.CONTEST else 1
    if len(found) >= tries:
        return None
    sheet = SurveySheet(
        survey_id=survey.id or 0,
        contact_id=contact.id,
        attempt=len(found) + 1,
        name=found[-1].name if found else "",
        started_at=now,
    )
    session.add(sheet)
    session.flush()
    return sheet


def next_question(survey: Survey, sheet: SurveySheet) -> Question | None:
    """The first one without an answer; None: that was all."""
    asked = questions_of(survey.questions)
    return next((one for one in asked if one.key not in sheet.answers), None)


def put(
    session: Session, sheet: SurveySheet, question: Question, answer: Answer | None
) -> None:
    """None: he left it out."""
    sheet.answers = {**sheet.answers, question.key: answer}
    session.add(sheet)


def finish(session: Session, survey: Survey, sheet: SurveySheet, now: datetime) -> None:
    sheet.finished_at = now
    if survey.kind == SurveyKind.CONTEST:
        sheet.score = score_of(questions_of(survey.questions), sheet.answers)
    session.add(sheet)


def drop_all(session: Session, contact_ids: Collection[int]) -> int:
    """They want nothing of theirs to be kept."""
    result = session.execute(
        delete(SurveySheet).where(col(SurveySheet.contact_id).in_(contact_ids))
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def forget_old(session: Session, now: datetime) -> int:
    """By the clock, some time after the end: sheets lead to nobody any more, names and free
    words are gone; what was not finished goes altogether."""
    over = [
        one
        for one in session.scalars(
            select(Survey).where(col(Survey.state) != SurveyState.DRAFT)
        )
        if _ended_at(one, now) < now - PEOPLE_KEPT_FOR
    ]
    count = 0
    for survey in over:
        words = {
            one.key
            for one in questions_of(survey.questions)
            if one.kind == QuestionKind.TEXT
        }
        for sheet in session.scalars(
            select(SurveySheet).where(
                col(SurveySheet.survey_id) == survey.id,
                col(SurveySheet.contact_id).is_not(None),
            )
        ):
            count += 1
            _forget(session, sheet, words)
    return count


def _forget(session: Session, sheet: SurveySheet, words: Collection[str]) -> None:
    if sheet.finished_at is None:
        session.delete(sheet)
        return
    sheet.contact_id, sheet.name = None, ""
    sheet.answers = {
        key: None if key in words else answer for key, answer in sheet.answers.items()
    }


def _ended_at(survey: Survey, now: datetime) -> datetime:
    """``now`` while it is still asked."""
    if survey.state == SurveyState.CLOSED:
        return survey.changed_at
    return survey.closes_at if survey.closes_at and survey.closes_at < now else now
