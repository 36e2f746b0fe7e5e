"""A campaign goes out: started, fed into the outbox, paused, resumed, cancelled, ended.

* The list is carried out in its order, chunk by chunk; cursor, fates and messages of a
  chunk are one transaction, and every message has one key. A process may die anywhere.
* Only so many messages stand in the outbox ahead of the sender: a pause or cancellation
  touches these few, and all that follows has not been written yet.
* Each person is judged anew when his turn comes; the sender's choke asks once more.
* What is parked stays useful for ``useful_hours`` from the start.

Functions take a session and never commit; the caller holds the campaign's row (``lock``).
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlmodel import Session, col

from bot.channel import outbox
from bot.channel.claiming import has_status
from bot.channel.outbox import Addressee, Outgoing, Reason
from bot.outreach.campaigns import lists
from bot.outreach.campaigns.audience import audience_from
from bot.outreach.campaigns.editing import CampaignError, asset_of, record
from bot.outreach.campaigns.flaws import message_text
from bot.outreach.campaigns.lists import CONTACT_COLUMNS, Purse, folded
from bot.outreach.campaigns.stopped import NEVER
from bot.outreach.campaigns.terms import Terms, kind_of, topic_of
from bot.outreach.campaigns.verdicts import HELD, LEAVES, Facts, Verdict, judge
from models import (
    Account,
    BroadcastState,
    Campaign,
    CampaignBroadcast,
    CampaignKind,
    CampaignRecipient,
    CampaignRun,
    CampaignState,
    Contact,
    MessageStatus,
    OutboxMessage,
    Repeat,
    WhenClosed,
)

# At Zalo's 4,000 calls a minute two and a half minutes: planning never holds up sending.
AHEAD = 10_000
# How long before its time a message is written down.
SOON = timedelta(minutes=5)
_OPEN = (MessageStatus.WAITING, MessageStatus.SENDING)
_STOPPABLE = (CampaignState.RUNNING, CampaignState.PAUSED)
_PARKED_AS = {
    Verdict.PARKED: Reason.WINDOW_CLOSED,
    Verdict.UNPAID: Reason.PAID_WINDOW,
}


def lock(session: Session, campaign_id: int) -> Campaign | None:
    """The campaign, which nobody else changes until the end of this transaction."""
    return session.scalars(
        select(Campaign)
        .where(col(Campaign.id) == campaign_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


# --- start, pause, resume, cancel ------------------------------------------------------------


def start(
    session: Session, campaign: Campaign, terms: Terms, by: str, now: datetime
) -> None:
    """From now on it runs (inside the hours); nothing happens if it does already."""
    if campaign.state == CampaignState.RUNNING:
        return
    if campaign.state != CampaignState.APPROVED:
        raise CampaignError(
            "not_approved", f"campaign {campaign.id} is {campaign.state}, not approved"
        )
    run = lists.current(session, campaign)
    if run is None or run.started_at is not None:  # the next occurrence: a new list
        run = lists.begin(session, campaign, terms, now)
    run.started_at = now
    campaign.state = CampaignState.RUNNING
    campaign.starts_at = min(campaign.starts_at or now, now)
    campaign.first_at = campaign.first_at or campaign.starts_at
    session.add_all([campaign, run])
    record(session, campaign, by, "started", now, run=run.run)
    if run.listed_at is not None:
        feed(session, campaign, run, terms, now)


def start_if_due(
    session: Session, campaign: Campaign, terms: Terms, by: str, now: datetime
) -> bool:
    """Approved, and its time has come."""
    is_due = campaign.starts_at is not None and campaign.starts_at <= now
    if campaign.state != CampaignState.APPROVED or not is_due:
        return False
    start(session, campaign, terms, by, now)
    return True


def pause(session: Session, campaign: Campaign, by: str, now: datetime) -> None:
    """Nothing more of it leaves, but for what is being sent in this moment."""
    if campaign.state == CampaignState.PAUSED:
        return
    if campaign.state != CampaignState.RUNNING:
        raise CampaignError(
            "not_running", f"campaign {campaign.id} is {campaign.state}"
        )
    campaign.state = CampaignState.PAUSED
    session.add(campaign)
    session.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.campaign_id) == campaign.id,
            col(OutboxMessage.status) == MessageStatus.WAITING,
        )
        .values(due_at=NEVER, reason=Reason.CAMPAIGN_PAUSED, attempts=0)
    )
    record(session, campaign, by, "paused", now)


def resume(session: Session, campaign: Campaign, by: str, now: datetime) -> None:
    """It goes on where it stood."""
    if campaign.state == CampaignState.RUNNING:
        return
    if campaign.state != CampaignState.PAUSED:
        raise CampaignError("not_paused", f"campaign {campaign.id} is {campaign.state}")
    campaign.state = CampaignState.RUNNING
    session.add(campaign)
    session.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.campaign_id) == campaign.id,
            col(OutboxMessage.status) == MessageStatus.WAITING,
            col(OutboxMessage.due_at) == NEVER,
        )
        .values(due_at=now, reason=None)
    )
    record(session, campaign, by, "resumed", now)


def cancel(session: Session, campaign: Campaign, by: str, now: datetime) -> int:
    """For good; what waits or is parked is called back. Messages called back."""
    if campaign.state == CampaignState.CANCELLED:
        return 0
    if campaign.state == CampaignState.DONE and not _is_held(session, campaign):
        raise CampaignError("over", f"campaign {campaign.id} is over")
    campaign.state = CampaignState.CANCELLED
    session.add(campaign)
    cancelled = session.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.campaign_id) == campaign.id,
            col(OutboxMessage.status).in_(
                (MessageStatus.WAITING, MessageStatus.PARKED)
            ),
        )
        .values(status=MessageStatus.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED)
        .returning(col(OutboxMessage.id))
        .execution_options(synchronize_session=False)
    )
    run = lists.current(session, campaign)
    if run is not None and run.started_at is not None and run.ended_at is None:
        run.ended_at = now
        session.add(run)
    record(session, campaign, by, "cancelled", now)
    return len(cancelled.all())


def _is_held(session: Session, campaign: Campaign) -> bool:
    """Something of it is parked still."""
    held = select(col(OutboxMessage.id)).where(
        col(OutboxMessage.campaign_id) == campaign.id,
        col(OutboxMessage.status) == MessageStatus.PARKED,
    )
    return session.execute(held.limit(1)).first() is not None


# --- carrying it out -------------------------------------------------------------------------


def feed(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms, now: datetime
) -> int:
    """Write down the messages of the next people whose time has come; people dealt with."""
    if not may_feed(session, campaign, run, terms, now):
        return 0
    if campaign.kind == CampaignKind.BROADCAST:
        return _feed_broadcast(session, campaign, run, terms, now)
    rows = _next_rows(session, run)
    judged = _judge_now(session, campaign, run, rows, terms, now)
    message = message_of(campaign, "" if campaign.is_emergency else terms.footer)
    first, step = _turns(campaign, run, terms)
    _write_messages(session, campaign, run, judged, message, first, step, now)
    _write_fates(session, run, judged)
    if len(rows) < lists.CHUNK:
        run.fed_at = now
    session.add(run)
    return max(1, len(rows))


def may_feed(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms, now: datetime
) -> bool:
    """Somebody's time has come, or comes soon, and the sender has not too much before it."""
    if run.started_at is None or run.listed_at is None or run.fed_at is not None:
        return False
    first, _ = _turns(campaign, run, terms)
    if max(first, terms.opening(campaign, now)) > now + SOON:
        return False
    return not run.fates or ahead(session, campaign, now) < AHEAD


