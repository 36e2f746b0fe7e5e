"""Sends that cost money: off until an account allows them, and never above its budget.

Between 48 hours and 7 days after a person's last interaction Zalo charges each message.
A lane of an account has a monthly budget in đồng (``python app.py oa budget``) or none, and
then nothing of it is sent in those days. The price is set aside when a row is claimed, by
one conditional UPDATE, so workers that race for the rest of a budget cannot exceed it. It
is given back when the message surely did not leave or Zalo says that it was free, and kept
when nobody knows. Messages that a package of the account already paid for are counted too:
Zalo's answer does not say what they cost, and the budget is a promise.

Functions take a session and never commit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session, col, select, update

from bot.channel.outbox import Reason, release_unpaid
from bot.channel.upsert import insert_if_new
from bot.errors import OperatorError
from models import Account, Lane, OutboxMessage, PaidBudget, PaidSpending

log = structlog.get_logger(__name__)

ZALO_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")  # months of the bill are Vietnam's
WARN_AT = 0.8
FREE_QUOTAS = (
    "reply",
    "welcome_msg",
)  # what Zalo's answer calls messages without price


@dataclass(frozen=True, slots=True)
class BudgetState:
    """One lane's budget and what this month has taken of it; None: paid sends are off."""

    lane: Lane
    monthly_vnd: int | None
    reserved_vnd: int
    was_stopped: bool = field(default=False, compare=False)  # a message found no room

    @property
    def is_low(self) -> bool:
        budget = self.monthly_vnd
        return budget is not None and self.reserved_vnd >= budget * WARN_AT

    def line(self) -> str:
        if self.monthly_vnd is None:
            return (
                f"{self.lane}\tpaid sends are off\t{self.reserved_vnd} VND this month"
            )
        sign = "\tLOW" if self.is_low else ""
        return f"{self.lane}\t{self.reserved_vnd} of {self.monthly_vnd} VND this month{sign}"


def price_of_message(content_dir: Path) -> int:
    """What one consultation message in the paid window costs, in đồng."""
    file = content_dir / "prices.toml"
    try:
        vnd = tomllib.loads(file.read_text(encoding="utf-8"))["paid_consultation"][
            "vnd"
        ]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise OperatorError(f"{file}: paid_consultation.vnd: {error}") from error
    if not isinstance(vnd, int) or vnd <= 0:
        raise OperatorError(
            f"{file}: paid_consultation.vnd must be a whole number above 0"
        )
    return vnd


def month_of(now: datetime) -> str:
    return f"{now.astimezone(ZALO_ZONE):%Y-%m}"


def set_aside(
    session: Session, message_id: int, oa_id: str, lane: Lane, vnd: int, now: datetime
) -> Reason | None:
    """Reserve the price for this message; why not, if not."""
    budget = session.get(PaidBudget, (oa_id, lane))
    if budget is None or budget.monthly_vnd <= 0:
        return Reason.PAID_WINDOW
    month = month_of(now)
    reserved = _reserve(session, oa_id, lane, month, vnd)
    if reserved is None:
        new = {"oa_id": oa_id, "lane": lane, "month": month, "reserved_vnd": 0}
        insert_if_new(session, PaidSpending, [new], unique=["oa_id", "lane", "month"])
        reserved = _reserve(session, oa_id, lane, month, vnd)
    if reserved is None:
        _say_once(session, "stopped_at", oa_id, lane, month, now)
        return Reason.BUDGET_USED_UP
    if reserved >= budget.monthly_vnd * WARN_AT:
        _say_once(session, "warned_at", oa_id, lane, month, now)
    session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == message_id)
        .values(paid_vnd=vnd, paid_month=month)
    )
    return None


