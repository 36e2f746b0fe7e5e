"""What the demo's citizens reported, and answered in a survey, before anybody opened it: all
invented, from ``content/demo.toml``. Made by the functions that chat and dashboard use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.feedback import tickets
from bot.feedback.tickets import Report
from bot.surveys import editing
from bot.surveys.editing import Wish
from bot.surveys.questions import questions_of
from bot.surveys.templates import template_named
from models import Contact, Feedback, FeedbackState, Official, Survey, SurveySheet

UNIT = "xa_can_duoc"
ANSWERED_AFTER = timedelta(hours=26)
NOTICE = "demo"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who reported, who answered, and when now is."""

    session: Session
    content_dir: Path
    citizens: Mapping[str, Contact]
    clerk: Official
    now: datetime

    def fill(self, content: Mapping[str, Any]) -> int:
        """Once; reports made."""
        known = select(col(Feedback.id)).limit(1)
        if self.session.scalars(known).first() is not None:
            return 0
        for one in content["reports"]:
            self._report(one)
        self._survey(content["survey"])
        return len(content["reports"])

    def _report(self, one: Mapping[str, Any]) -> None:
        at = self.now - timedelta(days=one["days_ago"])
        contact = self.citizens[one["person"]]
        report = Report(UNIT, one["area"], one["text"])
        row = tickets.file_report(self.session, contact, report, NOTICE, at)
        if row is None:
            return
        state = FeedbackState(one["state"])
        later = at + ANSWERED_AFTER
        if state == FeedbackState.TAKEN:
            tickets.take(self.session, row, self.clerk, self.clerk, later)
        elif state in tickets.ENDED:
            is_settled = state == FeedbackState.ANSWERED
            tickets.answer(
                self.session, row, self.clerk, one["answer"], later,
                is_settled=is_settled,
            )  # fmt: skip
        if "rating" in one:
            tickets.rate(self.session, row, one["rating"], later)

    def _survey(self, content: Mapping[str, Any]) -> None:
        template = template_named(self.content_dir, content["template"])
        if template is None:
            return
        begun = self.now - timedelta(days=5)
        wish = Wish(
            kind=template.kind,
            unit_code=UNIT,
            title=template.title,
            intro=template.intro,
            thanks=template.thanks,
            questions=template.questions,
            closes_at=self.now + timedelta(days=content["days"]),
            template=template.key,
        )
        survey = editing.create(self.session, wish, self.clerk, begun)
        editing.open_to_people(self.session, survey, self.clerk, begun)
        for people, *answers in content["answers"]:
            for number in range(1, people + 1):
                self._sheet(survey, answers, begun + timedelta(hours=number))

    def _sheet(self, survey: Survey, answers: list[Any], at: datetime) -> None:
        """Of somebody who is not in the cast: it leads to nobody."""
        keys = [one.key for one in questions_of(survey.questions)]
        given = {key: said or None for key, said in zip(keys, answers, strict=True)}
        self.session.add(
            SurveySheet(
                survey_id=survey.id or 0, answers=given, started_at=at, finished_at=at
            )
        )
