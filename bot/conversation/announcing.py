"""Writing to somebody: replies become rows of the outbox, whoever has something to say.

Handlers answer through ``events``; jobs and checks that speak first come here directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.channel import outbox
from bot.channel.outgoing import Outgoing
from bot.conversation.rendering import render_reply
from bot.conversation.texts import Texts
from bot.conversation.turn import Reply
from models import Account, Contact, Lane, MessageKind


def announce(
    session: Session,
    texts: Texts,
    contact: Contact,
    key: str,
    replies: Sequence[Reply],
    *,
    lane: Lane,
    now: datetime,
    due_at: datetime | None = None,
    useful_until: datetime | None = None,
    kind: MessageKind | None = None,
    topic: str = "",
) -> int:
    """Queue replies to one person; rows added, 0 if ``key`` was said before.

    A numbered option of an announcement means nothing until it is saved as the person's
    context (``state.save_context``): whoever offers options here does that too.
    """
    account = session.get_one(Account, contact.oa_id)
    return outbox.enqueue(
        session,
        contact=contact,
        key=key,
        messages=[render_reply(texts, reply, account) for reply in replies],
        lane=lane,
        now=now,
        due_at=due_at,
        useful_until=useful_until,
        kind=kind,
        topic=topic,
    )


def speak(
    session: Session,
    contact: Contact,
    text: str,
    *,
    key: str,
    now: datetime,
    useful_for: timedelta,
) -> bool:
    """An official's own words to one person; False if ``key`` was said before."""
    added = outbox.enqueue(
        session,
        contact=contact,
        key=key,
        messages=[Outgoing(text)],
        lane=Lane.REPLY,
        kind=MessageKind.HANDOVER,
        now=now,
        useful_until=now + useful_for,
    )
    return bool(added)
