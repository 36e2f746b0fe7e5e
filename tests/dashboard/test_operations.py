"""Operations: what gave up, what was sent to whom and why not, the log and its chain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from bot.people import audit
from bot.watching.alarms import raise_alarm
from bot.watching.kinds import AlarmKind
from models import (
    Account,
    AuditEntry,
    ConsentRequest,
    Contact,
    Lane,
    MessageStatus,
    OutboxMessage,
    Role,
    SendAttempt,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, House


def message(house: House, contact: Contact, **values: Any) -> int:
    own: dict[str, Any] = {
        "dedupe_key": f"reminder:{values}", "oa_id": "oa", "contact_id": contact.id,
        "lane": Lane.REMINDER, "content": {"text": "Anh/chị còn thiếu bài tuần này"},
        "due_at": house.now, "created_at": house.now, "status": MessageStatus.DEAD,
    }  # fmt: skip
    with house.database.writing() as session:
        row = OutboxMessage(**own | values)
        session.add(row)
        session.flush()
        session.add(
            SendAttempt(
                message_id=row.id or 0, started_at=house.now, duration_ms=31,
                endpoint="message", http_status=200, zalo_code=-213, outcome="stop_recipient",
            )
        )  # fmt: skip
        return row.id or 0


def contact_of(house: House, name: str, unit: str = HOME) -> Contact:
    person = house.official(Role.OFFICIAL, unit, name=name)
    found: Contact = house.reading(
        lambda s: s.exec(
            select(Contact).where(col(Contact.official_id) == person.id)
        ).one()
    )
    return found


def test_dead_letters_are_tried_again_or_given_up(house: House) -> None:
    lan = contact_of(house, "Lan")
    one, two = message(house, lan, lane_rank=1), message(house, lan, lane_rank=2)
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    page = boss.text("/dashboard/operations")
    assert f"M{one}" in page
    assert "Anh/chị còn thiếu" not in page
    boss.post("/dashboard/operations/dead", {"key": f"M{one}", "verdict": "retry"})
    boss.post("/dashboard/operations/dead", {"key": f"M{two}", "verdict": "discard"})
    states = house.reading(
        lambda s: [s.get_one(OutboxMessage, n).status for n in (one, two)]
    )
    assert states == [MessageStatus.WAITING, MessageStatus.CANCELLED]
    boss.post("/dashboard/operations/dead", {"key": f"M{two}", "verdict": "retry"})
    assert "Chưa ghi" in boss.text("/dashboard/operations")
    actions = house.reading(lambda s: s.exec(select(AuditEntry.action)).all())
    assert actions[-2:] == ["dead.retried", "dead.discarded"]


def test_why_she_did_not_get_it(house: House) -> None:
    lan = contact_of(house, "Nguyễn Thị Lan")
    message(house, lan, status=MessageStatus.UNREACHABLE, reason="blocked")
    sau = house.browser(Role.SUPERVISOR, PROVINCE)
    page = sau.text("/dashboard/deliveries?who=nguyen+thi+lan")
    assert "Không gửi được tới người này." in page
    assert "Người nhận đã chặn tin từ OA." in page
    assert "mã Zalo -213" in page
    assert "Anh/chị còn thiếu" not in page  # never the words


def test_only_people_in_care_are_found(house: House) -> None:
    contact_of(house, "Nguyễn Thị Lan", FOREIGN)
    near = house.browser(Role.SUPERVISOR, HOME)
    search = "/dashboard/deliveries?who=nguyen+thi+lan"
    assert "Không thấy cán bộ nào" in near.text(search)
    number = contact_of(house, "Nguyễn Thị Lan", FOREIGN).id
    assert "Qua OA" not in near.text(f"/dashboard/deliveries?who={number}")


def test_the_chain_of_the_log_is_verified(house: House) -> None:
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    assert "Chuỗi nguyên vẹn" in boss.text("/dashboard/audit?verify=1")
    with house.database.writing() as session:
        session.execute(
            update(AuditEntry).where(col(AuditEntry.id) == 1).values(action="x")
        )
    assert "Dòng 1 không khớp" in boss.text("/dashboard/audit?verify=1")


def test_the_log_is_searched_and_paged(house: House) -> None:
    with house.database.writing() as session:
        for number in range(120):
            audit.record(
                session, "operator", "test.done", f"proof:{number}", {}, house.now
            )
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    page = boss.text("/dashboard/audit?about=test.")
    assert page.count("test.done") == 100
    assert "Cũ hơn" in page
    assert boss.text("/dashboard/audit?about=proof:119").count("test.done") == 1
    assert "Không có dòng nào" in boss.text("/dashboard/audit?about=%25")


def test_alarms_stand_on_every_page_of_who_can_act(house: House) -> None:
    with house.database.writing() as session:
        raise_alarm(session, AlarmKind.DEAD_LETTERS, "", {}, house.now)
    assert "Có tin phải bỏ dở" in house.browser(Role.SUPERVISOR).text(
        "/dashboard/people"
    )
    assert "Có tin phải bỏ dở" not in house.browser(Role.OFFICIAL).text("/dashboard/")


def test_a_permission_link_is_made_and_audited(house: House) -> None:
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    boss.text("/dashboard/accounts")
    page = boss.post("/dashboard/accounts/link", {"unit": HOME}).text
    assert "oauth" in page or "permission" in page
    made = house.reading(lambda s: s.exec(select(ConsentRequest)).one())
    assert made.unit_code == HOME
    assert made.state_sha256 not in page
    assert "permission?" not in boss.text("/dashboard/accounts")
    assert (
        "Không có đơn vị" in boss.post("/dashboard/accounts/link", {"unit": "x"}).text
    )


def test_an_account_shows_how_it_is(house: House) -> None:
    with house.database.writing() as session:
        session.add(
            Account(
                oa_id="oa1", name="UBND xã", unit_code=HOME, created_at=house.now,
                refreshed_at=house.now - timedelta(hours=3), token_problem="-14014",
            )
        )  # fmt: skip
        session.add(
            Contact(oa_id="oa1", user_id="u", created_at=house.now, is_follower=True)
        )
    boss = house.browser(Role.ADMINISTRATOR, HOME)
    page = boss.text("/dashboard/accounts")
    assert "3,0 giờ trước" in page
    assert "-14014" in page
    assert "1 người đã biết" in page
    answer = boss.post("/dashboard/accounts/oa1/check").text
    assert "không được:" in answer  # no Zalo here
