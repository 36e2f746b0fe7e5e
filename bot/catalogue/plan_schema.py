"""The records of ``plans.toml``: plans, how duties are counted, who owns them.

``COUNTING``, ``CADENCES`` and ``OWNERSHIPS`` are how people write it; ``plan_packs`` makes
of them the rows of ``PLAN_DUTIES`` and ``ASSIGNMENTS``.
"""

from __future__ import annotations

from bot.catalogue.schema import Shape, Table
from bot.catalogue.values import Column, Kind
from models import (
    Assignment,
    Cadence,
    Channel,
    Counting,
    EvidenceKind,
    Plan,
    PlanDuty,
    UnitChannel,
)

PLANS = Table(
    "plans",
    ("id",),
    (
        Column("id", required=True),
        Column("title", required=True),
        Column("valid_from", Kind.DATE, required=True),
        Column("valid_to", Kind.DATE, required=True),
        Column("is_assumed", Kind.BOOLEAN, required=True),
        Column("note"),
        Column("source", required=True),
    ),
    Plan,
)

_DUTY_COLUMNS = (
    Column("duty_id", required=True),
    Column("short_title", required=True),
    Column("cadence", required=True, choices=tuple(Cadence)),
    Column("counting", choices=tuple(Counting)),
    Column("quota", Kind.COUNT),
    Column("channels", Kind.WORDS, choices=tuple(Channel)),
    Column("counts_per_channel", Kind.BOOLEAN),
    Column("due_after_days", Kind.DAYS),
    Column("grace_days", Kind.COUNT),
    Column("evidence", Kind.WORDS, required=True, choices=tuple(EvidenceKind)),
    Column("needs_link", Kind.BOOLEAN),
    Column("keywords", Kind.WORDS),
    Column("credits_found", Kind.BOOLEAN),
    Column("reason", required=True),
)

CADENCES = Shape(
    "cadences",
    ("cadence",),
    (
        Column("cadence", required=True, choices=tuple(Cadence)),
        Column("due_after_days", Kind.DAYS, required=True),
        Column("grace_days", Kind.COUNT, required=True),
        Column("reason", required=True),
    ),
)

COUNTING = Shape("counting", ("duty_id",), _DUTY_COLUMNS)

PLAN_DUTIES = Table(
    "plan_duties",
    ("plan_id", "duty_id"),
    (Column("plan_id", required=True), *_DUTY_COLUMNS),
    PlanDuty,
)

OWNERSHIPS = Shape(
    "ownerships",
    (),
    (
        Column("plan_id", required=True),
        Column("units", Kind.WORDS, required=True),
        Column("duties", Kind.WORDS, required=True),
        Column("reason", required=True),
    ),
)

ASSIGNMENTS = Table(
    "assignments",
    ("id",),
    (
        Column("id", required=True),
        Column("plan_id", required=True),
        Column("duty_id", required=True),
        Column("unit_code", Kind.UNIT_CODE, required=True),
        Column("valid_from", Kind.DATE, required=True),
        Column("valid_to", Kind.DATE),
    ),
    Assignment,
)

UNIT_CHANNELS = Table(
    "unit_channels",
    ("id",),
    (
        Column("id", required=True),
        Column("unit_code", Kind.UNIT_CODE, required=True),
        Column("channel", required=True, choices=tuple(Channel)),
        Column("address", Kind.ADDRESS),
        Column("feed_url", Kind.WEB_URL),
        Column("valid_from", Kind.DATE),
        Column("valid_to", Kind.DATE),
        Column("source"),
    ),
    UnitChannel,
    may_be_empty=True,
)

# In the order in which they are loaded, behind the tables of the catalogue.
TABLES = (PLANS, PLAN_DUTIES, ASSIGNMENTS, UNIT_CHANNELS)
WRITTEN = (PLANS, CADENCES, COUNTING, OWNERSHIPS, UNIT_CHANNELS)
