"""Which proof is to be looked at next, and who looks: a lease in its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select, update
from sqlmodel import Session, col

from bot.duties.proofs.looking import is_passing
from bot.duties.proofs.verdict import Finding
from models import Proof, ProofCheck, ProofState

# A page, its robots.txt, its picture: three fetches of 15 s and their pauses, thrice over.
LEASE = timedelta(minutes=3)
_LOOKED_AT_AGAIN = (ProofState.OK, ProofState.DOUBTFUL, ProofState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Claim:
    """Ours until ``until``. ``is_first``: it has to be judged, not only found again."""

    proof_id: int
    until: datetime
    state: ProofState
    is_first: bool

    def held(self, session: Session) -> Proof | None:
        """The row, locked, if it is still ours and nothing happened to it meanwhile."""
        return session.scalars(
            select(Proof)
            .where(
                col(Proof.id) == self.proof_id,
                col(Proof.check_lease_until) == self.until,
                col(Proof.state) == self.state,
            )
            .with_for_update()
        ).first()


def is_due(session: Session, now: datetime) -> bool:
    return session.scalars(_due(now)).first() is not None


def claim(session: Session, now: datetime) -> Claim | None:
    """Take the next one: what came in first, then what is to be looked at again."""
    chosen = _due(now).with_for_update(skip_locked=True).scalar_subquery()
    until = now + LEASE
    row = session.execute(
        update(Proof)
        .where(col(Proof.id) == chosen)
        .values(check_lease_until=until)
        .returning(col(Proof.id), col(Proof.state))
    ).first()
    if row is None:
        return None
    proof_id, state = row
    is_first = state == ProofState.RECEIVED or (
        state == ProofState.DOUBTFUL and is_unsettled(session, proof_id)
    )
    return Claim(proof_id, until, ProofState(state), is_first)


def is_unsettled(session: Session, proof_id: int) -> bool:
    """It waits in doubt because its page could not be reached: nothing was judged yet.

    (A whole check finds several things; a later look only whether the page is there.)
    """
    newest = newest_check(session, proof_id)
    is_doubtful = newest is not None and newest.verdict == ProofState.DOUBTFUL
    found = [Finding.from_json(one) for one in newest.findings] if newest else []
    return is_doubtful and any(map(is_passing, found)) and len(found) > 1


def newest_check(session: Session, proof_id: int) -> ProofCheck | None:
    return session.scalars(
        select(ProofCheck)
        .where(col(ProofCheck.proof_id) == proof_id)
        .order_by(col(ProofCheck.number).desc())
        .limit(1)
    ).first()


def _due(now: datetime) -> Select[int | None]:
    is_new = and_(
        col(Proof.state) == ProofState.RECEIVED,
        col(Proof.media_due_at).is_(None),  # nobody checks what is not here yet
    )
    # the state is hidden from the planner: the index over times is short, that over states
    # leads through all that was ever accepted
    is_again = and_(
        col(Proof.next_check_at).is_not(None),
        col(Proof.next_check_at) <= now,
        func.coalesce(col(Proof.state), "").in_(_LOOKED_AT_AGAIN),
    )
    is_free = or_(
        col(Proof.check_lease_until).is_(None), col(Proof.check_lease_until) <= now
    )
    return (
        select(col(Proof.id))
        .where(or_(is_new, is_again), is_free)
        .order_by(~is_new, col(Proof.id))
        .limit(1)
    )
