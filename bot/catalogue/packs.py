"""Reads the content packs and refuses them whole if anything in them is wrong.

``read_packs`` gives rows that fit the tables of ``models`` column by column. Every
mistake is named as ``content/procedures.csv:17: fee_online: what is wrong``; all of them
are collected, the first twenty are shown. Nothing is repaired on the way: what is empty in
a pack stays empty.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from bot.catalogue import plan_schema, schema
from bot.catalogue.plan_packs import assignment_rows, check_plans, plan_duty_rows
from bot.catalogue.records import PackError, PacksRefused, Record
from bot.catalogue.references import check_references
from bot.catalogue.schema import Shape, Table
from bot.catalogue.values import Row, ValueSpoiled, Vocabulary, parse
from models import ProcedureStatus

_ARRAY_HEADER = re.compile(r"\s*\[\[\s*([\w-]+)\s*\]\]")
_TABLE_HEADER = re.compile(r"\s*\[\s*[\w.-]+\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_TOML_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True)
class Packs:
    """All content, one list of rows per table; ``procedures`` ends with the index."""

    units: list[Row]
    successions: list[Row]
    desks: list[Row]
    bodies: list[Row]
    procedures: list[Row]
    documents: list[Row]
    duties: list[Row]
    topics: list[Row]
    plans: list[Row]
    plan_duties: list[Row]
    assignments: list[Row]
    unit_channels: list[Row]
    groups: list[Row]
    document_topics: list[Row]
    sources: list[Row]
    later_acts: list[Row]

    def tables(self) -> Iterator[tuple[Table, list[Row]]]:
        """What goes into the database, in the order of loading."""
        for table in (*schema.TABLES, *plan_schema.TABLES):
            yield table, getattr(self, table.name)


@dataclass
class PackReader:
    """Reads file after file and collects what is wrong with them."""

    content_dir: Path
    errors: list[PackError] = field(default_factory=list)
    vocabulary: dict[str, frozenset[str]] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)
    meta: dict[str, Row] = field(default_factory=dict)

    def read_csv(self, shape: Shape) -> None:
        """One file ``<shape>.csv`` with a header row."""
        name = f"{shape.name}.csv"
        text = self._text(name)
        if text is None:
            return
        rows = csv.reader(StringIO(text, newline=""), strict=True)
        raws: list[tuple[Row, Mapping[str, int]]] = []
        try:
            header = next(rows, [])
            for cells in rows:
                lines = {"": rows.line_num}
                if len(cells) != len(header):
                    reason = f"has {len(cells)} cells, the header has {len(header)}"
                    self._add(name, rows.line_num, "", reason)
                    continue
                raws.append((dict(zip(header, cells, strict=True)), lines))
        except csv.Error as error:
            self._add(name, rows.line_num, "", str(error))
        self._keep(shape, name, raws)

    def read_toml(self, name: str, *shapes: Shape) -> None:
        """One TOML file with an array of tables for each shape."""
        text, data = self._toml(name)
        positions = _positions(text)
        self.meta[name] = data.pop("meta", {})
        for shape in shapes:
            raws = data.pop(shape.name, [])
            places = positions.get(shape.name, [])
            if len(raws) != len(places):
                self._add(name, 1, shape.name, f"must be written as [[{shape.name}]]")
                continue
            self._keep(shape, name, list(zip(raws, places, strict=True)))
        for key in data:
            self._add(name, 1, key, "is not known in this file")

    def read_vocabulary(self) -> None:
        """Allowed values: lists of ``vocabulary.toml``, keys of groups and topics."""
        name = "vocabulary.toml"
        for section, words in self._toml(name)[1].items():
            for key, values in words.items():
                self.vocabulary[f"{section}.{key}"] = frozenset(values)
        self.read_toml("groups.toml", schema.GROUPS)
        self.read_toml("document_topics.toml", schema.DOCUMENT_TOPICS)
        for shape in (schema.GROUPS, schema.DOCUMENT_TOPICS):
            keys = frozenset(row.get("key", "") for row in self.rows(shape))
            self.vocabulary[shape.name] = keys
        for table in schema.TABLES:
            for column in table.columns:
                if column.one_of and column.one_of not in self.vocabulary:
                    self._add(name, 1, column.one_of, "is missing")

    def read_labels(self, kind: str) -> Mapping[str, list[str]]:
        """Names that an imported column may have, by the field it fills."""
        labels: Mapping[str, list[str]] = self._toml("import_columns.toml")[1].get(
            kind, {}
        )
        return labels

    def check_national_index(self) -> None:
        """Index rows take their source and its date from the head of sources.toml."""
        dated = {row["id"] for row in self.rows(schema.SOURCES) if row["as_of"]}
        if self.meta["sources.toml"].get("national_index") not in dated:
            reason = "must name a source that has as_of"
            self._add("sources.toml", 1, "national_index", reason)

    def rows(self, shape: Shape) -> list[Row]:
        return [record.row for record in self.records.get(shape.name, [])]

    def refuse_if_wrong(self) -> None:
        if self.errors:
            raise PacksRefused(self.errors)

    def _text(self, name: str) -> str | None:
        try:
            raw = (self.content_dir / name).read_bytes()
        except OSError as error:
            self._add(name, 1, "", f"cannot be read: {error.strerror}")
            return None
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._add(name, line, "", "is not UTF-8")
            return None

    def _toml(self, name: str) -> tuple[str, Row]:
        text = self._text(name) or ""
        try:
            return text, tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _TOML_LINE.search(str(error))
            self._add(name, int(found[1]) if found else 1, "", str(error))
            return "", {}

    def _keep(
        self, shape: Shape, name: str, raws: list[tuple[Row, Mapping[str, int]]]
    ) -> None:
        """Parse, check keys for repetition and store."""
        if not raws and not (isinstance(shape, Table) and shape.may_be_empty):
            self._add(name, 1, "", f"holds no {shape.name}")
        seen: dict[tuple[Any, ...], int] = {}
        kept: list[Record] = []
        for raw, lines in raws:
            record = Record(raw, str(self.content_dir / name), lines)
            row, errors = parse_row(shape, record, self.vocabulary)
            self.errors += errors
            key = tuple(row.get(part) for part in shape.key)
            if key and key in seen and None not in key:
                reason = f"{key[0]!r} stands in line {seen[key]} already"
                self.errors.append(record.error(shape.key[0], reason))
            seen[key] = record.line_of(shape.key[0] if shape.key else "")
            kept.append(Record(row, record.file, lines))
        self.records[shape.name] = kept

    def _add(self, name: str, line: int, field: str, reason: str) -> None:
        file = str(self.content_dir / name)
        self.errors.append(PackError(file, line, field, reason))


def parse_row(
    shape: Shape, record: Record, vocabulary: Vocabulary
) -> tuple[Row, list[PackError]]:
    """All columns of one record; a column with a mistake is left out of the row."""
    row: Row = {}
    errors = [
        record.error(name, "is not a known field")
        for name in record.row
        if name not in shape.names
    ]
    for column in shape.columns:
        try:
            row[column.name] = parse(column, record.row.get(column.name), vocabulary)
        except ValueSpoiled as error:
            errors.append(record.error(column.name, str(error)))
    return row, errors


def read_packs(content_dir: Path) -> Packs:
    """Everything under ``content_dir`` that goes into tables, checked.

    Raises ``PacksRefused`` with all mistakes.
    """
    reader = PackReader(content_dir)
    reader.read_vocabulary()
    reader.refuse_if_wrong()
    reader.read_toml("sources.toml", schema.SOURCES, schema.UNLISTED_CODES)
    reader.read_csv(schema.PROCEDURES)
    reader.read_csv(schema.NATIONAL)
    reader.read_toml("documents.toml", schema.LATER_ACTS, schema.DOCUMENTS)
    reader.read_toml("duties.toml", schema.DUTIES)
    reader.read_toml(
        "units.toml", schema.UNITS, schema.SUCCESSIONS, schema.DESKS, schema.BODIES
    )
    reader.read_toml("topics.toml", schema.TOPICS)
    reader.read_toml("plans.toml", *plan_schema.WRITTEN)
    reader.refuse_if_wrong()
    reader.errors += check_references(reader.records)
    reader.errors += check_plans(reader.records)
    reader.check_national_index()
    reader.refuse_if_wrong()
    return _assemble(reader)


def _assemble(reader: PackReader) -> Packs:
    documents = reader.rows(schema.DOCUMENTS)
    checked_on = reader.meta["documents.toml"].get("checked_on")
    for document in documents:
        document["checked_on"] = document["checked_on"] or checked_on
    return Packs(
        units=reader.rows(schema.UNITS),
        successions=reader.rows(schema.SUCCESSIONS),
        desks=reader.rows(schema.DESKS),
        bodies=reader.rows(schema.BODIES),
        procedures=reader.rows(schema.PROCEDURES) + _index_only(reader),
        documents=documents,
        duties=reader.rows(schema.DUTIES),
        topics=reader.rows(schema.TOPICS),
        plans=reader.rows(plan_schema.PLANS),
        plan_duties=plan_duty_rows(reader.records),
        assignments=assignment_rows(reader.records),
        unit_channels=reader.rows(plan_schema.UNIT_CHANNELS),
        groups=reader.rows(schema.GROUPS),
        document_topics=reader.rows(schema.DOCUMENT_TOPICS),
        sources=reader.rows(schema.SOURCES),
        later_acts=reader.rows(schema.LATER_ACTS),
    )


def _index_only(reader: PackReader) -> list[Row]:
    """Rows known from the national index alone; a detailed row wins over its index row."""
    source_id = reader.meta["sources.toml"]["national_index"]
    source = next(row for row in reader.rows(schema.SOURCES) if row["id"] == source_id)
    blank = {column.name: "" for column in schema.PROCEDURES.columns}
    common = blank | {
        "status": ProcedureStatus.INDEX_ONLY.value,
        "sources": source_id,
        "checked_on": source["as_of"],
    }
    detailed = {row["code"] for row in reader.rows(schema.PROCEDURES)}
    index = reader.rows(schema.NATIONAL)
    return [common | row for row in index if row["code"] not in detailed]


def _positions(text: str) -> dict[str, list[dict[str, int]]]:
    """Of each ``[[table]]`` its records in order: the line of every key, "" = header."""
    positions: dict[str, list[dict[str, int]]] = {}
    current: dict[str, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _ARRAY_HEADER.match(line):
            current = {"": number}
            positions.setdefault(header[1], []).append(current)
        elif _TABLE_HEADER.match(line):
            current = None
        elif current is not None and (key := _KEY.match(line)):
            current.setdefault(key[1], number)
    return positions