def settle(session: Session, row: OutboxMessage, *, is_spent: bool) -> None:
    """The message has its outcome: keep what is set aside for it, or give it back."""
    if not row.paid_vnd:
        return
    if not is_spent:
        session.exec(
            update(PaidSpending)
            .where(
                col(PaidSpending.oa_id) == row.oa_id,
                col(PaidSpending.lane) == row.lane,
                col(PaidSpending.month) == row.paid_month,
            )
            .values(reserved_vnd=PaidSpending.reserved_vnd - row.paid_vnd)
        )
    row.paid_vnd = 0
    row.paid_month = None


def set_budget(
    session: Session, oa_id: str, lane: Lane, monthly_vnd: int, now: datetime
) -> int:
    """Allow paid sends of a lane, 0 switches them off; parked messages that may go now.

    ``OperatorError`` for an account that is not connected.
    """
    _require_account(session, oa_id)
    session.merge(
        PaidBudget(oa_id=oa_id, lane=lane, monthly_vnd=monthly_vnd, changed_at=now)
    )
    session.exec(
        update(PaidSpending)
        .where(col(PaidSpending.oa_id) == oa_id, col(PaidSpending.lane) == lane)
        .values(warned_at=None, stopped_at=None)
    )
    return release_unpaid(session, oa_id, lane, now) if monthly_vnd else 0


def budgets_of(session: Session, oa_id: str, now: datetime) -> Iterator[BudgetState]:
    """Every lane of the account, as it stands this month."""
    _require_account(session, oa_id)
    for lane in Lane:
        budget = session.get(PaidBudget, (oa_id, lane))
        spent = session.get(PaidSpending, (oa_id, lane, month_of(now)))
        is_on = budget is not None and budget.monthly_vnd > 0
        yield BudgetState(
            lane,
            budget.monthly_vnd if budget is not None and is_on else None,
            spent.reserved_vnd if spent else 0,
            was_stopped=spent is not None and spent.stopped_at is not None,
        )


def left_of_budget(session: Session, oa_id: str, lane: Lane, now: datetime) -> int:
    """What this month may still take, in đồng; 0 where paid sends are off."""
    budget = session.get(PaidBudget, (oa_id, lane))
    spent = session.get(PaidSpending, (oa_id, lane, month_of(now)))
    if budget is None:
        return 0
    return max(0, budget.monthly_vnd - (spent.reserved_vnd if spent else 0))


def _require_account(session: Session, oa_id: str) -> None:
    if session.get(Account, oa_id) is None:
        raise OperatorError(f"{oa_id}: no such account is connected")


def _reserve(
    session: Session, oa_id: str, lane: Lane, month: str, vnd: int
) -> int | None:
    """The month's sum afterwards; None when the budget (or the month's row) has no room."""
    budget = (
        select(PaidBudget.monthly_vnd)
        .where(col(PaidBudget.oa_id) == oa_id, col(PaidBudget.lane) == lane)
        .scalar_subquery()
    )
    found = session.exec(
        update(PaidSpending)
        .where(
            col(PaidSpending.oa_id) == oa_id,
            col(PaidSpending.lane) == lane,
            col(PaidSpending.month) == month,
            col(PaidSpending.reserved_vnd) + vnd <= budget,
        )
        .values(reserved_vnd=PaidSpending.reserved_vnd + vnd)
        .returning(col(PaidSpending.reserved_vnd))
        .execution_options(synchronize_session=False)
    ).first()
    return found[0] if found else None


def _say_once(
    session: Session,
    said_at: Literal["warned_at", "stopped_at"],
    oa_id: str,
    lane: Lane,
    month: str,
    now: datetime,
) -> None:
    first = session.exec(
        update(PaidSpending)
        .where(
            col(PaidSpending.oa_id) == oa_id,
            col(PaidSpending.lane) == lane,
            col(PaidSpending.month) == month,
            col(getattr(PaidSpending, said_at)).is_(None),
        )
        .values({said_at: now})
        .execution_options(synchronize_session=False)
    )
    if first.rowcount:
        name = "paid_budget_low" if said_at == "warned_at" else "paid_budget_used_up"
        log.warning(name, oa_id=oa_id, lane=lane, month=month)
