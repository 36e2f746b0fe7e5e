"""What becomes of one person of an audience. Pure.

The same rules decide when a list is shown and when somebody's turn comes; in between a
person may have written, opted out or blocked us, and only that makes the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.channel.window import Window, window_of
from models import WhenClosed


class Verdict(StrEnum):
    FREE = "free"
    PAID = "paid"
    CAPPED = "capped"  # had enough for now: leaves on a later day
    PARKED = "parked"  # Zalo's window is closed: leaves when he writes
    UNPAID = "unpaid"  # would cost money that nobody allowed: parked likewise
    CLOSED = "closed"  # the same two, in a campaign that parks nothing
    NOT_WANTED = "not_wanted"  # never said yes to such news, or said no since
    UNREACHABLE = "unreachable"  # blocked, not following, inactive
    DUPLICATE = "duplicate"  # the same person gets it through another account


LEAVES = (Verdict.FREE, Verdict.PAID, Verdict.CAPPED)
HELD = (Verdict.PARKED, Verdict.UNPAID)
LEFT_OUT = (
    Verdict.CLOSED,
    Verdict.NOT_WANTED,
    Verdict.UNREACHABLE,
    Verdict.DUPLICATE,
)
_RANK = {verdict: rank for rank, verdict in enumerate((*LEAVES, *HELD, *LEFT_OUT))}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one contact; ``person`` joins the contacts of one human being."""

    contact_id: int
    oa_id: str
    last_interaction_at: datetime | None
    is_follower: bool | None
    unreachable_reason: str | None
    person: str | None
    wants: bool
    is_capped: bool


def judge(
    facts: Facts,
    at: datetime,
    when_closed: WhenClosed,
    *,
    is_emergency: bool,
    may_pay: bool,
) -> Verdict:
    """The verdict at this instant; in an emergency wishes and caps do not count."""
    if facts.unreachable_reason or facts.is_follower is False:
        return Verdict.UNREACHABLE
    if not facts.wants and not is_emergency:
        return Verdict.NOT_WANTED
    parks = when_closed == WhenClosed.PARK
    window = Window.CLOSED
    if facts.last_interaction_at is not None:
        window = window_of(facts.last_interaction_at, at)
    if window == Window.CLOSED:
        return Verdict.PARKED if parks else Verdict.CLOSED
    if window == Window.PAID and not may_pay:
        return Verdict.UNPAID if parks else Verdict.CLOSED
    if facts.is_capped and not is_emergency:
        return Verdict.CAPPED
    return Verdict.PAID if window == Window.PAID else Verdict.FREE


def best_of(person: Sequence[tuple[Facts, Verdict]]) -> int:
    """The contact through which one human being gets it: where it surely leaves, and among
    those where he wrote last."""

    def rank(one: tuple[Facts, Verdict]) -> tuple[int, float, int]:
        facts, verdict = one
        last = facts.last_interaction_at
        return _RANK[verdict], -(last.timestamp() if last else 0.0), facts.contact_id

    return min(person, key=rank)[0].contact_id
