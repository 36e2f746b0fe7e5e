"""What a fetched page is and says: title, day, text, and whether it is an article at all.

trafilatura finds the article among menus and banners; where it finds none, the lines that
are no furniture stand in. A page that needs JavaScript, wants a login or says "not found"
with status 200 is known by its own words (``content/pages.toml``) and by being short.

The libraries that read pages are loaded with the first page: every process names kinds of
pages, few ever read one.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from bot.duties.fetching import Fetched
from bot.duties.proofs.phrases import PageWords, Phrases
from bot.search.fold import words as folded_words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from bot.duties.proofs.blocks import Block

MAX_TITLE = 300
# Characters. A page in front of the page is short, an article is not; it may quote an
# error message, but not in so few words.
SHORT_TEXT, ERROR_TEXT = 600, 300
NO_TEXT = 120  # less than that is a frame waiting for its script
_HEADLINES = ("h1", "h2", "h3")


class PageKind(StrEnum):
    ARTICLE = "article"
    NOT_FOUND = "not_found"  # says so, whatever its status
    LOGIN = "login"
    SCRIPTED = "scripted"  # nothing to read without JavaScript


# What is there at all; of these the head may be believed, whatever is to be read below it.
_POSTS = (PageKind.ARTICLE, PageKind.SCRIPTED)


@dataclass(frozen=True, slots=True)
class Page:
    """``declared_url`` and ``picture_url`` as the page names them, absolute."""

    kind: PageKind
    title: str
    text: str
    published_on: date | None
    declared_url: str | None = None
    picture_url: str | None = None


def read_page(fetched: Fetched, words: PageWords, zone: ZoneInfo) -> Page:
    """Read a page; never fails, an unreadable one is empty."""
    from bot.duties.proofs.blocks import blocks_of
    from bot.duties.proofs.dates import published_on

    tree = _tree(fetched)
    if tree is None:
        return Page(PageKind.SCRIPTED, "", "", None)
    blocks = blocks_of(tree)
    title, headline = _title(tree, blocks)
    text = _text(tree, blocks)
    kind = _kind(tree, blocks, title, text, words)
    day = published_on(tree, blocks, headline, words, zone)
    return Page(
        kind=kind,
        title=title[:MAX_TITLE],
        text=text,
        published_on=day if kind in _POSTS else None,
        declared_url=_address(tree, fetched.url, "//link[@rel='canonical']/@href"),
        picture_url=_address(
            tree, fetched.url, "//meta[@property='og:image']/@content"
        ),
    )


def is_post(page: Page) -> bool:
    """A page of its own, no notice that stands in its place."""
    return page.kind in _POSTS


def is_about(page: Page, words: PageWords, keywords: Sequence[str]) -> bool:
    """Whether it speaks of the duty (``keywords`` of the plan) or of digital
    transformation: once in the title, or of two things (or twice of one) in the text."""
    own = Phrases(keywords)
    title = folded_words(page.title)
    if own.in_words(title) or words.subject.in_words(title):
        return True
    text = folded_words(page.text)
    plain = f" {' '.join(text)} "
    hits = own.in_words(text) | words.subject.in_words(text)
    return sum(plain.count(f" {hit} ") for hit in hits) >= 2


def went_to_front(asked: str, end: str) -> bool:
    """Redirected to a front page: what was asked for is gone."""
    target, wish = urlsplit(end), urlsplit(asked)
    is_front = target.path.strip("/") == "" and not target.query
    return is_front and (wish.path.strip("/") != "" or bool(wish.query))


def _tree(fetched: Fetched) -> HtmlElement | None:
    from lxml import etree, html

    text = _decoded(fetched)
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True)
    try:
        tree = html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, ValueError):
        return None
    return tree


def _decoded(fetched: Fetched) -> str:
    """By the header; else as the library guesses (UTF-8 first)."""
    from trafilatura.utils import decode_file

    if fetched.charset:
        try:
            codecs.lookup(fetched.charset)
            return fetched.content.decode(fetched.charset, "replace")
        except LookupError:
            pass
    return str(decode_file(fetched.content))


def _title(tree: HtmlElement, blocks: Sequence[Block]) -> tuple[str, int | None]:
    """The headline and its place among the blocks.

    The block whose words are those of og:title or of the beginning of <title>; otherwise
    the first h1, h2, h3 of some length.
    """
    declared = [
        *tree.xpath("//meta[@property='og:title']/@content"),
        *tree.xpath("//head/title/text()"),
    ]
    named = [" ".join(folded_words(one)) for one in declared]
    for place, block in enumerate(blocks):
        said = " ".join(folded_words(block.text))
        is_long = len(said) >= 12 and not block.is_furniture
        if is_long and any(
            name == said or name.startswith(f"{said} ") for name in named
        ):
            return block.text, place
    for tag in _HEADLINES:
        for place, block in enumerate(blocks):
            if block.tag == tag and len(block.text) >= 12 and not block.is_furniture:
                return block.text, place
    return (declared[0].strip() if declared else ""), None


def _text(tree: HtmlElement, blocks: Sequence[Block]) -> str:
    import trafilatura

    found = trafilatura.extract(
        tree, include_comments=False, include_tables=True, deduplicate=False
    )
    if found and len(found) >= NO_TEXT:
        return str(found)
    return "\n".join(block.text for block in blocks if not block.is_furniture)


def _kind(
    tree: HtmlElement,
    blocks: Sequence[Block],
    title: str,
    text: str,
    words: PageWords,
) -> PageKind:
    head = " ".join([title, *tree.xpath("//head/title/text()")])
    is_short = len(text) < SHORT_TEXT
    shown = " ".join(block.text for block in blocks)
    if is_short and words.not_found.found_in(head):
        return PageKind.NOT_FOUND
    if len(text) < ERROR_TEXT and words.not_found.found_in(shown):
        return PageKind.NOT_FOUND
    wants_password = bool(tree.xpath("//input[@type='password']"))
    if is_short and (wants_password or words.login.found_in(f"{head} {shown}")):
        return PageKind.LOGIN
    if len(text) < NO_TEXT:
        return PageKind.SCRIPTED
    if is_short and words.needs_javascript.found_in(shown):
        return PageKind.SCRIPTED
    return PageKind.ARTICLE


def _address(tree: HtmlElement, base: str, path: str) -> str | None:
    found = tree.xpath(path)
    try:
        return urljoin(base, found[0].strip()) if found and found[0].strip() else None
    except ValueError:
        return None
