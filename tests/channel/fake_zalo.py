"""A small Zalo on a real socket, for what goes wrong between request and answer.

It knows messages (v2, v3), history, tokens and ``getoa``. Each fault in ``faults`` is used
up by the next call of a path that contains its first word; unused ones fail the test
(``assert_all_used``). ``cut`` closes the connection before, ``cut_after`` after the effect;
``hang_after`` answers only when the test ends; numbers are HTTP statuses; a mapping is the
body of the answer; ``broken`` answers something that is no JSON.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Fault = str | int | Mapping[str, Any]
SUCCESS = {"error": 0, "message": "Success"}
ACCESS_LIFE = timedelta(hours=25)
V3, V2 = "/v3.0/oa/message/cs", "/v2.0/oa/message"


@dataclass
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    port: int = 0  # of the caller: tells connections apart


@dataclass
class FakeZalo:
    """Start with ``with FakeZalo(...).running() as zalo``, or the fixture."""

    now: Callable[[], datetime]
    kind: str = "business"
    access_token: str = "access-0"
    refresh_token: str = "refresh-0"
    takes_buttons: bool = True
    quota_type: str = "reply"
    access_ends_at: datetime | None = None  # None: lives until it is replaced
    refused_tokens: int = 0  # calls with a dead one
    calls: list[Received] = field(default_factory=list)
    delivered: list[dict[str, Any]] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)  # by people
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    standing: dict[str, Fault] = field(default_factory=dict)
    hanging: set[str] = field(
        default_factory=set
    )  # people whose messages take for ever
    cuts: Callable[[], Fault | None] = lambda: None  # drawn for each message
    headers: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)  # people whose call got its answer
    generation: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.released = threading.Event()
        self.before_answer: Callable[[str], None] = lambda path: None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake.handle(self)

            def do_POST(self) -> None:
                fake.handle(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def fail(self, path: str, *faults: Fault) -> None:
        self.faults += [(path, fault) for fault in faults]

    def assert_all_used(self) -> None:
        assert self.faults == []

    def texts(self, user_id: str | None = None) -> list[str]:
        """What arrived, in the order it arrived."""
        return [
            message["text"]
            for message in self.delivered
            if user_id in (None, message["user_id"])
        ]

    def paths(self) -> list[str]:
        return [call.path for call in self.calls]

    def write(self, user_id: str, text: str, *, ago: timedelta = timedelta()) -> None:
        """A person's message of which no webhook tells."""
        sent_ms = int((self.now() - ago).timestamp() * 1000)
        number = len(self.written) + 1
        item = {"message_id": f"p{number}", "user_id": user_id, "text": text}
        self.written.append(item | {"sent_time": sent_ms, "src": 1})

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        received = _received(handler)
        with self.lock:
            self.calls.append(received)
            fault = self._fault(received.path)
            if fault is None and received.path in (V3, V2):
                fault = self.cuts()
            if fault == "cut" or isinstance(fault, int | Mapping):
                answer: dict[str, Any] = {}
            else:
                answer = self._answer(received)
        self.before_answer(received.path)
        recipient = received.body.get("recipient", {}).get("user_id")
        if recipient in self.hanging:
            self.released.wait(30)
        if fault in ("cut", "cut_after"):
            handler.close_connection = True
            return
        if fault == "hang_after":
            self.released.wait(30)
        _reply(handler, fault, answer, self.headers)
        if recipient is not None:
            self.answered.add(recipient)

    def _fault(self, path: str) -> Fault | None:
        for position, (part, fault) in enumerate(self.faults):
            if part in path:
                del self.faults[position]
                return fault
        return next(
            (fault for part, fault in self.standing.items() if part in path), None
        )

    def _answer(self, received: Received) -> dict[str, Any]:
        if received.path == "/v4/oa/access_token":
            return self._refresh(received)
        is_over = self.access_ends_at is not None and self.now() >= self.access_ends_at
        if is_over or received.headers.get("access_token") != self.access_token:
            self.refused_tokens += 1
            return _error(-216, "Access token is invalid")
        if received.path in (V3, V2):
            return self._message(received)
        if received.path == "/v2.0/oa/conversation":
            return self._history(received)
        if received.path == "/v2.0/oa/listrecentchat":
            return self._recent(received)
        if received.path == "/v2.0/oa/getoa":
            kind = {"government": 4, "business": 2}[self.kind]
            return SUCCESS | {
                "data": {
                    "oaid": "4071625384950617283",
                    "name": "UBND Phường Mẫu",
                    "oa_type": kind,
                }
            }
        return _error(-209, "Not supported this api")

    def _refresh(self, received: Received) -> dict[str, Any]:
        if received.body.get("refresh_token") != self.refresh_token:
            return {"error": -14014, "error_name": "Invalid refresh token"}
        self.generation += 1
        self.access_token = f"access-{self.generation}"
        self.refresh_token = f"refresh-{self.generation}"
        self.access_ends_at = self.now() + ACCESS_LIFE
        return {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_in": str(round(ACCESS_LIFE.total_seconds())),
        }

    def _message(self, received: Received) -> dict[str, Any]:
        if self.kind == "government" and received.path == V3:
            return _error(-235, "This API does not support this type of OA")
        if self.kind == "business" and received.path == V2:
            return _error(-240, "MessageV2 API has been shut down")
        message = received.body["message"]
        if message.get("quote_message_id") == "stale":
            return _error(-201, "quote_message_id is invalid!")
        if "attachment" in message and not self.takes_buttons:
            return _error(-233, "message type is invalid or not support")
        number = len(self.delivered) + 1
        sent_ms = int(self.now().timestamp() * 1000)
        item = {
            "message_id": f"m{number}",
            "user_id": received.body["recipient"]["user_id"],
            "text": message["text"],
            "sent_time": sent_ms,
            "buttons": "attachment" in message,
        }
        self.delivered.append(item)
        data = {
            "message_id": item["message_id"],
            "quota": {"quota_type": self.quota_type},
        }
        if received.path == V3:
            data["sent_time"] = str(sent_ms)
        return SUCCESS | {"data": data}

    def _history(self, received: Received) -> dict[str, Any]:
        user_id = received.body["user_id"]
        mine = [item for item in self._newest_first() if item["to_id"] == user_id]
        return _page(mine, received)

    def _recent(self, received: Received) -> dict[str, Any]:
        newest = {item["to_id"]: item for item in reversed(self._newest_first())}
        chats = sorted(newest.values(), key=lambda item: -item["time"])
        return _page(chats, received)

    def _newest_first(self) -> list[dict[str, Any]]:
        found = [
            {
                "src": item.get("src", 0),
                "time": item["sent_time"],
                "type": "text",
                "message": item["text"],
                "message_id": item["message_id"],
                "from_id": item["user_id"],
                "to_id": item["user_id"],
            }
            for item in (*self.delivered, *self.written)
        ]
        found.reverse()
        return sorted(found, key=lambda item: -item["time"])


