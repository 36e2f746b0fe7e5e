"""Conversations, campaigns, content, figures and the public page in a real browser.

Each page on a desktop and on a phone of 390 px: nothing serious for axe, small, few
requests, nothing that has to be scrolled sideways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlmodel import Session

from bot.channel.seal import Sealer
from bot.editing import imports
from bot.outreach.campaigns import approving, editing, lists, running, terms
from bot.outreach.campaigns.audience import Audience
from bot.outreach.campaigns.editing import Wish
from bot.surveys.templates import template_named
from models import (
    Account,
    ArticleState,
    Contact,
    Feedback,
    Handover,
    OaArticle,
    Official,
    Role,
    Survey,
    SurveyKind,
    SurveySheet,
    SurveyState,
    UnansweredQuestion,
    WebhookEvent,
)
from simulator.serving import served
from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from tests.browser.test_simulator_page import serious
from tests.dashboard.conftest import PROVINCE, House
from tests.dashboard.conftest import house as house

LARGEST = 200_000  # bytes over the wire
MOST_REQUESTS = 12
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
WORDS = "Bà muốn hỏi giấy tờ làm thẻ bảo hiểm cho cháu " * 4

SHEET = "Mã thủ tục,Ghi chú\n1.001193,Mang theo giấy chứng sinh\n1.1,x\n"

# The pages, and what must stand on each.
PAGES = {
    "/dashboard/conversations": "Bà con cần gặp cán bộ",
    "/dashboard/conversations/1": "Bà con số 1",
    "/dashboard/questions": "Câu chưa trả lời được",
    "/dashboard/questions/1": "xin cái dấu mộc",
    "/dashboard/campaigns": "An toàn mạng",
    "/dashboard/campaigns/1": "Bà con sẽ thấy",
    "/dashboard/campaigns/2": "Tiến độ",
    "/dashboard/campaigns/new": "Soạn chiến dịch",
    "/dashboard/campaigns/calendar": "Lịch tuyên truyền",
    "/dashboard/articles": "Nộp hồ sơ trên điện thoại",
    "/dashboard/articles/1": "Bà con sẽ đọc",
    "/dashboard/articles/1/edit": "Sửa bài",
    "/dashboard/articles/new": "Viết bài đăng OA",
    "/dashboard/content?q=khai+sinh": "Bà con nhận được",
    "/dashboard/content/procedures": "Thủ tục",
    "/dashboard/content/procedures/1.001193": "Đã thay đổi",
    "/dashboard/content/desk/xa_tan_lan": "Bộ phận một cửa",
    "/dashboard/figures": "Phản ánh theo lĩnh vực",
    "/dashboard/feedback": "Chưa ai nhận",
    "/dashboard/feedback/1": "Trả lời bà con",
    "/dashboard/surveys": "Mẫu có sẵn",
    "/dashboard/surveys/1": "Tải CSV",
    "/dashboard/surveys/2": "Báo cho người đạt giải",
    "/dashboard/surveys/new?template=thi_tim_hieu_chuyen_doi_so": "Thể lệ",
    "/dashboard/content/documents?stale=1": "Văn bản",
    "/dashboard/content/import": "Tệp chứa gì",
    "/dashboard/content/import/1": "Chưa ghi gì",
    "/dashboard/content/texts": "Bà con đọc",
    "/dashboard/content/texts?q=le+phi": "Tìm thấy",
    "/dashboard/content/texts/in/search": "Tìm câu trả lời",
    "/dashboard/content/texts/of/procedures.answer": "Hiện như sau",
    "/": "Quan tâm trang Zalo",
}


@dataclass
class Visit:
    page: Page
    address: str
    requests: list[str]
    sizes: list[int]
    troubles: list[str]

    def open(self, path: str) -> None:
        self.requests.clear()
        self.sizes.clear()
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_load_state("load")


def fill(house: House) -> None:
    """Somebody waits, and a question has no answer."""
    with house.database.writing() as session:
        session.add(
            Account(
                oa_id="oa-1", name="UBND xã Tân Lân", unit_code="xa_tan_lan",
                created_at=house.now, refresh_token_sealed="x",
            )
        )  # fmt: skip
        contact = Contact(
            oa_id="oa-1", user_id="u", created_at=house.now,
            last_interaction_at=house.now, unit_code="xa_tan_lan",
        )  # fmt: skip
        session.add(contact)
        session.flush()
        session.add(
            Handover(contact_id=contact.id or 0, oa_id="oa-1", asked_at=house.now)
        )
        session.add(
            WebhookEvent(
                event_key="1", oa_id="oa-1", contact_id=contact.id,
                event_name="user_send_text", payload={"message": {"text": WORDS}}, reason="search",
                body_sha256="", occurred_at=house.now, received_at=house.now,
                due_at=house.now,
            )
        )  # fmt: skip
        session.add(
            UnansweredQuestion(
                oa_id="oa-1", text="xin cái dấu mộc cho ông ngoại",
                outcome="not_found", asked_at=house.now,
            )
        )  # fmt: skip


def reports(house: House) -> None:
    """A report that waits, a survey and a contest with answers."""
    now = house.now
    with house.database.writing() as session:
        session.add(
            Feedback(
                oa_id="oa-1", contact_id=1, unit_code="xa_tan_lan", area="road",
                text=WORDS, latitude=10.5, longitude=106.6, created_at=now,
                waiting_since=now,
            )
        )  # fmt: skip
        asked = template_named(house.settings.content_dir, "hai_long_dich_vu_cong")
        assert asked is not None
        for kind in SurveyKind:
            session.add(
                Survey(
                    kind=kind, unit_code="xa_tan_lan", title=asked.title,
                    intro=asked.intro, created_at=now, changed_at=now,
                    questions=[one.to_json() for one in asked.questions],
                    state=SurveyState.OPEN,
                )
            )  # fmt: skip
        session.flush()
        for number in range(14):
            answers = {"q1": [0 if number < 8 else 1], "q2": 4, "q6": WORDS}
            session.add(
                SurveySheet(
                    survey_id=1 + number % 2, started_at=now, finished_at=now,
                    answers=answers, name="Lê Thị Tám", score=number,
                )
            )  # fmt: skip


def campaigns(session: Session, house: House, official: Official) -> None:
    """One that was tried dry, one under way."""
    for title in ("An toàn mạng cho bà con", "Ngày chuyển đổi số"):
        wish = Wish(
            title=title, text="Bà con đừng đọc mã OTP cho ai. " * 8,
            audience=Audience(communes=("xa_tan_lan",)),
        )  # fmt: skip
        made = editing.create(session, wish, None, house.now)
        lists.make_whole(session, made, terms.in_force(), house.now)
    approving.ask(session, made, terms.in_force(), "operator", house.now)
    approving.approve(session, made, official, house.now, house.now.date())
    running.start(session, made, terms.in_force(), "operator", house.now)


def article(session: Session, house: House) -> None:
    session.add(
        OaArticle(
            oa_id="oa-1", unit_code="xa_tan_lan", title="Nộp hồ sơ trên điện thoại",
            description="Không phải đi xa.", body="Bà con nộp hồ sơ tại nhà. " * 20,
            points=["Cài VNeID", "Đăng nhập", "Nộp hồ sơ"],
            link="https://dichvucong.gov.vn", layout="cards", palette="blue",
            state=ArticleState.FAILED, reason="media", created_at=house.now,
        )
    )  # fmt: skip


@contextmanager
def visit(house: House, browser: Browser, size: ViewportSize) -> Iterator[Visit]:
    fill(house)
    reports(house)
    official = house.official(Role.ADMINISTRATOR, PROVINCE)
    with house.database.writing() as session:
        campaigns(session, house, official)
        imports.keep(
            session, Sealer(house.settings.secret("secret_key")), "services",
            "bang.csv", SHEET.encode(), official, house.now,
        )  # fmt: skip
        article(session, house)
    link = house.link(official)
    page = browser.new_context(viewport=size, locale="vi-VN").new_page()
    page.set_default_timeout(PATIENCE_MS)
    with served(house.app) as address:
        found = Visit(page, address, [], [], [])
        page.on("pageerror", lambda error: found.troubles.append(str(error)))
        page.on("console", lambda said: _hear(found, said))
        page.on("requestfinished", lambda request: _count(found, request))
        page.goto(f"{address}{link}")
        page.get_by_role("button", name="Vào bảng điều khiển").click()
        page.wait_for_url(f"{address}/dashboard/")
        yield found
        page.context.close()
    assert found.troubles == []


def _hear(found: Visit, said: Any) -> None:
    if said.type == "error":
        found.troubles.append(said.text)


def _count(found: Visit, request: Any) -> None:
    found.requests.append(request.url)
    sizes = request.sizes()
    found.sizes.append(sizes["responseBodySize"] + sizes["responseHeadersSize"])


def test_each_page_is_light_and_fits_and_can_be_read_by_all(
    house: House, browser: Browser
) -> None:
    """Each is loaded once, by a phone, and made as wide as a desktop."""
    with visit(house, browser, PHONE) as seen:
        for path, words in PAGES.items():
            seen.page.context.clear_permissions()
            seen.open(path)
            expect(seen.page.locator("main")).to_contain_text(words)
            assert len(seen.requests) <= MOST_REQUESTS, (path, seen.requests)
            assert sum(seen.sizes) <= LARGEST, (path, sum(seen.sizes))
            for size in (PHONE, DESKTOP):
                seen.page.set_viewport_size(size)
                assert seen.page.evaluate(FITS), (path, size)
                assert serious(seen.page) == [], (path, size)
            seen.page.set_viewport_size(PHONE)


def test_an_official_answers_with_the_keyboard_alone(
    house: House, browser: Browser
) -> None:
    with visit(house, browser, DESKTOP) as seen:
        seen.open("/dashboard/conversations")
        seen.page.get_by_role("link", name=re.compile("Bà con số")).focus()
        seen.page.keyboard.press("Enter")
        seen.page.get_by_label("Trả lời bà con").fill("Dạ, bác chờ em chút.")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator(".flash")).to_contain_text("Đã gửi đi")
        expect(seen.page.locator(".chat-lines .ours")).to_contain_text("bác chờ em")


def test_two_clicks_from_a_question_to_its_answer(
    house: House, browser: Browser
) -> None:
    with visit(house, browser, PHONE) as seen:
        seen.open("/dashboard/questions")
        seen.page.get_by_role("link", name=re.compile("dấu mộc")).click()
        seen.page.locator("button[name=record]").first.click()
        expect(seen.page.locator(".flash")).to_contain_text("Đã thêm tên gọi")
        expect(seen.page.locator(".bubble").first).to_be_visible()
