"""The dashboard, put together and hung into the web role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template, request
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from bot.people.logins import SESSION_LIFE
from bot.settings import Settings
from dashboard import delivery, guard, plots, showing
from dashboard.accounts import accounts
from dashboard.articles import articles
from dashboard.campaigns import campaigns
from dashboard.cells import cells
from dashboard.content import content
from dashboard.conversations import conversations
from dashboard.door import create_door
from dashboard.feedback import feedback
from dashboard.figures import figures
from dashboard.guard import PREFIX, is_ours
from dashboard.imports import imports
from dashboard.office import NAME, Office
from dashboard.operations import operations
from dashboard.people import people
from dashboard.proofs import proofs
from dashboard.questions import questions
from dashboard.review import review
from dashboard.surveys import surveys
from dashboard.territory import territory
from dashboard.texts import texts
from dashboard.week import week

PARTS = (
    week,
    cells,
    proofs,
    review,
    people,
    territory,
    accounts,
    operations,
    conversations,
    questions,
    feedback,
    surveys,
    campaigns,
    articles,
    content,
    imports,
    texts,
    figures,
)
HERE = Path(__file__).resolve().parent
LARGEST_FORM = 4 * 1024 * 1024  # a list of officials; pages send nothing larger


def create_dashboard(app: Flask, office: Office, ring: Callable[[], None]) -> None:
    """Everything under ``/dashboard``; ``access.TABLE`` says who may open it. ``ring`` wakes
    the worker: what an official decides is often work for it."""
    app.extensions[NAME] = office
    _configure(app, office.settings)
    Bootstrap5(app)
    guard.set_up(app)
    whole = _blueprint(create_door())
    whole.after_request(partial(_ring_after_change, ring))
    app.register_blueprint(whole)
    delivery.set_up(app)
    showing.set_up(app)
    plots.set_up(app)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(SQLAlchemyError, _database_away)


def _ring_after_change(ring: Callable[[], None], response: Response) -> Response:
    if request.method == "POST" and response.status_code < 400:
        ring()
    return response


def _blueprint(door: Blueprint) -> Blueprint:
    """Made anew for each application: a blueprint that is registered takes no more parts."""
    whole = Blueprint(
        NAME,
        __name__,
        url_prefix=PREFIX,
        template_folder="templates",
        static_folder="static",
    )
    for part in (door, *PARTS):
        whole.register_blueprint(part)
    return whole


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret("secret_key"),
        SESSION_COOKIE_NAME="dashboard",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # Strict would drop it on the way from Zalo
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=SESSION_LIFE.total_seconds()),
        WTF_CSRF_CHECK_DEFAULT=False,  # the webhook has its signature; the guard asks
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        BOOTSTRAP_SERVE_LOCAL=True,
    )


def _failed(error: HTTPException) -> HTTPException | tuple[str, int]:
    """Within the dashboard a page that says what happened and what to do."""
    if not is_ours(request.path):
        return error
    code = error.code or 500
    reason = "form" if isinstance(error, CSRFError) else str(code)
    return render_template("dashboard/error.html", reason=reason), code


def _database_away(error: SQLAlchemyError) -> tuple[str, int]:
    if not is_ours(request.path):
        raise error
    delivery.log.error("database_unavailable", error=type(error).__name__)
    return render_template("dashboard/error.html", reason="503"), 503
