"""One HTTP call to Zalo, and what became of it.

The answer decides by its ``error`` field alone: Zalo says 200 to failures too, and 4xx or
5xx come from proxies and outages. Where no readable answer came back, the one thing that
matters is whether the request can have reached Zalo:

* no connection was made: surely nothing happened, ``ZaloError(RETRY)``;
* anything later, and the call only reads: ``ZaloError(RETRY)``;
* anything later, and the call has an effect: ``OutcomeUnknown``.

``requests`` repeats nothing and follows no redirect by itself here, so a call is one
request. Tokens and texts are never logged and never part of an error.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from bot.channel.zalo.errors import (
    Action,
    Call,
    OutcomeUnknown,
    Surface,
    ZaloError,
    ZaloFailure,
    action_for,
)

# Connecting is quick or hopeless; an answer of Zalo takes well below a second, and a
# person waits for what is behind it.
TIMEOUTS_SECONDS = (3.05, 10.0)


# "OA" says whose limit a -32 means.
_COMMON = re.compile(r"['\"(]*(?:[a-z_]{1,24}|OA|API)['\").,:;!?]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; what Zalo said of the calls a minute, and how many are left."""

    body: Mapping[str, Any]
    call: Call
    rate_limit: int | None
    rate_left: int | None

    @property
    def data(self) -> Any:
        return self.body.get("data")


@dataclass(frozen=True, slots=True)
class Request:
    """One call to make. ``has_effect``: repeating it would do it twice."""

    method: str
    url: str
    endpoint: str
    surface: Surface
    has_effect: bool
    headers: Mapping[str, str]
    options: Mapping[str, Any]


class Transport:
    """Connections are kept open per thread; ``close()`` ends them all. What the environment
    says of proxies and certificates is read once: it cost a seventh of each message."""

    def __init__(
        self,
        session_factory: Callable[[], requests.Session] = requests.Session,
        timeouts: tuple[float, float] = TIMEOUTS_SECONDS,
    ) -> None:
        self._session_factory = session_factory
        self._timeouts = timeouts
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._surroundings: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def call(self, request: Request) -> Answer:
        """The answer, or a ``ZaloFailure`` that carries this call's record."""
        started = time.monotonic()
        status: int | None = None
        try:
            response = self._send(request)
            status = response.status_code
            body = _read(response, request)
            _raise_error(body, request)
        except ZaloFailure as failure:
            code = failure.code if isinstance(failure, ZaloError) else None
            failure.calls = (_record(request, started, status, code, failure),)
            raise
        return Answer(
            body,
            _record(request, started, status, 0, None),
            _rate(response, "Limit"),
            _rate(response, "Remain"),
        )

    def close(self) -> None:
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._local = threading.local()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._session_factory()
            session.trust_env = False  # asked in ``_around``
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _send(self, request: Request) -> requests.Response:
        try:
            return self._session().request(
                request.method,
                request.url,
                headers=request.headers,
                timeout=self._timeouts,
                allow_redirects=False,  # would carry the token to another host
                **self._around(request.url),
                **request.options,
            )
        except requests.RequestException as error:
            # "from None": the chain holds the request, and with it the token
            if _never_left(error):
                raise ZaloError(Action.RETRY, None, "no connection") from None
            raise _unreadable(request, type(error).__name__) from None

    def _around(self, url: str) -> Mapping[str, Any]:
        """Proxies and certificates for the site of this address."""
        site = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
        found = self._surroundings.get(site)
        if found is None:
            with requests.Session() as asked:
                said = asked.merge_environment_settings(site, {}, None, None, None)
            found = {"proxies": said["proxies"], "verify": said["verify"]}
            self._surroundings[site] = found
        return found


def _record(
    request: Request,
    started: float,
    status: int | None,
    code: int | None,
    failure: ZaloFailure | None,
) -> Call:
    took_ms = round((time.monotonic() - started) * 1000)
    if isinstance(failure, ZaloError):
        outcome = str(failure.action)
    else:
        outcome = "ok" if failure is None else "unknown"
    return Call(request.endpoint, took_ms, status, code, outcome)


def _never_left(error: requests.RequestException) -> bool:
    """True when no connection came about, so that Zalo cannot have seen the request."""
    if isinstance(error, requests.ConnectTimeout | ValueError):
        return True  # ValueError: an address or header that cannot be sent at all
    if not isinstance(error, requests.ConnectionError):
        return False
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _read(response: requests.Response, request: Request) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        raise _unreadable(request, f"HTTP {response.status_code}, no JSON") from None
    if not isinstance(body, dict):
        raise _unreadable(request, "JSON without an object")
    if "error" not in body and "access_token" not in body:
        raise _unreadable(request, f"HTTP {response.status_code}, no error field")
    return body


def _raise_error(body: Mapping[str, Any], request: Request) -> None:
    try:
        code = int(body.get("error", 0))
    except (TypeError, ValueError):
        raise _unreadable(request, "error field is no number") from None
    if code == 0:
        return
    said = body.get("message") or body.get("error_description") or ""
    text = str(said)[:200]
    raise ZaloError(action_for(request.surface, code, text), code, _plain(text))


def _plain(text: str) -> str:
    """Zalo's sentence as it may stand in a log: names of fields and common words. What is
    capitalised, accented or a number may be something that it quotes."""
    words = text.split()
    return " ".join(word if _COMMON.fullmatch(word) else "*" for word in words)


def _unreadable(request: Request, reason: str) -> ZaloFailure:
    if request.has_effect:
        return OutcomeUnknown(reason)
    return ZaloError(Action.RETRY, None, reason)


def _rate(response: requests.Response, what: str) -> int | None:
    value = response.headers.get(f"X-RateLimit-{what}", "")
    return int(value) if value.isdecimal() else None
