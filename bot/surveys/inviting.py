"""A campaign that invites to a survey: a draft like any other, which a second person approves."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.conversation.texts import Texts
from bot.outreach.campaigns import editing
from bot.outreach.campaigns.audience import Audience, People
from bot.outreach.campaigns.editing import Wish
from bot.people import units
from models import Campaign, Official, Survey, SurveyKind, UnitLevel

LONGEST_TITLE = 150


def invite(
    session: Session, texts: Texts, survey: Survey, official: Official, now: datetime
) -> Campaign:
    """To the citizens of the unit that asks; of a province to those of every commune."""
    unit = units.by_code(session, survey.unit_code)
    is_commune = unit is not None and unit.level == UnitLevel.COMMUNE
    params = {
        "title": survey.title,
        "intro": survey.intro,
        "is_contest": survey.kind == SurveyKind.CONTEST,
        "closes_at": survey.closes_at.astimezone(now.tzinfo)
        if survey.closes_at
        else None,
    }
    wish = Wish(
        title=survey.title[:LONGEST_TITLE],
        text=texts.render("surveys.invitation", params),
        audience=Audience(
            people=People.CITIZENS,
            communes=(survey.unit_code,) if is_commune else (),
        ),
    )
    return editing.create(session, wish, official, now)
