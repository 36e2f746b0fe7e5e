"""A headless Chromium in front of a fake Zalo and a small echoing bot.

Where Chromium is missing these tests are left out loudly (``chromium_path`` of the root
conftest says how to get it); with ``CI`` set they fail instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask, request
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from simulator import SimulatorConfig, create_simulator, seed_demo, simulator_of
from simulator.serving import served

OA_ID = "2874650193847560192"  # the government account of the demo's cast
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1440, height=900)
PATIENCE_MS = 30_000  # a busy machine, not a slow page

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Late:
    """A door whose house is built after its address is known."""

    app: Flask

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


@dataclass
class EchoBot:
    """Answers every text with itself and a menu, through the fake API."""

    token: str = ""
    address: str = ""
    menu: str = "1. Giấy tờ · 2. Lệ phí"
    heard: list[str] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask("echo", static_folder=None)
        app.post("/webhook")(self.hear)
        return app

    def hear(self) -> str:
        event: dict[str, Any] = request.get_json()
        if event["event_name"] == "user_send_text" and "message" in event:
            self.heard.append(event["message"]["text"])
            self.answer(event["sender"]["id"], event["message"]["text"])
        return "ok"

    def answer(self, user_id: str, text: str) -> None:
        requests.post(
            f"{self.address}/openapi/v2.0/oa/message",
            headers={"access_token": self.token},
            json={
                "recipient": {"user_id": user_id},
                "message": {"text": f"Anh/chị hỏi: {text}\n\n{self.menu}"},
            },
            timeout=10,
        )


@dataclass
class Stage:
    """The running fake Zalo, its bot, and pages that look at it."""

    address: str
    bot: EchoBot
    open: Callable[..., Page]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control API, as a test's own hand."""
        answer = requests.request(
            method, f"{self.address}/control{path}", json=body, timeout=10
        )
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def stage(browser: Browser) -> Iterator[Stage]:
    """Fresh for each test; at the end nothing may have gone wrong unseen."""
    bot, door = EchoBot(), Late()
    troubles: list[str] = []
    with served(bot.app()) as bot_address, served(door) as address:
        door.app = create_simulator(
            SimulatorConfig(
                app_id="1928374650192837465",
                app_secret="app-secret-of-the-tests",
                oa_secret_key="oa-secret-of-the-tests",
                webhook_url=f"{bot_address}/webhook",
                public_url=address,
            )
        )
        simulator = simulator_of(door.app)
        seed_demo(simulator)
        bot.address = address
        bot.token = simulator.issue_tokens(OA_ID).access_token
        yield Stage(address, bot, opener(browser, address, troubles))
        for context in browser.contexts:
            context.close()
        simulator.close()
    assert troubles == []


def opener(browser: Browser, address: str, troubles: list[str]) -> Callable[..., Page]:
    def open_page(
        person: str = "ba-tam",
        viewport: ViewportSize = DESKTOP,
        panel: str | None = None,
        oa_id: str = OA_ID,
    ) -> Page:
        page = browser.new_context(viewport=viewport, locale="vi-VN").new_page()
        page.set_default_timeout(PATIENCE_MS)
        _watch(page, address, troubles)
        query = f"?as={person}&oa={oa_id}" + (f"&panel={panel}" if panel else "")
        page.goto(f"{address}/{query}")
        page.wait_for_selector("#log[aria-busy=false]")
        return page

    return open_page


def _watch(page: Page, address: str, troubles: list[str]) -> None:
    """Errors of scripts, broken policies and calls to foreign hosts are troubles."""
    page.on("pageerror", lambda error: troubles.append(str(error)))

    def hear(message: Any) -> None:
        # A refused or cut call is what some tests ask for; the browser logs it itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    def look(sent: Any) -> None:
        target = urlsplit(sent.url)
        if (
            target.scheme.startswith("http")
            and target.netloc != urlsplit(address).netloc
        ):
            troubles.append(f"went out: {sent.url}")

    page.on("console", hear)
    page.on("request", look)