def _page(items: list[dict[str, Any]], received: Received) -> dict[str, Any]:
    begin, count = received.body["offset"], received.body["count"]
    return SUCCESS | {"data": items[begin : begin + count]}


def _received(handler: BaseHTTPRequestHandler) -> Received:
    address = urlsplit(handler.path)
    raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    if handler.command == "GET":
        given = parse_qs(address.query).get("data", ["{}"])[0]
        body = json.loads(given)
    elif "json" in handler.headers.get("Content-Type", ""):
        body = json.loads(raw)
    elif "multipart" in handler.headers.get("Content-Type", ""):
        body = {}
    else:
        body = {
            name: values[0] for name, values in parse_qs(raw.decode("latin-1")).items()
        }
    port = handler.client_address[1]
    return Received(address.path, dict(handler.headers.items()), body, port)


def _reply(
    handler: BaseHTTPRequestHandler,
    fault: Fault | None,
    answer: dict[str, Any],
    headers: Mapping[str, str],
) -> None:
    body = json.dumps(fault if isinstance(fault, Mapping) else answer).encode()
    if fault == "broken":
        body = b"<html>busy</html>"
    try:
        handler.send_response(fault if isinstance(fault, int) else 200)
        if fault == 307:
            handler.send_header("Location", "/other")
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True  # the client gave up waiting


def _error(code: int, text: str) -> dict[str, Any]:
    return {"error": code, "message": text}
