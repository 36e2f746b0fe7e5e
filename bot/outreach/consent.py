"""Who wants to be sent news, by topic. The log of choices is append-only and is the truth.

Nothing is sent to who never said yes (Luật 91/2025/QH15, Điều 9: silence is no consent).
The newest word counts: a "yes" to a topic, or to all news, holds until a later "no" to that
topic or to all. A "no" calls back at once what is queued.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, bindparam
from sqlmodel import Session, col, func, select

from bot.channel import outbox
from bot.people.privacy import CAMPAIGNS, record_consent
from models import ConsentRecord, Contact, MessageKind

GRANTED, WITHDRAWN = "granted", "withdrawn"
# What needs a yes; an article of the account is sent by Zalo to those who follow it.
NEEDS_CONSENT = frozenset({MessageKind.CAMPAIGN})


def purpose_of(topic: str) -> str:
    """As the log names it; "" is all news."""
    return f"{CAMPAIGNS}:{topic}" if topic else CAMPAIGNS


def opt_in(
    session: Session, contact: Contact, topic: str, version: str, now: datetime
) -> None:
    """He wants news of this topic ("" all); ``version`` is of the words he was asked with."""
    record_consent(session, contact, purpose_of(topic), GRANTED, version, now)


def opt_out(
    session: Session, contact: Contact, topic: str, version: str, now: datetime
) -> int:
    """No more of this topic ("" of any), nor what is queued; messages called back."""
    record_consent(session, contact, purpose_of(topic), WITHDRAWN, version, now)
    return outbox.cancel_open(session, contact, sorted(NEEDS_CONSENT), topic)


def wants(session: Session, contact_id: int, topic: str = "") -> bool:
    """Whether he said yes to this topic, or to all news, and not no since."""
    asked = {"contact": contact_id, "topic": purpose_of(topic)}
    return session.execute(_newest_word(), asked).scalar() == GRANTED


@cache
def _newest_word() -> Executable:
    """Asked before each message leaves: built once, that takes longer than running it."""
    return (
        select(ConsentRecord.choice)
        .where(
            col(ConsentRecord.contact_id) == bindparam("contact"),
            col(ConsentRecord.purpose).in_([CAMPAIGNS, bindparam("topic")]),
        )
        .order_by(col(ConsentRecord.id).desc())
        .limit(1)
    )


def who_wants(
    session: Session, contact_ids: Collection[int], topic: str = ""
) -> set[int]:
    """Those among them who want news of this topic; one question to the database."""
    newest = (
        select(func.max(col(ConsentRecord.id)))
        .where(
            col(ConsentRecord.contact_id).in_(contact_ids),
            col(ConsentRecord.purpose).in_({CAMPAIGNS, purpose_of(topic)}),
        )
        .group_by(col(ConsentRecord.contact_id))
    )
    found = session.exec(
        select(ConsentRecord.contact_id).where(
            col(ConsentRecord.id).in_(newest), ConsentRecord.choice == GRANTED
        )
    )
    return set(found.all())


def topics_wanted(session: Session, contact_id: int) -> list[str]:
    """The topics he gets news of, by name; "" stands for all news."""
    rows = session.exec(
        select(ConsentRecord.purpose, ConsentRecord.choice)
        .where(
            ConsentRecord.contact_id == contact_id,
            col(ConsentRecord.purpose).startswith(CAMPAIGNS),
        )
        .order_by(col(ConsentRecord.id))
    )
    wanted: dict[str, bool] = {}
    for purpose, choice in rows:
        topic = purpose.removeprefix(CAMPAIGNS).removeprefix(":")
        if not topic:
            wanted.clear()  # a word about all news overrides what was said before
        wanted[topic] = choice == GRANTED
    return sorted(topic for topic, is_wanted in wanted.items() if is_wanted)
