"""The choke point: 20,000 random cases against the rules, and stories through the sender."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, delete, select

from bot.calendar import Calendar
from bot.channel import outbox
from bot.channel.claiming import Queue, claim
from bot.channel.outbox import Outgoing
from bot.channel.reasons import Reason
from bot.channel.window import Objection
from bot.db import Database
from bot.outreach import choke, consent
from bot.outreach.choke import Choke, Decision, release_emergency, spread
from bot.outreach.hours import Kind
from models import Contact, Lane, MessageStatus, OutboxMessage
from tests.duties.office import ZONE, add_official, at
from tests.outreach import oracle
from tests.outreach.oracle import Person

OA = "1"
CHOKE = Choke(Calendar(), ZONE)
CASES, PEOPLE = 20_000, 40
TOPICS = ("", "vneid", "1022")


class Office:
    """People and what they were sent, in the database and in the oracle's own memory."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        self.session, self.rng = session, rng
        self.people = [Person() for _ in range(PEOPLE)]
        self.contacts = [_contact(session, f"p{n}") for n in range(PEOPLE)]
        self.released: set[str] = set()
        self.number = 0

    def says(self, who: int) -> None:
        topic, yes = self.rng.choice(TOPICS), self.rng.random() < 0.6
        act = consent.opt_in if yes else consent.opt_out
        act(self.session, self.contacts[who], topic, "v1", oracle.FIRST)
        self.people[who].said.append((topic, yes))

    def was_sent(self, who: int, kind: Kind, when: datetime) -> None:
        self.number += 1
        self.session.add(
            OutboxMessage(
                dedupe_key=f"sent:{self.number}:0", oa_id=OA, kind=kind,
                contact_id=self.contacts[who].id or 0, status=MessageStatus.SENT,
                due_at=when, created_at=when, sent_at=when,
            )
        )  # fmt: skip
        self.people[who].sent.append((kind, when))

    def forget_sent(self, who: int) -> None:
        mine = col(OutboxMessage.contact_id) == self.contacts[who].id
        self.session.execute(delete(OutboxMessage).where(mine))
        self.people[who].sent.clear()


def _contact(session: Session, user_id: str, **values: Any) -> Contact:
    known: dict[str, Any] = {"last_interaction_at": at("2026-11-17")}
    contact = Contact(
        oa_id=OA, user_id=user_id, created_at=oracle.FIRST, **known | values
    )
    session.add(contact)
    session.flush()
    return contact


def test_random_cases_agree_with_the_rules(database: Database) -> None:
    rng = random.Random(20261129)
    seen: Counter[tuple[str, bool]] = Counter()
    with database.writing() as session:
        office = Office(session, rng)
        lan = add_official(session)
        for number in range(CASES):
            who = rng.randrange(PEOPLE)
            now, kind, topic = oracle.moment(rng), Kind(rng.choice(oracle.KINDS)), ""
            if rng.random() < 0.1:
                office.says(who)
            if rng.random() < 0.2:
                office.forget_sent(who)
                for _ in range(rng.randrange(6)):
                    back = timedelta(days=9 * rng.random())
                    office.was_sent(who, Kind(rng.choice(oracle.KINDS)), now - back)
            if kind == Kind.EMERGENCY:
                topic = f"e{rng.randrange(200)}"
                if rng.random() < 0.02:
                    release_emergency(session, lan, topic, now)
                    office.released.add(topic)
            elif kind == Kind.CAMPAIGN:
                topic = rng.choice(TOPICS)
            found = CHOKE.verdict(
                session, kind, office.contacts[who], now, topic=topic, key=f"x:{number}"
            )
            wanted = oracle.may_leave(
                office.people[who], kind, topic, now, office.released
            )
            assert (found.decision == Decision.LEAVE) == wanted, (now, kind, topic)
            seen[kind, wanted] += 1
            if found.until is not None:
                assert found.until > now
                later = CHOKE.verdict(
                    session, kind, office.contacts[who], found.until, topic=topic
                )
                assert later.decision == Decision.LEAVE
    free = {"reply", "receipt", "handover", "own_reminder", "alarm"}
    for name in oracle.KINDS:  # no kind was only ever allowed, or only ever refused
        assert seen[name, True] > 50
        assert (seen[name, False] > 50) == (name not in free)


# --- through the outbox ------------------------------------------------------------------------


def sends(
    session: Session, contact: Contact, kind: Kind, now: datetime, key: str = "k"
) -> Objection | None:
    """Queue one message, claim it, and ask the choke point as the sender does."""
    lane = Lane.REPLY if kind == Kind.REPLY else Lane.REMINDER
    if kind == Kind.CAMPAIGN:
        lane = Lane.CAMPAIGN
    outbox.enqueue(
        session, contact=contact, key=key, messages=[Outgoing("tin")], lane=lane,
        kind=kind, now=now,
    )  # fmt: skip
    [claimed] = claim(session, Queue(OA, lane, None), now, 1, timedelta(minutes=1))
    objection = CHOKE.objection(session, claimed, now)
    row = session.get_one(OutboxMessage, claimed.id)
    row.status = objection.status if objection else MessageStatus.SENT
    row.reason = objection.reason if objection else None
    row.sent_at = None if objection else now
    row.due_at = (objection.due_at if objection else None) or row.due_at
    session.add(row)
    session.flush()
    return objection


