"""What a search gives back. Apart from the search itself, which is large: who only shows
what was found need not load it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.search.entries import Kind
from bot.search.lexicon import Aspect


class Outcome(StrEnum):
    """What the bot does with the hits; the words are those of ``ask --json``."""

    ANSWERED = "answered"
    CHOICE = "choice"
    NOT_FOUND = "not_found"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Hit:
    """One thing found."""

    kind: Kind
    id: str
    title: str
    score: float
    asked_for: str | None = None  # code of the replaced procedure that was meant
    why: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What was found for a question."""

    query: str
    outcome: Outcome
    hits: tuple[Hit, ...]
    nearest: tuple[Hit, ...] = ()
    aspect: Aspect | None = None
    mentioned: tuple[Hit, ...] = ()  # two or more named in one question, in that order
    is_bare: bool = False  # nothing but an aspect and politeness: about the last answer
    explanation: dict[str, object] = field(default_factory=dict)
