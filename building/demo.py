"""The demo: the web role with the simulated Zalo on the same port, and its cast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot import logs
from bot.settings import Settings, load_settings
from building.parts import texts_of
from building.web import create_app

if TYPE_CHECKING:
    from flask import Flask
    from sqlmodel import Session

    from bot.db import Database
    from models import Contact
    from simulator import Simulator, SimulatorConfig

DEMO_LOG = "demo.log"


def create_demo_app() -> Flask:
    """The web role of ``demo``, with the simulated Zalo on the same port."""
    from bot import demo
    from dashboard.demo_door import create_demo_door
    from simulator import create_simulator

    settings = demo.settings_of(load_settings())
    logs.set_up(settings.data_dir / DEMO_LOG)
    clock = demo.clock_of(settings)
    app = create_app(settings, clock)
    app.register_blueprint(create_demo_door(app.extensions["database"], clock))
    config = simulator_config(settings)
    simulated = create_simulator(config, on_clock_moved=clock.move)
    return mount_simulator(app, simulated)


def mount_simulator(app: Flask, simulated: Flask) -> Flask:
    """Both applications on one port."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from bot import demo

    mounts: dict[str, Any] = {demo.SIMULATOR_PATH: simulated.wsgi_app}
    both = DispatcherMiddleware(app.wsgi_app, mounts)
    app.wsgi_app = both  # type: ignore[method-assign]
    return app


def simulator_config(settings: Settings) -> SimulatorConfig:
    """Where the simulated Zalo lives and whom it calls."""
    from bot import demo
    from simulator import SimulatorConfig

    return SimulatorConfig(
        app_id=settings.zalo_app_id or "",
        app_secret=settings.secret("zalo_app_secret"),
        oa_secret_key=settings.secret("zalo_oa_secret_key"),
        webhook_url=f"{settings.base_url}/zalo/webhook",
        public_url=f"{settings.base_url}{demo.SIMULATOR_PATH}",
        state_file=settings.data_dir / "simulator.json",
        supervisor_url=demo.DASHBOARD_PATH,
        administrator_url=f"{demo.DASHBOARD_PATH}?as=administrator",
    )


def seed_cast(database: Database, settings: Settings) -> Iterator[str]:
    """The cast of the simulator, its accounts connected as a consent would do it, its web
    sites as those of their communes; lines say who is who."""
    from bot import demo
    from simulator import Simulator, seed_demo

    simulator = Simulator(simulator_config(settings))
    seed_demo(simulator)
    try:
        connect_demo_accounts(database, settings, simulator)
        yield from seat_demo_officials(database, settings, simulator)
        with database.writing() as session:
            lines = demo.open_sites(session, settings)
        yield from lines
        seed_demo_weeks(database, settings)
        seed_demo_desk(database, settings, simulator)
    finally:
        simulator.close()


def connect_demo_accounts(
    database: Database, settings: Settings, simulator: Simulator
) -> None:
    """Hand each simulated account's tokens to the bot, once."""
    from bot import demo
    from bot.clock import Clock

    now = Clock().now()
    for oa_id, account in simulator.state.accounts.items():
        with database.writing() as session:
            if demo.is_connected(session, oa_id):
                continue
            tokens = simulator.issue_tokens(oa_id)
            pair = (tokens.access_token, tokens.refresh_token)
            demo.connect(session, settings, oa_id, account.name, pair, now)


def seat_demo_officials(
    database: Database, settings: Settings, simulator: Simulator
) -> list[str]:
    """The officials among the cast; lines say who they are, and who may still join how."""
    from bot import demo

    now = demo.clock_of(settings).now()
    today = now.astimezone(settings.zone).date()
    lines = []
    for key, seat in demo.SEATS.items():
        person = simulator.state.people[key]
        contact = contact_of(simulator, key, now)
        name, phone = person.display_name, person.phone
        with database.writing() as session:
            code = demo.seat(session, seat, contact, name, phone, now, today)
        what = f"{name}, {seat.role} of {seat.unit_code}"
        lines.append(f"{what}: type {code} as {name} to join" if code else what)
    return lines


def contact_of(simulator: Simulator, key: str, now: datetime) -> Contact:
    """One of the cast as the account that he follows knows him."""
    from models import Contact

    known = next(
        one
        for one in simulator.state.relations.values()
        if one.person == key and one.follows
    )
    spoke = known.last_interaction
    return Contact(
        oa_id=known.oa_id,
        user_id=known.user_id,
        user_id_by_app=simulator.state.people[key].user_id_by_app,
        created_at=now,
        is_follower=True,
        last_interaction_at=(
            datetime.fromtimestamp(spoke / 1000, UTC) if spoke else None
        ),
    )


def seed_demo_desk(
    database: Database, settings: Settings, simulator: Simulator
) -> None:
    """What people reported and answered before; the cast's citizens are known by that."""
    import tomllib

    from bot import demo
    from bot.demo_desk import UNIT, Desk
    from bot.people.roster import people_of

    now = demo.clock_of(settings).now()
    text = (settings.content_dir / "demo.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    with database.writing() as session:
        clerks = people_of(session, UNIT, now.astimezone(settings.zone).date())
        if not clerks:
            return
        citizens = {
            key: _kept(session, contact_of(simulator, key, now))
            for key in {one["person"] for one in content["reports"]}
        }
        clerk = clerks[0].official
        Desk(session, settings.content_dir, citizens, clerk, now).fill(content)


def _kept(session: Session, contact: Contact) -> Contact:
    """The row of this contact, which may be there already."""
    from sqlmodel import select

    from models import Contact

    known = session.exec(
        select(Contact).where(
            Contact.oa_id == contact.oa_id, Contact.user_id == contact.user_id
        )
    ).one_or_none()
    if known is not None:
        return known
    session.add(contact)
    session.flush()
    return contact


def seed_demo_weeks(database: Database, settings: Settings) -> None:
    """What the communes did before, and an administrator beside the supervisor."""
    import tomllib

    from bot import demo
    from bot.demo_weeks import Past, clerks_of, live_through
    from bot.files import Files
    from bot.people import reentry

    now = demo.clock_of(settings).now()
    today = now.astimezone(settings.zone).date()
    texts = texts_of(settings)
    content = (settings.content_dir / "demo.toml").read_text(encoding="utf-8")
    with database.writing() as session:
        name = texts.render("role.administrator")
        reentry.administrator(session, name, now, today)
        supervisor = demo.supervisor(session)
        if supervisor is None:
            return
        names = tomllib.loads(content)["clerks"]
        clerks = dict(clerks_of(session, names, today - demo.SERVED_FOR, now))
        past = Past(
            session, Files(settings.data_dir), settings.zone, now, supervisor, clerks,
            sites=f"{settings.base_url}{demo.SIMULATOR_PATH}/sites",
            reason=texts.render("review.because_appeal"),
        )  # fmt: skip
        live_through(past)
