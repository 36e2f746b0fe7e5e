"""From a link to its content: redirects, manners, limits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import Message
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests_hardened.ip_filter import InvalidIPAddress

from bot.duties.fetching.addresses import (
    BadLinkError,
    PrivateHostError,
    is_loopback,
    is_within,
    plain_host,
    split_link,
)
from bot.duties.fetching.answers import Fetched, Refusal, Refused
from bot.duties.fetching.line import requested
from bot.duties.fetching.manners import Pace, Robots
from models import EvidenceKind

AGENT = "ZaloOaAssistant"  # the name that a robots.txt may address
TOTAL_SECONDS = 15.0
MEDIA_SECONDS = 60.0  # 25 MB over a slow line
PAUSE_SECONDS = 2.0  # between two visits of one host
MAX_REDIRECTS = 5
MEGABYTE = 1_000_000
MAX_BYTES = 3 * MEGABYTE
ROBOTS_BYTES = 512_000  # RFC 9309, 2.5: a parser reads at least 500 KiB
# What Zalo lets people send.
MEDIA_BYTES = {
    EvidenceKind.PICTURE: 10 * MEGABYTE,
    EvidenceKind.AUDIO: 25 * MEGABYTE,
    EvidenceKind.VIDEO: 25 * MEGABYTE,
    EvidenceKind.FILE: 10 * MEGABYTE,
}
PAGES = ("text/html", "application/xhtml+xml")
FEEDS = (
    *("application/rss+xml", "application/atom+xml", "application/xml", "text/xml"),
    "application/rdf+xml",
)
PICTURES = ("image/",)
ANYTHING = ("",)
_REDIRECTS = (301, 302, 303, 307, 308)
_BY_STATUS = {
    304: Refusal.NOT_MODIFIED,
    404: Refusal.NOT_FOUND,
    410: Refusal.NOT_FOUND,
    408: Refusal.SERVER_ERROR,
    429: Refusal.SERVER_ERROR,
}
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class _Request:
    """What is allowed on the way. ``hosts`` (and what is below them): all if empty.
    ``local_sites``: origins on this machine that may be read."""

    kinds: Sequence[str]
    max_bytes: int
    allow_loopback: bool
    hosts: tuple[str, ...] = ()
    local_sites: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)

    def may_be_local(self, url: str) -> bool:
        return self.allow_loopback or origin_of(url) in self.local_sites

    def objection(self, url: str) -> Refusal | None:
        try:
            parts = split_link(url, allow_loopback=self.may_be_local(url))
            host = plain_host(parts.hostname or "")
        except PrivateHostError:
            return Refusal.PRIVATE_ADDRESS
        except BadLinkError:
            return Refusal.BAD_LINK
        if self.hosts and not is_within(host, self.hosts):
            return Refusal.FOREIGN_HOST
        return None


@dataclass(slots=True)
class _Budget:
    """The seconds that are left; waiting out of politeness costs nothing."""

    seconds: float

    def spend(self, since: float) -> None:
        self.seconds = max(0.0, self.seconds - (time.monotonic() - since))


class Fetcher:
    """May be used by several threads.

    ``local_sites`` are addresses on this very machine whose pages may be read although it is
    private (the demo's own), without the manners that strangers are owed.
    """

    def __init__(
        self,
        public_url: str,
        *,
        allow_loopback: bool = False,
        media_hosts: Iterable[str] = (),
        local_sites: Iterable[str] = (),
        pause_seconds: float = PAUSE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._user_agent = f"{AGENT}/1.0 (+{public_url})"
        self._allow_loopback = allow_loopback
        self._media_hosts = tuple(plain_host(host) for host in media_hosts)
        self._local_sites = frozenset(map(origin_of, local_sites))
        self._total_seconds = total_seconds
        self._robots = Robots(AGENT)
        self._pace = Pace(pause_seconds)

    def fetch(
        self,
        url: str,
        kinds: Sequence[str] = PAGES,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Fetched | Refused:
        """What stands behind a link, if it is of one of these kinds of content."""
        request = _Request(
            kinds,
            max_bytes,
            self._allow_loopback,
            local_sites=self._local_sites,
            headers=headers or {},
        )
        return self._follow(url, request, _Budget(self._total_seconds), is_polite=True)

    def fetch_media(self, url: str, kind: EvidenceKind) -> Fetched | Refused:
        """What a person sent, from the hosts where Zalo keeps it.

        A media host that is this very machine (the demo) is allowed, since the operator
        named it.
        """
        request = _Request(
            ANYTHING,
            MEDIA_BYTES[kind],
            self._allow_loopback or any(map(is_loopback, self._media_hosts)),
            # none configured: none allowed
            self._media_hosts or ("invalid.",),
        )
        return self._follow(url, request, _Budget(MEDIA_SECONDS), is_polite=False)

    def forget_robots(self) -> None:
        """Ask every host anew."""
        self._robots = Robots(AGENT)

    def _follow(
        self, url: str, request: _Request, budget: _Budget, *, is_polite: bool
    ) -> Fetched | Refused:
        hops: list[str] = []
        while True:
            if reason := request.objection(url):
                return Refused(reason, url)
            if is_polite and not self._is_welcome(url, request, hops):
                return Refused(Refusal.ROBOTS, url)
            found = self._get(url, request, budget)
            if isinstance(found, Refused):
                return found
            if isinstance(found, Fetched):
                return replace(found, redirects=tuple(hops))
            hops.append(url)
            if len(hops) > MAX_REDIRECTS:
                return Refused(Refusal.TOO_MANY_REDIRECTS, url)
            url = found

    def _is_welcome(self, url: str, request: _Request, hops: Sequence[str]) -> bool:
        """Ask ``robots.txt`` about this hop, and wait for our turn at a new host."""
        if origin_of(url) in request.local_sites:
            return True
        if not self._robots.allows(url, lambda at: self._robots_txt(at, request)):
            return False
        if _authority(url) not in map(_authority, hops):
            self._pace.wait(_authority(url))
        return True

    def _robots_txt(self, url: str, page: _Request) -> str | None:
        self._pace.wait(_authority(url))
        request = _Request(ANYTHING, ROBOTS_BYTES, page.allow_loopback)
        found = self._follow(
            url, request, _Budget(self._total_seconds), is_polite=False
        )
        if isinstance(found, Fetched):
            return found.content.decode("utf-8", "replace")
        is_failing = found.reason == Refusal.SERVER_ERROR
        # who is not there at all will be met again, and named, at the page itself
        return None if is_failing else ""

    def _get(
        self, url: str, request: _Request, budget: _Budget
    ) -> Fetched | Refused | str:
        """The content, a refusal, or the target of a redirect."""
        started = time.monotonic()
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Language": "vi,en;q=0.5",
            **request.headers,
        }
        try:
            if not budget.seconds:
                return Refused(Refusal.TOO_SLOW, url)
            with requested(
                url, headers, budget.seconds, allow_loopback=request.may_be_local(url)
            ) as response:
                found = _read(response, url, request)
                is_cut = time.monotonic() - started >= budget.seconds
                return Refused(Refusal.TOO_SLOW, url) if is_cut else found
        except (
            *(requests.RequestException, urllib3.exceptions.HTTPError),
            *(OSError, ValueError),
        ) as error:
            is_late = time.monotonic() - started >= budget.seconds
            return Refused(Refusal.TOO_SLOW if is_late else _reason(error), url)
        finally:
            budget.spend(started)


def _read(
    response: requests.Response, url: str, request: _Request
) -> Fetched | Refused | str:
    status = response.status_code
    if status in _REDIRECTS and response.headers.get("Location"):
        return urljoin(url, _as_utf8(response.headers["Location"]).strip())
    if status >= 500:
        return Refused(Refusal.SERVER_ERROR, url, status)
    if status != 200:
        return Refused(_BY_STATUS.get(status, Refusal.FORBIDDEN), url, status)
    content_type, charset = _type_of(response.headers.get("Content-Type", ""))
    if content_type and not content_type.startswith(tuple(request.kinds)):
        return Refused(Refusal.WRONG_TYPE, url, status)
    content = _body(response, request.max_bytes)
    if content is None:
        return Refused(Refusal.TOO_LARGE, url, status)
    if response.raw.length_remaining:  # hung up before the end
        return Refused(Refusal.UNREACHABLE, url, status)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Fetched(url, content_type, content, charset, headers=headers)


def _body(response: requests.Response, max_bytes: int) -> bytes | None:
    """The unpacked body; None as soon as there is more of it than allowed."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        return None
    content = bytearray()
    while chunk := response.raw.read(_CHUNK, decode_content=True):
        content += chunk
        if len(content) > max_bytes:
            return None
    return bytes(content)


def _as_utf8(header: str) -> str:
    """Headers are read as Latin-1; addresses in them are mostly UTF-8."""
    return header.encode("latin-1").decode("utf-8", "replace")


def _type_of(header: str) -> tuple[str, str | None]:
    """ "text/html; charset=UTF-8" → ("text/html", "utf-8"); ("", None) without one."""
    if not header:
        return "", None
    message = Message()
    message["content-type"] = header
    return message.get_content_type(), message.get_content_charset()


def _reason(error: Exception) -> Refusal:
    if isinstance(error, InvalidIPAddress):
        return Refusal.PRIVATE_ADDRESS
    if isinstance(error, requests.exceptions.SSLError):
        return Refusal.BAD_CERTIFICATE
    if isinstance(
        error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    ):
        return Refusal.TOO_SLOW
    if "Failed to resolve" in str(error):  # as requests-hardened words it
        return Refusal.NO_SUCH_HOST
    is_link = isinstance(error, ValueError)  # InvalidURL, LocationParseError, Unicode…
    return Refusal.BAD_LINK if is_link else Refusal.UNREACHABLE


def origin_of(url: str) -> str:
    """Scheme, host and port, as it is written; "" for what is no link at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _authority(url: str) -> str:
    return urlsplit(url).netloc.lower()
