"""The chat page in a real browser, with the real fake Zalo and an echoing bot."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import DESKTOP, OA_ID, PATIENCE_MS, PHONE, Stage

expect.set_options(timeout=PATIENCE_MS)

BUSINESS_ID = "3918274650918273645"

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


def own(page: Page) -> Locator:
    return page.locator(".from-person .bubble")


def theirs(page: Page) -> Locator:
    return page.locator(".from-oa:not(.typing) .bubble")


def say(page: Page, text: str) -> None:
    """Type, send with Enter, wait for the answer that repeats it."""
    page.get_by_label("Tin nhắn", exact=True).last.fill(text)
    page.keyboard.press("Enter")
    expect(theirs(page).last).to_contain_text(f"Anh/chị hỏi: {text}")


# Writing


@SIZES
def test_a_text_goes_out_and_is_answered(stage: Stage, size: ViewportSize) -> None:
    page = stage.open("ba-tam", size)
    say(page, "lam giay khai sinh can gi")
    expect(own(page)).to_have_count(1)
    expect(own(page).last).to_contain_text("lam giay khai sinh can gi")
    expect(own(page).last.locator(".state")).to_have_text("Đã nhận")
    expect(page.get_by_label("Tin nhắn", exact=True).last).to_have_value("")
    assert stage.bot.heard == ["lam giay khai sinh can gi"]


def test_an_example_of_the_empty_chat_is_sent_by_a_tap(stage: Stage) -> None:
    page = stage.open()
    examples = page.locator(".example")
    expect(examples).to_have_count(3)
    text = examples.nth(1).inner_text()
    assert text.isascii(), "one example shows that accents are not needed"
    examples.nth(1).click()
    expect(own(page).last).to_contain_text(text)
    expect(page.locator(".empty")).to_have_count(0)


def test_a_numbered_choice_sends_its_number(stage: Stage) -> None:
    page = stage.open()
    say(page, "khai sinh")
    page.locator(".choice", has_text="Lệ phí").click()
    expect(theirs(page).last).to_contain_text("Anh/chị hỏi: 2")
    assert stage.bot.heard == ["khai sinh", "2"]


def test_only_the_newest_menu_can_be_tapped(stage: Stage) -> None:
    page = stage.open()
    say(page, "một")
    say(page, "hai")
    expect(theirs(page).first.locator(".choice")).to_have_count(0)
    expect(theirs(page).first).to_contain_text("1. Giấy tờ · 2. Lệ phí")
    expect(theirs(page).last.locator(".choice")).to_have_count(2)


def test_a_quoted_message_goes_along(stage: Stage) -> None:
    page = stage.open()
    say(page, "xin chào")
    first = theirs(page).first.locator("..")
    first.hover()
    first.locator(".bubble-more").click()
    page.get_by_role("button", name="Trả lời", exact=True).click()
    expect(page.locator("#quoting-words")).to_contain_text("Anh/chị hỏi: xin chào")
    say(page, "cái này là sao")
    expect(own(page).last.locator(".quote")).to_contain_text("Anh/chị hỏi: xin chào")
    expect(page.locator("#quoting")).to_be_hidden()
    body = json.loads(last_text_delivery(stage)["body"])
    assert body["message"]["quote_msg_id"] == first.get_attribute("data-id")


def last_text_delivery(stage: Stage) -> dict[str, Any]:
    rows = stage.control("GET", "/webhooks")["deliveries"]
    found: dict[str, Any] = [r for r in rows if r["event_name"] == "user_send_text"][-1]
    return found


def test_a_reaction_stands_on_the_bubble(stage: Stage) -> None:
    page = stage.open()
    say(page, "xin chào")
    row = theirs(page).last.locator("..")
    row.hover()
    row.locator(".bubble-more").click()
    page.get_by_role("button", name="Yêu thích").click()
    expect(row.locator(".reactions")).to_have_text("❤️")


def test_markup_in_a_message_stays_text(stage: Stage) -> None:
    page = stage.open()
    text = '<img src=x onerror="document.title=1"> <b>đậm</b>'
    say(page, text)
    expect(own(page).last).to_contain_text(text)
    expect(page.locator(".log img, .log .words b >> text=đậm")).to_have_count(0)


def test_a_link_opens_apart_and_a_long_one_wraps(stage: Stage) -> None:
    page = stage.open("ba-tam", PHONE)
    address = "https://dichvucong.gov.vn/" + "a" * 300
    say(page, f"xem {address}.")
    link = own(page).last.locator("a")
    expect(link).to_have_attribute("href", address)
    assert "noopener" in (link.get_attribute("rel") or "")
    assert page.evaluate("log.scrollWidth <= log.clientWidth")


@pytest.mark.parametrize(
    ("sample", "drawn"),
    [
        ("Ảnh mẫu: loa", ".picture img"),
        ("Ghi âm mẫu", "audio"),
        ("Tệp PDF mẫu", ".card-link"),
    ],
)
def test_sample_media_are_sent_and_shown(stage: Stage, sample: str, drawn: str) -> None:
    page = stage.open()
    page.get_by_role("button", name="Gửi ảnh, tệp, vị trí…").click()
    page.get_by_role("button", name=sample).click()
    expect(own(page).last.locator(drawn)).to_be_visible()
    if drawn.endswith("img"):
        page.wait_for_function(
            "document.querySelector('.picture img')?.naturalWidth > 0"
        )


def test_sticker_location_card_and_link_are_sent(stage: Stage) -> None:
    page = stage.open()
    page.get_by_role("button", name="Hình dán").click()
    page.get_by_role("button", name="Cảm ơn").click()
    expect(own(page).last.get_by_role("img", name="Hình dán: Cảm ơn")).to_be_visible()
    for title, shown in [
        ("Vị trí", "21.0285, 105.8542"),
        ("Danh thiếp", "0900000001"),
        ("Liên kết", "dichvucong.gov.vn"),
    ]:
        page.get_by_role("button", name="Gửi ảnh, tệp, vị trí…").click()
        page.get_by_role("button", name=title, exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Gửi").click()
        expect(own(page).last).to_contain_text(shown)


# What a business account may send


def business_sends(stage: Stage, message: dict[str, Any]) -> None:
    """A message to Chị Hoa of the account that takes buttons."""
    tokens = stage.control("POST", f"/accounts/{BUSINESS_ID}/tokens")
    person = stage.control("GET", "/people/chi-hoa")["accounts"][BUSINESS_ID]
    answer = requests.post(
        f"{stage.address}/openapi/v3.0/oa/message/cs",
        headers={"access_token": tokens["access_token"]},
        json={"recipient": {"user_id": person["user_id"]}, "message": message},
        timeout=10,
    ).json()
    assert answer["error"] == 0, answer


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def test_buttons_of_the_account_are_pressed(stage: Stage) -> None:
    buttons = [
        {"title": "Giấy tờ", "type": "oa.query.show", "payload": "#giay-to"},
        {"title": "Gọi xã", "type": "oa.open.phone", "payload": {"phone_code": "1022"}},
    ]
    business_sends(stage, {"text": "Chọn nút"} | template(buttons=buttons))
    page = stage.open("chi-hoa", oa_id=BUSINESS_ID)
    page.get_by_role("button", name="Gọi xã").last.click()
    expect(page.locator("#notice")).to_contain_text("1022")
    page.get_by_role("button", name="Giấy tờ", exact=True).click()
    expect(own(page).last).to_contain_text("#giay-to")
    body = json.loads(last_text_delivery(stage)["body"])
    assert body["message"]["text"] == "#giay-to"


def test_asked_for_information_is_shared_in_a_form(stage: Stage) -> None:
    element = {
        "title": "Cho xin thông tin",
        "subtitle": "Để cán bộ gọi lại",
        "image_url": f"{stage.address}/static/icon.svg",
    }
    asked = template(template_type="request_user_info", elements=[element])
    business_sends(stage, asked)
    page = stage.open("chi-hoa", oa_id=BUSINESS_ID)
    page.get_by_role("button", name="Chia sẻ thông tin").click()
    page.get_by_label("Xã, phường").fill("Tân Lân")
    page.get_by_role("button", name="Chia sẻ", exact=True).click()
    expect(page.locator(".event").last).to_contain_text("Bạn đã chia sẻ thông tin")
    rows = stage.control("GET", "/webhooks")["deliveries"]
    sent = next(row for row in rows if row["event_name"] == "user_submit_info")
    assert "Tân Lân" in json.loads(sent["body"])["info"]["full_address"].values()


# Who and where


@SIZES
def test_another_person_has_another_chat(stage: Stage, size: ViewportSize) -> None:
    page = stage.open("ba-tam", size)
    say(page, "tin của bà Tám")
    if size is PHONE:
        page.get_by_role("button", name=re.compile("Đổi nhân vật")).click()
    page.get_by_role("button", name=re.compile("Anh Minh")).click()
    expect(page).to_have_url(re.compile("as=anh-minh"))
    expect(page.locator(".empty")).to_be_visible()
    expect(page.locator(".log")).not_to_contain_text("tin của bà Tám")
    page.reload()
    say(page, "tin của anh Minh")
    assert last_text_delivery(stage)["person"] == "anh-minh"


def test_the_account_can_be_switched(stage: Stage) -> None:
    page = stage.open("ong-sau")
    page.get_by_label("Tài khoản").first.select_option(
        label="UBND xã Tân Lân (mô phỏng)"
    )
    expect(page.locator("#oa-name")).to_have_text("UBND xã Tân Lân (mô phỏng)")
    expect(page).to_have_url(re.compile(f"oa={BUSINESS_ID}"))


def test_unfollow_and_follow_again(stage: Stage) -> None:
    page = stage.open()
    page.get_by_role("button", name="Thêm lựa chọn").click()
    page.get_by_role("button", name="Bỏ quan tâm").click()
    expect(page.locator(".event").last).to_contain_text("Bạn đã bỏ quan tâm")
    page.get_by_role("button", name="Quan tâm", exact=True).click()
    expect(page.locator(".event").last).to_contain_text("Bạn đã quan tâm")
    expect(page.locator("#follow-row")).to_be_hidden()


def test_opening_the_chat_marks_messages_seen(stage: Stage) -> None:
    stage.control("POST", "/people/ba-tam", {"auto_seen": False})
    stage.control("POST", f"/chats/{OA_ID}/ba-tam/admin_say", {"text": "Chào bà"})
    page = stage.open("anh-minh")
    expect(page.locator("[data-person=ba-tam] .unread")).to_contain_text("1")
    page.locator("[data-person=ba-tam]").click()
    expect(theirs(page).last).to_contain_text("Chào bà")
    expect(page.locator("[data-person=ba-tam] .unread")).to_have_count(0)
    page.wait_for_function(
        """async (path) => {
          const rows = (await (await fetch(path)).json()).deliveries;
          return rows.some((row) => row.event_name === "user_seen_message");
        }""",
        arg=f"{stage.address}/control/webhooks",
    )


def test_a_new_person_can_be_added(stage: Stage) -> None:
    page = stage.open()
    page.get_by_role("button", name="Thêm người mới").click()
    page.get_by_label("Họ tên").fill("Cô Út")
    page.get_by_label("Tuổi").fill("52")
    page.get_by_role("button", name="Thêm", exact=True).click()
    expect(page.locator(".person[aria-current]")).to_contain_text("Cô Út")
    expect(page.locator("#window-badge")).to_have_text("Chưa nhắn")


# The panel


@SIZES
def test_the_webhook_is_shown_with_its_body(stage: Stage, size: ViewportSize) -> None:
    page = stage.open("ba-tam", size)
    say(page, "xem thân webhook")
    if size is PHONE:
        page.get_by_role("button", name="Mở bảng thử nghiệm").click()
    row = page.locator("#pane-webhook li", has_text="user_send_text").first
    expect(row.locator(".status")).to_have_text("200")
    row.locator("summary").click()
    body = row.get_by_label("Thân (nguyên văn)")
    expect(body).to_contain_text('"text": "xem thân webhook"')
    page.get_by_role("tab", name="API").click()
    call = page.locator("#pane-api li", has_text="POST /v2.0/oa/message").first
    call.locator("summary").click()
    expect(call).to_contain_text("message_id")
    if size is PHONE:
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()
        expect(page.locator("#panel-open")).to_be_focused()


def test_the_tabs_obey_the_arrow_keys(stage: Stage) -> None:
    page = stage.open()
    page.get_by_role("tab", name="Webhook").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Đồng hồ")).to_be_focused()
    expect(page.locator("#pane-clock")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator("#pane-webhook")).to_be_visible()


def test_a_fault_is_switched_on_used_up_and_off(stage: Stage) -> None:
    page = stage.open(panel="faults")
    switch = page.get_by_role("switch", name="HTTP 500")
    switch.click()
    expect(page.locator("#fault-banner")).to_contain_text("HTTP 500 (còn 1 lần)")
    page.get_by_label("Tin nhắn", exact=True).last.fill("không tới")
    page.keyboard.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.locator("#fault-banner")).to_have_count(0)
    assert stage.control("GET", "/calls")["calls"][-1]["status"] == 500
    expect(theirs(page)).to_have_count(0)


def test_webhooks_are_doubled_and_badly_signed_until_switched_off(stage: Stage) -> None:
    page = stage.open(panel="faults")
    page.get_by_role("switch", name="Gửi trùng webhook").click()
    expect(page.locator("#fault-banner")).to_contain_text("Gửi trùng webhook")
    page.get_by_role("switch", name="Chữ ký sai").click()
    expect(page.locator("#fault-banner")).to_contain_text("Chữ ký sai")
    say(page, "hai lần")
    expect(theirs(page)).to_have_count(2)
    page.get_by_role("button", name="Tắt tất cả").click()
    expect(page.locator("#fault-banner")).to_have_count(0)
    options = stage.control("GET", "/webhook")["options"]
    assert (options["duplicate"], options["bad_signature"]) == (0, False)


def test_strange_events_are_injected(stage: Stage) -> None:
    page = stage.open(panel="faults")
    page.get_by_role("button", name="Sự kiện lạ").click()
    page.get_by_role("button", name="Ping thử").click()
    page.get_by_role("tab", name="Webhook").click()
    page.get_by_label("Chỉ người này").first.uncheck()
    expect(page.locator("#pane-webhook")).to_contain_text("user_send_hologram")
    expect(page.locator("#pane-webhook li")).to_have_count(2)


def test_a_chosen_error_code_is_answered(stage: Stage) -> None:
    page = stage.open(panel="faults")
    page.get_by_label("Mã lỗi tuỳ chọn").fill("-217")
    page.get_by_role("button", name="Bật", exact=True).click()
    expect(page.locator("#fault-banner")).to_contain_text("mã lỗi -217")
    page.get_by_label("Tin nhắn", exact=True).last.fill("bị chặn")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="API").click()
    expect(page.locator("#pane-api li").first).to_contain_text("sự cố giả lập: mã lỗi")


def test_an_official_answers_by_hand(stage: Stage) -> None:
    page = stage.open(panel="account")
    page.get_by_label("Tin do cán bộ gõ").fill("Bà ghé một cửa chiều nay nhé")
    page.get_by_role("button", name="Gửi với tư cách cán bộ").click()
    expect(theirs(page).last).to_contain_text("Bà ghé một cửa chiều nay nhé")
    expect(theirs(page).last).to_contain_text("Cán bộ trả lời")


def test_switches_of_account_and_person_are_kept(stage: Stage) -> None:
    page = stage.open(panel="account")
    page.get_by_role("switch", name="Từ chối nút bấm").click()
    page.get_by_role("switch", name="Chặn tài khoản này").click()
    page.get_by_label("Loại tài khoản").select_option("business")
    expect(page.locator("#oa-kind")).to_have_text("Doanh nghiệp")
    account = stage.control("GET", f"/accounts/{OA_ID}")
    assert account["kind"] == "business"
    assert account["switches"]["refuse_interactive"] is True
    assert stage.control("GET", "/people/ba-tam")["accounts"][OA_ID]["blocked"] is True


# The clock


@SIZES
def test_the_clock_moves_the_demo(stage: Stage, size: ViewportSize) -> None:
    page = stage.open("ba-tam", size, panel="clock")
    page.get_by_role("button", name="+3 ngày").click()
    expect(page.locator("#clock-banner")).to_contain_text("nhanh 3 ngày")
    if size is PHONE:
        page.keyboard.press("Escape")
    expect(page.locator("#window-badge")).to_have_text("Trả phí")
    stage.bot.token = stage.control("POST", f"/accounts/{OA_ID}/tokens")["access_token"]
    say(page, "ba ngày sau")  # with a new token: the old one lived 25 hours
    expect(page.locator("#window-badge")).to_have_text("Miễn phí")
    shown = page.locator("#clock-banner").inner_text().split(": ")[1].split("\n")[0]
    expect(page.locator(".date-line").last).to_have_text(shown.split(", ", 1)[1])
    page.locator("#clock-banner button").click()
    expect(page.locator("#clock-banner")).to_have_count(0)
    assert stage.control("GET", "/clock")["offset_seconds"] == 0


def test_the_clock_goes_to_tomorrow_morning(stage: Stage) -> None:
    page = stage.open(panel="clock")
    page.get_by_role("button", name="Tới 8:00 sáng mai").click()
    expect(page.locator(".big-time")).to_have_text("08:00")
    expect(page.locator("#phone-time")).to_have_text("08:00")


# Robustness


def test_forgetting_asks_first(stage: Stage) -> None:
    page = stage.open()
    say(page, "sẽ bị xoá")
    for answer, left in (("Thôi", 1), ("Xoá hết", 0)):
        page.get_by_role("button", name="Thêm lựa chọn").click()
        page.get_by_role("button", name="Xoá hội thoại…").click()
        page.get_by_role("dialog").get_by_role("button", name=answer).click()
        expect(own(page)).to_have_count(left)
    expect(page.locator(".empty")).to_be_visible()


def test_a_reset_from_elsewhere_empties_the_chat(stage: Stage) -> None:
    page = stage.open()
    say(page, "xin chào")
    stage.control("POST", "/reset")
    expect(page.locator(".empty")).to_be_visible()


def test_a_lost_simulator_is_said_quietly_and_found_again(stage: Stage) -> None:
    page = stage.open()
    page.route("**/control/**", lambda route: route.abort())
    expect(page.locator("#notice")).to_contain_text("Mất liên lạc với máy mô phỏng")
    page.get_by_label("Tin nhắn", exact=True).last.fill("giữ lại chữ này")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Chưa làm được")
    page.unroute("**/control/**")
    page.get_by_role("button", name="Thử lại").click()
    expect(page.locator("#notice")).to_be_hidden()
    expect(own(page)).to_have_count(1)
    expect(own(page)).to_contain_text("giữ lại chữ này")
    expect(page.get_by_label("Tin nhắn", exact=True).last).to_have_value("")


def test_a_long_chat_keeps_a_bounded_page(stage: Stage) -> None:
    for number in range(520):
        text = {"text": f"Tin {number}"}
        stage.control("POST", f"/chats/{OA_ID}/ba-tam/admin_say", text)
    page = stage.open()
    expect(theirs(page)).to_have_count(200)
    page.get_by_role("button", name="Xem tin cũ hơn").click()
    expect(theirs(page)).to_have_count(500)
    say(page, "tin mới")
    assert page.locator(".bubble").count() <= 501  # 500 and the typing sign
    expect(theirs(page).last).to_be_in_viewport()


def test_the_letters_grow_and_stay_grown(stage: Stage) -> None:
    page = stage.open("ba-tam", PHONE)
    size = "getComputedStyle(log).fontSize"
    assert page.evaluate(size) == "16px"
    page.get_by_role("button", name="Cỡ chữ: thường").click()
    page.get_by_role("button", name="Cỡ chữ: lớn").click()
    assert page.evaluate(size) == "23px"
    page.reload()
    expect(page.get_by_role("button", name="Cỡ chữ: rất lớn")).to_be_visible()
    assert page.evaluate(size) == "23px"


def test_all_targets_of_the_phone_are_big_enough(stage: Stage) -> None:
    page = stage.open("ba-tam", PHONE)
    say(page, "khai sinh")
    boxes = page.evaluate(
        """[...document.querySelectorAll(".phone button, .phone select")]
             .filter((one) => one.checkVisibility() && !one.matches(".bubble-more"))
             .map((one) => [one.id || one.className, one.getBoundingClientRect()])
             .map(([name, box]) => [name, box.width, box.height])"""
    )
    assert len(boxes) > 8
    assert [box for box in boxes if box[1] < 44 or box[2] < 44] == []


# How texts are read


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Chọn số:\n\n1. Một\n2. Hai\n10. Mười", "1 2 10"),
        ("1. Giấy tờ · 2. Lệ phí · 3. Thời gian", "1 2 3"),
        ("Hỏi tiếp: 1. Giấy tờ · 2. Lệ phí", "1 2"),
        ("1) Một\n2) Hai", "1 2"),
        ("Giấy tờ:\n1. Tờ khai\n2. Ảnh\n\n1. Lệ phí · 2. Thời gian", "1 2"),
        ("Ngày 20. Tháng 11", ""),
        ("1. Chỉ một dòng", ""),
        ("Mã 1.001193 và 2.000635", ""),
        ("1. https://a.vn\n2. https://b.vn", ""),
        ("Không có số", ""),
    ],
)
def test_numbered_choices_are_found(stage: Stage, text: str, numbers: str) -> None:
    page = stage.open()
    found = page.evaluate(
        """async (text) => {
          const { readText } = await import(document.body.dataset.static + "js/menu.js");
          return readText(text).flatMap((part) => part.options ?? []).map((one) => one.number);
        }""",
        text,
    )
    assert found == numbers.split()


# Accessibility


@SIZES
def test_axe_finds_nothing_serious(stage: Stage, size: ViewportSize) -> None:
    page = stage.open("ba-tam", size)
    assert serious(page) == []
    say(page, "khai sinh")
    say(page, "xem https://dichvucong.gov.vn")
    stage.control("POST", f"/chats/{OA_ID}/ba-tam/admin_say", {"text": "Chào bà"})
    expect(theirs(page)).to_have_count(3)
    assert serious(page) == []
    for tray in ("Hình dán", "Gửi ảnh, tệp, vị trí…", "Thêm lựa chọn"):
        page.get_by_role("button", name=tray, exact=True).click()
        assert serious(page) == []
        page.keyboard.press("Escape")


@SIZES
@pytest.mark.parametrize("tab", ["webhook", "api", "faults", "account", "clock"])
def test_axe_finds_nothing_serious_in_the_panel(
    stage: Stage, size: ViewportSize, tab: str
) -> None:
    say(stage.open("ba-tam", size), "khai sinh")
    stage.control("POST", "/faults", {"kind": "http_500", "times": None})
    stage.control("POST", "/clock", {"move_seconds": 90000})
    page = stage.open("ba-tam", size, panel=tab)
    if tab in ("webhook", "api"):
        page.locator(f"#pane-{tab} summary").first.click()
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical, once nothing moves any more."""
    page.evaluate(
        "Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1).map((one) => one.finished))"
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]
