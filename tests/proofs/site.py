"""Web sites of invented communes on this machine, real sockets, for tests and benches.

Every host under ``.test`` leads to one server on one port (``named_here`` teaches the
process so); a page is found by host and path. Pages may misbehave.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

TOP = ".test"


@dataclass
class Page:
    """One answer; ``drip`` seconds between the bytes, ``stall`` before the first one."""

    body: bytes | str = ""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0
    drip: float = 0.0
    drip_headers: bool = False
    hang_up: bool = False
    say_length: bool = True

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


def moved(target: str, status: int = 301) -> Page:
    return Page(status=status, headers={"Location": target})


def bomb(megabytes: int) -> Page:
    """Some kilobytes that unpack into so many megabytes."""
    packed = gzip.compress(b"a" * megabytes * 1_000_000)
    return Page(packed, headers={"Content-Encoding": "gzip"})


@dataclass
class Visit:
    host: str
    path: str
    headers: dict[str, str]
    at: float


class Site:
    """``pages[("xa-a.test", "/tin/1")]``; ``visits`` keeps what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], Page] = {}
        self.visits: list[Visit] = []
        site = self

        class Handler(_Handler):
            home = site

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def url(self, host: str, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def put(self, host: str, path: str, page: Page | str) -> str:
        """Serve a page; its address."""
        self.pages[(host, path)] = Page(page) if isinstance(page, str) else page
        return self.url(host, path)

    @contextmanager
    def open(self) -> Iterator[Site]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    home: ClassVar[Any]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").split(":")[0]
        self.home.visits.append(
            Visit(host, self.path, dict(self.headers), time.monotonic())
        )
        page = self.home.pages.get((host, self.path)) or Page("404", status=404)
        self.close_connection = True
        try:
            self._answer(page)
        except OSError:
            return  # the visitor has gone

    def _answer(self, page: Page) -> None:
        time.sleep(page.stall)
        if page.hang_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        lines = [f"HTTP/1.1 {page.status} -"]
        if "Connection" not in page.headers:
            lines.append("Connection: close")
        if page.content_type:
            lines.append(f"Content-Type: {page.content_type}")
        if page.say_length:
            lines.append(f"Content-Length: {len(page.content)}")
        lines += [f"{name}: {value}" for name, value in page.headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode()
        self._write(head, page.drip if page.drip_headers else 0)
        self._write(page.content, 0 if page.drip_headers else page.drip)

    def _write(self, content: bytes, drip: float) -> None:
        if not drip:
            self.wfile.write(content)
            return
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(drip)

    def log_message(self, *_: object) -> None:
        return


Resolver = Callable[..., list[Any]]


def resolving(names: dict[str, str], real: Resolver) -> Resolver:
    """A ``getaddrinfo`` that knows these names, and hosts under ``.test`` as this machine."""

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name in names:
            return real(names[name], port, *args, **kwargs)
        if isinstance(name, str) and name.endswith(TOP):
            return real("127.0.0.1", port, *args, **kwargs)
        if isinstance(name, str) and any(c.isalpha() for c in name.split(".")[-1]):
            raise socket.gaierror(socket.EAI_NONAME, "no such host in the tests")
        return real(host, port, *args, **kwargs)

    return look_up
