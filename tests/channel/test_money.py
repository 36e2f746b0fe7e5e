"""Paid sends: off until allowed, never above the budget, given back when nothing was sent."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channel import money, outbox
from bot.channel.money import BudgetState, budgets_of, price_of_message, set_budget
from bot.db import Database
from bot.errors import OperatorError
from models import Account, Contact, Lane, MessageStatus, OutboxMessage, PaidSpending
from tests.channel.conftest import OA_ID, PRICE, MovableClock, Post
from tests.channel.fake_zalo import V3

CONTENT = Path(__file__).resolve().parents[2] / "content"
TWO_DAYS_AND_MORE = timedelta(hours=50)


def allow(post: Post, lane: Lane, messages: int) -> int:
    with post.database.writing() as session:
        return set_budget(session, OA_ID, lane, messages * PRICE, post.clock.now())


def state(post: Post, lane: Lane) -> BudgetState:
    with post.database.reading() as session:
        found = budgets_of(session, OA_ID, post.clock.now())
        return next(one for one in found if one.lane == lane)


def spent(post: Post, lane: Lane = Lane.REPLY) -> int:
    return state(post, lane).reserved_vnd // PRICE


def late_person(post: Post, name: str = "minh") -> Contact:
    long_ago = post.clock.now() - TWO_DAYS_AND_MORE
    return post.person(name, last_interaction_at=long_ago)


# --- off until allowed ------------------------------------------------------------------------


@pytest.mark.parametrize("lane", Lane)
def test_nothing_that_costs_money_leaves_unasked(post: Post, lane: Lane) -> None:
    post.write(late_person(post), "chào", lane=lane)
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("parked", "paid_window")
    assert post.zalo.calls == []
    assert state(post, lane) == BudgetState(lane, None, 0)


def test_parked_answer_leaves_when_the_person_writes_again(post: Post) -> None:
    minh = late_person(post)
    post.write(minh, "trả lời")
    post.sender.run_once()
    with post.database.writing() as session:
        contact = session.get_one(Contact, minh.id)
        contact.last_interaction_at = post.clock.now()
        outbox.release_parked(session, minh.id or 0, post.clock.now())
    post.sender.run_once()
    assert post.zalo.texts() == ["trả lời"]
    assert spent(post) == 0


def test_allowed_lane_sends_and_counts_others_stay_off(post: Post) -> None:
    allow(post, Lane.REPLY, 10)
    post.zalo.quota_type = "purchase_quota"
    post.write(late_person(post), "trả lời")
    post.write(late_person(post, "hoa"), "nhắc", lane=Lane.REMINDER)
    post.sender.run_once()
    assert post.statuses() == ["sent", "parked"]
    assert (spent(post, Lane.REPLY), spent(post, Lane.REMINDER)) == (1, 0)


def test_free_window_costs_nothing(post: Post) -> None:
    allow(post, Lane.REPLY, 10)
    post.write(post.person(), "trả lời")
    post.sender.run_once()
    assert (post.statuses(), spent(post)) == (["sent"], 0)


# --- never above the budget ------------------------------------------------------------------


def test_budget_warns_at_eighty_percent_and_stops_at_a_hundred(post: Post) -> None:
    allow(post, Lane.CAMPAIGN, 10)
    post.zalo.quota_type = "purchase_quota"
    with capture_logs() as logs:
        for number in range(12):
            post.write(late_person(post, f"p{number}"), "tin", lane=Lane.CAMPAIGN)
            post.sender.run_once()
    said = [log["event"] for log in logs if log["event"].startswith("paid_budget")]
    assert said == ["paid_budget_low", "paid_budget_used_up"]
    assert post.statuses() == ["sent"] * 10 + ["parked"] * 2
    assert post.row_reason(11) == "budget_used_up"
    assert state(post, Lane.CAMPAIGN) == BudgetState(
        Lane.CAMPAIGN, 10 * PRICE, 10 * PRICE
    )


def test_raised_budget_sets_free_what_waited_for_it(post: Post) -> None:
    post.zalo.quota_type = "purchase_quota"
    allow(post, Lane.REMINDER, 1)
    for name in ("minh", "hoa"):
        post.write(late_person(post, name), "nhắc", lane=Lane.REMINDER)
    post.sender.run_once()
    assert sorted(post.statuses()) == ["parked", "sent"]
    assert allow(post, Lane.REMINDER, 2) == 1
    post.sender.run_once()
    assert post.statuses() == ["sent", "sent"]


def test_a_new_month_begins_at_nothing(post: Post) -> None:
    post.zalo.quota_type = "purchase_quota"
    allow(post, Lane.REPLY, 1)
    post.write(late_person(post), "một")
    post.sender.run_once()
    assert spent(post) == 1
    post.clock.forward(days=32)
    assert spent(post) == 0
    post.write(late_person(post, "hoa"), "hai")
    post.sender.run_once()
    assert post.zalo.texts() == ["một", "hai"]


# --- given back, or kept -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [
        ({"error": -321, "message": "out of money"}, "parked", 0),
        ({"error": -230, "message": "interaction"}, "parked", 0),
        ({"error": -217, "message": "blocked"}, "unreachable", 0),
        ({"error": -210, "message": "too long"}, "refused", 0),
        ({"error": -32, "message": "limit"}, "waiting", 0),
        ({"error": -200, "message": "Send message failed"}, "sending", 1),
        ("cut", "sending", 1),
        ("cut_after", "sending", 1),
    ],
)
def test_price_is_given_back_only_when_surely_nothing_was_sent(
    post: Post, fault: Any, status: str, kept: int
) -> None:
    allow(post, Lane.REPLY, 10)
    post.zalo.fail(V3, fault)
    post.write(late_person(post), "chào")
    post.sender.run_once()
    assert (post.statuses(), spent(post)) == ([status], kept)


def test_message_sent_again_after_a_look_is_paid_once(post: Post) -> None:
    allow(post, Lane.REPLY, 10)
    post.zalo.quota_type = "purchase_quota"
    post.zalo.fail(V3, "cut")  # never arrived, the history shows it
    post.write(late_person(post), "chào")
    post.sender.run_once()
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert (post.statuses(), spent(post)) == (["sent"], 1)


def test_message_sent_again_blindly_may_have_cost_twice(post: Post) -> None:
    allow(post, Lane.REPLY, 10)
    post.zalo.quota_type = "purchase_quota"
    post.zalo.fail(V3, "cut_after")
    post.zalo.standing = {"conversation": 503}
    post.write(late_person(post), "chào")
    post.sender.run_once()
    for seconds in (16, 31):
        post.clock.forward(seconds=seconds)
        post.sender.run_once()
    assert (post.zalo.texts(), spent(post)) == (["chào", "chào"], 2)


def test_message_that_nobody_can_find_keeps_its_price(post: Post) -> None:
    allow(post, Lane.CAMPAIGN, 10)
    post.zalo.fail(V3, "cut_after")
    post.zalo.standing = {"conversation": 503}
    post.write(late_person(post), "tin", lane=Lane.CAMPAIGN)
    post.sender.run_once()
    for seconds in (16, 31, 61, 121, 241):
        post.clock.forward(seconds=seconds)
        post.sender.run_once()
    assert (post.statuses(), spent(post, Lane.CAMPAIGN)) == (["dead"], 1)


def test_what_zalo_calls_free_is_given_back(post: Post) -> None:
    allow(post, Lane.REPLY, 10)
    post.write(late_person(post), "chào")  # he wrote meanwhile; our event is late
    post.sender.run_once()
    assert (post.statuses(), spent(post)) == (["sent"], 0)


# --- racing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_workers_racing_for_the_last_of_a_budget_never_exceed_it(
    database: Database, server_url: str, engine: str
) -> None:
    url = database.url.render_as_string() if engine == "sqlite" else server_url
    room, wanted, workers = 25, 80, 4
    now = MovableClock().now()
    first = Database(url)
    with first.writing() as session:
        session.add(Account(oa_id=OA_ID, created_at=now))
        session.flush()
        set_budget(session, OA_ID, Lane.CAMPAIGN, room * PRICE + PRICE - 1, now)
        contact = Contact(oa_id=OA_ID, user_id="minh", created_at=now)
        session.add(contact)
        session.flush()
        ids = [_row(session, contact, number, now) for number in range(wanted)]
    got: list[int] = []
    start = threading.Barrier(workers)

    def work(mine: list[int]) -> None:
        own = Database(url)  # as a process of its own
        start.wait()
        for message_id in mine:
            with own.writing() as session:
                refused = money.set_aside(
                    session, message_id, OA_ID, Lane.CAMPAIGN, PRICE, now
                )
            if refused is None:
                got.append(message_id)
        own.close()

    threads = [
        threading.Thread(target=work, args=(ids[number::workers],))
        for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with first.reading() as session:
        key = (OA_ID, Lane.CAMPAIGN, money.month_of(now))
        reserved = session.get_one(PaidSpending, key).reserved_vnd
        rows = [session.get_one(OutboxMessage, id_).paid_vnd for id_ in got]
    first.close()
    assert len(got) == room
    assert reserved == room * PRICE == sum(rows)


def _row(session: Any, contact: Contact, number: int, now: Any) -> int:
    row = OutboxMessage(
        dedupe_key=f"k{number}",
        oa_id=OA_ID,
        contact_id=contact.id or 0,
        lane=Lane.CAMPAIGN,
        status=MessageStatus.SENDING,
        due_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id or 0


# --- the price ------------------------------------------------------------------------------------


def test_the_shipped_price_has_a_source() -> None:
    assert price_of_message(CONTENT) == 55
    text = (CONTENT / "prices.toml").read_text(encoding="utf-8")
    for needed in ("source =", "confidence =", "checked_on ="):
        assert needed in text


@pytest.mark.parametrize("text", ["", "[paid_consultation]\nvnd = 'rẻ'", "not toml ["])
def test_a_wrong_price_names_file_and_field(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text, encoding="utf-8")
    with pytest.raises(OperatorError, match=r"prices\.toml: paid_consultation\.vnd"):
        price_of_message(tmp_path)


def test_budget_of_an_unknown_account_is_refused(post: Post) -> None:
    with (
        post.database.writing() as session,
        pytest.raises(OperatorError, match="no such account"),
    ):
        set_budget(session, "77", Lane.REPLY, 1000, post.clock.now())
