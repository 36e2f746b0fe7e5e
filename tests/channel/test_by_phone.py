"""Approved templates by telephone number, through the outbox to the fake Zalo and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.channel import by_phone, intake, money, outbox
from bot.channel.inbound import parse_event
from bot.channel.outgoing import ByPhone, Outgoing
from bot.channel.reconciling import LOOK_UPS_BEFORE_GIVING_UP
from bot.people import joining
from models import (
    Contact,
    Lane,
    MessageKind,
    MessageStatus,
    Official,
    OutboxMessage,
    PaidSpending,
)
from tests.chat import Chat, Town

PRICE = 120


@pytest.fixture
def lan(town: Town) -> Chat:
    """An official whose number Zalo knows, with a template and a budget of two messages."""
    chat = town.chat_of("chi-lan")
    chat.says("chào")
    chat.post_control(
        f"/accounts/{chat.oa_id}/templates",
        {"template_id": "400123", "name": "Nhắc việc", "params": [{"name": "ten"}],
         "price": PRICE},
    )  # fmt: skip
    account = town.simulator.state.accounts[chat.oa_id]
    account.verified, account.phone_money_vnd = True, 10_000
    account.phone_quota_left = 100
    now = town.worker.conversations.clock.now()
    with town.database.writing() as session:
        official = joining.enrol(session, "Lan", now)
        official.phone = f"0{town.simulator.state.people['chi-lan'].phone[2:]}"
        [contact] = session.exec(select(Contact).where(Contact.oa_id == chat.oa_id))
        contact.official_id = official.id
        contact.last_interaction_at = None  # closed
        session.add_all((official, contact))
        money.set_budget(session, chat.oa_id, Lane.REMINDER, 2 * PRICE, now)
    return chat


def send(town: Town, key: str) -> OutboxMessage:
    now = town.worker.conversations.clock.now()
    with town.database.writing() as session:
        [official] = session.exec(select(Official))
        [contact] = session.exec(
            select(Contact).where(Contact.official_id == official.id)
        )
        message = ByPhone("400123", {"ten": "Lan"}, PRICE, official.id or 0)
        outbox.enqueue(
            session, contact=contact, key=key,
            messages=[Outgoing("Lan", by_phone=message)], lane=Lane.REMINDER,
            kind=MessageKind.RECEIPT, now=now,
        )  # fmt: skip
    town.chat_of("chi-lan").drain()
    return row(town, key)


def row(town: Town, key: str) -> OutboxMessage:
    with town.database.reading() as session:
        return session.exec(
            select(OutboxMessage).where(OutboxMessage.dedupe_key == f"{key}:0")
        ).one()


def spent(town: Town) -> int:
    with town.database.reading() as session:
        return sum(one.reserved_vnd for one in session.exec(select(PaidSpending)))


def at_zalo(town: Town) -> list[Any]:
    return list(town.simulator.state.phone_messages.values())


def test_it_arrives_with_its_price_counted_and_the_receipt_says_so(
    lan: Chat, town: Town
) -> None:
    sent = send(town, "a")
    assert sent.status == MessageStatus.DELIVERED
    assert sent.delivered_at is not None
    [at_phone] = at_zalo(town)
    assert at_phone.tracking_id == by_phone.tracking_id(sent.id or 0, "a:0")
    assert at_phone.template_data == {"ten": "Lan"}
    assert spent(town) == PRICE
    assert send(town, "b").status == MessageStatus.DELIVERED
    third = send(town, "c")  # the budget was for two
    assert (third.status, third.reason) == ("unreachable", "budget_used_up")
    assert len(at_zalo(town)) == 2
    assert spent(town) == 2 * PRICE


@pytest.mark.parametrize("lever", ["no_zalo", "refuses_templates"])
def test_a_number_that_takes_none_touches_neither_chat_nor_account(
    lan: Chat, town: Town, lever: str
) -> None:
    setattr(town.simulator.state.people["chi-lan"], lever, True)
    refused = send(town, "a")
    assert (refused.status, refused.reason) == ("unreachable", "phone_refused")
    assert spent(town) == 0
    with town.database.reading() as session:
        contact = session.exec(select(Contact).where(Contact.official_id != None)).one()  # noqa: E711
    assert contact.unreachable_reason is None


def test_without_money_at_zalo_the_account_goes_on_writing(
    lan: Chat, town: Town
) -> None:
    town.simulator.state.accounts[lan.oa_id].phone_money_vnd = 0
    refused = send(town, "a")
    assert (refused.status, refused.reason) == ("refused", "template_refused")
    assert lan.says("chào") != []


def test_one_of_unknown_outcome_is_proven_by_its_receipt_and_by_no_other(
    lan: Chat, town: Town
) -> None:
    sent = send(town, "a")
    with town.database.writing() as session:
        known = session.get_one(OutboxMessage, sent.id)
        known.status, known.delivered_at = MessageStatus.DEAD, None
        session.add(known)
    for tracking, wanted in (
        (f"m{sent.id}-00000000", MessageStatus.DEAD),
        (by_phone.tracking_id(sent.id or 0, "a:0"), MessageStatus.DELIVERED),
    ):
        payload = {
            "event_name": "user_received_message", "timestamp": "1790000020137",
            "sender": {"id": lan.oa_id}, "recipient": {"id": "84900000001"},
            "message": {"msg_id": tracking, "tracking_id": tracking,
                        "delivery_time": "1790000020137"},
        }  # fmt: skip
        now = town.worker.conversations.clock.now()
        arrival = intake.arrival_of(parse_event(payload, now), payload, "x", now)
        with town.database.writing() as session:
            intake.store_event(session.connection(), arrival)
        assert row(town, "a").status == wanted


@pytest.mark.parametrize("is_proven", [True, False])
def test_one_whose_answer_was_lost_waits_for_its_receipt_and_is_never_repeated(
    lan: Chat, town: Town, is_proven: bool
) -> None:
    """What may have cost money is not sent again: it is proven, or given up."""
    town.simulator.webhook.enabled = is_proven
    fault = {"kind": "cut_after_delivery", "times": 1, "path": "/message/template"}
    lan.post_control("/faults", fault)
    send(town, "a")
    for turn in range(1, LOOK_UPS_BEFORE_GIVING_UP + 2):
        town.worker.conversations.clock.move(timedelta(minutes=9 * turn))
        lan.drain()
    found = row(town, "a")
    if is_proven:
        assert found.status == MessageStatus.DELIVERED
    else:
        assert (found.status, found.reason) == ("dead", "outcome_unknown")
    assert len(at_zalo(town)) == 1
    assert spent(town) == PRICE


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0912 345 678", "84912345678"),
        ("+84.912.345.678", "84912345678"),
        ("84912345678", "84912345678"),
        ("912345678", None),
        ("không có", None),
        (None, None),
    ],
)
def test_numbers_as_zalo_wants_them(written: str | None, number: str | None) -> None:
    assert by_phone.number_from(written) == number
