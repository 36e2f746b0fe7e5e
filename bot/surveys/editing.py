"""A survey is written down, changed, opened, closed. Its questions stay as they are once
somebody has answered; each change is in the audit log. Functions never commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.people import audit
from bot.surveys.questions import Question, flaw_of
from models import Official, Survey, SurveyKind, SurveySheet, SurveyState

LONGEST_TITLE, LONGEST_INTRO, LONGEST_RULES = 150, 600, 1800
MOST_TRIES = 5


class FlawedSurveyError(Exception):
    """What was written does not fit together; ``code`` picks the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wish:
    """All that somebody decides about a survey."""

    kind: SurveyKind
    unit_code: str
    title: str
    intro: str = ""
    thanks: str = ""
    rules: str = ""
    questions: tuple[Question, ...] = ()
    tries: int = 1
    guesses_count: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    template: str = ""

    def require_whole(self) -> None:
        """``FlawedSurveyError`` if its parts do not fit together."""
        is_contest = self.kind == SurveyKind.CONTEST
        flaws = {
            "title": not self.title or len(self.title) > LONGEST_TITLE,
            "intro": len(self.intro) > LONGEST_INTRO,
            "rules": len(self.rules) > LONGEST_RULES,
            "no_rules": is_contest and not self.rules,
            "tries": self.tries not in range(1, MOST_TRIES + 1),
            "dates": bool(
                self.opens_at and self.closes_at and self.opens_at >= self.closes_at
            ),
        }
        found = next((code for code, is_flawed in flaws.items() if is_flawed), "")
        found = found or flaw_of(self.questions, is_contest=is_contest)
        if found:
            raise FlawedSurveyError(found)


def create(session: Session, wish: Wish, official: Official, now: datetime) -> Survey:
    wish.require_whole()
    survey = Survey(
        unit_code=wish.unit_code,
        title=wish.title,
        owner_id=official.id,
        created_at=now,
        changed_at=now,
    )
    _fill(survey, wish)
    session.add(survey)
    session.flush()
    record(session, survey, official, "created", now)
    return survey


def change(
    session: Session, survey: Survey, wish: Wish, official: Official, now: datetime
) -> None:
    """Texts and dates at any time; questions only while nobody has answered."""
    wish.require_whole()
    asked = [one.to_json() for one in wish.questions]
    if asked != survey.questions and has_answers(session, survey):
        raise FlawedSurveyError("has_answers")
    _fill(survey, wish)
    survey.changed_at = now
    session.add(survey)
    record(session, survey, official, "changed", now)


def _fill(survey: Survey, wish: Wish) -> None:
    values: dict[str, Any] = {
        "kind": wish.kind,
        "unit_code": wish.unit_code,
        "title": wish.title,
        "intro": wish.intro,
        "thanks": wish.thanks,
        "rules": wish.rules,
        "questions": [one.to_json() for one in wish.questions],
        "tries": wish.tries,
        "guesses_count": wish.guesses_count,
        "opens_at": wish.opens_at,
        "closes_at": wish.closes_at,
        "template": wish.template or survey.template,
    }
    for name, value in values.items():
        setattr(survey, name, value)


def open_to_people(
    session: Session, survey: Survey, official: Official, now: datetime
) -> None:
    """Within its dates people may answer; one that is over must get a later end first."""
    if survey.closes_at is not None and survey.closes_at <= now:
        raise FlawedSurveyError("is_over")
    survey.state, survey.changed_at = SurveyState.OPEN, now
    record(session, survey, official, "opened", now)


def close(session: Session, survey: Survey, official: Official, now: datetime) -> None:
    """What somebody is in the middle of does not count."""
    if survey.state != SurveyState.OPEN:
        return
    survey.state, survey.changed_at = SurveyState.CLOSED, now
    record(session, survey, official, "closed", now)


def drop(session: Session, survey: Survey, official: Official, now: datetime) -> None:
    """A draft that nobody has answered, for good."""
    if survey.state != SurveyState.DRAFT or has_answers(session, survey):
        raise FlawedSurveyError("has_answers")
    record(session, survey, official, "dropped", now)
    session.delete(survey)


def has_answers(session: Session, survey: Survey) -> bool:
    found = select(col(SurveySheet.id)).where(col(SurveySheet.survey_id) == survey.id)
    return session.scalars(found.limit(1)).first() is not None


def is_running(survey: Survey, now: datetime) -> bool:
    """Whether somebody may answer at this moment."""
    has_begun = survey.opens_at is None or survey.opens_at <= now
    is_over = survey.closes_at is not None and survey.closes_at <= now
    return survey.state == SurveyState.OPEN and has_begun and not is_over


def is_over(survey: Survey, now: datetime) -> bool:
    ended = survey.closes_at is not None and survey.closes_at <= now
    return survey.state == SurveyState.CLOSED or (
        survey.state == SurveyState.OPEN and ended
    )


def record(
    session: Session, survey: Survey, official: Official, what: str, now: datetime
) -> None:
    session.flush()
    subject = f"survey:{survey.id}"
    audit.record(session, official.pseudonym, f"survey.{what}", subject, {}, now)
