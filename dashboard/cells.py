"""One square of the table: its proofs, what was seen, and the decisions about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response

from bot.conversation import decisions
from bot.duties import closing, deciding
from bot.duties.periods import BadPeriodError, Period, parse_period
from bot.duties.table import wording
from bot.duties.table.cells import Cell
from bot.duties.table.grid import Column
from bot.duties.table.table import NoPlanError, TableDuty, closed_table, live_table
from bot.people import officials, units
from dashboard.office import Visitor, office, visitor
from dashboard.proof_view import (
    REASONS_AGAINST_EXEMPTION,
    REASONS_TO_ACCEPT,
    REASONS_TO_REJECT,
    ProofShown,
    Step,
    history,
    proof_shown,
)
from dashboard.saying import done, said, undecided
from models import (
    AdminUnit,
    Exemption,
    Official,
    PeriodVersion,
    Proof,
    Role,
)

cells = Blueprint("cells", __name__)


@dataclass(frozen=True, slots=True)
class CellPage:
    """Exactly what the template uses."""

    unit: AdminUnit
    duty_id: str
    duty: str
    period: Period
    cells: tuple[tuple[Cell, str, str], ...]  # with its text and its channel
    proofs: tuple[ProofShown, ...]
    exemptions: tuple[Exemption, ...]
    versions: tuple[PeriodVersion, ...]
    steps: tuple[Step, ...]
    is_closed: bool
    supervises: bool
    reasons_to_reject: tuple[str, ...]
    reasons_to_accept: tuple[str, ...]
    reasons_against: tuple[str, ...]

    @property
    def open_exemption(self) -> Exemption | None:
        found = (one for one in self.exemptions if deciding.is_open(one))
        return next(found, None)


@cells.get("/cells/<period>/<unit_code>/<duty_id>")
def show(period: str, unit_code: str, duty_id: str) -> str:
    him = visitor()
    with office().database.reading() as session:
        page = _page(session, him, _period(period), unit_code, duty_id)
    return render_template("dashboard/cell.html", page=page)


@cells.post("/cells/<period>/<unit_code>/<duty_id>/exempt")
def exempt(period: str, unit_code: str, duty_id: str) -> Response:
    back = url_for(".show", period=period, unit_code=unit_code, duty_id=duty_id)
    him = visitor()
    with undecided(), office().database.writing() as session:
        made = deciding.exempt(
            session,
            unit_code=unit_code,
            duty_id=duty_id,
            period_key=_period(period).key,
            official=session.get_one(Official, him.official.id),
            reason=said(),
            now=him.now,
        )
        decisions.tell(session, office().texts, made, decisions.ACCEPTED, him.now)
        done("exempted")
    return redirect(back)


@cells.post("/week/exempt")
def exempt_many() -> Response:
    """The squares that were ticked in the table, with one reason."""
    him = visitor()
    given = [one.split("|") for one in request.form.getlist("cell")]
    period = _period(request.form.get("period", ""))
    back = redirect(url_for("dashboard.week.show", period=period.key))
    places = sorted({(one[0], one[1]) for one in given if len(one) == 2})
    if not places:
        flash("none_chosen", "warning")
        return back
    with undecided(), office().database.writing() as session:
        official = session.get_one(Official, him.official.id)
        for unit_code, duty_id in places:
            made = deciding.exempt(
                session,
                unit_code=unit_code,
                duty_id=duty_id,
                period_key=period.key,
                official=official,
                reason=said(),
                now=him.now,
            )
            decisions.tell(session, office().texts, made, decisions.ACCEPTED, him.now)
        done("exempted")
    return back


@cells.post("/exemptions/<int:exemption_id>/decide")
def decide_exemption(exemption_id: int) -> Response:
    """What a unit asked for: granted, refused, or taken back later."""
    him = visitor()
    verdict = request.form.get("verdict")
    with office().database.reading() as session:
        place = _place(session.get_one(Exemption, exemption_id))
    with undecided(), office().database.writing() as session:
        exemption = session.get_one(Exemption, exemption_id)
        official = session.get_one(Official, him.official.id)
        match verdict:
            case "grant":
                deciding.grant(session, exemption, official, him.now)
                outcome = decisions.ACCEPTED
            case "refuse":
                deciding.refuse(session, exemption, official, him.now, said())
                outcome = decisions.REJECTED
            case "end":
                deciding.end(session, exemption, official, him.now, said())
                outcome = decisions.REJECTED
            case _:
                abort(400)
        decisions.tell(session, office().texts, exemption, outcome, him.now)
        done(f"exemption_{verdict}")
    if request.form.get("back") == "review":
        return redirect(url_for("dashboard.review.show"))
    return redirect(url_for(".show", **place))


@cells.post("/periods/<period>/close")
def close(period: str) -> Response:
    """The table of the period is frozen for everybody."""
    him = visitor()
    closing_one = _period(period)
    with office().database.writing() as session:
        try:
            closing.close(session, closing_one, him.official.pseudonym, him.now)
        except (closing.NotOverError, NoPlanError):
            flash("not_over", "warning")
        else:
            done("closed")
    return redirect(url_for("dashboard.week.show", period=closing_one.key))


# --- the page ----------------------------------------------------------------------------------


def _page(
    session: Session, him: Visitor, period: Period, unit_code: str, duty_id: str
) -> CellPage:
    unit = units.by_code(session, unit_code)
    if unit is None:
        abort(404)
    duty, found = _cells(session, him, period, unit_code, duty_id)
    place = (col(Proof.unit_code) == unit_code, col(Proof.duty_id) == duty_id)
    proofs = session.scalars(
        select(Proof)
        .where(*place, col(Proof.period) == period.key)
        .order_by(col(Proof.id).desc())
    ).all()
    exempted = session.scalars(
        select(Exemption)
        .where(
            col(Exemption.unit_code) == unit_code,
            col(Exemption.duty_id) == duty_id,
            col(Exemption.period) == period.key,
        )
        .order_by(col(Exemption.id).desc())
    ).all()
    versions = session.scalars(
        select(PeriodVersion)
        .where(col(PeriodVersion.period) == period.key)
        .order_by(col(PeriodVersion.version))
    ).all()
    words = office().texts
    return CellPage(
        unit=unit,
        duty_id=duty_id,
        duty=wording.duty_name(duty),
        period=period,
        cells=tuple(
            (
                one,
                wording.cell_text(words, one, duty),
                wording.column_name(words, Column(duty, one.channel)),
            )
            for one in found
        ),
        proofs=tuple(proof_shown(session, one, him) for one in proofs),
        exemptions=tuple(exempted),
        versions=tuple(versions),
        steps=history(session, [f"exemption:{one.id}" for one in exempted]),
        is_closed=bool(versions),
        supervises=officials.may(
            session, him.official, Role.SUPERVISOR, unit_code, him.today
        ),
        reasons_to_reject=reasons(REASONS_TO_REJECT),
        reasons_to_accept=reasons(REASONS_TO_ACCEPT),
        reasons_against=reasons(REASONS_AGAINST_EXEMPTION),
    )


def reasons(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(office().texts.render(f"review.because_{key}") for key in keys)


def _cells(
    session: Session, him: Visitor, period: Period, unit_code: str, duty_id: str
) -> tuple[TableDuty, list[Cell]]:
    """As the table shows them: frozen ones of a closed period. 404 for a duty that this
    plan does not have."""
    try:
        frozen = closed_table(session, period)
        table = frozen or live_table(session, period, him.now, [unit_code])
    except NoPlanError:
        abort(404)
    found = [
        one
        for one in table.cells
        if (one.unit_code, one.duty_id) == (unit_code, duty_id)
    ]
    duty = next((one for one in table.duties if one.id == duty_id), None)
    if duty is None:
        abort(404)
    return duty, found


def _period(text: str) -> Period:
    try:
        return parse_period(text)
    except BadPeriodError:
        abort(404)


def _place(row: Proof | Exemption) -> dict[str, Any]:
    return {"period": row.period, "unit_code": row.unit_code, "duty_id": row.duty_id}
