"""Messages by telephone number (ZNS, now ZBS): approved templates for officials whose window
is closed.

They go the way of every message, and are told apart by ``Outgoing.by_phone``. Zalo gives no
history of them: what proves that one arrived is its receipt, which names the row in its
tracking id. One of unknown outcome is never sent again, since it costs money and somebody
can be called instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update
from sqlmodel import Session

from bot.channel.inbound import InboundEvent
from bot.db import table_of
from models import MessageStatus, Official, OutboxMessage

if TYPE_CHECKING:
    from bot.channel.intake import Arrival

RECEIPT = "user_received_message"
_TRACKED = re.compile(r"m(\d{1,18})-([0-9a-f]{8})")
_UNPROVEN = (MessageStatus.SENDING, MessageStatus.SENT, MessageStatus.DEAD)


def number_from(written: str | None) -> str | None:
    """ "0912 345 678" and "+84912345678" as Zalo wants it: "84912345678"."""
    digits = re.sub(r"[\s.()-]", "", written or "").removeprefix("+")
    if digits.startswith("0"):
        digits = f"84{digits[1:]}"
    return digits if re.fullmatch(r"84\d{9,10}", digits) else None


def phone_of(session: Session, content: Mapping[str, Any]) -> str | None:
    """The number a stored row goes to; None of what does not go by phone."""
    by_phone = content.get("by_phone")
    official = session.get(Official, by_phone["official_id"]) if by_phone else None
    return number_from(official.phone) if official else None


def tracking_id(message_id: int, dedupe_key: str) -> str:
    """Of this row and no other, whatever database it stands in."""
    return f"m{message_id}-{_mark(dedupe_key)}"


def tracked_in(event: InboundEvent) -> str:
    """The tracking id of a receipt; "" of anything else."""
    return event.template.get("tracking_id", "") if event.name == RECEIPT else ""


def note_receipt(connection: Connection, arrival: Arrival) -> None:
    """The phone has it: proof, also of what nobody knew to be sent."""
    found = _TRACKED.fullmatch(arrival.tracking_id)
    if found is None:
        return
    rows = table_of(OutboxMessage)
    number = int(found[1])
    key = connection.execute(
        select(rows.c.dedupe_key).where(
            rows.c.id == number, rows.c.oa_id == arrival.oa_id
        )
    ).scalar()
    if key is None or _mark(key) != found[2]:
        return
    at: datetime = arrival.occurred_at
    connection.execute(
        update(rows)
        .where(rows.c.id == number, rows.c.status.in_(_UNPROVEN))
        .values(status=MessageStatus.DELIVERED, reason=None, delivered_at=at)
    )
    connection.execute(
        update(rows)
        .where(rows.c.id == number, rows.c.sent_at.is_(None))
        .values(sent_at=at, lease_until=None)
    )


def _mark(dedupe_key: str) -> str:
    return sha256(dedupe_key.encode()).hexdigest()[:8]
