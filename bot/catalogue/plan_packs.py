"""From ``plans.toml`` to rows: each plan × each duty, each ownership × its units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.catalogue.records import PackError, Record
from bot.catalogue.values import Row
from models import Counting

Records = Mapping[str, list[Record]]
FULL = 100  # per cent: more cannot be asked for


def plan_duty_rows(records: Records) -> list[Row]:
    """Every duty in every plan, with the deadlines of its cadence where it has no own."""
    terms = {record.row["cadence"]: record.row for record in records["cadences"]}
    return [
        _plan_duty(plan.row["id"], record.row, terms[record.row["cadence"]])
        for plan in records["plans"]
        for record in records["counting"]
    ]


def assignment_rows(records: Records) -> list[Row]:
    """One row per unit and duty, for the days of its plan."""
    plans = {record.row["id"]: record.row for record in records["plans"]}
    return [
        {
            "id": assignment_id(row["plan_id"], duty_id, unit_code),
            "plan_id": row["plan_id"],
            "duty_id": duty_id,
            "unit_code": unit_code,
            "valid_from": plans[row["plan_id"]]["valid_from"],
            "valid_to": plans[row["plan_id"]]["valid_to"],
        }
        for row in (record.row for record in records["ownerships"])
        for unit_code in row["units"]
        for duty_id in row["duties"]
    ]


def assignment_id(plan_id: str, duty_id: str, unit_code: str) -> str:
    return f"{plan_id}:{duty_id}:{unit_code}"


def check_plans(records: Records) -> Iterator[PackError]:
    """Everything in ``plans.toml`` that leads nowhere or contradicts something."""
    yield from _check_days(records)
    yield from _check_counting(records)
    yield from _check_ownerships(records)
    units = {record.row["code"] for record in records["units"]}
    for record in records["unit_channels"]:
        if record.row["unit_code"] not in units:
            yield record.error("unit_code", f"{record.row['unit_code']!r} is no unit")


def _plan_duty(plan_id: str, row: Row, terms: Row) -> Row:
    own = {
        "counting": row["counting"] or Counting.ITEMS.value,
        "counts_per_channel": row["counts_per_channel"] is not False,
        "needs_link": row["needs_link"] is not False,
        "credits_found": row["credits_found"] is True,
    }
    for name in ("due_after_days", "grace_days"):
        own[name] = terms[name] if row[name] is None else row[name]
    return {"plan_id": plan_id} | row | own


def _check_days(records: Records) -> Iterator[PackError]:
    """A plan ends after it begins, and one plan is in force on a day."""
    sources = {record.row["id"] for record in records["sources"]}
    before: list[Row] = []
    for record in records["plans"]:
        row = record.row
        if row["valid_to"] < row["valid_from"]:
            yield record.error("valid_to", "is before valid_from")
        if row["source"] not in sources:
            yield record.error("source", f"{row['source']!r} is not in sources.toml")
        for other in before:
            if (
                row["valid_from"] <= other["valid_to"]
                and other["valid_from"] <= row["valid_to"]
            ):
                yield record.error("valid_from", f"shares days with plan {other['id']}")
        before.append(row)


def _check_counting(records: Records) -> Iterator[PackError]:
    duties = {record.row["id"]: record for record in records["duties"]}
    cadences = {record.row["cadence"] for record in records["cadences"]}
    counted = set()
    for record in records["counting"]:
        row = record.row
        counted.add(row["duty_id"])
        if row["duty_id"] not in duties:
            yield record.error("duty_id", f"{row['duty_id']!r} is not in duties.toml")
        if row["cadence"] not in cadences:
            yield record.error("cadence", f"{row['cadence']!r} is not in cadences")
        if row["quota"] == 0:
            yield record.error("quota", "is 0: leave it out where the plan has none")
        if row["credits_found"] and not (row["channels"] and row["keywords"]):
            yield record.error("credits_found", "needs channels and keywords")
        if row["counting"] == Counting.RATIO and (row["quota"] or 0) > FULL:
            yield record.error("quota", "is percent here, at most 100")
    for duty_id in sorted(duties.keys() - counted):
        yield duties[duty_id].error("id", "has no [[counting]] in plans.toml")


def _check_ownerships(records: Records) -> Iterator[PackError]:
    plans = {record.row["id"]: record.row for record in records["plans"]}
    units = {record.row["code"]: record.row for record in records["units"]}
    duties = {record.row["duty_id"] for record in records["counting"]}
    seen: set[str] = set()
    for record in records["ownerships"]:
        row = record.row
        plan = plans.get(row["plan_id"])
        if plan is None:
            yield record.error("plan_id", f"{row['plan_id']!r} is not a plan")
            continue
        for code in row["units"]:
            if code not in units:
                yield record.error("units", f"{code!r} is no unit")
            elif not _meet(units[code], plan):
                yield record.error("units", f"{code!r} is not in force in this plan")
        for duty_id in row["duties"]:
            if duty_id not in duties:
                yield record.error("duties", f"{duty_id!r} is not counted")
            for code in row["units"]:
                key = assignment_id(row["plan_id"], duty_id, code)
                if key in seen:
                    yield record.error("duties", f"{code} owns {duty_id} already")
                seen.add(key)


def _meet(unit: Row, plan: Row) -> bool:
    begins_in_time = not unit["valid_from"] or unit["valid_from"] <= plan["valid_to"]
    ends_late_enough = not unit["valid_to"] or unit["valid_to"] >= plan["valid_from"]
    return begins_in_time and ends_late_enough
