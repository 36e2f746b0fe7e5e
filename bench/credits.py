"""A simulated quarter of posts: what is credited by itself, to whom, how often.

Six communes with a site and a feed each, two of them with an account of the fake Zalo. For
twelve weeks everybody posts; posts are renamed, hidden, published anew under another id,
copied into a neighbour's feed; press articles and posts about other things stand among them.
Every day each source is read once, over real HTTP, by the clock's own job. Wanted: of the
posts in scope at least 95 % credited within that one cycle, none to a wrong unit, none twice.
"""

from __future__ import annotations

import logging
import random
import secrets
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from bot import logs
from bot.channel.accounts import Accounts
from bot.channel.catching_up import CatchingUp
from bot.channel.seal import Sealer
from bot.channel.spool import Spool
from bot.channel.tokens import store_tokens
from bot.channel.zalo.answers import TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from bot.duties.fetching import Fetcher
from bot.duties.proofs.phrases import PageWords
from bot.schema import upgrade
from bot.settings import load_settings
from models import (
    Account,
    AdminUnit,
    Assignment,
    Cadence,
    Channel,
    EvidenceKind,
    Plan,
    PlanDuty,
    Proof,
    ProofState,
    UnitChannel,
)
from scheduler.clockwork import Workshop
from scheduler.credits import read_credits
from simulator import (
    Simulator,
    SimulatorConfig,
    create_simulator,
    seed_demo,
    simulator_of,
)
from simulator.records import Article
from simulator.serving import served
from tests.proofs.site import Page, Site, resolving

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ACCOUNTS = {"xa_1": "2874650193847560192", "xa_2": "3918274650918273645"}
UNITS = tuple(f"xa_{number}" for number in range(1, 7))
FIRST_DAY = date(2026, 8, 31)  # a Monday
WEEKS = 12
SEED = 20261125
POSTS_IN_FEED = 30
SUBJECTS = (
    "chuyển đổi số cộng đồng", "chính quyền số gần dân", "kinh tế số ở chợ xã",
    "xã hội số an toàn", "an toàn thông tin mạng",
)  # fmt: skip
OTHER_SUBJECTS = (
    "giải bóng chuyền", "vệ sinh đường làng", "tiêm ngừa cho trẻ", "lịch cúp điện",
)  # fmt: skip
FILLER = [
    "bà",
    "con",
    "trong",
    "ấp",
    "cùng",
    "nhau",
    "học",
    "cách",
    "làm",
    "mới",
    "cán",
    "bộ",
    "hướng",
    "dẫn",
    "tận",
    "nhà",
    "buổi",
    "sáng",
    "chiều",
    "tối",
    "năm",
    "nay",
    "mùa",
    "lúa",
    "trường",
    "học",
    "nhà",
    "văn",
    "hóa",
    "tổ",
    "dân",
    "phố",
]


@dataclass
class Post:
    """One thing that was published. ``owner`` None: nobody is to be credited for it."""

    number: int
    owner: str | None
    channel: Channel
    day: date
    title: str
    text: str
    link: str = ""


@dataclass(frozen=True)
class Figures:
    """``wanted``: posts in scope, ``prompt`` of them credited on their own day."""

    wanted: int
    prompt: int
    wrong_unit: int
    twice: int
    not_wanted: int
    kinds: Counter[str]

    @property
    def share(self) -> float:
        return self.prompt / self.wanted


