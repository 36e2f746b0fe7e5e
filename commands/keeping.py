"""Looking after an installation: what is wrong with it, backup and restore."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from bot import logs
from bot.settings import load_settings
from building.parts import NEEDED_TO_SERVE
from commands.opening import database_of, migrated
from commands.printing import print_lines


@click.command()
def doctor() -> None:
    """What is wrong with this installation, and what to do; exit code 1 if anything."""
    from bot.clock import Clock
    from bot.doctor import examine

    logs.set_up(level=logging.ERROR)
    healthy = True
    for finding in examine(load_settings(), NEEDED_TO_SERVE, Clock()):
        print_lines(finding.lines())
        healthy = healthy and finding.check.ok
    if not healthy:
        sys.exit(1)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Database, stored files and spool as one archive; the program may go on running."""
    from bot.backup import back_up
    from bot.clock import Clock

    settings = load_settings()
    with migrated() as database:
        back_up(database, settings.data_dir, file, Clock().now(), _say_count)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there.")
def restore_command(file: Path, force: bool) -> None:
    """Put an archive back; stop the program first."""
    from bot.backup import restore

    settings = load_settings()
    with database_of(settings) as database:
        restore(database, settings.data_dir, file, force=force, say=_say_count)


def _say_count(name: str, count: int) -> None:
    click.echo(f"{name}: {count}")
