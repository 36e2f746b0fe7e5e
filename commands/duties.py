"""Reports, and who owns which duty."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from bot.errors import OperatorError
from bot.settings import load_settings
from building.parts import texts_of
from commands.opening import migrated
from commands.printing import print_json, print_lines


@click.command()
@click.option("--week", help="Like 2026-W47.")
@click.option("--month", help="Like 2026-11.")
@click.option("--quarter", help="Like 2026-Q4.")
@click.option("--year", help="Like 2026.")
@click.option("--version", type=click.IntRange(min=1), help="An older frozen one.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file .xlsx."
)
@click.option("--json", "as_json", is_flag=True, help="For other programs.")
def report(
    week: str | None,
    month: str | None,
    quarter: str | None,
    year: str | None,
    version: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """The compliance table of a period, as it is now or as it was closed."""
    from bot.clock import Clock
    from bot.duties.periods import period_asked_for
    from bot.duties.table.reporting import report_json, report_lines
    from bot.duties.table.sheets import report_xlsx
    from bot.duties.table.table import table_of

    period = period_asked_for(week=week, month=month, quarter=quarter, year=year)
    settings = load_settings()
    now = Clock().now().astimezone(settings.zone)
    with migrated() as database, database.reading() as session:
        table = table_of(session, period, now, version)
    texts = texts_of(settings)
    if out is not None:
        out.write_bytes(report_xlsx(table, texts, now))
    if as_json:
        print_json(report_json(table, settings.zone))
    elif out is None:
        print_lines(report_lines(table, texts, now))


@click.group()
def duties() -> None:
    """Who owns which duty of a plan."""


@duties.command("list")
@click.option("--plan", "plan_id", help="The plan of today by default.")
def duties_list(plan_id: str | None) -> None:
    """One line a duty: how it is counted, and who owns it today."""
    from bot.clock import Clock
    from bot.duties.assigning import duty_lines

    today = Clock().now().astimezone(load_settings().zone).date()
    with migrated() as database, database.reading() as session:
        print_lines(duty_lines(session, plan_id, today))


@duties.command("assign")
@click.argument("duty")
@click.argument("unit")
@click.option("--plan", "plan_id", required=True)
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), required=True)
def duties_assign(duty: str, unit: str, plan_id: str, since: datetime) -> None:
    """Give a duty to a unit, from a day on."""
    from bot.clock import Clock
    from bot.duties.assigning import assign
    from bot.people import audit

    with migrated() as database, database.writing() as session:
        assign(
            session,
            plan_id,
            duty,
            unit,
            by=audit.OPERATOR,
            since_on=since.date(),
            now=Clock().now(),
        )


@duties.command("end")
@click.argument("duty")
@click.argument("unit")
@click.option("--plan", "plan_id", required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True)
def duties_end(duty: str, unit: str, plan_id: str, until: datetime) -> None:
    """Take a duty back; this day is the last on which the unit owns it."""
    from bot.clock import Clock
    from bot.duties.assigning import assignment_on, unassign
    from bot.people import audit

    with migrated() as database, database.writing() as session:
        found = assignment_on(session, plan_id, duty, unit, until.date())
        if found is None:
            raise OperatorError(f"{unit} does not own {duty} on {until.date()}")
        unassign(
            session,
            found,
            by=audit.OPERATOR,
            until_on=until.date(),
            now=Clock().now(),
        )
