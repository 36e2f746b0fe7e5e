"""When Zalo brings nothing any more: suspicion and certainty, and their ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.channel.watch_rows import open_watch
from bot.db import Database
from bot.watching.kinds import AlarmKind
from bot.watching.listening import (
    accounts_to_learn,
    learn,
    listen,
    note_learnt,
)
from models import (
    Account,
    Alarm,
    Contact,
    EventStatus,
    MessageStatus,
    OutboxMessage,
    WebhookEvent,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OA = "1001"
TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=ZONE)


@dataclass
class Post:
    """One account; time is given to each step."""

    database: Database
    now: datetime = TUESDAY
    number: int = field(default=0)

    def comes(
        self, name: str = "user_send_text", *, by: str = "webhook", ago: float = 0
    ) -> None:
        """An event, so many minutes ago."""
        self.number += 1
        at = self.now - timedelta(minutes=ago)
        with self.database.writing() as session:
            session.add(
                WebhookEvent(
                    event_key=f"k{self.number}",
                    oa_id=OA,
                    event_name=name,
                    body_sha256="x" if by == "webhook" else "",
                    occurred_at=at,
                    received_at=at if by == "webhook" else self.now,
                    due_at=at,
                    status=EventStatus.DONE,
                )
            )

    def leaves(self, *, ago: float) -> None:
        self.number += 1
        at = self.now - timedelta(minutes=ago)
        with self.database.writing() as session:
            session.add(
                OutboxMessage(
                    dedupe_key=f"d{self.number}",
                    oa_id=OA,
                    contact_id=1,
                    status=MessageStatus.SENT,
                    due_at=at,
                    created_at=at,
                    sent_at=at,
                    zalo_message_id=f"z{self.number}",
                )
            )

    def usually(self, hours: float) -> None:
        with self.database.writing() as session:
            note_learnt(session, OA, {"others": hours * 3600}, self.now)

    def history_read(self) -> None:
        with self.database.writing() as session:
            open_watch(session, OA).known_until = self.now

    def later(self, **parts: float) -> list[str]:
        """The open alarms then."""
        self.now += timedelta(**parts)
        with self.database.writing() as session:
            listen(session, self.now, ZONE)
        with self.database.reading() as session:
            open_ones = select(Alarm).where(col(Alarm.ended_at).is_(None))
            return [alarm.kind for alarm in session.exec(open_ones)]


@pytest.fixture
def post(database: Database) -> Post:
    with database.writing() as session:
        session.add(Account(oa_id=OA, created_at=TUESDAY - timedelta(days=90)))
        session.add(Contact(oa_id=OA, user_id="minh", created_at=TUESDAY))
    return Post(database)


def test_a_gap_longer_than_usual_is_a_silence_until_the_next_event(post: Post) -> None:
    post.comes()
    post.usually(hours=3)
    assert post.later(hours=2.9) == []
    assert post.later(hours=0.2) == [AlarmKind.SILENCE]
    assert post.later(hours=1) == [AlarmKind.SILENCE]
    post.comes("user_seen_message")
    assert post.later(minutes=5) == []


def test_a_night_alone_raises_nothing_and_ends_nothing(post: Post) -> None:
    post.now = TUESDAY.replace(hour=20)
    post.comes()
    post.usually(hours=3)
    assert post.later(hours=4) == []
    assert post.later(hours=6) == []  # 6 a.m.: two hours awake
    assert post.later(hours=2) == [AlarmKind.SILENCE]
    assert post.later(hours=15) == [AlarmKind.SILENCE]  # 11 p.m.


def test_where_the_history_was_read_there_is_no_suspicion(post: Post) -> None:
    post.comes()
    post.usually(hours=3)
    assert post.later(hours=4) == [AlarmKind.SILENCE]
    post.history_read()
    assert post.later(minutes=5) == []
    assert post.later(hours=1) == [AlarmKind.SILENCE]  # it was read too long ago


def test_of_an_account_without_habits_nothing_is_said(post: Post) -> None:
    assert post.later(hours=9) == []
    post.comes()
    assert post.later(days=9) == []


def test_a_message_only_the_history_knew_is_certainty(post: Post) -> None:
    post.comes(ago=30)
    post.usually(hours=3)
    post.comes(by="history", ago=5)
    assert post.later(minutes=4) == []
    assert post.later(minutes=2) == [AlarmKind.WEBHOOK_DISABLED]
    assert post.later(hours=9) == [AlarmKind.WEBHOOK_DISABLED]  # one alarm, not two
    post.comes()
    assert post.later(minutes=1) == []


def test_a_webhook_that_never_brought_anything_is_noticed_too(post: Post) -> None:
    post.comes(by="history", ago=15)
    assert post.later(minutes=1) == [AlarmKind.WEBHOOK_DISABLED]


def test_a_lost_message_among_others_that_came_is_no_certainty(post: Post) -> None:
    post.comes(by="history", ago=30)
    post.comes(ago=15)
    assert post.later(minutes=1) == []


def test_sends_without_any_echo_are_certainty(post: Post) -> None:
    post.comes("oa_send_text", ago=60)
    for ago in (20, 15, 12):
        post.leaves(ago=ago)
    assert post.later(minutes=0) == [AlarmKind.WEBHOOK_DISABLED]
    assert post.later(hours=5) == [AlarmKind.WEBHOOK_DISABLED]  # not forgotten
    post.comes("user_received_message")
    assert post.later(minutes=1) == []


@pytest.mark.parametrize(
    ("before", "sends"),
    [
        ("user_send_text", (20, 15, 12)),  # echoes never came: they are switched off
        ("oa_send_text", (20, 15)),  # too few
        ("oa_send_text", (8, 7, 6)),  # they may still come
    ],
)
def test_missing_echoes_alone_are_no_certainty(
    post: Post, before: str, sends: tuple[int, ...]
) -> None:
    post.comes(before, ago=60)
    for ago in sends:
        post.leaves(ago=ago)
    assert post.later(minutes=0) == []


def test_habits_are_learnt_once_a_day_from_what_people_wrote(post: Post) -> None:
    for hour in range(100):
        post.comes(ago=60 * hour)
        post.comes("user_seen_message", ago=60 * hour + 5)  # our own doing
    with post.database.writing() as session:
        assert accounts_to_learn(session, post.now, 9) == [OA]
        usual = learn(session, OA, post.now, ZONE)
        note_learnt(session, OA, usual, post.now)
        assert accounts_to_learn(session, post.now, 9) == []
        tomorrow = post.now + timedelta(days=1)
        assert accounts_to_learn(session, tomorrow, 9) == [OA]
    assert usual["others"] == 2 * 3600
