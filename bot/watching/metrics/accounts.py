"""Tokens and watch of each account, and what is alarmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from sqlmodel import Session, select

from bot.watching.alarms import open_alarms
from bot.watching.kinds import AlarmKind
from bot.watching.metrics.families import gauges
from models import Account, AccountWatch

LABELS = ("oa_id",)


def accounts(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    rows = session.exec(select(Account)).all()

    def ages(field: str, *, ahead: bool = False) -> dict[tuple[str, ...], float]:
        moments = {(row.oa_id,): getattr(row, field) for row in rows}
        sign = -1 if ahead else 1
        return {
            key: sign * (now - moment).total_seconds()
            for key, moment in moments.items()
            if moment is not None
        }

    yield gauges(
        "token_age_seconds", "Since the account's tokens were last renewed.",
        LABELS, ages("refreshed_at"),
    )  # fmt: skip
    yield gauges(
        "token_expires_seconds", "Until the account's access token ends.",
        LABELS, ages("access_expires_at", ahead=True),
    )  # fmt: skip
    yield gauges(
        "refresh_token_expires_seconds",
        "Until the account's consent ends, if its tokens are not renewed.",
        LABELS, ages("refresh_expires_at", ahead=True),
    )  # fmt: skip
    yield gauges(
        "token_problem", "1 when Zalo refused to renew the account's tokens.", LABELS,
        {(row.oa_id,): float(row.token_problem is not None) for row in rows},
    )  # fmt: skip
    yield gauges(
        "account_paused", "1 while nothing is sent through the account.", LABELS,
        {(row.oa_id,): float(bool(row.paused_until and row.paused_until > now))
         for row in rows},
    )  # fmt: skip
    watches = session.exec(select(AccountWatch)).all()
    yield gauges(
        "history_compared_age_seconds",
        "Up to how long ago Zalo's history was compared with what the webhook brought.",
        LABELS,
        {(watch.oa_id,): (now - watch.known_until).total_seconds()
         for watch in watches if watch.known_until},
    )  # fmt: skip


def alarms(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    found: Counter[tuple[str, ...]] = Counter({(kind,): 0 for kind in AlarmKind})
    found.update((alarm.kind,) for alarm in open_alarms(session))
    yield gauges("alarms_open", "Alarms that have not ended.", ("kind",), found)
