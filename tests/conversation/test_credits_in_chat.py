"""Stories of credits without work: told in the afternoon, refused, given back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pytest
from sqlmodel import col, select, update

from bot import calendar
from bot.channel.accounts import Accounts
from bot.channel.catching_up import CatchingUp
from bot.channel.seal import Sealer
from bot.channel.spool import Spool
from bot.channel.zalo.client import ZaloClient
from bot.duties import closing
from bot.duties.crediting.items import Item
from bot.duties.crediting.taking import Reading, take
from bot.duties.periods import parse_period
from bot.people import audit, joining
from models import (
    Assignment,
    Channel,
    OutboxMessage,
    Plan,
    Proof,
    ProofSource,
    ProofState,
    Role,
    UnitChannel,
)
from scheduler.clockwork import Workshop
from scheduler.credit_news import tell_credits
from tests.chat import Chat, Town
from tests.duties.office import ZONE

UNIT, PROVINCE = "xa_can_duoc", "tay_ninh"
HOST = "canduoc.example.vn"
FOREVER = date(2099, 12, 31)  # the shipped plan ends, the tests do not


@dataclass
class Office:
    town: Town
    workshop: Workshop

    @property
    def now(self) -> datetime:
        return self.town.worker.conversations.clock.now().astimezone(ZONE)

    def phone_of(self, person: str, unit: str, role: Role) -> Chat:
        chat = self.town.chat_of(person)
        chat.says("chào")
        with self.town.database.writing() as session:
            code = joining.invite(session, unit, role, audit.OPERATOR, self.now)
        chat.says(code)
        return chat

    def finds(self, number: int) -> int:
        """A post of the commune is found and credited; the number of its proof."""
        link = f"https://{HOST}/tin/{number}"
        item = Item(
            ProofSource.FEED, f"feed:{link}", "feed:x", Channel.WEBSITE,
            f"Chuyển đổi số, tin {number}", url=link, canonical_url=link,
            published_on=self.now.date(),
        )  # fmt: skip
        with self.town.database.writing() as session:
            found = take(session, item, Reading(self.now))
            assert found.proof_id is not None
            return found.proof_id

    def tells(self, at_hour: int = 16) -> dict[str, int]:
        """Both clocks go on to that hour of the next working day, and the job runs."""
        then = datetime.combine(self.now.date(), time(at_hour, 5), ZONE)
        while then <= self.now or not calendar.in_force().is_working_day(then.date()):
            then += timedelta(days=1)
        seconds = (then - self.now).total_seconds()
        self.town.chat_of("chi-lan").post_control("/clock", {"move_seconds": seconds})
        return tell_credits(self.workshop, self.now)

    def state(self, number: int) -> str:
        with self.town.database.reading() as session:
            return session.get_one(Proof, number).state


@pytest.fixture
def office(town: Town) -> Office:
    with town.database.writing() as session:
        session.execute(
            update(Plan).where(col(Plan.id) == "2026").values(valid_to=FOREVER)
        )
        session.execute(update(Assignment).values(valid_to=FOREVER))
        session.add(UnitChannel(id="t", unit_code=UNIT, address=HOST))
    client = ZaloClient.from_settings(town.settings)
    clock, texts = town.worker.conversations.clock, town.worker.conversations.texts
    accounts = Accounts(town.database, clock, client, Sealer("k" * 48), town.settings)
    workshop = Workshop(
        town.database, clock, ZONE, accounts, texts,
        catching_up=CatchingUp(town.database, clock, client, accounts, lambda: True),
        spool=Spool(town.settings.data_dir), job_names=[],
    )  # fmt: skip
    return Office(town, workshop)


@pytest.fixture
def clerk(office: Office) -> Chat:
    return office.phone_of("chi-lan", UNIT, Role.OFFICIAL)


def test_the_clerk_hears_once_a_day_what_was_credited(
    office: Office, clerk: Chat
) -> None:
    numbers = [office.finds(number) for number in range(8)]
    assert office.tells() == {"messages": 1, "credits": 8}
    clerk.drain()
    told = clerk.last_from_bot()["text"]
    assert "tự ghi nhận 8 bài của Xã Cần Đước" in told
    assert f"Số {numbers[0]}: Chuyển đổi số, tin 0" in told
    assert "và 2 bài nữa" in told
    assert f"không phải {numbers[0]}" in told
    assert re.search(r"trang web, tuần \d\d/\d\d–\d\d/\d\d: Tin trên", told)
    assert office.tells(at_hour=17) == {}


def test_what_is_not_his_is_taken_back_and_a_supervisor_restores_it(
    office: Office, clerk: Chat
) -> None:
    number = office.finds(1)
    (asked,) = clerk.says("không phải")
    assert f"• Số {number}: Chuyển đổi số, tin 1" in asked
    (answer,) = clerk.says(f"khong phai so {number}")
    assert "Em đã bỏ bài" in answer
    assert office.state(number) == ProofState.WITHDRAWN
    assert "không thấy" in clerk.says(f"không phải {number}")[0]
    assert "không thấy" in clerk.says(f"khôi phục {number}")[0]
    assert office.tells() == {}  # nothing is left to tell

    supervisor = office.phone_of("ba-tam", PROVINCE, Role.SUPERVISOR)
    (answer,) = supervisor.says(f"khôi phục {number}")
    assert "Em đã khôi phục" in answer
    assert office.state(number) == ProofState.ACCEPTED


def test_a_closed_period_is_for_the_supervisor_and_gets_a_new_version(
    office: Office, clerk: Chat
) -> None:
    number = office.finds(1)
    with office.town.database.writing() as session:
        period = parse_period(session.get_one(Proof, number).period)
        after = datetime.combine(period.last + timedelta(days=2), time(9), ZONE)
        closing.close(session, period, audit.PROGRAM, after)
    (answer,) = clerk.says(f"không phải {number}")
    assert "đã khóa sổ" in answer
    supervisor = office.phone_of("ba-tam", PROVINCE, Role.SUPERVISOR)
    supervisor.says(f"không phải {number}")
    assert office.state(number) == ProofState.WITHDRAWN
    with office.town.database.reading() as session:
        newest = closing.newest_version(session, period)
    assert newest is not None
    assert newest.version == 2
    assert "tự ghi nhận" in newest.reason


def test_a_citizen_is_answered_as_before(town: Town) -> None:
    chat = town.chat_of("chi-lan")
    chat.says("chào")
    assert "ghi nhận" not in " ".join(chat.says("không phải 12"))


def test_news_wait_for_office_hours(office: Office, clerk: Chat) -> None:
    office.finds(1)
    office.tells(at_hour=19)
    with office.town.database.reading() as session:
        rows = session.exec(select(OutboxMessage)).all()
    news = next(row for row in rows if row.dedupe_key.startswith("credits:"))
    local = news.due_at.astimezone(ZONE)
    assert (local.hour, local.minute) == (7, 30)
    assert calendar.in_force().is_working_day(local.date())