@dataclass
class Quarter:
    workshop: Workshop
    simulator: Simulator
    site: Site
    chance: random.Random
    posts: list[Post] = field(default_factory=list)
    feeds: dict[str, list[Post]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    # --- a day ------------------------------------------------------------------------------

    def live(self, weeks: int) -> Figures:
        prompt: set[int] = set()
        now = datetime.combine(FIRST_DAY, time(17), ZONE)
        self._write_feeds()
        read_credits(self.workshop, now - timedelta(days=1))  # nothing there yet
        for number in range(weeks * 7):
            day = FIRST_DAY + timedelta(days=number)
            self._publish(day)
            self._trouble(day)
            self._write_feeds()
            read_credits(self.workshop, now + timedelta(days=number))
            credited = self._credited_posts()
            prompt |= {post.number for post in self.posts if post.day == day} & credited
        return self._figures(prompt)

    def _publish(self, day: date) -> None:
        for unit in UNITS:
            if self.chance.random() < 0.4:
                self._on_site(unit, day, self.chance.random() < 0.7)
            if unit in ACCOUNTS and self.chance.random() < 0.4:
                self._on_account(unit, day, self.chance.random() < 0.7)

    def _trouble(self, day: date) -> None:
        recent = [post for post in self.posts if post.owner and post.day < day]
        if not recent:
            return
        for kind, action in (
            ("renamed", self._rename),
            ("hidden", self._hide),
            ("republished", self._republish),
            ("duplicated", self._duplicate),
            ("press", self._press),
        ):
            if self.chance.random() < 0.3:
                action(self.chance.choice(recent[-20:]), day)
                self.kinds[kind] += 1

    # --- what happens -------------------------------------------------------------------------

    def _new(self, owner: str | None, channel: Channel, day: date, fits: bool) -> Post:
        subject = self.chance.choice(SUBJECTS if fits else OTHER_SUBJECTS)
        body = " ".join(self.chance.choices(FILLER, k=90))
        if not fits and self.chance.random() < 0.5:
            body += " Xem thêm chuyên mục chuyển đổi số."
        number = len(self.posts) + 1
        post = Post(
            number, owner if fits else None, channel, day,
            f"{subject.capitalize()}, tin số {number}", f"Hôm nay, {subject}. {body}",
        )  # fmt: skip
        self.posts.append(post)
        return post

    def _on_site(self, unit: str, day: date, fits: bool) -> None:
        post = self._new(unit, Channel.WEBSITE, day, fits)
        post.link = self.site.url(_host(unit), f"/tin/{post.number}")
        self.feeds.setdefault(unit, []).append(post)
        if self.chance.random() < 0.2:  # a neighbour's feed may well be read first
            self._duplicate(post, day)
            self.kinds["duplicated"] += 1

    def _on_account(self, unit: str, day: date, fits: bool) -> None:
        post = self._new(unit, Channel.ZALO_OA, day, fits)
        self._put_article(ACCOUNTS[unit], post, day)

    def _put_article(self, oa_id: str, post: Post, day: date) -> None:
        at = int(datetime.combine(day, time(9), ZONE).timestamp() * 1000)
        key = secrets.token_hex(10)
        content = {
            "type": "normal", "title": post.title, "description": post.text[:120],
            "status": "show", "cover": {}, "body": [{"type": "text", "content": post.text}],
        }  # fmt: skip
        self.simulator.state.articles[key] = Article(key, oa_id, content, at, at)
        post.link = post.link or f"{post.number}"

    def _articles(self, post: Post) -> list[Article]:
        articles = self.simulator.state.articles.values()
        return [one for one in articles if post.text in str(one.content["body"])]

    def _rename(self, post: Post, day: date) -> None:
        post.title = f"{post.title} (cập nhật)"
        for article in self._articles(post):
            article.content["title"] = post.title

    def _hide(self, post: Post, day: date) -> None:
        for article in self._articles(post):
            article.content["status"] = "hide"
        for feed in self.feeds.values():
            feed[:] = [one for one in feed if one is not post]

    def _republish(self, post: Post, day: date) -> None:
        """The same words under a new id, which are no second credit."""
        again = Post(
            len(self.posts) + 1, None, post.channel, day, post.title, post.text
        )
        self.posts.append(again)
        unit = post.owner or ""
        if post.channel == Channel.ZALO_OA:
            self._put_article(ACCOUNTS[unit], again, day)
        else:
            again.link = self.site.url(_host(unit), f"/tin/{again.number}")
            self.feeds[unit].append(again)

    def _duplicate(self, post: Post, day: date) -> None:
        """A neighbour's feed names this very page."""
        own = post.link.partition("//")[2].partition(".")[0].replace("-", "_")
        others = [unit for unit in UNITS if unit != own]
        if post.channel == Channel.WEBSITE:
            feed = self.feeds.setdefault(self.chance.choice(others), [])
            feed[:] = [*(one for one in feed if one is not post), post]

    def _press(self, post: Post, day: date) -> None:
        """A commune's feed names an article of a newspaper."""
        foreign = self._new(None, Channel.WEBSITE, day, fits=True)
        foreign.link = self.site.url("bao.test", f"/{foreign.number}")
        self.feeds.setdefault(self.chance.choice(UNITS), []).append(foreign)

    def _write_feeds(self) -> None:
        for unit in UNITS:
            posts = self.feeds.get(unit, [])[-POSTS_IN_FEED:]
            entries = "".join(map(_entry, reversed(posts)))
            body = f'<rss version="2.0"><channel><title>{unit}</title>{entries}</channel></rss>'
            page = Page(body, content_type="application/rss+xml; charset=utf-8")
            self.site.put(_host(unit), "/rss", page)

    # --- the judge -----------------------------------------------------------------------------

    def _proofs(self) -> list[tuple[Proof, Post]]:
        by_title: dict[str, Post] = {}
        for post in self.posts:  # a number in each title
            by_title.setdefault(_number_in(post.title), post)
        with self.workshop.database.reading() as session:
            rows = session.exec(
                select(Proof).where(
                    col(Proof.state).in_((ProofState.ACCEPTED, ProofState.DOUBTFUL)),
                    col(Proof.decided_by) == "rule",
                )
            ).all()
        return [(proof, by_title[_number_in(proof.title)]) for proof in rows]

    def _credited_posts(self) -> set[int]:
        return {post.number for proof, post in self._proofs() if _is_right(proof, post)}

    def _figures(self, prompt: set[int]) -> Figures:
        wanted = {post.number for post in self.posts if post.owner}
        proofs = self._proofs()
        times = Counter(post.number for _, post in proofs)
        return Figures(
            wanted=len(wanted),
            prompt=len(prompt & wanted),
            wrong_unit=sum(
                post.owner is not None and proof.unit_code != post.owner
                for proof, post in proofs
            ),
            twice=sum(count - 1 for count in times.values()),
            not_wanted=sum(post.owner is None for _, post in proofs),
            kinds=self.kinds,
        )


def run() -> str:
    """The whole quarter, as a table."""
    logs.set_up(level=logging.ERROR)
    found = simulated(WEEKS)
    troubles = ", ".join(
        f"{count} {kind}" for kind, count in sorted(found.kinds.items())
    )
    return "\n".join(
        [
            "## Credits without work",
            "",
            f"{WEEKS} weeks, {len(UNITS)} communes, {len(ACCOUNTS)} accounts; {troubles}",
            "",
            "| figure | measured | wanted |",
            "| --- | --- | --- |",
            f"| of {found.wanted} posts in scope credited within one cycle | {found.share:.1%} | ≥ 95 % |",
            f"| credited to a wrong unit | {found.wrong_unit} | 0 |",
            f"| credited twice | {found.twice} | 0 |",
            f"| credited though foreign or of another subject | {found.not_wanted} | 0 |",
        ]
    )


def simulated(weeks: int, seed: int = SEED) -> Figures:
    """So many weeks of posts, from the seed."""
    with tempfile.TemporaryDirectory() as folder, quarter(Path(folder), seed) as found:
        return found.live(weeks)


@contextmanager
def quarter(folder: Path, seed: int) -> Iterator[Quarter]:
    """Sites, accounts and an empty database of the six communes."""
    database = Database(f"sqlite:///{folder / 'bot.db'}")
    upgrade(database)
    settings = load_settings(
        data_dir=folder, zalo_app_id="1", zalo_app_secret="a" * 32, secret_key="k" * 48
    )
    simulated = create_simulator(
        SimulatorConfig(
            app_id="1", app_secret="a" * 32, oa_secret_key="o" * 32,
            webhook_url="http://127.0.0.1:9/", public_url="http://127.0.0.1:9",
            echo_seconds=None, received_seconds=None, seen_seconds=None,
        )
    )  # fmt: skip
    simulator = simulator_of(simulated)
    seed_demo(simulator)
    simulator.state.articles.clear()
    real = socket.getaddrinfo
    socket.getaddrinfo = resolving({}, real)
    try:
        with served(simulated) as url, Site().open() as site:
            client = ZaloClient(f"{url}/openapi", f"{url}/oauth")
            sealer = Sealer("k" * 48)
            clock = Clock()
            accounts = Accounts(database, clock, client, sealer, settings)
            with database.writing() as session:
                _settle(session, site, simulator, sealer)
            fetcher = Fetcher("http://a.vn", allow_loopback=True, pause_seconds=0)
            workshop = Workshop(
                database, clock, ZONE, accounts, Texts({}),
                catching_up=CatchingUp(database, clock, client, accounts, lambda: True),
                spool=Spool(settings.data_dir), job_names=[],
                client=client, fetcher=fetcher,
                page_words=PageWords.load(settings.content_dir / "pages.toml"),
            )  # fmt: skip
            yield Quarter(workshop, simulator, site, random.Random(seed))
            client.close()
    finally:
        socket.getaddrinfo = real
        simulator.close()
        database.close()


def _settle(session: Session, site: Site, simulator: Simulator, sealer: Sealer) -> None:
    session.add(
        Plan(
            id="p", title="p", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31)
        )
    )
    _add_duty(session, "II-2.2", Cadence.WEEKLY, [Channel.WEBSITE, Channel.ZALO_OA], 1)
    _add_duty(session, "II-3.3b", Cadence.MONTHLY, [Channel.WEBSITE], 2)
    for unit in UNITS:
        session.add(AdminUnit(code=unit, name=unit))
        session.add(
            UnitChannel(
                id=unit, unit_code=unit, channel=Channel.WEBSITE, address=_host(unit),
                feed_url=site.url(_host(unit), "/rss"),
            )
        )  # fmt: skip
    for unit, oa_id in ACCOUNTS.items():
        given = simulator.issue_tokens(oa_id)
        now = Clock().now()
        session.add(Account(oa_id=oa_id, unit_code=unit, created_at=now))
        session.flush()
        life = timedelta(hours=25)
        pair = TokenPair(given.access_token, given.refresh_token, life)
        store_tokens(session, oa_id, pair, sealer, now)


