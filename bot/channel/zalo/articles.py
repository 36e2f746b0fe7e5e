"""The account's own news: as Zalo lists it, read leniently, and as it wants to be given it.

Reading: only ``id`` and ``title`` are certain. Times come under several names, in milliseconds or
seconds, as numbers or text; the link is not always there. Calls take ordinary query
parameters, unlike the rest of the OA's (https://developers.zalo.me/docs/official-account,
read through mirrors, 2026-09).

Writing: ``create`` answers a job's token only; ``verify`` says -214 for some seconds, then
the id, or -200 when a picture could not be fetched. Titles of 150 and descriptions of 300
characters, the published limits, are refused: shorter ones are safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

PAGE = 10  # more is refused with -201
SHOWN, HIDDEN = "show", "hide"
LONGEST_TITLE = 140
LONGEST_DESCRIPTION = 250
LONGEST_AUTHOR = 50
_CREATED = ("create_date", "created_date", "created_time", "create_time")
_FIRST_MILLISECONDS = 10**11  # as seconds it would be the year 5138
_LATEST_SECONDS = 10**11


class ArticleKind(StrEnum):
    NORMAL = "normal"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Article:
    """``status`` is "" where Zalo does not say; ``text`` is what words there are: the
    description, and of a whole article its body."""

    article_id: str
    title: str
    status: str
    created_at: datetime | None
    link: str | None
    text: str

    @property
    def is_shown(self) -> bool:
        return self.status == SHOWN


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """``is_last``: fewer came back than were asked for."""

    articles: tuple[Article, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a body: HTML, or a picture with its text version."""

    html: str = ""
    picture_url: str = ""
    caption: str = ""

    def to_zalo(self) -> dict[str, str]:
        if self.picture_url:
            return {"type": "image", "url": self.picture_url, "caption": self.caption}
        return {"type": "text", "content": self.html}


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article to publish. Addresses of pictures must be open to everybody, without
    blanks or letters outside of ASCII."""

    title: str
    author: str
    description: str
    cover_url: str
    body: tuple[Part, ...]
    is_shown: bool = True

    def to_zalo(self) -> dict[str, Any]:
        """Checked on our side: a breach is our mistake, and never worth a call."""
        _require("title", self.title, LONGEST_TITLE)
        _require("description", self.description, LONGEST_DESCRIPTION)
        _require("author", self.author, LONGEST_AUTHOR)
        if not self.body:
            raise ValueError("an article needs a body")
        for url in (self.cover_url, *(part.picture_url for part in self.body)):
            if not url.isascii() or " " in url:
                raise ValueError("the address of a picture is not plain ASCII")
        status = SHOWN if self.is_shown else HIDDEN
        cover = {"cover_type": "photo", "photo_url": self.cover_url, "status": SHOWN}
        return {
            "type": ArticleKind.NORMAL.value,
            "title": self.title,
            "author": self.author,
            "cover": cover,
            "description": self.description,
            "body": [part.to_zalo() for part in self.body],
            "related_medias": [],
            "tracking_link": "",
            "status": status,
            "comment": SHOWN,
        }


def _require(what: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        raise ValueError(f"{what}: {len(text)} characters, allowed are 1 to {longest}")


def page_from(listed: object, limit: int) -> ArticlePage:
    """An entry that cannot be read is left out, and makes no page the last one."""
    entries = listed if isinstance(listed, list) else []
    found = tuple(article for article in map(article_from, entries) if article)
    return ArticlePage(found, is_last=len(entries) < limit)


def article_from(raw: object) -> Article | None:
    """None for what has no id: there is nothing to know it by."""
    if not isinstance(raw, Mapping) or not raw.get("id"):
        return None
    link = str(raw.get("link_view") or "")
    return Article(
        article_id=str(raw["id"]),
        title=str(raw.get("title") or "").strip(),
        status=str(raw.get("status") or "").strip().lower(),
        created_at=_first_instant(raw.get(name) for name in _CREATED),
        link=link if link.startswith(("http://", "https://")) else None,
        text="\n".join(_texts(raw)),
    )


def _texts(raw: Mapping[str, Any]) -> Iterable[str]:
    if raw.get("description"):
        yield str(raw["description"])
    parts = raw.get("body")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Mapping):
            yield from (
                str(part[key]) for key in ("content", "caption") if part.get(key)
            )


def _first_instant(values: Iterable[object]) -> datetime | None:
    return next((found for found in map(_instant, values) if found), None)


def _instant(value: object) -> datetime | None:
    """Milliseconds or seconds since 1970, told apart by their size; 0 is no time."""
    text = str(value).strip() if value is not None else ""
    text = text.partition(".")[0]  # a float, or one written as text
    if not text.isdecimal() or not int(text):
        return None
    seconds = int(text)
    if seconds >= _FIRST_MILLISECONDS:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds < _LATEST_SECONDS else None
