"""Several records changed together, and taken back together or not at all.

Each changed row is a ``ContentRevision``; those of one batch share its id. ``before`` is
null for a new row, ``after`` for one that was taken away. Functions take a session and
never commit.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, bindparam, delete, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col

from bot.catalogue.catalogue import touch
from bot.catalogue.loading import sql_table, stored_rows
from bot.catalogue.plan_schema import UNIT_CHANNELS
from bot.catalogue.schema import DESKS, DOCUMENTS, PROCEDURES, TOPICS, UNITS, Table
from bot.catalogue.values import Kind, Row
from bot.people import audit
from models import CatalogueVersion, ContentRevision, Official, Origin, RevisionCause

TABLES: Mapping[str, Table] = {
    one.name: one
    for one in (PROCEDURES, DOCUMENTS, TOPICS, DESKS, UNITS, UNIT_CHANNELS)
}
# What the search knows of a record: a change of these builds its index anew.
SEARCHED: Mapping[str, frozenset[str]] = {
    "procedures": frozenset({"name", "aliases", "field", "papers", "note", "group",
                             "status", "replaced_by"}),
    "documents": frozenset({"title", "aliases", "symbol", "kind", "number", "issuer",
                            "raw", "level", "issued_on"}),
    "topics": frozenset({"title", "aliases"}),
    "units": frozenset({"name", "kind", "note", "valid_to"}),
}  # fmt: skip
# Columns that name another row of the same table.
LINKS = {"procedures": "replaced_by", "units": "parent_code"}
NEW_HERE: Row = {"origin": Origin.LOCAL.value, "pack_digest": None}


class ChangedMeanwhileError(Exception):
    """It no longer says what was shown, or what the undone change left: ``keys`` of it."""

    def __init__(self, *keys: str) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


class InUseError(Exception):
    """Something else stands on a row that would go."""


@dataclass
class Batch:
    """Changes by one person for one reason; ``finish`` makes them known."""

    session: Session
    official: Official
    cause: RevisionCause
    now: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    _revisions: list[Row] = field(default_factory=list)
    _is_searched: bool = False

    def write(
        self, table: Table, key: str, before: Row | None, after: Row | None
    ) -> None:
        """From ``before`` (None: not there) to ``after`` (None: away)."""
        target = sql_table(table)
        is_row = target.c[table.key[0]] == key
        run = self.session.connection().execute
        if after is None:
            run(delete(target).where(is_row))
        elif before is None:
            run(insert(target).values(NEW_HERE | after | {table.key[0]: key}))
        else:
            run(update(target).where(is_row).values(after))
        searched = SEARCHED.get(table.name, frozenset())
        self._is_searched |= bool(searched & {*(before or {}), *(after or {})})
        self.note(table.name, key, before, after)

    def note(
        self,
        table_name: str,
        key: str,
        before: Row | None,
        after: Row | None,
    ) -> None:
        """Keep the history of what was written elsewhere."""
        self._revisions.append(
            {
                "record_table": table_name, "record_key": key, "cause": self.cause,
                "batch": self.id, "changed_by": self.official.pseudonym,
                "changed_at": self.now, "before": to_json(before),
                "after": to_json(after),
            }
        )  # fmt: skip

    def finish(self) -> Sequence[ContentRevision]:
        """The revisions, with one audit entry for all; the search hears of it."""
        self.session.expire_all()  # written past the identity map
        if not self._revisions:
            return ()
        self.session.execute(insert(ContentRevision), self._revisions)
        if self._is_searched:
            touch(self.session, self.now)
        made = of_batch(self.session, self.id)
        audit.record(
            self.session, self.official.pseudonym, f"content.{self.cause.value}",
            f"content_batch:{self.id}", _audited(made), self.now,
        )  # fmt: skip
        return made


def _audited(made: Sequence[ContentRevision]) -> dict[str, Any]:
    tables = sorted({one.record_table for one in made})
    if len(made) == 1:
        one = made[0]
        fields = sorted({*(one.before or {}), *(one.after or {})})
        return {"table": tables[0], "fields": fields, "revision": one.id}
    return {"table": " ".join(tables).replace(" ", "+"), "rows": len(made)}


def take_turn(session: Session) -> None:
    """Whoever changes several rows does it alone (SQLite has one writer anyway)."""
    session.execute(select(CatalogueVersion).with_for_update())


def of_batch(session: Session, batch: str) -> Sequence[ContentRevision]:
    """Oldest first."""
    return session.scalars(
        select(ContentRevision)
        .where(col(ContentRevision.batch) == batch)
        .order_by(col(ContentRevision.id))
    ).all()


def undo(
    session: Session,
    revisions: Sequence[ContentRevision],
    official: Official,
    now: datetime,
) -> int:
    """Back to what all of them said before; how many rows that were.

    ``ChangedMeanwhileError`` names rows that were changed since, ``InUseError`` a new row
    that something else needs by now; then nothing may be committed.
    """
    take_turn(session)
    if not revisions or any(one.undone_at for one in revisions):
        raise ChangedMeanwhileError
    changed = [one.record_key for one in _changed_since(session, revisions)]
    if changed:
        raise ChangedMeanwhileError(*dict.fromkeys(changed))
    batch = Batch(session, official, RevisionCause.UNDO, now)
    try:
        for one in reversed(revisions):
            table = TABLES[one.record_table]
            before, after = from_json(table, one.after), from_json(table, one.before)
            batch.write(table, one.record_key, before, after)
    except IntegrityError as error:
        raise InUseError from error
    _refuse_dangling(session, revisions)
    batch.finish()
    _mark_undone(session, revisions, now)
    return len(revisions)


def _mark_undone(
    session: Session, revisions: Sequence[ContentRevision], now: datetime
) -> None:
    marked = update(ContentRevision).where(col(ContentRevision.id) == bindparam("key"))
    ids = [{"key": inspect(one).identity[0]} for one in revisions]
    session.connection().execute(marked.values(undone_at=now), ids)
    session.expire_all()


def _changed_since(
    session: Session, revisions: Sequence[ContentRevision]
) -> Iterator[ContentRevision]:
    rows = {
        name: {str(key[0]): row for key, row in stored_rows(session, table).items()}
        for name, table in TABLES.items()
        if any(one.record_table == name for one in revisions)
    }
    for one in revisions:
        here = rows[one.record_table].get(one.record_key)
        if not _says(here, from_json(TABLES[one.record_table], one.after)):
            yield one


def _says(here: Row | None, left: Row | None) -> bool:
    if here is None or left is None:
        return here is left
    return all(here[name] == value for name, value in left.items())


def _refuse_dangling(session: Session, revisions: Sequence[ContentRevision]) -> None:
    """A row that goes away must not be named by one that stays."""
    gone: dict[str, set[str]] = defaultdict(set)
    for one in revisions:
        if one.before is None:
            gone[one.record_table].add(one.record_key)
    for name, keys in gone.items():
        for column in _columns_naming(name):
            named = select(column).where(column != "").distinct()
            if keys & set(session.connection().execute(named).scalars()):
                raise InUseError


def _columns_naming(table: str) -> Iterator[Column[Any]]:
    if table in LINKS:
        yield sql_table(TABLES[table]).c[LINKS[table]]
    if table == UNITS.name:
        for one in SQLModel.metadata.sorted_tables:
            if "unit_code" in one.c:
                yield one.c.unit_code


def to_json(row: Row | None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(json.dumps(row, default=str))
    return found


def from_json(table: Table, row: Mapping[str, Any] | None) -> Row | None:
    if row is None:
        return None
    dates = {one.name for one in table.columns if one.kind is Kind.DATE}
    return {
        name: date.fromisoformat(value) if name in dates and value else value
        for name, value in row.items()
    }
