"""The catalogue as one process sees it: a search index built from the database's rows.

The index lives in memory, shared by all threads. When ``CatalogueVersion`` moves (a pack
was loaded, a file imported, a record edited) a new one is built beside it, or opened when
another process has built it (``bot.search.shelf``), which takes a while; until it takes the place of the old one, questions are answered by that. Only the
first index of a process is waited for.
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
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, SQLModel, col

from bot.catalogue.aliases import NameBook, state_of
from bot.catalogue.pack_entries import (
    document_entries,
    procedure_entry,
    topic_entry,
    unit_entry,
)
from bot.db import Database, table_of
from bot.search.entries import Entry
from bot.search.findings import Finding
from bot.search.shelf import Shelf, build
from models import AdminUnit, CatalogueVersion, Document, Procedure, Topic

if TYPE_CHECKING:
    from bot.search.finder import SearchIndex

log = structlog.get_logger(__name__)

# How soon another process's change is seen; one tiny SELECT per interval at most.
LOOK_FOR_CHANGES_SECONDS = 1.0
# Questions are searched once before the write lock is taken and once by the handler; what
# many ask is searched once for all. A finding takes a few kB.
REMEMBERED_QUESTIONS = 512
# Nobody asks in more; what is longer is cut before it is searched.
MAX_QUESTION_LENGTH = 600
ROWS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Group:
    """A group of procedures as the menu shows it (nhóm thủ tục)."""

    key: str
    label: str
    description: str


@dataclass(frozen=True, slots=True)
class _Built:
    """An index and the version of the catalogue that it knows."""

    index: SearchIndex
    version: int


class Catalogue:
    """``find`` answers from memory; everything else is read from the session."""

    def __init__(
        self, database: Database, content_dir: Path, index_dir: Path | None = None
    ) -> None:
        """``index_dir``: where built indexes are kept for all processes; without one this
        process builds its own."""
        self._database = database
        self.content_dir = content_dir
        self.index_dir = index_dir
        self._lexicon_file = content_dir / "lexicon.toml"
        self.groups = _read_groups(content_dir / "groups.toml")
        self.document_topics = _read_labels(content_dir / "document_topics.toml")
        self._building = threading.Lock()
        self._looking = threading.Lock()
        self._built: _Built | None = None
        self._builder: threading.Thread | None = None
        self._names = NameBook({}, 0)
        self._names_state: tuple[Any, ...] = ()
        self._looked_at = 0.0
        self._cached_find = lru_cache(REMEMBERED_QUESTIONS)(self._find)

    def find(self, question: str) -> Finding:
        """What fits this question, best first."""
        version = self._refresh()
        return self._cached_find(
            question[:MAX_QUESTION_LENGTH], version, self._names_state
        )

    warm = find

    def warm_behind(self) -> bool:
        """Whether a question is answered at once; if not, the index is being built
        meanwhile, which takes a while."""
        if self._built is not None:
            return True
        if not self._building.locked():
            threading.Thread(target=self._refresh, daemon=True).start()
        return False

    @property
    def is_building(self) -> bool:
        """Whether a newer index is on its way."""
        return self._builder is not None and self._builder.is_alive()

    def settle(self) -> None:
        """Wait until what was changed is found."""
        self.look_again()
        self._refresh()
        if self._builder is not None:
            self._builder.join()

    def over(self, database: Database) -> Catalogue:
        """The same index over a copy of the database from which it was built."""
        self.warm("")
        other = Catalogue(database, self.content_dir)
        other._built = self._built
        return other

    def look_again(self) -> None:
        """Who has just changed the catalogue sees it at once in this process."""
        self._looked_at = -LOOK_FOR_CHANGES_SECONDS

    def _find(
        self, question: str, _version: int, _names_state: tuple[Any, ...]
    ) -> Finding:
        """``_version`` and ``_names_state`` make what was remembered before a change be
        forgotten."""
        if self._built is None:
            raise RuntimeError("the index is built before the first question")
        index = self._built.index
        finding = index.find(question)
        named = self._names.meant_by(question)
        return index.named_here(finding, named) if named else finding

    def _refresh(self) -> int:
        """The version by which questions are answered now."""
        if self._built is None:
            with self._building:  # whoever comes now waits for it
                if self._built is None:
                    self._build()
        due = time.monotonic() >= self._looked_at + LOOK_FOR_CHANGES_SECONDS
        if due and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._built.version if self._built else -1

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        with self._database.reading() as session:
            version = current_version(session)
            names_state = state_of(session)
            if names_state != self._names_state:
                self._names = NameBook.read(session)
                self._names_state = names_state
        if self._built is not None and version != self._built.version:
            self._build_beside()

    def _build_beside(self) -> None:
        if not self.is_building:
            self._builder = threading.Thread(
                target=self._build, daemon=True, name="index"
            )
            self._builder.start()

    def _build(self) -> None:
        started = time.perf_counter()
        with self._database.reading() as session:
            version = current_version(session)
        self._built = _Built(self._newest_index(), version)
        took = round(time.perf_counter() - started, 2)
        log.info("index_built", version=version, seconds=took)

    def _newest_index(self) -> SearchIndex:
        if self.index_dir is None:
            return build(self._entries(), self._lexicon_file)
        return Shelf(self.index_dir).index_of(self._entries, self._lexicon_file)

    def _entries(self) -> Iterator[Entry]:
        with self._database.reading() as session:
            for _, entry in entries(session):
                yield entry


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


@dataclass(frozen=True, slots=True)
class Imagined:
    """A record as it would be after a change that nobody has made yet."""

    model: type[SQLModel]
    key: str
    values: Mapping[str, object]


def entries(
    session: Session, imagined: Imagined | None = None
) -> Iterator[tuple[Mapping[str, object], Entry]]:
    """Each row of the catalogue with what the search knows of it."""
    for row in _rows(session, Procedure, imagined):
        yield row, procedure_entry(row)
    documents = list(_rows(session, Document, imagined))
    yield from zip(documents, document_entries(documents), strict=True)
    for row in _rows(session, AdminUnit, imagined):
        yield row, unit_entry(row)
    for row in _rows(session, Topic, imagined):
        yield row, topic_entry(row)


def _rows(
    session: Session, table: type[SQLModel], imagined: Imagined | None
) -> Iterator[Mapping[str, object]]:
    """Plain rows in the order of their keys: thousands, so no objects are made of them,
    and few are held at a time."""
    columns = table_of(table)
    asked = select(columns).order_by(*columns.primary_key)
    found = session.execute(asked, execution_options={"yield_per": ROWS_AT_A_TIME})
    (key,) = columns.primary_key
    for row in found.mappings():
        is_imagined = imagined is not None and imagined.model is table
        if imagined is not None and is_imagined and row[key.name] == imagined.key:
            yield {**row, **imagined.values}
        else:
            yield dict(row)
