"""What campaigns need to know of this installation, and nothing of a single campaign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot import calendar
from bot.outreach.hours import Kind, next_opening
from models import Campaign, CampaignKind


@dataclass(frozen=True, slots=True)
class Terms:
    """``footer`` is how people are told to opt out; ``message_vnd`` what a message costs
    in the paid window."""

    zone: ZoneInfo
    message_vnd: int
    footer: str = ""

    def opening(self, campaign: Campaign, at: datetime) -> datetime:
        """The first instant from ``at`` on at which this campaign may go out."""
        return next_opening(kind_of(campaign), at, calendar.in_force(), self.zone)

    def planned_for(self, campaign: Campaign, now: datetime) -> datetime:
        """When it would begin, as things are now."""
        return self.opening(campaign, max(now, campaign.starts_at or now))


_in_force: list[Terms] = []


def use(terms: Terms) -> None:
    """From now on these are the terms of this process."""
    _in_force[:] = [terms]


def in_force() -> Terms:
    """What ``building`` put in force at the start, like ``bot/calendar``."""
    return _in_force[0]


def kind_of(campaign: Campaign) -> Kind:
    if campaign.is_emergency:
        return Kind.EMERGENCY
    is_broadcast = campaign.kind == CampaignKind.BROADCAST
    return Kind.ARTICLE_BROADCAST if is_broadcast else Kind.CAMPAIGN


def topic_of(campaign: Campaign) -> str:
    """What its messages are filed under: the news people chose, or the emergency that
    somebody released."""
    return f"campaign-{campaign.id}" if campaign.is_emergency else campaign.topic
