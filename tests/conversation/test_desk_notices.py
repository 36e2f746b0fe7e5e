"""Officials hear that somebody waits: once, in their hours, and not while it is unread."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.people import absences
from models import (
    Contact,
    Handover,
    MessageKind,
    MessageStatus,
    Official,
    OutboxMessage,
    Role,
)
from scheduler.desk import tell_desks
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, TAN_LAN, Office
from tests.jobs import workshop_of

LAMP = "Đèn đường ấp 3 tắt từ tuần trước"


def now_of(town: Town) -> datetime:
    return town.worker.conversations.clock.now()


def tick(town: Town, later: timedelta = timedelta()) -> int:
    return tell_desks(workshop_of(town), now_of(town) + later)["told"]


def notices(town: Town) -> list[OutboxMessage]:
    with town.database.reading() as session:
        return list(
            session.exec(
                select(OutboxMessage)
                .where(OutboxMessage.kind == MessageKind.DESK_NOTICE)
                .order_by(col(OutboxMessage.id))
            ).all()
        )


def unread(town: Town) -> None:
    """As on a phone that lies in a drawer."""
    with town.database.writing() as session:
        for one in session.exec(
            select(OutboxMessage).where(OutboxMessage.kind == MessageKind.DESK_NOTICE)
        ):
            one.status, one.seen_at = MessageStatus.SENT, None


def test_nobody_waits_nobody_is_told(town: Town, lan: Chat) -> None:
    assert tick(town) == 0


def test_one_message_for_all_that_waits_with_the_way_there(
    town: Town, lan: Chat, chat: Chat
) -> None:
    chat.says(f"phản ánh: {LAMP}")
    chat.says("1")
    chat.says("1")
    chat.says("gặp cán bộ")
    assert tick(town) == 1
    lan.drain()
    said = lan.last_from_bot()["text"]
    assert "1 bà con đang chờ gặp cán bộ" in said
    assert "1 phản ánh mới" in said
    assert "/dashboard/conversations" in said
    assert LAMP not in said
    assert tick(town) == 0  # nothing new


def test_unread_means_no_second_one_until_the_next_day(
    town: Town, lan: Chat, chat: Chat
) -> None:
    chat.says("gặp cán bộ")
    assert tick(town) == 1
    lan.drain()
    unread(town)
    town.chat_of("anh-minh").says("gặp cán bộ")
    assert tick(town, timedelta(minutes=5)) == 0
    assert tick(town, timedelta(days=1)) == 1  # Thursday


def test_read_and_somebody_new_is_told_at_most_four_times_a_day(
    town: Town, lan: Chat, chat: Chat
) -> None:
    told = 0
    for _ in range(6):
        chat.says("menu")
        chat.says("gặp cán bộ")
        told += tick(town)
        lan.drain()
        lan.says("chào")  # he is there
    assert told == 4


def test_not_outside_office_hours(town: Town, lan: Chat, chat: Chat) -> None:
    chat.says("gặp cán bộ")
    assert tick(town, timedelta(hours=9)) == 0  # Wednesday evening
    assert tick(town, timedelta(days=3)) == 0  # Saturday
    assert tick(town, timedelta(days=1)) == 1


def test_who_is_away_or_of_another_unit_hears_nothing(
    town: Town, lan: Chat, office: Office, chat: Chat
) -> None:
    office.phone_of("ong-sau", (TAN_LAN, Role.OFFICIAL), name="Lê Văn Sáu")
    hoa = office.phone_of("anh-dung", (CAN_DUOC, Role.LEADER), name="Trần Văn Dũng")
    with town.database.writing() as session:
        her = session.exec(
            select(Official).where(Official.name == "Nguyễn Thị Lan")
        ).one()
        today = now_of(town).astimezone(town.settings.zone)
        day = today.date()
        absences.begin(session, her, day, day + timedelta(days=3), None, today)
    chat.says("gặp cán bộ")
    assert tick(town) == 1
    (notice,) = notices(town)
    with town.database.reading() as session:
        him = session.get_one(Contact, notice.contact_id)
        name = session.get_one(Official, him.official_id).name
    assert name == "Trần Văn Dũng"
    assert hoa.person == "anh-dung"


def test_what_has_not_left_is_called_back_when_nobody_waits(
    town: Town, lan: Chat, chat: Chat
) -> None:
    chat.says("gặp cán bộ")
    assert tick(town) == 1
    with town.database.writing() as session:
        handover = session.exec(select(Handover)).one()
        handover.taken_at = now_of(town)
    done = tell_desks(workshop_of(town), now_of(town))
    assert done == {"told": 0, "called_back": 1}
    assert [one.status for one in notices(town)] == [MessageStatus.CANCELLED]
