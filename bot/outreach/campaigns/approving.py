"""A second person decides about a campaign: never its owner.

Who may decide is a supervisor or administrator of every unit that it is meant for. What is
approved is one revision with the list that was made for it; any change asks again. An
emergency notice needs no second person: its owner releases it, and the audit log says so.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.outreach import choke
from bot.outreach.campaigns import lists, pictures
from bot.outreach.campaigns.audience import audience_from
from bot.outreach.campaigns.editing import CampaignError, back_to_draft, record
from bot.outreach.campaigns.terms import Terms, topic_of
from bot.people import officials
from models import (
    Account,
    Campaign,
    CampaignRun,
    CampaignState,
    Official,
    Role,
)

_OPEN = (CampaignState.DRAFT, CampaignState.WAITING_APPROVAL)
CHANGE = "change"
# What may be done in each state, in the order in which it is offered.
_VERBS: Mapping[CampaignState, tuple[str, ...]] = {
    CampaignState.DRAFT: ("ask", CHANGE, "cancel"),
    CampaignState.WAITING_APPROVAL: ("approve", "reject", "cancel"),
    CampaignState.APPROVED: ("start", "cancel"),
    CampaignState.RUNNING: ("pause", "cancel"),
    CampaignState.PAUSED: ("resume", "cancel"),
    CampaignState.DONE: (),
    CampaignState.CANCELLED: (),
}
_OF_ANOTHER = ("approve", "reject")


def needs_another(campaign: Campaign, official: Official) -> bool:
    """It is his own, so somebody else decides; an emergency he releases himself."""
    return campaign.owner_id == official.id and not campaign.is_emergency


def verbs_for(campaign: Campaign, official: Official) -> list[str]:
    """What its state lets him do, if his role does (``may_decide``)."""
    is_own = needs_another(campaign, official)
    return [
        verb
        for verb in _VERBS[CampaignState(campaign.state)]
        if not (is_own and verb in _OF_ANOTHER)
    ]


def may_decide(
    session: Session, official: Official, campaign: Campaign, today: date
) -> bool:
    """Whether he may write, approve, stop this campaign, by his role in all its units."""
    return all(
        officials.may(session, official, Role.SUPERVISOR, code, today)
        for code in units_of(session, campaign)
    )


def units_of(session: Session, campaign: Campaign) -> list[str | None]:
    """The communes of its audience, else those its accounts speak for; None: any."""
    audience = audience_from(campaign.audience)
    if audience.communes:
        return list(audience.communes)
    accounts = select(Account.unit_code)
    if audience.accounts:
        accounts = accounts.where(col(Account.oa_id).in_(audience.accounts))
    return [*sorted({code for code in session.exec(accounts) if code})] or [None]


def approvers(session: Session, campaign: Campaign, today: date) -> list[Official]:
    """Everybody who may approve it."""
    wanted = (Role.SUPERVISOR, Role.ADMINISTRATOR)
    return [
        one
        for one in officials.serving_as(session, wanted, today)
        if one.id != campaign.owner_id and may_decide(session, one, campaign, today)
    ]


def ask(
    session: Session, campaign: Campaign, terms: Terms, by: str, now: datetime
) -> CampaignRun:
    """Ask for approval; its list is made now, unless it has just been."""
    if campaign.state not in _OPEN:
        raise CampaignError(
            "not_open", f"campaign {campaign.id} is {campaign.state}, not a draft"
        )
    run = lists.current(session, campaign)
    if run is None or run.started_at is not None:
        run = lists.begin(session, campaign, terms, now)
    if campaign.state == CampaignState.DRAFT:
        campaign.state = CampaignState.WAITING_APPROVAL
        record(session, campaign, by, "asked", now, revision=campaign.revision)
    session.add(campaign)
    return run


def approve(
    session: Session, campaign: Campaign, official: Official, now: datetime, today: date
) -> None:
    """It may go out at its time. ``CampaignError`` if he may not, or there is no list."""
    _require_open(session, campaign, official, today)
    if needs_another(campaign, official):
        raise CampaignError("own_campaign", "its owner cannot approve it himself")
    if pictures.is_pending(campaign) or pictures.is_lost(campaign):
        raise CampaignError("no_picture", "its picture is not here")
    run = lists.current(session, campaign)
    if run is None or run.listed_at is None:
        raise CampaignError("no_list", "its list is not complete yet: dry-run first")
    campaign.state = CampaignState.APPROVED
    campaign.approved_by_id = official.id
    campaign.approved_at = now
    session.add(campaign)
    if campaign.is_emergency:
        choke.release_emergency(session, official, topic_of(campaign), now)
    record(
        session, campaign, official.pseudonym, "approved", now,
        revision=campaign.revision, list=run.list_sha256,
    )  # fmt: skip


def reject(
    session: Session, campaign: Campaign, official: Official, now: datetime, today: date
) -> None:
    """A draft again; the owner may change it and ask anew."""
    _require_open(session, campaign, official, today)
    back_to_draft(campaign)
    session.add(campaign)
    record(
        session, campaign, official.pseudonym, "rejected", now,
        revision=campaign.revision,
    )  # fmt: skip


def _require_open(
    session: Session, campaign: Campaign, official: Official, today: date
) -> None:
    if campaign.state not in _OPEN:
        raise CampaignError(
            "not_open", f"campaign {campaign.id} is {campaign.state} already"
        )
    if not may_decide(session, official, campaign, today):
        raise CampaignError(
            "not_allowed",
            f"{official.pseudonym} is no supervisor or administrator of all its units",
        )
