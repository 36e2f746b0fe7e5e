"""Who sent a proof, or asked for an exemption, hears what was decided, wherever it was."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.conversation import naming
from bot.conversation.announcing import announce
from bot.conversation.texts import Texts
from bot.conversation.turn import Reply
from bot.duties.periods import parse_period
from bot.people import officials, units
from models import Contact, Exemption, Lane, Proof

ACCEPTED, REJECTED, UNDONE = "accepted", "rejected", "undone"


def tell(
    session: Session, texts: Texts, row: Proof | Exemption, outcome: str, now: datetime
) -> int:
    """Where he is reached best; messages written, 0 where he is nowhere."""
    contact = _sender(session, row, now)
    if contact is None:
        return 0
    kind = "proof" if isinstance(row, Proof) else "exemption"
    text = (
        "review.told_undone" if outcome == UNDONE else f"review.told_{outcome}_{kind}"
    )
    params = {
        "number": row.id,
        "unit": units.name_of(session, row.unit_code),
        "duty": naming.duty_of(session, texts.label, row),
        "period": naming.period_label(texts.label, parse_period(row.period)),
        "what": naming.thing_label(texts.label, row) if isinstance(row, Proof) else "",
        "reason": row.reason,
    }
    return announce(
        session,
        texts,
        contact,
        f"decision:{kind}:{row.id}:{now.isoformat()}",
        [Reply(text, params, remark=True)],
        lane=Lane.REPLY,
        now=now,
    )


def _sender(session: Session, row: Proof | Exemption, now: datetime) -> Contact | None:
    sender = row.sent_by_id if isinstance(row, Proof) else row.asked_by_id
    if sender is None:
        return None
    contact = officials.reachable_contact(session, sender, now)
    if contact is None and isinstance(row, Proof):
        contact = session.get(Contact, row.contact_id or 0)
    return contact
