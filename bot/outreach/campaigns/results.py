"""What came of a campaign: how far it is, whom it reached, and whom not, and why.

People are told by number only. A message in several parts counts by its first.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from bot.channel.outgoing import parts_of
from bot.outreach import consent
from bot.outreach.campaigns import lists
from bot.outreach.campaigns.running import message_of
from bot.outreach.campaigns.verdicts import LEFT_OUT
from bot.people.privacy import CAMPAIGNS
from models import (
    BroadcastState,
    Campaign,
    CampaignBroadcast,
    CampaignKind,
    CampaignRecipient,
    CampaignRun,
    ConsentRecord,
    MessageStatus,
    OutboxMessage,
)

_REACHED = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN)
_FAILED = (
    MessageStatus.UNREACHABLE,
    MessageStatus.REFUSED,
    MessageStatus.DEAD,
    MessageStatus.EXPIRED,
)
NOT_YET = "not_yet"  # the campaign was stopped before his turn
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """One occurrence. ``sent`` counts those delivered and seen as well, ``delivered``
    those seen; ``left_out`` and ``failed`` by reason; ``changed``: dealt with in another
    way than the list showed."""

    campaign_id: int
    run: int
    state: str
    people: int
    dealt: int
    waiting: int
    sent: int
    delivered: int
    seen: int
    held: int
    cancelled: int
    failed: dict[str, int]
    left_out: dict[str, int]
    changed: int
    opt_outs: int
    list_sha256: str
    sent_sha256: str
    broadcasts: list[dict[str, Any]]
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def share(self) -> float:
        """Of the people on the list, those whose matter is settled; 1.0 is all."""
        settled = self.dealt - self.waiting
        return settled / self.people if self.people else 1.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"share": round(self.share, 4)}


def runs_of(session: Session, campaign: Campaign) -> list[CampaignRun]:
    """Every occurrence that began, the newest first."""
    return list(
        session.scalars(
            select(CampaignRun)
            .where(
                col(CampaignRun.campaign_id) == campaign.id,
                col(CampaignRun.started_at).is_not(None),
            )
            .order_by(col(CampaignRun.run).desc())
        )
    )


def progress(
    session: Session, campaign: Campaign, run: CampaignRun | None = None
) -> Progress | None:
    """Of this occurrence, or of the one in hand; None before there is a list."""
    run = run or session.get(CampaignRun, (campaign.id, campaign.run))
    if run is None:
        return None
    by_status: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for status, reason, count in _counted(session, campaign, run):
        by_status[status] += count
        if status in _FAILED:
            failed[reason or status] += count
    left_out = {v.value: n for v in LEFT_OUT if (n := run.fates.get(v.value))}
    delivered = by_status[MessageStatus.DELIVERED] + by_status[MessageStatus.SEEN]
    return Progress(
        campaign_id=run.campaign_id,
        run=run.run,
        state=str(campaign.state),
        people=lists.people_on(run),
        dealt=sum(run.fates.values()),
        waiting=by_status[MessageStatus.WAITING] + by_status[MessageStatus.SENDING],
        sent=by_status[MessageStatus.SENT] + delivered,
        delivered=delivered,
        seen=by_status[MessageStatus.SEEN],
        held=by_status[MessageStatus.PARKED],
        cancelled=by_status[MessageStatus.CANCELLED],
        failed=dict(failed),
        left_out=left_out,
        changed=_changed(session, run),
        opt_outs=_opt_outs(session, run),
        list_sha256=run.list_sha256,
        sent_sha256=run.sent_sha256,
        broadcasts=_broadcasts(session, run),
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def not_reached(
    session: Session, campaign: Campaign, run: CampaignRun
) -> Iterator[tuple[int, str]]:
    """Number and reason of everybody on the list who did not get it, a few at a time."""
    left_out = session.execute(
        select(col(CampaignRecipient.contact_id), col(CampaignRecipient.fate))
        .where(
            *lists.of_run(run),
            col(CampaignRecipient.fate).in_([verdict.value for verdict in LEFT_OUT])
            | col(CampaignRecipient.fate).is_(None),
        )
        .order_by(col(CampaignRecipient.contact_id))
        .execution_options(yield_per=_AT_ONCE)
    )
    for contact_id, fate in left_out:
        yield contact_id, fate or NOT_YET
    messages = session.execute(
        select(
            col(OutboxMessage.contact_id),
            col(OutboxMessage.status),
            col(OutboxMessage.reason),
        )
        .where(
            *_first_parts(campaign, run),
            col(OutboxMessage.status).in_(
                (*_FAILED, MessageStatus.PARKED, MessageStatus.CANCELLED)
            ),
        )
        .order_by(col(OutboxMessage.contact_id))
        .execution_options(yield_per=_AT_ONCE)
    )
    for contact_id, status, reason in messages:
        yield contact_id, reason or status


def write_not_reached(
    session: Session, campaign: Campaign, run: CampaignRun, file: TextIO
) -> int:
    """CSV with the columns contact and reason; people in it."""
    writer = csv.writer(file)
    writer.writerow(["contact", "reason"])
    count = 0
    for contact_id, reason in not_reached(session, campaign, run):
        writer.writerow([contact_id, reason])
        count += 1
    return count


def _first_parts(
    campaign: Campaign, run: CampaignRun
) -> tuple[ColumnElement[bool], ...]:
    mine = (
        col(OutboxMessage.campaign_id) == run.campaign_id,
        col(OutboxMessage.campaign_run) == run.run,
    )
    is_broadcast = campaign.kind == CampaignKind.BROADCAST
    # a footer may make two of one: better asked than guessed
    if is_broadcast or len(parts_of(message_of(campaign, "x" * 120))) == 1:
        return mine
    return (*mine, col(OutboxMessage.dedupe_key).endswith(":0", autoescape=True))


def _counted(
    session: Session, campaign: Campaign, run: CampaignRun
) -> list[tuple[str, str | None, int]]:
    rows = session.execute(
        select(col(OutboxMessage.status), col(OutboxMessage.reason), func.count())
        .where(*_first_parts(campaign, run))
        .group_by(col(OutboxMessage.status), col(OutboxMessage.reason))
    )
    return [(status, reason, count) for status, reason, count in rows]


def _changed(session: Session, run: CampaignRun) -> int:
    if run.list_sha256 == run.sent_sha256:
        return 0
    found = session.scalar(
        select(func.count())
        .select_from(CampaignRecipient)
        .where(
            *lists.of_run(run),
            col(CampaignRecipient.fate).is_not(None),
            col(CampaignRecipient.fate) != col(CampaignRecipient.verdict),
        )
    )
    return found or 0


def _opt_outs(session: Session, run: CampaignRun) -> int:
    """People of the list who wanted no more news since it began."""
    if run.started_at is None:
        return 0
    found = session.scalar(
        select(func.count(func.distinct(col(ConsentRecord.contact_id))))
        .join(
            CampaignRecipient,
            col(CampaignRecipient.contact_id) == col(ConsentRecord.contact_id),
        )
        .where(
            *lists.of_run(run),
            col(ConsentRecord.choice) == consent.WITHDRAWN,
            col(ConsentRecord.purpose).startswith(CAMPAIGNS, autoescape=True),
            col(ConsentRecord.recorded_at) >= run.started_at,
        )
    )
    return found or 0


def _broadcasts(session: Session, run: CampaignRun) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(CampaignBroadcast).where(
            col(CampaignBroadcast.campaign_id) == run.campaign_id,
            col(CampaignBroadcast.run) == run.run,
        )
    )
    return [
        {
            "oa_id": row.oa_id,
            "state": str(BroadcastState(row.state)),
            "reason": row.reason,
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
