"""What the last answer left behind, kept in one row per person. Survives a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.conversation.turn import Command, Context, Option, Progress, Reply
from models import Conversation

# A number typed the next morning should not open a menu nobody remembers.
FORGET_AFTER = timedelta(hours=6)


def load_context(session: Session, contact_id: int, now: datetime) -> Context:
    """The living context of this person, or an empty one."""
    row = session.get(Conversation, contact_id)
    if row is None:
        return Context()
    progress = _progress(row, now)
    if row.expires_at <= now:
        return Context(progress=progress)
    return Context(
        offers=tuple(_options(row.offers)),
        focus=Command.parse(row.focus) if row.focus else None,
        more=Command.parse(row.more) if row.more else None,
        progress=progress,
    )


def save_context(
    session: Session, contact_id: int, replies: Sequence[Reply], now: datetime
) -> None:
    """Remember what the last answering reply offers; remarks leave all as it is."""
    answers = [one for one in replies if not one.remark and one.to is None]
    if not answers:
        return
    last = answers[-1]
    row = _row(session, contact_id, now)
    row.offers = [option.to_json() for option in last.options]
    row.focus = str(last.focus) if last.focus else None
    row.more = str(last.more) if last.more else None
    row.expires_at = now + FORGET_AFTER
    session.add(row)


def save_progress(
    session: Session, contact_id: int, progress: Progress | None, until: datetime
) -> None:
    """Remember how far this person has come in a dialog; None: he is in none."""
    row = _row(session, contact_id, until)
    row.dialog = progress.dialog if progress else None
    row.step = progress.step if progress else None
    row.draft = dict(progress.draft) if progress else {}
    row.dialog_expires_at = until if progress else None
    session.add(row)


def _row(session: Session, contact_id: int, expires_at: datetime) -> Conversation:
    found = session.get(Conversation, contact_id)
    return found or Conversation(contact_id=contact_id, expires_at=expires_at)


def _progress(row: Conversation, now: datetime) -> Progress | None:
    ends_at = row.dialog_expires_at
    if row.dialog is None or ends_at is None or ends_at <= now:
        return None
    return Progress(row.dialog, row.step or "", row.draft)


def _options(stored: list[dict[str, str]]) -> list[Option]:
    options = []
    for entry in stored:
        command = Command.parse(entry.get("command", ""))
        if command is not None:
            options.append(Option(entry.get("label", ""), command))
    return options
