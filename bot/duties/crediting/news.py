"""What the officials of a unit have not been told of yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.duties.periods import Period, parse_period
from bot.people import officials, units
from models import (
    FoundItem,
    FoundOutcome,
    Membership,
    Official,
    PlanDuty,
    Proof,
    ProofState,
    Role,
)

# Older news are none: nobody of the unit could be reached for a week.
NEWS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit as it is told. ``duty`` is the short title."""

    number: int
    unit_code: str
    title: str
    duty: str
    channel: str
    period: Period


def untold(session: Session, now: datetime) -> dict[str, list[Credit]]:
    """By unit, oldest first; what was taken back meanwhile is not told."""
    rows = session.execute(
        select(Proof, PlanDuty)
        .join(FoundItem, col(FoundItem.proof_id) == col(Proof.id))
        .join(
            PlanDuty,
            (col(PlanDuty.plan_id) == col(Proof.plan_id))
            & (col(PlanDuty.duty_id) == col(Proof.duty_id)),
        )
        .where(
            col(FoundItem.outcome) == FoundOutcome.CREDITED,
            col(FoundItem.told_at).is_(None),
            col(FoundItem.first_seen_at) > now - NEWS_FOR,
            col(Proof.state) == ProofState.ACCEPTED,
        )
        .order_by(col(Proof.id))
    )
    found: dict[str, list[Credit]] = {}
    for proof, duty in rows:
        found.setdefault(proof.unit_code, []).append(_credit(proof, duty))
    return found


def note_told(session: Session, credits: Sequence[Credit], now: datetime) -> None:
    session.execute(
        update(FoundItem)
        .where(col(FoundItem.proof_id).in_([one.number for one in credits]))
        .values(told_at=now)
    )


def whom_to_tell(session: Session, unit_code: str, now: datetime) -> list[Official]:
    """Its officials, or those of the units that followed it; its leaders if it has none."""
    heirs = units.heirs(session, unit_code, now.date())
    for role in (Role.OFFICIAL, Role.LEADER):
        serving = select(col(Membership.official_id)).where(
            col(Membership.unit_code).in_(heirs),
            col(Membership.role) == role,
            officials.serves_on(now.date()),
        )
        found = session.scalars(
            select(Official)
            .where(
                col(Official.id).in_(serving),
                col(Official.joined_at).is_not(None),
                col(Official.left_at).is_(None),
            )
            .order_by(col(Official.id))
        ).all()
        if found:
            return list(found)
    return []


def _credit(proof: Proof, duty: PlanDuty) -> Credit:
    return Credit(
        number=proof.id or 0,
        unit_code=proof.unit_code,
        title=proof.title,
        duty=duty.short_title,
        channel=proof.channel,
        period=parse_period(proof.period),
    )