def test_a_reminder_of_the_night_waits_for_the_morning_and_is_spread(
    database: Database,
) -> None:
    night, opens = at("2026-11-18", 22), at("2026-11-19", 7) + timedelta(minutes=30)
    due = []
    with database.writing() as session:
        for number in range(40):
            hoa = _contact(session, f"h{number}", last_interaction_at=night)
            found = sends(session, hoa, Kind.DUTY_REMINDER, night, f"r{number}")
            assert found is not None
            assert (found.status, found.reason) == ("waiting", Reason.OUTSIDE_HOURS)
            assert found.due_at is not None
            due.append(found.due_at)
    assert all(opens <= one < opens + choke.SPREAD for one in due)
    assert len({one.replace(second=0, microsecond=0) for one in due}) > 10


def test_spreading_never_leaves_the_free_window() -> None:
    opening = at("2026-11-19", 8)
    closes = opening + timedelta(minutes=3)
    wrote = closes - timedelta(hours=48)
    assert all(opening <= spread(opening, n, wrote) <= closes for n in range(200))


def test_a_no_between_planning_and_sending_ends_it(database: Database) -> None:
    now = at("2026-11-18", 10)
    with database.writing() as session:
        minh = _contact(session, "minh")
        consent.opt_in(session, minh, "", "v1", now)
        assert CHOKE.verdict(session, Kind.CAMPAIGN, minh, now) == choke.LEAVE
        consent.opt_out(session, minh, "", "v1", now)
        found = sends(session, minh, Kind.CAMPAIGN, now)
    assert found == Objection(MessageStatus.CANCELLED, Reason.NOT_WANTED)


def test_a_second_campaign_waits_for_the_next_day(database: Database) -> None:
    now = at("2026-11-19", 10)
    with database.writing() as session:
        minh = _contact(session, "minh")
        consent.opt_in(session, minh, "", "v1", now)
        assert sends(session, minh, Kind.CAMPAIGN, now, "a") is None
        found = sends(session, minh, Kind.CAMPAIGN, now, "b")
        assert found is not None
        assert found.reason == Reason.DAILY_CAP
        assert found.due_at is not None
        assert found.due_at.date() == date(2026, 11, 20)


def test_caps_count_a_person_over_all_accounts(database: Database) -> None:
    now = at("2026-11-19", 10)
    with database.writing() as session:
        here = _contact(session, "minh", user_id_by_app="m")
        there = _contact(session, "minh-elsewhere", user_id_by_app="m")
        assert sends(session, here, Kind.DUTY_REMINDER, now, "a") is None
        found = sends(session, there, Kind.DIGEST, now, "b")
        assert found is not None
        assert found.reason == Reason.DAILY_CAP


def test_parts_of_one_long_message_are_one(database: Database) -> None:
    now = at("2026-11-19", 10)
    with database.writing() as session:
        minh = _contact(session, "minh")
        outbox.enqueue(
            session, contact=minh, key="r", now=now, lane=Lane.REMINDER,
            messages=[Outgoing("một"), Outgoing("hai")],
        )  # fmt: skip
        for _ in range(2):
            [one] = claim(
                session, Queue(OA, Lane.REMINDER, None), now, 9, timedelta(minutes=1)
            )
            assert CHOKE.objection(session, one, now) is None
            row = session.get_one(OutboxMessage, one.id)
            row.status, row.sent_at = MessageStatus.SENT, now
            session.add(row)
            session.flush()


def test_planning_counts_what_waits_already(database: Database) -> None:
    now, then = at("2026-11-18", 10), at("2026-11-20", 9)
    with database.writing() as session:
        minh = _contact(session, "minh")
        outbox.enqueue(
            session, contact=minh, key="r", now=now, lane=Lane.REMINDER, due_at=then,
            messages=[Outgoing("nhắc")],
        )  # fmt: skip
        found = CHOKE.verdict(session, Kind.DIGEST, minh, at("2026-11-20", 8))
        assert found.reason == Reason.DAILY_CAP
        assert CHOKE.verdict(session, Kind.DIGEST, minh, now) == choke.LEAVE


def test_an_emergency_needs_a_name(database: Database) -> None:
    night = at("2026-11-18", 2)
    with database.writing() as session:
        minh = _contact(session, "minh")
        found = CHOKE.verdict(session, Kind.EMERGENCY, minh, night, topic="bao-so-9")
        assert found == choke.Verdict(Decision.NEVER, Reason.NOT_RELEASED)
        release_emergency(session, add_official(session), "bao-so-9", night)
        found = CHOKE.verdict(session, Kind.EMERGENCY, minh, night, topic="bao-so-9")
        assert found == choke.LEAVE
        with pytest.raises(ValueError, match="code"):
            release_emergency(session, add_official(session), "", night)


def test_a_bot_that_answers_at_once_is_not_answered_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choke, "LOOP_ANSWERS", 12)
    now, answered = at("2026-11-18", 2), 0
    with database.writing() as session:
        robot = _contact(session, "robot")
        for number in range(20):
            answered += sends(session, robot, Kind.REPLY, now, f"e{number}") is None
            now += timedelta(seconds=1)
        assert answered == 12
        now += timedelta(hours=2)
        assert sends(session, robot, Kind.REPLY, now, "later") is None
        rows = session.exec(select(OutboxMessage.reason)).all()
    assert rows.count(Reason.TALKS_IN_CIRCLES) == 8
