"""How long the pages of the dashboard hold a browser up: part of ``python -m bench.dashboard``.

A demo as it starts, a headless Chromium as a desktop, the administrator: each page that he
reaches from the first one. A long task is what the browser itself reports (50 ms and more
in which it hears nobody); of each page the median of five loads of the longest one. Wanted:
200 ms. The tests count bytes, requests and nodes instead: those are the same on any machine.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, sync_playwright

from bench.demo import running_demo

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LOADS = 5
MOST_PAGES = 40
WANTED_MS = 200
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => window.longTasks.push(one.duration)))
  .observe({ type: "longtask", buffered: true });
"""
NAME = re.compile(r"[\d_]")
LINKS = "links => links.map(link => link.href)"


def run() -> str:
    """The table as text; a sentence where there is no browser."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        return "Long tasks: not measured, Chromium is missing."
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=list(ARGUMENTS)
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(WATCH)
        pages = _pages(context, demo.address)
        longest = {page: _longest(context, demo.address + page) for page in pages}
        browser.close()
    return _table(longest)


def _pages(context: BrowserContext, address: str) -> list[str]:
    """Those that the first page and the pages of its menu link to."""
    page = context.new_page()
    page.goto(f"{address}/demo/dashboard?as=administrator")
    page.locator("button[type=submit]").first.click()  # the link works once
    page.wait_for_url(f"{address}/dashboard/")
    found = ["/dashboard/"]
    for place in found:
        if len(found) >= MOST_PAGES:
            break
        if _is_page(context, address + place):
            page.goto(address + place)
            hrefs = page.locator("a[href]").evaluate_all(LINKS)
            found += _new_places(hrefs, address, found)
    page.close()
    return [one for one in found[:MOST_PAGES] if _is_page(context, address + one)]


def _new_places(hrefs: list[str], address: str, known: list[str]) -> list[str]:
    """Of many rows of a kind one is enough: links that differ in what stands after ``?``
    or in a number are the same page."""
    kinds, new = {_kind(one) for one in known}, []
    for href in hrefs:
        path = urlsplit(href).path
        if href.startswith(f"{address}/dashboard") and _kind(path) not in kinds:
            kinds.add(_kind(path))
            new.append(path)
    return new


def _kind(path: str) -> str:
    """What codes and numbers name is one of many."""
    parts = path.strip("/").split("/")[:3]
    return "/".join("*" if NAME.search(part) else part for part in parts)


def _is_page(context: BrowserContext, url: str) -> bool:
    answer = context.request.get(url)
    return answer.ok and "text/html" in answer.headers.get("content-type", "")


def _longest(context: BrowserContext, url: str) -> float:
    times = []
    for _ in range(LOADS):
        page = context.new_page()
        page.goto(url, wait_until="networkidle")
        times.append(max(page.evaluate("window.longTasks"), default=0.0))
        page.close()
    return statistics.median(times)


def _table(longest: dict[str, float]) -> str:
    rows = [
        f"{page:<48}{took:>6.0f} ms" if took else f"{page:<48}{'none':>9}"
        for page, took in sorted(longest.items(), key=lambda one: -one[1])
    ]
    head = f"{len(rows)} pages, wanted {WANTED_MS} ms at most"
    return "## Long tasks of the pages\n\n```\n" + "\n".join([head, *rows]) + "\n```"


if __name__ == "__main__":
    print(run())
