"""The demo's way into the dashboard without a phone; exists in the demo only."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from bot import demo
from bot.clock import Clock
from bot.db import Database
from bot.people import audit, logins, officials


def create_demo_door(database: Database, clock: Clock) -> Blueprint:
    door = Blueprint("demo_door", __name__)

    @door.get(demo.DASHBOARD_PATH)
    def open_it() -> Response:
        """A new one-time link for the supervisor, or for the administrator (``?as=``)."""
        now = clock.now()
        with database.writing() as session:
            if request.args.get("as") == "administrator":
                found = officials.administrators(session, now.date())
                person = found[0] if found else None
            else:
                person = demo.supervisor(session)
            if person is None:
                abort(404)
            token = logins.make_link(session, person, audit.OPERATOR, now)
        return redirect(url_for("dashboard.door.show", token=token))

    return door
