"""The catalogue as one process sees it: a search index built from the database's rows.

The index lives in memory and is rebuilt when ``CatalogueVersion`` moves (a pack was
loaded, a file imported, an alias added); until then it is shared by all threads.
"""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, SQLModel, col

from bot.catalogue.pack_entries import (
    document_entries,
    procedure_entry,
    topic_entry,
    unit_entry,
)
from bot.db import Database
from bot.search.entries import Entry
from bot.search.finder import Finding, SearchIndex
from bot.search.lexicon import Lexicon
from models import (
    AdminUnit,
    CatalogueVersion,
    Document,
    Procedure,
    Topic,
)

log = structlog.get_logger(__name__)

# How soon another process's change is seen; one tiny SELECT per interval at most.
LOOK_FOR_CHANGES_SECONDS = 1.0
# Questions are searched once before the write lock is taken and once by the handler.
REMEMBERED_QUESTIONS = 64
# Nobody asks in more; what is longer is cut before it is searched.
MAX_QUESTION_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Group:
    """A group of procedures as the menu shows it (nhóm thủ tục)."""

    key: str
    label: str
    description: str


class Catalogue:
    """``find`` answers from memory; everything else is read from the session."""

    def __init__(self, database: Database, content_dir: Path) -> None:
        self._database = database
        self._lexicon_file = content_dir / "lexicon.toml"
        self.groups = _read_groups(content_dir / "groups.toml")
        self.document_topics = _read_labels(content_dir / "document_topics.toml")
        self._lock = threading.Lock()
        self._index: SearchIndex | None = None
        self._version = -1
        self._looked_at = 0.0
        self._cached_find = lru_cache(REMEMBERED_QUESTIONS)(self._find)

    def find(self, question: str) -> Finding:
        """What fits this question, best first."""
        self._refresh()
        return self._cached_find(question[:MAX_QUESTION_LENGTH])

    warm = find

    def _find(self, question: str) -> Finding:
        if self._index is None:
            raise RuntimeError("the index is built before the first question")
        return self._index.find(question)

    def _refresh(self) -> None:
        due = time.monotonic() >= self._looked_at + LOOK_FOR_CHANGES_SECONDS
        if self._index is not None and not due:
            return
        with self._lock, self._database.reading() as session:
            self._looked_at = time.monotonic()
            version = current_version(session)
            if self._index is None or version != self._version:
                self._rebuild(session, version)

    def _rebuild(self, session: Session, version: int) -> None:
        started = time.perf_counter()
        lexicon = Lexicon.load(self._lexicon_file)
        self._index = SearchIndex.build(_entries(session), lexicon)
        self._version = version
        self._cached_find.cache_clear()
        took = round(time.perf_counter() - started, 2)
        log.info("index_built", version=version, seconds=took)


def _read_groups(file: Path) -> tuple[Group, ...]:
    """In the order of the file: most needed first."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["groups"]
    return tuple(Group(row["key"], row["label"], row["description"]) for row in rows)


def _read_labels(file: Path) -> dict[str, str]:
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["document_topics"]
    return {row["key"]: row["label"] for row in rows}


def current_version(session: Session) -> int:
    """0 before anything was loaded."""
    found = session.execute(select(col(CatalogueVersion.version))).scalar_one_or_none()
    return found or 0


def touch(session: Session, now: datetime) -> None:
    """Say that the catalogue changed, in the transaction that changes it."""
    moved = session.execute(
        update(CatalogueVersion)
        .values(version=col(CatalogueVersion.version) + 1, changed_at=now)
        .returning(col(CatalogueVersion.version))
    ).scalar_one_or_none()
    if moved is None:
        session.add(CatalogueVersion(id=1, version=1, changed_at=now))


def _entries(session: Session) -> Iterator[Entry]:
    yield from map(procedure_entry, _rows(session, Procedure))
    yield from document_entries(_rows(session, Document))
    yield from map(unit_entry, _rows(session, AdminUnit))
    yield from map(topic_entry, _rows(session, Topic))


def _rows(session: Session, table: type[SQLModel]) -> list[Mapping[str, object]]:
    """Plain rows in the order of their keys: thousands, so no objects are made of them."""
    columns = SQLModel.metadata.tables[str(table.__tablename__)]
    found = session.execute(select(columns).order_by(*columns.primary_key))
    return [dict(row) for row in found.mappings()]
