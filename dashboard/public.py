"""What anybody may see: the front page, and the two health answers."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, render_template
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.health import readiness
from models import Account, Document, Procedure, ProcedureStatus


@dataclass(frozen=True, slots=True)
class FrontPage:
    """Exactly what the template uses."""

    account_names: list[str]
    procedures: int
    index_only: int
    documents: int
    is_demo: bool


def create_public(
    database: Database, spool: Spool, clock: Clock, *, is_demo: bool
) -> Blueprint:
    public = Blueprint("public", __name__, template_folder="templates")

    @public.get("/")
    def front_page() -> str:
        with database.reading() as session:
            return render_template("front.html", page=_front_page(session, is_demo))

    @public.get("/healthz")
    def healthz() -> Response:
        return jsonify(alive=True)

    @public.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = readiness(database, spool, clock)
        return jsonify(found.to_json()), 200 if found.is_ready else 503

    return public


def _front_page(session: Session, is_demo: bool) -> FrontPage:
    index_only = col(Procedure.status) == ProcedureStatus.INDEX_ONLY
    return FrontPage(
        account_names=list(session.scalars(select(col(Account.name)))),
        procedures=_count(session, Procedure, ~index_only),
        index_only=_count(session, Procedure, index_only),
        documents=session.scalar(select(func.count()).select_from(Document)) or 0,
        is_demo=is_demo,
    )


def _count(session: Session, table: type, condition: object) -> int:
    statement = select(func.count()).select_from(table).where(condition)  # type: ignore[arg-type]
    return session.scalar(statement) or 0
