"""What waits for a supervisor: a proof, or an exemption that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from bot.conversation import naming
from bot.conversation.turn import Reply, Turn
from bot.duties import exemptions
from bot.duties.periods import parse_period
from bot.duties.proofs import reviewing
from bot.duties.proofs.verdict import Finding
from bot.people import officials, units
from handlers.proofs.places import duty_of, period_label, thing_label
from models import (
    Contact,
    Exemption,
    Official,
    Proof,
    ProofCheck,
    ProofState,
    Role,
)

PROOF, EXEMPTION = "proof:", "exemption:"
FINDINGS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Item:
    """One of the two."""

    proof: Proof | None = None
    exemption: Exemption | None = None

    @property
    def row(self) -> Proof | Exemption:
        row = self.proof or self.exemption
        if row is None:
            raise ValueError("an item is a proof or an exemption")
        return row

    @property
    def key(self) -> str:
        return f"{PROOF if self.proof else EXEMPTION}{self.row.id}"

    @property
    def sender_id(self) -> int | None:
        return self.proof.sent_by_id if self.proof else self.row_exemption.asked_by_id

    @property
    def row_exemption(self) -> Exemption:
        if self.exemption is None:
            raise ValueError("not an exemption")
        return self.exemption

    @property
    def is_flagged(self) -> bool:
        """It counts already, and its page is gone."""
        return self.proof is not None and self.proof.state == ProofState.ACCEPTED

    def needs_reason(self, turn: Turn) -> bool:
        """Also to accept it."""
        return self.proof is not None and reviewing.needs_reason(
            turn.session, self.proof
        )

    def settle(
        self, turn: Turn, official: Official, *, accepts: bool, shown: str, reason: str
    ) -> None:
        """``NotOpenError`` when somebody was quicker, ``NotAllowedError`` when he may not."""
        if self.proof is not None:
            decide = reviewing.accept if accepts else reviewing.reject
            state = ProofState(shown)
            decide(turn.session, self.proof, state, official, turn.local_now, reason)
            return
        asked = self.row_exemption
        if not officials.may(
            turn.session, official, Role.SUPERVISOR, asked.unit_code, turn.today
        ):
            raise reviewing.NotAllowedError(f"exemption {asked.id}")
        if accepts:
            exemptions.grant(turn.session, asked, official, turn.now)
        else:
            exemptions.refuse(turn.session, asked, official, reason, turn.now)


def waiting(turn: Turn, official: Official) -> list[Item]:
    """All that he may decide about, proofs first, each oldest first."""
    now = turn.local_now
    proofs = reviewing.waiting(turn.session, official, now)
    asked = reviewing.waiting_exemptions(turn.session, official, now)
    return [
        *(Item(proof=one) for one in proofs),
        *(Item(exemption=one) for one in asked),
    ]


def find(turn: Turn, official: Official, key: str) -> Item | None:
    """The item with this key if it still waits for him."""
    return next((one for one in waiting(turn, official) if one.key == key), None)


# --- how it reads ----------------------------------------------------------------------------


def line(turn: Turn, official: Official, item: Item) -> str:
    """One numbered line of the list."""
    params = about(turn, item)
    if item.exemption is not None:
        return turn.label("review.line_exemption", **params)
    taken = item.proof is not None and reviewing.is_taken(
        item.proof, official, turn.now
    )
    return turn.label("review.line_proof", is_taken=taken, **params)


def about(turn: Turn, item: Item) -> dict[str, Any]:
    """What every sentence about it needs."""
    row = item.row
    return {
        "number": row.id,
        "unit": units.name_of(turn.session, row.unit_code),
        "duty": duty_of(turn, row),
        "period": period_label(turn, parse_period(row.period)),
        "what": thing_label(turn, item.proof) if item.proof else "",
        "reason": row.reason,
    }


def details(turn: Turn, item: Item) -> dict[str, Any]:
    """All that is needed to decide."""
    sender = officials.name_of(turn.session, item.sender_id)
    params = about(turn, item) | {"sender": sender}
    if item.proof is None:
        return params | {"asked_at": item.row_exemption.asked_at.astimezone(turn.zone)}
    check = _last_check(turn, item.proof)
    return params | {
        "url": item.proof.url or "",
        "title": (check.page_title if check else "") or item.proof.title,
        "received_at": item.proof.received_at.astimezone(turn.zone),
        "published_on": item.proof.published_on,
        "replaces": item.proof.replaces_id,
        "seen": _seen(turn, check, item.proof),
        "is_flagged": item.is_flagged,
        "is_closed": item.needs_reason(turn),
    }


def taken_by(turn: Turn, item: Item) -> dict[str, Any]:
    by = item.proof.review_by_id if item.proof else None
    reviewer = turn.session.get(Official, by or 0)
    return about(turn, item) | {"name": reviewer.name if reviewer else ""}


def told(turn: Turn, item: Item, key: str) -> list[Reply]:
    """The same for who sent it, where he is reached best; nothing when that is nobody."""
    if item.sender_id is None:
        return []
    contact = officials.reachable_contact(turn.session, item.sender_id, turn.now)
    if contact is None and item.proof is not None:
        contact = turn.session.get(Contact, item.proof.contact_id or 0)
    if contact is None or contact.id == turn.contact.id:
        return []
    return [Reply(key, about(turn, item), remark=True, to=contact.id)]


def _last_check(turn: Turn, proof: Proof) -> ProofCheck | None:
    return turn.session.scalars(
        select(ProofCheck)
        .where(col(ProofCheck.proof_id) == proof.id)
        .order_by(col(ProofCheck.number).desc(), col(ProofCheck.id).desc())
        .limit(1)
    ).first()


def _seen(turn: Turn, check: ProofCheck | None, proof: Proof) -> list[str]:
    """What speaks against it, in words; of what has none the code of its reason."""
    found = [Finding.from_json(one) for one in check.findings] if check else []
    against = [one for one in found if not one.ok][:FINDINGS_SHOWN]
    said = [naming.finding_label(turn.session, turn.label, one) for one in against]
    if not said and proof.reason:  # the state is open, so this is a code
        return [turn.label(f"checks.{proof.reason}")]
    return said
