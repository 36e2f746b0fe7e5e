"""Events, messages, calls and people: from their rows, by bounded queries.

What is open is counted by partial indexes that hold only what is open. Of the last hour at
most ``NEWEST`` rows are looked at, found by an index on time; so a scrape costs the same
however much is stored. Conditions stand in the very words of the partial indexes, without
which SQLite would read the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Select, func, select, text
from sqlmodel import Session, SQLModel, col

from bot.channel import outbox
from bot.channel.intake import NO_BODY
from bot.channel.outbox import STARTED, Reason
from bot.db import table_of
from bot.health import oldest_waiting
from bot.watching.metrics.families import age, gauge, gauges, quantiles
from models import (
    EventStatus,
    Lane,
    MessageStatus,
    OutboxMessage,
    SendAttempt,
    UnansweredQuestion,
    WebhookEvent,
)

LAST_HOUR = timedelta(hours=1)
NEWEST = 20_000  # five a second, an hour long
MEASURED = 1_000  # enough for a 95th percentile
_OF_THE_NEWEST = f"(of the newest {NEWEST} rows)"
_RECONCILED = (Reason.CONFIRMED_BY_ECHO, Reason.CONFIRMED_BY_HISTORY)


def events(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    waiting = _count(session, WebhookEvent, "status = 'waiting'")
    yield gauge("events_waiting", "Events that wait to be handled.", waiting)
    yield gauge(
        "event_oldest_waiting_seconds",
        "How long the oldest of them has waited; 0 when none waits.",
        age(now, oldest_waiting(session)) or 0.0,
    )
    newest = _newest(WebhookEvent, "received_at", now).subquery()
    from_history = func.count().filter(newest.c.body_sha256 == NO_BODY)
    found = session.execute(
        select(newest.c.status, func.count(), from_history).group_by(newest.c.status)
    ).all()
    none = {(str(status),): 0 for status in EventStatus}
    yield gauges(
        "events_last_hour", f"Events received in the last hour {_OF_THE_NEWEST}.",
        ("status",), none | {(status,): count for status, count, _ in found},
    )  # fmt: skip
    yield gauge(
        "events_from_history_last_hour",
        "Those the webhook did not bring: found in Zalo's history.",
        sum(lost for _, _, lost in found),
    )
    yield quantiles(
        "event_handling_seconds",
        f"From arrival to the committed answer, last hour (newest {MEASURED} events).",
        _handling_seconds(session, now),
    )


def messages(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    unsent = outbox.unsent(session)
    yield gauges(
        "outbox_unsent", "Messages that have not left.", ("lane", "status"),
        {(lane, status): count for lane, status, count, _ in unsent},
    )  # fmt: skip
    late: dict[tuple[str, ...], float] = {(str(lane),): 0.0 for lane in Lane}
    for lane, status, _, due_at in unsent:
        if status == MessageStatus.WAITING:
            late[(lane,)] = max(0.0, age(now, due_at) or 0.0)
    yield gauges(
        "outbox_oldest_due_seconds",
        "How long the message that is due for longest has been due.",
        ("lane",), late,
    )  # fmt: skip
    dead = sum(count for _, status, count, _ in unsent if status == MessageStatus.DEAD)
    dead_events = _count(session, WebhookEvent, "status = 'dead'")
    yield gauges(
        "dead_letters", "What gave up and waits for an operator: dead list.", ("kind",),
        {("event",): dead_events, ("message",): dead},
    )  # fmt: skip
    yield from _of_the_last_hour(session, now)


def calls(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    newest = _newest(SendAttempt, "started_at", now).subquery()
    code, outcome = newest.c.zalo_code, newest.c.outcome
    found = session.execute(select(code, outcome, func.count()).group_by(code, outcome))
    yield gauges(
        "zalo_answers_last_hour",
        f"Calls for messages by Zalo's code (none: no answer), last hour {_OF_THE_NEWEST}.",
        ("code", "outcome"),
        {
            ("none" if number is None else str(number), kind): count
            for number, kind, count in found
        },
    )  # fmt: skip
    took = session.scalars(
        _newest(SendAttempt, "started_at", now, MEASURED)
        .with_only_columns(col(SendAttempt.duration_ms))
        .where(col(SendAttempt.outcome) != STARTED)  # still under way
    )
    yield quantiles(
        "send_seconds",
        f"How long calls for messages took, last hour (newest {MEASURED}).",
        (milliseconds / 1000 for milliseconds in took),
    )


def questions(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield gauge(
        "questions_unanswered",
        "Questions that wait for the weekly review.",
        _count(session, UnansweredQuestion, "resolved_at IS NULL"),
    )


def _of_the_last_hour(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    newest = _newest(OutboxMessage, "created_at", now).subquery()
    keys = newest.c.lane, newest.c.status, newest.c.reason
    found = session.execute(select(*keys, func.count()).group_by(*keys)).all()
    by_status: Counter[tuple[str, ...]] = Counter()
    by_reason: Counter[tuple[str, ...]] = Counter({(r,): 0 for r in _RECONCILED})
    for lane, status, reason, count in found:
        by_status[(lane, status)] += count
        if reason in _RECONCILED:
            by_reason[(reason,)] += count
    yield gauges(
        "outbox_last_hour",
        f"Messages written in the last hour, by what became of them {_OF_THE_NEWEST}.",
        ("lane", "status"), by_status,
    )  # fmt: skip
    yield gauges(
        "reconciled_last_hour",
        "Of those, whose call got no answer and that were found at Zalo.",
        ("by",), by_reason,
    )  # fmt: skip


def _handling_seconds(session: Session, now: datetime) -> Iterator[float]:
    rows = session.execute(
        _newest(WebhookEvent, "received_at", now, MEASURED).with_only_columns(
            col(WebhookEvent.received_at), col(WebhookEvent.processed_at)
        )
    )
    for received_at, processed_at in rows:
        if processed_at is not None and processed_at >= received_at:
            yield (processed_at - received_at).total_seconds()


def _newest(
    table: type[SQLModel], by: str, now: datetime, most: int = NEWEST
) -> Select[Any]:
    """The rows of the last hour, newest first, by the index on that time."""
    moment = getattr(table, by)
    return (
        select(*_columns(table))
        .where(moment > now - LAST_HOUR)
        .order_by(moment.desc())
        .limit(most)
    )


def _columns(table: type[SQLModel]) -> list[Any]:
    """All but the words."""
    names = table_of(table).c.keys()
    return [
        getattr(table, name) for name in names if name not in ("payload", "content")
    ]


def _count(session: Session, table: type[SQLModel], condition: str) -> int:
    found = select(func.count()).select_from(table).where(text(condition))
    return session.scalar(found) or 0
