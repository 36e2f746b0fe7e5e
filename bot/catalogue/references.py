"""Checks that what one content record says about another is true.

Runs after every record was found well-formed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.catalogue.records import PackError, Record
from bot.catalogue.values import LIST_SEPARATOR
from models import ProcedureStatus, UnitLevel

Records = Mapping[str, list[Record]]

# A unit's parent stands higher than the unit.
RANK = {UnitLevel.PROVINCE: 0, UnitLevel.DISTRICT: 1, UnitLevel.COMMUNE: 2}


def check_references(records: Records) -> list[PackError]:
    """Every reference that leads nowhere or contradicts its target."""
    return [
        *_check_procedures(records),
        *_check_documents(records),
        *_check_units(records),
        *_check_successions(records),
        *_check_desks(records),
        *_check_sources(records),
    ]


def _values(records: Records, name: str, field: str) -> set[str]:
    return {record.row[field] for record in records[name]}


def _check_procedures(records: Records) -> Iterator[PackError]:
    successors = {
        record.row["code"]: record.row["replaced_by"]
        for record in records["procedures"]
    }
    known = (
        successors.keys()
        | _values(records, "national_procedures", "code")
        | _values(records, "unlisted_codes", "code")
    )
    for record in records["procedures"]:
        successor = record.row["replaced_by"]
        if (record.row["status"] == ProcedureStatus.REPLACED) != bool(successor):
            yield record.error(
                "replaced_by", "is filled if and only if status is replaced"
            )
        elif successor and successor not in known:
            yield record.error("replaced_by", f"{successor!r} is not a known procedure")
        elif successor and _runs_in_circle(record.row["code"], successors):
            yield record.error("replaced_by", "leads back to this procedure")


def _runs_in_circle(code: str, successors: Mapping[str, str]) -> bool:
    seen = {code}
    step = successors[code]
    while step and step not in seen:
        seen.add(step)
        step = successors.get(step, "")
    return step == code


def _check_documents(records: Records) -> Iterator[PackError]:
    known = _values(records, "documents", "symbol")
    known |= _values(records, "later_acts", "symbol")
    seen: dict[tuple[str, object], str] = {}
    for record in records["documents"]:
        row = record.row
        for symbol in row["refers_to"]:
            if symbol not in known:
                reason = f"{symbol!r} is neither a document nor one of later_acts"
                yield record.error("refers_to", reason)
        other = seen.setdefault((row["symbol"], row["issued_on"]), row["id"])
        if other != row["id"]:
            yield record.error("symbol", f"has the symbol and the date of {other}")
    ids = _values(records, "documents", "id")
    for record in records["later_acts"]:
        for document_id in record.row["bears_on"]:
            if document_id not in ids:
                yield record.error("bears_on", f"{document_id!r} is not a document")


def _check_units(records: Records) -> Iterator[PackError]:
    levels = {record.row["code"]: record.row["level"] for record in records["units"]}
    for record in records["units"]:
        row = record.row
        parent = row["parent_code"]
        if parent is not None and parent not in levels:
            yield record.error("parent_code", f"{parent!r} is not a unit")
        elif parent is not None and RANK[levels[parent]] >= RANK[row["level"]]:
            yield record.error("parent_code", f"{parent!r} does not stand above it")
        if (
            row["valid_from"]
            and row["valid_to"]
            and row["valid_from"] > row["valid_to"]
        ):
            yield record.error("valid_to", "is before valid_from")


def _check_successions(records: Records) -> Iterator[PackError]:
    units = {record.row["code"]: record.row for record in records["units"]}
    for record in records["successions"]:
        row = record.row
        for field in ("predecessor_code", "successor_code"):
            if row[field] not in units:
                yield record.error(field, f"{row[field]!r} is not a unit")
        predecessor = units.get(row["predecessor_code"])
        last_day = predecessor["valid_to"] if predecessor else None
        if predecessor and (last_day is None or last_day >= row["effective_on"]):
            reason = "is not after the last day of the predecessor"
            yield record.error("effective_on", reason)


def _check_desks(records: Records) -> Iterator[PackError]:
    units = _values(records, "units", "code")
    for record in records["desks"]:
        if record.row["unit_code"] not in units:
            yield record.error("unit_code", f"{record.row['unit_code']!r} is no unit")


def _check_sources(records: Records) -> Iterator[PackError]:
    known = _values(records, "sources", "id")
    for name in ("procedures", "units", "bodies"):
        for record in records[name]:
            for source in record.row["sources"].split(LIST_SEPARATOR):
                if source not in known:
                    reason = f"{source!r} is not in sources.toml"
                    yield record.error("sources", reason)
