"""Campaigns without the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import OperatorError
from building.parts import terms_of
from commands.opening import now_of, office
from commands.printing import AS_JSON, print_json, print_lines, write_csv

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.clock import Clock
    from bot.db import Database
    from bot.outreach.campaigns.terms import Terms
    from bot.settings import Settings
    from models import Campaign


@click.group()
def campaign() -> None:
    """Messages to many: written, dry-run, approved by a second person, carried out."""


@campaign.command("create")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", default="", help="Id or name, in place of the file's owner.")
@AS_JSON
def campaign_create(file: Path, owner: str, as_json: bool) -> None:
    """A draft as FILE (TOML) says; docs/examples/campaign.toml shows every key."""
    from bot.files import Files
    from bot.outreach.campaigns import editing
    from bot.outreach.campaigns.files import read_campaign_file
    from bot.people import audit, roster

    with office() as (settings, clock, database):
        now, today = now_of(settings, clock)
        read = read_campaign_file(file, settings.zone)
        owner = owner or read.owner
        with database.writing() as session:
            official = roster.named(session, owner) if owner else None
            wish = editing.wish_of_file(session, read, Files(settings.data_dir), today)
            made = editing.create(session, wish, official, now, by=audit.OPERATOR)
            show_campaign(session, made, settings, as_json)


@campaign.command("list")
@AS_JSON
def campaign_list(as_json: bool) -> None:
    """One line a campaign, the newest first."""
    from bot.outreach.campaigns import showing

    with office() as (settings, _, database), database.reading() as session:
        found = showing.all_of(session)
        if as_json:
            print_json([showing.json_of(session, c, settings.zone) for c in found])
        else:
            print_lines(showing.line_of(session, c, settings.zone) for c in found)


@campaign.command("show")
@click.argument("campaign_id", metavar="ID")
@click.option(
    "--not-reached",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A new CSV file: who was not reached, by number, and why.",
)
@AS_JSON
def campaign_show(campaign_id: str, not_reached: Path | None, as_json: bool) -> None:
    """What it says, to whom, how far it is, and what changed since its list was shown."""
    from bot.outreach.campaigns import editing, lists, results, showing

    with office() as (settings, _, database), database.reading() as session:
        found = editing.find(session, campaign_id)
        run = lists.current(session, found)
        if not_reached is not None:
            if run is None:
                raise OperatorError(f"campaign {campaign_id} has no list yet")
            with not_reached.open("w", encoding="utf-8", newline="") as file:
                results.write_not_reached(session, found, run, file)
        if not as_json:
            print_lines(showing.lines_of(session, found, settings.zone))
            return
        changes = showing.changes_json(session, run) if run else iter(())
        shown = showing.json_of(session, found, settings.zone)
        print_json(shown | {"changes": list(changes)})


@campaign.command("dry-run")
@click.argument("campaign_id", metavar="ID")
@click.option(
    "--recipients",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A new CSV file: verdict and price of everybody.",
)
@AS_JSON
def campaign_dry_run(campaign_id: str, recipients: Path | None, as_json: bool) -> None:
    """Who would get it now, at what price, and who not; nothing is sent.

    Once it waits for approval, the list that the approval is about.
    """
    from bot.outreach.campaigns import editing, lists, showing

    with office() as (settings, clock, database):
        terms = terms_of(settings)
        _make_list(database, clock, terms, campaign_id, fresh=True)
        with database.reading() as session:
            found = editing.find(session, campaign_id)
            run = lists.current(session, found)
            assert run is not None  # just made
            shown = lists.dry_run_of(found, run)
            if recipients is not None:
                people = showing.recipients_json(session, run, terms.message_vnd)
                write_csv(recipients, people)
            if not as_json:
                print_lines(showing.dry_run_lines(shown, settings.zone))
                return
            given = showing.dry_run_json(shown, settings.zone)
            if shown.people <= showing.MOST_IN_JSON:
                people = showing.recipients_json(session, run, terms.message_vnd)
                given["recipients"] = list(people)
            print_json(given)


@campaign.command("approve")
@click.argument("campaign_id", metavar="ID")
@click.option("--by", required=True, help="Id or name of the official who approves.")
@AS_JSON
def campaign_approve(campaign_id: str, by: str, as_json: bool) -> None:
    """A second person lets it go out at its time; at once, if that has come."""
    from bot.outreach.campaigns import approving, editing, running
    from bot.people import roster

    with office() as (settings, clock, database):
        terms = terms_of(settings)
        with database.reading() as session:
            roster.named(session, by)  # before a long list is made for nobody
        _make_list(database, clock, terms, campaign_id, fresh=False)
        now, today = now_of(settings, clock)
        with database.writing() as session:
            found = _locked_campaign(session, campaign_id)
            official = roster.named(session, by)
            if found.state == "draft":
                approving.ask(session, found, terms, official.pseudonym, now)
            approving.approve(session, found, official, now, today)
            running.start_if_due(session, found, terms, official.pseudonym, now)
            show_campaign(
                session, editing.find(session, campaign_id), settings, as_json
            )


def _campaign_command(name: str, what: str) -> None:
    """``campaign start|pause|resume|cancel ID``: they differ in the verb only."""

    @campaign.command(name)
    @click.argument("campaign_id", metavar="ID")
    @AS_JSON
    def change(campaign_id: str, as_json: bool) -> None:
        from bot.outreach.campaigns import running
        from bot.people import audit

        with office() as (settings, clock, database), database.writing() as session:
            now, _ = now_of(settings, clock)
            found = _locked_campaign(session, campaign_id)
            if name == "start":
                terms = terms_of(settings)
                running.start(session, found, terms, audit.OPERATOR, now)
            else:
                verb = getattr(running, name)
                verb(session, found, audit.OPERATOR, now)
            show_campaign(session, found, settings, as_json)

    change.help = what


for _name, _what in (
    ("start", "Let an approved one go out now, whatever its time."),
    ("pause", "Nothing more of it leaves until it is resumed."),
    ("resume", "It goes on where it stood."),
    ("cancel", "End it for good; what waits or is parked is called back."),
):
    _campaign_command(_name, _what)


def _make_list(
    database: Database, clock: Clock, terms: Terms, campaign_id: str, *, fresh: bool
) -> None:
    """The list of a draft, chunk by chunk; one that somebody is asked about stays."""
    from bot.outreach.campaigns import lists
    from models import CampaignState

    with database.writing() as session:
        found = _locked_campaign(session, campaign_id)
        run = lists.current(session, found)
        is_draft = found.state == CampaignState.DRAFT
        if run is None or (fresh and is_draft):
            lists.begin(session, found, terms, clock.now())
    is_complete = False
    while not is_complete:
        with database.writing() as session:
            found = _locked_campaign(session, campaign_id)
            run = lists.current(session, found)
            if run is None:
                raise OperatorError(f"campaign {campaign_id} was changed meanwhile")
            is_complete = lists.make_chunk(session, found, run, terms, clock.now())


def _locked_campaign(session: Session, campaign_id: str) -> Campaign:
    from bot.outreach.campaigns import editing, running

    found = editing.find(session, campaign_id)
    return running.lock(session, found.id or 0) or found


def show_campaign(
    session: Session, found: Campaign, settings: Settings, as_json: bool
) -> None:
    from bot.outreach.campaigns import showing

    if as_json:
        print_json(showing.json_of(session, found, settings.zone))
    else:
        click.echo(showing.line_of(session, found, settings.zone))
