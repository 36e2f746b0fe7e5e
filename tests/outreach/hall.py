"""People of every kind in front of one account, and a campaign from draft to its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.calendar import Calendar
from bot.channel import money
from bot.db import Database
from bot.outreach import consent
from bot.outreach.campaigns import approving, editing, lists, results, running
from bot.outreach.campaigns.broadcasts import Broadcasting
from bot.outreach.campaigns.driving import Driving
from bot.outreach.campaigns.editing import Wish
from bot.outreach.campaigns.lists import DryRun
from bot.outreach.campaigns.results import Progress
from bot.outreach.campaigns.terms import Terms
from bot.outreach.choke import Choke
from models import (
    Account,
    AdminUnit,
    Campaign,
    CampaignRun,
    Contact,
    Lane,
    Membership,
    Official,
    OutboxMessage,
    Role,
    UnitLevel,
)
from tests.channel.conftest import OA_ID, PRICE, Post
from tests.duties.office import ZONE

MORNING = datetime(2027, 3, 1, 9, tzinfo=ZONE)  # a Monday without a holiday near
UNIT = "xa_mau"
TERMS = Terms(ZONE, PRICE)


class Hall:
    """Everybody wants news and wrote today, unless said otherwise."""

    def __init__(self, post: Post) -> None:
        self.post, self.clock, self.database = post, post.clock, post.database
        self.sender = post.new_sender(objects=Choke(Calendar(), ZONE).objection)
        self.driving = self.new_driving(self.database)
        self._number = 0
        with self.database.writing() as session:
            session.add(AdminUnit(code=UNIT, name="Xã Mẫu", level=UnitLevel.COMMUNE))
            session.get_one(Account, OA_ID).unit_code = UNIT
            self.owner = self._official(session, "Lan", Role.ADMINISTRATOR)
            self.second = self._official(session, "Sáu", Role.SUPERVISOR)
            self.outsider = self._official(session, "Hoa", Role.OFFICIAL)

    def new_driving(self, database: Database) -> Driving:
        broadcasting = Broadcasting(
            database, self.clock, TERMS, self.post.client, self.post.accounts,
            lambda: True,
        )  # fmt: skip
        return Driving(database, self.clock, TERMS, broadcasting)

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return self.now().astimezone(ZONE).date()

    # --- people ---------------------------------------------------------------------

    def _official(self, session: Session, name: str, role: Role) -> Official:
        official = Official(
            pseudonym=f"p-{role}",
            name=name,
            created_at=self.now(),
            joined_at=self.now(),
        )
        session.add(official)
        session.flush()
        session.add(
            Membership(
                official_id=official.id or 0,
                unit_code=UNIT,
                role=role,
                since_on=date(2026, 1, 1),
            )
        )
        return official

    def person(
        self, *, hours_ago: float | None = 1, wants: bool = True, **fields: Any
    ) -> Contact:
        self._number += 1
        last = None if hours_ago is None else self.now() - timedelta(hours=hours_ago)
        given = {"last_interaction_at": last, "is_follower": True} | fields
        contact = self.post.person(f"u{self._number}", **given)
        if wants:
            with self.database.writing() as session:
                consent.opt_in(session, contact, "", "v1", self.now())
        return contact

    def people(self, count: int, **fields: Any) -> list[Contact]:
        return [self.person(**fields) for _ in range(count)]

    def allow(self, vnd: int) -> None:
        with self.database.writing() as session:
            money.set_budget(session, OA_ID, Lane.CAMPAIGN, vnd, self.now())

    def opts_out(self, contact: Contact) -> None:
        with self.database.writing() as session:
            consent.opt_out(session, contact, "", "v1", self.now())

    def interacts(self, contact: Contact) -> None:
        with self.database.writing() as session:
            found = session.get_one(Contact, contact.id)
            found.last_interaction_at = self.now()

    # --- a campaign -----------------------------------------------------------------

    def draft(self, text: str = "Tin của xã", **wish: Any) -> int:
        with self.database.writing() as session:
            made = editing.create(
                session, Wish(title="Thử", text=text, **wish), self.owner, self.now()
            )
            return made.id or 0

    def edit(self, number: int, **changes: Any) -> None:
        with self.database.writing() as session:
            found = editing.find(session, number)
            wish = replace(editing.wish_of(found), **changes)
            editing.edit(session, found, wish, "p-administrator", self.now())

    def dry_run(self, number: int) -> DryRun:
        with self.database.writing() as session:
            found = editing.find(session, number)
            run = lists.make_whole(session, found, TERMS, self.now())
            return lists.dry_run_of(found, run)

    def approve(self, number: int, official: Official | None = None) -> None:
        with self.database.writing() as session:
            found = editing.find(session, number)
            approving.approve(
                session, found, official or self.second, self.now(), self.today()
            )
            running.start_if_due(session, found, TERMS, "p-administrator", self.now())

    def does(self, number: int, verb: str) -> None:
        with self.database.writing() as session:
            found = editing.find(session, number)
            if verb == "start":
                running.start(session, found, TERMS, "p-administrator", self.now())
            else:
                getattr(running, verb)(session, found, "p-administrator", self.now())

    def begun(self, text: str = "Tin của xã", **wish: Any) -> int:
        """Written, listed, approved, started."""
        number = self.draft(text, **wish)
        self.dry_run(number)
        self.approve(number)
        self.does(number, "start")
        return number

    def drive(self) -> None:
        while self.driving.run_once():
            pass

    def send(self) -> None:
        """Until nothing is left to write down and nothing to send."""
        while self.driving.run_once() or self.sender.run_once():
            pass

    # --- what came of it --------------------------------------------------------------

    def campaign(self, number: int) -> Campaign:
        with self.database.reading() as session:
            return editing.find(session, number)

    def run(self, number: int) -> CampaignRun:
        with self.database.reading() as session:
            found = lists.current(session, editing.find(session, number))
            assert found is not None
            return found

    def progress(self, number: int) -> Progress:
        with self.database.reading() as session:
            found = results.progress(session, editing.find(session, number))
            assert found is not None
            return found

    def not_reached(self, number: int) -> dict[int, str]:
        with self.database.reading() as session:
            found = editing.find(session, number)
            return dict(results.not_reached(session, found, self.run(number)))

    def reached(self) -> Counter[str]:
        """How often each person's phone rang."""
        return Counter(one["user_id"] for one in self.post.zalo.delivered)

    def messages(self) -> list[OutboxMessage]:
        with self.database.reading() as session:
            return list(
                session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
            )
