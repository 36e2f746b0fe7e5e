"""What an item counts for: one duty of its unit, in the period it was published in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.duties.crediting.items import Item, speaks_of
from bot.duties.periods import Period, period_of
from bot.duties.plans import obligations
from models import Cadence, EvidenceKind, PlanDuty, Proof, ProofState

_CADENCES = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.YEARLY)


@dataclass(frozen=True, slots=True)
class Place:
    duty: PlanDuty
    period: Period


def looks_back_to(since: date) -> date:
    """Nothing older is of interest: the first day of the previous month, the longest
    period that posts are asked for in."""
    return period_of(since, Cadence.MONTHLY).previous.first


def place_for(
    session: Session, item: Item, unit_code: str, day: date, since: date
) -> Place | None:
    """The duty that still lacks something, in the order of the plan; else the first one
    that takes the item, where it is one more than asked for. Of periods only the one that
    was running at ``since``, the one before it, and later ones."""
    places = list(_places(session, item, unit_code, day, since))
    lacking = (one for one in places if _lacks(session, one, unit_code, item))
    return next(lacking, places[0] if places else None)


def _places(
    session: Session, item: Item, unit_code: str, day: date, since: date
) -> Iterator[Place]:
    for cadence in _CADENCES:
        period = period_of(day, cadence)
        if period.first < period_of(since, cadence).previous.first:
            continue
        for owed in obligations(session, period, [unit_code]):
            if _takes(owed.duty, item):
                yield Place(owed.duty, period)


def _takes(duty: PlanDuty, item: Item) -> bool:
    return (
        duty.credits_found
        and item.channel in duty.channels
        and EvidenceKind.LINK in duty.evidence
        and speaks_of(duty.keywords, item.title, item.text)
    )


def _lacks(session: Session, place: Place, unit_code: str, item: Item) -> bool:
    if place.duty.quota is None:
        return False
    own_channel = (
        [col(Proof.channel) == item.channel] if place.duty.counts_per_channel else []
    )
    credited = session.scalar(
        select(func.count())
        .select_from(Proof)
        .where(
            col(Proof.unit_code) == unit_code,
            col(Proof.duty_id) == place.duty.duty_id,
            col(Proof.period) == place.period.key,
            col(Proof.state) == ProofState.ACCEPTED,
            *own_channel,
        )
    )
    return (credited or 0) < place.duty.quota
