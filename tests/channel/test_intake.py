"""Stored once, nothing superfluous, and a contact no older than its newest event."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.channel.inbound import parse_event, text_digest
from bot.channel.intake import (
    Outcome,
    Stored,
    arrival_of,
    ignored_because,
    payload_to_store,
    store_event,
)
from bot.db import Database
from models import Account, Contact, WebhookEvent

SAMPLES = Path(__file__).resolve().parent.parent / "zalo_samples"
INDEX = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))["files"]
EVENT_FILES = sorted(name for name, about in INDEX.items() if about["kind"] == "event")
OA = "4071625384950617283"
NOW = datetime(2026, 9, 22, tzinfo=UTC)
NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (SAMPLES / f"{name}.json").read_text(encoding="utf-8")
    )
    return found


def at(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))


class Store:
    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, payload: dict[str, Any], now: datetime = NOW) -> Stored:
        with self.database.writing() as session:
            event = parse_event(payload, now)
            return store_event(
                session.connection(), arrival_of(event, payload, "0" * 64, now)
            )

    def contact(self) -> Contact:
        with self.database.reading() as session:
            return session.exec(select(Contact)).one()

    def event(self) -> WebhookEvent:
        with self.database.reading() as session:
            return session.exec(select(WebhookEvent)).one()


@pytest.fixture
def store(either: Database) -> Store:
    """On each engine: PostgreSQL renews the person in the statement of the event."""
    with either.writing() as session:
        session.add(Account(oa_id=OA, created_at=NOW))
    return Store(either)


IGNORED = {
    "anonymous": ["anonymous_send_text", "oa_send_anonymous_text"],
    "group": ["create_group", "user_send_group_text", "oa_send_group_text"],
    "tag": ["add_user_to_tag", "remove_tag"],
    "template": [
        "user_received_message.zns",
        "user_feedback",
        "change_template_status",
    ],
    "consent": ["oa_send_consent", "user_reply_consent"],
    "widget": ["widget_interaction_accepted"],
    "profile": ["update_user_info"],
    "extension": ["extension_purchased"],
}


@pytest.mark.parametrize(
    ("name", "reason"),
    [(n, reason) for reason, names in IGNORED.items() for n in names],
)
def test_what_nobody_handles_keeps_a_reason_and_a_shape(
    store: Store, name: str, reason: str
) -> None:
    stored = store.take(sample(name))
    assert (stored.outcome, stored.reason) == (Outcome.IGNORED, reason)
    assert stored.is_new
    assert list(store.event().payload) == ["shape"]
    assert store.event().contact_id is None


HANDLED = [
    name
    for name in EVENT_FILES
    if ignored_because(parse_event(sample(name.removesuffix(".json")), NOW)) is None
]


@pytest.mark.parametrize("name", HANDLED)
def test_what_is_kept_of_a_handled_event_reads_as_the_same_event(name: str) -> None:
    payload = sample(name.removesuffix(".json"))
    event = parse_event(payload, NOW)
    again = parse_event(payload_to_store(event, payload), NOW)
    for field in (
        "event_key",
        "kind",
        "oa_id",
        "user_id",
        "user_id_by_app",
        "admin_id",
    ):
        assert getattr(again, field) == getattr(event, field)
    for field in ("msg_id", "msg_ids", "occurred_at", "text_sha256", "react_icon"):
        assert getattr(again, field) == getattr(event, field)


@pytest.mark.parametrize("name", ["oa_send_text", "oa_send_text.api", "oa_send_file"])
def test_of_what_the_account_sent_only_ids_are_kept(store: Store, name: str) -> None:
    payload = sample(name)
    assert store.take(payload).outcome is Outcome.STORED
    kept = store.event().payload["message"]
    assert set(kept) <= {"msg_id", "text_sha256"}
    if said := payload["message"].get("text"):
        assert kept["text_sha256"] == text_digest(said)


def test_second_delivery_leaves_the_contact_alone(store: Store) -> None:
    store.take(sample("follow"))
    store.take(sample("unfollow"))
    before = store.contact()
    assert store.take(sample("follow") | {"user_id_by_app": "9"}) == Stored(
        Outcome.DUPLICATE
    )
    assert store.contact() == before


def test_two_accounts_keep_the_same_person_apart(
    store: Store, either: Database
) -> None:
    with either.writing() as session:
        session.add(Account(oa_id="2", created_at=NOW))
    store.take(sample("follow"))
    store.take(sample("follow") | {"oa_id": "2"})
    with either.reading() as session:
        people = session.exec(select(Contact)).all()
    assert sorted(person.oa_id for person in people) == ["2", OA]


def test_last_interaction_never_goes_back(store: Store) -> None:
    newest = sample("user_click_chatnow") | {"timestamp": at(NOON)}
    older = sample("user_send_text") | {"timestamp": at(NOON - timedelta(hours=3))}
    store.take(newest)
    store.take(older)
    assert store.contact().last_interaction_at == NOON


@pytest.mark.parametrize(
    "name",
    ["unfollow", "user_seen_message", "user_received_message", "oa_send_text.api"],
)
def test_what_is_no_interaction_opens_no_window(store: Store, name: str) -> None:
    store.take(sample(name))
    assert store.contact().last_interaction_at is None
    store.take(sample("user_send_text") | {"timestamp": at(NOON)})
    store.take(sample(name) | {"timestamp": at(NOON + timedelta(hours=1))})
    assert store.contact().last_interaction_at == NOON


def test_id_of_the_app_is_filled_in_when_it_comes_and_never_lost(store: Store) -> None:
    bare = sample("user_submit_info")
    assert "user_id_by_app" not in bare
    store.take(bare)
    assert store.contact().user_id_by_app is None
    store.take(sample("user_send_text"))
    store.take(bare | {"timestamp": at(NOON)})
    assert store.contact().user_id_by_app == "5518273645091827364"


def test_following_is_what_the_newest_event_says_in_whatever_order(
    store: Store,
) -> None:
    follow = sample("follow") | {"timestamp": at(NOON)}
    unfollow = sample("unfollow") | {"timestamp": at(NOON + timedelta(hours=1))}
    again = sample("follow") | {"timestamp": at(NOON + timedelta(hours=2))}
    store.take(unfollow)
    assert store.contact().is_follower is False
    store.take(follow)  # hours late
    assert store.contact().is_follower is False
    store.take(again)
    assert store.contact().is_follower is True


def test_a_message_says_nothing_about_following(store: Store) -> None:
    store.take(sample("user_send_text"))
    assert store.contact().is_follower is None


def test_a_failure_leaves_neither_event_nor_contact(
    store: Store, either: Database
) -> None:
    class PowerCutError(Exception):
        pass

    def interrupted() -> None:
        with either.writing() as session:
            payload = sample("user_send_text")
            arrival = arrival_of(parse_event(payload, NOW), payload, "0" * 64, NOW)
            assert store_event(session.connection(), arrival).is_new
            raise PowerCutError

    with pytest.raises(PowerCutError):
        interrupted()
    with either.reading() as session:
        assert session.exec(select(WebhookEvent)).all() == []
        assert session.exec(select(Contact)).all() == []
    assert store.take(sample("user_send_text")).is_new
