"""Pictures, voice, stickers, files, places, cards: answered sensibly, kept sparingly."""

from __future__ import annotations

from bot.conversation.turn import Reply, Turn
from handlers import menu, units

_KNOWN = ("image", "audio", "video", "sticker", "file", "link", "gif", "business_card")


def place(turn: Turn) -> list[Reply]:
    """A location: the bot does not look it up; the commune is asked instead."""
    return menu.with_notice(
        turn, [Reply("media.location", remark=True), units.choose(turn)]
    )


def something(turn: Turn) -> list[Reply]:
    """What the bot can do with it, in one sentence, and the way on."""
    kind = next(
        (one.kind for one in turn.event.attachments if one.kind in _KNOWN), None
    )
    reply = Reply(f"media.{kind or 'other'}", options=menu.options(turn))
    if kind in ("sticker", "gif"):
        reply = Reply(f"media.{kind}", remark=True)
    return menu.with_notice(turn, [reply])


def submitted_info(turn: Turn) -> list[Reply]:
    """A contact form we never asked for: thanked, not stored."""
    return [Reply("media.submitted_info", remark=True)]
