"""What people may decide about their data and about being sent things."""

from __future__ import annotations

from bot.channel import outbox
from bot.channel.event_kinds import EventKind
from bot.conversation.turn import Reply, Turn
from bot.people import privacy
from models import Lane, PrivacyChoice


def explain(turn: Turn) -> list[Reply]:
    options = (
        turn.option("privacy.agree", "agree"),
        turn.option("privacy.refuse", "refuse"),
        turn.option("privacy.erase", "erase"),
    )
    return [Reply("privacy.explain", options=options)]


def agree(turn: Turn) -> list[Reply]:
    return _choose(turn, PrivacyChoice.ACCEPTED, "privacy.agreed")


def refuse(turn: Turn) -> list[Reply]:
    return _choose(turn, PrivacyChoice.REFUSED, "privacy.refused")


def stop_news(turn: Turn) -> list[Reply]:
    """HUY, DỪNG in any spelling: no more news from now on, also what is queued."""
    privacy.record_consent(
        turn.session,
        turn.contact,
        privacy.CAMPAIGNS,
        "withdrawn",
        turn.label("welcome.notice_version"),
        turn.now,
    )
    outbox.cancel_open(turn.session, turn.contact, Lane.CAMPAIGN)
    return [Reply("privacy.stopped", remark=True)]


def erase(turn: Turn) -> list[Reply]:
    """Asked by the person himself, in the chat or through Zalo's own button."""
    privacy.erase(turn.session, turn.contact)
    if turn.event.kind == EventKind.WITHDRAW:
        return []
    return [Reply("privacy.erased", remark=True)]


def _choose(turn: Turn, choice: PrivacyChoice, key: str) -> list[Reply]:
    version = turn.label("welcome.notice_version")
    privacy.record_choice(turn.session, turn.contact, choice, version, turn.now)
    return [Reply(key, remark=True)]
