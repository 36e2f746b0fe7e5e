"""People: invitations, the way into the dashboard, personal data, the audit."""

from __future__ import annotations

import json

import click

from bot.errors import OperatorError
from bot.settings import load_settings
from building.parts import texts_of
from commands.opening import migrated, now_of, office, unit_named
from commands.printing import print_lines


@click.command()
@click.option("--unit", "unit_code", required=True, help="Code or name of the unit.")
@click.option(
    "--role",
    type=click.Choice(["official", "leader", "supervisor", "administrator"]),
    required=True,
)
@click.option("--name", default="", help="Whom it is for.")
def invite(unit_code: str, role: str, name: str) -> None:
    """Print an invitation code: whoever types it in the chat is an official then."""
    from bot.people import audit, joining
    from models import Role

    settings = load_settings()
    now, today = now_of(settings)
    with migrated() as database, database.writing() as session:
        unit = unit_named(session, unit_code, today)
        person = joining.enrol(session, name, now) if name else None
        if person is not None:
            joining.appoint(session, person, unit.code, Role(role), today)
        code = joining.invite(
            session,
            unit.code,
            Role(role),
            audit.OPERATOR,
            now,
            official_id=person.id if person else None,
        )
    until = (now + joining.INVITATION_VALID_FOR).astimezone(settings.zone)
    click.echo(code)
    click.echo(f"{role} of {unit.name}; until {until:%Y-%m-%d %H:%M}, once")


@click.command("login-link")
@click.option(
    "--official",
    "key",
    help="Number, pseudonym or name; else the administrator, made if there is none.",
)
def login_link(key: str | None) -> None:
    """Print a one-time link into the dashboard (first administrator, lost access)."""
    from bot.people import audit, logins, reentry

    with office() as (settings, clock, database), database.writing() as session:
        now, today = now_of(settings, clock)
        if key is None:
            texts = texts_of(settings)
            name = texts.render("role.administrator")
            person = reentry.administrator(session, name, now, today)
        else:
            person = reentry.official_meant(session, key)
        token = logins.make_link(session, person, audit.OPERATOR, now)
    click.echo(f"{settings.base_url}/dashboard/login/{token}")
    minutes = int(logins.LINK_LIFE.total_seconds() // 60)
    click.echo(
        f"for {person.name or person.pseudonym}: {minutes} minutes, once", err=True
    )


@click.command()
@click.option("--user", required=True, help="Contact id, Zalo user id, or id by app.")
def forget(user: str) -> None:
    """Erase a person's data; counts stay, nothing leads to the person any more."""
    from bot.personal_data import find_person
    from bot.personal_data import forget as forget_person

    now, _ = now_of(load_settings())
    with migrated() as database, database.writing() as session:
        lines = forget_person(session, find_person(session, user), now)
    print_lines(lines)


@click.command()
@click.option("--user", required=True, help="Contact id, Zalo user id, or id by app.")
def export(user: str) -> None:
    """Everything that is kept of a person, as JSON, to hand over."""
    from bot.personal_data import export as export_person
    from bot.personal_data import find_person

    with migrated() as database, database.reading() as session:
        found = export_person(session, find_person(session, user))
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@click.group("audit")
def audit_group() -> None:
    """Who changed what: a chain of entries in which a change shows."""


@audit_group.command("verify")
def audit_verify() -> None:
    """Check the chain; prints its last hash, which is worth keeping elsewhere."""
    from bot.people import audit

    with migrated() as database, database.reading() as session:
        broken = audit.verify(session)
        if broken is not None:
            raise OperatorError(
                f"entry {broken} does not fit: it or its past was changed"
            )
        click.echo(f"whole, up to {audit.last_sha256(session)}")
