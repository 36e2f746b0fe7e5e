"""A supervisor's verdict on one proof, from whichever page it comes."""

from __future__ import annotations

from flask import abort, request
from sqlmodel import Session

from bot.conversation import decisions
from bot.duties.proofs import reviewing
from bot.duties.proofs.verdict import DISAPPEARED
from dashboard.office import Visitor, office
from dashboard.saying import said
from models import Official, Proof, ProofState

_VERDICTS = {
    "accept": (ProofState.ACCEPTED, decisions.ACCEPTED),
    "reject": (ProofState.REJECTED, decisions.REJECTED),
}


def verdict_given() -> str:
    """The button that was pressed; 400 for anything else."""
    given = request.form.get("verdict", "")
    return given if given in _VERDICTS else abort(400)


def state_given(text: str) -> ProofState:
    return ProofState(text) if text in set(ProofState) else abort(400)


def is_flagged(proof: Proof) -> bool:
    """Accepted, but its page is gone since: it waits again."""
    return proof.state == ProofState.ACCEPTED and proof.reason == DISAPPEARED


def decide(
    session: Session, proof: Proof, shown: ProofState, verdict: str, him: Visitor
) -> None:
    """What waits is decided; what was decided before is overruled, always with a reason.
    The sender hears it. Errors are those of ``reviewing``."""
    official = session.get_one(Official, him.official.id)
    state, outcome = _VERDICTS[verdict]
    if shown in reviewing.CHECKED or is_flagged(proof):
        work = reviewing.accept if verdict == "accept" else reviewing.reject
        work(session, proof, shown, official, him.now, said())
    else:
        reviewing.reconsider(session, proof, shown, state, official, him.now, said())
    decisions.tell(session, office().texts, proof, outcome, him.now)
