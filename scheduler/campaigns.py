"""What campaigns need that is not one message: who may approve is asked, old lists go.

The worker's own thread carries campaigns out (``bot/outreach/campaigns/driving``); this job
does the same where that thread does not run, and catches up after an outage.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.conversation.announcing import announce
from bot.conversation.state import load_context, save_context
from bot.conversation.turn import Command, Option, Reply
from bot.outreach.campaigns import approving, lists, terms
from bot.outreach.campaigns.driving import Driving
from bot.people import officials
from models import Campaign, CampaignState, Contact, Lane
from scheduler.clockwork import Result, Workshop

UNITS_AT_ONCE = 50  # a tick is short; the next one goes on
ROWS_AT_ONCE = 5_000


def drive(workshop: Workshop, now: datetime) -> Result:
    """Starts, chunks, ends, next occurrences; and the questions to those who approve."""
    driving = Driving(workshop.database, workshop.clock, terms.in_force())
    units = 0
    while units < UNITS_AT_ONCE and driving.run_once():
        units += 1
    with workshop.database.writing() as session:
        asked = _ask_for_approval(workshop, session, now)
    with workshop.database.writing() as session:
        dropped = lists.drop_outdated(session, ROWS_AT_ONCE)
    return {"units": units, "asked": asked, "dropped": dropped}


def _ask_for_approval(workshop: Workshop, session: Session, now: datetime) -> int:
    """Everybody who may decide, once for each revision, as soon as its list is there."""
    waiting = session.scalars(
        select(Campaign).where(
            col(Campaign.state) == CampaignState.WAITING_APPROVAL,
            col(Campaign.told_at).is_(None),
        )
    )
    asked = 0
    for campaign in waiting:
        run = lists.current(session, campaign)
        if run is None or run.listed_at is None:
            continue
        today = now.astimezone(workshop.zone).date()
        for official in approving.approvers(session, campaign, today):
            contact = officials.reachable_contact(session, official.id or 0, now)
            if contact is not None:
                asked += _ask(workshop, session, campaign, contact, now)
        campaign.told_at = now
        session.add(campaign)
    return asked


def _ask(
    workshop: Workshop,
    session: Session,
    campaign: Campaign,
    contact: Contact,
    now: datetime,
) -> int:
    """The question with its numbers, unless he is in the middle of something: then the
    word that leads there."""
    is_free = load_context(session, contact.id or 0, now).progress is None
    run = lists.current(session, campaign)
    assert run is not None  # its list is complete
    reply = Reply(
        "campaigns.asks_approval",
        {
            "title": campaign.title,
            "number": campaign.id,
            "people": lists.people_on(run),
            "is_free": is_free,
        },
        options=_options(workshop, campaign) if is_free else (),
    )
    added = announce(
        session, workshop.texts, contact,
        f"campaign:{campaign.id}:ask:{campaign.revision}:{contact.id}", [reply],
        lane=Lane.REMINDER, now=now,
    )  # fmt: skip
    if added and is_free:
        save_context(session, contact.id or 0, [reply], now)
    return added


def _options(workshop: Workshop, campaign: Campaign) -> tuple[Option, ...]:
    keys = ("campaigns.look", "campaigns.approve", "campaigns.reject")
    verbs = ("show", "approve", "reject")
    return tuple(
        Option(
            workshop.texts.render(key),
            Command("campaign_do", f"{verb} {campaign.id} {campaign.revision}"),
        )
        for key, verb in zip(keys, verbs, strict=True)
    )
