"""In by a one-time link, out by a button. No passwords.

A link shows a page with one button: looking at it, as previews of links do, uses nothing up.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, make_response, redirect, render_template, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from bot.people import logins
from bot.people.logins import LoginRefusal, Seated
from dashboard.guard import KEY
from dashboard.office import office, visitor

log = structlog.get_logger(__name__)

# Nobody has thirty links; a link has 256 bits, so this only keeps guessers from our log.
TRIES = "30 per minute"


def create_door() -> tuple[Blueprint, Limiter]:
    """Made anew for each application: the limiter counts for itself."""
    limiter = Limiter(get_remote_address, storage_uri="memory://")
    door = Blueprint("door", __name__)
    door.get("/login")(knock)
    door.get("/login/<token>")(limiter.limit(TRIES)(show))
    door.post("/login/<token>")(limiter.limit(TRIES)(enter))
    door.post("/logout")(leave)
    return door, limiter


def knock() -> str:
    """Where somebody without a session arrives: how to get in."""
    return render_template("dashboard/login.html", token=None, refusal=None)


def show(token: str) -> str:
    return render_template("dashboard/login.html", token=token, refusal=None)


def enter(token: str) -> Response:
    with office().database.writing() as opened:
        entered = logins.enter(opened, token, office().now)
    if isinstance(entered, LoginRefusal):
        log.info("login_refused", reason=entered.value)
        page = render_template("dashboard/login.html", token=None, refusal=entered)
        return make_response(page, 403)
    session.clear()  # nothing of before goes on: a new key, a new token of forms
    session[KEY] = entered.key
    return redirect(url_for("dashboard.week.show"))


def leave() -> Response:
    him = visitor()
    with office().database.writing() as opened:
        seat = Seated(him.official, him.session_id, him.now)
        logins.leave(opened, seat, him.now)
    session.clear()
    return redirect(url_for("dashboard.door.knock"))
