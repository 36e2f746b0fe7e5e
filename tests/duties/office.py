"""A small office for the tests of duties: a plan, units, proofs, one line each."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models import (
    AdminUnit,
    Assignment,
    Cadence,
    Channel,
    EvidenceKind,
    Official,
    Plan,
    PlanDuty,
    Proof,
    ProofState,
    UnitLevel,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PLAN = "2026"
# Week 47 of 2026: Monday 16 to Sunday 22 November.
WEEK = "2026-W47"
IN_WEEK = date(2026, 11, 18)

_links = count(1)


def at(day: str, hour: int = 9) -> datetime:
    """That hour of that local day."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00").replace(tzinfo=ZONE)


def add_plan(session: Session, **values: Any) -> Plan:
    own: dict[str, Any] = {
        "id": PLAN,
        "title": "Kế hoạch 2026",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
    }
    plan = Plan(**own | values)
    session.add(plan)
    session.flush()
    return plan


def add_duty(session: Session, duty_id: str = "II-2.3", **values: Any) -> PlanDuty:
    """A weekly broadcast, one a week, unless said otherwise."""
    own: dict[str, Any] = {
        "plan_id": PLAN,
        "duty_id": duty_id,
        "short_title": f"Việc {duty_id}",
        "cadence": Cadence.WEEKLY,
        "quota": 1,
        "channels": [Channel.RADIO],
        "grace_days": 1,
        "evidence": [EvidenceKind.LINK],
    }
    duty = PlanDuty(**own | values)
    session.add(duty)
    session.flush()
    return duty


def add_unit(
    session: Session, code: str = "xa_a", name: str = "Xã A", **values: Any
) -> AdminUnit:
    unit = AdminUnit(code=code, name=name, kind="xã", level=UnitLevel.COMMUNE, **values)
    session.add(unit)
    session.flush()
    return unit


def add_assignment(
    session: Session, duty: PlanDuty, unit_code: str = "xa_a", **values: Any
) -> Assignment:
    own: dict[str, Any] = {
        "id": f"{duty.plan_id}:{duty.duty_id}:{unit_code}",
        "plan_id": duty.plan_id,
        "duty_id": duty.duty_id,
        "unit_code": unit_code,
        "valid_from": date(2026, 1, 1),
    }
    assignment = Assignment(**own | values)
    session.add(assignment)
    session.flush()
    return assignment


def add_proof(
    session: Session, duty: PlanDuty, unit_code: str = "xa_a", **values: Any
) -> Proof:
    """An accepted link of its own, posted and received in week 47, unless said otherwise."""
    link = f"https://xa-a.example.vn/tin/{next(_links)}"
    own: dict[str, Any] = {
        "plan_id": duty.plan_id,
        "duty_id": duty.duty_id,
        "unit_code": unit_code,
        "channel": duty.channels[0] if duty.channels else "",
        "period": WEEK,
        "kind": EvidenceKind.LINK,
        "url": link,
        "canonical_url": link,
        "published_on": IN_WEEK,
        "received_at": at("2026-11-19"),
        "state": ProofState.ACCEPTED,
    }
    proof = Proof(**own | values)
    session.add(proof)
    session.flush()
    return proof


def report(
    session: Session, duty: PlanDuty, done: int, total: int | None = None, **values: Any
) -> Proof:
    """Numbers instead of a link."""
    numbers = {"done": done} | ({"total": total} if total is not None else {})
    own: dict[str, Any] = {
        "kind": EvidenceKind.NUMBERS,
        "numbers": numbers,
        "url": None,
    }
    return add_proof(session, duty, **own | {"canonical_url": None} | values)


def add_official(session: Session, name: str = "Lan") -> Official:
    official = Official(
        pseudonym=f"p{next(_links):012x}",
        name=name,
        created_at=at("2026-01-01"),
        joined_at=at("2026-01-01"),
    )
    session.add(official)
    session.flush()
    return official