def _turns(
    campaign: Campaign, run: CampaignRun, terms: Terms
) -> tuple[datetime, timedelta]:
    """When the next one on the list has his turn, and how long after him the one behind."""
    total = max(1, lists.people_on(run))
    step = timedelta(minutes=campaign.spread_minutes) / total
    begin = terms.opening(campaign, run.started_at or run.planned_at)
    return begin + step * sum(run.fates.values()), step


def ahead(session: Session, campaign: Campaign, now: datetime) -> int:
    """Its messages that could leave now; those of a paused account are nobody's way."""
    found = session.scalar(
        select(func.count())
        .select_from(OutboxMessage)
        .join(Account, col(Account.oa_id) == col(OutboxMessage.oa_id))
        .where(
            col(OutboxMessage.campaign_id) == campaign.id,
            col(OutboxMessage.campaign_run) == campaign.run,
            has_status(OutboxMessage, MessageStatus.WAITING),
            col(OutboxMessage.due_at) <= now + SOON,
            or_(col(Account.paused_until).is_(None), col(Account.paused_until) <= now),
        )
    )
    return found or 0


def _next_rows(session: Session, run: CampaignRun) -> Sequence[Row[Any]]:
    return session.execute(
        select(*CONTACT_COLUMNS, col(CampaignRecipient.verdict))
        .join(
            CampaignRecipient,
            col(CampaignRecipient.contact_id) == col(Contact.id),
        )
        .where(*lists.of_run(run), col(CampaignRecipient.contact_id) > run.fed_to)
        .order_by(col(CampaignRecipient.contact_id))
        .limit(lists.CHUNK)
    ).all()


