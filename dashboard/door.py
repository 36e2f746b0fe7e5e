"""In by a one-time link, out by a button. No passwords.

A link shows a page with one button: looking at it, as previews of links do, uses nothing up.
"""

from __future__ import annotations

import structlog
from flask import (
    Blueprint,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.wrappers import Response

from bot.people import logins
from bot.people.logins import LoginRefusal, Seated
from dashboard.guard import KEY
from dashboard.office import office, visitor

log = structlog.get_logger(__name__)

# Nobody has thirty links; a link has 256 bits, so this only keeps guessers from our log.
TRIES = parse("30 per minute")


def create_door() -> Blueprint:
    """Made anew for each application: each counts the tries at its own door."""
    limiter = FixedWindowRateLimiter(MemoryStorage())

    def count_tries() -> None:
        if "token" in (request.view_args or {}):
            address = request.remote_addr or ""
            if not limiter.hit(TRIES, request.method, address):
                abort(429)

    door = Blueprint("door", __name__)
    door.before_request(count_tries)
    door.get("/login")(knock)
    door.get("/login/<token>")(show)
    door.post("/login/<token>")(enter)
    door.post("/logout")(leave)
    return door


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
