"""Remakes the pictures of the README from the running program: ``make screenshots``.

Starts a demo of its own, lets an older citizen ask without diacritics, and photographs the
page as a phone and as a desktop. Needs Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from bench.demo import running_demo

PICTURES = Path(__file__).resolve().parent / "pictures"
PERSON = "ba-tam"
QUESTIONS = ("mat can cuoc lam lai o dau", "le phi", "749")
SIZES = {"chat-phone": (390, 844, ""), "chat-desktop": (1440, 900, "&panel=webhook")}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
]
PATIENCE_MS = 15_000
DOUBTFUL = "đang chờ anh/chị duyệt"


def main() -> None:
    """Write every picture anew."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGUMENTS
        )
        oa_id = _first_account(demo.address)
        _talk(browser, f"{demo.address}/simulator/?as={PERSON}&oa={oa_id}")
        for name, (width, height, query) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{demo.address}/simulator/?as={PERSON}&oa={oa_id}{query}")
            page.get_by_text("749/QĐ-TTg").first.wait_for(timeout=PATIENCE_MS)
            page.wait_for_function("() => !document.body.innerText.includes('--:--')")
            page.screenshot(path=PICTURES / f"{name}.png")
            print(f"docs/pictures/{name}.png")
        _dashboard(browser, demo.address)
        browser.close()


def _dashboard(browser: Browser, address: str) -> None:
    """The week as the supervisor sees it, and the proof that waits for him."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/demo/dashboard")
    page.locator("button[type=submit]").first.click()  # the link works once
    waiting = page.get_by_role("link", name=DOUBTFUL).first
    for _ in range(60):  # the worker is just checking the proofs of the demo
        page.get_by_role("table").first.wait_for(timeout=PATIENCE_MS)
        if waiting.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    page.screenshot(path=PICTURES / "dashboard-week.png", full_page=True)
    print("docs/pictures/dashboard-week.png")
    waiting.click()
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_role("heading", level=1).wait_for(timeout=PATIENCE_MS)
    page.screenshot(path=PICTURES / "dashboard-proof.png", full_page=True)
    print("docs/pictures/dashboard-proof.png")


def _first_account(address: str) -> str:
    answer = requests.get(f"{address}/simulator/control/accounts", timeout=5)
    oa_id: str = answer.json()["accounts"][0]["oa_id"]
    return oa_id


def _talk(browser: Browser, address: str) -> None:
    """Ask one question after the other, each when the one before was answered."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address)
    for expected, question in enumerate(QUESTIONS, start=1):
        page.get_by_role("textbox").first.fill(question)
        page.keyboard.press("Enter")
        _wait_for_answers(page, expected)
    page.close()


def _wait_for_answers(page: Page, count: int) -> None:
    """The last line of each answer is its numbered menu."""
    page.wait_for_function(
        "n => document.body.innerText.split('Kiểm tra ngày').length > n",
        arg=count,
        timeout=PATIENCE_MS,
    )


if __name__ == "__main__":
    main()
