"""What people may decide about their data and about being sent things."""

from __future__ import annotations

from bot.channel.event_kinds import EventKind
from bot.conversation.turn import Reply, Turn
from bot.feedback import forgetting
from bot.outreach import consent, own_reminders
from bot.people import officials, privacy
from bot.surveys import answering
from models import PrivacyChoice


def explain(turn: Turn) -> list[Reply]:
    options = (
        turn.option("privacy.agree", "agree"),
        turn.option("privacy.refuse", "refuse"),
        turn.option("privacy.erase", "erase"),
    )
    official = officials.official_of(turn.session, turn.contact)
    params = {"is_official": official is not None}
    return [Reply("privacy.explain", params, options)]


def agree(turn: Turn) -> list[Reply]:
    return _choose(turn, PrivacyChoice.ACCEPTED, "privacy.agreed")


def refuse(turn: Turn) -> list[Reply]:
    return _choose(turn, PrivacyChoice.REFUSED, "privacy.refused")


def stop_news(turn: Turn) -> list[Reply]:
    """HUY, DỪNG in any spelling: no more news from now on, also what is queued."""
    version = turn.label("welcome.notice_version")
    consent.opt_out(turn.session, turn.contact, "", version, turn.now)
    return [Reply("privacy.stopped", remark=True)]


def erase(turn: Turn) -> list[Reply]:
    """Asked by the person himself, in the chat or through Zalo's own button."""
    privacy.erase(turn.session, turn.contact)
    own_reminders.cancel_all(turn.session, turn.contact, turn.now)
    forgetting.withdraw_all(turn.session, [turn.contact.id or 0], turn.now)
    answering.drop_all(turn.session, [turn.contact.id or 0])
    if turn.event.kind == EventKind.WITHDRAW:
        return []
    return [Reply("privacy.erased", remark=True)]


def _choose(turn: Turn, choice: PrivacyChoice, key: str) -> list[Reply]:
    version = turn.label("welcome.notice_version")
    privacy.record_choice(turn.session, turn.contact, choice, version, turn.now)
    return [Reply(key, remark=True)]
