"""Sites of invented communes, and a process that finds them."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bot.duties.fetching import Fetcher
from tests.proofs.site import Site, resolving


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Names that resolve, to what address; ``.test`` is this machine."""
    known: dict[str, str] = {}
    monkeypatch.setattr(socket, "getaddrinfo", resolving(known, socket.getaddrinfo))
    return known


@pytest.fixture
def site(names: dict[str, str]) -> Iterator[Site]:
    with Site().open() as opened:
        yield opened


@pytest.fixture
def fetcher() -> Fetcher:
    """One that may reach this machine and does not pause."""
    return Fetcher(
        "https://oa.example.vn",
        allow_loopback=True,
        media_hosts=("media.test",),
        pause_seconds=0,
        total_seconds=5,
    )
