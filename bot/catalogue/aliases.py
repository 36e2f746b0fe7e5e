"""Other names of records, added by officials: how people really ask.

They stand beside the records, so that a procedure with a name of the office goes on
following its pack, and beside the index, which takes long to build: every process knows a
new name within a second. Functions take a session and never commit.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.search.fold import words
from models import AdminUnit, Document, LocalAlias, Procedure, Topic

SHORTEST = 3
MOST_OF_IT = (
    0.6  # of a question is the name: "cho em hỏi …", "… ở đâu vậy" may be around
)
LONGEST = 150  # a question; whoever tells a story cuts it to what is meant


class BadAliasError(ValueError):
    """Too short, too long; the text is the code of the reason."""


def cleaned(text: str) -> str:
    """As it is stored; ``BadAliasError`` when it is none."""
    found = " ".join(unicodedata.normalize("NFC", text).split()).strip(" ?!.,;:")
    if len(found) < SHORTEST:
        raise BadAliasError("alias_short")
    if len(found) > LONGEST:
        raise BadAliasError("alias_long")
    return found.replace(";", ",")


def add(
    session: Session, kind: str, record_id: str, text: str, by: str, now: datetime
) -> LocalAlias:
    """One more name of the record; the same one again is the one that is there."""
    name = cleaned(text)
    for one in of_record(session, kind, record_id):
        if one.text.casefold() == name.casefold():
            return one
    alias = LocalAlias(
        kind=kind, record_id=record_id, text=name, added_by=by, added_at=now
    )
    session.add(alias)
    session.flush()
    return alias


def remove(session: Session, alias: LocalAlias, now: datetime) -> None:
    if alias.removed_at is None:
        alias.removed_at = now
        session.add(alias)


def of_record(session: Session, kind: str, record_id: str) -> Sequence[LocalAlias]:
    return session.scalars(
        select(LocalAlias)
        .where(
            col(LocalAlias.kind) == kind,
            col(LocalAlias.record_id) == record_id,
            col(LocalAlias.removed_at).is_(None),
        )
        .order_by(col(LocalAlias.id))
    ).all()


def title_of(session: Session, kind: str, record_id: str) -> str:
    """Of the record that the search knows by this kind and id; "" when there is none."""
    match kind:
        case "service":
            found = session.get(Procedure, record_id)
            return found.name if found else ""
        case "unit":
            unit = session.get(AdminUnit, record_id)
            return unit.name if unit else ""
        case "info":
            topic = session.get(Topic, record_id)
            return topic.title if topic else ""
        case "document":  # the symbol, with its date where two share it
            symbol = record_id.partition("@")[0]
            return (
                session.scalars(
                    select(col(Document.title)).where(col(Document.symbol) == symbol)
                ).first()
                or ""
            )
        case _:
            return ""


# --- found by them -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameBook:
    """All names in use, by their folded words: beside the index, so that adding one costs
    nothing and taking it back leaves nothing behind."""

    names: Mapping[tuple[str, ...], tuple[tuple[str, str], ...]]
    longest: int

    @classmethod
    def read(cls, session: Session) -> NameBook:
        names: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
        rows = session.execute(
            select(
                col(LocalAlias.text), col(LocalAlias.kind), col(LocalAlias.record_id)
            )
            .where(col(LocalAlias.removed_at).is_(None))
            .order_by(col(LocalAlias.id))
        )
        for text, kind, record_id in rows:
            names[tuple(words(text))].append((kind, record_id))
        longest = max(map(len, names), default=0)
        return cls({key: tuple(found) for key, found in names.items()}, longest)

    def meant_by(self, question: str) -> tuple[tuple[str, str], ...]:
        """The records whose name this question is, but for a few words around it."""
        said = words(question)
        for length in range(min(len(said), self.longest), 0, -1):
            if length < MOST_OF_IT * len(said):
                return ()
            for start in range(len(said) - length + 1):
                found = self.names.get(tuple(said[start : start + length]))
                if found:
                    return found
        return ()


def state_of(session: Session) -> tuple[Any, ...]:
    """Another one after each change."""
    row = session.execute(
        select(
            func.count(), func.max(col(LocalAlias.id)), func.max(LocalAlias.removed_at)
        )
    ).one()
    return tuple(row)
