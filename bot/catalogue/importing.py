"""Imports a CSV or XLSX file of an office: first a plan to look at, then all or nothing.

``plan_import`` changes nothing and says what would be added, changed field by field and
what is in the database but not in the file (listed, never deleted). Only columns that are
in the file are changed; an empty cell empties the field. A plan with a bad line cannot be
applied, nor one whose rows were changed by somebody since it was made.

New rows belong to the office (origin ``local``); changed rows of a pack count as edited
here from then on, and the pack no longer overwrites them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session

from bot.catalogue.import_kinds import KINDS, ImportKind, read_cell
from bot.catalogue.loading import has_position, sql_table, stored_rows
from bot.catalogue.packs import PackReader
from bot.catalogue.records import PackError, PacksRefused
from bot.catalogue.schema import DESKS, Table
from bot.catalogue.sheets import Line, Sheet, read_sheet
from bot.catalogue.values import (
    LIST_SEPARATOR,
    Reason,
    Row,
    ValueSpoiled,
    Vocabulary,
    parse,
)
from models import Origin


@dataclass(frozen=True)
class FieldChange:
    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class RowChange:
    """One row to insert (``is_new``) or to update with ``values``."""

    line: int
    table: Table
    key: str
    title: str
    is_new: bool
    values: Row
    fields: tuple[FieldChange, ...] = ()


@dataclass
class ImportPlan:
    """What an import would do; ``problems`` names the bad lines."""

    kind: str
    file: str
    added: list[RowChange] = field(default_factory=list)
    changed: list[RowChange] = field(default_factory=list)
    unchanged: int = 0
    gone: list[str] = field(default_factory=list)
    problems: list[PackError] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For the terminal: + added, ~ changed, - gone, ! bad."""
        yield (
            f"{self.kind} from {self.file}: {len(self.added)} added, "
            f"{len(self.changed)} changed, {self.unchanged} unchanged, "
            f"{len(self.gone)} not in the file, {len(self.problems)} bad"
        )
        for name in self.ignored_columns:
            yield f"ignored column: {name}"
        for change in self.added:
            yield f"+ {change.key} {change.title}"
        for change in self.changed:
            yield f"~ {change.key} {change.title}"
            for one in change.fields:
                yield f"    {one.field}: {_shown(one.old)} -> {_shown(one.new)}"
        for name in self.gone:
            yield f"- {name} (kept)"
        for problem in self.problems:
            yield f"! {problem}"


class ImportRefused(PacksRefused):
    """The file has bad lines; nothing was changed."""


def plan_import(
    session: Session, kind: str, path: Path, content_dir: Path
) -> ImportPlan:
    """Compare the file with the database; ``kind`` is one of ``KINDS``.

    Raises ``SheetUnreadable`` when the file as a whole cannot be read.
    """
    reader = PackReader(content_dir)
    reader.read_vocabulary()
    labels = reader.read_labels(kind)
    reader.refuse_if_wrong()
    sheet = read_sheet(path)
    planner = _Planner(session, KINDS[kind], path, reader.vocabulary)
    columns = planner.columns(sheet.header, labels)
    if not planner.plan.problems:
        planner.compare(planner.entries(sheet, columns))
    return planner.plan


def apply_import(session: Session, plan: ImportPlan) -> None:
    """Write what the plan says, or raise ``ImportRefused`` and write nothing."""
    problems = plan.problems or outdated(session, plan)
    if problems:
        raise ImportRefused(problems)
    for change in (*plan.added, *plan.changed):
        _write(session, change)
    session.expire_all()  # written past the identity map


def outdated(session: Session, plan: ImportPlan) -> list[PackError]:
    """The lines whose rows were changed by somebody since the plan was made."""
    changes = (*plan.added, *plan.changed)
    tables = {change.table.name: change.table for change in changes}
    stored = {name: _stored(session, table) for name, table in tables.items()}
    return [
        PackError(plan.file, change.line, "", _meanwhile(change.key))
        for change in changes
        if not _is_as_planned(change, stored[change.table.name].get(change.key))
    ]


def _meanwhile(key: str) -> Reason:
    return Reason(f"{key} was changed meanwhile", "meanwhile", value=key)


