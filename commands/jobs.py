"""The clock's jobs: when each ran, and one done by hand."""

from __future__ import annotations

import logging
import sys

import click

from bot import logs
from building.parts import fetcher_of, page_words_of, texts_of, workshop_of
from commands.opening import office
from commands.printing import print_json, print_lines


@click.group()
def jobs() -> None:
    """The clock's jobs."""


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def jobs_list(as_json: bool) -> None:
    """Each job: last run, how long it took, what came of it, what was skipped, next run."""
    from scheduler import JOBS
    from scheduler.listing import job_lines

    with office() as (settings, clock, database), database.reading() as session:
        lines = job_lines(session, JOBS, clock.now(), settings.zone)
    if as_json:
        print_json([line.to_json() for line in lines])
    else:
        print_lines(line.line() for line in lines)


@jobs.command("run")
@click.argument("name")
@click.option(
    "--at", "at_text", metavar="TIME", help="As if at this time (ISO 8601, local)."
)
def jobs_run(name: str, at_text: str | None) -> None:
    """Do one occurrence now, or as if at TIME; one that was done already does nothing."""
    from bot.channel.pace import Pace
    from bot.channel.zalo.client import ZaloClient
    from scheduler import JOBS
    from scheduler.clockwork import run_occurrence
    from scheduler.listing import find_job, ran_line, time_of

    logs.set_up(level=logging.ERROR)
    with office() as (settings, clock, database):
        job = find_job(JOBS, name)
        begun = clock.now()
        at = time_of(at_text, settings.zone) if at_text else begun
        client = ZaloClient.from_settings(settings)
        workshop = workshop_of(
            settings, database, clock, texts_of(settings), client,
            Pace(database, clock), fetcher_of(settings), page_words_of(settings),
        )  # fmt: skip
        row = run_occurrence(job, workshop, at)
    click.echo(ran_line(row, begun, settings.zone))
    if row.error:
        sys.exit(1)
