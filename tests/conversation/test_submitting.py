"""Stories of officials who send proofs: in at most two messages, corrected, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from sqlmodel import col, select

from bot.people import audit
from models import (
    AuditEntry,
    Channel,
    EvidenceKind,
    Proof,
    ProofState,
    Role,
    UnitChannel,
)
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, PROVINCE, TAN_LAN, Office

# A Wednesday of week 48; the plan of 2026 is in force.
WEDNESDAY = "2026-11-25T09:00:00+07:00"
MONDAY = "2026-11-30T09:00:00+07:00"  # of week 49
DAY = 24 * 3600
ZALO_LINK = "https://oa.zalo.me/d/bai-1"
WEB_LINK = "https://canduoc.example.gov.vn/tin/1"
OA, WEB, RADIO = "II-2.2 zalo_oa", "II-2.2 website", "II-2.3 radio"


def proofs(town: Town) -> list[Proof]:
    with town.database.reading() as session:
        return list(session.scalars(select(Proof).order_by(col(Proof.id))))


def placed(town: Town) -> list[str]:
    """Like "II-2.2 zalo_oa 2026-W48 received", oldest first."""
    return [
        f"{one.duty_id} {one.channel} {one.period} {one.state}" for one in proofs(town)
    ]


def decide(town: Town, state: ProofState, by: str = "p1", number: int = 1) -> None:
    with town.database.writing() as session:
        proof = session.get_one(Proof, number)
        proof.state, proof.decided_by = state, by


def number_of(line: str, said: str) -> str:
    """The number under which a list offers this."""
    found = re.search(rf"^(\d+)\. .*{re.escape(line)}", said, re.MULTILINE)
    assert found is not None, said
    return found[1]


# --- in one message, or two -----------------------------------------------------------------


def test_a_clear_link_is_one_message(lan: Chat, town: Town) -> None:
    (receipt,) = lan.says(ZALO_LINK)
    assert "liên kết oa.zalo.me, số 1" in receipt
    assert (
        "Xã Cần Đước: 2.2 Tin trên trang web và Zalo OA (Zalo OA), tuần 48 (23/11–29/11)"
        in receipt
    )
    assert "còn thiếu: 2.2 Tin trên trang web và Zalo OA (trang web); 2.3" in receipt
    assert "(Zalo OA);" not in receipt
    assert "1. Sửa việc hoặc tuần\n2. Rút lại" in receipt
    assert len(receipt) <= 600
    assert placed(town) == [f"{OA} 2026-W48 received"]
    (proof,) = proofs(town)
    assert (proof.url, proof.kind, proof.unit_code) == (ZALO_LINK, "link", CAN_DUOC)


def test_an_unclear_link_is_asked_about_once(lan: Chat, town: Town) -> None:
    (which,) = lan.says(WEB_LINK)
    assert "Liên kết này là của việc nào" in which
    assert placed(town) == []
    lan.says(number_of("2.2 Tin trên trang web", which))
    assert placed(town) == [f"{WEB} 2026-W48 received"]


@pytest.mark.parametrize(
    "answer", ["3.3b", "tin tren trang web cua don vi", "tháng 11"]
)
def test_the_question_is_answered_by_name_too(
    lan: Chat, town: Town, answer: str
) -> None:
    lan.says(WEB_LINK)
    lan.says(answer)
    assert placed(town) == ["II-3.3b website 2026-11 received"]


def test_the_words_beside_a_link_make_it_clear(lan: Chat, town: Town) -> None:
    lan.says(f"bai zalo tuan truoc {WEB_LINK}")
    assert placed(town) == [f"{OA} 2026-W47 received"]


def test_several_links_in_one_message_are_several_proofs_with_one_receipt(
    lan: Chat, town: Town
) -> None:
    (receipt,) = lan.says(f"{ZALO_LINK} và bài loa {ZALO_LINK}/2")
    assert "(2 minh chứng), số 1, 2" in receipt
    assert placed(town) == [f"{RADIO} 2026-W48 received"] * 2


def test_what_is_clear_is_kept_and_only_the_rest_is_asked(
    lan: Chat, town: Town
) -> None:
    (which,) = lan.says(f"{ZALO_LINK} {WEB_LINK}")
    assert "Em đã nhận số 1." in which
    (receipt,) = lan.says("1")
    assert "số 1" in receipt
    assert "số 2" in receipt
    assert [one.split()[1] for one in placed(town)] == ["zalo_oa", "website"]


def test_a_shared_link_is_a_proof_like_a_typed_one(lan: Chat, town: Town) -> None:
    lan.sends(link={"url": ZALO_LINK, "description": "Tin tuần này"})
    assert placed(town) == [f"{OA} 2026-W48 received"]


def test_a_recording_goes_to_the_loudspeakers(lan: Chat, town: Town) -> None:
    (receipt,) = lan.sends(audio="https://media.zdn.vn/a.mp3")
    assert "tệp âm thanh" in receipt
    assert placed(town) == [f"{RADIO} 2026-W48 received"]
    (proof,) = proofs(town)
    assert proof.media_url == "https://media.zdn.vn/a.mp3"
    assert proof.url is None


def test_three_pictures_in_a_row_are_three_proofs_with_one_question_and_one_receipt(
    lan: Chat, town: Town
) -> None:
    for number in (1, 2, 3):
        body = {"image": f"https://media.zdn.vn/{number}.jpg"}
        lan.post_control(f"/chats/{lan.oa_id}/{lan.person}/say", body)
    lan.post_control("/settle", {"seconds": 5})  # all are here before one is handled
    before = len(lan.bubbles())
    lan.drain()
    asked = [b["text"] for b in lan.bubbles()[before:] if b["from"] == "oa"]
    assert len(asked) == 1
    assert "3 ảnh này" in asked[0]
    (receipt,) = lan.says(number_of("2.3 Phát thanh", asked[0]))
    assert "số 1, 2, 3" in receipt
    assert placed(town) == [f"{RADIO} 2026-W48 received"] * 3


def test_pictures_that_come_apart_are_named_in_the_last_receipt(
    lan: Chat, town: Town
) -> None:
    lan.sends(image="https://media.zdn.vn/1.jpg", text="lịch phát thanh")
    (second,) = lan.sends(image="https://media.zdn.vn/2.jpg", text="loa")
    assert "(2 minh chứng), số 1, 2" in second


def test_numbers_go_where_numbers_are_asked_for(lan: Chat, town: Town) -> None:
    (receipt,) = lan.says("đã hướng dẫn được 45 trên 60 người")
    assert "số liệu 45/60" in receipt
    (proof,) = proofs(town)
    assert (proof.duty_id, proof.numbers) == ("II-6", {"done": 45, "total": 60})


def test_impossible_numbers_are_told_and_not_kept(lan: Chat, town: Town) -> None:
    (said,) = lan.says("đã cài 70/60")
    assert "70 lại nhiều hơn 60" in said
    assert proofs(town) == []


def test_zero_is_reported_for_one_duty_or_for_all(lan: Chat, town: Town) -> None:
    (which,) = lan.says("báo cáo 0")
    assert "Báo cáo 0 cho việc nào" in which
    lan.says(number_of("Tất cả các việc trên", which))
    zeros = proofs(town)
    assert len(zeros) > 2
    assert all(one.numbers == {"done": 0} for one in zeros)
    assert {one.kind for one in zeros} == {EvidenceKind.NUMBERS}


def test_the_host_of_a_unit_tells_whose_post_it_is(office: Office, town: Town) -> None:
    with town.database.writing() as session:
        session.add(
            UnitChannel(
                id="tl", unit_code=TAN_LAN, channel=Channel.WEBSITE,
                address="tanlan.example.gov.vn",
            )
        )  # fmt: skip
    both = office.phone_of(
        "chi-lan", (CAN_DUOC, Role.OFFICIAL), (TAN_LAN, Role.OFFICIAL)
    )
    (which,) = both.says("https://www.tanlan.example.gov.vn/tin/5")
    assert "Cần Đước" not in which
    both.says("1")
    assert [one.unit_code for one in proofs(town)] == [TAN_LAN]


def test_on_monday_the_week_is_asked_and_a_late_one_is_called_late(
    lan: Chat, town: Town
) -> None:
    lan.post_control("/clock", {"set": MONDAY})
    (which,) = lan.says(ZALO_LINK)
    assert "tuần 49" in which
    assert "tuần 48" in which
    lan.says("tuần 48")
    assert placed(town) == [f"{OA} 2026-W48 received"]
    (late,) = lan.says(f"bài tuần 46 {ZALO_LINK}/9")
    assert "nộp trễ" in late


def test_the_same_link_again_is_not_counted_twice(lan: Chat, town: Town) -> None:
    lan.says(f"tuần này {ZALO_LINK}")
    (said,) = lan.says(f"tuần này {ZALO_LINK}")
    assert "đơn vị đã nộp rồi, là số 1" in said
    assert len(proofs(town)) == 1


# --- nộp ------------------------------------------------------------------------------------------


def test_submitting_by_the_list_of_open_duties(lan: Chat, town: Town) -> None:
    (asked,) = lan.says("nop")
    assert "thiếu 1" in asked
    assert "trễ, thiếu 1" in asked  # of last week
    (send_it,) = lan.says(number_of("(Zalo OA), tuần 48", asked))
    assert "gửi liên kết của bài" in send_it
    assert "đang chờ minh chứng" in lan.says("đăng ký khai sinh")[0]
    lan.says(ZALO_LINK)
    assert placed(town) == [f"{OA} 2026-W48 received"]


def test_a_link_in_answer_to_the_list_is_taken_at_once(lan: Chat, town: Town) -> None:
    lan.says("nộp")
    lan.says(ZALO_LINK)
    assert placed(town) == [f"{OA} 2026-W48 received"]


def test_another_duty_than_the_open_ones_can_be_chosen(lan: Chat, town: Town) -> None:
    (asked,) = lan.says("nộp")
    (everything,) = lan.says(number_of("Việc khác", asked))
    (send_it,) = lan.says(number_of("3.4 Bảng điện tử", everything))
    assert "ảnh, video" in send_it
    lan.sends(image="https://media.zdn.vn/1.jpg")
    assert placed(town) == ["II-3.4 screen 2026-W48 received"]


def test_bare_numbers_will_do_where_they_are_waited_for(lan: Chat, town: Town) -> None:
    (asked,) = lan.says("nộp")
    (everything,) = lan.says(number_of("Việc khác", asked))
    lan.says(number_of("6 Tổ công nghệ số", everything))
    lan.says("32 lượt")
    assert [one.numbers for one in proofs(town)] == [{"done": 32}]


def test_who_owes_nothing_is_told_so(office: Office) -> None:
    chat = office.phone_of("ong-sau", (PROVINCE, Role.SUPERVISOR))
    assert "không có nhiệm vụ nào" in chat.says("nộp")[0]
    assert "không có nhiệm vụ nào" in chat.says(ZALO_LINK)[0]


# --- citizens, and questions ------------------------------------------------------------------------


def test_a_citizen_is_answered_as_before(office: Office, town: Town) -> None:
    chat = office.phone_of("ba-tam")
    assert "không mở liên kết lạ" in chat.sends(link={"url": WEB_LINK})[0]
    assert (
        "chưa đọc được chữ trong ảnh" in chat.sends(image="https://a.zdn.vn/1.jpg")[0]
    )
    assert "dành cho cán bộ" in chat.says("nộp")[0]
    assert proofs(town) == []


def test_a_question_with_a_link_is_asked_back_and_answered(
    lan: Chat, town: Town
) -> None:
    question = f"đăng ký khai sinh ở {WEB_LINK} phải không?"
    (asked,) = lan.says(question)
    assert "nộp minh chứng, hay đang hỏi" in asked
    assert "1.001193" in "".join(lan.says("2"))
    lan.says(question)
    (which,) = lan.says("1")
    assert "việc nào" in which
    assert proofs(town) == []


def test_an_official_still_asks_ordinary_questions(lan: Chat) -> None:
    assert "1.001193" in lan.says("đăng ký khai sinh")[0]
    assert "1.001193" in "".join(lan.says("1.001193"))


def test_stopping_keeps_nothing(lan: Chat, town: Town) -> None:
    lan.says(WEB_LINK)
    assert "đã dừng" in lan.says("thôi")[0]
    assert proofs(town) == []


def test_a_proof_is_heard_while_a_person_has_taken_over(lan: Chat, town: Town) -> None:
    lan.does("admin_say", {"text": "Chị gửi bài vào đây nhé"})
    lan.says(ZALO_LINK)
    assert placed(town) == [f"{OA} 2026-W48 received"]


# --- correcting ---------------------------------------------------------------------------------------


def test_a_receipt_offers_to_correct_the_week(lan: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    (where_to,) = lan.says("1")
    assert "đang tính cho: 2.2" in where_to
    moved, receipt = lan.says("tuần trước")
    assert "đã sửa" in moved
    assert "tuần 47" in receipt
    assert placed(town) == [f"{OA} 2026-W47 received"]
    assert actions(town) == ["proof.submitted", "proof.moved"]


def test_a_proof_is_moved_to_another_duty_by_number(lan: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    (where_to,) = lan.says("sua")
    lan.says(number_of("2.3 Phát thanh", where_to))
    assert placed(town) == [f"{RADIO} 2026-W48 received"]


def test_what_a_rule_accepted_is_checked_anew_after_a_move(
    lan: Chat, town: Town
) -> None:
    lan.says(ZALO_LINK)
    decide(town, ProofState.ACCEPTED, by="rule")
    lan.says("sửa")
    lan.says("tuần trước")
    (proof,) = proofs(town)
    assert (proof.state, proof.decided_by) == (ProofState.RECEIVED, None)


def test_what_a_supervisor_decided_stays(lan: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    decide(town, ProofState.ACCEPTED)
    assert "không sửa, rút được nữa" in lan.says("1")[0]
    assert "không thấy minh chứng nào" in lan.says("rút")[0]
    assert placed(town) == [f"{OA} 2026-W48 accepted"]


@pytest.mark.parametrize("word", ["2", "rút", "rut lai"])
def test_a_proof_is_withdrawn_by_number_or_word(
    lan: Chat, town: Town, word: str
) -> None:
    lan.says(ZALO_LINK)
    (said,) = lan.says(word)
    assert "đã rút số 1" in said
    assert placed(town) == [f"{OA} 2026-W48 withdrawn"]
    assert actions(town) == ["proof.submitted", "proof.withdrawn"]
    with town.database.reading() as session:
        assert audit.verify(session) is None


def test_of_several_older_ones_the_person_chooses(lan: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    lan.says(f"loa {WEB_LINK}")
    lan.post_control("/clock", {"move_seconds": 3600})
    (which,) = lan.says("rút")
    assert "Rút minh chứng nào" in which
    lan.says(number_of("số 1, liên kết oa.zalo.me", which))
    assert [one.split()[-1] for one in placed(town)] == ["withdrawn", "received"]


def test_sending_again_after_a_rejection_makes_up_for_it(lan: Chat, town: Town) -> None:
    lan.says(ZALO_LINK)
    decide(town, ProofState.REJECTED)
    (receipt,) = lan.says(f"{ZALO_LINK}/moi")
    assert "gửi lại thay cho lần trước" in receipt
    assert [one.replaces_id for one in proofs(town)] == [None, 1]


def actions(town: Town) -> Sequence[str]:
    with town.database.reading() as session:
        return session.scalars(
            select(col(AuditEntry.action))
            .where(col(AuditEntry.action).startswith("proof."))
            .order_by(col(AuditEntry.id))
        ).all()
