"""Brings the content packs into the database, three-way.

Each row remembers the pack version it came from (``pack_digest``). A row whose values
still have that digest is untouched and follows the pack; one that was edited here stays
as it is, and is reported as a conflict as long as the pack says something newer than
what it was edited from. To have checked a row is no edit: the later day stays. Rows added here are never changed or deleted; rows that vanished
from the pack are removed if nobody edited them. Loading twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update
from sqlalchemy import Table as SqlTable
from sqlmodel import Session

from bot.catalogue.packs import Packs
from bot.catalogue.schema import Table
from bot.catalogue.values import Row
from models import Origin

Key = tuple[Any, ...]
CHECKED = "checked_on"
DIGEST_BYTES = 16  # 128 bits: far beyond chance, half the width of SHA-256 in each row


@dataclass(frozen=True)
class Conflict:
    """A row that stays as it was edited here although the pack says otherwise."""

    key: str
    reason: str
    fields: tuple[str, ...] = ()


@dataclass
class TableReport:
    """What loading did to one table; ``kept`` counts local edits and local rows,
    ``moved`` rows that only stand elsewhere in the pack."""

    table: str
    added: int = 0
    updated: int = 0
    moved: int = 0
    unchanged: int = 0
    kept: int = 0
    removed: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.added + self.updated + self.moved + len(self.removed)


@dataclass
class LoadReport:
    """One report per table, printable by ``lines``."""

    tables: list[TableReport] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return sum(table.changed for table in self.tables)

    @property
    def conflicts(self) -> list[Conflict]:
        return [found for table in self.tables for found in table.conflicts]

    def lines(self) -> Iterator[str]:
        for table in self.tables:
            yield (
                f"{table.table}: {table.added} added, {table.updated} updated, "
                f"{table.moved} moved, {len(table.removed)} removed, {table.unchanged} unchanged, "
                f"{table.kept} kept as edited here"
            )
            for key in table.removed:
                yield f"  removed {key}: no longer in the pack"
            for conflict in table.conflicts:
                fields = ", ".join(conflict.fields)
                yield f"  conflict {conflict.key}: {conflict.reason}: {fields}"


@dataclass
class _Changes:
    """Rows to write for one table, gathered before anything is written."""

    report: TableReport
    inserts: list[Row] = field(default_factory=list)
    updates: list[Row] = field(default_factory=list)
    moves: list[Row] = field(default_factory=list)
    deletes: list[Key] = field(default_factory=list)


def load_content(session: Session, packs: Packs) -> LoadReport:
    """Load every table of the packs; the caller commits."""
    report = LoadReport()
    for table, rows in packs.tables():
        changes = _compare(table, rows, stored_rows(session, table))
        _write(session, table, changes)
        report.tables.append(changes.report)
    session.expire_all()  # written past the identity map
    return report


def digest(table: Table, row: Mapping[str, Any]) -> str:
    """Fingerprint of what the pack columns say.

    Empty ones do not count, so that a column added by a later release does not make every
    stored row look edited; nor does the day of the last check.
    """
    return _digest(table, row, without=CHECKED)


def _digest(table: Table, row: Mapping[str, Any], without: str = "") -> str:
    values = {n: row[n] for n in table.names if n != without and row[n]}
    text = json.dumps(values, ensure_ascii=False, default=str, sort_keys=True)
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _fingerprints(table: Table, row: Mapping[str, Any]) -> tuple[str, str]:
    """As ``digest`` makes it, and as it was made when the day counted."""
    return digest(table, row), _digest(table, row)


def key_of(table: Table, row: Mapping[str, Any]) -> Key:
    return tuple(row[name] for name in table.key)


def has_position(table: Table) -> bool:
    """Whether rows of this table remember their place in the pack."""
    return "position" in table.model.model_fields


def sql_table(table: Table) -> SqlTable:
    return table.model.__table__  # type: ignore[attr-defined, no-any-return]


def stored_rows(session: Session, table: Table) -> dict[Key, Row]:
    """The whole table, by key, in one query."""
    found = session.connection().execute(select(sql_table(table)))
    names = tuple(found.keys())
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return {key_of(table, row): row for row in rows}


def _compare(table: Table, rows: Iterable[Row], stored: dict[Key, Row]) -> _Changes:
    changes = _Changes(TableReport(table.name))
    for position, row in enumerate(rows, start=1):
        here = stored.pop(key_of(table, row), None)
        version: Row = {"origin": Origin.PACK.value, "pack_digest": digest(table, row)}
        if has_position(table):
            version["position"] = position
        if here is None:
            changes.inserts.append(row | version)
            changes.report.added += 1
        else:
            _compare_row(table, row | version, here, changes)
            _compare_position(table, row | version, here, changes)
    for key, here in stored.items():
        _compare_vanished(table, key, here, changes)
    return changes


def _compare_row(table: Table, new: Row, here: Row, changes: _Changes) -> None:
    report = changes.report
    own, version = digest(table, here), new["pack_digest"]
    is_same_pack = here["pack_digest"] in _fingerprints(table, new)
    is_untouched = here["pack_digest"] in _fingerprints(table, here) or own == version
    if here["origin"] == Origin.PACK and is_untouched:
        if own == version:
            new = new | _later_check(new, here)
        is_same = own == version and new.get(CHECKED) == here.get(CHECKED)
        report.unchanged += is_same
        report.updated += not is_same
        if not is_same or here["pack_digest"] != version:
            changes.updates.append(new)
        return
    report.kept += 1
    if own == version or is_same_pack:
        return
    fields = tuple(name for name in table.names if new[name] != here[name])
    report.conflicts.append(Conflict(_shown(table, new), "edited here", fields))


def _later_check(new: Row, here: Row) -> Row:
    days = [row[CHECKED] for row in (new, here) if row.get(CHECKED)]
    return {CHECKED: max(days)} if days else {}


def _compare_position(table: Table, new: Row, here: Row, changes: _Changes) -> None:
    """The order is the pack's and no part of the digest: one new row moves many."""
    if has_position(table) and new["position"] != here["position"]:
        changes.moves.append(new)
        changes.report.moved += 1


