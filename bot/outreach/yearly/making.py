"""From a draft of the calendar to a campaign of one's own: still a draft, to be approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.channel.assets import Asset
from bot.outreach.campaigns import editing
from bot.outreach.campaigns.audience import Audience
from bot.outreach.campaigns.editing import Wish
from bot.outreach.drawing.spec import Spec
from bot.outreach.yearly.due import next_of
from bot.outreach.yearly.files import YearlyDraft
from models import Campaign, Official

STARTS = time(8, 0)  # inside the hours of campaigns, after breakfast


def wish_of(
    draft: YearlyDraft,
    communes: Sequence[str],
    now: datetime,
    zone: ZoneInfo,
    picture: Asset | None = None,
) -> Wish:
    """On its day where it has one and that is still to come; else when somebody starts it."""
    file = draft.campaign
    return Wish(
        title=file.title,
        text=file.text,
        link=file.link,
        asset=picture,
        topic=file.topic,
        audience=Audience(communes=tuple(communes), people=file.people),
        when_closed=file.when_closed,
        useful_hours=file.useful_hours,
        starts_at=_starts_at(draft, now, zone),
    )


def make_campaign(
    session: Session,
    draft: YearlyDraft,
    owner: Official | None,
    communes: Sequence[str],
    now: datetime,
    zone: ZoneInfo,
    picture: Asset | None = None,
) -> Campaign:
    wish = wish_of(draft, communes, now, zone, picture)
    return editing.create(session, wish, owner, now)


def spec_for(draft: YearlyDraft, unit: str, day: date) -> Spec:
    """Its picture, in the name of this unit."""
    words = draft.words
    return Spec(
        title=draft.picture_title,
        points=words.points,
        unit=unit,
        day=day,
        link=words.link,
        layout=words.layout,
        palette=words.palette,
    )


def _starts_at(draft: YearlyDraft, now: datetime, zone: ZoneInfo) -> datetime | None:
    coming = next_of(draft, now.astimezone(zone).date())
    if draft.when.day is None or coming is None:
        return None
    at = datetime.combine(coming.first, STARTS, zone)
    return at if at > now else None
