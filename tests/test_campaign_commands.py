"""``campaign …`` as an operator or another program uses it."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import select

import app
from bot.clock import Clock
from bot.db import Database
from bot.outreach import consent
from bot.people import joining
from models import Account, Contact, Official, OutboxMessage, Role
from tests.test_commands import ROOT

UNIT = "xa_can_duoc"


class Desk:
    """A filled installation, officials, three people; commands run in this process."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        now = Clock().now()
        with database.writing() as session:
            session.add(
                Account(
                    oa_id="1", created_at=now, access_token_sealed="x", unit_code=UNIT
                )
            )
            for name, role in (("Lan", Role.ADMINISTRATOR), ("Sáu", Role.SUPERVISOR)):
                official = joining.enrol(session, name, now)
                official.joined_at = now
                joining.appoint(
                    session, official, UNIT, role, now.date() - timedelta(2)
                )
            for number in range(3):
                contact = Contact(
                    oa_id="1", user_id=f"u{number}", created_at=now,
                    last_interaction_at=now, unit_code=UNIT, is_follower=True,
                )  # fmt: skip
                session.add(contact)
                session.flush()
                if number:
                    consent.opt_in(session, contact, "", "v1", now)

    def run(self, *arguments: str, fails: bool = False) -> str:
        done = CliRunner().invoke(app.cli, ["campaign", *arguments])
        assert (done.exception is not None) == fails, (done.output, done.exception)
        return str(done.exception) if fails else done.output

    def json(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return found

    def file(self, content: str) -> str:
        path = self.folder / "campaign.toml"
        path.write_text(content, encoding="utf-8")
        return str(path)

    def created(self) -> str:
        text = 'title = "Thử"\ntext = "Tin của xã"\nowner = "Lan"\n'
        number: str = self.json("create", self.file(text))["id"]
        return number


@pytest.fixture
def desk(filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("DATABASE_URL", filled.url.render_as_string())
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONTENT_DIR", str(ROOT / "content"))
    return Desk(filled, tmp_path)


def test_a_campaign_goes_through_all_its_commands(desk: Desk) -> None:
    number = desk.created()
    (listed,) = json.loads(desk.run("list", "--json"))
    assert (listed["id"], listed["state"]) == (number, "draft")

    shown = desk.json("dry-run", number)
    assert shown["counts"] == {"free": 2, "not_wanted": 1}
    assert [one["verdict"] for one in shown["recipients"]] == [
        "not_wanted", "free", "free",
    ]  # fmt: skip
    assert desk.json("dry-run", number)["list_sha256"] == shown["list_sha256"]

    assert "cannot approve it himself" in desk.run(
        "approve", number, "--by", "Lan", fails=True
    )
    approved = desk.json("approve", number, "--by", "Sáu")
    assert approved["state"] == "approved"
    assert approved["dry_run"]["list_sha256"] == shown["list_sha256"]
    for verb, state in (
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("cancel", "cancelled"),
    ):
        assert desk.json(verb, number)["state"] == state
    missed = desk.folder / "missed.csv"
    ended = desk.json("show", number, "--not-reached", str(missed))
    assert ended["changes"] == []
    with missed.open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_approving_needs_no_dry_run_before(desk: Desk) -> None:
    number = desk.created()
    with desk.database.reading() as session:
        second = session.get_one(Official, 2)
    assert desk.json("approve", number, "--by", second.pseudonym)["state"] == "approved"


def test_one_whose_time_has_come_starts_with_its_approval(desk: Desk) -> None:
    text = 'title = "a"\ntext = "b"\nowner = "Lan"\nstarts_at = 2026-01-01T08:00:00\n'
    number = desk.json("create", desk.file(text))["id"]
    assert desk.json("approve", number, "--by", "Sáu")["state"] == "running"
    assert desk.json("start", number)["state"] == "running"


def test_recipients_as_a_file(desk: Desk) -> None:
    number = desk.created()
    file = desk.folder / "people.csv"
    desk.run("dry-run", number, "--recipients", str(file))
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["price_vnd"] for row in rows] == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('title = "a"\ntext = "b"\nowner = "Ai"', "no official 'Ai'"),
        (
            'title = "a"\ntext = "b"\n[audience]\ncommunes = ["xa_can_duok"]',
            "audience.communes: no unit 'xa_can_duok', did you mean xa_can_duoc?",
        ),
        (
            'title = "a"\ntext = "b"\n[audience]\naccounts = ["9"]',
            "audience.accounts: 9 is not one of 1",
        ),
        ('title = "a"\ntext = "b"\npicture = "campaign.toml"', "Zalo does not take"),
    ],
)
def test_a_wrong_file_is_one_line_and_nothing_is_kept(
    desk: Desk, content: str, said: str
) -> None:
    assert said in desk.run("create", desk.file(content), fails=True)
    assert json.loads(desk.run("list", "--json")) == []


def test_an_unknown_campaign_is_one_line(desk: Desk) -> None:
    assert desk.run("show", "17", fails=True) == "no campaign '17'"


def test_lines_to_read(desk: Desk) -> None:
    number = desk.created()
    desk.run("dry-run", number)
    assert "Thử" in desk.run("list")
    assert "list_sha256" in desk.run("show", number)
    assert "free\t2" in desk.run("dry-run", number)


def test_an_emergency_goes_to_everybody_without_a_word_about_news(desk: Desk) -> None:
    text = 'title = "a"\ntext = "b"\nowner = "Lan"\nemergency = true\n'
    number = desk.json("create", desk.file(text))["id"]
    desk.json("approve", number, "--by", "Lan")
    desk.json("start", number)
    with desk.database.reading() as session:
        rows = session.exec(select(OutboxMessage)).all()
    assert [row.content["text"] for row in rows] == ["b"] * 3
