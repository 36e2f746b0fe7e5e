"""Undo: an official says that a credit is none, a supervisor may give it back.

The row stays with its ``source_key``, so the item is not found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from bot.duties import closing
from bot.duties.periods import parse_period
from bot.duties.proofs.submitting import CORRECTABLE_FOR
from bot.duties.proofs.verdict import BY_RULE
from bot.people import audit, officials
from models import Official, Proof, ProofSource, ProofState, Role

_FOUND = (ProofSource.OWN_OA, ProofSource.FEED)


def refusable(session: Session, official: Official, now: datetime) -> Sequence[Proof]:
    """What was credited to his units by rule lately, the newest first."""
    return _of_units(
        session,
        official,
        Role.OFFICIAL,
        now,
        col(Proof.state) == ProofState.ACCEPTED,
        col(Proof.decided_by) == BY_RULE,
        col(Proof.received_at) > now - CORRECTABLE_FOR,
    )


def restorable(session: Session, official: Official, now: datetime) -> Sequence[Proof]:
    """What officials of the units he supervises refused, the newest first."""
    return _of_units(
        session,
        official,
        Role.SUPERVISOR,
        now,
        col(Proof.state) == ProofState.WITHDRAWN,
    )


def is_open(session: Session, proof: Proof) -> bool:
    """A closed period is for supervisors, with a reason: ``closing.revise``."""
    return not closing.is_closed(session, parse_period(proof.period))


def refuse(session: Session, proof: Proof, official: Official, now: datetime) -> bool:
    """Take the credit away; False when a supervisor has decided meanwhile."""
    taken = _change(
        session,
        proof,
        (col(Proof.state) == ProofState.ACCEPTED) & (col(Proof.decided_by) == BY_RULE),
        ProofState.WITHDRAWN,
        official,
        now,
    )
    if taken:
        _note(session, "credit.refused", proof, official, now)
    return taken


def restore(session: Session, proof: Proof, official: Official, now: datetime) -> bool:
    """Give a refused credit back; it then counts by the supervisor's word."""
    given = _change(
        session,
        proof,
        col(Proof.state) == ProofState.WITHDRAWN,
        ProofState.ACCEPTED,
        official,
        now,
    )
    if given:
        _note(session, "credit.restored", proof, official, now)
    return given


def _of_units(
    session: Session,
    official: Official,
    role: Role,
    now: datetime,
    *conditions: ColumnElement[bool],
) -> Sequence[Proof]:
    cared_for = officials.units_in_care(session, official, role, now.date())
    return session.scalars(
        select(Proof)
        .where(
            col(Proof.unit_code).in_([unit.code for unit in cared_for]),
            col(Proof.source).in_(_FOUND),
            *conditions,
        )
        .order_by(col(Proof.id).desc())
    ).all()


def _change(
    session: Session,
    proof: Proof,
    condition: ColumnElement[bool],
    state: ProofState,
    official: Official,
    now: datetime,
) -> bool:
    changed = session.execute(
        update(Proof)
        .where(col(Proof.id) == proof.id, condition)
        .values(
            state=state,
            reason="",
            decided_at=now,
            decided_by=official.pseudonym,
            next_check_at=None,
        )
        .returning(col(Proof.id))
    ).first()
    session.refresh(proof)
    return changed is not None


def _note(
    session: Session, action: str, proof: Proof, official: Official, now: datetime
) -> None:
    detail = {
        "unit": proof.unit_code,
        "duty": proof.duty_id,
        "channel": proof.channel,
        "period": proof.period,
    }
    subject = f"proof:{proof.id}"
    audit.record(session, official.pseudonym, action, subject, detail, now)
