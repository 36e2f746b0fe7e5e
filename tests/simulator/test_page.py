"""The chat page over HTTP: the frame, its policy, and that nothing foreign is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from simulator import Simulator, SimulatorConfig
from simulator.page import page

PACKAGE = Path(__file__).resolve().parents[2] / "simulator"
MODULES = sorted((PACKAGE / "static/js").glob("*.js"))


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


CONFIG = SimulatorConfig(
    app_id="1",
    app_secret="a" * 32,
    oa_secret_key="o" * 32,
    webhook_url="http://127.0.0.1:9/",
    public_url="http://127.0.0.1:9",
)
OFFICES = ("/office", "/office?as=administrator")


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask("simulator-of-the-test", static_folder=None)
    app.register_blueprint(page)
    simulator = app.extensions["simulator"] = Simulator(CONFIG)
    yield app
    simulator.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_the_page_is_vietnamese_and_has_its_landmarks(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    tags = Tags(answer.text)
    assert tags.named("html")[0]["lang"] == "vi"
    landmarks = [tag for tag, _ in tags.found if tag in ("nav", "main", "aside")]
    assert landmarks == ["nav", "main", "aside"]
    log = next(a for _, a in tags.found if a.get("role") == "log")
    assert log["aria-live"] == "polite"


def test_the_offices_pages_are_linked_where_there_are_any(app: Flask) -> None:
    client = app.test_client()
    assert "/office" not in client.get("/").text
    app.extensions["simulator"].config = replace(
        CONFIG, supervisor_url=OFFICES[0], administrator_url=OFFICES[1]
    )
    shown = client.get("/").text
    assert all(f'href="{address}"' in shown for address in OFFICES)


def test_the_page_finds_control_wherever_it_is_mounted(app: Flask) -> None:
    mounted = DispatcherMiddleware(Flask("product"), {"/simulator": app})
    for address in ("/simulator/", "/simulator"):
        body = Tags(Client(mounted).get(address, follow_redirects=True).text).named(
            "body"
        )[0]
        assert body["data-control"] == "/simulator/control"
        assert str(body["data-static"]).startswith("/simulator/static/")


def test_all_that_the_page_names_is_served(client: FlaskClient) -> None:
    tags = Tags(client.get("/").text)
    addresses = [a["href"] for a in tags.named("link") + tags.named("use")]
    addresses += [a["src"] for a in tags.named("script")]
    assert len(addresses) > 10
    for address in addresses:
        file, _, symbol = str(address).partition("#")
        answer = client.get(file, buffered=True)
        assert answer.status_code == 200, address
        assert not symbol or f'id="{symbol}"' in answer.text, address


def test_nothing_runs_or_loads_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    for tag, attributes in Tags(answer.text).found:
        assert not any(name.startswith("on") for name in attributes), tag
        assert "style" not in attributes, tag
    assert "<script>" not in answer.text


def test_scripts_are_checked_for_news_at_every_visit(client: FlaskClient) -> None:
    first = client.get("/static/js/main.js", buffered=True)
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.content_type.startswith("text/javascript")
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/static/js/main.js", headers=known, buffered=True)
    assert again.status_code == 304


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_are_small_explained_and_keep_to_themselves(module: Path) -> None:
    text = module.read_text("utf-8")
    assert text.startswith("// "), "say in the first line what the module is for"
    assert len(text.splitlines()) < 400
    assert "innerHTML" not in text, "a message must never become markup"
    assert not re.search(r"\b(alert|confirm|prompt)\(", text)
    for imported in re.findall(r'from "(.+?)"', text):
        assert (module.parent / imported).is_file(), imported


def test_nothing_in_the_page_points_outside() -> None:
    """Addresses may stand in examples to send, never in what the page loads."""
    for file in (*MODULES, *(PACKAGE / "static").rglob("*.css")):
        text = file.read_text("utf-8")
        assert "url(" not in text, file
        assert "@import" not in text, file
        assert not re.search(r"""(?:fetch|import)\(\s*["']https?:""", text), file
