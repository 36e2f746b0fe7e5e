"""A proof comes in, is put elsewhere, is taken back: every step by whom, and audited.

The one who sent it may move or withdraw it until a supervisor has decided; what a rule
accepted is checked again after a move. A thing that a unit has shown already for the same
duty and period is not taken twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.duties.closing import is_closed
from bot.duties.periods import parse_period
from bot.duties.proofs.guessing import Candidate
from bot.duties.proofs.verdict import BY_RULE
from bot.duties.table.tallies import ALIVE
from bot.people import audit
from models import EvidenceKind, Official, Proof, ProofState

# Long enough to notice a mistake on Monday, short enough that a month's table stands still.
CORRECTABLE_FOR = timedelta(days=14)
# Media links of Zalo end after some time; who has not been fetched by then is lost.
MEDIA_PATIENCE = timedelta(minutes=30)
LONGEST_TITLE = 200
_UNDECIDED = (
    ProofState.RECEIVED,
    ProofState.OK,
    ProofState.DOUBTFUL,
    ProofState.FAILED,
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What was sent. ``url`` is a page to look at, ``media_url`` a file that Zalo keeps for
    a while; ``title`` its name or the words beside it."""

    kind: EvidenceKind
    url: str | None = None
    media_url: str | None = None
    title: str = ""
    numbers: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "url": self.url,
            "media_url": self.media_url,
            "title": self.title,
            "numbers": dict(self.numbers) if self.numbers is not None else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Thing:
        return cls(**{**stored, "kind": EvidenceKind(stored["kind"])})


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent it, from where, when."""

    official: Official
    contact_id: int | None
    sent_at: datetime


def submit(
    session: Session, place: Candidate, channel: str, thing: Thing, sender: Sender
) -> Proof:
    """Store a proof; its check begins at once, or as soon as its media are here."""
    waits = sender.sent_at if thing.media_url else None
    proof = Proof(
        plan_id=place.plan_id,
        duty_id=place.duty_id,
        unit_code=place.unit_code,
        channel=channel,
        period=place.period.key,
        kind=thing.kind,
        url=thing.url,
        media_url=thing.media_url,
        media_due_at=waits,
        title=thing.title[:LONGEST_TITLE],
        numbers=dict(thing.numbers) if thing.numbers is not None else None,
        received_at=sender.sent_at,
        sent_by_id=sender.official.id,
        contact_id=sender.contact_id,
        replaces_id=_rejected_before(session, place, channel),
    )
    session.add(proof)
    session.flush()
    _note(session, "proof.submitted", proof, sender.official, sender.sent_at)
    return proof


def same_link(session: Session, place: Candidate, thing: Thing) -> Proof | None:
    """This very link of this unit, sent before for this duty and period."""
    if thing.url is None:
        return None
    return session.scalars(
        select(Proof)
        .where(
            *_in_place(place),
            col(Proof.url) == thing.url,
            col(Proof.state).in_(ALIVE),
        )
        .limit(1)
    ).first()


def channel_for(place: Candidate, hinted: str | None) -> str:
    """The channel a proof names: the cell's own, else the one hinted at if it is one of
    the duty's, else the first of them."""
    if place.channel:
        return place.channel
    if hinted in place.channels:
        return hinted or ""
    return place.channels[0] if len(place.channels) == 1 else ""


# --- afterwards ---------------------------------------------------------------------------


def correctable(session: Session, official: Official, now: datetime) -> Sequence[Proof]:
    """What he sent and may still move or withdraw, the newest first."""
    return session.scalars(
        select(Proof)
        .where(
            col(Proof.sent_by_id) == official.id,
            col(Proof.received_at) > now - CORRECTABLE_FOR,
            _may_change(),
        )
        .order_by(col(Proof.id).desc())
    ).all()


def move(
    session: Session,
    proof: Proof,
    place: Candidate,
    channel: str,
    official: Official,
    now: datetime,
) -> bool:
    """Let it count elsewhere, to be checked anew; False when it may not be moved now."""
    before = {"from_unit": proof.unit_code, "from_duty": proof.duty_id,
              "from_period": proof.period, "from_channel": proof.channel}  # fmt: skip
    if not _change(
        session,
        proof,
        plan_id=place.plan_id,
        unit_code=place.unit_code,
        duty_id=place.duty_id,
        period=place.period.key,
        channel=channel,
        state=ProofState.RECEIVED,
        reason="",
        decided_at=None,
        decided_by=None,
        next_check_at=None,
        check_lease_until=None,
    ):
        return False
    _note(session, "proof.moved", proof, official, now, before)
    return True


def withdraw(session: Session, proof: Proof, official: Official, now: datetime) -> bool:
    """Take it back; False when it may not be withdrawn now. Its row stays, for the audit."""
    if not _change(
        session,
        proof,
        state=ProofState.WITHDRAWN,
        media_url=None,
        media_due_at=None,
        next_check_at=None,
    ):
        return False
    _note(session, "proof.withdrawn", proof, official, now)
    return True


def _change(session: Session, proof: Proof, **values: Any) -> bool:
    """Conditional on what the database holds: a supervisor may be deciding just now.

    What counts in a closed period is a supervisor's to change.
    """
    is_counted = proof.state == ProofState.ACCEPTED
    if is_counted and is_closed(session, parse_period(proof.period)):
        return False
    changed = session.execute(
        update(Proof)
        .where(col(Proof.id) == proof.id, _may_change())
        .values(**values)
        .returning(col(Proof.id))
    ).first()
    session.refresh(proof)
    return changed is not None


def _may_change() -> Any:
    by_rule = (col(Proof.state) == ProofState.ACCEPTED) & (
        col(Proof.decided_by) == BY_RULE
    )
    return col(Proof.state).in_(_UNDECIDED) | by_rule


def _in_place(place: Candidate) -> tuple[Any, ...]:
    return (
        col(Proof.unit_code) == place.unit_code,
        col(Proof.duty_id) == place.duty_id,
        col(Proof.period) == place.period.key,
    )


def _rejected_before(session: Session, place: Candidate, channel: str) -> int | None:
    """The rejected proof that this one makes up for: the newest nobody made up for yet."""
    made_up = select(col(Proof.replaces_id)).where(col(Proof.replaces_id).is_not(None))
    return session.scalars(
        select(col(Proof.id))
        .where(
            *_in_place(place),
            col(Proof.channel) == channel,
            col(Proof.state).in_([ProofState.REJECTED, ProofState.FAILED]),
            col(Proof.id).not_in(made_up),
        )
        .order_by(col(Proof.id).desc())
        .limit(1)
    ).first()


def _note(
    session: Session,
    action: str,
    proof: Proof,
    official: Official,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    detail = {
        "unit": proof.unit_code,
        "duty": proof.duty_id,
        "channel": proof.channel,
        "period": proof.period,
        "kind": EvidenceKind(proof.kind).value,
    }
    subject = f"proof:{proof.id}"
    audit.record(
        session, official.pseudonym, action, subject, detail | dict(more or {}), now
    )
