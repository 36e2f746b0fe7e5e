"""What anybody may see: the front page, and the two health answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import segno
from flask import Blueprint, Response, jsonify, render_template
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.duties.periods import period_of
from bot.duties.table import overview
from bot.duties.table.overview import Choice
from bot.duties.table.table import NoPlanError, Totals
from bot.figures import WeekServed, weeks_served
from bot.health import readiness
from bot.settings import Settings
from models import Account, Cadence, Document, Procedure, ProcedureStatus

# Zalo's page of an account, where anybody may follow it.
FOLLOW = "https://zalo.me/{oa_id}"
MOST_CODES = 6  # QR pictures; more accounts than that are listed by their links
# What everybody sees is counted anew after this time, not at each visit.
COUNTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Followed:
    """One account; ``code`` is the picture of its QR, "" where only the link is shown."""

    name: str
    link: str
    code: str


@dataclass(frozen=True, slots=True)
class FrontPage:
    """Exactly what the template uses. ``served`` None: no question yet; ``compliance``
    None: nothing to show, or the authority does not publish it."""

    accounts: list[Followed]
    procedures: int
    index_only: int
    documents: int
    served: WeekServed | None
    compliance: Totals | None
    is_demo: bool


def create_public(
    database: Database,
    spool: Spool,
    clock: Clock,
    settings: Settings,
    *,
    is_demo: bool,
) -> Blueprint:
    public = Blueprint("public", __name__, template_folder="templates")
    known: dict[str, tuple[datetime, FrontPage]] = {}

    @public.get("/")
    def front_page() -> str:
        now = clock.now()
        counted_at, page = known.get("", (None, None))
        if (
            page is None
            or counted_at is None
            or not (timedelta() <= now - counted_at < COUNTED_FOR)
        ):
            with database.reading() as session:
                page = _front_page(session, settings, now, is_demo)
            known[""] = (now, page)
        return render_template("front.html", page=page)

    @public.get("/healthz")
    def healthz() -> Response:
        return jsonify(alive=True)

    @public.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = readiness(database, spool, clock)
        return jsonify(found.to_json()), 200 if found.is_ready else 503

    return public


def _front_page(
    session: Session, settings: Settings, now: datetime, is_demo: bool
) -> FrontPage:
    index_only = col(Procedure.status) == ProcedureStatus.INDEX_ONLY
    rows = session.scalars(select(Account).order_by(col(Account.name))).all()
    return FrontPage(
        accounts=[_followed(one, number) for number, one in enumerate(rows)],
        procedures=_count(session, Procedure, ~index_only),
        index_only=_count(session, Procedure, index_only),
        documents=session.scalar(select(func.count()).select_from(Document)) or 0,
        served=_served(session, now, settings),
        compliance=_compliance(session, now, settings),
        is_demo=is_demo,
    )


def _followed(account: Account, number: int) -> Followed:
    link = FOLLOW.format(oa_id=account.oa_id)
    code = ""
    if number < MOST_CODES:
        code = segno.make(link, error="m").svg_data_uri(scale=4, border=2)
    return Followed(account.name or account.oa_id, link, code)


def _served(session: Session, now: datetime, settings: Settings) -> WeekServed | None:
    """The newest week in which somebody asked something."""
    weeks = weeks_served(session, now, settings.zone, weeks=4)
    return next((week for week in reversed(weeks) if week.questions), None)


def _compliance(session: Session, now: datetime, settings: Settings) -> Totals | None:
    """Of all units together in the last whole week, if the authority publishes it."""
    if not settings.publish_compliance:
        return None
    local = now.astimezone(settings.zone)
    last = period_of(local.date(), Cadence.WEEKLY).previous
    try:
        found = overview.overview(session, last, local, Choice())
    except NoPlanError:
        return None
    return found.totals if found.totals.owed else None


def _count(session: Session, table: type, condition: object) -> int:
    statement = select(func.count()).select_from(table).where(condition)  # type: ignore[arg-type]
    return session.scalar(statement) or 0
