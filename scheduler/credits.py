"""Reading units' own accounts and pages, so that nobody has to report what is there.

Nothing is open during a call: a source is claimed, read, and then judged in one
transaction. Each tick reads for a minute at most, the longest overdue first, so that slow
sites never hold up the clock's other jobs; what is left comes with the next tick.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import structlog

from bot.channel.accounts import TokenDead
from bot.channel.zalo.articles import PAGE, Article, ArticleKind
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import ZaloError
from bot.duties.crediting import hiding, reading
from bot.duties.crediting.feeds import Entry, NotAFeed, as_read, read_feed
from bot.duties.crediting.items import Item, plain
from bot.duties.crediting.placing import looks_back_to
from bot.duties.crediting.reading import Source
from bot.duties.crediting.taking import (
    Reading,
    known_items,
    oldest_first,
    take_all,
    wants_text,
)
from bot.duties.fetching import FEEDS, Fetched, Fetcher, Refusal, Refused
from bot.duties.proofs.links import canonical
from bot.duties.proofs.pages import Page, is_post, read_page
from bot.duties.proofs.phrases import PageWords
from bot.watching.alarms import end_alarm, raise_alarm
from bot.watching.kinds import AlarmKind
from models import Channel, ProofSource
from scheduler.clockwork import Result, Workshop

log = structlog.get_logger(__name__)

SECONDS_A_TICK = 60.0
# Of each kind, newest first: ten times what an office posts in two months, and far from
# the 4,000 article calls a minute.
PAGES_A_READING = 20
# Whole articles; what is left is judged half an hour later.
DETAILS_A_READING = 40
SITEMAPS_A_READING = 3
PAGES_OF_SITE_A_READING = 10  # two seconds apart
SECONDS_OF_SITE = 30.0
# Addresses of a sitemap that changed lately; a site of offices has a dozen a week.
ENTRIES_A_READING = 1000
ITEMS_AT_ONCE = 50  # some tens of milliseconds
# Some portals send their feeds as this.
_FEED_TYPES = (*FEEDS, "text/plain", "text/html")


class ReadingFailed(Exception):
    """This source cannot be read now; the text is a code."""


def read_credits(workshop: Workshop, now: datetime) -> Result:
    """Counts of what was read and of what became of the items."""
    local = now.astimezone(workshop.zone)
    counts: Counter[str] = Counter()
    with workshop.database.reading() as session:
        waiting = reading.due(session, now, local.date())
    started = time.monotonic()
    for source in waiting:
        if time.monotonic() - started > SECONDS_A_TICK:
            counts["left"] += 1
            continue
        counts += _read(workshop, source, local)
    return dict(counts)


def _read(workshop: Workshop, source: Source, now: datetime) -> Counter[str]:
    with workshop.database.writing() as session:
        if not reading.claim(session, source.key, now):
            return Counter()
    read = _read_account if source.is_account else _read_page
    try:
        found = read(workshop, source, now)
    except ReadingFailed as failure:
        _failed(workshop, source, str(failure), now)
        return Counter(failed=1)
    except Exception:  # whatever one source is like, the others are read
        log.exception("credits_reading_broke", source=source.key)
        _failed(workshop, source, "error", now)
        return Counter(failed=1)
    return found + Counter(read=1)


def _failed(workshop: Workshop, source: Source, problem: str, now: datetime) -> None:
    log.warning("credits_not_read", source=source.key, problem=problem)
    with workshop.database.writing() as session:
        is_long = reading.note_failed(session, source.key, problem, now)
        if is_long and not source.is_account:  # a dead token has an alarm of its own
            detail = {"problem": problem}
            raise_alarm(session, AlarmKind.FEED_FAILS, source.address, detail, now)


def _take(workshop: Workshop, items: Sequence[Item], look: Reading) -> Counter[str]:
    """In short transactions: a citizen's answer waits for none of them."""
    counts: Counter[str] = Counter()
    ordered = sorted(items, key=oldest_first)
    for start in range(0, len(ordered), ITEMS_AT_ONCE):
        with workshop.database.writing() as session:
            counts += take_all(session, ordered[start : start + ITEMS_AT_ONCE], look)
    return counts


# --- an account's own articles ------------------------------------------------------------------


def _read_account(workshop: Workshop, source: Source, now: datetime) -> Counter[str]:
    if workshop.client is None:
        raise ReadingFailed("no_client")
    look = Reading(now, source.read_at)
    until = looks_back_to(look.since)
    try:
        token = workshop.accounts.valid_token(source.address)
        listed, is_whole = _listed(workshop.client, token, until, workshop)
        shown = [article for article in listed if article.is_shown]
        items = [_item(article, source, workshop) for article in shown]
        with workshop.database.reading() as session:
            known = known_items(session, [item.source_key for item in items])
        new = [
            (article, item)
            for article, item in zip(shown, items, strict=True)
            if wants_text(known.get(item.source_key), item.title)
        ]
        whole = list(_whole(workshop.client, token, new[-DETAILS_A_READING:]))
    except (TokenDead, ZaloError) as error:
        code = getattr(error, "code", None)
        raise ReadingFailed(f"zalo:{code}" if code else "zalo") from error
    counts = _take(workshop, whole, look)
    with workshop.database.writing() as session:
        if is_whole:
            credited = hiding.credited_since(session, source.key, until)
            keys = {item.source_key for item in items}
            counts["hidden"] += hiding.compare(session, credited, keys, now)
        reading.note_read(session, source.key, now)
    return counts


