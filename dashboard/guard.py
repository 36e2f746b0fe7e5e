"""Stands before every page of the dashboard: who is it, may he, did the form come from us.

Whatever is wrong ends here; a view behind it has a visitor and a checked form.
"""

from __future__ import annotations

from flask import Flask, Request, abort, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.people import logins, officials
from dashboard import access
from dashboard.access import Refusal, Scope
from dashboard.office import Visitor, office, roles_held
from models import Role

PREFIX = "/dashboard"
LARGEST_REQUEST = 8 * 1024 * 1024  # a picture or a sheet with its form
KEY = "key"  # of the session, in the signed cookie

csrf = CSRFProtect()


class Sessions(SecureCookieSessionInterface):
    """For pages only, as the path of the cookie says: events need not be asked for one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if is_ours(request.path) else None


def set_up(app: Flask) -> None:
    app.session_interface = Sessions()
    csrf.init_app(app)
    app.before_request(_check)


def _check() -> Response | None:
    if not is_ours(request.path) or request.endpoint is None:
        return None  # 404 is made elsewhere
    rule = access.TABLE.get(request.endpoint)
    if rule is None:
        abort(403)
    g.visitor = None
    if request.endpoint == "dashboard.static":
        return None
    if rule.scope != Scope.PUBLIC:
        with office().database.reading() as opened:
            office().texts.look(opened)
            found = _who(opened)
            if found is None:
                session.clear()
                return redirect(url_for("dashboard.door.knock"))
            g.visitor = found
            refused = access.refusal(opened, found, rule, request.view_args or {})
        if refused is not None:
            abort(404 if refused == Refusal.NOT_THERE else 403)
    request.max_content_length = LARGEST_REQUEST
    csrf.protect()
    return None


def is_ours(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _who(opened: Session) -> Visitor | None:
    key = session.get(KEY)
    now = office().now
    seat = logins.seated(opened, key, now) if isinstance(key, str) else None
    if seat is None:
        return None
    if seat.seen_at <= now - logins.SEEN_EVERY:
        with office().database.writing() as writing:
            logins.touch(writing, seat.session_id, now)
    served = officials.memberships(opened, seat.official.id or 0, now.date())
    roles = roles_held([Role(one.role) for one in served])
    if not roles:
        return None
    return Visitor(seat.official, seat.session_id, roles, now)
