"""What the search knows about one findable thing, free of database and content files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What a found thing is; the words are those of ``ask --json``."""

    SERVICE = "service"
    DOCUMENT = "document"
    UNIT = "unit"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the search index."""

    kind: Kind
    id: str  # procedure code, document symbol, unit code, topic id
    title: str
    aliases: tuple[str, ...] = ()  # what people call it
    context: str = ""  # weakly weighted words: field, issuer, papers, note
    group: str = ""
    has_details: bool = True  # False: only its name is known, ranked below
    successor: str | None = None  # id of the entry that replaced this one
    symbols: tuple[str, ...] = ()  # codes by which it can be named exactly
    issued_on: date | None = None

    def brief(self) -> Entry:
        """What a hit shows; the rest is needed only while indexes are built."""
        return replace(self, aliases=(), context="", group="", symbols=())
