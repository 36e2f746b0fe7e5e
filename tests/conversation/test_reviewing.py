"""Stories of supervisors: what waits, decisions, two at once, undo, closed periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from bot.duties import closing
from bot.duties.periods import parse_period
from bot.people import audit
from models import (
    Exemption,
    Official,
    OutboxMessage,
    PeriodVersion,
    Proof,
    ProofCheck,
    ProofState,
    Role,
)
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, PROVINCE, TAN_LAN, Office
from tests.conversation.test_submitting import (
    MONDAY,
    OA,
    ZALO_LINK,
    number_of,
    placed,
    proofs,
)


def doubt(town: Town) -> None:
    """As if all that came in had been checked, with doubts."""
    with town.database.writing() as session:
        for proof in session.scalars(select(Proof)):
            if proof.state == ProofState.RECEIVED:
                proof.state = ProofState.DOUBTFUL


def told(chat: Chat) -> str:
    """The newest message on this phone."""
    chat.drain()
    text: str = chat.last_from_bot()["text"]
    return text


# --- one decision after the other -----------------------------------------------------------


def test_a_new_clerk_has_an_accepted_proof_after_two_messages(
    office: Office, town: Town, sau: Chat
) -> None:
    clerk = town.chat_of("chi-lan")
    clerk.says(office.code(name="Nguyễn Thị Lan"))
    clerk.says(ZALO_LINK)
    doubt(town)
    sau.says("duyệt")
    sau.says("1")
    sau.says("1")
    assert placed(town) == [f"{OA} 2026-W48 accepted"]
    assert "đã được chấp nhận" in told(clerk)
    written = [one for one in clerk.bubbles() if one["from"] == "person"]
    assert len(written) == 2  # at most four are promised, and two for each later proof


def test_what_waits_is_listed_shown_and_rejected_with_a_reason(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    (listed,) = sau.says("duyet")
    assert "1 mục chờ duyệt" in listed
    assert "1. Xã Cần Đước: 2.2 Tin trên trang web và Zalo OA (Zalo OA)" in listed
    (details,) = sau.says("1")
    assert "Minh chứng số 1" in details
    assert "Nguyễn Thị Lan gửi" in details
    assert ZALO_LINK in details
    (why,) = sau.says("2")
    assert "1. Bài không thuộc kỳ này" in why
    rejected, nothing_left = sau.says("1")
    assert "Đã từ chối số 1 (Xã Cần Đước): Bài không thuộc kỳ này" in rejected
    assert "không còn gì chờ duyệt" in nothing_left
    assert "chưa được chấp nhận: Bài không thuộc kỳ này" in told(lan)
    (proof,) = proofs(town)
    assert (proof.state, proof.reason) == ("rejected", "Bài không thuộc kỳ này")
    with town.database.reading() as session:
        assert audit.verify(session) is None


def test_the_reason_in_own_words_must_be_one(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    for text in ("duyệt", "1", "từ chối"):
        sau.says(text)
    assert "cần một câu" in sau.says("ko")[0]
    sau.says("Bài của tuần trước rồi chị ơi")
    assert proofs(town)[0].reason == "Bài của tuần trước rồi chị ơi"
    assert "tuần trước rồi" in told(lan)


def test_the_next_comes_by_itself_and_later_ones_wait(
    lan: Chat, sau: Chat, town: Town
) -> None:
    for place in ("zalo", "loa", "zalo tuần trước"):
        lan.says(f"{place} {ZALO_LINK}/{place[-1]}")
    doubt(town)
    sau.says("duyệt")
    (first,) = sau.says("1")
    assert "còn 2 mục nữa" in first
    (second,) = sau.says("3")
    assert "Minh chứng số 2" in second
    accepted, third = sau.says("1")
    assert "Đã chấp nhận số 2" in accepted
    assert "Minh chứng số 3" in third
    _, end = sau.says("chấp nhận")
    assert "để sau" in end
    assert [one.state for one in proofs(town)] == ["doubtful", "accepted", "accepted"]


def test_what_the_check_saw_is_shown(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    with town.database.writing() as session:
        session.add(
            ProofCheck(
                proof_id=1, number=0, checked_at=datetime.now(UTC),
                page_title="Ra quân chuyển đổi số",
                findings=[
                    {"code": "alive", "ok": True},
                    {"code": "in_period", "ok": None, "why": "after", "date": "2026-11-30"},
                ],
            )
        )  # fmt: skip
    sau.says("duyệt")
    (details,) = sau.says("1")
    assert "Ra quân chuyển đổi số" in details
    assert "– bài đăng ngày 30/11/2026, sau kỳ này" in details
    assert "trang mở được" not in details


# --- who may, and two at once ----------------------------------------------------------------------


def test_only_supervisors_review_and_only_their_units(
    lan: Chat, office: Office, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    assert "chỉ người theo dõi" in lan.says("duyệt")[0]
    elsewhere = office.phone_of("chi-hoa", (TAN_LAN, Role.SUPERVISOR))
    assert "không có gì chờ duyệt" in elsewhere.says("duyệt")[0]
    citizen = office.phone_of("ba-tam")
    assert "dành cho cán bộ" in citizen.says("duyệt")[0]


def test_two_supervisors_do_not_decide_the_same(
    lan: Chat, sau: Chat, office: Office, town: Town
) -> None:
    other = office.phone_of("anh-dung", (PROVINCE, Role.SUPERVISOR))
    lan.says(ZALO_LINK)
    lan.says(f"loa {ZALO_LINK}/2")
    doubt(town)
    sau.says("duyệt")
    sau.says("1")
    (listed,) = other.says("duyệt")
    assert "(có người đang xem)" in listed
    taken, following = other.says("1")
    assert "số 1 đang được Lê Văn Sáu xem" in taken
    assert "Minh chứng số 2" in following


def test_who_was_slower_changes_nothing(
    lan: Chat, sau: Chat, office: Office, town: Town
) -> None:
    other = office.phone_of("anh-dung", (PROVINCE, Role.SUPERVISOR))
    lan.says(ZALO_LINK)
    doubt(town)
    sau.says("duyệt")
    sau.says("1")
    sau.post_control("/clock", {"move_seconds": 6 * 60})  # his claim is over
    other.says("duyệt")
    other.says("1")
    other.says("1")
    said = sau.says("1")
    assert "vừa có người khác quyết định" in said[0]
    with town.database.reading() as session:
        decided = session.scalars(select(col(Proof.decided_by))).one()
        supervisors = session.scalars(select(col(Proof.review_by_id))).one()
        (pseudonym,) = session.scalars(
            select(col(Official.pseudonym)).where(col(Official.id) == supervisors)
        )
    assert decided == pseudonym  # of who decided first, not of who came later


def test_a_sender_who_withdraws_meanwhile_is_respected(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    sau.says("duyệt")
    sau.says("1")
    lan.says("rút")
    assert "người gửi đã rút" in sau.says("1")[0]
    assert placed(town) == [f"{OA} 2026-W48 withdrawn"]


def test_who_loses_the_role_in_the_middle_decides_nothing(
    lan: Chat, sau: Chat, office: Office, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    sau.says("duyệt")
    sau.says("1")
    with town.database.writing() as session:
        from models import Membership

        mine = session.scalars(
            select(Membership).where(col(Membership.role) == Role.SUPERVISOR)
        ).one()
        mine.until_on = mine.since_on - timedelta(days=1)
    sau.says("1")
    assert placed(town) == [f"{OA} 2026-W48 doubtful"]


# --- undo -------------------------------------------------------------------------------------------


def test_the_last_decision_is_undone_within_ten_minutes(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    for text in ("duyệt", "1", "1"):
        sau.says(text)
    (undone,) = sau.says("hoan tac")
    assert "đã hoàn tác: số 1" in undone
    assert "đang được xem lại" in told(lan)
    assert placed(town) == [f"{OA} 2026-W48 doubtful"]
    assert "không có quyết định nào" in sau.says("hoàn tác")[0]


def test_after_ten_minutes_a_decision_stays(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    for text in ("duyệt", "1", "1"):
        sau.says(text)
    sau.post_control("/clock", {"move_seconds": 601})
    assert "không có quyết định nào" in sau.says("hoàn tác")[0]
    assert placed(town) == [f"{OA} 2026-W48 accepted"]


# --- closed periods ----------------------------------------------------------------------------------


def test_in_a_closed_period_a_decision_needs_a_reason_and_makes_a_version(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    lan.post_control("/clock", {"set": MONDAY})
    with town.database.writing() as session:
        now = town.worker.conversations.clock.now().astimezone(town.settings.zone)
        closing.close(session, parse_period("2026-W48"), audit.PROGRAM, now)
    sau.says("duyệt")
    assert "(đã khóa sổ)" in sau.says("1")[0]
    (why,) = sau.says("1")
    assert "vì sao vẫn tính thêm" in why
    sau.says(number_of("Đã làm đúng kỳ", why))
    assert placed(town) == [f"{OA} 2026-W48 accepted"]
    assert versions(town) == [(1, ""), (2, "Đã làm đúng kỳ, nộp trễ có lý do")]
    sau.says("hoàn tác")
    assert versions(town)[2] == (3, "Hoàn tác quyết định vừa rồi")


def versions(town: Town) -> list[tuple[int, str]]:
    with town.database.reading() as session:
        rows = session.scalars(
            select(PeriodVersion).order_by(col(PeriodVersion.version))
        )
        return [(one.version, one.reason) for one in rows]


# --- exemptions --------------------------------------------------------------------------------------


def test_an_exemption_is_asked_in_one_message_and_granted(
    lan: Chat, sau: Chat, town: Town
) -> None:
    (which,) = lan.says("xin miễn tuần này vì mất điện cả xã")
    assert "Xin miễn việc nào" in which
    (asked,) = lan.says(number_of("2.3 Phát thanh", which))
    assert "Lý do: mất điện cả xã" in asked
    (listed,) = sau.says("duyệt")
    assert "Xã Cần Đước: xin miễn 2.3" in listed
    (details,) = sau.says("1")
    assert "Lý do: mất điện cả xã" in details
    granted, _ = sau.says("1")
    assert "Đã cho Xã Cần Đước miễn 2.3" in granted
    assert "được miễn 2.3" in told(lan)
    assert "○" in lan.says("của tôi")[0]


def test_an_exemption_without_a_reason_is_asked_for_it_and_can_be_refused(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says("xin mien")
    (why,) = lan.says("tất cả các việc trên")
    assert "Lý do xin miễn" in why
    assert "cần một câu" in lan.says("bận")[0]
    lan.says("Xã đang chống bão số 9")
    with town.database.reading() as session:
        asked = session.scalars(select(Exemption)).all()
    assert len(asked) > 2
    sau.says("duyệt")
    sau.says("1")
    sau.says("2")
    sau.says("1")
    assert "chưa được miễn" in told(lan)


# --- tables ------------------------------------------------------------------------------------------


def test_my_table_shows_four_weeks_in_signs(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    (table,) = lan.says("của tôi")
    assert table.startswith("Xã Cần Đước\nTuần 45 · 46 · 47 · 48")
    assert "✗ ✗ ✗ …  2.2 Tin trên trang web và Zalo OA (Zalo OA)" in table
    assert "✗ ✗ ✗ –  2.3 Phát thanh" in table
    assert "Tháng 11/2026\n–  3.3b" in table
    assert "Quý IV/2026\n–  3.3a" in table
    assert "✗ thiếu · … chờ duyệt · – chưa đến hạn" in table
    for text in ("duyệt", "1", "1"):
        sau.says(text)
    assert "✗ ✗ ✗ ✓" in lan.says("cua toi")[0]
    assert "Đơn vị còn thiếu" in lan.says("1")[0]


def test_of_several_units_one_is_chosen(office: Office) -> None:
    both = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), (TAN_LAN, Role.LEADER))
    assert "Xem đơn vị nào" in both.says("của tôi")[0]
    assert both.says("tan lan")[0].startswith("Xã Tân Lân")


def test_a_supervisor_sees_all_units_with_who_is_missing(
    lan: Chat, sau: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    (table,) = sau.says("bảng")
    assert "Tuần 48 (23/11–29/11): 6 đơn vị" in table
    assert "• Xã Cần Đước: 2.2 trang web, 2.3 loa truyền thanh" in table
    assert "• Xã Tân Lân: 2.2 trang web, 2.2 Zalo OA, 2.3 loa truyền thanh" in table
    assert "1 minh chứng đang chờ duyệt" in table
    (before,) = sau.says("tuần trước")
    assert "Tuần 47" in before
    assert "✗ 18 thiếu" in before


def test_a_decision_reaches_the_sender_once(lan: Chat, sau: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    doubt(town)
    for text in ("duyệt", "1", "1"):
        sau.says(text)
    with town.database.reading() as session:
        texts = [
            one.content["text"]
            for one in session.scalars(select(OutboxMessage))
            if "đã được chấp nhận" in one.content.get("text", "")
        ]
    assert len(texts) == 1
