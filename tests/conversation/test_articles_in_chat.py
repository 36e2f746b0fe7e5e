"""Stories of articles: written in the chat, approved by a second person, published on the
account, credited to the unit; and what happens when Zalo does not play along."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
import requests
from PIL import Image
from sqlmodel import SQLModel, col, select, update

from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import OutcomeUnknown
from bot.duties.proofs.verdict import DISAPPEARED
from bot.files import Files
from bot.people import audit, joining
from models import (
    Account,
    ArticleState,
    ArticleVersion,
    Assignment,
    AuditEntry,
    OaArticle,
    Plan,
    Proof,
    ProofState,
    Role,
)
from scheduler.articles import publish
from scheduler.clockwork import Workshop
from scheduler.credits import read_credits
from tests.chat import Chat, Town
from tests.jobs import workshop_of

UNIT = "xa_can_duoc"
FOREVER = date(2099, 12, 31)
TITLE = "Chuyển đổi số: nộp hồ sơ ngay trên điện thoại"
BODY = """Bà con vào Cổng Dịch vụ công quốc gia, đăng nhập bằng VNeID rồi nộp hồ sơ.

Chưa quen thì ra xã, Tổ công nghệ số cộng đồng <hướng dẫn> từng bước & miễn phí."""
POINTS = """1. Cài ứng dụng VNeID.
2. Đăng nhập Cổng Dịch vụ công quốc gia.
- Nộp hồ sơ, giữ mã hồ sơ."""


@dataclass
class Desk:
    """The town with its jobs, and the people of an office."""

    town: Town
    workshop: Workshop

    def phone_of(self, person: str, role: Role, name: str, unit: str = UNIT) -> Chat:
        chat = self.town.chat_of(person)
        chat.says("chào")
        now = self.workshop.clock.now()
        with self.town.database.writing() as session:
            official = joining.enrol(session, name, now)
            code = joining.invite(
                session, unit, role, audit.OPERATOR, now, official_id=official.id
            )
        chat.says(code)
        return chat

    def passes(self, **time: float) -> None:
        seconds = timedelta(**time).total_seconds()
        self.town.chat_of("ba-tam").post_control("/clock", {"move_seconds": seconds})

    def publishes(self) -> None:
        publish(self.workshop, self.workshop.clock.now())

    def article(self) -> OaArticle:
        with self.town.database.reading() as session:
            return session.exec(select(OaArticle).order_by(col(OaArticle.id))).all()[-1]

    def at_zalo(self) -> list[dict[str, Any]]:
        return [one.content for one in self.town.simulator.state.articles.values()]


@pytest.fixture
def desk(town: Town) -> Desk:
    with town.database.writing() as session:
        session.execute(
            update(Plan).where(col(Plan.id) == "2026").values(valid_to=FOREVER)
        )
        session.execute(update(Assignment).values(valid_to=FOREVER))
        session.execute(
            update(Account)
            .where(col(Account.oa_id) == town.government)
            .values(unit_code=UNIT)
        )
        session.execute(
            update(Account)
            .where(col(Account.oa_id) == town.business)
            .values(unit_code=None)
        )
    return Desk(town, workshop_of(town))


@pytest.fixture
def clerk(desk: Desk) -> Chat:
    return desk.phone_of("chi-lan", Role.OFFICIAL, "Nguyễn Thị Lan")


@pytest.fixture
def leader(desk: Desk) -> Chat:
    return desk.phone_of("anh-dung", Role.LEADER, "Trần Văn Dũng")


def writes(clerk: Chat, title: str = TITLE) -> str:
    """Own words, up to the preview."""
    (source,) = clerk.says("đăng bài")
    own = re.search(r"(\d+)\. Tự soạn", source)
    assert own is not None, source
    clerk.says(own[1])
    clerk.says(title)
    clerk.says(BODY)
    clerk.says(POINTS)
    clerk.says("1")  # the national portal
    (preview,) = clerk.says("2")  # steps
    return preview


def test_written_approved_published_and_credited(
    desk: Desk, clerk: Chat, leader: Chat
) -> None:
    preview = writes(clerk)
    assert TITLE in preview
    assert "3. Nộp hồ sơ, giữ mã hồ sơ." in preview
    assert "không được tự ghi nhận" not in preview
    desk.publishes()
    clerk.drain()
    picture = clerk.last_from_bot()
    assert "Ảnh của bài số 1" in picture["text"]
    assert picture["kind"] == "image"

    (sent,) = clerk.says("gửi duyệt")
    assert "Người duyệt: Trần Văn Dũng" in sent
    assert "chờ anh/chị duyệt" in leader.last_from_bot()["text"]
    (shown,) = leader.says("duyệt bài")
    assert BODY in shown
    assert "Nguyễn Thị Lan viết" in shown
    assert "em đang đăng" in leader.says("1")[0]
    desk.publishes()
    assert desk.article().state == ArticleState.VERIFYING
    desk.passes(seconds=30)
    desk.publishes()
    assert desk.article().state == ArticleState.PUBLISHED
    (content,) = desk.at_zalo()
    assert content["title"] == TITLE
    assert content["status"] == "show"
    assert "&lt;hướng dẫn&gt; từng bước &amp; miễn phí" in content["body"][0]["content"]
    for phone in (clerk, leader):
        phone.drain()
        assert "đã đăng trên OA" in phone.last_from_bot()["text"]

    desk.passes(minutes=1)
    read_credits(desk.workshop, desk.workshop.clock.now())
    with desk.town.database.reading() as session:
        proof = session.exec(select(Proof)).one()
        actions = session.scalars(select(col(AuditEntry.action))).all()
    assert (proof.unit_code, proof.state) == (UNIT, ProofState.ACCEPTED)
    assert {"article.created", "article.submitted", "article.approved"} <= set(actions)


def test_pictures_of_articles_are_open_and_nothing_else_is(
    desk: Desk, clerk: Chat, leader: Chat
) -> None:
    writes(clerk)
    desk.publishes()
    article = desk.article()
    for digest in (article.cover_sha256, article.picture_sha256):
        answer = requests.get(f"{desk.town.address}/pictures/{digest}.png", timeout=10)
        assert answer.headers["Content-Type"] == "image/png"
        assert Image.open(BytesIO(answer.content)).width == 1080
    secret = Files(desk.town.settings.data_dir).keep(b"\x89PNG\r\n\x1a\nproof")
    for name in (f"{secret}.png", "x.png", f"{article.cover_sha256}.jpg"):
        answer = requests.get(f"{desk.town.address}/pictures/{name}", timeout=10)
        assert answer.status_code == 404


def test_nobody_approves_what_he_wrote(desk: Desk, leader: Chat) -> None:
    writes(leader)
    (sent,) = leader.says("gửi duyệt")
    assert "chưa có ai khác duyệt" in sent
    assert "không có bài nào chờ" in leader.says("duyệt bài")[0]
    other = desk.phone_of("anh-minh", Role.SUPERVISOR, "Lê Minh", "tay_ninh")
    assert TITLE in other.says("duyệt bài")[0]


def test_sent_back_with_a_reason_changed_and_sent_again(
    desk: Desk, clerk: Chat, leader: Chat
) -> None:
    writes(clerk)
    clerk.says("1")
    leader.says("duyệt bài")
    leader.says("trả lại để sửa")
    assert "cần một câu" in leader.says("sai")[0]
    assert "đã trả bài" in leader.says("Tiêu đề dài quá, rút gọn lại")[0]
    clerk.drain()
    assert "Tiêu đề dài quá" in clerk.last_from_bot()["text"]
    clerk.says("các bài")
    (details,) = clerk.says("1")
    assert "đang soạn" in details
    assert "Tiêu đề dài quá" in details
    assert TITLE in clerk.says("sửa bài")[0]
    clerk.says("sửa tiêu đề")
    (preview,) = clerk.says("Chuyển đổi số ở xã ta")
    assert "Chuyển đổi số ở xã ta" in preview
    clerk.says("gửi duyệt")
    assert "Chuyển đổi số ở xã ta" in leader.says("duyệt bài")[0]
    assert desk.article().revision == 2


def test_an_approval_is_for_the_text_that_was_shown(
    desk: Desk, clerk: Chat, leader: Chat
) -> None:
    writes(clerk)
    clerk.says("gửi duyệt")
    leader.says("duyệt bài")  # on the screen, not decided
    clerk.says("các bài")
    clerk.says("1")
    clerk.says("bỏ bài này")
    assert "vừa có thay đổi" in leader.says("duyệt, đăng ngay")[0]
    assert desk.article().state == ArticleState.DROPPED


def test_every_question_is_asked_again_when_the_answer_does_not_fit(
    desk: Desk, clerk: Chat
) -> None:
    clerk.says("dang bai")
    assert "nhắn số giúp em" in clerk.says("bài nào cũng được")[0]
    assert "nhắn số giúp em" in clerk.says("99")[0]
    clerk.says("tự soạn bài mới")
    assert "từ 1 đến 90" in clerk.says("x" * 91)[0]
    clerk.says(TITLE)
    assert "ít nhất 40" in clerk.says("ngắn quá")[0]
    clerk.says(BODY)
    assert "từ 3 đến 5 ý" in clerk.says("một\nhai")[0]
    clerk.says(POINTS)
    assert "bắt đầu bằng https://" in clerk.says("trang của xã")[0]
    clerk.says("https://dichvucong.gov.vn/p/home")  # a link here is no proof
    assert "nhắn số giúp em" in clerk.says("màu tím")[0]
    assert "dichvucong.gov.vn/p/home" in clerk.says("1")[0]
    assert "đã dừng" in clerk.says("thôi")[0]
    assert desk.article().state == ArticleState.DRAFT  # kept


def test_an_article_beside_the_subject_is_told_so(desk: Desk, clerk: Chat) -> None:
    clerk.says("đăng bài")
    clerk.says("tự soạn bài mới")
    clerk.says("Lịch tiêm phòng cho vật nuôi")
    clerk.says("Trạm thú y tiêm phòng cho trâu bò, heo, gà vịt của bà con trong xã.")
    clerk.says("Mang vật nuôi tới trạm.\nGiữ sổ tiêm.\nHỏi cán bộ thú y.")
    clerk.says("1")
    assert "không được tự ghi nhận" in clerk.says("1")[0]


def test_citizens_and_units_without_account_are_told_why_not(
    desk: Desk, town: Town
) -> None:
    citizen = town.chat_of("ba-tam")
    citizen.says("chào")
    for words in ("đăng bài", "duyệt bài", "các bài"):
        assert "dành cho cán bộ" in citizen.says(words)[0]
    other = desk.phone_of("chi-hoa", Role.OFFICIAL, "Hoa", "xa_tan_lan")
    assert "chưa có OA nào" in other.says("đăng bài")[0]
    assert "chưa có bài nào" in other.says("các bài")[0]


# --- when Zalo does not play along -----------------------------------------------------------------


@pytest.fixture
def approved(desk: Desk, clerk: Chat, leader: Chat) -> Desk:
    writes(clerk)
    clerk.says("gửi duyệt")
    leader.says("duyệt bài")
    leader.says("1")
    return desk


def test_a_picture_that_zalo_cannot_fetch_fails_and_may_be_tried_again(
    approved: Desk, clerk: Chat
) -> None:
    account = approved.town.simulator.state.accounts[approved.town.government]
    account.article_media_fails = True
    approved.publishes()
    approved.passes(seconds=30)
    approved.publishes()
    assert approved.article().state == ArticleState.FAILED
    clerk.drain()
    assert "không tải được ảnh" in clerk.last_from_bot()["text"]
    account.article_media_fails = False
    clerk.says("các bài")
    assert "PUBLIC_URL" in clerk.says("1")[0]
    assert "thử đăng lại" in clerk.says("thử lại")[0]
    for _ in range(3):
        approved.publishes()
        approved.passes(seconds=30)
    assert approved.article().state == ArticleState.PUBLISHED
    assert len(approved.at_zalo()) == 1


class LosesAnswers:
    """A client whose answers about articles are lost after Zalo has acted on them."""

    def __init__(self, client: ZaloClient, times: int) -> None:
        self._client, self._left = client, times
        self.created = self.updated = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_article(self, *args: Any) -> str:
        self.created += 1
        return self._lossy(self._client.create_article(*args))

    def update_article(self, *args: Any) -> str:
        self.updated += 1
        return self._lossy(self._client.update_article(*args))

    def _lossy(self, token: str) -> str:
        if self._left:
            self._left -= 1
            raise OutcomeUnknown("lost")
        return token


def test_a_lost_answer_is_looked_for_and_never_published_twice(
    approved: Desk,
) -> None:
    assert approved.workshop.client is not None
    lossy = LosesAnswers(approved.workshop.client, times=1)
    desk = replace(approved, workshop=replace(approved.workshop, client=lossy))  # type: ignore[arg-type]
    desk.publishes()
    assert desk.article().state == ArticleState.CREATING
    assert desk.article().call_began_at is not None
    for _ in range(3):
        desk.passes(minutes=1)
        desk.publishes()
    article = desk.article()
    assert article.state == ArticleState.PUBLISHED
    assert article.article_id in desk.town.simulator.state.articles
    assert lossy.created == 1
    assert len(desk.at_zalo()) == 1


def test_what_never_reached_zalo_is_created_after_looking_for_it(
    approved: Desk,
) -> None:
    """A worker died before its call went out: the row says that it began."""
    with approved.town.database.writing() as session:
        session.execute(
            update(OaArticle).values(call_began_at=approved.workshop.clock.now())
        )
    approved.publishes()
    assert approved.at_zalo() == []  # it may come yet
    assert approved.article().state == ArticleState.CREATING
    for _ in range(14):
        approved.passes(minutes=1)
        approved.publishes()
    assert approved.article().state == ArticleState.PUBLISHED
    assert len(approved.at_zalo()) == 1


def test_an_older_article_of_the_same_title_is_not_taken_for_it(
    approved: Desk,
) -> None:
    assert approved.workshop.client is not None
    for _ in range(3):
        approved.publishes()
        approved.passes(seconds=30)
    first = approved.article()
    with approved.town.database.writing() as session:
        names = [column.name for column in SQLModel.metadata.tables["oa_article"].c]
        copied = {name: getattr(first, name) for name in names if name != "id"}
        now = approved.workshop.clock.now()
        fresh = {"state": ArticleState.CREATING, "article_id": None, "due_at": now}
        session.add(OaArticle(**copied | fresh | {"call_began_at": now}))
    for _ in range(14):
        approved.publishes()
        approved.passes(minutes=1)
    second = approved.article()
    assert second.state == ArticleState.PUBLISHED
    assert second.article_id != first.article_id
    assert len(approved.at_zalo()) == 2


def test_a_published_article_is_taken_down(approved: Desk, clerk: Chat) -> None:
    for _ in range(3):
        approved.publishes()
        approved.passes(seconds=30)
    clerk.says("các bài")
    assert "đã đăng" in clerk.says("1")[0]
    assert "chắc không" in clerk.says("gỡ bài khỏi OA")[0]
    assert "để nguyên" in clerk.says("giữ lại")[0]
    clerk.says("các bài")
    clerk.says("1")
    clerk.says("gỡ bài khỏi OA")
    clerk.says("gỡ")
    approved.publishes()
    assert approved.article().state == ArticleState.REMOVED
    assert approved.at_zalo() == []
    clerk.drain()
    assert "đã gỡ khỏi OA" in clerk.last_from_bot()["text"]


# --- what is out can be changed and hidden ---------------------------------------------------------


@pytest.fixture
def published(approved: Desk) -> Desk:
    _goes_on(approved)
    read_credits(approved.workshop, approved.workshop.clock.now())
    return approved


def _goes_on(desk: Desk) -> None:
    for _ in range(3):
        desk.publishes()
        desk.passes(seconds=30)


def proof_of(desk: Desk) -> Proof:
    with desk.town.database.reading() as session:
        return session.exec(select(Proof)).one()


def changes_title(clerk: Chat, title: str) -> str:
    clerk.says("các bài")
    clerk.says("1")
    clerk.says("sửa bài")
    clerk.says("sửa tiêu đề")
    clerk.says(title)
    (sent,) = clerk.says("gửi duyệt")
    return sent


def test_a_change_needs_the_second_person_and_keeps_article_and_credit(
    published: Desk, clerk: Chat, leader: Chat
) -> None:
    first = published.article()
    new = "Chuyển đổi số: nộp hồ sơ trên điện thoại, bản mới"
    assert "Người duyệt" in changes_title(clerk, new)
    _goes_on(published)
    assert published.at_zalo()[0]["title"] == TITLE  # nobody has approved it
    clerk.says("các bài")
    assert "bản cũ vẫn trên OA" in clerk.says("1")[0]
    for digest in (first.cover_sha256, first.picture_sha256):
        address = f"{published.town.address}/pictures/{digest}.png"
        assert requests.get(address, timeout=10).status_code == 200
    leader.says("duyệt bài")
    leader.says("1")
    _goes_on(published)
    (content,) = published.at_zalo()
    assert content["title"] == new
    changed = published.article()
    assert (changed.article_id, changed.published_at) == (
        first.article_id,
        first.published_at,
    )
    clerk.drain()
    assert "đã đổi sang bản mới" in clerk.last_from_bot()["text"]
    before = proof_of(published)
    read_credits(published.workshop, published.workshop.clock.now())
    after = proof_of(published)  # one still
    assert (after.id, after.state) == (before.id, ProofState.ACCEPTED)
    with published.town.database.reading() as session:
        kept = session.exec(select(ArticleVersion)).all()
    assert [one.words["title"] for one in kept] == [TITLE, new]


def test_a_change_that_is_given_up_leaves_what_is_out(
    published: Desk, clerk: Chat, leader: Chat
) -> None:
    changes_title(clerk, "Chuyển đổi số, tiêu đề khác")
    clerk.says("các bài")
    clerk.says("1")
    assert "vẫn để nguyên" in clerk.says("bỏ bài này")[0]
    article = published.article()
    assert (article.state, article.title) == (ArticleState.PUBLISHED, TITLE)
    assert article.picture_sha256 is not None
    assert "không có bài nào chờ" in leader.says("duyệt bài")[0]
    _goes_on(published)
    assert published.at_zalo()[0]["title"] == TITLE


def test_a_hidden_article_is_flagged_and_counts_again_when_it_is_shown(
    published: Desk, clerk: Chat
) -> None:
    now = published.workshop.clock.now
    clerk.says("các bài")
    clerk.says("1")
    assert "đang ẩn bài" in clerk.says("ẩn bài, khi cần thì hiện lại")[0]
    _goes_on(published)
    assert published.at_zalo()[0]["status"] == "hide"
    assert published.article().is_hidden
    read_credits(published.workshop, now())
    assert proof_of(published).reason == DISAPPEARED
    clerk.says("các bài")
    assert "đang ẩn" in clerk.says("1")[0]
    assert "hiện lại bài" in clerk.says("hiện lại bài")[0]
    _goes_on(published)
    assert published.at_zalo()[0]["status"] == "show"
    published.passes(minutes=20)
    read_credits(published.workshop, now())
    assert proof_of(published).reason == ""


def test_a_change_that_zalo_refuses_says_so_and_can_be_given_up(
    published: Desk, clerk: Chat, leader: Chat
) -> None:
    account = published.town.simulator.state.accounts[published.town.government]
    changes_title(clerk, "Chuyển đổi số, ảnh không tải được")
    leader.says("duyệt bài")
    leader.says("1")
    account.article_media_fails = True
    _goes_on(published)
    assert published.article().state == ArticleState.FAILED
    clerk.drain()
    assert "bản cũ vẫn trên OA" in clerk.last_from_bot()["text"]
    assert published.at_zalo()[0]["title"] == TITLE
    clerk.says("các bài")
    clerk.says("1")
    clerk.says("bỏ bài này")
    article = published.article()
    assert (article.state, article.title) == (ArticleState.PUBLISHED, TITLE)


def test_a_lost_answer_to_a_change_is_asked_for_again(
    published: Desk, clerk: Chat, leader: Chat
) -> None:
    changes_title(clerk, "Chuyển đổi số, bản thứ hai")
    leader.says("duyệt bài")
    leader.says("1")
    assert published.workshop.client is not None
    lossy = LosesAnswers(published.workshop.client, times=1)
    desk = replace(published, workshop=replace(published.workshop, client=lossy))  # type: ignore[arg-type]
    for _ in range(4):
        desk.publishes()
        desk.passes(minutes=1)
    assert desk.article().state == ArticleState.PUBLISHED
    assert [one["title"] for one in desk.at_zalo()] == ["Chuyển đổi số, bản thứ hai"]
    assert lossy.created == 0
    assert lossy.updated == 2
