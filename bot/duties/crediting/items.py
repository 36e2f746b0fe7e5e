"""An item as it was found, whatever it was found in, and when two are the same words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from bot.search.fold import words
from models import Channel, ProofSource

# Words of a whole article are enough to know it again under another title; of a summary
# the title is needed too.
WHOLE_TEXT_WORDS = 60
# A passing mention, as every page of an office has one, makes no subject; the title or the
# opening, or saying it again, does.
OPENING_WORDS = 80
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Item:
    """``published_on`` is the local day, None where it is not said. ``appeared_on``: not
    the day of publishing, but good enough for what was not there at the last reading.
    ``is_new``: surely not older than the last reading, if its day is not said.
    ``origin`` is the key of the feed or account it was read from."""

    source: ProofSource
    source_key: str
    origin: str
    channel: Channel
    title: str
    text: str = ""
    url: str | None = None
    canonical_url: str | None = None
    published_on: date | None = None
    appeared_on: date | None = None
    is_new: bool = True


def plain(markup: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def text_digest(title: str, text: str) -> str:
    """Equal for the same words, whatever the spelling of blanks, accents and capitals."""
    body = words(text)
    kept = body if len(body) >= WHOLE_TEXT_WORDS else [*words(title), *body]
    return sha256(" ".join(kept).encode()).hexdigest()


def speaks_of(keywords: Iterable[str], title: str, text: str) -> bool:
    """Whether this is the item's subject."""
    body = words(text)
    opening = f" {' '.join([*words(title), *body[:OPENING_WORDS]])} "
    whole = f" {' '.join(body)} "
    phrases = [f" {' '.join(words(one))} " for one in keywords if words(one)]
    if any(phrase in opening for phrase in phrases):
        return True
    return sum(whole.count(phrase) for phrase in phrases) > 1