def _judge_now(
    session: Session,
    campaign: Campaign,
    run: CampaignRun,
    rows: Sequence[Row[Any]],
    terms: Terms,
    now: datetime,
) -> list[tuple[Facts, Verdict]]:
    """Verdicts of this moment. Who was a duplicate stays one: his other contact has, or
    will have, the message. Whose paid message found room when the list was shown keeps it,
    and the sender sets the money aside."""
    purse = Purse(session, terms.message_vnd, now)
    judged = []
    facts = lists.facts_of(session, rows, campaign, now, terms)
    for one, shown in zip(facts, (row.verdict for row in rows), strict=True):
        if shown == Verdict.DUPLICATE:
            judged.append((one, Verdict.DUPLICATE))
            continue
        may_pay = shown == Verdict.PAID or (
            shown not in (Verdict.UNPAID, Verdict.CLOSED) and purse.may_pay(one.oa_id)
        )
        verdict = judge(
            one,
            now,
            WhenClosed(campaign.when_closed),
            is_emergency=campaign.is_emergency,
            may_pay=may_pay,
        )
        judged.append((one, verdict))
    return judged


def _write_messages(
    session: Session,
    campaign: Campaign,
    run: CampaignRun,
    judged: Sequence[tuple[Facts, Verdict]],
    message: Outgoing,
    first: datetime,
    step: timedelta,
    now: datetime,
) -> None:
    started = run.started_at or now
    people = [
        Addressee(
            contact_id=facts.contact_id,
            oa_id=facts.oa_id,
            due_at=max(now, first + step * position),
            reason=_PARKED_AS.get(verdict),
        )
        for position, (facts, verdict) in enumerate(judged)
        if verdict in LEAVES or verdict in HELD
    ]
    outbox.enqueue_many(
        session,
        people,
        key=f"campaign:{campaign.id}:{run.run}",
        message=message,
        kind=kind_of(campaign),
        topic=topic_of(campaign),
        now=now,
        useful_until=started + timedelta(hours=campaign.useful_hours),
        campaign=(run.campaign_id, run.run),
    )


def message_of(campaign: Campaign, footer: str = "") -> Outgoing:
    """What everybody gets."""
    text = message_text(campaign.text, campaign.link)
    words = "\n\n".join(part for part in (text, footer) if part)
    return Outgoing(words, asset=asset_of(campaign))


