"""Exemptions: a unit need not do a duty in a period; asked, granted or refused, ended.

One exemption per unit, duty and period is open at a time. Every step says who and why and
goes into the audit log, without the words of the reason. Who may decide is for the caller
to ask (``officials.may``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.periods import parse_period
from bot.duties.plans import among
from bot.people import audit
from models import Exemption, ExemptionState, Official

_OPEN = (ExemptionState.ASKED, ExemptionState.GRANTED)


class NotOpenError(ValueError):
    """Decided already, by somebody else or before: look again."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Why a cell is exempt; ``decided_by`` is a pseudonym."""

    reason: str
    decided_by: str | None


def ask(
    session: Session,
    *,
    plan_id: str,
    duty_id: str,
    unit_code: str,
    period: str,
    reason: str,
    official: Official,
    now: datetime,
) -> Exemption:
    """Ask once: asking again while one is open gives that one back unchanged."""
    reason = _said(reason)
    parse_period(period)
    here = session.scalars(
        select(Exemption).where(
            col(Exemption.plan_id) == plan_id,
            col(Exemption.duty_id) == duty_id,
            col(Exemption.unit_code) == unit_code,
            col(Exemption.period) == period,
            col(Exemption.state).in_(_OPEN),
        )
    ).first()
    if here is not None:
        return here
    asked = Exemption(
        plan_id=plan_id,
        duty_id=duty_id,
        unit_code=unit_code,
        period=period,
        reason=reason,
        asked_by_id=official.id,
        asked_at=now,
    )
    session.add(asked)
    session.flush()
    _note(session, "exemption.ask", asked, official, now)
    return asked


def grant(
    session: Session, exemption: Exemption, official: Official, now: datetime
) -> None:
    """``NotOpenError`` unless it is still asked for."""
    _move(session, exemption, ExemptionState.ASKED, ExemptionState.GRANTED)
    _decided(session, "exemption.grant", exemption, official, now)


def refuse(
    session: Session,
    exemption: Exemption,
    official: Official,
    reason: str,
    now: datetime,
) -> None:
    """The reason for refusing replaces the one for asking: it is what counts now."""
    reason = _said(reason)
    _move(session, exemption, ExemptionState.ASKED, ExemptionState.REFUSED)
    exemption.reason = reason
    _decided(session, "exemption.refuse", exemption, official, now)


def end(
    session: Session,
    exemption: Exemption,
    official: Official,
    reason: str,
    now: datetime,
) -> None:
    """Take a granted one back; the duty is owed again."""
    reason = _said(reason)
    _move(session, exemption, ExemptionState.GRANTED, ExemptionState.ENDED)
    exemption.reason = reason
    _decided(session, "exemption.end", exemption, official, now)


def asked_for(session: Session, unit_codes: Sequence[str]) -> Sequence[Exemption]:
    """What waits for a supervisor of these units, oldest first."""
    return session.scalars(
        select(Exemption)
        .where(
            col(Exemption.state) == ExemptionState.ASKED,
            col(Exemption.unit_code).in_(unit_codes),
        )
        .order_by(col(Exemption.id))
    ).all()


def granted(
    session: Session, periods: Sequence[str], unit_codes: Sequence[str] | None = None
) -> dict[tuple[str, str, str], Granted]:
    """By unit, duty and period."""
    rows = session.execute(
        select(
            col(Exemption.unit_code),
            col(Exemption.duty_id),
            col(Exemption.period),
            col(Exemption.reason),
            col(Official.pseudonym),
        )
        .outerjoin(Official, col(Official.id) == col(Exemption.decided_by_id))
        .where(
            col(Exemption.state) == ExemptionState.GRANTED,
            col(Exemption.period).in_(periods),
            among(col(Exemption.unit_code), unit_codes),
        )
        .order_by(col(Exemption.id))
    )
    return {(row[0], row[1], row[2]): Granted(row[3], row[4]) for row in rows}


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValueError("an exemption needs a reason")
    return reason.strip()


def _move(
    session: Session, exemption: Exemption, old: ExemptionState, new: ExemptionState
) -> None:
    """Conditional on the state in the database: of two supervisors one is first."""
    session.refresh(exemption, with_for_update=True)
    if exemption.state != old:
        raise NotOpenError(f"exemption {exemption.id} is {exemption.state}")
    exemption.state = new


def _decided(
    session: Session,
    action: str,
    exemption: Exemption,
    official: Official,
    now: datetime,
) -> None:
    exemption.decided_by_id = official.id
    exemption.decided_at = now
    session.add(exemption)
    session.flush()
    _note(session, action, exemption, official, now)


def _note(
    session: Session,
    action: str,
    exemption: Exemption,
    official: Official,
    now: datetime,
) -> None:
    detail = {
        "unit": exemption.unit_code,
        "duty": exemption.duty_id,
        "period": exemption.period,
    }
    subject = f"exemption:{exemption.id}"
    audit.record(session, official.pseudonym, action, subject, detail, now)
