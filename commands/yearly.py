"""The calendar of the year: drafts that are due, made one's own."""

from __future__ import annotations

from datetime import date

import click

from bot.errors import OperatorError
from bot.settings import load_settings
from building.parts import texts_of
from commands.campaigns import show_campaign
from commands.opening import now_of, office, unit_named
from commands.printing import AS_JSON, print_json, print_lines


@click.group("calendar")
def calendar_group() -> None:
    """The shipped drafts of the year (content/campaigns): what is due, made one's own."""


@calendar_group.command("list")
@click.option("--month", help="Like 2026-12; this month by default.")
@AS_JSON
def calendar_list(month: str | None, as_json: bool) -> None:
    """What a month asks for: key, days, from when to prepare, title."""
    from bot.outreach.yearly.due import due_in
    from bot.outreach.yearly.files import read_yearly

    settings = load_settings()
    _, today = now_of(settings)
    try:
        first = date.fromisoformat(f"{month}-01") if month else today
    except ValueError as error:
        raise click.UsageError(f"--month {month}: like 2026-12") from error
    drafts = read_yearly(settings.content_dir, settings.zone)
    found = due_in(drafts, first.year, first.month)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    print_lines(one.line() for one in found)


@calendar_group.command("campaign")
@click.argument("key")
@click.option("--unit", required=True, help="Whose people; code or name.")
@click.option(
    "--owner", default="", help="Id or name of the official who answers for it."
)
@AS_JSON
def calendar_campaign(key: str, unit: str, owner: str, as_json: bool) -> None:
    """A campaign draft of KEY with its picture; nothing is sent by that."""
    from bot.files import Files
    from bot.outreach.articles.pictures import make_pictures
    from bot.outreach.yearly.files import read_yearly
    from bot.outreach.yearly.making import make_campaign, spec_for
    from bot.people import roster

    with office() as (settings, clock, database):
        now, today = now_of(settings, clock)
        drafts = {
            one.key: one for one in read_yearly(settings.content_dir, settings.zone)
        }
        if key not in drafts:
            raise OperatorError(f"{key}: not one of {', '.join(sorted(drafts))}")
        with database.reading() as session:
            found = unit_named(session, unit, today)
        spec = spec_for(drafts[key], found.name, today)
        files, texts = Files(settings.data_dir), texts_of(settings)
        picture = make_pictures(spec, files, texts.label).picture
        with database.writing() as session:
            official = roster.named(session, owner) if owner else None
            made = make_campaign(
                session, drafts[key], official, [found.code], now, settings.zone,
                picture,
            )  # fmt: skip
            show_campaign(session, made, settings, as_json)
