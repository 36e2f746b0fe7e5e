"""The web role: webhook, public page, health, dashboard."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

from bot import calendar, logs
from bot.settings import Settings, load_settings
from building.parts import (
    NEEDED_TO_SERVE,
    accounts_of,
    connecting_of,
    conversations_of,
    require_newest_if_reachable,
    spool_of,
    terms_of,
    texts_of,
)

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from bot.catalogue.catalogue import Catalogue
    from bot.channel.reception import Reception
    from bot.channel.spool import Spool
    from bot.clock import Clock
    from bot.db import Database
    from dashboard.office import Office


def create_app(
    settings: Settings | None = None,
    clock: Clock | None = None,
    catalogue: Catalogue | None = None,
) -> Flask:
    """The whole application; whoever takes it down closes what is in ``extensions``."""
    from flask import Flask

    from bot.channel.bell import Ringer, open_bell
    from bot.channel.reception import Reception
    from bot.channel.webhook import create_webhook
    from bot.clock import Clock
    from bot.db import WEB_PATIENCE_SECONDS, Database
    from bot.files import Files
    from dashboard.building import create_dashboard
    from dashboard.consent import create_consent
    from dashboard.pictures import create_pictures
    from dashboard.public import create_public

    settings = settings or load_settings()
    settings.require(*NEEDED_TO_SERVE)
    calendar.use(calendar.Calendar.load(settings.content_dir))
    clock = clock or Clock.of(settings.clock_file)
    database = Database(settings.database_url, patience=WEB_PATIENCE_SECONDS)
    require_newest_if_reachable(database)
    # no files of its own; Bootstrap-Flask derives the address of its files from this one
    app = Flask(__name__, static_folder=None, static_url_path="/static")
    spool = spool_of(settings)
    bell = open_bell(settings, database)
    reception = Reception(database, spool, Ringer(bell))
    app.extensions |= {"database": database, "reception": reception}
    terms_of(settings)  # pages plan campaigns too
    app.register_blueprint(create_webhook(settings, reception, clock))
    app.register_blueprint(
        create_public(database, spool, clock, settings, is_demo=clock.is_movable)
    )
    app.register_blueprint(create_pictures(database, Files(settings.data_dir)))
    app.register_blueprint(
        _metrics(app, settings, clock, database, spool, reception),
    )
    office = _office(settings, clock, database, spool, catalogue)
    app.register_blueprint(create_consent(office.connecting))
    create_dashboard(app, office, bell.ring)
    return app


def _metrics(
    app: Flask,
    settings: Settings,
    clock: Clock,
    database: Database,
    spool: Spool,
    reception: Reception,
) -> Blueprint:
    from bot.watching.metrics.registry import create_registry
    from dashboard.metrics import create_metrics
    from scheduler import JOBS

    registry = create_registry(
        app, database, reception, spool, clock, settings.data_dir,
        [job.name for job in JOBS],
    )  # fmt: skip
    secret = settings.metrics_token
    return create_metrics(registry, secret.get_secret_value() if secret else None)


def _office(
    settings: Settings,
    clock: Clock,
    database: Database,
    spool: Spool,
    catalogue: Catalogue | None,
) -> Office:
    from bot.account_list import ask_about
    from bot.conversation.preview import Preview
    from bot.files import Files
    from dashboard.office import Office
    from scheduler import JOBS
    from scheduler.listing import job_lines

    connecting = connecting_of(database, clock, settings)
    return Office(
        database, clock, settings,
        texts=texts_of(settings),
        spool=spool,
        files=Files(settings.data_dir),
        connecting=connecting,
        job_lines=lambda session, now: job_lines(session, JOBS, now, settings.zone),
        ask_zalo=partial(
            ask_about,
            accounts=accounts_of(database, clock, settings, connecting.client),
            client=connecting.client,
        ),
        preview=Preview(conversations_of(database, clock, settings, catalogue)),
        is_demo=clock.is_movable,
    )  # fmt: skip


def create_web_app() -> Flask:
    """The web role as the server loads it in its own process."""
    logs.set_up()
    app = create_app()
    gc.freeze()  # what the start made stays: looking through it was 5 % of an event
    return app
