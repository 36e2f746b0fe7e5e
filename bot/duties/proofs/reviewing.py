"""Supervisors decide about proofs: one at a time, never two about the same.

Guarantees:

* what somebody has on his screen is claimed for ``CLAIM_FOR``; others see by whom;
* a decision holds only if the proof is still in the state it was shown in
  (``NotOpenError`` otherwise): who was slower changes nothing;
* only who may supervise the unit decides (``officials.may``, asked here), every decision
  is audited, and in a closed period it needs a reason and makes the next version;
* what counts already and has disappeared since waits here too, and counts until somebody
  has decided;
* the last decision can be undone for ``UNDO_FOR``, as long as nothing followed it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, update
from sqlmodel import Session, col

from bot.duties import closing, exemptions
from bot.duties.exemptions import NotOpenError
from bot.duties.periods import parse_period
from bot.duties.proofs.verdict import DISAPPEARED
from bot.people import audit, care, officials
from models import Exemption, ExemptionState, Official, Proof, ProofState, Role

CLAIM_FOR = timedelta(minutes=5)  # to open the page, look, and come back
UNDO_FOR = timedelta(minutes=10)
MOST_WAITING = 200  # more than anybody decides in one sitting
CHECKED = (ProofState.OK, ProofState.DOUBTFUL)
_SETTLED = (ProofState.ACCEPTED, ProofState.REJECTED, ProofState.FAILED)


class NotAllowedError(ValueError):
    """He does not supervise this unit (any more)."""


class ReasonNeededError(ValueError):
    """A rejection, and whatever changes a closed period, says why."""


def waiting(session: Session, official: Official, now: datetime) -> list[Proof]:
    """What he may decide about, the oldest first; claimed ones of others included."""
    open_ones = is_open()
    units = session.scalars(select(col(Proof.unit_code)).where(open_ones).distinct())
    mine = _supervised(session, official, units.all(), now)
    rows = session.scalars(
        select(Proof)
        .where(open_ones, col(Proof.unit_code).in_(mine))
        .order_by(col(Proof.id))
        .limit(MOST_WAITING)
    )
    return list(rows)


def waiting_exemptions(
    session: Session, official: Official, now: datetime
) -> list[Exemption]:
    """What he may grant or refuse, the oldest first."""
    units = session.scalars(
        select(col(Exemption.unit_code))
        .where(col(Exemption.state) == ExemptionState.ASKED)
        .distinct()
    ).all()
    mine = _supervised(session, official, units, now)
    return list(exemptions.asked_for(session, sorted(mine)))


def count_waiting(session: Session, official: Official, now: datetime) -> int:
    """Proofs and requests that wait for him; at most ``MOST_WAITING`` proofs are counted."""
    if not officials.may(session, official, Role.SUPERVISOR, None, now.date()):
        return 0
    proofs = waiting(session, official, now)
    return len(proofs) + len(waiting_exemptions(session, official, now))


def is_taken(proof: Proof, official: Official, now: datetime) -> bool:
    """Somebody else has it on his screen."""
    until = proof.review_until
    return until is not None and until > now and proof.review_by_id != official.id


def claim(session: Session, proof: Proof, official: Official, now: datetime) -> bool:
    """Take it on his screen; False when somebody else has it, or it is decided."""
    claimed = session.execute(
        update(Proof)
        .where(
            col(Proof.id) == proof.id,
            is_open(),
            _not_taken(official, now),
        )
        .values(review_by_id=official.id, review_until=now + CLAIM_FOR)
        .returning(col(Proof.id))
    ).first()
    session.refresh(proof)
    return claimed is not None


def release(session: Session, official: Official) -> None:
    """Nothing is on his screen any more."""
    session.execute(
        update(Proof)
        .where(col(Proof.review_by_id) == official.id, col(Proof.review_until).is_not(None))
        .values(review_until=None)
    )  # fmt: skip


def accept(
    session: Session,
    proof: Proof,
    shown: ProofState,
    official: Official,
    now: datetime,
    reason: str = "",
) -> None:
    """``reason`` is needed where the period is closed, and not kept otherwise."""
    _decide(session, proof, shown, ProofState.ACCEPTED, official, now, reason)


def reject(
    session: Session,
    proof: Proof,
    shown: ProofState,
    official: Official,
    now: datetime,
    reason: str,
) -> None:
    """``reason`` are words that the sender will read."""
    _decide(session, proof, shown, ProofState.REJECTED, official, now, reason)


def reconsider(
    session: Session,
    proof: Proof,
    shown: ProofState,
    verdict: ProofState,
    official: Official,
    now: datetime,
    reason: str,
) -> None:
    """Overrule what was decided before, by a rule, a check or a person; ``reason`` is
    always needed. ``verdict`` is ACCEPTED or REJECTED."""
    if not reason.strip():
        raise ReasonNeededError(f"proof {proof.id}")
    settled = col(Proof.state).in_(_SETTLED)
    _decide(session, proof, shown, verdict, official, now, reason, settled)


def needs_reason(session: Session, proof: Proof) -> bool:
    """Also to accept it: its period is closed."""
    return closing.is_closed(session, parse_period(proof.period))


def undo(
    session: Session, official: Official, now: datetime, reason: str
) -> Proof | None:
    """Take his last decision back; None when there is none of the last ten minutes.

    ``reason`` is kept where the period is closed.
    """
    proof = session.scalars(
        select(Proof)
        .where(
            col(Proof.decided_by) == official.pseudonym,
            col(Proof.decided_at) > now - UNDO_FOR,
            col(Proof.decided_from).is_not(None),
        )
        .order_by(col(Proof.decided_at).desc(), col(Proof.id).desc())
        .limit(1)
    ).first()
    if proof is None:
        return None
    before = ProofState(proof.decided_from or ProofState.DOUBTFUL)
    # a flagged one counts on, by his word until somebody decides again
    was_flagged = before == ProofState.ACCEPTED
    changed = session.execute(
        update(Proof)
        .where(col(Proof.id) == proof.id, col(Proof.state) == proof.state)
        .values(
            state=before,
            reason=DISAPPEARED if was_flagged else "",
            decided_at=now if was_flagged else None,
            decided_by=official.pseudonym if was_flagged else None,
            decided_from=None,
        )
        .returning(col(Proof.id))
    ).first()
    session.refresh(proof)
    if changed is None:
        return None
    _note(session, "proof.decision_undone", proof, official, now)
    closing.revise(session, parse_period(proof.period), reason, official.pseudonym, now)
    return proof


# --- how it is done -----------------------------------------------------------------------


def _decide(
    session: Session,
    proof: Proof,
    shown: ProofState,
    verdict: ProofState,
    official: Official,
    now: datetime,
    reason: str,
    eligible: ColumnElement[bool] | None = None,
) -> None:
    """``eligible``: which rows may be decided; those that wait, unless said otherwise."""
    reason = reason.strip()
    if not officials.may(
        session, official, Role.SUPERVISOR, proof.unit_code, now.date()
    ):
        raise NotAllowedError(f"proof {proof.id}")
    is_closed = needs_reason(session, proof)
    if not reason and (is_closed or verdict == ProofState.REJECTED):
        raise ReasonNeededError(f"proof {proof.id}")
    decided = session.execute(
        update(Proof)
        .where(
            col(Proof.id) == proof.id,
            col(Proof.state) == shown,
            is_open() if eligible is None else eligible,
            _not_taken(official, now),
        )
        .values(
            state=verdict,
            reason=reason if verdict == ProofState.REJECTED else "",
            decided_at=now,
            decided_by=official.pseudonym,
            decided_from=shown,
            review_until=None,
        )
        .returning(col(Proof.id))
    ).first()  # fmt: skip
    session.refresh(proof)
    if decided is None:
        raise NotOpenError(f"proof {proof.id} is {proof.state}")
    _note(session, f"proof.{verdict.value}", proof, official, now)
    if is_closed:
        closing.revise(
            session, parse_period(proof.period), reason, official.pseudonym, now
        )


def is_open() -> ColumnElement[bool]:
    """SQL: a supervisor may decide: checked and not decided, or flagged since."""
    # the flag is written out and the state hidden, so that the index over the few flagged
    # ones is taken, not the one over all that was ever accepted
    flag: ColumnElement[str] = literal_column(f"'{DISAPPEARED}'")
    state = func.coalesce(col(Proof.state), "")
    is_flagged = and_(col(Proof.reason) == flag, state == ProofState.ACCEPTED)
    return or_(col(Proof.state).in_(CHECKED), is_flagged)


def _not_taken(official: Official, now: datetime) -> ColumnElement[bool]:
    """SQL: not on somebody else's screen."""
    return or_(
        col(Proof.review_until).is_(None),
        col(Proof.review_until) <= now,
        col(Proof.review_by_id) == official.id,
    )


def _supervised(
    session: Session, official: Official, unit_codes: Sequence[str], now: datetime
) -> Collection[str]:
    """Those of the units he supervises; ended ones through their heirs."""
    if not unit_codes:
        return set()
    seen = care.units_seen(session, official, Role.SUPERVISOR, now.date())
    return seen.intersection(unit_codes)


def _note(
    session: Session, action: str, proof: Proof, official: Official, now: datetime
) -> None:
    detail = {
        "unit": proof.unit_code,
        "duty": proof.duty_id,
        "period": proof.period,
        "state": ProofState(proof.state).value,
    }
    audit.record(session, official.pseudonym, action, f"proof:{proof.id}", detail, now)
