"""The worker's part: whatever a campaign needs next, one unit at a time.

Lists in the making, starts that are due, chunks to be written down, ends, calls for
broadcasts. Any number of workers may drive: each unit holds the campaign's row, what is
there is looked at again under that lock, and the second worker finds nothing left to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.clock import Clock
from bot.db import Database
from bot.outreach.campaigns import lists, running
from bot.outreach.campaigns.broadcasts import Broadcasting
from bot.outreach.campaigns.terms import Terms
from bot.people import audit
from models import Campaign, CampaignRun, CampaignState

log = structlog.get_logger(__name__)


@dataclass
class Driving:
    """Built once a worker; ``broadcasting`` is None where nothing is to be called."""

    database: Database
    clock: Clock
    terms: Terms
    broadcasting: Broadcasting | None = None
    _last: int = field(default=0, init=False)

    def run_once(self) -> bool:
        """One unit of one campaign, each in its turn; True when there was work."""
        with self.database.reading() as session:
            waiting = self._waiting(session, self.clock.now())
        # the one after the last served comes first
        for number in sorted(waiting, key=lambda one: (one <= self._last, one)):
            if self._drive(number):
                self._last = number
                return True
        return self.broadcasting is not None and self.broadcasting.run_once()

    def _waiting(self, session: Session, now: datetime) -> list[int]:
        """Campaigns that need something, looked at without a lock."""
        found = session.scalars(
            select(Campaign)
            .where(
                or_(
                    col(Campaign.state).in_(
                        (CampaignState.RUNNING, CampaignState.WAITING_APPROVAL)
                    ),
                    (col(Campaign.state) == CampaignState.APPROVED)
                    & (col(Campaign.starts_at) <= now),
                )
            )
            .order_by(col(Campaign.id))
        )
        return [one.id or 0 for one in found if self._needs(session, one, now)]

    def _needs(self, session: Session, campaign: Campaign, now: datetime) -> bool:
        if campaign.state == CampaignState.APPROVED:
            return True
        run = lists.current(session, campaign)
        if run is None:
            return False
        if run.listed_at is None:
            return True
        if campaign.state != CampaignState.RUNNING:
            return False
        return running.may_feed(
            session, campaign, run, self.terms, now
        ) or running.is_over(session, run)

    def _drive(self, number: int) -> bool:
        with self.database.writing() as session:
            now = self.clock.now()
            campaign = running.lock(session, number)
            if campaign is None:
                return False
            what = self._step(session, campaign, now)
        if what:
            log.info("campaign_driven", campaign=number, step=what)
        return what is not None

    def _step(self, session: Session, campaign: Campaign, now: datetime) -> str | None:
        if running.start_if_due(session, campaign, self.terms, audit.PROGRAM, now):
            return "started"
        run = lists.current(session, campaign)
        if run is None or not _is_at_work(campaign, run):
            return None
        if run.listed_at is None:
            lists.make_chunk(session, campaign, run, self.terms, now)
            if campaign.state == CampaignState.RUNNING:
                running.feed(session, campaign, run, self.terms, now)
            return "listed"
        if campaign.state != CampaignState.RUNNING:
            return None
        if running.feed(session, campaign, run, self.terms, now):
            return "fed"
        if running.finish_if_over(session, campaign, run, self.terms, now):
            return "ended"
        return None


def _is_at_work(campaign: Campaign, run: CampaignRun) -> bool:
    if campaign.state == CampaignState.WAITING_APPROVAL:
        return run.listed_at is None
    return campaign.state == CampaignState.RUNNING
