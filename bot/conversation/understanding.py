"""From what a person typed to a command, if it names one at all.

In order: a button's payload, a number of the options last shown, the words of one of these
options, a word for a command, a word about the last answer ("lệ phí"). Anything else is
free text and goes to the search. Numbers, words and words without diacritics are equal.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.conversation.turn import Command, Context
from bot.outreach.stopping import StopWords
from bot.search.fold import fold

_NUMBER = re.compile(r"(?:so|chon|muc|cau)?\s*(\d{1,2})\s*[.)]?")


@dataclass(frozen=True, slots=True)
class Words:
    """The folded words of ``content/words.toml``."""

    commands: Mapping[str, str]
    aspects: Mapping[str, str]
    endings: tuple[str, ...]
    stop: StopWords

    @classmethod
    def load(cls, file: Path) -> Words:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        endings = {fold(ending) for ending in tables["polite"]["endings"]}
        return cls(
            commands=_by_word(tables["commands"]),
            aspects=_by_word(tables["aspects"]),
            endings=tuple(sorted(endings, key=len, reverse=True)),
            stop=StopWords.of(tables["stop"]["phrases"], tables["stop"]["small"]),
        )

    def strip_politeness(self, folded: str) -> str:
        """ "le phi bao nhieu vay a" → "le phi bao nhieu"."""
        shorter = True
        while shorter:
            shorter = False
            for ending in self.endings:
                if folded.endswith(f" {ending}"):
                    folded, shorter = folded[: -len(ending) - 1].rstrip(), True
        return folded


def understand(text: str, context: Context, words: Words) -> Command | None:
    """The command this text names, or None when it is a question of its own."""
    if text.startswith("#"):
        return Command.parse(text)
    asked = fold(text).strip(" .!?,")
    for folded in dict.fromkeys((asked, words.strip_politeness(asked))):
        named = (
            _offered_number(folded, context)
            or _offered_words(folded, context)
            or _command_word(folded, context, words)
            or _about_last_answer(folded, context, words)
        )
        if named is not None:
            return named
    return Command("stop") if words.stop.asks_to_stop(text) else None


def _offered_number(folded: str, context: Context) -> Command | None:
    typed = _NUMBER.fullmatch(folded)
    if typed is None or not context.offers:
        return None
    number = int(typed[1])
    if 1 <= number <= len(context.offers):
        return context.offers[number - 1].command
    if number and len(typed[1]) == 1:
        return Command("no_such_number", str(len(context.offers)))
    return None


def _offered_words(folded: str, context: Context) -> Command | None:
    for option in context.offers:
        if folded and folded == fold(option.label):
            return option.command
    return None


def _command_word(folded: str, context: Context, words: Words) -> Command | None:
    name = words.commands.get(folded)
    if name is None or (context.focus and folded in words.aspects):
        return None
    if name == "more":
        return context.more or Command("no_more")
    return Command(name)


def _about_last_answer(folded: str, context: Context, words: Words) -> Command | None:
    aspect = words.aspects.get(folded)
    if aspect is None or context.focus is None or context.focus.name != "service":
        return None
    return Command(aspect, context.focus.argument)


def _by_word(table: Mapping[str, list[str]]) -> dict[str, str]:
    return {fold(word): name for name, phrases in table.items() for word in phrases}
