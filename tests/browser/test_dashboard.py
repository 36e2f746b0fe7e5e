"""Every page of the dashboard in a real browser: readable for all, light, never sideways.

And the question of issue and demo: who is missing this week, and why is Tân Lân's proof
doubtful? Three clicks from the link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from sqlmodel import Session, col, select

from bot.catalogue.catalogue import Catalogue
from bot.people import audit, logins
from building.demo import seat_demo_officials, seed_demo_weeks
from models import Official, Proof, ProofCheck, ProofState
from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from tests.browser.test_simulator_page import serious
from tests.chat import Town, keep_morning, town_from

MOST_BYTES = 200_000  # of one page with everything that it needs
MOST_REQUESTS = 12
MOST_NODES = 2_500  # what a cheap phone lays out without a pause
PAGES = (
    "/dashboard/",
    "/dashboard/?select=1",
    "/dashboard/weeks",
    "/dashboard/weeks?duty=II-2.2|website",
    "/dashboard/cells/{week}/xa_tan_lan/II-2.2",
    "/dashboard/proofs/{doubtful}",
    "/dashboard/review",
    "/dashboard/review/{doubtful}",
    "/dashboard/people",
    "/dashboard/people/list",
    "/dashboard/units/xa_tan_lan",
    "/dashboard/territory/merge",
    "/dashboard/territory/split",
    "/dashboard/accounts",
    "/dashboard/operations",
    "/dashboard/deliveries?who=Dũng",
    "/dashboard/audit?verify=1",
)
NODES = "document.getElementsByTagName('*').length"
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


class Desk:
    """The program with some weeks behind it, and browsers that are let in."""

    def __init__(self, town: Town, browser: Browser) -> None:
        self.town, self.browser = town, browser
        with town.database.reading() as session:
            newest = _newest_proof(session)
        self.doubtful, self.week = newest.id or 0, newest.period

    def link(self, name: str) -> str:
        now = self.town.worker.conversations.clock.now()
        with self.town.database.writing() as session:
            person = session.exec(select(Official).where(Official.name == name)).one()
            token = logins.make_link(session, person, audit.OPERATOR, now)
        return f"{self.town.address}/dashboard/login/{token}"

    def let_in(self, name: str, size: ViewportSize) -> BrowserContext:
        context = self.browser.new_context(viewport=size, locale="vi-VN")
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(self.link(name))
        assert serious(page) == []
        page.get_by_role("button", name="Vào bảng điều khiển").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Tuần")
        page.close()
        return context

    def path(self, template: str) -> str:
        place = template.format(week=self.week, doubtful=self.doubtful)
        return f"{self.town.address}{place}"


def _newest_proof(session: Session) -> Proof:
    newest = session.exec(select(Proof).order_by(col(Proof.id).desc())).first()
    assert newest is not None
    return newest


def _live_some_weeks(town: Town) -> None:
    """Until the newest proof is one that waits for a supervisor."""
    seat_demo_officials(town.database, town.settings, town.simulator)
    seed_demo_weeks(town.database, town.settings)
    with town.database.writing() as session:
        newest = _newest_proof(session)
        newest.state = ProofState.DOUBTFUL
        number = newest.id or 0
        session.add(
            ProofCheck(
                proof_id=number, number=0, checked_at=newest.received_at,
                findings=[{"code": "text_used_before", "ok": None,
                           "proof": number - 1, "unit": "xa_can_duoc"}],
            )
        )  # fmt: skip


@pytest.fixture(scope="session")
def after_weeks(
    morning: Path, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a town that has lived through some weeks."""
    folder = tmp_path_factory.mktemp("weeks")
    with town_from(morning, catalogue, folder) as town:
        _live_some_weeks(town)
        keep_morning(town)
    return folder


@pytest.fixture
def desk(
    after_weeks: Path, catalogue: Catalogue, tmp_path: Path, browser: Browser
) -> Iterator[Desk]:
    with town_from(after_weeks, catalogue, tmp_path) as town:
        yield Desk(town, browser)
        for context in browser.contexts:
            context.close()


def _counted(page: Page) -> tuple[dict[str, int], Callable[[], None]]:
    """Requests and bytes over the wire, as the browser counts them."""
    counts = {"requests": 0, "bytes": 0}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def finished(event: dict[str, Any]) -> None:
        counts["requests"] += 1
        counts["bytes"] += int(event["encodedDataLength"])

    wire.on("Network.loadingFinished", finished)
    return counts, wire.detach


def test_every_page_is_light_and_readable(desk: Desk) -> None:
    """Each is loaded once, by a phone, and made as wide as a desktop."""
    context = desk.let_in("quản trị", PHONE)
    troubles: list[str] = []
    for template in PAGES:
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if said.type == "error" else None,
        )
        counts, stop = _counted(page)
        answer = page.goto(desk.path(template), wait_until="load")
        assert answer is not None
        assert answer.status == 200, template
        assert counts["bytes"] <= MOST_BYTES, (template, counts)
        assert 0 < counts["requests"] <= MOST_REQUESTS, (template, counts)
        assert page.evaluate(NODES) <= MOST_NODES, template
        stop()
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            assert page.evaluate(FITS), f"{template} is wider than {size}"
            assert serious(page) == [], (template, size)
        page.close()
    assert troubles == []


def test_a_supervisor_finds_out_in_three_clicks(desk: Desk) -> None:
    page = desk.browser.new_context(viewport=DESKTOP, locale="vi-VN").new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(desk.link("Ông Sáu"))
    page.get_by_role("button", name="Vào bảng điều khiển").click()  # 1
    expect(page.get_by_role("heading", name="Chưa nộp đủ")).to_contain_text("đơn vị")
    row = page.get_by_role("row", name="Xã Tân Lân")
    row.get_by_role("link", name="chờ duyệt").first.click()  # 2
    expect(page.locator(".findings .doubt")).to_contain_text(
        "nội dung giống bài đã nộp"
    )
    page.get_by_role("link", name="So với minh chứng").click()  # 3
    expect(page.locator("#beside")).to_contain_text("Xã Cần Đước")


def test_the_queue_is_worked_off_with_the_keyboard(desk: Desk) -> None:
    context = desk.let_in("Ông Sáu", DESKTOP)
    page = context.new_page()
    page.goto(desk.path("/dashboard/review"))
    page.keyboard.press("n")
    expect(page).to_have_url(desk.path("/dashboard/review/{doubtful}"))
    page.keyboard.press("r")  # asks why first
    reason = page.get_by_label("Lý do khi từ chối")
    expect(reason).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text(["Đã chấp nhận"])
    page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_contain_text("Đã hoàn tác")
    reason.select_option(index=1)
    page.get_by_role("button", name="Từ chối").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã từ chối")
