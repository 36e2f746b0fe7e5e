"""The schema, the packs of content/, and files to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.settings import Settings, load_settings
from commands.opening import database_of, migrated, now_of
from commands.printing import print_lines

if TYPE_CHECKING:
    from bot.catalogue.loading import LoadReport
    from bot.db import Database


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema, then load the content packs."""
    from bot.schema import current, upgrade

    settings = load_settings()
    with database_of(settings) as database:
        upgrade(database)
        click.echo(f"schema: {current(database)}")
        _load_and_tell(database, settings)


@click.command("load-content")
def load_content_command() -> None:
    """Load the packs of content/; rows edited here stay and are listed."""
    from bot.schema import require_newest

    settings = load_settings()
    with database_of(settings) as database:
        require_newest(database)
        _load_and_tell(database, settings)


def _load_and_tell(database: Database, settings: Settings) -> None:
    """Also which texts an upgrade changed under the words of this office."""
    from bot.conversation.texts import Texts
    from bot.editing.wordings import upgrade_news

    print_lines(load_packs(database, settings).lines())
    sources = Texts.load(settings.content_dir / "texts").sources
    with database.reading() as session:
        print_lines(upgrade_news(session, sources))


@click.command("import")
@click.argument(
    "kind",
    type=click.Choice(["services", "documents", "units", "officials", "channels"]),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option(
    "--codes",
    type=click.Path(exists=False, path_type=Path),
    help="officials: a new CSV file for an invitation code of each who has not joined.",
)
def import_command(kind: str, file: Path, dry_run: bool, codes: Path | None) -> None:
    """Import a CSV or XLSX file; a bad row is named and nothing is half-loaded."""
    from bot.catalogue.catalogue import touch
    from bot.catalogue.importing import apply_import, plan_import
    from bot.clock import Clock
    from bot.schema import require_newest

    settings = load_settings()
    if kind == "officials":
        _import_officials(settings, file, codes, dry_run=dry_run)
        return
    if codes is not None:
        raise click.UsageError("--codes is for officials")
    with database_of(settings) as database:
        require_newest(database)
        with database.reading() as session:
            plan = plan_import(session, kind, file, settings.content_dir)
        print_lines(plan.lines())
        if dry_run:
            return
        with database.writing() as session:
            apply_import(session, plan)
            touch(session, Clock().now())


def _import_officials(
    settings: Settings, file: Path, codes: Path | None, *, dry_run: bool
) -> None:
    from bot.roster_files import apply_roster, make_codes, plan_roster, write_codes

    now, today = now_of(settings)
    with migrated() as database:
        if dry_run:
            with database.reading() as session:
                plan = plan_roster(session, file, settings.content_dir, today)
            print_lines(plan.lines())
            return
        with database.writing() as session:
            plan = plan_roster(session, file, settings.content_dir, today)
            people = apply_roster(session, plan, now, today)
            if codes is not None:
                made = make_codes(session, people, now)
                write_codes(codes, made, settings.zone)
        print_lines(plan.lines())
    waiting = sum(official.joined_at is None for _, official in people)
    if codes is not None:
        click.echo(f"{len(made)} codes in {codes}: hand them out, then delete the file")
    elif waiting:
        click.echo(f"{waiting} have not joined: --codes FILE makes a code for each")


def load_packs(database: Database, settings: Settings) -> LoadReport:
    from bot.catalogue.catalogue import touch
    from bot.catalogue.loading import load_content
    from bot.catalogue.packs import read_packs
    from bot.clock import Clock

    packs = read_packs(settings.content_dir)
    with database.writing() as session:
        report = load_content(session, packs)
        if report.changed:
            touch(session, Clock().now())
    return report