def _is_as_planned(change: RowChange, here: Row | None) -> bool:
    if here is None or change.is_new:
        return here is None and change.is_new
    return all(here[one.field] == one.old for one in change.fields)


def _write(session: Session, change: RowChange) -> None:
    target = sql_table(change.table)
    if change.is_new:
        local = {"origin": Origin.LOCAL.value, "pack_digest": None}
        session.connection().execute(insert(target).values(change.values | local))
    else:
        key = target.c[change.table.key[0]]
        statement = update(target).where(key == change.key).values(change.values)
        session.connection().execute(statement)


@dataclass(frozen=True)
class _Entry:
    """One good line: which row it is about, and the values for its two tables."""

    line: int
    key: str
    values: Row
    desk: Row


class _Planner:
    """One file against the database; collects into ``plan``."""

    def __init__(
        self, session: Session, kind: ImportKind, path: Path, vocabulary: Vocabulary
    ) -> None:
        self.kind = kind
        self.vocabulary = vocabulary
        self.stored = _stored(session, kind.table)
        self.desks = _stored(session, DESKS) if kind.desk_columns else {}
        other = kind.refers_to
        self.others = stored_rows(session, other).keys() if other else ()
        self.last_position = max(
            (row.get("position", 0) for row in self.stored.values()), default=0
        )
        self.plan = ImportPlan(kind.name, str(path))

    def columns(
        self, header: tuple[str, ...], labels: Mapping[str, list[str]]
    ) -> dict[int, str]:
        """Position in the file -> English name, for the columns we know."""
        names = {
            _folded(label): name
            for name in self.kind.targets()
            for label in (name, *labels.get(name, []))
        }
        columns: dict[int, str] = {}
        for position, label in enumerate(header):
            name = names.get(_folded(label))
            if name is None and label:
                self.plan.ignored_columns.append(label)
            elif name in columns.values():
                reason = Reason(
                    f"stands twice in the header ({label!r})", "twice", value=label
                )
                self._problem(1, str(name), reason)
            elif name is not None:
                columns[position] = name
        if not set(self.kind.keys) & set(columns.values()):
            needed = " or ".join(self.kind.keys)
            reason = Reason("is not among the columns of the file", "no_key")
            self._problem(1, needed, reason)
        return columns

    def entries(self, sheet: Sheet, columns: Mapping[int, str]) -> list[_Entry]:
        """The good lines; the others become problems."""
        seen: dict[str, int] = {}
        entries: list[_Entry] = []
        for line in sheet.lines:
            if set(line.cells[len(sheet.header) :]) - {None, ""}:
                reason = Reason("has more cells than the header", "more_cells")
                self._problem(line.number, "", reason)
                continue
            entry = self._entry(line, columns)
            if entry is None:
                continue
            first = seen.setdefault(entry.key, line.number)
            if first == line.number:
                entries.append(entry)
            else:
                reason = Reason(
                    f"{entry.key!r} stands in line {first} already",
                    "repeated",
                    value=entry.key,
                    first=first,
                )
                self._problem(line.number, self.kind.key, reason)
        return entries

    def compare(self, entries: list[_Entry]) -> None:
        known = self.stored.keys() | {entry.key for entry in entries}
        # a pack may name a row that it does not hold: what is there already may stay
        known |= {str(row.get(self.kind.link)) for row in self.stored.values()}
        known |= {str(key[0]) for key in self.others}
        scopes: set[object] = set()
        for entry in entries:
            row = self._whole_row(entry)
            if row is None:
                continue
            here = self.stored.get(entry.key)
            if row != here:
                for name, reason in self.kind.check(row, entry.values, known):
                    self._problem(entry.line, name, reason)
            scopes.add(self.kind.scope(here or row))
            self._note_changes(entry, row)
        in_file = {entry.key for entry in entries}
        self.plan.gone += [
            f"{key} {row[self.kind.title]}"
            for key, row in self.stored.items()
            if key not in in_file and self.kind.scope(row) in scopes
        ]

    def _entry(self, line: Line, columns: Mapping[int, str]) -> _Entry | None:
        targets = self.kind.targets()
        values: Row = {}
        desk: Row = {}
        problems = len(self.plan.problems)
        for position, name in columns.items():
            cell = line.cells[position] if position < len(line.cells) else None
            target = targets[name]
            place = desk if target.table is DESKS else values
            try:
                column = target.column
                if name in self.kind.keys:  # may be found by the other key
                    column = replace(column, required=len(self.kind.keys) == 1)
                place[column.name] = read_cell(column, cell, self.vocabulary)
            except ValueSpoiled as error:
                self._problem(line.number, name, error.reason)
        if len(self.plan.problems) > problems:
            return None
        for name in self.kind.keys:  # an empty key is no key, it empties nothing
            if values.get(name) in ("", None):
                values.pop(name, None)
        try:
            key = self.kind.identify(values, self.stored)
        except ValueSpoiled as error:
            self._problem(line.number, self.kind.keys[-1], error.reason)
            return None
        return _Entry(line.number, key, values | {self.kind.key: key}, desk)

    def _whole_row(self, entry: _Entry) -> Row | None:
        """The row as it would be; a new one must have all required columns."""
        here = self.stored.get(entry.key)
        if here is not None:
            return here | entry.values
        row = self.kind.defaults | entry.values
        problems = len(self.plan.problems)
        for column in self.kind.table.columns:
            if column.name in row and row[column.name] not in ("", None):
                continue
            try:
                row[column.name] = parse(column, None, self.vocabulary)
            except ValueSpoiled:
                reason = Reason(
                    f"is required: {entry.key!r} is new",
                    "required_new",
                    value=entry.key,
                )
                self._problem(entry.line, column.name, reason)
        return row if len(self.plan.problems) == problems else None

    def _note_changes(self, entry: _Entry, row: Row) -> None:
        here = self.stored.get(entry.key)
        table, title = self.kind.table, str(row[self.kind.title])
        changes: list[RowChange] = []
        if here is None:
            row = self._with_position(row)
            added = RowChange(entry.line, table, entry.key, title, True, row)
            self.plan.added.append(added)
        else:
            changes.append(_update(table, entry, title, here, entry.values))
        if entry.desk:
            changes.append(self._desk_change(entry, title))
        changes = [change for change in changes if change.fields]
        self.plan.changed += changes
        if here is not None and not changes:
            self.plan.unchanged += 1

    def _with_position(self, row: Row) -> Row:
        """New rows of the office stand behind those of the pack."""
        if not has_position(self.kind.table):
            return row
        return row | {"position": self.last_position + 1 + len(self.plan.added)}

    def _desk_change(self, entry: _Entry, title: str) -> RowChange:
        here = self.desks.get(entry.key)
        if here is not None:
            return _update(DESKS, entry, title, here, entry.desk)
        blank = {
            column.name: parse(replace(column, required=False), None, self.vocabulary)
            for column in DESKS.columns
        }
        change = _update(DESKS, entry, title, blank, entry.desk)
        values = blank | entry.desk | {"unit_code": entry.key}
        return replace(change, is_new=True, values=values)

    def _problem(self, line: int, name: str, reason: Reason) -> None:
        self.plan.problems.append(PackError(self.plan.file, line, name, reason))


def _update(
    table: Table, entry: _Entry, title: str, here: Row, values: Row
) -> RowChange:
    fields = tuple(
        FieldChange(name, here[name], value)
        for name, value in values.items()
        if here[name] != value and not _is_written_alike(here[name], value)
    )
    changed = {change.field: change.new for change in fields}
    return RowChange(entry.line, table, entry.key, title, False, changed, fields)


def _is_written_alike(old: Any, new: Any) -> bool:
    """An item of a list may hold a semicolon itself: a cell does not tell that."""
    are_lists = isinstance(old, list) and isinstance(new, list)
    return are_lists and LIST_SEPARATOR.join(old) == LIST_SEPARATOR.join(new)


def _stored(session: Session, table: Table) -> dict[str, Row]:
    return {key[0]: row for key, row in stored_rows(session, table).items()}


def _folded(label: str) -> str:
    return " ".join(unicodedata.normalize("NFC", label).casefold().split())


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return repr("; ".join(value))
    return repr("" if value is None else str(value))
