"""Events stored by an older version are known by their new keys after an upgrade."""

from __future__ import annotations

from sqlmodel import select

from bot import schema
from bot.channel.inbound import parse_event
from bot.channel.intake import Outcome, arrival_of, store_event
from bot.clock import Clock
from bot.db import Database
from models import Account, WebhookEvent


def test_a_redelivery_across_the_upgrade_changes_nothing(
    database: Database, clock: Clock
) -> None:
    now = clock.now()
    names = ("user_send_text", "user_send_group_text", "oa_send_text")
    bodies = [
        {
            "event_name": name,
            "sender": {"id": "77" if name.startswith("user") else "5"},
            "recipient": {"id": "5" if name.startswith("user") else "77"},
            "oa_id": "5",
            "message": {"text": "chào", "msg_id": "m1"},
            "timestamp": str(int(now.timestamp() * 1000)),
        }
        for name in names
    ]
    arrivals = [arrival_of(parse_event(body, now), body, "x", now) for body in bodies]
    with database.writing() as session:
        session.add(Account(oa_id="5", created_at=now))
    with database.writing() as session:
        for arrival in arrivals:
            assert store_event(session.connection(), arrival).is_new
    new = [arrival.event_key for arrival in arrivals]
    schema.downgrade(database, "0006_invitations_and_dialogs")
    assert keys(database) == [f"{name}|5|m1" for name in names]
    schema.upgrade(database)
    assert keys(database) == new
    with database.writing() as session:
        for arrival in arrivals:
            assert (
                store_event(session.connection(), arrival).outcome == Outcome.DUPLICATE
            )


def keys(database: Database) -> list[str]:
    with database.reading() as session:
        return list(
            session.exec(select(WebhookEvent.event_key).order_by(WebhookEvent.id))  # type: ignore[arg-type]
        )
