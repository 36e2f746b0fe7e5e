"""What the bot would answer, without Zalo."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import logs
from bot.settings import Settings, load_settings
from building.parts import conversations_of
from commands.content import load_packs
from commands.opening import database_of
from commands.printing import print_json, print_lines

if TYPE_CHECKING:
    from bot.db import Database


@click.command()
@click.argument("question", required=False)
@click.option(
    "--batch", type=click.Path(exists=True, path_type=Path), help="A TSV file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--why", is_flag=True, help="Show how each hit got its place.")
def ask(question: str | None, batch: Path | None, as_json: bool, why: bool) -> None:
    """What the bot would find and answer, without Zalo."""
    from bot.clock import Clock
    from bot.conversation.preview import Preview

    questions = _batch_questions(batch) if batch else [question or ""]
    if not batch and not (question or "").strip():
        raise click.UsageError("give a QUESTION or --batch FILE")
    settings = load_settings()
    logs.set_up(level=logging.ERROR)
    with database_of(settings) as database:
        _make_askable(database, settings)
        preview = Preview(conversations_of(database, Clock(), settings))
        for one in questions:
            found = preview.ask(one)
            if as_json or batch:
                print_json(found.to_json())
            else:
                print_lines(found.lines(why=why))


def _make_askable(database: Database, settings: Settings) -> None:
    """``ask`` is the first thing a newcomer tries: an empty embedded database is filled."""
    from bot.schema import current, require_newest, upgrade

    if database.is_sqlite and current(database) is None:
        upgrade(database)
        load_packs(database, settings)
    require_newest(database)


def _batch_questions(file: Path) -> list[str]:
    """The first column of each line; a header line "question…" is not a question."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    firsts = [line.split("\t", 1)[0] for line in lines]
    return firsts[1:] if firsts[:1] == ["question"] else firsts
