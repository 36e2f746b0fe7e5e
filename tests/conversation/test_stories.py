"""Stories of citizens, through the front door: what reached the person's phone."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import (
    Contact,
    MessageStatus,
    OutboxMessage,
    UnansweredQuestion,
    WebhookEvent,
)
from tests.chat import Chat, Town

BIRTH = "1.001193"


@pytest.fixture
def known(chat: Chat) -> Chat:
    """Somebody who was greeted before: answers come without the hello."""
    chat.says("chào")
    return chat


# --- the first contact ----------------------------------------------------------------------


def test_first_question_is_greeted_told_of_privacy_and_answered(chat: Chat) -> None:
    hello, answer = chat.says("đăng ký khai sinh cho con")
    assert "Xin chào" in hello
    assert "KHÔNG ĐỒNG Ý" in hello
    assert f"mã {BIRTH}" in answer
    assert "https://dichvucong.gov.vn/" in answer
    assert "Kiểm tra ngày" in answer


def test_the_greeting_comes_once(chat: Chat) -> None:
    chat.says("đăng ký khai sinh")
    assert len(chat.says("đăng ký kết hôn")) == 1


def test_following_greets_with_menu_and_notice(town: Town) -> None:
    chat = town.chat_of("ba-tam", town.business)
    (greeting,) = chat.follows()
    assert "1. Thủ tục hành chính theo nhóm" in greeting
    assert "không hỏi số căn cước" in greeting


def test_following_again_shows_only_the_menu(town: Town) -> None:
    chat = town.chat_of("ba-tam", town.business)
    chat.follows()
    chat.does("unfollow", {})
    (again,) = chat.follows()
    assert "Xin chào" not in again


# --- follow-ups on the last answer -----------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("1", "Giấy tờ cần có"),
        ("2", "Lệ phí"),
        ("số 3", "Thời gian giải quyết"),
        ("4", "Nơi nộp"),
        ("5", "Căn cứ pháp lý"),
        ("6.", "Nộp trực tuyến"),
        ("giấy tờ", "Giấy tờ cần có"),
        ("le phi", "Lệ phí"),
        ("bao lâu vậy em", "Thời gian giải quyết"),
        ("Nộp ở đâu?", "Nơi nộp"),
        ("can cu phap ly", "Căn cứ pháp lý"),
        ("làm online được không", "Nộp trực tuyến"),
    ],
)
def test_follow_up_by_number_word_or_word_without_diacritics(
    known: Chat, asked: str, expected: str
) -> None:
    known.says("dang ky khai sinh")
    (answer,) = known.says(asked)
    assert answer.startswith(expected)
    assert BIRTH in answer


def test_a_number_that_was_not_offered_is_explained(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    (answer,) = known.says("9")
    assert "từ 1 đến 6" in answer


def test_follow_ups_still_work_after_an_explained_number(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    known.says("9")
    (answer,) = known.says("2")
    assert answer.startswith("Lệ phí")


def test_a_new_question_replaces_the_last_answer(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    known.says("đăng ký khai tử")
    (answer,) = known.says("giấy tờ")
    assert "1.000656" in answer


def test_quoting_an_older_answer_asks_about_that_one(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    birth = known.last_from_bot()["message_id"]
    known.says("đăng ký khai tử")
    (answer,) = known.says("lệ phí", quote=birth)
    assert BIRTH in answer


def test_the_conversation_is_forgotten_after_six_hours(known: Chat, town: Town) -> None:
    known.says("đăng ký khai sinh")
    known.post_control("/clock", {"move_seconds": 6 * 3600 + 60})
    (answer,) = known.says("2")
    assert BIRTH not in answer


def test_the_conversation_survives_a_restart(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    chat.says("đăng ký khai sinh")
    restarted = town.restarted_chat("ba-tam")
    (answer,) = restarted.says("2")
    assert answer.startswith("Lệ phí")
    assert BIRTH in answer


# --- facts as the source says them -------------------------------------------------------------


def test_a_time_without_unit_gets_no_unit(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    (answer,) = known.says("3")
    assert 'Cổng ghi "1", không ghi đơn vị' in answer
    assert "1 ngày" not in answer


def test_a_fee_set_by_the_province_is_not_called_free(known: Chat) -> None:
    known.says("đăng ký lại khai sinh")
    (answer,) = known.says("2")
    assert "HĐND cấp tỉnh quy định" in answer
    assert "miễn phí" not in answer


def test_a_replaced_procedure_answers_with_its_successor(known: Chat) -> None:
    (answer,) = known.says("1.014064")
    assert "mã 1.116410" in answer
    assert "đã được thay" in answer


def test_an_online_level_without_source_is_not_claimed(known: Chat) -> None:
    known.says("đăng ký khai sinh")
    (answer,) = known.says("6")
    assert "chưa có nguồn xác nhận" in answer


def test_a_procedure_of_the_national_index_gives_link_and_says_no_details(
    known: Chat,
) -> None:
    (answer,) = known.says("1.000005")
    assert "chưa có chi tiết" in answer
    assert "https://dichvucong.gov.vn/" in answer


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["749", "qd 749", "749/QĐ-TTg", "quyết định số 749"])
def test_a_document_is_found_by_its_symbol_in_any_shape(
    known: Chat, asked: str
) -> None:
    (answer,) = known.says(asked)
    assert answer.startswith("Quyết định 749/QĐ-TTg ngày 03/06/2020")
    assert "Chưa xác minh hiệu lực" in answer


def test_two_documents_of_one_symbol_are_asked_back_by_date(known: Chat) -> None:
    (choice,) = known.says("14119/KH-UBND")
    assert "07/03/2024" in choice
    assert "23/10/2024" in choice
    (answer,) = known.says("2")
    assert "14119/KH-UBND ngày" in answer


def test_documents_are_browsed_by_level_in_pages(known: Chat) -> None:
    (levels,) = known.says("văn bản")
    assert "1. Văn bản của Trung ương (25)" in levels
    assert "Xem theo chủ đề" in levels
    (first,) = known.says("1")
    assert "25 văn bản" in first
    assert "nhắn THÊM" in first
    (second,) = known.says("thêm")
    assert second != first
    known.says("them")
    known.says("nua")
    (end,) = known.says("thêm")
    assert "đã hết" in end


@pytest.mark.parametrize(
    ("number", "way"), [("4", "loại"), ("5", "năm"), ("6", "chủ đề"), ("7", "cơ quan")]
)
def test_documents_are_browsed_by_every_facet(
    known: Chat, number: str, way: str
) -> None:
    known.says("văn bản")
    (values,) = known.says(number)
    assert way in values
    (listed,) = known.says("1")
    (one,) = known.says("1")
    assert "Cơ quan ban hành" in one
    assert listed != values


def test_the_printed_sentence_of_a_document_is_shown_with_its_oddities(
    known: Chat,
) -> None:
    known.says("7106KH-UBND")
    (source,) = known.says("1")
    assert "7106KH-UBND" in source
    assert "Điều cần lưu ý" in source


# --- menus, groups, units -----------------------------------------------------------------------------


def test_procedures_are_browsed_by_group(known: Chat) -> None:
    known.says("menu")
    (groups,) = known.says("1")
    assert "1. Hộ tịch (" in groups
    (members,) = known.says("hộ tịch")
    (members,) = known.says("thu tuc") and known.says("1")
    (answer,) = known.says("1")
    assert f"mã {BIRTH}" in answer
    assert "Hộ tịch:" in members


def test_who_asks_for_a_divorce_hears_whose_business_it_is(known: Chat) -> None:
    (answer,) = known.says("xin ly hon can giay gi")
    assert "do Tòa án nhân dân giải quyết" in answer
    (answer,) = known.says("tối nay ăn gì ngon")
    assert "không thuộc thủ tục hành chính" in answer
    assert "Tòa án" not in answer


def test_an_old_commune_name_leads_to_todays(known: Chat) -> None:
    (answer,) = known.says("xã Phước Tuy nhập về xã nào")
    assert "Xã Cần Đước" in answer
    assert "trước ngày 01/07/2025" in answer


def test_a_desk_without_data_says_so(known: Chat) -> None:
    (answer,) = known.says("một cửa")
    assert "Xã Cần Đước" in answer
    assert "Điện thoại: chưa có" in answer


def test_my_commune_is_remembered(known: Chat) -> None:
    known.says("một cửa")
    (choose,) = known.says("chọn xã khác")
    assert "Xã Long Cang" in choose
    known.says("Xã Long Cang")
    (answer,) = known.says("một cửa")
    assert "Xã Long Cang" in answer


def test_the_state_of_a_dossier_is_explained_without_asking_for_a_code(
    known: Chat,
) -> None:
    (answer,) = known.says("hồ sơ của tôi tới đâu rồi")
    assert "dichvucong.gov.vn" in answer
    assert "VNeID" in answer


# --- not ours, not found, not words -----------------------------------------------------------------------


def test_out_of_scope_is_said_kindly_with_the_menu(known: Chat) -> None:
    (answer,) = known.says("thời tiết hôm nay có mưa không")
    assert "không thuộc thủ tục hành chính" in answer
    assert "1. Thủ tục" in answer


def test_an_unanswered_question_is_kept_without_a_name(known: Chat, town: Town) -> None:
    known.says("giá vé xem bóng đá hôm nay")
    with town.database.reading() as session:
        (kept,) = session.scalars(select(UnansweredQuestion)).all()
    assert "bóng đá" in kept.text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"image": "https://example.org/a.jpg"}, "chưa đọc được chữ trong ảnh"),
        ({"audio": "https://example.org/a.amr"}, "chưa nghe được tin thoại"),
        ({"video": "https://example.org/a.mp4"}, "chưa xem được video"),
        ({"link": {"url": "https://example.org"}}, "không mở liên kết lạ"),
        (
            {"file": {"url": "https://example.org/a.pdf", "name": "a.pdf", "size": 3}},
            "chưa đọc được tệp",
        ),
        ({"business_card": {"name": "Năm", "phone": "84900000009"}}, "danh thiếp"),
        ({"sticker": "2f4a90c1"}, "em chào anh/chị"),
    ],
)
def test_what_is_not_text_is_answered_sensibly(
    known: Chat, content: dict[str, object], expected: str
) -> None:
    (answer,) = known.sends(**content)
    assert expected in answer


def test_a_location_asks_for_the_commune(known: Chat) -> None:
    place = {"latitude": 10.5, "longitude": 106.6}
    told, choose = known.sends(location=place)
    assert "vị trí" in told
    assert "Xã Cần Đước" in choose


# --- people's data -------------------------------------------------------------------------------------------


def test_an_id_number_is_warned_of_and_stored_nowhere(known: Chat, town: Town) -> None:
    (answer,) = known.says("căn cước của tui số 079123456789 mất rồi")
    assert "đã che đi và không lưu" in answer
    assert "079123456789" not in _everything_stored(town)


def test_who_refuses_is_answered_and_his_words_are_not_kept(
    known: Chat, town: Town
) -> None:
    (said,) = known.says("không đồng ý")
    assert "vẫn trả lời bình thường" in said
    (answer,) = known.says("đăng ký khai sinh ở quê ngoại")
    assert BIRTH in answer
    with town.database.reading() as session:
        events = session.scalars(select(WebhookEvent)).all()
    assert "quê ngoại" not in str([event.payload for event in events])


def test_agreeing_and_erasing(known: Chat, town: Town) -> None:
    assert "đã đồng ý" in known.says("đồng ý")[0]
    known.says("đăng ký khai sinh ở quê ngoại")
    (said,) = known.says("xóa dữ liệu của tôi")
    assert "đã được xóa" in said
    with town.database.reading() as session:
        events = session.scalars(select(WebhookEvent)).all()
    assert "quê ngoại" not in str([event.payload for event in events])


@pytest.mark.parametrize(
    "word", ["HUY", "hủy", "Huỷ", "dung", "ngừng nhận tin", "STOP"]
)
def test_opt_out_words_stop_news_in_any_spelling(known: Chat, word: str) -> None:
    (said,) = known.says(word)
    assert "không nhận tin tuyên truyền nữa" in said


def test_withdrawing_in_zalo_erases_silently(known: Chat, town: Town) -> None:
    known.says("đăng ký khai sinh ở quê ngoại")
    assert known.does("withdraw", {}) == []
    with town.database.reading() as session:
        events = session.scalars(select(WebhookEvent)).all()
    assert "quê ngoại" not in str([event.payload for event in events])


# --- a person instead of the bot ------------------------------------------------------------------------------


def test_the_bot_keeps_quiet_while_an_official_answers(known: Chat) -> None:
    known.does("admin_say", {"text": "Chào bà, bà đợi con chút"})
    assert known.says("đăng ký khai sinh") == []
    assert "Anh/chị cần gì" in known.says("menu")[0]
    assert BIRTH in known.says("đăng ký khai sinh")[0]


def test_asking_for_a_person_silences_the_bot_for_half_an_hour(known: Chat) -> None:
    (said,) = known.says("gặp cán bộ")
    assert "30 phút" in said
    assert known.says("đăng ký khai sinh") == []
    known.post_control("/clock", {"move_seconds": 31 * 60})
    assert BIRTH in known.says("đăng ký khai sinh")[0]


# --- the channel ------------------------------------------------------------------------------------------------


def test_a_business_account_gets_buttons_and_pressing_one_answers(town: Town) -> None:
    chat = town.chat_of("chi-hoa", town.business)
    chat.says("menu")
    assert "Gặp cán bộ" in [b["title"] for b in chat.last_from_bot()["buttons"]]
    (groups,) = chat.presses("Thủ tục hành chính theo nhóm")
    assert "1. Hộ tịch (" in groups


def test_a_government_account_gets_numbered_text_only(known: Chat) -> None:
    known.says("menu")
    assert known.last_from_bot()["buttons"] == []


def test_every_message_stays_within_zalos_limit(known: Chat, town: Town) -> None:
    known.says("đăng ký khai sinh")
    for number in "123456":
        known.says(number)
    texts = [b["text"] for b in known.bubbles() if b["from"] == "oa"]
    assert max(len(unicodedata.normalize("NFC", text)) for text in texts) <= 2000


def test_delivered_and_seen_reach_the_outbox(known: Chat, town: Town) -> None:
    known.says("đăng ký khai sinh")
    known.does("seen", {})
    with town.database.reading() as session:
        statuses = session.scalars(select(col(OutboxMessage.status))).all()
    assert set(statuses) == {MessageStatus.SEEN}


def test_a_failing_handler_is_tried_again_and_ends_with_an_apology(
    known: Chat, town: Town
) -> None:
    broken = town.with_broken_handlers("ba-tam")
    assert broken.says("đăng ký khai sinh") == []
    for _ in range(4):
        broken.post_control("/clock", {"move_seconds": 60})
        broken.drain()
    assert "xin lỗi" in broken.last_from_bot()["text"]
    with town.database.reading() as session:
        dead = session.scalars(
            select(WebhookEvent).where(col(WebhookEvent.status) == "dead")
        ).all()
    assert [event.payload["message"]["text"] for event in dead] == ["đăng ký khai sinh"]


def test_a_poison_event_delays_only_its_own_person(known: Chat, town: Town) -> None:
    broken = town.with_broken_handlers("ba-tam")
    broken.says("đăng ký khai sinh")
    other = town.chat_of("chi-lan")
    assert BIRTH in other.says("đăng ký khai sinh")[-1]


def test_a_reply_is_parked_when_zalos_window_closed_and_leaves_when_he_writes(
    known: Chat, town: Town
) -> None:
    known.post_control("/webhook", {"enabled": True})
    known.does("interacted", {"hours_ago": 24 * 8})
    with town.database.writing() as session:
        contact = session.scalars(select(Contact)).one()
        contact.last_interaction_at = contact.created_at - timedelta(days=8)
        session.add(contact)
        town.enqueue(session, contact, "Tin để dành")
    known.drain()
    with town.database.reading() as session:
        parked = session.scalars(
            select(OutboxMessage).where(col(OutboxMessage.status) == "parked")
        ).all()
    assert len(parked) == 1
    assert "Tin để dành" in known.says("chào")


def _everything_stored(town: Town) -> str:
    path = town.settings.data_dir
    return "".join(
        file.read_bytes().decode("utf-8", "ignore") for file in path.glob("bot.db*")
    )
