"""RSS, Atom and sitemaps as items. Nothing is fetched here.

A feed names title, words and day; a news sitemap title and day. A plain sitemap names only
addresses and when they changed, so the pages themselves have to be asked
(``Entry.needs_page``); its ``lastmod`` is no day of publishing, and an address without one
is passed over: nobody could say that it is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import BytesIO
from time import struct_time
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from bot.duties.crediting.items import Item, plain
from bot.duties.crediting.owners import host_key
from bot.duties.proofs.links import canonical
from bot.duties.proofs.pages import Page
from models import Channel, ProofSource

_SITEMAP = re.compile(rb"<(?:\w+:)?(urlset|sitemapindex)[\s>]")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ZONE = re.compile(r"(?:[+-]\d\d:?\d\d|Z|[A-Z]{2,4})\s*$")
# What the feeds of offices write instead of a standard form, in local time.
_LOCAL_FORMS = (
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"),
    *("%a, %d %b %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"),
)
_HEAD = 4096


class NotAFeed(ValueError):
    """Neither RSS nor Atom nor a sitemap."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item, and whether its page has to tell title, words and day."""

    item: Item
    needs_page: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed names; ``further`` are the sitemaps of an index, the newest first."""

    entries: tuple[Entry, ...]
    further: tuple[str, ...] = ()


def read_feed(
    content: bytes, url: str, headers: Mapping[str, str], origin: str, zone: ZoneInfo
) -> Listing:
    """``url`` is where it was found; ``origin`` the key of its ``FeedState``."""
    found = _SITEMAP.search(content[:_HEAD])
    if found is None:
        return Listing(tuple(_feed_entries(content, url, headers, origin, zone)))
    if _DECLARES.search(content):
        raise NotAFeed("a sitemap with declarations")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise NotAFeed(str(error)) from error
    if found[1] == b"sitemapindex":
        return Listing((), tuple(_newest_first(root, url)))
    return Listing(tuple(_sitemap_entries(root, url, origin, zone)))


def as_read(item: Item, page: Page) -> Item:
    """What a page of a plain sitemap is."""
    return replace(
        item, title=page.title, text=page.text, published_on=page.published_on
    )


# --- RSS and Atom ---------------------------------------------------------------------------


def _feed_entries(
    content: bytes, url: str, headers: Mapping[str, str], origin: str, zone: ZoneInfo
) -> Iterator[Entry]:
    import feedparser  # with the first feed: most processes never read one

    # a stream: a text or bytes might be taken for a file's name or an address
    told = {"content-type": headers.get("content-type", ""), "content-location": url}
    parsed = feedparser.parse(BytesIO(content), response_headers=told)
    if not parsed.get("version") and not parsed.get("entries"):
        raise NotAFeed("no feed")
    for raw in parsed.get("entries", ()):
        link = urljoin(url, str(raw.get("link") or ""))
        item = _item(link, str(raw.get("id") or ""), origin)
        if item is not None:
            yield Entry(
                replace(
                    item,
                    title=plain(str(raw.get("title") or "")),
                    text=plain(_words_of(raw)),
                    published_on=_day(raw, ("published", "created"), zone),
                    appeared_on=_day(raw, ("updated",), zone),
                )
            )


def _words_of(raw: Mapping[str, Any]) -> str:
    """The longest there is: the whole text, or the summary."""
    texts = [str(part.get("value") or "") for part in raw.get("content") or ()]
    return max([*texts, str(raw.get("summary") or "")], key=len)


def _day(raw: Mapping[str, Any], names: Iterable[str], zone: ZoneInfo) -> date | None:
    said = dict(raw)  # of what is not there, feedparser itself would give a stand-in
    for name in names:
        written, parsed = said.get(name), said.get(f"{name}_parsed")
        if not written:
            continue
        if (day := _local_form(str(written))) is not None:
            return day
        if isinstance(parsed, struct_time):
            moment = datetime(*parsed[:6])  # noqa: DTZ001  # its zone is decided here
            is_local = _ZONE.search(str(written)) is None
            return moment.date() if is_local else _local_day(_in_utc(moment), zone)
    return None


def _local_form(text: str) -> date | None:
    for form in _LOCAL_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return (moment.astimezone(zone) if moment.tzinfo else moment).date()


# --- sitemaps ---------------------------------------------------------------------------------


def _sitemap_entries(
    root: ElementTree.Element, url: str, origin: str, zone: ZoneInfo
) -> Iterator[Entry]:
    for node in root.iterfind("{*}url"):
        item = _item(urljoin(url, _said(node, "{*}loc")), "", origin)
        news_day = _iso_day(_said(node, "{*}news/{*}publication_date"), zone)
        changed = _iso_day(_said(node, "{*}lastmod"), zone)
        if item is None or (news_day is None and changed is None):
            continue
        title = plain(_said(node, "{*}news/{*}title"))
        told = replace(
            item, title=title, published_on=news_day, appeared_on=changed or news_day
        )
        yield Entry(told, needs_page=news_day is None or not title)


def _newest_first(root: ElementTree.Element, url: str) -> list[str]:
    named = [
        (_said(node, "{*}lastmod"), number, urljoin(url, _said(node, "{*}loc")))
        for number, node in enumerate(root.iterfind("{*}sitemap"))
        if _said(node, "{*}loc")
    ]
    return [loc for _, _, loc in sorted(named, reverse=True)]


def _said(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _iso_day(text: str, zone: ZoneInfo) -> date | None:
    try:
        return _local_day(datetime.fromisoformat(text), zone)
    except ValueError:
        return None


# --- what both share ----------------------------------------------------------------------------


def _item(link: str, guid: str, origin: str) -> Item | None:
    """None for what leads nowhere. A guid that is no address is unique on its host only."""
    try:
        same = canonical(link)
        host = host_key(link)
        by_address = canonical(guid) if guid.startswith(("http://", "https://")) else ""
    except ValueError:
        return None
    name = by_address or (f"{host}:{guid}" if guid else same)
    return Item(
        source=ProofSource.FEED,
        source_key=f"feed:{name}",
        origin=origin,
        channel=Channel.WEBSITE,
        title="",
        url=link,
        canonical_url=same,
    )
