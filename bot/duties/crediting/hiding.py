"""What is shown no more: flagged for a supervisor, and counted until he has decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.proofs.outcomes import flag
from models import FoundItem, Proof, ProofCheck, ProofState

GONE = "alive"  # the finding, with ``ok`` false, as of a page that does not answer


def credited_since(session: Session, origin: str, day: date) -> list[FoundItem]:
    """What an account was credited for from this day on."""
    return list(
        session.scalars(
            select(FoundItem).where(
                col(FoundItem.origin) == origin,
                col(FoundItem.published_on) >= day,
                col(FoundItem.proof_id).is_not(None),
            )
        )
    )


def compare(
    session: Session, items: Iterable[FoundItem], shown: Collection[str], now: datetime
) -> int:
    """Flag the credits whose item is not among the keys that are shown, unflag those where
    it is again; flags set. What was published again is the same credit: shown once is
    enough."""
    by_proof: dict[int, list[FoundItem]] = {}
    for found in items:
        by_proof.setdefault(found.proof_id or 0, []).append(found)
    flagged = 0
    for proof_id, copies in by_proof.items():
        was_shown = any(one.hidden_at is None for one in copies)
        for one in copies:
            is_hidden = one.source_key not in shown
            one.hidden_at = (one.hidden_at or now) if is_hidden else None
            session.add(one)
        is_shown = any(one.hidden_at is None for one in copies)
        proof = session.get(Proof, proof_id)
        if proof is not None and was_shown != is_shown:
            _note(session, proof, now, is_shown=is_shown)
            flag(session, proof, now, is_there=is_shown)
            flagged += not is_shown
    return flagged


def _note(session: Session, proof: Proof, now: datetime, *, is_shown: bool) -> None:
    verdict = ProofState.OK if is_shown else ProofState.DOUBTFUL
    session.add(
        ProofCheck(
            proof_id=proof.id or 0,
            number=proof.checks_done,
            checked_at=now,
            verdict=verdict,
            findings=[{"code": GONE, "ok": is_shown}],
            page_title=proof.title,
            told_at=now,  # nobody sent it
        )
    )
    proof.checks_done += 1
    session.add(proof)
