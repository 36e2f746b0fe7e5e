"""Whether a campaign was paused or cancelled, asked right before a message of it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Executable, bindparam, select
from sqlmodel import Session, col

from bot.channel.reasons import Reason
from bot.channel.window import Objection
from models import Campaign, CampaignState, MessageStatus

# Where a paused message waits: no clock comes that far.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def objection(session: Session, campaign_id: int) -> Objection | None:
    """What the sender is told about a message of this campaign: a retry, or what somebody
    set free by writing, must not leave either."""
    state = session.execute(_state(), {"campaign": campaign_id}).scalar()
    if state == CampaignState.PAUSED:
        return Objection(MessageStatus.WAITING, Reason.CAMPAIGN_PAUSED, NEVER)
    if state == CampaignState.CANCELLED:
        return Objection(MessageStatus.CANCELLED, Reason.CAMPAIGN_CANCELLED)
    return None


@cache
def _state() -> Executable:
    """Built once: building it takes longer than running it."""
    return select(col(Campaign.state)).where(col(Campaign.id) == bindparam("campaign"))
