"""Alarms about money for messages: most of a month's budget is used, or all of it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from bot.channel.money import BudgetState, budgets_of
from bot.watching.alarms import end_alarm, raise_alarm
from bot.watching.kinds import AlarmKind
from models import Account


def watch_budgets(session: Session, now: datetime) -> int:
    """How many accounts are low or without money. One that is used up is not called low
    too; a raised budget or a new month ends both."""
    troubled = 0
    for oa_id in session.exec(select(Account.oa_id)).all():
        states = [one for one in budgets_of(session, oa_id, now) if one.is_low]
        used_up = [one for one in states if one.was_stopped]
        low = [one for one in states if not one.was_stopped]
        _tell(session, AlarmKind.BUDGET_100, oa_id, used_up, now)
        _tell(session, AlarmKind.BUDGET_80, oa_id, low, now)
        troubled += bool(states)
    return troubled


def _tell(
    session: Session,
    kind: AlarmKind,
    oa_id: str,
    states: list[BudgetState],
    now: datetime,
) -> None:
    if states:
        lanes = ",".join(str(one.lane) for one in states)
        raise_alarm(session, kind, oa_id, {"lanes": lanes}, now)
    else:
        end_alarm(session, kind, oa_id, now)
