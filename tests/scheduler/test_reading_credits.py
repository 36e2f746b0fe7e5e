"""The job that reads accounts and feeds: what it asks for, when, and what fails."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.channel.seal import Sealer
from bot.channel.tokens import store_tokens
from bot.channel.zalo.answers import TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.duties.fetching import Fetcher
from bot.duties.proofs.phrases import PageWords
from bot.duties.proofs.verdict import DISAPPEARED
from bot.watching.alarms import open_alarms
from models import Account, Channel, FeedState, FoundItem, Proof, UnitChannel
from scheduler.clockwork import Workshop
from scheduler.credits import DETAILS_A_READING, PAGES_A_READING, read_credits
from simulator import (
    Simulator,
    SimulatorConfig,
    create_simulator,
    seed_demo,
    simulator_of,
)
from simulator.records import Article
from simulator.serving import served
from tests.duties.office import add_assignment, add_duty, add_plan, add_unit, at
from tests.proofs.site import Page, Site, resolving

OA = "2874650193847560192"
NOW = at("2026-11-18", 15)
HOST = "xa-a.test"


@dataclass
class Office:
    """One commune: its site, its account, and the job."""

    workshop: Workshop
    simulator: Simulator
    site: Site

    def reads(self, now: datetime = NOW) -> dict[str, int]:
        return read_credits(self.workshop, now)

    def feed(self, *items: str, **headers: str) -> None:
        body = f'<rss version="2.0"><channel><title>A</title>{"".join(items)}</channel></rss>'
        page = Page(body, content_type="application/rss+xml", headers=headers)
        self.site.put(HOST, "/rss", page)

    def item(self, number: int, day: str = "18 Nov 2026") -> str:
        link = self.site.url(HOST, f"/tin/{number}")
        return (
            f"<item><title>Chuyển đổi số {number}</title><link>{link}</link>"
            f"<pubDate>{day} 09:00:00 +0700</pubDate></item>"
        )

    def post(self, number: int, day: str = "2026-11-18", **values: str) -> Article:
        created = int(at(day).timestamp() * 1000)
        content = {
            "type": "normal", "title": f"Chuyển đổi số {number}", "status": "show",
            "cover": {}, "body": [{"type": "text", "content": f"Nội dung {number}"}],
        } | values  # fmt: skip
        article = Article(f"a{number}", OA, content, created, created)
        self.simulator.state.articles[article.article_id] = article
        return article

    def credits(self) -> list[tuple[str, str, str]]:
        with self.workshop.database.reading() as session:
            rows = session.exec(select(Proof).order_by(col(Proof.id))).all()
        return [(row.title, row.channel, row.state) for row in rows]

    def state(self, key: str) -> FeedState:
        with self.workshop.database.reading() as session:
            return session.get_one(FeedState, key)

    @property
    def feed_key(self) -> str:
        return f"feed:{self.site.url(HOST, '/rss')}"

    def calls(self) -> list[str]:
        return [call["path"] for call in self.simulator.state.calls]


@pytest.fixture
def office(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(socket, "getaddrinfo", resolving({}, socket.getaddrinfo))
    config = SimulatorConfig(
        app_id="1", app_secret="a" * 32, oa_secret_key="o" * 32,
        webhook_url="http://127.0.0.1:9/", public_url="http://127.0.0.1:9",
        echo_seconds=None, received_seconds=None, seen_seconds=None,
    )  # fmt: skip
    simulated = create_simulator(config)
    simulator = simulator_of(simulated)
    with served(simulated) as url, Site().open() as site:
        seed(workshop, simulator, site)
        client = ZaloClient(f"{url}/openapi", f"{url}/oauth")
        fetcher = Fetcher("http://a.vn", allow_loopback=True, pause_seconds=0)
        words = PageWords.load(Path("content/pages.toml"))
        able = replace(workshop, client=client, fetcher=fetcher, page_words=words)
        yield Office(able, simulator, site)
        client.close()
    simulator.close()


def seed(workshop: Workshop, simulator: Simulator, site: Site) -> None:
    seed_demo(simulator)
    simulator.state.articles.clear()
    given = simulator.issue_tokens(OA)
    pair = TokenPair(given.access_token, given.refresh_token, timedelta(hours=25))
    with workshop.database.writing() as session:
        add_plan(session)
        add_unit(session)
        duty = add_duty(
            session, "II-2.2", credits_found=True, keywords=["chuyển đổi số"],
            channels=[Channel.WEBSITE, Channel.ZALO_OA],
        )  # fmt: skip
        add_assignment(session, duty)
        now = workshop.clock.now()
        session.add(Account(oa_id=OA, unit_code="xa_a", created_at=now))
        session.add(
            UnitChannel(
                id="a", unit_code="xa_a", address=HOST, feed_url=site.url(HOST, "/rss")
            )
        )
        session.flush()
        store_tokens(session, OA, pair, Sealer("k" * 48), now)


# --- what is read ------------------------------------------------------------------------------


def test_posts_of_account_and_site_are_credited_in_one_reading(office: Office) -> None:
    office.post(1)
    office.post(2, type="video", title="Chuyển đổi số, phim")
    office.post(3, status="hide")
    office.feed(office.item(4))
    assert office.reads() == {"credited": 3, "read": 2}
    assert office.reads(NOW + timedelta(hours=1)) == {"read": 2}
    assert len(office.credits()) == 3


def test_nothing_is_read_twice_within_the_half_hour(office: Office) -> None:
    office.feed()
    assert office.reads() == {"read": 2}
    assert office.reads(NOW + timedelta(minutes=20)) == {}
    assert office.reads(NOW + timedelta(minutes=31)) == {"read": 2}


def test_the_first_reading_looks_back_to_the_period_before_only(
    office: Office,
) -> None:
    office.feed(office.item(1, "9 Nov 2026"), office.item(2, "6 Nov 2026"))
    office.post(3, "2026-11-09")
    office.post(4, "2026-08-01")
    office.reads()
    titles = {title for title, *_ in office.credits()}
    assert titles == {"Chuyển đổi số 1", "Chuyển đổi số 3"}


def test_what_was_published_while_the_program_was_down_is_still_credited(
    office: Office,
) -> None:
    office.feed()
    office.reads()
    office.feed(office.item(1, "19 Nov 2026"))
    office.reads(NOW + timedelta(days=21))
    with office.workshop.database.reading() as session:
        assert session.exec(select(Proof)).one().period == "2026-W47"


def test_a_hidden_article_is_flagged_by_the_next_reading(office: Office) -> None:
    article = office.post(1)
    office.feed()
    office.reads()
    article.content["status"] = "hide"
    assert office.reads(NOW + timedelta(hours=1))["hidden"] == 1
    assert office.credits()[0][2] == "accepted"  # until a supervisor has decided
    with office.workshop.database.reading() as session:
        assert session.exec(select(Proof)).one().reason == DISAPPEARED


def test_many_articles_cost_a_bounded_number_of_calls(office: Office) -> None:
    for number in range(DETAILS_A_READING + 15):
        office.post(number)
    office.feed()
    assert office.reads()["credited"] == DETAILS_A_READING
    details = [path for path in office.calls() if "getdetail" in path]
    slices = [path for path in office.calls() if "getslice" in path]
    assert len(details) == DETAILS_A_READING
    assert len(slices) <= 2 * PAGES_A_READING
    assert office.reads(NOW + timedelta(hours=1))["credited"] == 15


def test_pages_of_a_sitemap_tell_title_and_day_themselves(office: Office) -> None:
    head = (
        '<meta property="og:title" content="Chuyển đổi số ở xã">'
        '<meta property="article:published_time" content="2026-11-17T08:00:00+07:00">'
    )
    link = office.site.put(HOST, "/tin/9", head)
    sitemap = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<url><loc>{link}</loc><lastmod>2026-11-18</lastmod></url></urlset>"
    )
    office.site.put(HOST, "/rss", Page(sitemap, content_type="application/xml"))
    office.reads()
    with office.workshop.database.reading() as session:
        proof = session.exec(select(Proof)).one()
    assert (proof.title, proof.published_on) == (
        "Chuyển đổi số ở xã",
        date(2026, 11, 17),
    )
    office.reads(NOW + timedelta(hours=1))
    asked = [visit for visit in office.site.visits if visit.path == "/tin/9"]
    assert len(asked) == 1


# --- what fails ----------------------------------------------------------------------------------


def test_an_unchanged_feed_is_asked_for_by_its_mark(office: Office) -> None:
    office.feed(office.item(1), ETag='"v1"')
    office.reads()
    office.site.put(HOST, "/rss", Page(status=304))
    assert office.reads(NOW + timedelta(hours=1))["unchanged"] == 1
    asked = [visit for visit in office.site.visits if visit.path == "/rss"]
    assert asked[-1].headers["If-None-Match"] == '"v1"'
    assert office.state(office.feed_key).etag == '"v1"'


def test_a_feed_that_fails_is_tried_less_often_and_alarms_after_a_day(
    office: Office,
) -> None:
    office.site.put(HOST, "/rss", Page(status=500))
    now, pauses = NOW, []
    while now < NOW + timedelta(days=2):
        office.reads(now)
        state = office.state(office.feed_key)
        with office.workshop.database.reading() as session:
            alarms = open_alarms(session)
        assert bool(alarms) == (now - NOW >= timedelta(days=1))
        pauses.append(state.next_read_at - now)
        now = state.next_read_at
    assert pauses[:4] == [timedelta(hours=hours) for hours in (0.5, 1, 2, 4)]
    assert max(pauses) == timedelta(hours=6)
    assert state.problem == "server_error"

    office.feed(office.item(1, "20 Nov 2026"))
    assert office.reads(now)["credited"] == 1
    with office.workshop.database.reading() as session:
        assert open_alarms(session) == []
    assert office.state(office.feed_key).failures == 0


def test_a_sick_account_does_not_hold_up_the_feeds(office: Office) -> None:
    with office.workshop.database.writing() as session:
        account = session.get_one(Account, OA)
        account.access_token_sealed = Sealer("k" * 48).seal("worthless")
    office.feed(office.item(1))
    assert office.reads() == {"failed": 1, "read": 1, "credited": 1}
    assert office.state(f"oa:{OA}").failures == 1


def test_a_page_instead_of_a_feed_fails(office: Office) -> None:
    office.site.put(HOST, "/rss", "<html><body>Bảo trì</body></html>")
    office.reads()
    assert office.state(office.feed_key).problem == "not_a_feed"
    with office.workshop.database.reading() as session:
        assert session.exec(select(FoundItem)).all() == []