def _listed(
    client: ZaloClient, token: str, until: date, workshop: Workshop
) -> tuple[list[Article], bool]:
    """All articles since this day, and whether these are really all."""
    found: list[Article] = []
    is_whole = True
    for kind in ArticleKind:
        for number in range(PAGES_A_READING):
            page = client.articles(token, offset=number * PAGE, kind=kind)
            found += page.articles
            days = [_day(article, workshop) for article in page.articles]
            if page.is_last or any(day is not None and day < until for day in days):
                break
        else:
            is_whole = False
    return found, is_whole


def _whole(
    client: ZaloClient, token: str, new: Iterable[tuple[Article, Item]]
) -> Iterator[Item]:
    """Each with the words of its body."""
    for article, item in new:
        detail = client.article(token, article.article_id)
        words = detail.text if detail else article.text
        yield replace(item, text=plain(words))


def _item(article: Article, source: Source, workshop: Workshop) -> Item:
    return Item(
        source=ProofSource.OWN_OA,
        source_key=f"{source.key}:{article.article_id}",
        origin=source.key,
        channel=Channel.ZALO_OA,
        title=article.title,
        text=article.text,
        url=article.link,
        canonical_url=canonical(article.link) if article.link else None,
        published_on=_day(article, workshop),
    )


def _day(article: Article, workshop: Workshop) -> date | None:
    at = article.created_at
    return at.astimezone(workshop.zone).date() if at else None


# --- feeds and sitemaps ----------------------------------------------------------------------------


def _read_page(workshop: Workshop, source: Source, now: datetime) -> Counter[str]:
    fetcher, words = workshop.fetcher, workshop.page_words
    if fetcher is None or words is None:
        raise ReadingFailed("no_fetcher")
    look = Reading(now, source.read_at)
    got = fetcher.fetch(source.address, _FEED_TYPES, headers=_conditions(source))
    if isinstance(got, Refused) and got.reason == Refusal.NOT_MODIFIED:
        _done(workshop, source, now, (source.etag, source.last_modified))
        return Counter(unchanged=1)
    if isinstance(got, Refused):
        raise ReadingFailed(got.reason.value)
    entries = _entries(workshop, fetcher, source, got)
    items, is_whole = _told_by_pages(workshop, entries, look, fetcher, words)
    counts = _take(workshop, items, look)
    named = (got.headers.get("etag"), got.headers.get("last-modified"))
    # what is left over must be looked at again, changed or not
    _done(workshop, source, now, named if is_whole else (None, None))
    return counts


def _done(
    workshop: Workshop,
    source: Source,
    now: datetime,
    named: tuple[str | None, str | None],
) -> None:
    with workshop.database.writing() as session:
        reading.note_read(session, source.key, now, *named)
        end_alarm(session, AlarmKind.FEED_FAILS, source.address, now)


def _conditions(source: Source) -> dict[str, str]:
    asked = {
        "If-None-Match": source.etag,
        "If-Modified-Since": source.last_modified,
    }
    return {name: value for name, value in asked.items() if value}


def _entries(
    workshop: Workshop, fetcher: Fetcher, source: Source, got: Fetched
) -> list[Entry]:
    def read(page: Fetched) -> tuple[list[Entry], tuple[str, ...]]:
        try:
            found = read_feed(
                page.content, page.url, page.headers, source.key, workshop.zone
            )
        except NotAFeed as error:
            raise ReadingFailed("not_a_feed") from error
        return list(found.entries), found.further

    entries, further = read(got)
    for address in further[:SITEMAPS_A_READING]:
        part = fetcher.fetch(address, _FEED_TYPES)
        if isinstance(part, Refused):
            raise ReadingFailed(part.reason.value)
        entries += read(part)[0]
    return entries


def _told_by_pages(
    workshop: Workshop,
    entries: Iterable[Entry],
    look: Reading,
    fetcher: Fetcher,
    words: PageWords,
) -> tuple[list[Item], bool]:
    """The items; those of plain sitemaps are asked for their own words, if they are new
    and changed lately, the newest first. Whether all could be asked."""
    told: list[Item] = []
    asked: list[Item] = []
    until = looks_back_to(look.since)
    for entry in entries:
        if not entry.needs_page:
            told.append(entry.item)
        elif _changed(entry.item) >= until:
            asked.append(entry.item)
    asked = sorted(asked, key=_changed, reverse=True)[:ENTRIES_A_READING]
    with workshop.database.reading() as session:
        known = known_items(session, [item.source_key for item in asked])
    new = [item for item in asked if item.source_key not in known]
    started = time.monotonic()
    for number, item in enumerate(new):
        is_long = time.monotonic() - started > SECONDS_OF_SITE
        if number == PAGES_OF_SITE_A_READING or is_long:
            return told, False
        found = fetcher.fetch(item.url or "")
        if isinstance(found, Refused):
            continue
        page = read_page(found, words, workshop.zone)
        if is_post(page):
            told.append(_as_told(item, page, look))
    return told, True


def _as_told(item: Item, page: Page, look: Reading) -> Item:
    """A day of change says nothing of the day of publishing, but what has not changed
    since the last reading is not new."""
    is_new = _changed(item) >= look.since
    known = replace(item, appeared_on=None, is_new=is_new)
    return as_read(known, page)


def _changed(item: Item) -> date:
    return item.appeared_on or date.min
