"""Exemptions as a supervisor gives them himself: at once, with a reason, also afterwards.

In a closed period each makes the next version of its table. Whether he supervises the unit
is asked here (``NotAllowedError``).
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.duties import closing, exemptions
from bot.duties.exemptions import NotOpenError
from bot.duties.periods import parse_period
from bot.duties.plans import obligations, plan_of
from bot.duties.proofs.reviewing import NotAllowedError, ReasonNeededError
from bot.people import officials
from models import Exemption, ExemptionState, Official, Role


def exempt(
    session: Session,
    *,
    unit_code: str,
    duty_id: str,
    period_key: str,
    official: Official,
    reason: str,
    now: datetime,
) -> Exemption:
    """Asked and granted in one. ``NotOpenError`` where nothing is owed, or it is exempt
    already; of what the unit had asked for itself, its own reason stays."""
    _require(session, official, unit_code, now)
    if not reason.strip():
        raise ReasonNeededError(f"exemption of {unit_code}")
    period = parse_period(period_key)
    owed = obligations(session, period, [unit_code])
    plan = plan_of(session, period)
    if plan is None or all(one.duty.duty_id != duty_id for one in owed):
        raise NotOpenError(f"{unit_code} does not owe {duty_id} in {period_key}")
    asked = exemptions.ask(
        session,
        plan_id=plan.id,
        duty_id=duty_id,
        unit_code=unit_code,
        period=period_key,
        reason=reason,
        official=official,
        now=now,
    )
    grant(session, asked, official, now, reason)
    return asked


def grant(
    session: Session,
    asked: Exemption,
    official: Official,
    now: datetime,
    reason: str = "",
) -> None:
    """``reason`` of the next version, where the period is closed; else that of the unit."""
    _require(session, official, asked.unit_code, now)
    exemptions.grant(session, asked, official, now)
    _revise(session, asked, official, now, reason or asked.reason)


def refuse(
    session: Session, asked: Exemption, official: Official, now: datetime, reason: str
) -> None:
    _require(session, official, asked.unit_code, now)
    if not reason.strip():
        raise ReasonNeededError(f"exemption {asked.id}")
    exemptions.refuse(session, asked, official, reason, now)


def end(
    session: Session, granted: Exemption, official: Official, now: datetime, reason: str
) -> None:
    """Take it back: the duty is owed again."""
    _require(session, official, granted.unit_code, now)
    if not reason.strip():
        raise ReasonNeededError(f"exemption {granted.id}")
    exemptions.end(session, granted, official, reason, now)
    _revise(session, granted, official, now, reason)


def is_open(exemption: Exemption) -> bool:
    return exemption.state in (ExemptionState.ASKED, ExemptionState.GRANTED)


def _require(
    session: Session, official: Official, unit_code: str, now: datetime
) -> None:
    if not officials.may(session, official, Role.SUPERVISOR, unit_code, now.date()):
        raise NotAllowedError(unit_code)


def _revise(
    session: Session,
    exemption: Exemption,
    official: Official,
    now: datetime,
    reason: str,
) -> None:
    period = parse_period(exemption.period)
    closing.revise(session, period, reason, official.pseudonym, now)
