"""Stories of supervisors who close a period in the chat."""

from __future__ import annotations

from sqlmodel import select

from bot.people import audit
from models import AuditEntry, Role
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, Office
from tests.conversation.test_reviewing import doubt, versions
from tests.conversation.test_submitting import MONDAY, ZALO_LINK


def test_a_week_is_closed_after_a_question(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    sau.post_control("/clock", {"set": MONDAY})
    (sure,) = sau.says("chốt tuần 48")
    assert "Khóa sổ tuần 48 (23/11–29/11), 6 đơn vị?" in sure
    assert "… 1 ô còn chờ" in sure
    assert "1. Khóa sổ\n2. Chưa khóa" in sure
    assert len(sure) <= 600
    assert versions(town) == []
    assert "nhắn 1 hoặc 2" in sau.says("sao ạ")[0]
    (closed,) = sau.says("1")
    assert "đã khóa sổ tuần 48 (23/11–29/11), bản 1" in closed
    assert versions(town) == [(1, "")]
    assert "hiện là bản 1" in sau.says("chot tuan 48")[0]
    with town.database.reading() as session:
        actions = [one.action for one in session.scalars(select(AuditEntry))]
        assert actions.count("period.close") == 1
        assert audit.verify(session) is None


def test_who_says_no_closes_nothing(sau: Chat, town: Town) -> None:
    sau.says("khóa sổ tháng 10")
    assert "chưa khóa" in sau.says("chưa khóa")[0]
    assert versions(town) == []


def test_without_a_name_the_open_periods_are_offered(sau: Chat, town: Town) -> None:
    (which,) = sau.says("chốt")
    assert "1. tuần 47 (16/11–22/11)\n2. tuần 46" in which
    assert "tháng 10/2026" in which
    sau.says("tháng 10")
    sau.says("1")
    assert versions(town) == [(1, "")]
    assert "tháng 10/2026" not in sau.says("chốt")[0]


def test_a_period_that_still_runs_is_not_closed(sau: Chat, town: Town) -> None:
    assert "đến hết ngày 29/11/2026 mới xong" in sau.says("chốt tuần này")[0]
    assert versions(town) == []


def test_only_who_looks_after_all_units_closes(
    lan: Chat, office: Office, town: Town
) -> None:
    assert "chỉ người theo dõi" in lan.says("chốt tuần 47")[0]
    of_one = office.phone_of("anh-dung", (CAN_DUOC, Role.SUPERVISOR))
    assert "tất cả các đơn vị" in of_one.says("chốt tuần 47")[0]
    citizen = office.phone_of("ba-tam")
    assert "khóa sổ" not in citizen.says("chốt tuần 47")[0]
    assert versions(town) == []
