"""The documents of the plan: by id, by facet (level, kind, year, topic, issuer)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from models import Document

# What a document can be browsed by; each gives the values a document has of it.
FACETS: dict[str, Callable[[Document], list[str]]] = {
    "level": lambda document: [document.level],
    "kind": lambda document: [document.kind],
    "year": lambda document: [_year(document)],
    "topic": lambda document: document.topics,
    "issuer": lambda document: [document.issuer],
}
NO_YEAR = "none"


def by_id(session: Session, document_id: str) -> Document | None:
    return session.get(Document, document_id)


def by_public_id(session: Session, public_id: str) -> Document | None:
    """By its symbol, with "@date" where two documents share one."""
    symbol, _, issued_on = public_id.partition("@")
    found = session.scalars(
        select(Document).where(col(Document.symbol) == symbol)
    ).all()
    if issued_on:
        found = [one for one in found if str(one.issued_on) == issued_on]
    return found[0] if found else None


def with_facet(session: Session, facet: str, value: str) -> list[Document]:
    """Those with this value, newest first, undated ones last."""
    values = FACETS[facet]
    found = [one for one in _all(session) if value in values(one)]
    return sorted(
        found, key=lambda one: (one.issued_on is None, _reverse_day(one), one.id)
    )


def count_by(session: Session, facet: str) -> list[tuple[str, int]]:
    """Each value with its number of documents: years newest first, others by number."""
    counts = Counter(value for one in _all(session) for value in FACETS[facet](one))
    if facet == "year":
        return sorted(counts.items(), key=lambda item: item[0], reverse=True)
    if facet == "level":
        return list(counts.items())
    return counts.most_common()


def _all(session: Session) -> Sequence[Document]:
    return session.scalars(
        select(Document).order_by(col(Document.level), col(Document.row))
    ).all()


def _year(document: Document) -> str:
    return str(document.issued_on.year) if document.issued_on else NO_YEAR


def _reverse_day(document: Document) -> int:
    return -document.issued_on.toordinal() if document.issued_on else 0
