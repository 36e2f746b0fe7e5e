"""Events and messages that gave up: looked at, tried again, discarded."""

from __future__ import annotations

import json

import click

from commands.opening import migrated
from commands.printing import print_lines


@click.group()
def dead() -> None:
    """Events and messages that gave up."""


@dead.command("list")
def dead_list() -> None:
    """One line each: key, since when, what, attempts, reason."""
    from bot.dead_letters import dead_letters

    with migrated() as database, database.reading() as session:
        print_lines(letter.line() for letter in dead_letters(session))


@dead.command("show")
@click.argument("key")
def dead_show(key: str) -> None:
    """Everything known of one, what the person wrote included."""
    from bot.dead_letters import find

    with migrated() as database, database.reading() as session:
        letter = find(session, key)
        click.echo(letter.line())
        click.echo(json.dumps(letter.content, ensure_ascii=False, indent=2))


@dead.command("retry")
@click.argument("keys", nargs=-1, required=True)
def dead_retry(keys: tuple[str, ...]) -> None:
    """Try again, all attempts anew."""
    from bot.clock import Clock
    from bot.dead_letters import retry

    with migrated() as database, database.writing() as session:
        for key in keys:
            retry(session, key, Clock().now())


@dead.command("discard")
@click.argument("keys", nargs=-1, required=True)
def dead_discard(keys: tuple[str, ...]) -> None:
    """Give up for good; what the person wrote is erased."""
    from bot.dead_letters import discard

    with migrated() as database, database.writing() as session:
        for key in keys:
            discard(session, key)
