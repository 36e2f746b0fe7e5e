"""Several workers at once, on both engines: each step of an article and each reminder once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.channel.zalo.client import ZaloClient
from bot.db import Database
from bot.files import Files
from bot.outreach.articles.publishing import News, Publisher
from models import Account, ArticleState, Contact, OaArticle, OutboxMessage, OwnReminder
from scheduler.clockwork import Workshop
from scheduler.own_reminders import remind

WORKERS, ROWS = 4, 24


@pytest.fixture
def shop(workshop: Workshop, either: Database, tmp_path: Path) -> Workshop:
    now = workshop.clock.now()
    with either.writing() as session:
        session.add(Account(oa_id="1", name="UBND xã", created_at=now))
        contact = Contact(oa_id="1", user_id="u", created_at=now)
        contact.last_interaction_at = now
        session.add(contact)
        session.flush()
        for number in range(ROWS):
            at = now - timedelta(seconds=number)
            session.add(
                OwnReminder(
                    contact_id=contact.id or 0, what=f"việc {number}", at=at,
                    created_at=now,
                )
            )  # fmt: skip
            session.add(
                OaArticle(
                    oa_id="1", unit_code="xa", title=f"Bài {number}", description="x",
                    body="x", points=["a", "b", "c"], link="https://x.vn",
                    layout="cards", palette="blue", picture_sha256="0" * 64,
                    created_at=now, due_at=at,
                )
            )  # fmt: skip
    return replace(workshop, database=either, files=Files(tmp_path))


def together(work: object) -> list[object]:
    assert callable(work)
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda _: work(), range(WORKERS)))


def test_each_reminder_is_written_once(shop: Workshop) -> None:
    now = shop.clock.now()
    counts = together(lambda: remind(shop, now)["written"])
    assert sum(int(str(one)) for one in counts) == ROWS
    with shop.database.reading() as session:
        rows = session.exec(select(OutboxMessage)).all()
        left = session.exec(
            select(OwnReminder).where(col(OwnReminder.what) != "")
        ).all()
    assert len({row.dedupe_key for row in rows}) == len(rows) == ROWS
    assert left == []


def test_each_step_of_an_article_is_one_workers(shop: Workshop) -> None:
    told: list[News] = []
    publisher = Publisher(
        database=shop.database,
        clock=shop.clock,
        client=ZaloClient("http://127.0.0.1:9", "http://127.0.0.1:9"),
        accounts=shop.accounts,
        files=Files(Path("/nonexistent")),
        label=shop.texts.label,
        tell=lambda session, article, news, now: told.append(news),
        public_url="https://bot.example.vn",
        zone=shop.zone,
    )

    def work() -> int:
        steps = 0
        while publisher.run_once():
            steps += 1
        return steps

    counts = together(work)
    assert sum(int(str(one)) for one in counts) == ROWS
    assert told == []  # a draft that is drawn needs nothing
    with shop.database.reading() as session:
        articles = session.exec(select(OaArticle)).all()
    assert {one.state for one in articles} == {ArticleState.DRAFT}
    assert {(one.due_at, one.lease_until) for one in articles} == {(None, None)}
