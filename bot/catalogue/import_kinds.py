"""What an office may import: services, documents, units with their desks, channels.

Each kind says which columns it takes, how a line of the file finds its row in the
database, and which rows belong together when asking what is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.catalogue.plan_schema import UNIT_CHANNELS
from bot.catalogue.schema import DESKS, DOCUMENTS, PROCEDURES, UNITS, Table
from bot.catalogue.values import (
    LIST_SEPARATOR,
    Column,
    Kind,
    Reason,
    Row,
    ValueSpoiled,
    Vocabulary,
    parse,
)
from models import Channel, ProcedureStatus

Stored = Mapping[str, Row]
Problem = tuple[str, Reason]  # field, why

LOCAL_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
SHEET_ERROR = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!)")


@dataclass(frozen=True)
class Target:
    """The table column that a column of the file fills."""

    table: Table
    column: Column


@dataclass(frozen=True)
class ImportKind:
    """``identify`` gives the key of a line, known or new, or raises ``ValueSpoiled``."""

    name: str
    table: Table
    title: str
    keys: tuple[str, ...]  # one of these columns must be in the file
    identify: Callable[[Row, Stored], str]
    scope: Callable[[Row], object]
    check: Callable[[Row, Row, Collection[str]], Iterator[Problem]]
    link: str = ""  # the column that names another row by its key
    refers_to: Table | None = None  # whose keys are known, too
    defaults: Row = field(default_factory=dict)
    desk_columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.table.key[0]

    def targets(self) -> dict[str, Target]:
        """By the English name of the column in the file."""
        desk = {column.name: column for column in DESKS.columns}
        return {
            column.name: Target(self.table, column) for column in self.table.columns
        } | {
            name: Target(DESKS, desk[column])
            for name, column in self.desk_columns.items()
        }


def read_cell(column: Column, cell: object, vocabulary: Vocabulary) -> Any:
    """The value of one cell, or ``ValueSpoiled``."""
    if cell is None or cell == "":
        return parse(column, None, vocabulary)
    if isinstance(cell, str):
        return parse(column, _from_text(column.kind, cell), vocabulary)
    if column.kind is Kind.DATE and isinstance(cell, datetime):
        return parse(column, cell.date(), vocabulary)
    if column.kind is Kind.INTEGER and isinstance(cell, float) and cell.is_integer():
        return parse(column, int(cell), vocabulary)
    if column.kind in (Kind.DATE, Kind.INTEGER):
        return parse(column, cell, vocabulary)
    raise ValueSpoiled(
        f"the spreadsheet made {cell!r} of it, zeros may be lost: "
        "format the column as text and type it again",
        "mangled",
        value=cell,
    )


def _from_text(kind: Kind, text: str) -> object:
    if SHEET_ERROR.fullmatch(text):
        raise ValueSpoiled(
            f"holds the spreadsheet error {text}", "sheet_error", value=text
        )
    if kind in (Kind.WORDS, Kind.JOINED):
        words = [word.strip() for word in text.split(LIST_SEPARATOR.strip())]
        words = [word for word in words if word]
        return words if kind is Kind.WORDS else LIST_SEPARATOR.join(words)
    if kind is Kind.DATE and (local := LOCAL_DATE.fullmatch(text)):
        day, month, year = local.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    if kind is Kind.INTEGER and text.isascii() and text.isdigit():
        return int(text)
    return text


# --- services -------------------------------------------------------------------------


def _identify_service(values: Row, _stored: Stored) -> str:
    return str(values["code"])


def _service_scope(row: Row) -> object:
    return row["status"] == ProcedureStatus.INDEX_ONLY


def _check_service(row: Row, values: Row, known: Collection[str]) -> Iterator[Problem]:
    if row["replaced_by"] and row["replaced_by"] not in known:
        code = row["replaced_by"]
        text = f"{code!r} is not a known procedure"
        yield "replaced_by", Reason(text, "unknown_procedure", value=code)
    if (row["status"] == ProcedureStatus.REPLACED) != bool(row["replaced_by"]):
        text = "is filled if and only if status is replaced"
        yield "replaced_by", Reason(text, "replaced")
    if row["status"] == ProcedureStatus.INDEX_ONLY and "status" not in values:
        text = "is known from the national index only: add a column status (active)"
        yield "status", Reason(text, "national_only")


SERVICES = ImportKind(
    name="services",
    table=PROCEDURES,
    title="name",
    keys=("code",),
    identify=_identify_service,
    scope=_service_scope,
    check=_check_service,
    link="replaced_by",
    defaults={"status": ProcedureStatus.ACTIVE.value},
)


# --- documents ------------------------------------------------------------------------


def _identify_document(values: Row, stored: Stored) -> str:
    """By id; else by symbol, and by date where two documents share one."""
    if values.get("id"):
        return str(values["id"])
    symbol, issued_on = values.get("symbol"), values.get("issued_on")
    if not symbol:
        raise ValueSpoiled("needs an id or a symbol", "document_key")
    same = [key for key, row in stored.items() if row["symbol"] == symbol]
    dated = [key for key in same if stored[key]["issued_on"] == issued_on]
    if len(dated) == 1:
        return dated[0]
    if len(same) == 1 and issued_on is None:
        return same[0]
    if same and issued_on is None:
        shared = ", ".join(same)
        raise ValueSpoiled(
            f"{symbol!r} is shared by {shared}: add issued_on",
            "shared_symbol",
            value=symbol,
            shared=shared,
        )
    return f"{symbol}@{issued_on}" if same else str(symbol)


def _document_scope(row: Row) -> object:
    return row["level"]


def _check_nothing(
    _row: Row, _values: Row, _known: Collection[str]
) -> Iterator[Problem]:
    yield from ()


DOCUMENT_FILES = ImportKind(
    name="documents",
    table=DOCUMENTS,
    title="symbol",
    keys=("id", "symbol"),
    identify=_identify_document,
    scope=_document_scope,
    check=_check_nothing,
    defaults={"state": "unknown"},
)


# --- units ----------------------------------------------------------------------------


def _identify_unit(values: Row, stored: Stored) -> str:
    """By code; else by exact name, where the unit in force wins over an ended one."""
    if values.get("code"):
        return str(values["code"])
    name = values.get("name")
    same = [code for code, row in stored.items() if row["name"] == name]
    in_force = [code for code in same if stored[code]["valid_to"] is None]
    if len(same) == 1 or len(in_force) == 1:
        return (in_force or same)[0]
    if same:
        shared = ", ".join(same)
        raise ValueSpoiled(
            f"{name!r} is shared by {shared}: use the code",
            "shared_name",
            value=name,
            shared=shared,
        )
    raise ValueSpoiled(
        f"no unit is named {name!r}: a new unit needs a code", "new_unit", value=name
    )


def _unit_scope(row: Row) -> object:
    return row["level"], row["valid_to"] is None


def _unknown_unit(code: str) -> Reason:
    return Reason(f"{code!r} is not a known unit", "unknown_unit", value=code)


def _check_unit(row: Row, _values: Row, known: Collection[str]) -> Iterator[Problem]:
    if row["parent_code"] and row["parent_code"] not in known:
        yield "parent_code", _unknown_unit(row["parent_code"])
    if row["valid_from"] and row["valid_to"] and row["valid_from"] > row["valid_to"]:
        yield "valid_to", Reason("is before valid_from", "ends_before")


UNIT_FILES = ImportKind(
    name="units",
    table=UNITS,
    title="name",
    keys=("code", "name"),
    identify=_identify_unit,
    scope=_unit_scope,
    check=_check_unit,
    link="parent_code",
    desk_columns={
        "address": "address",
        "hours": "hours",
        "phone": "phone",
        "closing_days": "closing_days",
        "desk_note": "note",
        "desk_source": "source",
        "desk_checked_on": "checked_on",
    },
)

# --- channels -------------------------------------------------------------------------


def _identify_channel(values: Row, _stored: Stored) -> str:
    """By what it is: the same channel of the same unit at the same address."""
    parts = [str(values.get(name) or "") for name in ("unit_code", "channel")]
    return ":".join((*parts, str(values.get("address") or "")))


def _channel_scope(row: Row) -> object:
    return row["channel"]


def _check_channel(row: Row, _values: Row, known: Collection[str]) -> Iterator[Problem]:
    if row["unit_code"] not in known:
        yield "unit_code", _unknown_unit(row["unit_code"])
    if row["channel"] in (Channel.WEBSITE, Channel.ZALO_OA) and not row["address"]:
        text = f"is required for a channel {row['channel']!r}"
        yield "address", Reason(text, "required")
    if row["valid_from"] and row["valid_to"] and row["valid_from"] > row["valid_to"]:
        yield "valid_to", Reason("is before valid_from", "ends_before")


CHANNEL_FILES = ImportKind(
    name="channels",
    table=UNIT_CHANNELS,
    title="address",
    keys=("unit_code",),
    identify=_identify_channel,
    scope=_channel_scope,
    check=_check_channel,
    refers_to=UNITS,
)

KINDS = {
    kind.name: kind for kind in (SERVICES, DOCUMENT_FILES, UNIT_FILES, CHANNEL_FILES)
}
