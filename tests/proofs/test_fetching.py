"""A guarded fetch, against sites that behave and sites that don't."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Any

import pytest

from bot.duties.fetching import FEEDS, Fetched, Fetcher, Refusal, Refused
from bot.duties.fetching.addresses import is_public
from models import EvidenceKind
from tests.proofs.disguises import PRIVATE_LINKS
from tests.proofs.site import Page, Site, bomb, moved

PAGE = "<html><title>Tin</title><body>Chuyển đổi số</body></html>"


def reason_of(found: Fetched | Refused) -> Refusal:
    assert isinstance(found, Refused), found
    return found.reason


def content_of(found: Fetched | Refused) -> Fetched:
    assert isinstance(found, Fetched), found
    return found


@pytest.fixture
def outside() -> Fetcher:
    """As in production: nothing of this machine may be reached."""
    return Fetcher("https://oa.example.vn", pause_seconds=0, total_seconds=5)


# --- what behaves -------------------------------------------------------------------------


def test_a_page_comes_with_its_address_type_and_charset(
    site: Site, fetcher: Fetcher
) -> None:
    url = site.put("xa-a.test", "/tin/1", PAGE)
    found = content_of(fetcher.fetch(url))
    assert (found.url, found.content_type, found.charset) == (url, "text/html", "utf-8")
    assert "Chuyển đổi số" in found.content.decode()


def test_we_say_who_we_are_and_bring_no_cookie_back(
    site: Site, fetcher: Fetcher
) -> None:
    last = site.put("xa-a.test", "/het", PAGE)
    page = moved(last)
    page.headers["Set-Cookie"] = "phien=1; Path=/"
    fetcher.fetch(site.put("xa-a.test", "/dau", page))
    visit = site.visits[-1]
    assert visit.path == "/het"
    assert "ZaloOaAssistant" in visit.headers["User-Agent"]
    assert "https://oa.example.vn" in visit.headers["User-Agent"]
    assert not {"Cookie", "Authorization"} & set(visit.headers)


def test_redirects_are_followed_to_their_end(site: Site, fetcher: Fetcher) -> None:
    end = site.put("xa-a.test", "/5", PAGE)
    for step in range(5):
        site.put("xa-a.test", f"/{step}", moved(f"/{step + 1}", 302))
    found = content_of(fetcher.fetch(site.url("xa-a.test", "/0")))
    assert found.url == end
    assert len(found.redirects) == 5


def test_a_sixth_redirect_is_too_many(site: Site, fetcher: Fetcher) -> None:
    site.put("xa-a.test", "/vong", moved("/vong"))
    found = fetcher.fetch(site.url("xa-a.test", "/vong"))
    assert reason_of(found) == Refusal.TOO_MANY_REDIRECTS


def test_a_feed_is_no_page_and_a_page_no_feed(site: Site, fetcher: Fetcher) -> None:
    feed = site.put("xa-a.test", "/rss", Page("<rss/>", content_type="text/xml"))
    page = site.put("xa-a.test", "/", PAGE)
    assert content_of(fetcher.fetch(feed, FEEDS)).content == b"<rss/>"
    assert reason_of(fetcher.fetch(feed)) == Refusal.WRONG_TYPE
    assert reason_of(fetcher.fetch(page, FEEDS)) == Refusal.WRONG_TYPE


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Refusal.NOT_FOUND),
        (410, Refusal.NOT_FOUND),
        (403, Refusal.FORBIDDEN),
        (429, Refusal.SERVER_ERROR),
        (503, Refusal.SERVER_ERROR),
        (304, Refusal.NOT_MODIFIED),
    ],
)
def test_other_answers_are_typed_refusals(
    site: Site, fetcher: Fetcher, status: int, reason: Refusal
) -> None:
    url = site.put("xa-a.test", "/x", Page(status=status))
    assert reason_of(fetcher.fetch(url)) == reason


# --- what misbehaves ----------------------------------------------------------------------


def test_a_dead_server_and_an_unknown_host(site: Site, fetcher: Fetcher) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    found = fetcher.fetch(f"http://xa-a.test:{port}/")
    assert reason_of(found) == Refusal.UNREACHABLE
    unknown = fetcher.fetch("http://khong-co.example.vn/")
    assert reason_of(unknown) == Refusal.NO_SUCH_HOST


def test_a_server_that_hangs_up(site: Site, fetcher: Fetcher) -> None:
    url = site.put("xa-a.test", "/x", Page(hang_up=True))
    assert reason_of(fetcher.fetch(url)) == Refusal.UNREACHABLE


@pytest.mark.parametrize(
    "page",
    [
        Page(PAGE, stall=30),
        Page(PAGE * 50, drip=0.05),
        Page(PAGE * 50, drip=0.05, headers={"Connection": "keep-alive"}),
        Page(PAGE, drip=0.2, drip_headers=True),
    ],
    ids=["silent", "body in drops", "kept alive, in drops", "headers in drops"],
)
def test_slowness_of_every_kind_ends_in_time(site: Site, page: Page) -> None:
    fetcher = Fetcher("", allow_loopback=True, pause_seconds=0, total_seconds=1)
    url = site.put("xa-a.test", "/cham", page)
    started = time.monotonic()
    found = fetcher.fetch(url)
    assert reason_of(found) == Refusal.TOO_SLOW
    # far from the 30 s of the server; a busy machine may take its time
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "page",
    [
        Page(b"a" * 3_000_001),
        Page(b"a" * 3_000_001, say_length=False),
        bomb(200),
    ],
    ids=["announced", "unannounced", "gzip bomb"],
)
def test_huge_answers_are_cut(site: Site, fetcher: Fetcher, page: Page) -> None:
    url = site.put("xa-a.test", "/to", page)
    assert reason_of(fetcher.fetch(url)) == Refusal.TOO_LARGE


# --- what is private ----------------------------------------------------------------------


@pytest.mark.parametrize("url", PRIVATE_LINKS)
def test_no_disguise_leads_inside(
    names: dict[str, str], outside: Fetcher, url: str
) -> None:
    found = reason_of(outside.fetch(url))
    assert found in (Refusal.PRIVATE_ADDRESS, Refusal.BAD_LINK)


def test_the_collection_of_disguises_is_large() -> None:
    assert len(set(PRIVATE_LINKS)) >= 50


PLAIN_NAMES = ("127.0.0.1", "127.0.0.2", "localhost", "[::1]")


def is_plain(url: str) -> bool:
    """This machine on its usual port under one of its plain names."""
    return url.lower().removeprefix("http://").strip("/.") in PLAIN_NAMES


@pytest.mark.parametrize("url", [url for url in PRIVATE_LINKS if not is_plain(url)])
def test_no_redirect_leads_inside(site: Site, fetcher: Fetcher, url: str) -> None:
    """Even where this machine itself is allowed, under its plain names only."""
    first = site.put("xa-a.test", "/di", moved(url))
    found = fetcher.fetch(first)
    assert reason_of(found) in (
        *(Refusal.PRIVATE_ADDRESS, Refusal.BAD_LINK),
        Refusal.UNREACHABLE,  # this machine, another port
    )


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("192.0.2.1", "198.18.0.1", "::1", "fc00::1", "fe80::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("2001:0:7f00:1::", "fec0::1", "64:ff9b:1::1", "::", "5f00::1"),
    ],
)
def test_a_name_that_resolves_inside_is_refused(
    names: dict[str, str], outside: Fetcher, address: str
) -> None:
    assert not is_public(address)
    names["tin.example.vn"] = address
    found = outside.fetch("http://tin.example.vn/")
    assert reason_of(found) == Refusal.PRIVATE_ADDRESS


def test_public_addresses_are_public() -> None:
    assert is_public("8.8.8.8")
    assert is_public("103.1.208.1")
    assert is_public("2405:4800::1")


def test_a_name_that_changes_its_mind_gains_nothing(
    monkeypatch: pytest.MonkeyPatch, outside: Fetcher
) -> None:
    """DNS rebinding: public while it is judged, private when it is connected to."""
    answers = itertools.chain(["203.113.131.1"], itertools.repeat("127.0.0.1"))
    asked: list[str] = []
    connected: list[Any] = []

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        is_name = host == "doi-y.example.vn"
        address = next(answers) if is_name else host
        asked.append(address)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(line: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    found = outside.fetch("http://doi-y.example.vn/")
    # the robots.txt met the public address, the page itself was resolved anew
    assert reason_of(found) == Refusal.PRIVATE_ADDRESS
    assert {address for address, _ in connected} == {"203.113.131.1"}


def test_other_ports_schemes_and_user_names_are_refused(outside: Fetcher) -> None:
    for url in (
        "http://example.vn:8080/",
        "https://example.vn:80/",
        "ftp://example.vn/",
        "file:///etc/passwd",
        "gopher://example.vn/",
        "javascript:alert(1)",
        "//example.vn/",
        "http://ai:mat@example.vn/",
        "http://example.vn@127.0.0.1/",
        "http:///tin",
        "http://exa mple.vn/",
        "http://example.vn\\@127.0.0.1/",
        "http://example.vn:99999/",
        "http://[::1/",
        "http://" + "a" * 3000 + ".vn/",
        "",
    ):
        found = reason_of(outside.fetch(url))
        assert found in (Refusal.BAD_LINK, Refusal.PRIVATE_ADDRESS), url


# --- manners ------------------------------------------------------------------------------


def test_robots_txt_is_honoured_and_asked_once(site: Site, fetcher: Fetcher) -> None:
    rules = "User-agent: *\nDisallow: /noi-bo/\n"
    site.put("xa-a.test", "/robots.txt", Page(rules, content_type="text/plain"))
    closed = site.put("xa-a.test", "/noi-bo/1", PAGE)
    opened = site.put("xa-a.test", "/tin/1", PAGE)
    assert reason_of(fetcher.fetch(closed)) == Refusal.ROBOTS
    content_of(fetcher.fetch(opened))
    paths = [visit.path for visit in site.visits]
    assert paths == ["/robots.txt", "/tin/1"]


def test_robots_txt_counts_for_the_target_of_a_redirect(
    site: Site, fetcher: Fetcher
) -> None:
    rules = Page("User-agent: ZaloOaAssistant\nDisallow: /", content_type="text/plain")
    site.put("xa-b.test", "/robots.txt", rules)
    target = site.put("xa-b.test", "/tin", PAGE)
    first = site.put("xa-a.test", "/di", moved(target))
    assert reason_of(fetcher.fetch(first)) == Refusal.ROBOTS


def test_a_server_that_fails_to_say_allows_nothing(
    site: Site, fetcher: Fetcher
) -> None:
    site.put("xa-a.test", "/robots.txt", Page(status=500))
    url = site.put("xa-a.test", "/tin", PAGE)
    assert reason_of(fetcher.fetch(url)) == Refusal.ROBOTS


def test_a_refused_robots_txt_allows_all(site: Site, fetcher: Fetcher) -> None:
    site.put("xa-a.test", "/robots.txt", Page(status=403))
    content_of(fetcher.fetch(site.put("xa-a.test", "/tin", PAGE)))


def test_visits_of_one_host_stand_apart(site: Site) -> None:
    pause = 0.3
    fetcher = Fetcher("", allow_loopback=True, pause_seconds=pause)
    url = site.put("xa-a.test", "/tin", PAGE)
    fetcher.fetch(url)
    fetcher.fetch(url)
    times = [visit.at for visit in site.visits]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(gaps) == 2
    # the moment of arrival wavers a little
    assert all(gap > pause * 0.8 for gap in gaps)


# --- what people send through Zalo --------------------------------------------------------


def test_media_come_only_from_zalos_hosts(site: Site, fetcher: Fetcher) -> None:
    picture = Page(b"\xff\xd8\xff", content_type="image/jpeg")
    own = site.put("media.test", "/a.jpg", picture)
    below = site.put("s1.media.test", "/a.jpg", picture)
    foreign = site.put("xmedia.test", "/a.jpg", picture)
    away = site.put("media.test", "/b.jpg", moved(foreign))
    kind = EvidenceKind.PICTURE
    assert content_of(fetcher.fetch_media(own, kind)).content == b"\xff\xd8\xff"
    content_of(fetcher.fetch_media(below, kind))
    assert reason_of(fetcher.fetch_media(foreign, kind)) == Refusal.FOREIGN_HOST
    assert reason_of(fetcher.fetch_media(away, kind)) == Refusal.FOREIGN_HOST
    assert all(visit.path != "/robots.txt" for visit in site.visits)


def test_media_have_limits_of_their_own(site: Site, fetcher: Fetcher) -> None:
    large = Page(b"a" * 10_000_001, content_type="image/jpeg")
    url = site.put("media.test", "/to", large)
    found = fetcher.fetch_media(url, EvidenceKind.PICTURE)
    assert reason_of(found) == Refusal.TOO_LARGE
    content_of(fetcher.fetch_media(url, EvidenceKind.VIDEO))


def test_without_media_hosts_no_media(site: Site) -> None:
    url = site.put("media.test", "/a.jpg", Page(b"\xff\xd8\xff"))
    fetcher = Fetcher("", allow_loopback=True)
    found = fetcher.fetch_media(url, EvidenceKind.PICTURE)
    assert reason_of(found) == Refusal.FOREIGN_HOST
