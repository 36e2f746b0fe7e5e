"""Several workers, processes that die, both engines: everybody exactly once."""

from __future__ import annotations

import random
import threading

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select

from bot.db import Database
from bot.outreach import consent
from bot.outreach.campaigns import approving, editing, lists, running
from bot.outreach.campaigns.driving import Driving
from bot.outreach.campaigns.editing import Wish
from models import (
    Account,
    AdminUnit,
    CampaignRecipient,
    CampaignRun,
    Contact,
    Membership,
    Official,
    OutboxMessage,
    Role,
    UnitLevel,
)
from tests.channel.conftest import MovableClock
from tests.outreach.hall import MORNING, TERMS, UNIT

PEOPLE = 200


class Dies(Exception):
    """A process, in the middle of a transaction."""


def fill(database: Database, clock: MovableClock) -> int:
    """People who want news, and an approved campaign for all of them."""
    now = clock.now()
    with database.writing() as session:
        session.add(
            Account(oa_id="1", created_at=now, access_token_sealed="x", unit_code=UNIT)
        )
        session.add(AdminUnit(code=UNIT, name="Xã Mẫu", level=UnitLevel.COMMUNE))
        owner = _official(session, "owner")
        _official(session, "second")
        for number in range(PEOPLE):
            contact = Contact(
                oa_id="1",
                user_id=f"u{number}",
                created_at=now,
                last_interaction_at=now,
                is_follower=True,
            )
            session.add(contact)
            session.flush()
            if number % 10:
                consent.opt_in(session, contact, "", "v1", now)
        made = editing.create(session, Wish(title="Thử", text="Tin"), owner, now)
        approving.ask(session, made, TERMS, "owner", now)
        return made.id or 0


def _official(session: Session, name: str) -> Official:
    official = Official(
        pseudonym=name, name=name, created_at=MORNING, joined_at=MORNING
    )
    session.add(official)
    session.flush()
    session.add(
        Membership(
            official_id=official.id or 0,
            unit_code=UNIT,
            role=Role.SUPERVISOR,
            since_on=MORNING.date(),
        )
    )
    return official


def together(drivers: list[Driving]) -> None:
    """Each in its own thread until none has anything to do."""

    def work(driving: Driving) -> None:
        idle = 0
        while idle < 3:
            try:
                idle = 0 if driving.run_once() else idle + 1
            except (Dies, OperationalError):
                continue  # started again, as a supervisor would

    threads = [threading.Thread(target=work, args=(one,)) for one in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third chunk ends before its commit."""
    rng = random.Random(5)
    for room, name in ((lists, "make_chunk"), (running, "feed")):
        whole = getattr(room, name)

        def dying(*args: object, whole: object = whole) -> object:
            done = whole(*args)  # type: ignore[operator]
            if rng.random() < 0.3:
                raise Dies
            return done

        monkeypatch.setattr(room, name, dying)


def test_workers_that_die_reach_everybody_once(
    either: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 7)
    number = fill(either, clock)
    url = either.url.render_as_string(hide_password=False)
    databases = [Database(url) for _ in range(3)]
    drivers = [Driving(one, clock, TERMS) for one in databases]
    deadly(monkeypatch)
    together(drivers)
    with either.writing() as session:
        campaign = editing.find(session, number)
        second = session.exec(
            select(Official).where(Official.pseudonym == "second")
        ).one()
        today = MORNING.date()
        approving.approve(session, campaign, second, clock.now(), today)
        campaign.starts_at = clock.now()
    together(drivers)
    for one in databases:
        one.close()
    with either.reading() as session:
        run = session.exec(select(CampaignRun)).one()
        assert run.counts == {"free": PEOPLE * 9 // 10, "not_wanted": PEOPLE // 10}
        assert run.fates == run.counts
        assert run.sent_sha256 == run.list_sha256
        listed = session.exec(select(func.count(col(CampaignRecipient.contact_id))))
        assert listed.one() == PEOPLE
        written = session.exec(
            select(func.count(), func.count(func.distinct(OutboxMessage.contact_id)))
        ).one()
        assert tuple(written) == (PEOPLE * 9 // 10, PEOPLE * 9 // 10)
