"""Entries of the search index, made from pack records or from database rows.

Both have the same field names, so one builder per kind serves both:
``load_entries`` reads the files of ``content/`` without a database, the catalogue
passes its rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from bot.catalogue.packs import read_packs
from bot.search.entries import Entry, Kind

_PARENTHESES = re.compile(r"\s*\([^)]*\)")


def load_entries(content_dir: Path) -> list[Entry]:
    """Everything findable in the content packs, national index included."""
    packs = read_packs(content_dir)
    return [
        *map(procedure_entry, packs.procedures),
        *document_entries(packs.documents),
        *map(unit_entry, packs.units),
        *map(topic_entry, packs.topics),
    ]


def procedure_entry(record: Mapping[str, object]) -> Entry:
    """A procedure; ``index_only`` ones are known by name and body alone."""
    code = _text(record, "code")
    has_details = _text(record, "status") != "index_only"
    weak = ("field", "papers", "note", "group") if has_details else ("field",)
    return Entry(
        kind=Kind.SERVICE,
        id=code,
        title=_text(record, "name"),
        aliases=_list(record, "aliases"),
        context=" ; ".join(filter(None, (_text(record, name) for name in weak))),
        group=_text(record, "group"),
        has_details=has_details,
        successor=_text(record, "replaced_by") or None,
        symbols=(code,),
    )


def document_entries(records: Sequence[Mapping[str, object]]) -> list[Entry]:
    """Documents; where two share a symbol, the date tells their ids apart."""
    shared = Counter(_text(record, "symbol") for record in records)
    return [
        document_entry(record, shared=shared[_text(record, "symbol")] > 1)
        for record in records
    ]


def document_entry(record: Mapping[str, object], *, shared: bool = False) -> Entry:
    """One document, found by its symbol, kind and number, or what it is about."""
    symbol = _text(record, "symbol")
    issued_on = record.get("issued_on")
    kind = _text(record, "kind")
    return Entry(
        kind=Kind.DOCUMENT,
        id=f"{symbol}@{issued_on}" if shared else symbol,
        title=_text(record, "title"),
        aliases=_list(record, "aliases"),
        context=" ; ".join((kind, _text(record, "issuer"), _text(record, "raw"))),
        group=_text(record, "level"),
        symbols=(symbol, f"{kind} {_text(record, 'number')}"),
        issued_on=issued_on if isinstance(issued_on, date) else None,
    )


def unit_entry(record: Mapping[str, object]) -> Entry:
    """A unit of government, old or new."""
    name = _text(record, "name")
    kind = _text(record, "kind")
    plain = _PARENTHESES.sub("", name)
    bare = plain[len(kind) :].strip() if plain.lower().startswith(kind) else plain
    ended = record.get("valid_to")
    return Entry(
        kind=Kind.UNIT,
        id=_text(record, "code"),
        title=name,
        aliases=(plain, bare),
        context=_text(record, "note"),
        group="ended" if ended else "current",
        symbols=(_text(record, "code"),),
    )


def topic_entry(record: Mapping[str, object]) -> Entry:
    """A general answer that belongs to no procedure."""
    return Entry(
        kind=Kind.INFO,
        id=_text(record, "id"),
        title=_text(record, "title"),
        aliases=_list(record, "aliases"),
    )


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    return "" if value is None else str(value).strip()


def _list(record: Mapping[str, object], name: str) -> tuple[str, ...]:
    """A TOML list, or the packs' "; "-separated text."""
    value = record.get(name)
    parts = value if isinstance(value, list | tuple) else str(value or "").split(";")
    return tuple(text for part in parts if (text := str(part).strip()))
