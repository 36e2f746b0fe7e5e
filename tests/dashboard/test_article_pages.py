"""Articles on the dashboard: from the form to the approval of a second person, and what is
out changed, hidden, taken down. What Zalo makes of it: the stories of the chat."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.outreach.articles import versions
from bot.people import audit
from models import (
    Account,
    ArticleState,
    AuditEntry,
    Contact,
    FoundItem,
    FoundOutcome,
    OaArticle,
    OutboxMessage,
    Role,
)
from tests.dashboard.conftest import FOREIGN, HOME, Browser, House

FORM: dict[str, Any] = {
    "oa_id": "oa-1",
    "title": "Chuyển đổi số: nộp hồ sơ ngay trên điện thoại",
    "body": "Bà con vào Cổng Dịch vụ công quốc gia, đăng nhập bằng VNeID rồi nộp hồ sơ.",
    "point": ["Cài ứng dụng VNeID.", "Đăng nhập.", "Nộp hồ sơ.", ""],
    "link": "https://dichvucong.gov.vn",
    "layout": "steps",
    "palette": "green",
}
SHOWN = re.compile(r'name="shown" value="([^"]+)"')


@pytest.fixture(autouse=True)
def account(house: House) -> None:
    with house.database.writing() as session:
        for oa_id, code in (("oa-1", HOME), ("oa-2", FOREIGN), ("oa", None)):
            session.add(
                Account(
                    oa_id=oa_id, name=f"OA {code}", unit_code=code,
                    refresh_token_sealed="x", created_at=house.now,
                )
            )  # fmt: skip


def only(session: Session) -> OaArticle:
    return session.exec(select(OaArticle)).one()


def article(house: House) -> OaArticle:
    found: OaArticle = house.reading(only)
    return found


def act(browser: Browser, verb: str, **more: str) -> str:
    page = browser.text("/dashboard/articles/1")
    shown = SHOWN.search(page)
    assert shown is not None, page
    data = {"verb": verb, "shown": shown[1], **more}
    browser.post("/dashboard/articles/1/act", data)
    return browser.text("/dashboard/articles/1")


def written(house: House) -> Browser:
    writer = house.browser(Role.OFFICIAL)
    writer.text("/dashboard/articles/new")
    writer.post("/dashboard/articles/save", FORM)
    return writer


def out(house: House, *, is_hidden: bool = False) -> None:
    """As the publisher leaves it."""
    with house.database.writing() as session:
        row = only(session)
        row.state, row.article_id = ArticleState.PUBLISHED, "z1"
        row.published_at, row.due_at = house.now, None
        row.cover_sha256 = row.picture_sha256 = "0" * 64
        row.is_hidden = is_hidden
        versions.keep(session, row, house.now)
        session.add(row)


def test_from_the_form_to_the_approval_of_a_second_person(house: House) -> None:
    writer, second = written(house), house.browser(Role.LEADER)
    with house.database.writing() as session:  # he has written: he can be told
        for contact in session.exec(select(Contact)):
            contact.last_interaction_at = house.now
    page = writer.text("/dashboard/articles/1")
    assert FORM["body"] in page
    assert "Ảnh đang được vẽ" in page
    assert "Nộp hồ sơ." in page
    assert "Duyệt, đăng ngay" not in act(writer, "send")
    with house.database.reading() as session:
        told = session.exec(select(OutboxMessage)).all()
    assert ["chờ anh/chị duyệt" in one.content["text"] for one in told] == [True]
    assert "chờ anh/chị duyệt" in second.text("/dashboard/articles")
    assert "chờ anh/chị duyệt" not in writer.text("/dashboard/articles")
    act(writer, "approve")
    assert article(house).state == ArticleState.WAITING_APPROVAL
    act(second, "approve")
    found = article(house)
    assert found.state == ArticleState.CREATING
    assert found.approved_by_id == house.official(Role.LEADER).id
    with house.database.reading() as session:
        actions = session.exec(select(AuditEntry.action)).all()
        assert audit.verify(session) is None
    assert [one for one in actions if one.startswith("article.")] == [
        "article.created", "article.submitted", "article.approved",
    ]  # fmt: skip


def test_sent_back_with_a_reason_and_only_with_one(house: House) -> None:
    writer, second = written(house), house.browser(Role.LEADER)
    act(writer, "send")
    assert "cần một câu" in act(second, "send_back", reason="hm")
    assert article(house).state == ArticleState.WAITING_APPROVAL
    act(second, "send_back", reason="Tiêu đề dài quá, rút gọn lại")
    page = writer.text("/dashboard/articles/1")
    assert "Tiêu đề dài quá" in page
    assert article(house).state == ArticleState.DRAFT


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "", "Tiêu đề để trống"),
        ("body", "ngắn", "ít nhất 40"),
        ("point", ["một", "hai"], "từ 3 đến 5 ý"),
        ("link", "trang của xã", "https://"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_typed_is_lost(
    house: House, field: str, value: Any, said: str
) -> None:
    writer = house.browser(Role.OFFICIAL)
    writer.text("/dashboard/articles/new")
    answer = writer.post("/dashboard/articles/save", FORM | {field: value})
    assert said in answer.text
    kept = "title" if field == "body" else "body"
    assert FORM[kept] in answer.text
    assert house.reading(lambda session: session.exec(select(OaArticle)).all()) == []


def test_nobody_writes_for_an_account_of_another_unit(house: House) -> None:
    writer = house.browser(Role.OFFICIAL)
    assert "OA xa_can_duoc" not in writer.text("/dashboard/articles/new")
    writer.post("/dashboard/articles/save", FORM | {"oa_id": "oa-2"})
    assert house.reading(lambda session: session.exec(select(OaArticle)).all()) == []


def test_an_act_on_what_has_changed_since_does_nothing(house: House) -> None:
    writer, second = written(house), house.browser(Role.LEADER)
    act(writer, "send")
    page = second.text("/dashboard/articles/1")
    shown = SHOWN.search(page)
    assert shown is not None
    act(writer, "drop")
    second.post("/dashboard/articles/1/act", {"verb": "approve", "shown": shown[1]})
    assert "vừa có thay đổi" in second.text("/dashboard/articles/1")
    assert article(house).state == ArticleState.DROPPED


def test_what_is_out_is_changed_through_a_second_person_and_stays_until_then(
    house: House,
) -> None:
    writer, second = written(house), house.browser(Role.LEADER)
    out(house)
    page = writer.text("/dashboard/articles/1/edit")
    shown = SHOWN.search(page)
    assert shown is not None
    assert "tới lúc đó bà con vẫn đọc bản cũ" in page
    changed = FORM | {"title": "Chuyển đổi số, bản mới", "shown": shown[1]}
    writer.post("/dashboard/articles/1/save", changed)
    assert "Bà con vẫn đọc bản đã đăng" in act(writer, "send")
    act(second, "approve")
    assert article(house).state == ArticleState.UPDATING
    with house.database.writing() as session:
        row = only(session)
        row.state = ArticleState.FAILED
        session.add(row)
    act(writer, "drop")
    back = article(house)
    assert (back.state, back.title) == (ArticleState.PUBLISHED, FORM["title"])


def test_what_is_out_is_hidden_shown_again_and_taken_down(house: House) -> None:
    writer = written(house)
    out(house)
    act(writer, "hide")
    assert (article(house).state, article(house).is_hidden) == (
        ArticleState.UPDATING,
        True,
    )
    out(house, is_hidden=True)
    page = writer.text("/dashboard/articles/1")
    assert "đang ẩn" in page
    assert "Hiện lại" in page
    act(writer, "show")
    assert not article(house).is_hidden
    out(house)
    act(writer, "remove")
    assert article(house).state == ArticleState.REMOVING


def test_the_credit_stands_beside_the_article(house: House) -> None:
    writer = written(house)
    out(house)
    assert "chưa đọc tới" in writer.text("/dashboard/articles/1")
    with house.database.writing() as session:
        session.add(
            FoundItem(
                source_key="oa:oa-1:z1", origin="oa:oa-1", unit_code=HOME,
                outcome=FoundOutcome.CREDITED, first_seen_at=house.now,
            )
        )  # fmt: skip
    assert "đã ghi nhận" in writer.text("/dashboard/articles/1")
    assert "đã ghi nhận" in writer.text("/dashboard/articles")


def test_a_draft_of_the_calendar_fills_the_form(house: House) -> None:
    writer = house.browser(Role.OFFICIAL)
    page = writer.text("/dashboard/articles/new")
    found = re.search(r'<option value="([a-z0-9_-]+)"[^>]*>', page)
    assert found is not None
    filled = writer.text(f"/dashboard/articles/new?from={found[1]}")
    assert f'name="calendar_key" value="{found[1]}"' in filled