def _write_fates(
    session: Session, run: CampaignRun, judged: Sequence[tuple[Facts, Verdict]]
) -> None:
    by_verdict: dict[Verdict, list[int]] = defaultdict(list)
    for facts, verdict in judged:
        by_verdict[verdict].append(facts.contact_id)
    for verdict, ids in by_verdict.items():
        session.execute(
            update(CampaignRecipient)
            .where(*lists.of_run(run), col(CampaignRecipient.contact_id).in_(ids))
            .values(fate=verdict.value)
        )
    counted = Counter(run.fates)
    counted.update({verdict.value: len(ids) for verdict, ids in by_verdict.items()})
    run.fates = dict(counted)
    if judged:
        run.fed_to = judged[-1][0].contact_id
        people = ((facts.contact_id, verdict) for facts, verdict in judged)
        run.sent_sha256 = folded(run.sent_sha256, people)


def _feed_broadcast(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms, now: datetime
) -> int:
    """One call to Zalo for its account, at the first moment that is allowed."""
    accounts = audience_from(campaign.audience).accounts or tuple(
        session.scalars(select(col(Account.oa_id)).order_by(col(Account.oa_id)))
    )
    for oa_id in accounts:
        session.add(
            CampaignBroadcast(
                campaign_id=run.campaign_id,
                run=run.run,
                oa_id=oa_id,
                due_at=terms.opening(campaign, now),
            )
        )
    run.fed_at = now
    run.fates = dict(run.counts)
    run.sent_sha256 = run.list_sha256
    session.add(run)
    return 1


# --- the end, and the next time ---------------------------------------------------------------


def finish_if_over(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms, now: datetime
) -> bool:
    """The end, or waiting for the next occurrence. What is parked may still be delivered."""
    if not is_over(session, run):
        return False
    run.ended_at = now
    following = next_occurrence(campaign, now, terms)
    if following is None:
        campaign.state = CampaignState.DONE
    else:
        campaign.state = CampaignState.APPROVED
        campaign.starts_at = following
    session.add_all([campaign, run])
    return True


def is_over(session: Session, run: CampaignRun) -> bool:
    """Everybody was dealt with, and nothing is on its way."""
    return run.fed_at is not None and not _is_under_way(session, run)


def _is_under_way(session: Session, run: CampaignRun) -> bool:
    row, call = OutboxMessage, CampaignBroadcast
    message = select(col(row.id)).where(
        col(row.campaign_id) == run.campaign_id,
        col(row.campaign_run) == run.run,
        col(row.status).in_(_OPEN),
    )
    broadcast = select(col(call.oa_id)).where(
        col(call.campaign_id) == run.campaign_id,
        col(call.run) == run.run,
        col(call.state).in_((BroadcastState.WAITING, BroadcastState.SENDING)),
    )
    return (
        session.execute(message.limit(1)).first() is not None
        or session.execute(broadcast.limit(1)).first() is not None
    )


def next_occurrence(
    campaign: Campaign, after: datetime, terms: Terms
) -> datetime | None:
    """The first one after that instant, at the hour of the first; None: there is none. The
    31st of a shorter month is its last day."""
    first = campaign.first_at
    if campaign.repeat == Repeat.NEVER or first is None:
        return None
    local = first.astimezone(terms.zone)
    number = 1
    while (found := _nth(local, number, Repeat(campaign.repeat))) <= after:
        number += 1
    until = campaign.repeat_until
    return None if until is not None and found > until else found


def _nth(first: datetime, number: int, repeat: Repeat) -> datetime:
    if repeat == Repeat.WEEKLY:
        return first + timedelta(weeks=number)
    months = first.month - 1 + number
    year, month = first.year + months // 12, months % 12 + 1
    return first.replace(
        year=year, month=month, day=min(first.day, monthrange(year, month)[1])
    )
