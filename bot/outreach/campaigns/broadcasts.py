"""An article is handed to Zalo, which passes it on to the followers by itself.

One call for an account and an occurrence: committed as ``sending`` before it, with its
outcome after it. Zalo keeps no record that could be asked, so a call whose outcome is
unknown (no answer, a process that died) is never repeated: an administrator looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError
from bot.clock import Clock
from bot.db import Database
from bot.outreach.campaigns.terms import Terms
from bot.outreach.caps import CAMPAIGNS, reached_on
from models import (
    BroadcastState,
    Campaign,
    CampaignBroadcast,
    CampaignState,
)

log = structlog.get_logger(__name__)

# Longer than any call: a token and two connections.
LOST_AFTER = timedelta(minutes=2)
NIGHT_CODE = -234
AGAIN_AFTER = {
    Action.RETRY: timedelta(minutes=1),  # no connection came about: surely not sent
    Action.NEXT_MINUTE: timedelta(minutes=1),
}
TOKEN_PAUSE = timedelta(minutes=10)
_SPENT = (BroadcastState.ACCEPTED, BroadcastState.UNKNOWN, BroadcastState.SENDING)
Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class _Errand:
    key: Key
    article_id: str
    targets: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: BroadcastState
    reason: str | None = None
    message_id: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Broadcasting:
    """``may_call`` asks the pace for one call."""

    database: Database
    clock: Clock
    terms: Terms
    client: ZaloClient
    accounts: Accounts
    may_call: Callable[[], bool]

    def run_once(self) -> bool:
        """Make the call that is due, or give up one that was lost; True if there was one."""
        now = self.clock.now()
        with self.database.reading() as session:
            if _due(session, now) is None and _lost(session, now) is None:
                return False
        if not self.may_call():
            return False
        errand = self._claim(now)
        if errand is None:
            return True
        outcome = self._call(errand)
        with self.database.writing() as session:
            _record(session, errand.key, outcome, self.clock.now())
        log.info(
            "broadcast_dealt_with", campaign=errand.key[0], oa_id=errand.key[2],
            state=outcome.state, reason=outcome.reason,
        )  # fmt: skip
        return True

    def _claim(self, now: datetime) -> _Errand | None:
        with self.database.writing() as session:
            lost = _lost(session, now)
            if lost is not None:
                _record(session, lost, _Outcome(BroadcastState.UNKNOWN, "lost"), now)
                return None
            found = _due(session, now)
            if found is None:
                return None
            row, campaign = found
            later = self._capped_until(session, row, campaign, now)
            if later is not None:
                row.due_at, row.reason = later, "capped"
                session.add(row)
                return None
            row.state = BroadcastState.SENDING
            row.begun_at = now
            session.add(row)
            key = (row.campaign_id, row.run, row.oa_id)
            return _Errand(key, campaign.article_id, dict(campaign.targets))

    def _capped_until(
        self,
        session: Session,
        row: CampaignBroadcast,
        campaign: Campaign,
        now: datetime,
    ) -> datetime | None:
        """The followers have had enough for now, or it is night; None: it may go."""
        zone = self.terms.zone
        opening = self.terms.opening(campaign, now)
        if opening > now:
            return opening
        earlier = session.scalars(
            select(col(CampaignBroadcast.begun_at)).where(
                col(CampaignBroadcast.oa_id) == row.oa_id,
                col(CampaignBroadcast.state).in_(_SPENT),
                col(CampaignBroadcast.begun_at) > now - timedelta(days=8),
            )
        )
        days = [at.astimezone(zone).date() for at in earlier if at is not None]
        reached = reached_on(CAMPAIGNS, days, now.astimezone(zone).date())
        if reached is None:
            return None
        morning = datetime.combine(reached.free_on, time(), zone)
        return self.terms.opening(campaign, morning)

    def _call(self, errand: _Errand) -> _Outcome:
        """One call; one more after a refused token, which surely sent nothing."""
        try:
            found = self.accounts.call(
                errand.key[2],
                lambda token: self.client.broadcast(
                    token, errand.article_id, errand.targets
                ),
            )
        except TokenDead:
            later = self.clock.now() + TOKEN_PAUSE
            return _Outcome(BroadcastState.WAITING, "token_dead", due_at=later)
        except OutcomeUnknown:
            return _Outcome(BroadcastState.UNKNOWN, "no_answer")
        except ZaloError as error:
            return self._refused(error)
        return _Outcome(BroadcastState.ACCEPTED, message_id=found)

    def _refused(self, error: ZaloError) -> _Outcome:
        now = self.clock.now()
        if error.action == Action.RETRY_CAREFULLY:
            return _Outcome(BroadcastState.UNKNOWN, f"zalo_{error.code}")
        if error.code == NIGHT_CODE:  # by Zalo's clock
            return _Outcome(
                BroadcastState.WAITING, "night", due_at=now + timedelta(hours=1)
            )
        pause = AGAIN_AFTER.get(error.action)
        if pause is not None:
            return _Outcome(BroadcastState.WAITING, "zalo_away", due_at=now + pause)
        return _Outcome(BroadcastState.REFUSED, f"zalo_{error.code}")


def _due(session: Session, now: datetime) -> tuple[CampaignBroadcast, Campaign] | None:
    found = session.execute(
        select(CampaignBroadcast, Campaign)
        .join(Campaign, col(Campaign.id) == col(CampaignBroadcast.campaign_id))
        .where(
            col(CampaignBroadcast.state) == BroadcastState.WAITING,
            col(CampaignBroadcast.due_at) <= now,
            col(Campaign.state) == CampaignState.RUNNING,
        )
        .order_by(col(CampaignBroadcast.due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    return (found[0], found[1]) if found else None


def _lost(session: Session, now: datetime) -> Key | None:
    found = session.scalars(
        select(CampaignBroadcast)
        .where(
            col(CampaignBroadcast.state) == BroadcastState.SENDING,
            col(CampaignBroadcast.begun_at) <= now - LOST_AFTER,
        )
        .limit(1)
    ).first()
    return (found.campaign_id, found.run, found.oa_id) if found else None


def _record(session: Session, key: Key, outcome: _Outcome, now: datetime) -> None:
    """Only of a call under way: what was given up as lost stays so."""
    values: dict[str, object] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "zalo_message_id": outcome.message_id,
    }
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    if outcome.state != BroadcastState.WAITING:
        values["ended_at"] = now
    session.execute(
        update(CampaignBroadcast)
        .where(
            col(CampaignBroadcast.campaign_id) == key[0],
            col(CampaignBroadcast.run) == key[1],
            col(CampaignBroadcast.oa_id) == key[2],
            col(CampaignBroadcast.state) == BroadcastState.SENDING,
        )
        .values(**values)
    )