def _add_duty(
    session: Session, duty_id: str, cadence: Cadence, channels: list[Any], position: int
) -> None:
    session.add(
        PlanDuty(
            plan_id="p", duty_id=duty_id, cadence=cadence, quota=1, position=position,
            channels=channels, evidence=[EvidenceKind.LINK], credits_found=True,
            keywords=["chuyển đổi số", "chính quyền số", "kinh tế số", "xã hội số",
                      "an toàn thông tin mạng"],
        )
    )  # fmt: skip
    for unit in UNITS:
        session.add(
            Assignment(
                id=f"p:{duty_id}:{unit}", plan_id="p", duty_id=duty_id, unit_code=unit,
                valid_from=date(2026, 1, 1),
            )
        )  # fmt: skip


def _host(unit: str) -> str:
    return f"{unit.replace('_', '-')}.test"


def _entry(post: Post) -> str:
    at = format_datetime(datetime.combine(post.day, time(9), ZONE))
    return (
        f"<item><title>{escape(post.title)}</title><link>{post.link}</link>"
        f"<guid>{post.link}</guid><pubDate>{at}</pubDate>"
        f"<description>{escape(post.text)}</description></item>"
    )


def _number_in(title: str) -> str:
    return title.rpartition("tin số ")[2].split()[0]


def _is_right(proof: Proof, post: Post) -> bool:
    return proof.unit_code == post.owner and proof.channel == post.channel
