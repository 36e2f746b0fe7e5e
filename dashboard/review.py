"""The queue: one proof after the other, with the keyboard, beside what it repeats.

Looking at a proof claims nothing; "next" does (a POST), so two supervisors who press it get
two different ones. Whoever decides is led to the next one at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.conversation import decisions, naming
from bot.duties.periods import parse_period
from bot.duties.proofs import reviewing
from bot.people import officials, units
from dashboard.cells import reasons
from dashboard.deciding import decide as decide_one
from dashboard.deciding import state_given, verdict_given
from dashboard.office import Visitor, office, visitor
from dashboard.proof_view import (
    REASONS_AGAINST_EXEMPTION,
    REASONS_TO_ACCEPT,
    REASONS_TO_REJECT,
    ProofShown,
    proof_shown,
)
from dashboard.saying import done, undecided
from models import Exemption, Official, Proof, ProofState, Role

review = Blueprint("review", __name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the list. ``against``: how many findings speak against it."""

    id: int
    state: ProofState
    unit: str
    duty: str
    period: str
    what: str
    title: str
    received_at: object
    is_taken: bool


@dataclass(frozen=True, slots=True)
class AskedFor:
    id: int
    unit: str
    duty: str
    period: str
    reason: str
    sender: str
    asked_at: object


@review.get("/review")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        proofs = reviewing.waiting(session, him.official, him.now)
        asked = reviewing.waiting_exemptions(session, him.official, him.now)
        return render_template(
            "dashboard/review.html",
            waiting=[_waiting(session, one, him) for one in proofs],
            asked=[_asked(session, one) for one in asked],
            most=reviewing.MOST_WAITING,
            reasons_to_reject=reasons(REASONS_TO_REJECT),
            reasons_against=reasons(REASONS_AGAINST_EXEMPTION),
        )


@review.post("/review/next")
def take_next() -> Response:
    """The oldest that is on nobody's screen, after the one that was put off."""
    later = request.form.get("later", 0, type=int)
    with office().database.writing() as session:
        number = _claim_next(session, visitor(), later)
    if number is None:
        flash("nothing_left", "good")
        return redirect(url_for(".show"))
    return redirect(url_for(".item", proof_id=number))


@review.get("/review/<int:proof_id>")
def item(proof_id: int) -> str:
    him = visitor()
    with office().database.reading() as session:
        proof = session.get_one(Proof, proof_id)
        page = proof_shown(session, proof, him, with_snapshot=True)
        left = len(reviewing.waiting(session, him.official, him.now))
        return render_template(
            "dashboard/review_item.html",
            proof=page,
            beside=beside(session, page.used_before, him),
            left=left,
            reasons_to_reject=reasons(REASONS_TO_REJECT),
            reasons_to_accept=reasons(REASONS_TO_ACCEPT),
        )


@review.post("/review/<int:proof_id>")
def decide(proof_id: int) -> Response:
    """Decide, and go on to the next one."""
    verdict, shown = verdict_given(), state_given(request.form.get("shown", ""))
    is_decided = False
    with undecided(), office().database.writing() as session:
        proof = session.get_one(Proof, proof_id)
        decide_one(session, proof, shown, verdict, visitor())
        is_decided = True
    if not is_decided:
        return redirect(url_for(".item", proof_id=proof_id))
    done(f"{verdict}ed_undo")
    return take_next()


@review.post("/review/undo")
def undo() -> Response:
    """The last decision of the last ten minutes is open again, and on the screen."""
    him = visitor()
    with office().database.writing() as session:
        official = session.get_one(Official, him.official.id)
        reason = office().texts.render("review.undone_reason")
        proof = reviewing.undo(session, official, him.now, reason)
        if proof is not None:
            decisions.tell(session, office().texts, proof, decisions.UNDONE, him.now)
            reviewing.claim(session, proof, official, him.now)
    if proof is None:
        flash("nothing_to_undo", "warning")
        return redirect(url_for(".show"))
    done("undone")
    return redirect(url_for(".item", proof_id=proof.id))


def beside(session: Session, proof_id: int | None, him: Visitor) -> ProofShown | None:
    """The earlier proof that shows the same; of a unit that he does not look after he
    sees nothing but that it exists."""
    proof = session.get(Proof, proof_id or 0)
    if proof is None or not officials.may(
        session, him.official, Role.OFFICIAL, proof.unit_code, him.today
    ):
        return None
    return proof_shown(session, proof, him, with_snapshot=True)


def _claim_next(session: Session, him: Visitor, later: int) -> int | None:
    official = session.get_one(Official, him.official.id)
    reviewing.release(session, official)
    waiting = reviewing.waiting(session, official, him.now)
    after = [one for one in waiting if (one.id or 0) > later]
    before = [one for one in waiting if (one.id or 0) <= later and one.id != later]
    for proof in (*after, *before):
        if reviewing.claim(session, proof, official, him.now):
            return proof.id
    return None


def _waiting(session: Session, proof: Proof, him: Visitor) -> Waiting:
    label = office().texts.label
    return Waiting(
        id=proof.id or 0,
        state=ProofState(proof.state),
        unit=units.name_of(session, proof.unit_code),
        duty=naming.duty_of(session, label, proof),
        period=naming.period_label(label, parse_period(proof.period)),
        what=naming.thing_label(label, proof),
        title=proof.title,
        received_at=proof.received_at,
        is_taken=reviewing.is_taken(proof, him.official, him.now),
    )


def _asked(session: Session, exemption: Exemption) -> AskedFor:
    label = office().texts.label
    return AskedFor(
        id=exemption.id or 0,
        unit=units.name_of(session, exemption.unit_code),
        duty=naming.duty_of(session, label, exemption),
        period=naming.period_label(label, parse_period(exemption.period)),
        reason=exemption.reason,
        sender=officials.name_of(session, exemption.asked_by_id),
        asked_at=exemption.asked_at,
    )
