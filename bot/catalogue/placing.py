"""Where the search puts a record for a question: now, and after a change not yet made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, SQLModel

from bot.catalogue.catalogue import Catalogue, Imagined, entries
from bot.db import table_of
from bot.search.entries import Entry
from bot.search.findings import Hit
from bot.search.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Placing:
    """Places count from 1; None: not among the first ten."""

    now: int | None
    then: int | None


def place(
    catalogue: Catalogue, session: Session, question: str, imagined: Imagined
) -> Placing:
    """``then`` is judged among the records that the question finds now: to build the
    whole index for a look takes too long."""
    from bot.search.finder import SearchIndex  # large: where it is used only

    finding = catalogue.find(question)
    hits = finding.hits or finding.nearest
    rivals = {(hit.kind, hit.id) for hit in hits}
    few, own = [], None
    for entry, is_own in _marked(session, imagined):
        if is_own:
            own = entry
        if is_own or (entry.kind, entry.id) in rivals:
            few.append(entry)
    if own is None:
        return Placing(None, None)
    lexicon = Lexicon.load(catalogue.content_dir / "lexicon.toml")
    found = SearchIndex.build(few, lexicon).find(question)
    return Placing(_place(hits, own), _place(found.hits or found.nearest, own))


def place_now(
    catalogue: Catalogue, session: Session, question: str, imagined: Imagined
) -> Placing:
    """For a change that the search knows nothing of: both are the same."""
    finding = catalogue.find(question)
    for entry, is_own in _marked(session, imagined):
        if is_own:
            found = _place(finding.hits or finding.nearest, entry)
            return Placing(found, found)
    return Placing(None, None)


def _marked(session: Session, imagined: Imagined) -> Iterator[tuple[Entry, bool]]:
    model: type[SQLModel] = imagined.model
    (key,) = table_of(model).primary_key
    names = set(table_of(model).c.keys())
    for row, entry in entries(session, imagined):
        yield entry, row.keys() == names and row[key.name] == imagined.key


def _place(hits: Sequence[Hit], entry: Entry) -> int | None:
    for number, hit in enumerate(hits, start=1):
        if hit.kind == entry.kind and hit.id == entry.id:
            return number
    return None
