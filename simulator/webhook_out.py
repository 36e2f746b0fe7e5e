"""The webhook of the fake Zalo: events out, signed over the exact bytes sent.

Promises: at least once; the answer must be 200 within 2 seconds; otherwise the same
bytes come again after 30 s, 5 min, 15 min, 30 min and 1 h of the *simulated* clock with
``num_retry``; when the last repeat failed, the webhook is disabled until somebody
switches it on again, and events meanwhile are dropped. Only ``webhook_url`` is ever
called, and only on loopback unless the configuration says otherwise.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import SplitResult, urlsplit

from simulator.clock import MINUTE_MS, Clock, at_text
from simulator.records import JsonDict
from simulator.signing import webhook_mac
from simulator.state import State
from simulator.timeline import Timeline

TIMEOUT_SECONDS = 2.0  # documented: answer 200 within 2 seconds
REPEATS_MS = [30_000, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS]
CHAT_SERVER = "OA OpenAPI"
PHONE_SERVER = "ZNS"
OVERTAKE_SECONDS = 0.3  # with ``reorder`` every second event is held back this long


@dataclass
class Options:
    """How deliveries are spoiled on purpose."""

    duplicate: int = 0
    reorder: bool = False
    delay_seconds: float = 0.0
    bad_signature: bool = False
    bare_signature: bool = False


@dataclass
class Delivery:
    """One event on its way; the bytes never change between attempts."""

    body: bytes
    event_name: str
    timestamp: str
    server: str = CHAT_SERVER
    oa_id: str | None = None
    chat_id: str | None = None
    person: str | None = None
    on_accepted: Callable[[], None] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    attempt: int = 0


class Webhook:
    """Queue and sender of events."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        timeline: Timeline,
        keys: tuple[str, str],
        url: str,
        any_host: bool,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._state, self._clock, self._timeline = state, clock, timeline
        self._app_id, self._oa_secret_key = keys
        self._any_host = any_host
        self._timeout_seconds = timeout_seconds
        self._connections = threading.local()
        self.url = ""
        self.forget()
        self.point_to(url)

    def forget(self) -> None:
        """As new: enabled, nothing spoiled, nothing counted."""
        self.options = Options()
        self.enabled, self.dropped, self._sent = True, 0, 0

    def point_to(self, url: str) -> None:
        """Change the receiver; a host that is not this machine is a ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("webhook_url must be a full http(s) address")
        if not self._any_host and not is_loopback(parts.hostname):
            raise ValueError(
                f"webhook host {parts.hostname} is not this machine: use 127.0.0.1,"
                " or set allow_any_webhook_host"
            )
        self.url = url

    def emit(
        self,
        body: JsonDict,
        *,
        server: str = CHAT_SERVER,
        chat_id: str | None = None,
        person: str | None = None,
        on_accepted: Callable[[], None] | None = None,
    ) -> None:
        """Queue an event."""
        oa_id = body.get("oa_id") or body.get("oaId") or _account_in(body, self._state)
        delivery = Delivery(
            encode(body),
            str(body.get("event_name", "")),
            str(body.get("timestamp", "")),
            server,
            oa_id,
            chat_id,
            person,
            on_accepted,
        )
        self.queue(delivery)

    def queue(self, delivery: Delivery) -> None:
        """Queue bytes as they are, with the duplicates and delays asked for."""
        if not self.enabled:
            self.dropped += 1
            self._log(delivery, "dropped", None, {}, 0)
            return
        self._sent += 1
        seconds = self.options.delay_seconds
        if self.options.reorder and self._sent % 2:
            seconds += OVERTAKE_SECONDS
        for _ in range(1 + self.options.duplicate):
            copy = replace(delivery)  # each copy counts its own attempts
            self._timeline.after(seconds, partial(self._deliver, copy))

    def _deliver(self, delivery: Delivery) -> None:
        if not self.enabled:
            self.dropped += 1
            self._log(delivery, "dropped", None, {}, 0)
            return
        attempt = delivery.attempt
        headers = self._headers(delivery)
        started = time.perf_counter()
        outcome, status = self._post(delivery.body, headers)
        ms = round((time.perf_counter() - started) * 1000)
        self._log(delivery, outcome, status, headers, ms)
        if outcome != "ok":
            self._repeat(delivery, attempt)
        elif delivery.on_accepted:
            with self._state.lock:
                delivery.on_accepted()

    def _repeat(self, delivery: Delivery, attempt: int) -> None:
        if attempt >= len(REPEATS_MS):
            self.enabled = False
            return
        delivery.attempt = attempt + 1
        due = self._clock.now_ms() + REPEATS_MS[attempt]
        self._timeline.at(due, lambda: self._deliver(delivery))

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        mac = webhook_mac(
            self._app_id, delivery.body, delivery.timestamp, self._oa_secret_key
        )
        if self.options.bad_signature:
            mac = mac[::-1]
        prefix = "" if self.options.bare_signature else "mac="
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ZaloWebhook",
            "X-ZEvent-Server": delivery.server,
            "X-ZEvent-Signature": prefix + mac,
        }
        if delivery.attempt:
            headers["num_retry"] = str(delivery.attempt)
        return headers

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[str, int | None]:
        try:
            status = self._exchange(body, headers)
        except TimeoutError:
            self._hang_up()
            return "timeout", None
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return "unreachable", None
        return ("ok" if status == 200 else "refused"), status

    def _exchange(self, body: bytes, headers: dict[str, str]) -> int:
        """Send over the kept connection; once more if the other side had closed it."""
        reused = getattr(self._connections, "url", None) == self.url
        if not reused:
            self._connect()
        try:
            return self._request(body, headers)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            if not reused:
                raise
            self._connect()
            return self._request(body, headers)

    def _request(self, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(self.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection: http.client.HTTPConnection = self._connections.connection
        connection.request("POST", path or "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _connect(self) -> None:
        self._hang_up()
        self._connections.connection = _connection(
            urlsplit(self.url), self._timeout_seconds
        )
        self._connections.url = self.url

    def _hang_up(self) -> None:
        connection = getattr(self._connections, "connection", None)
        if connection is not None:
            connection.close()
        self._connections.connection = None
        self._connections.url = None

    def _log(
        self,
        delivery: Delivery,
        outcome: str,
        status: int | None,
        headers: dict[str, str],
        ms: int,
    ) -> None:
        at = self._clock.now_ms()
        row = {
            "id": delivery.id,
            "at": at_text(at),
            "at_ms": at,
            "oa_id": delivery.oa_id,
            "person": delivery.person,
            "chat_id": delivery.chat_id,
            "event_name": delivery.event_name,
            "attempt": delivery.attempt + 1,
            "url": self.url,
            "headers": headers,
            "body": delivery.body.decode("utf-8", "replace"),
            "status": status,
            "ms": ms,
            "outcome": outcome,
        }
        with self._state.lock:
            self._state.log(self._state.deliveries, row)


def encode(body: JsonDict) -> bytes:
    """Compact UTF-8; a lone surrogate, which UTF-8 cannot carry, is escaped."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _account_in(body: JsonDict, state: State) -> str | None:
    for side in ("sender", "recipient"):
        found = body.get(side)
        if isinstance(found, dict) and found.get("id") in state.accounts:
            return str(found["id"])
    return None


def _connection(
    parts: SplitResult, timeout_seconds: float
) -> http.client.HTTPConnection:
    kind = (
        http.client.HTTPSConnection
        if parts.scheme == "https"
        else http.client.HTTPConnection
    )
    return kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
