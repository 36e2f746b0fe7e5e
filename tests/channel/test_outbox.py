"""Rows in, rows claimed, rows confirmed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, update

from bot.channel import outbox
from bot.channel.claiming import (
    ClaimedMessage,
    claim,
    claim_unknown,
    due_queues,
    has_unknown,
)
from bot.channel.outcomes import Outcome, record_outcome
from bot.channel.outgoing import Button, Outgoing, from_json
from bot.db import Database
from models import Account, Contact, Lane, MessageKind, MessageStatus, OutboxMessage
from tests.channel.conftest import OA_ID, Post

LEASE = timedelta(minutes=1)


def take(post: Post, limit: int = 100) -> list[ClaimedMessage]:
    with post.database.writing() as session:
        claimed: list[ClaimedMessage] = []
        for queue in due_queues(session, post.clock.now()):
            room = limit - len(claimed)
            claimed += claim(session, queue, post.clock.now(), room, LEASE)
        return claimed


def texts(claimed: list[ClaimedMessage]) -> list[str]:
    return [message.message.text for message in claimed]


def sent(post: Post, message: ClaimedMessage, zalo_id: str) -> None:
    outcome = Outcome(MessageStatus.SENT, zalo_message_id=zalo_id)
    with post.database.writing() as session:
        record_outcome(session, message, outcome, post.clock.now())


# --- enqueue ---------------------------------------------------------------------------------


def test_same_cause_adds_nothing_twice(post: Post) -> None:
    minh = post.person()
    assert post.write(minh, "một", "hai", key="event:1") == 2
    assert post.write(minh, "một", "hai", "ba", key="event:1") == 0
    assert [row.dedupe_key for row in post.rows()] == ["event:1:0", "event:1:1"]


def test_rows_added_are_counted_on_each_engine(either: Database) -> None:
    now = datetime(2026, 11, 23, 1, tzinfo=UTC)
    with either.writing() as session:
        session.add(Account(oa_id=OA_ID, created_at=now))
        lan = Contact(oa_id=OA_ID, user_id="lan", created_at=now)
        session.add(lan)
        session.flush()
        two = [Outgoing("một"), Outgoing("hai")]
        added = outbox.enqueue(
            session, contact=lan, key="k", messages=two, lane=Lane.REPLY, now=now
        )
        assert added == 2


def test_long_text_is_split_with_quote_first_and_buttons_last(post: Post) -> None:
    menu = (Button("Thủ tục", "#services"),)
    text = "\n\n".join(["giấy tờ " * 150] * 4)
    message = Outgoing(text, menu, quote_message_id="m7", about="service:1.001193")
    post.write_messages(post.person(), message)
    parts = [from_json(row.content) for row in post.rows()]
    assert len(parts) == 4
    assert [bool(part.buttons) for part in parts] == [False, False, False, True]
    assert [part.quote_message_id for part in parts] == ["m7", None, None, None]
    assert {part.about for part in parts} == {"service:1.001193"}
    assert parts[-1].buttons == menu


@pytest.mark.parametrize(
    "message", [Outgoing(" "), Outgoing("chào", (Button("a", "#a"),) * 6)]
)
def test_message_zalo_would_refuse_is_not_queued(post: Post, message: Outgoing) -> None:
    with pytest.raises(ValueError, match=r"text|buttons"):
        post.write_messages(post.person(), message)
    assert post.rows() == []


def test_nothing_to_say_adds_nothing(post: Post) -> None:
    assert post.write(post.person()) == 0


# --- claim ------------------------------------------------------------------------------------


def test_claim_follows_lanes_then_due_time(post: Post) -> None:
    now = post.clock.now()
    for name, lane, minutes in [
        ("tin chung", Lane.CAMPAIGN, 60),
        ("nhắc", Lane.REMINDER, 50),
        ("mới", Lane.REPLY, 1),
        ("cũ", Lane.REPLY, 5),
    ]:
        due_at = now - timedelta(minutes=minutes)
        post.write(post.person(name), name, lane=lane, due_at=due_at)
    assert texts(take(post, 3)) == ["cũ", "mới", "nhắc"]
    assert texts(take(post)) == ["tin chung"]


def test_only_one_row_of_a_person_is_claimed_at_a_time(post: Post) -> None:
    minh, hoa = post.person(), post.person("hoa")
    post.write(minh, "một", "hai")
    post.write(minh, "tin chung", lane=Lane.CAMPAIGN)
    post.write(hoa, "khác")
    first = take(post)
    assert sorted(texts(first)) == ["khác", "một"]
    assert take(post) == []
    for number, message in enumerate(first):
        sent(post, message, f"m{number}")
    [second] = take(post)
    assert second.message.text == "hai"
    sent(post, second, "m9")
    assert texts(take(post)) == ["tin chung"]


def test_retried_part_keeps_the_next_one_waiting(post: Post) -> None:
    post.write(post.person(), "một", "hai")
    [first] = take(post)
    due_at = post.clock.now() + timedelta(minutes=5)
    with post.database.writing() as session:
        again = Outcome(MessageStatus.WAITING, due_at=due_at)
        record_outcome(session, first, again, post.clock.now())
    assert take(post) == []
    post.clock.forward(minutes=5)
    assert texts(take(post)) == ["một"]


def test_paused_account_waits_and_others_do_not(post: Post) -> None:
    with post.database.writing() as session:
        session.add(Account(oa_id="2", created_at=post.clock.now()))
        other = Contact(oa_id="2", user_id="x", created_at=post.clock.now())
        session.add(other)
    post.change_account(paused_until=post.clock.now() + timedelta(minutes=1))
    post.write(post.person(), "một")
    post.write(other, "hai")
    assert texts(take(post)) == ["hai"]
    post.clock.forward(minutes=1)
    assert texts(take(post)) == ["một"]


def test_claimed_row_is_committed_with_lease_and_attempt(post: Post) -> None:
    post.write(post.person(), "một")
    [message] = take(post)
    row = post.row()
    assert (row.status, row.attempts) == ("sending", 1)
    assert row.lease_until == message.lease_until
    with post.database.reading() as session:
        assert not due_queues(session, post.clock.now())
        assert not has_unknown(session, post.clock.now())
        assert has_unknown(session, post.clock.now() + LEASE)


def test_many_claimers_never_get_the_same_row(post: Post) -> None:
    for number in range(60):
        post.write(post.person(f"p{number}"), f"{number}")
    got: list[str] = []

    def work() -> None:
        while taken := take(post, 3):
            got.extend(texts(taken))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(number) for number in range(60)]


def test_row_of_a_silent_sender_is_found_once_after_its_lease(post: Post) -> None:
    post.write(post.person(), "một")
    [message] = take(post)

    def lost(busy: list[int]) -> list[ClaimedMessage]:
        with post.database.writing() as session:
            return claim_unknown(session, post.clock.now(), 10, LEASE, busy)

    assert lost([]) == []
    post.clock.forward(seconds=61)
    assert lost([message.id]) == []
    assert texts(lost([])) == ["một"]
    assert lost([]) == []


# --- what comes back ----------------------------------------------------------------------------


def confirm(post: Post, how: str, *ids: str, oa_id: str = OA_ID) -> int:
    mark = {"delivered": outbox.mark_delivered, "seen": outbox.mark_seen}[how]
    with post.database.writing() as session:
        return mark(session, oa_id, list(ids), post.clock.now())


def test_receipts_raise_the_status_and_never_lower_it(post: Post) -> None:
    post.write(post.person(), "một")
    [message] = take(post)
    sent(post, message, "m1")
    assert confirm(post, "delivered", "m1", "m2") == 1
    assert post.row().status == "delivered"
    assert confirm(post, "seen", "m1") == 1
    assert confirm(post, "delivered", "m1") == 0
    assert confirm(post, "seen", "m1") == 0
    sent(post, message, "m1")
    row = post.row()
    assert row.status == "seen"
    assert row.seen_at is not None
    assert row.delivered_at is not None


def test_late_echo_lowers_nothing(post: Post) -> None:
    post.write(post.person(), "một")
    sent(post, take(post)[0], "m1")
    confirm(post, "seen", "m1")
    before = post.row()
    with post.database.writing() as session:
        assert outbox.note_echo(session, OA_ID, "minh", "m1", None, post.clock.now())
    row = post.row()
    assert (row.status, row.reason, row.sent_at) == ("seen", None, before.sent_at)


def test_receipt_of_another_account_changes_nothing(post: Post) -> None:
    post.write(post.person(), "một")
    sent(post, take(post)[0], "m1")
    assert confirm(post, "delivered", "m1", oa_id="2") == 0


def test_message_is_found_by_its_zalo_id(post: Post) -> None:
    post.write(post.person(), "một")
    sent(post, take(post)[0], "m1")
    with post.database.reading() as session:
        found = outbox.find_sent(session, OA_ID, "m1")
        assert found is not None
        assert found.content["text"] == "một"
        assert outbox.find_sent(session, "2", "m1") is None
        assert outbox.find_sent(session, OA_ID, "m2") is None


def park(post: Post, contact: Contact, text: str, hours: float) -> None:
    until = post.clock.now() + timedelta(hours=hours)
    post.write(contact, text, useful_until=until)
    with post.database.writing() as session:
        session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.status) == MessageStatus.WAITING)
            .values(status=MessageStatus.PARKED)
        )


def test_released_are_only_the_useful_ones_of_this_person(post: Post) -> None:
    minh = post.person(unreachable_reason="blocked")
    park(post, minh, "còn ích", 10)
    park(post, minh, "hết ích", 1)
    park(post, post.person("hoa"), "của người khác", 10)
    post.clock.forward(hours=2)
    with post.database.writing() as session:
        assert outbox.release_parked(session, minh.id or 0, post.clock.now()) == 1
    assert post.statuses() == ["waiting", "expired", "parked"]
    assert post.contact(minh).unreachable_reason is None


def test_parked_messages_expire_by_themselves(post: Post) -> None:
    park(post, post.person(), "một", 1)
    park(post, post.person("hoa"), "hai", 3)
    post.clock.forward(hours=2)
    with post.database.writing() as session:
        assert outbox.expire_parked(session, post.clock.now()) == 1
        assert outbox.expire_parked(session, post.clock.now()) == 0
    assert post.statuses() == ["expired", "parked"]


def test_cancelled_lane_stops_at_once_and_only_this_one(post: Post) -> None:
    minh = post.person()
    post.write(minh, "tin chung", lane=Lane.CAMPAIGN)
    post.write(minh, "trả lời")
    with post.database.writing() as session:
        assert outbox.cancel_open(session, minh, [MessageKind.CAMPAIGN]) == 1
    post.sender.run_once()
    assert post.statuses() == ["cancelled", "sent"]
    assert post.zalo.texts() == ["trả lời"]
