"""The records of the content packs: their tables, keys and columns.

Used twice: by ``packs`` on the shipped files and by ``importing`` on the files of an
office. What a single value may be is in ``values``.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.catalogue.values import Column, Kind
from models import (
    AdminUnit,
    Document,
    DocumentLevel,
    Duty,
    OneStopDesk,
    PackRecord,
    Procedure,
    ProcedureStatus,
    PublicBody,
    Topic,
    UnitLevel,
    UnitSuccession,
)


@dataclass(frozen=True)
class Shape:
    """The columns of one kind of record in a content file. Without ``key`` records may
    repeat."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Table(Shape):
    """A shape that has a database table."""

    model: type[PackRecord]
    may_be_empty: bool = False


CONFIDENCE = "procedures.confidence"


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


PROCEDURES = Table(
    "procedures",
    ("code",),
    (
        Column("code", Kind.CODE, required=True),
        Column("name", required=True),
        Column("group", one_of="groups"),
        *_texts("field", "level", "issuer", "agency", "decision_no"),
        Column("channels", Kind.JOINED, one_of="procedures.channels"),
        Column("online_level", one_of="procedures.online_level"),
        *_texts("time_online", "time_direct", "time_postal", "time_note"),
        *_texts("fee_online", "fee_direct", "fee_note"),
        *_texts("papers", "submit_at", "legal_basis", "aliases", "note"),
        Column("status", required=True, choices=tuple(ProcedureStatus)),
        Column("replaced_by", Kind.CODE),
        Column("portal_url", Kind.PORTAL_URL),
        Column("sources"),
        Column("confidence", one_of=CONFIDENCE),
        Column("detail_confidence", one_of=CONFIDENCE),
        Column("checked_on", Kind.DATE),
    ),
    Procedure,
)

DOCUMENTS = Table(
    "documents",
    ("id",),
    (
        Column("id", required=True),
        Column("level", required=True, choices=tuple(DocumentLevel)),
        Column("row", Kind.INTEGER),
        Column("kind", required=True, one_of="documents.kind"),
        Column("number"),
        Column("symbol", required=True),
        Column("issued_on", Kind.DATE),
        Column("issuer", required=True),
        Column("title", required=True),
        Column("raw"),
        Column("topics", Kind.WORDS, required=True, one_of="document_topics"),
        Column("aliases", Kind.WORDS),
        Column("oddities", Kind.WORDS),
        Column("refers_to", Kind.WORDS),
        Column("state", required=True, one_of="documents.state"),
        Column("state_note", required=True),
        Column("checked_on", Kind.DATE),
    ),
    Document,
)

UNITS = Table(
    "units",
    ("code",),
    (
        Column("code", Kind.UNIT_CODE, required=True),
        Column("name", required=True),
        Column("kind", required=True, one_of="units.kind"),
        Column("level", required=True, choices=tuple(UnitLevel)),
        Column("parent_code", Kind.UNIT_CODE),
        Column("valid_from", Kind.DATE),
        Column("valid_to", Kind.DATE),
        *_texts("note", "sources"),
        Column("confidence", one_of="units.confidence"),
    ),
    AdminUnit,
)

SUCCESSIONS = Table(
    "successions",
    ("predecessor_code", "successor_code"),
    (
        Column("predecessor_code", Kind.UNIT_CODE, required=True),
        Column("successor_code", Kind.UNIT_CODE, required=True),
        Column("effective_on", Kind.DATE, required=True),
    ),
    UnitSuccession,
)

DESKS = Table(
    "desks",
    ("unit_code",),
    (
        Column("unit_code", Kind.UNIT_CODE, required=True),
        *_texts("address", "hours", "phone", "closing_days", "note", "source"),
        Column("checked_on", Kind.DATE),
    ),
    OneStopDesk,
)

BODIES = Table(
    "bodies",
    ("id",),
    (
        Column("id", Kind.UNIT_CODE, required=True),
        Column("name", required=True),
        Column("kind", required=True, one_of="bodies.kind"),
        Column("status", required=True, one_of="bodies.status"),
        Column("valid_from", Kind.DATE),
        Column("valid_to", Kind.DATE),
        *_texts("successor", "fact", "gap", "sources"),
        Column("confidence", one_of="bodies.confidence"),
    ),
    PublicBody,
)

DUTIES = Table(
    "duties",
    ("id",),
    (
        Column("id", required=True),
        Column("source", required=True),
        Column("obligation", required=True),
        Column("owner", required=True),
        Column("cooperators", Kind.WORDS),
        Column("cadence", required=True),
        Column("quota", Kind.QUOTA, one_of="duties.quota_kind"),
        Column("evidence", Kind.WORDS, required=True),
        Column("check_by_chat", required=True),
        Column("oddities", Kind.WORDS),
        Column("note"),
    ),
    Duty,
)

TOPICS = Table(
    "topics",
    ("id",),
    (
        Column("id", required=True),
        Column("title", required=True),
        Column("text", Kind.LONG_TEXT, required=True),
        Column("aliases", Kind.WORDS, required=True),
        Column("sources"),
        Column("checked_on", Kind.DATE),
    ),
    Topic,
)

NATIONAL = Shape(
    "national_procedures",
    ("code",),
    (
        Column("code", Kind.CODE, required=True),
        Column("name", required=True),
        *_texts("issuer", "agency", "field"),
        Column("portal_url", Kind.PORTAL_URL, required=True),
    ),
)

LATER_ACTS = Shape(
    "later_acts",
    ("symbol",),
    (
        Column("symbol", required=True),
        Column("name"),
        Column("issued_on", Kind.DATE),
        Column("effective_on", Kind.DATE),
        Column("ends", Kind.WORDS),
        *_texts("relation", "note"),
        Column("source", required=True),
        Column("bears_on", Kind.WORDS),
    ),
)

GROUPS = Shape(
    "groups",
    ("key",),
    (
        Column("key", Kind.UNIT_CODE, required=True),
        Column("label", required=True),
        Column("description", required=True),
    ),
)

DOCUMENT_TOPICS = Shape(
    "document_topics",
    ("key",),
    (
        Column("key", Kind.UNIT_CODE, required=True),
        Column("label", required=True),
    ),
)

SOURCES = Shape(
    "sources",
    ("id",),
    (
        Column("id", required=True),
        Column("name", required=True),
        Column("where"),
        Column("as_of", Kind.DATE),
        *_texts("as_of_note", "licence"),
    ),
)

UNLISTED_CODES = Shape(
    "unlisted_codes",
    ("code",),
    (
        Column("code", Kind.CODE, required=True),
        Column("note", required=True),
    ),
)

# In the order in which they are loaded: units before what names them.
TABLES = (
    UNITS,
    SUCCESSIONS,
    DESKS,
    BODIES,
    PROCEDURES,
    DOCUMENTS,
    DUTIES,
    TOPICS,
)
