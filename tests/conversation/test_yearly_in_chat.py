"""lịch tuyên truyền in the chat: seen by officials, made a campaign or an article by one word."""

from __future__ import annotations

import pytest
from sqlmodel import select

from bot.people import audit, joining
from models import (
    Account,
    ArticleState,
    Campaign,
    CampaignState,
    OaArticle,
    OutboxMessage,
    Role,
)
from tests.chat import Chat, Town

UNIT = "xa_can_duoc"


def phone_of(town: Town, person: str, role: Role) -> Chat:
    chat = town.chat_of(person)
    chat.says("chào")
    now = town.worker.conversations.clock.now()
    with town.database.writing() as session:
        official = joining.enrol(session, "Trần Văn Dũng", now)
        code = joining.invite(
            session, UNIT, role, audit.OPERATOR, now, official_id=official.id
        )
        session.get_one(Account, town.government).unit_code = UNIT
        session.get_one(Account, town.business).unit_code = None
    chat.says(code)
    return chat


def test_a_supervisor_makes_a_campaign_draft_with_one_word(town: Town) -> None:
    chat = phone_of(town, "anh-dung", Role.SUPERVISOR)
    (listed,) = chat.says("lich tuyen truyen")
    assert "Lịch tuyên truyền tháng" in listed
    assert "1. " in listed
    (draft,) = chat.says("1")
    assert "Nguồn:" in draft
    assert "dichvucong.gov.vn" in draft
    (made,) = chat.says("tạo đợt tuyên truyền từ mẫu này")
    assert "bản nháp đợt số 1" in made
    with town.database.reading() as session:
        campaign = session.exec(select(Campaign)).one()
        messages = session.exec(select(OutboxMessage)).all()
    assert campaign.state == CampaignState.DRAFT
    assert campaign.topic
    assert campaign.audience["communes"] == [UNIT]
    assert all(one.campaign_id is None for one in messages)


def test_a_clerk_makes_an_article_of_it(town: Town) -> None:
    chat = phone_of(town, "chi-lan", Role.OFFICIAL)
    chat.says("lịch tuyên truyền")
    (draft,) = chat.says("1")
    assert "Tạo đợt tuyên truyền" not in draft
    (preview,) = chat.says("đăng bài từ mẫu này")
    assert "Bài số 1" in preview
    assert "không được tự ghi nhận" not in preview
    with town.database.reading() as session:
        article = session.exec(select(OaArticle)).one()
    assert article.state == ArticleState.DRAFT
    assert article.calendar_key
    chat.says("thôi")
    assert (
        "chỉ người theo dõi" in chat.says(f"#yearly_campaign:{article.calendar_key}")[0]
    )


def test_other_months_are_one_number_away(town: Town) -> None:
    chat = phone_of(town, "chi-lan", Role.OFFICIAL)
    chat.says("lịch tuyên truyền")
    (october,) = chat.says("#yearly:2026-10")
    assert "tháng 10/2026" in october
    assert "Ngày Chuyển đổi số quốc gia 10/10 (10/10)" in october
    assert "tháng 11/2026" in chat.says("Xem tháng 11/2026")[0]
    assert "Lịch tuyên truyền tháng" in chat.says("#yearly_draft:khong_co")[0]


@pytest.mark.parametrize("words", ["lịch tuyên truyền", "#yearly_campaign:vneid"])
def test_citizens_are_told_that_it_is_for_officials(town: Town, words: str) -> None:
    chat = town.chat_of("ba-tam")
    chat.says("chào")
    assert "dành cho cán bộ" in chat.says(words)[0]
