"""Why a change of the map cannot be done: a code, and its line for operators.

The line of an official stands in ``dashboard/templates/dashboard/_territory_reasons.html``.
"""

from __future__ import annotations

from enum import StrEnum

from bot.errors import OperatorError


class Why(StrEnum):
    UNREADABLE = "unreadable"
    NOT_KNOWN = "not_known"
    NO_DAY = "no_day"
    NO_FLAG = "no_flag"
    NO_TEXT = "no_text"
    NO_TEXTS = "no_texts"
    NO_CODE = "no_code"
    NO_OLD_UNITS = "no_old_units"
    UNIT_TWICE = "unit_twice"
    NO_NEW_UNITS = "no_new_units"
    NO_TABLE = "no_table"
    NO_LEVEL = "no_level"
    TOO_FEW_OLD = "too_few_old"
    TOO_MANY_OLD = "too_many_old"
    TOO_FEW_NEW = "too_few_new"
    TOO_MANY_NEW = "too_many_new"
    NO_MAIN_PART = "no_main_part"
    OLD_AND_NEW = "old_and_new"
    TOO_EARLY = "too_early"
    PERIOD_CLOSED = "period_closed"
    NO_UNIT = "no_unit"
    NO_UNIT_AND_NO_NAME = "no_unit_and_no_name"
    ENDED = "ended"
    BEGINS_LATER = "begins_later"
    CODE_TAKEN = "code_taken"
    PARENT_UNCLEAR = "parent_unclear"
    NOT_IN_FORCE = "not_in_force"
    NOT_THEIRS = "not_theirs"
    NAMED_TWICE = "named_twice"


LINES = {
    Why.UNREADABLE: "{problem}",
    Why.NOT_KNOWN: "is not known{hint}",
    Why.NO_DAY: "must be a date like 2027-01-01, without quotes",
    Why.NO_FLAG: "must be true or false",
    Why.NO_TEXT: "must be a text in quotes",
    Why.NO_TEXTS: 'must be a list of texts like ["a", "b"]',
    Why.NO_CODE: "{code!r} is not a code of small letters, digits and _",
    Why.NO_OLD_UNITS: 'must be the codes of the old units, ["a", "b"]',
    Why.UNIT_TWICE: "names a unit twice",
    Why.NO_NEW_UNITS: "must be a table [into], or several [[into]]",
    Why.NO_TABLE: "must be a table",
    Why.NO_LEVEL: "must be one of {levels}",
    Why.TOO_FEW_OLD: "a merge needs two old units or more",
    Why.TOO_MANY_OLD: "a {kind} has one old unit",
    Why.TOO_FEW_NEW: "a split needs two [[into]] or more",
    Why.TOO_MANY_NEW: "a {kind} has one new unit",
    Why.NO_MAIN_PART: "one part must say main = true: it takes what no part names",
    Why.OLD_AND_NEW: "{code} is an old unit too: a new unit needs a code of its own",
    Why.TOO_EARLY: "{day} is still to come: run this on that day or later "
    "(--dry-run shows it today)",
    Why.PERIOD_CLOSED: "{day} is not after the closed period {period}: "
    "the first possible day is {first}",
    Why.NO_UNIT: "{unknown}",
    Why.NO_UNIT_AND_NO_NAME: "{unknown} (a new unit needs a name)",
    Why.ENDED: "{code} ends on {day} already",
    Why.BEGINS_LATER: "{code} begins only on {day}",
    Why.CODE_TAKEN: "{code} is {name} already",
    Why.PARENT_UNCLEAR: "must be given: the old units stand below different ones",
    Why.NOT_IN_FORCE: "{code} is not in force on {day}",
    Why.NOT_THEIRS: "{wanted!r} does not belong to {units}",
    Why.NAMED_TWICE: "{wanted!r} is named twice",
}


class MapFileError(OperatorError):
    """The file cannot be followed; nothing was changed. ``key`` is the place of the
    mistake ("" for the whole file), ``facts`` what its line names."""

    def __init__(self, file: str, key: str, why: Why, **facts: object) -> None:
        self.key, self.why, self.facts = key, why, facts
        line = LINES[why].format(**facts)
        super().__init__(": ".join(part for part in (file, key, line) if part))
