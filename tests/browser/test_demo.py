"""The whole demo as a citizen of seventy meets it, started as a newcomer starts it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from bench.demo import Demo, running_demo
from bot.catalogue.catalogue import Catalogue
from tests.browser.conftest import DESKTOP, PHONE, opener
from tests.browser.test_simulator_page import own, serious, theirs
from tests.chat import lend_index

ANSWER_MS = 60_000
QUESTIONS = (
    ("lam giay khai sinh cho chau noi", "Đăng ký khai sinh"),
    ("doi bang lai xe o dau", "Đổi giấy phép lái xe"),
    ("mat the bao hiem y te", "thẻ BHYT"),
)


@pytest.fixture(scope="module")
def demo(
    catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    lend_index(catalogue, folder)
    with running_demo(folder) as running:
        yield running


def _ask(page: Page, text: str, expected: str) -> None:
    """Type a question; the last bubble that follows has these words."""
    before = theirs(page).count()
    page.get_by_label("Tin nhắn", exact=True).last.fill(text)
    page.keyboard.press("Enter")
    expect(theirs(page).nth(before)).to_be_visible(timeout=ANSWER_MS)
    expect(theirs(page).last).to_contain_text(
        re.compile(expected, re.IGNORECASE), timeout=ANSWER_MS
    )


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_old_citizen_asks_follows_up_and_comes_back_days_later(
    demo: Demo, browser: Browser, size: ViewportSize
) -> None:
    person = "ba-tam" if size is PHONE else "ong-sau"
    troubles: list[str] = []
    page = opener(browser, f"{demo.address}/simulator", troubles)(person, size)
    for text, expected in QUESTIONS:
        _ask(page, text, expected)
    assert serious(page) == []
    _ask(page, "le phi", "phí")  # about the last answer
    page.locator(".choice").first.click()
    expect(own(page).last).to_have_text(re.compile(r"^\s*1"))
    asked = own(page).count()
    assert asked == len(QUESTIONS) + 2

    if size is PHONE:
        page.get_by_role("button", name=re.compile("Đổi nhân vật")).click()
    page.get_by_role("button", name=re.compile("Anh Minh")).click()
    expect(page.locator(".log")).not_to_contain_text(QUESTIONS[0][0])
    _ask(page, "dang ky ket hon", "kết hôn")

    page = opener(browser, f"{demo.address}/simulator", troubles)(
        person, size, panel="clock"
    )
    page.get_by_role("button", name="+3 ngày").click()
    expect(page.locator("#clock-banner")).to_contain_text("nhanh 3 ngày")
    if size is PHONE:
        page.keyboard.press("Escape")
    expect(page.locator("#window-badge")).to_have_text("Trả phí")
    _ask(page, "dang ky tam tru", "tạm trú")
    expect(page.locator("#window-badge")).to_have_text("Miễn phí")
    assert serious(page) == []
    requests.delete(f"{demo.address}/simulator/control/clock", timeout=10)
    assert troubles == []


def test_sigterm_ends_the_demo_and_all_its_processes(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    lend_index(catalogue, tmp_path)
    with running_demo(tmp_path) as running:
        group = str(running.process.pid)
        assert len(_processes(group)) == 3
    assert running.process.returncode == 0
    assert _processes(group) == []


def _processes(group: str) -> list[str]:
    found = subprocess.run(
        ["pgrep", "-s", group], capture_output=True, text=True, check=False
    )
    return found.stdout.split()
