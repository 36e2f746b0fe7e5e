"""A bot made of two ears and a mouth: what the conformance tests use against the fake.

It talks to the fake Zalo over real HTTP and keeps every webhook delivery it gets.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import requests
from flask import Flask, Response, request

from simulator import Simulator, seed_demo

GOVERNMENT = "2874650193847560192"
BUSINESS = "3918274650918273645"
# Two people of the demo's cast: known to both accounts, following one each.
TAM_AT_GOVERNMENT = "7263549817263540101"
HOA_AT_BUSINESS = "6152438706152438103"

APP_ID = "1928374650192837465"
APP_SECRET = "AppSecretExample0001"
OA_SECRET_KEY = "OaSecretExample0001"


@dataclass
class Heard:
    """One delivery as it came over the wire."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass
class Ears:
    """The webhook receiver; answers what the test says."""

    heard: list[Heard] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    slow_seconds: float = 0.0

    def app(self) -> Flask:
        app = Flask("ears")

        @app.post("/hook")
        def hook() -> Response:
            self.heard.append(Heard(dict(request.headers), request.get_data()))
            time.sleep(self.slow_seconds)
            return Response("", self.statuses.pop(0) if self.statuses else 200)

        return app


@dataclass
class Zalo:
    """The fake Zalo as a client sees it."""

    url: str
    simulator: Simulator
    ears: Ears
    tokens: dict[str, str] = field(default_factory=dict)

    def start_again(self) -> None:
        """The demo's cast, nothing said yet, one token an account."""
        self.simulator.reset(everything=True)
        seed_demo(self.simulator)
        self.ears.heard.clear()
        self.ears.statuses.clear()
        self.ears.slow_seconds = 0.0
        self.tokens = dict.fromkeys((GOVERNMENT, BUSINESS), "")
        self.at("2026-11-24T09:00:00+07:00")
        for relation in self.simulator.state.relations.values():
            if relation.last_interaction is not None:
                relation.last_interaction = self.simulator.clock.now_ms()

    # The API

    def call(
        self, method: str, path: str, oa_id: str = BUSINESS, **more: Any
    ) -> requests.Response:
        headers = {"access_token": self.tokens[oa_id]} | more.pop("headers", {})
        return requests.request(
            method, self.url + path, headers=headers, timeout=10, **more
        )

    def post(self, path: str, body: Any, oa_id: str = BUSINESS) -> dict[str, Any]:
        return self._json(self.call("POST", path, oa_id, json=body))

    def get(
        self, path: str, data: Any = None, oa_id: str = BUSINESS, **params: Any
    ) -> dict[str, Any]:
        query = params | ({"data": json.dumps(data)} if data is not None else {})
        return self._json(self.call("GET", path, oa_id, params=query))

    def _json(self, response: requests.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def send(
        self,
        message: Any,
        user_id: str = HOA_AT_BUSINESS,
        oa_id: str = BUSINESS,
        path: str = "/openapi/v3.0/oa/message/cs",
    ) -> dict[str, Any]:
        if isinstance(message, str):
            message = {"text": message}
        body = {"recipient": {"user_id": user_id}, "message": message}
        return self.post(path, body, oa_id)

    def send_v2(self, message: Any, oa_id: str = GOVERNMENT) -> dict[str, Any]:
        user_id = TAM_AT_GOVERNMENT if oa_id == GOVERNMENT else HOA_AT_BUSINESS
        return self.send(message, user_id, oa_id, "/openapi/v2.0/oa/message")

    def upload(
        self, kind: str, name: str, content: bytes, oa_id: str = BUSINESS
    ) -> dict[str, Any]:
        path = f"/openapi/v2.0/oa/upload/{kind}"
        return self._json(
            self.call("POST", path, oa_id, files={"file": (name, content)})
        )

    # The control API

    def control(
        self, path: str, body: Any = None, method: str | None = None
    ) -> dict[str, Any]:
        method = method or ("GET" if body is None else "POST")
        response = requests.request(
            method, f"{self.url}/control{path}", json=body, timeout=10
        )
        assert response.status_code in (200, 201), response.text
        found: dict[str, Any] = response.json()
        return found

    def switch(self, oa_id: str = BUSINESS, **switches: Any) -> None:
        self.control(f"/accounts/{oa_id}", switches)

    def act(
        self, act: str, body: Any = None, chat: str = "chi-hoa", oa_id: str = BUSINESS
    ) -> dict[str, Any]:
        return self.control(f"/chats/{oa_id}/{chat}/{act}", body or {})

    def bubbles(
        self, chat: str = "chi-hoa", oa_id: str = BUSINESS
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control(f"/chats/{oa_id}/{chat}")["bubbles"]
        return found

    def at(self, instant: str) -> None:
        """Set the clock; the tokens in use stay good."""
        self.control("/clock", {"set": instant})
        self.renew()

    def renew(self) -> None:
        """A new token for each account in use."""
        for oa_id in self.tokens.keys() & self.simulator.state.accounts.keys():
            self.tokens[oa_id] = self.simulator.issue_tokens(oa_id).access_token

    def wait(self, *, renew: bool = True, **units: float) -> None:
        """Move the clock by days, hours, minutes, seconds."""
        sizes = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
        seconds = sum(sizes[name] * value for name, value in units.items())
        self.control("/clock", {"move_seconds": seconds})
        if renew:
            self.renew()

    def settle(self) -> None:
        assert self.control("/settle", {})["settled"]

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Bodies of what the webhook heard, once all is quiet."""
        self.settle()
        bodies = [heard.body for heard in self.ears.heard]
        return [body for body in bodies if name in ("", body["event_name"])]
