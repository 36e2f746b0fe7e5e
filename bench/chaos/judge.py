"""The verdict: what the tables promise against what the fake Zalo delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import select

from bench.chaos.citizens import ABOUT_LAST, QUESTIONS, Act, Crowd
from bench.chaos.zalo import FakeZalo
from bench.stage import user_id
from bot.channel.inbound import EventKind, parse_event
from bot.channel.outbox import Reason
from bot.db import Database
from models import (
    Contact,
    EventStatus,
    Lane,
    MessageStatus,
    OutboxMessage,
    WebhookEvent,
)
from simulator.records import Message

LOOKED_UP = (Reason.CONFIRMED_BY_ECHO, Reason.CONFIRMED_BY_HISTORY)
ARRIVED = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN)
SILENT = "handover.silent"  # the person asked for an official: no answer is right
EXAMPLES = 5


@dataclass
class Verdict:
    """Numbers that must be 0, and those that tell what happened."""

    events: int
    lost_events: int = 0
    stored_twice: int = 0
    unfinished_events: list[str] = field(default_factory=list)
    unanswered_events: int = 0
    lost_messages: list[str] = field(default_factory=list)
    replies_twice: int = 0
    campaigns_twice: int = 0
    out_of_order: int = 0
    lost_thread: int = 0  # "1" answered about something else than the question before
    wrong_following: int = 0
    odd_statuses: dict[int, int] = field(default_factory=dict)  # a 5xx that is no 503
    messages: int = 0
    withheld: int = 0  # campaign rows that rightly did not leave
    given_up: int = 0  # campaign rows of unknown outcome, without any proof
    looked_up: int = 0  # outcomes that the echo or the history settled
    refusals: int = 0  # answers other than 200; the events came again
    kills: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    revived: int = 0  # processes that ended by themselves
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not self.complaints(proofs=True)

    def complaints(self, *, proofs: bool) -> dict[str, object]:
        """What was promised and not kept. Without echo and history replies may repeat."""
        promised = {
            name: getattr(self, name)
            for name in (
                "lost_events", "stored_twice", "unfinished_events", "unanswered_events",
                "lost_messages", "campaigns_twice", "out_of_order", "lost_thread",
                "wrong_following", "odd_statuses",
            )
        }  # fmt: skip
        if proofs:
            promised |= {
                "replies_twice": self.replies_twice,
                "given_up": self.given_up,
            }
        return {name: found for name, found in promised.items() if found}


def judge(database: Database, zalo: FakeZalo, crowd: Crowd) -> Verdict:
    with database.reading() as session:
        events = session.exec(select(WebhookEvent).order_by(_id(WebhookEvent))).all()
        rows = session.exec(select(OutboxMessage).order_by(_id(OutboxMessage))).all()
        people = {one.id: one for one in session.exec(select(Contact))}
    ledger = zalo.ledger
    theirs = [event for event in events if event.event_key in crowd.taken]
    verdict = Verdict(events=len(crowd.taken), messages=len(rows))
    _judge_events(verdict, events, theirs, rows, crowd.taken)
    _judge_messages(verdict, rows, people, ledger)
    verdict.out_of_order = _out_of_order(rows, ledger)
    verdict.lost_thread = _lost_threads(theirs, rows)
    verdict.wrong_following = sum(
        one.is_follower is not crowd.following[number][1]
        for number in crowd.following
        for one in people.values()
        if one.user_id == user_id(number)
    )
    verdict.odd_statuses = {
        status: count
        for status, count in crowd.refused.items()
        if status not in (0, 503)
    }
    verdict.refusals = sum(crowd.refused.values())
    return verdict


def _id(model: Any) -> Any:
    return model.id


def _judge_events(
    verdict: Verdict,
    events: Sequence[WebhookEvent],
    theirs: Sequence[WebhookEvent],
    rows: Sequence[OutboxMessage],
    taken: Mapping[str, Act],
) -> None:
    answered = {row.dedupe_key.rpartition(":")[0] for row in rows}
    verdict.lost_events = len(taken) - len({event.event_key for event in theirs})
    verdict.stored_twice = len(events) - len({event.event_key for event in events})
    verdict.unfinished_events = [
        f"{event.id} {event.event_name} {event.status} {event.reason}"
        for event in events
        if event.status not in (EventStatus.DONE, EventStatus.IGNORED)
    ][:EXAMPLES]
    verdict.unanswered_events = sum(
        taken[event.event_key].wants_answer
        and event.reason != SILENT
        and f"event:{event.id}" not in answered
        for event in theirs
    )


def _judge_messages(
    verdict: Verdict,
    rows: Sequence[OutboxMessage],
    people: Mapping[int | None, Contact],
    ledger: Sequence[Message],
) -> None:
    """By person and text: what has left, and what the tables say has left."""
    delivered = Counter((message.chat_id, message.text) for message in ledger)
    promised: dict[Lane, Counter[tuple[str, str]]] = {lane: Counter() for lane in Lane}
    for row in rows:
        if row.status in ARRIVED:
            text = row.content["text"]
            promised[row.lane][people[row.contact_id].user_id, text] += 1
    both = promised[Lane.REPLY] + promised[Lane.CAMPAIGN]
    lost = [f"{key[0]}: {count}" for key, count in (both - delivered).items()]
    stuck = [
        f"{row.dedupe_key} {row.status} {row.reason}"
        for row in rows
        if row.status not in ARRIVED and not _is_excused(row)
    ]
    verdict.lost_messages = (lost + stuck)[:EXAMPLES]
    surplus = delivered - both
    campaign_texts = {text for _, text in promised[Lane.CAMPAIGN]}
    of_campaigns = [n for (_, text), n in surplus.items() if text in campaign_texts]
    verdict.campaigns_twice = sum(of_campaigns) - _given_up_but_delivered(
        rows, people, surplus
    )
    verdict.replies_twice = sum(surplus.values()) - sum(of_campaigns)
    verdict.withheld = sum(_is_withheld(row) for row in rows)
    verdict.given_up = sum(_is_given_up(row) for row in rows)
    verdict.looked_up = sum(row.reason in LOOKED_UP for row in rows)


def _given_up_but_delivered(
    rows: Iterable[OutboxMessage],
    people: Mapping[int | None, Contact],
    surplus: Counter[tuple[str, str]],
) -> int:
    """A campaign row of unknown outcome may have arrived, once: that is its rule."""
    given_up = Counter(
        (people[row.contact_id].user_id, row.content["text"])
        for row in rows
        if _is_given_up(row)
    )
    return sum((surplus & given_up).values())


def _is_excused(row: OutboxMessage) -> bool:
    return _is_withheld(row) or _is_given_up(row)


def _is_withheld(row: OutboxMessage) -> bool:
    """The person did not follow just then."""
    is_campaign = row.lane == Lane.CAMPAIGN
    return is_campaign and row.status == MessageStatus.UNREACHABLE


def _is_given_up(row: OutboxMessage) -> bool:
    is_dead = row.status == MessageStatus.DEAD
    return (
        is_dead and row.lane == Lane.CAMPAIGN and row.reason == Reason.OUTCOME_UNKNOWN
    )


def _out_of_order(rows: Sequence[OutboxMessage], ledger: Sequence[Message]) -> int:
    """Answers that reached a person after the answers to a later event of his."""
    place = {row.zalo_message_id: _place(row) for row in rows if row.lane == Lane.REPLY}
    newest: dict[str, tuple[int, int]] = {}
    count = 0
    for message in ledger:
        found = place.get(message.message_id)
        if found is None:
            continue
        count += found < newest.get(message.chat_id, (0, 0))
        newest[message.chat_id] = max(found, newest.get(message.chat_id, (0, 0)))
    return count


def _place(row: OutboxMessage) -> tuple[int, int]:
    """``event:812:1`` is the second part of the answer to event 812."""
    _, event, part = row.dedupe_key.split(":")
    return int(event), int(part)


def _lost_threads(events: Sequence[WebhookEvent], rows: Sequence[OutboxMessage]) -> int:
    """Follow-ups right after a question whose answer is about another record."""
    about = {
        row.dedupe_key.rpartition(":")[0]: row.content["about"]
        for row in rows
        if row.content.get("about")
    }
    count = 0
    before: dict[int | None, str | None] = {}
    for event in events:
        parsed = parse_event(event.payload)
        if parsed.kind is not EventKind.MESSAGE:
            before.pop(event.contact_id, None)
            continue
        subject = before.get(event.contact_id)
        answer = about.get(f"event:{event.id}")
        if parsed.text in ABOUT_LAST and subject is not None:
            count += answer != subject
        is_question = parsed.text in QUESTIONS
        before[event.contact_id] = answer if is_question else None
    return count
