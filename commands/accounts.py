"""The Official Accounts: connecting, asking Zalo about them, their budgets."""

from __future__ import annotations

import logging
import sys

import click

from bot import logs
from building.parts import accounts_of, connecting_of
from commands.opening import migrated, office
from commands.printing import print_json, print_lines


@click.group()
def oa() -> None:
    """The connected accounts; where only the demo was set up, the demo's."""


@oa.command("connect")
@click.option(
    "--unit", metavar="CODE", help="Whom it speaks for, if its name does not say."
)
def oa_connect(unit: str | None) -> None:
    """Print a permission link for an administrator."""
    with office() as (settings, clock, database):
        settings.require("zalo_app_id", "zalo_app_secret", "secret_key")
        connecting = connecting_of(database, clock, settings)
        click.echo(connecting.link(unit))
    click.echo(
        "Open it within 30 minutes as an administrator of the account; it works once.\n"
        "Saved on developers.zalo.me as Official Account Callback Url, letter by letter:\n"
        f"{connecting.callback_url}",
        err=True,
    )


@oa.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def oa_list(as_json: bool) -> None:
    """Each account, its tokens' age and ends, problems."""
    from bot.account_list import account_lines

    with office() as (_, clock, database), database.reading() as session:
        lines = account_lines(session, clock.now())
    if as_json:
        print_json([line.to_json() for line in lines])
    else:
        print_lines(line.line() for line in lines)


@oa.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def oa_check(as_json: bool) -> None:
    """Ask Zalo about each account; exit code 1 if any cannot be served."""
    from bot.account_list import ask_zalo
    from bot.channel.zalo.client import ZaloClient

    logs.set_up(level=logging.CRITICAL)  # what fails is said in its line
    with office() as (settings, clock, database):
        client = ZaloClient.from_settings(settings)
        accounts = accounts_of(database, clock, settings, client)
        found = ask_zalo(database, accounts, client)
    if as_json:
        print_json([one.to_json() for one in found])
    else:
        print_lines(one.line() for one in found)
    if not found or not all(one.ok for one in found):
        sys.exit(1)


@oa.command("budget")
@click.argument("oa_id")
@click.option("--lane", type=click.Choice(["reply", "reminder", "campaign"]))
@click.option("--monthly-vnd", type=click.IntRange(min=0), help="0 switches it off.")
def oa_budget(oa_id: str, lane: str | None, monthly_vnd: int | None) -> None:
    """What an account may spend a month on messages that Zalo charges (48 h to 7 days).

    Without options: the budgets, and what this month has taken of them.
    """
    from bot.channel.money import budgets_of, set_budget
    from bot.clock import Clock
    from models import Lane

    if (lane is None) != (monthly_vnd is None):
        raise click.UsageError("--lane and --monthly-vnd belong together")
    now = Clock().now()
    with migrated() as database, database.writing() as session:
        if lane is not None and monthly_vnd is not None:
            released = set_budget(session, oa_id, Lane(lane), monthly_vnd, now)
            click.echo(f"{released} parked messages may leave now")
        print_lines(state.line() for state in budgets_of(session, oa_id, now))
