"""What is said about a campaign: to whom, when, how many, how far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.channel import outbox
from bot.conversation.turn import Turn
from bot.outreach.campaigns import lists, pictures, results, running, terms
from bot.outreach.campaigns.audience import Audience, People, audience_from
from bot.people import officials, units
from models import (
    Campaign,
    CampaignKind,
    CampaignState,
    Lane,
    Official,
    Role,
)

# A preview that leaves days later is of no use to anybody.
PREVIEW_USEFUL_FOR = timedelta(hours=1)
SHORT_DIGEST = 10


def composes(turn: Turn, official: Official) -> bool:
    """Whether he may write campaigns at all."""
    role = Role.ADMINISTRATOR
    return officials.may(turn.session, official, role, None, turn.today)


def follows(turn: Turn, official: Official) -> bool:
    """Whether he may see and decide about campaigns anywhere."""
    role = Role.SUPERVISOR
    return officials.may(turn.session, official, role, None, turn.today)


def show_as_on_the_phone(turn: Turn, campaign: Campaign) -> None:
    """Send him the very message, before whatever else is answered."""
    if campaign.kind == CampaignKind.BROADCAST:
        return
    footer = "" if campaign.is_emergency else terms.in_force().footer
    message = running.message_of(campaign, footer)
    if not message.text and message.asset is None:
        return
    outbox.enqueue(
        turn.session,
        contact=turn.contact,
        key=f"preview:{campaign.id}:{turn.event.event_key}",
        messages=[message],
        lane=Lane.REPLY,
        now=turn.now,
        useful_until=turn.now + PREVIEW_USEFUL_FOR,
    )


def facts(turn: Turn, campaign: Campaign) -> dict[str, Any]:
    """The parameters of ``campaigns.detail`` and ``campaigns.summary``."""
    session = turn.session
    run = lists.current(session, campaign)
    shown = lists.dry_run_of(campaign, run) if run else None
    progress = results.progress(session, campaign)
    begun = progress is not None and progress.started_at is not None
    return {
        "number": campaign.id,
        "title": campaign.title,
        "state": turn.label(f"campaign_state.{campaign.state}"),
        "is_broadcast": campaign.kind == CampaignKind.BROADCAST,
        "is_emergency": campaign.is_emergency,
        "audience": audience_words(turn, audience_from(campaign.audience)),
        "topic": campaign.topic,
        "starts": _local(turn, campaign),
        "repeats": turn.label(f"campaign_repeat.{campaign.repeat}"),
        "has_picture": bool(campaign.asset),
        "picture_lost": pictures.is_lost(campaign),
        "is_listed": shown is not None and shown.is_complete,
        "people": shown.people if shown else 0,
        "counts": _sentences(turn, shown.counts if shown else {}),
        "price_vnd": shown.price_vnd if shown else 0,
        "waits_until": (
            shown.planned_at.astimezone(turn.zone)
            if shown and shown.waits_for_hours
            else None
        ),
        "digest": shown.list_sha256[:SHORT_DIGEST] if shown else "",
        "progress": progress if begun else None,
        "failed": _reasons(turn, progress.failed if progress else {}),
        "broadcasts": [one["state"] for one in progress.broadcasts] if progress else [],
    }


def audience_words(turn: Turn, audience: Audience) -> str:
    """ "bà con, xã Cần Đước, nhắn trong 48 giờ qua"."""
    words = [turn.label(f"campaign_people.{audience.people}")]
    words += [units.name_of(turn.session, code) for code in audience.communes]
    words += [turn.label(f"campaign_window.{one}") for one in audience.windows]
    words += [f"#{tag}" for tag in audience.tags]
    words += list(audience.languages)
    if audience.accounts:
        words.append(
            turn.label("campaigns.some_accounts", count=len(audience.accounts))
        )
    return ", ".join(words)


def head(turn: Turn, campaign: Campaign) -> str:
    """One line of the list of campaigns."""
    found = results.progress(turn.session, campaign)
    runs = campaign.state in (CampaignState.RUNNING, CampaignState.PAUSED)
    return turn.label(
        "campaigns.line",
        number=campaign.id,
        title=campaign.title,
        state=turn.label(f"campaign_state.{campaign.state}"),
        sent=found.sent if found and runs else None,
        people=found.people if found else 0,
    )


def people_in(turn: Turn, audience: Audience) -> int:
    return lists.audience_count(
        turn.session, audience.to_json(), turn.now, terms.in_force()
    )


def everybody_of(turn: Turn, official: Official) -> Audience:
    """The citizens of all units he is administrator of."""
    own = [
        one.unit_code
        for one in officials.memberships(turn.session, official.id or 0, turn.today)
        if one.role == Role.ADMINISTRATOR
    ]
    return Audience(communes=tuple(own), people=People.CITIZENS)


def _sentences(turn: Turn, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many of which verdict, the biggest first."""
    return [
        {"count": count, "what": turn.label(f"campaign_verdict.{code}")}
        for code, count in _by_size(counts)
    ]


def _reasons(turn: Turn, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Why messages did not arrive; one without a reason tells its status."""
    known = {str(reason) for reason in outbox.Reason}
    return [
        {
            "count": count,
            "what": turn.label(f"reason.{c}" if c in known else f"status.{c}"),
        }
        for c, count in _by_size(counts)
    ]


def _by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    found = [(code, count) for code, count in counts.items() if count]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _local(turn: Turn, campaign: Campaign) -> Any:
    return campaign.starts_at.astimezone(turn.zone) if campaign.starts_at else None
