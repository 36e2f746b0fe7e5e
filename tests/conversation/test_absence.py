"""Officials who are away, who ask for a pause, and words that end news but mean no "yes"."""

from __future__ import annotations

from sqlmodel import col, select

from bot.people.privacy import CAMPAIGNS
from models import Absence, AuditEntry, ConsentRecord, Exemption, Role
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, Office


def away(town: Town) -> list[tuple[str, str, bool, bool]]:
    with town.database.reading() as session:
        rows = session.exec(select(Absence).order_by(col(Absence.id))).all()
    return [
        (
            f"{row.since_on:%d/%m}", f"{row.until_on:%d/%m}",
            row.substitute_id is not None, row.ended_at is not None,
        )
        for row in rows
    ]  # fmt: skip


def test_an_official_goes_on_leave_names_a_substitute_and_comes_back(
    office: Office, town: Town, lan: Chat
) -> None:
    office.phone_of("anh-dung", (CAN_DUOC, Role.OFFICIAL), name="Trần Thị Hoa")
    (said,) = lan.says("nghỉ phép")
    assert "đến ngày nào" in said
    (said,) = lan.says("nghỉ phép đến 5/12, chị Nga thay")
    assert "chưa rõ ai làm thay" in said
    assert "Trần Thị Hoa" in said
    assert away(town) == []
    (said,) = lan.says("Nghỉ phép đến 5/12, chị Hoa thay")
    assert "đến hết 05/12/2026" in said
    assert "nhắc Trần Thị Hoa" in said
    (said,) = lan.says("em xin nghỉ từ ngày 30/11 đến ngày 2/12")
    assert "từ 30/11/2026 đến hết 02/12/2026" in said
    (said,) = lan.says("đi làm lại")
    assert "trở lại" in said
    (said,) = lan.says("đi làm lại")
    assert "không thấy" in said
    assert away(town) == [
        ("25/11", "05/12", True, True),
        ("30/11", "02/12", False, True),
    ]
    with town.database.reading() as session:
        actions = session.exec(select(AuditEntry.action)).all()
    assert actions.count("absence.begin") == 2
    assert actions.count("absence.end") == 2


def test_a_pause_asks_the_supervisor_for_an_exemption(lan: Chat, town: Town) -> None:
    (asked,) = lan.says("tạm hoãn tuần này vì mất điện ba ngày")
    number = next(
        line[0] for line in asked.splitlines() if "ả" in line and line[0].isdigit()
    )
    said = lan.says(number)[0]
    assert "mất điện ba ngày" in said
    with town.database.reading() as session:
        asked_for = session.exec(select(Exemption)).all()
    assert {one.reason for one in asked_for} == {"mất điện ba ngày"}
    assert {one.period for one in asked_for} == {"2026-W48"}


def test_a_citizen_asking_about_leave_asks_a_question(chat: Chat, town: Town) -> None:
    chat.says("chào")
    chat.says("nghỉ thai sản đến khi nào thì hết chế độ")
    assert away(town) == []


def test_yes_is_not_taken_for_stop(chat: Chat, town: Town) -> None:
    chat.says("chào")
    for word in ("Đúng", "đúng rồi ạ"):
        chat.says(word)
    with town.database.reading() as session:
        purposes = session.exec(select(ConsentRecord.purpose)).all()
    assert CAMPAIGNS not in purposes
    assert "không nhận tin tuyên truyền" in chat.says("thoi dung nhan nua nha")[0]
