"""Tags of Zalo's console become groups that a campaign may be for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot.channel.inbound import parse_event
from bot.channel.intake import arrival_of, store_event
from bot.channel.spool import _from_line, _to_line
from bot.clock import Clock
from bot.db import Database
from models import Account, Contact, ContactTag

SAMPLES = Path(__file__).resolve().parent.parent / "zalo_samples"
OA = "4071625384950617283"


def sample(event: str, **tag: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{event}.json").read_text())
    return found | {"tag": found["tag"] | tag}


def comes(database: Database, payload: dict[str, Any]) -> None:
    now = Clock().now()
    arrival = arrival_of(parse_event(payload, now), payload, "x", now)
    arrival = _from_line(_to_line(arrival))  # as it would come back from the disk
    with database.writing() as session:
        if session.get(Account, OA) is None:
            session.add(Account(oa_id=OA, created_at=now))
            session.flush()
        store_event(session.connection(), arrival)


def tagged(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return sorted(
            session.exec(
                select(Contact.user_id, ContactTag.tag).join(
                    ContactTag, col(ContactTag.contact_id) == col(Contact.id)
                )
            ).all()
        )


def test_tags_are_given_and_taken_away(database: Database) -> None:
    comes(database, sample("add_user_to_tag", user_ids=["1", "2", "3"]))
    comes(database, sample("add_user_to_tag", user_ids=["1"], name="lang:km"))
    in_group = [(user, "khu-pho-3") for user in ("1", "2", "3")]
    assert tagged(database) == sorted([*in_group, ("1", "lang:km")])
    comes(database, sample("remove_user_from_tag", user_ids=["2"]))
    assert ("2", "khu-pho-3") not in tagged(database)
    comes(database, sample("remove_tag"))
    assert tagged(database) == [("1", "lang:km")]


def test_the_same_event_twice_and_nonsense_change_nothing(database: Database) -> None:
    comes(database, sample("add_user_to_tag"))
    comes(database, sample("remove_user_from_tag"))
    comes(database, sample("add_user_to_tag"))  # delivered again
    assert tagged(database) == []
    comes(database, sample("add_user_to_tag", name="x" * 500, user_ids=["5"]))
    comes(database, sample("add_user_to_tag", name=7, user_ids={"a": 1}))
    assert tagged(database) == []
