"""Honest figures: counted from rows, gaps where there is nothing, nobody named."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from bot import figures
from bot.channel.spool import Spool
from dashboard.public import create_public
from models import (
    Account,
    Contact,
    MessageStatus,
    OutboxMessage,
    Role,
    UnansweredQuestion,
    WebhookEvent,
)
from tests.dashboard.conftest import HOME, House


def asked(house: House, seconds: list[int], unanswered: int = 0) -> None:
    """As many questions as there are answer times, some of them without an answer."""
    with house.database.writing() as session:
        session.add(
            Account(oa_id="77", name="OA Tân Lân", unit_code=HOME, created_at=house.now)
        )
        contact = Contact(oa_id="77", user_id="secret-user", created_at=house.now)
        session.add(contact)
        session.flush()
        for number, took in enumerate(seconds):
            event = WebhookEvent(
                event_key=f"{number}", oa_id="77", contact_id=contact.id,
                event_name="user_send_text", body_sha256="", occurred_at=house.now,
                received_at=house.now, due_at=house.now, reason="search",
            )  # fmt: skip
            session.add(event)
            session.flush()
            session.add(
                OutboxMessage(
                    dedupe_key=f"event:{event.id}:0", oa_id="77",
                    contact_id=contact.id or 0, status=MessageStatus.SENT,
                    due_at=house.now, created_at=house.now,
                    sent_at=house.now + timedelta(seconds=took),
                )
            )  # fmt: skip
        for _ in range(unanswered):
            session.add(
                UnansweredQuestion(
                    oa_id="77", text="x", outcome="not_found", asked_at=house.now
                )
            )


def test_a_week_is_counted_and_an_empty_one_is_a_gap(house: House) -> None:
    asked(house, [1, 2, 90, 3], unanswered=1)
    weeks = house.reading(
        lambda session: figures.weeks_served(session, house.now, house.settings.zone)
    )
    assert len(weeks) == figures.WEEKS
    assert (weeks[-1].questions, weeks[-1].unanswered) == (4, 1)
    assert weeks[-1].answered_percent == 75.0
    assert weeks[-1].median_seconds == 2.5
    assert weeks[0].answered_percent is None
    assert weeks[0].median_seconds is None


def test_each_sees_the_figures_of_his_own_accounts(house: House) -> None:
    asked(house, [1, 2])
    page = house.browser(Role.OFFICIAL, HOME).text("/dashboard/figures")
    assert "data:image/svg+xml" in page
    assert "100,0%" in page
    other = house.browser(Role.OFFICIAL, "xa_can_duoc").text("/dashboard/figures")
    assert "Chưa có câu hỏi nào" in other


def test_the_public_page_says_what_is_there_and_names_nobody(house: House) -> None:
    page = house.stranger().text("/")
    assert "chưa có số liệu để công bố" in page
    assert "Chưa có tài khoản Zalo" in page
    asked(house, [1, 2, 3, 4], unanswered=1)
    house.app = fresh(house)
    page = house.stranger().text("/")
    assert "https://zalo.me/77" in page
    assert "data:image/svg+xml" in page
    assert "bà con hỏi 4 câu, trả lời được 75,0%" in page
    assert "secret-user" not in page
    assert "đúng hạn" not in page  # not published unless the authority says so


def test_compliance_is_published_when_the_authority_says_so(house: House) -> None:
    house.settings = house.settings.model_copy(update={"publish_compliance": True})
    house.app = fresh(house)
    assert "làm đúng hạn 0/" in house.stranger().text("/")


def fresh(house: House) -> Flask:
    """The public page alone: what it counted before is forgotten."""
    app = Flask("public")
    app.register_blueprint(
        create_public(
            house.database, Spool(house.settings.data_dir), house.clock,
            house.settings, is_demo=False,
        )
    )  # fmt: skip
    return app
