"""One guarded request: a public address, a watched clock.

requests-hardened resolves the name once, judges the address and connects to that very
address; here its judgement is made stricter and every socket is cut when the time is up,
so a server that sends a byte now and then cannot hold us, not even within its headers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bot.duties.fetching.addresses import is_loopback, is_public

CONNECT_SECONDS = 5.0  # one try at one address; then nobody is at home

_opened: ContextVar[list[Any]] = ContextVar("opened")


@contextmanager
def requested(
    url: str, headers: Mapping[str, str], seconds: float, *, allow_loopback: bool
) -> Iterator[requests.Response]:
    """The answer to one GET, its body not read yet; all is cut off after ``seconds``.

    Redirects are not followed. Raises what requests and urllib3 raise, ``OSError``,
    ``ValueError`` for what no library can read as a link.
    """
    sockets: list[Any] = []
    token = _opened.set(sockets)
    watch = threading.Timer(seconds, _cut, [sockets])
    watch.daemon = True
    watch.start()
    try:
        with _session(allow_loopback) as session:
            yield session.get(
                url,
                headers=dict(headers),
                stream=True,
                allow_redirects=False,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
            )
    finally:
        watch.cancel()
        _opened.reset(token)


def _session(allow_loopback: bool) -> requests.Session:
    """A new one for each request: it remembers no cookie and no connection."""
    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc of whoever started us
    session.mount("http://", _Adapter(False, allow_loopback))
    session.mount("https://", _Adapter(True, allow_loopback))
    return session


def _cut(sockets: list[Any]) -> None:
    for line in sockets:
        try:
            # not its own shutdown(): on TLS that would take the reader's state away
            socket.socket.shutdown(line, socket.SHUT_RDWR)
        except OSError:
            continue  # closed meanwhile


class _Adapter(IPFilterAdapter):  # type: ignore[misc]
    """Stricter than its base: whatever is not plainly public is refused."""

    def __init__(self, is_https: bool, allow_loopback: bool) -> None:
        super().__init__(is_https, allow_loopback=allow_loopback)
        self._may_be_loopback = allow_loopback

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        address = str(host["host"]).strip("[]")
        may_pass = self._may_be_loopback and is_loopback(address)
        if not may_pass and not is_public(address):
            raise InvalidIPAddress(address)
        return host, pool


# The socket itself is noted, not its connection: that one lets go of it as soon as a server
# says "Connection: close", and the body would drip on unwatched.


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _opened.get().append(self.sock)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _opened.get().append(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