def _compare_vanished(table: Table, key: Key, here: Row, changes: _Changes) -> None:
    if here["origin"] == Origin.LOCAL:
        changes.report.kept += 1
    elif here["pack_digest"] in _fingerprints(table, here):
        changes.deletes.append(key)
        changes.report.removed.append(_shown(table, here))
    else:
        changes.report.kept += 1
        reason = "edited here, no longer in the pack"
        changes.report.conflicts.append(Conflict(_shown(table, here), reason))


def _shown(table: Table, row: Mapping[str, Any]) -> str:
    return " > ".join(str(part) for part in key_of(table, row))


def _write(session: Session, table: Table, changes: _Changes) -> None:
    target = sql_table(table)
    if changes.inserts:
        session.connection().execute(insert(target), changes.inserts)
    columns = (*table.names, "origin", "pack_digest")
    _update_rows(session, table, changes.updates, columns)
    _update_rows(session, table, changes.moves, ("position",))
    if changes.deletes:
        keys = [dict(zip(table.key, key, strict=True)) for key in changes.deletes]
        statement = delete(target).where(_is_row(table))
        session.connection().execute(statement, [_bound(table, key) for key in keys])


def _update_rows(
    session: Session, table: Table, rows: list[Row], columns: tuple[str, ...]
) -> None:
    if not rows:
        return
    new: Row = {name: bindparam(f"new_{name}") for name in columns}
    statement = update(sql_table(table)).where(_is_row(table)).values(new)
    bound = [
        {f"new_{name}": row[name] for name in columns} | _bound(table, row)
        for row in rows
    ]
    session.connection().execute(statement, bound)


def _is_row(table: Table) -> ColumnElement[bool]:
    columns = sql_table(table).c
    return and_(*(columns[name] == bindparam(f"key_{name}") for name in table.key))


def _bound(table: Table, row: Mapping[str, Any]) -> Row:
    return {f"key_{name}": row[name] for name in table.key}
