"""A person's data: all of it handed over, all of it erased, nothing else touched."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Column
from sqlmodel import SQLModel, col, select

from bot.clock import Clock
from bot.db import Database
from bot.errors import OperatorError
from bot.people import audit, joining
from bot.people.officials import official_of
from bot.personal_data import PARTS, export, find_person, forget
from models import (
    AuditEntry,
    Contact,
    MessageStatus,
    Official,
    OutboxMessage,
    Proof,
    Role,
    WebhookEvent,
)
from tests.chat import Chat, Town
from tests.test_backup import all_rows

NAME, PHONE, WORDS = "Nguyễn Thị Lan", "84900000104", "ở quê ngoại"


@pytest.fixture
def lan(town: Town) -> Chat:
    """An official with two accounts, who has asked and proved something."""
    now = town.worker.conversations.clock.now()
    with town.database.writing() as session:
        person = joining.enrol(session, NAME, now, phone=PHONE)
        code = joining.invite(
            session, "xa_can_duoc", Role.LEADER, audit.OPERATOR, now,
            official_id=person.id,
        )  # fmt: skip
    chat = town.chat_of("chi-lan")
    chat.says(code)
    chat.says(f"đăng ký khai sinh {WORDS}")
    chat.says("mời")  # a dialog in progress
    town.chat_of("chi-lan", town.business).follows()
    with town.database.writing() as session:
        contact = contact_of(town, "chi-lan")
        session.add(
            Proof(
                plan_id="2026", duty_id="II-2.2", unit_code="xa_can_duoc",
                period="2026-W48", received_at=now, sent_by_id=contact.official_id,
                contact_id=contact.id, url="https://example.vn/bai-viet",
            )
        )  # fmt: skip
    return chat


def contact_of(town: Town, person: str, oa_id: str | None = None) -> Contact:
    known = next(
        one
        for one in town.simulator.state.relations.values()
        if (one.person, one.oa_id) == (person, oa_id or town.government)
    )
    with town.database.reading() as session:
        return session.scalars(
            select(Contact).where(
                col(Contact.user_id) == known.user_id,
                col(Contact.oa_id) == known.oa_id,
            )
        ).one()


def erase(town: Town, key: str) -> list[str]:
    with town.database.writing() as session:
        return forget(session, find_person(session, key), Clock().now())


def keys_of(town: Town, person: str) -> list[str]:
    """Every id by which an operator may name him."""
    contact = contact_of(town, person)
    with town.database.reading() as session:
        official = official_of(session, contact)
    pseudonym = official.pseudonym if official else ""
    return [str(contact.id), contact.user_id, contact.user_id_by_app or "", pseudonym]


def stored(database: Database) -> str:
    return json.dumps(all_rows(database), ensure_ascii=False, default=str)


@pytest.mark.parametrize("way", range(4))
def test_forgetting_erases_every_trace_of_a_person(
    town: Town, lan: Chat, way: int
) -> None:
    secrets = [
        NAME,
        PHONE,
        WORDS,
        contact_of(town, "chi-lan").user_id,
        contact_of(town, "chi-lan", town.business).user_id,
        contact_of(town, "chi-lan").user_id_by_app or "",
    ]
    assert all(secret in stored(town.database) for secret in secrets)
    lines = erase(town, keys_of(town, "chi-lan")[way])
    assert "contact: 2 without a key to the person" in lines
    left = stored(town.database)
    assert [secret for secret in secrets if secret in left] == []


def test_what_is_not_his_alone_stays(town: Town, lan: Chat) -> None:
    minh = town.chat_of("anh-minh")
    minh.says("đăng ký khai tử của ông nội")
    with town.database.reading() as session:
        events = len(session.exec(select(WebhookEvent)).all())
        messages = len(session.exec(select(OutboxMessage)).all())
    erase(town, contact_of(town, "chi-lan").user_id)
    with town.database.reading() as session:
        proof = session.exec(select(Proof)).one()
        assert (proof.unit_code, proof.url) == (
            "xa_can_duoc",
            "https://example.vn/bai-viet",
        )
        assert (proof.sent_by_id, proof.contact_id) == (None, None)
        assert len(session.exec(select(WebhookEvent)).all()) == events
        assert len(session.exec(select(OutboxMessage)).all()) == messages
        assert audit.verify(session) is None
        last = session.scalars(
            select(AuditEntry).order_by(col(AuditEntry.id).desc())
        ).first()
        assert last is not None
        assert last.action == "person.forgotten"
    assert "ông nội" in stored(town.database)
    assert "1.000656" in minh.says("đăng ký khai tử")[-1]


def test_who_writes_again_is_somebody_new(town: Town, lan: Chat) -> None:
    erase(town, contact_of(town, "chi-lan").user_id)
    again = lan.says("tôi là ai")
    assert "Xin chào" in again[0]
    assert "bà con" in again[-1]


def test_nothing_that_waits_reaches_a_forgotten_person(town: Town, lan: Chat) -> None:
    contact = contact_of(town, "chi-lan")
    with town.database.writing() as session:
        town.enqueue(session, contact, "một tin còn chờ")
    erase(town, contact.user_id)
    before = len(lan.bubbles())
    lan.drain()
    assert len(lan.bubbles()) == before


def test_a_citizen_is_forgotten_too(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    chat.says(f"đăng ký khai sinh {WORDS}")
    user_id = contact_of(town, "ba-tam").user_id
    erase(town, user_id)
    assert user_id not in stored(town.database)
    assert WORDS not in stored(town.database)


def test_forgetting_waits_for_a_message_that_is_just_leaving(
    town: Town, lan: Chat
) -> None:
    contact = contact_of(town, "chi-lan")
    now = Clock().now()
    with town.database.writing() as session:
        town.enqueue(session, contact, "đang đi")
        row = session.scalars(
            select(OutboxMessage).order_by(col(OutboxMessage.id).desc())
        ).first()
        assert row is not None
        row.status = MessageStatus.SENDING
        row.lease_until = now + timedelta(minutes=1)
    with pytest.raises(OperatorError, match="just leaving"):
        erase(town, contact.user_id)
    assert NAME in stored(town.database)


def test_an_unknown_id_is_said_in_one_line(town: Town) -> None:
    with pytest.raises(OperatorError, match="--user 12345: nobody"):
        erase(town, "12345")


def test_the_export_holds_all_that_is_his_and_nothing_else(
    town: Town, lan: Chat
) -> None:
    town.chat_of("anh-minh").says("đăng ký khai tử của ông nội")
    contact = contact_of(town, "chi-lan")
    with town.database.reading() as session:
        found = export(session, find_person(session, contact.user_id_by_app or ""))
    text = json.dumps(found, ensure_ascii=False)
    for part in (NAME, PHONE, WORDS, contact.user_id, "bai-viet", "inviting"):
        assert part in text
    assert "ông nội" not in text
    assert len(found["contact"]) == 2
    assert len(found["proof"]) == 1
    assert {one["official_id"] for one in found["membership"]} == {contact.official_id}


def test_every_column_that_leads_to_a_person_is_known() -> None:
    """A new table must say what becomes of it when a person is forgotten."""
    known = {(part.table, part.column) for part in PARTS}
    people = {Contact.__tablename__, Official.__tablename__}

    def leads_to_person(column: Column[object]) -> bool:
        refers = {key.column.table.name for key in column.foreign_keys}
        return bool(refers & people) or column.name in ("contact_id", "official_id")

    found = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if leads_to_person(column)
    }
    assert found == known
