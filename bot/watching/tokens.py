"""Alarms about the right to send: refused, dead, or soon over."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from bot.channel.tokens import NO_TOKEN, is_dead
from bot.watching.alarms import end_alarm, raise_alarm
from bot.watching.kinds import AlarmKind
from models import Account

# Offices close for up to nine days at Tết; somebody must still be there to consent.
CONSENT_WARNING = timedelta(days=14)


def note_token_news(
    session: Session, oa_id: str, problem: str | None, now: datetime
) -> None:
    """Zalo said no (``problem`` as on the account), or an account has a new pair (None)."""
    if problem is None:
        end_alarm(session, AlarmKind.TOKEN_DEAD, oa_id, now)
        end_alarm(session, AlarmKind.TOKEN_REFUSED, oa_id, now)
        end_alarm(session, AlarmKind.CONSENT_ENDS_SOON, oa_id, now)
        return
    kind = AlarmKind.TOKEN_DEAD if is_dead(problem) else AlarmKind.TOKEN_REFUSED
    detail = {} if problem == NO_TOKEN else {"code": problem.rpartition(":")[2]}
    raise_alarm(session, kind, oa_id, detail, now)


def watch_consents(session: Session, now: datetime, zone: ZoneInfo) -> int:
    """Refresh tokens renew at each use, so only an account whose refreshing fails or rests
    comes near its end. How many are near it."""
    ending = 0
    for account in session.exec(select(Account)):
        ends_at = account.refresh_expires_at
        if ends_at is None or account.refresh_token_sealed is None:
            continue  # never refreshed, or never connected: other alarms
        if now < ends_at - CONSENT_WARNING:
            end_alarm(session, AlarmKind.CONSENT_ENDS_SOON, account.oa_id, now)
            continue
        ends_on = f"{ends_at.astimezone(zone):%d/%m/%Y}"
        detail = {"ends_on": ends_on}
        raise_alarm(session, AlarmKind.CONSENT_ENDS_SOON, account.oa_id, detail, now)
        ending += 1
    return ending
