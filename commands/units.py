"""Changes of the map by date."""

from __future__ import annotations

from pathlib import Path

import click

from bot.settings import load_settings
from commands.opening import migrated, now_of
from commands.printing import print_lines


@click.group("units")
def units_group() -> None:
    """Changes of the map: units merged, split, renamed (examples: docs/examples)."""


def _map_command(kind: str) -> None:
    """``units merge|split|rename FILE [--dry-run]``: they differ in the file only."""

    @units_group.command(kind)
    @click.argument(
        "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
    )
    @click.option("--dry-run", is_flag=True, help="Only show what would change.")
    def change(file: Path, dry_run: bool) -> None:
        from bot.catalogue.catalogue import touch
        from bot.territory.changing import change_map, preview_map
        from bot.territory.files import Kind, read_map_file

        now, today = now_of(load_settings())
        plan = read_map_file(file, Kind(kind))
        with migrated() as database, database.writing() as session:
            if dry_run:
                lines = preview_map(session, plan, now)
            else:
                lines = change_map(session, plan, now, today)
                touch(session, now)
        print_lines(lines)

    change.help = f"{kind.capitalize()} units as FILE (TOML) says."


for _kind in ("merge", "split", "rename"):
    _map_command(_kind)
