"""What the last answer left behind, kept in one row per person. Survives a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.conversation.turn import Command, Context, Option, Reply
from models import Conversation

# A number typed the next morning should not open a menu nobody remembers.
FORGET_AFTER = timedelta(hours=6)


def load_context(session: Session, contact_id: int, now: datetime) -> Context:
    """The living context of this person, or an empty one."""
    row = session.get(Conversation, contact_id)
    if row is None or row.expires_at <= now:
        return Context()
    return Context(
        offers=tuple(_options(row.offers)),
        focus=Command.parse(row.focus) if row.focus else None,
        more=Command.parse(row.more) if row.more else None,
    )


def save_context(
    session: Session, contact_id: int, replies: Sequence[Reply], now: datetime
) -> None:
    """Remember what the last answering reply offers; remarks leave all as it is."""
    answers = [reply for reply in replies if not reply.remark]
    if not answers:
        return
    last = answers[-1]
    row = session.get(Conversation, contact_id)
    if row is None:
        row = Conversation(contact_id=contact_id, expires_at=now)
    row.offers = [option.to_json() for option in last.options]
    row.focus = str(last.focus) if last.focus else None
    row.more = str(last.more) if last.more else None
    row.expires_at = now + FORGET_AFTER
    session.add(row)


def _options(stored: list[dict[str, str]]) -> list[Option]:
    options = []
    for entry in stored:
        command = Command.parse(entry.get("command", ""))
        if command is not None:
            options.append(Option(entry.get("label", ""), command))
    return options
