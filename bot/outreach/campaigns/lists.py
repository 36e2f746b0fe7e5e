"""The list of a campaign: everybody it is meant for, each with his verdict.

It is made once for a revision, before anybody approves it, and then carried out as it is:
whoever is not on it gets nothing, so the list shown is the list sent. It is made in chunks
of ``CHUNK`` people by ascending number; the cursor moves in the transaction of its chunk,
so a process that dies repeats and leaves out nobody, and memory holds one chunk.

``list_sha256`` covers number and verdict of everybody in that order; each chunk's digest
covers the one before. Functions take a session and never commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, select
from sqlmodel import Session, col

from bot.channel import money
from bot.outreach import caps, consent
from bot.outreach.campaigns.audience import audience_from, matches
from bot.outreach.campaigns.terms import Terms, kind_of, topic_of
from bot.outreach.campaigns.verdicts import Facts, Verdict, best_of, judge
from models import (
    Campaign,
    CampaignKind,
    CampaignRecipient,
    CampaignRun,
    Contact,
    Lane,
    WhenClosed,
)

# Some tens of milliseconds of the write lock, a few hundred kilobytes of memory.
CHUNK = 2_000
_PAID = "paid:"  # beside the verdicts in ``counts``: paid messages of one account
FOLLOWERS = "followers"  # of a broadcast: whom Zalo may choose from


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would happen. ``counts`` are people by verdict; ``waits_for_hours``: the asked
    time lies outside the hours, and the campaign begins with the next opening."""

    campaign_id: int
    run: int
    revision: int
    planned_at: datetime
    waits_for_hours: bool
    is_complete: bool
    people: int
    counts: dict[str, int]
    price_vnd: int
    list_sha256: str


@dataclass
class Purse:
    """What the accounts may still spend on campaigns; asked once an account."""

    session: Session
    price_vnd: int
    at: datetime
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _left: dict[str, int] = field(default_factory=dict)

    def may_pay(self, oa_id: str) -> bool:
        if oa_id not in self._left:
            self._left[oa_id] = money.left_of_budget(
                self.session, oa_id, Lane.CAMPAIGN, self.at
            )
        return self._left[oa_id] >= self.spent[oa_id] + self.price_vnd

    def pay(self, oa_id: str) -> None:
        self.spent[oa_id] += self.price_vnd


# --- making it ------------------------------------------------------------------------------


def current(session: Session, campaign: Campaign) -> CampaignRun | None:
    """The list of this revision, made or in the making."""
    found = session.get(CampaignRun, (campaign.id, campaign.run))
    return found if found is not None and found.revision == campaign.revision else None


def begin(
    session: Session, campaign: Campaign, terms: Terms, now: datetime
) -> CampaignRun:
    """An empty list in place of whatever there was; verdicts will hold for its begin."""
    newest = session.scalar(
        select(func.max(col(CampaignRun.run))).where(
            col(CampaignRun.campaign_id) == campaign.id
        )
    )
    run = CampaignRun(
        campaign_id=campaign.id or 0,
        run=(newest or 0) + 1,
        revision=campaign.revision,
        planned_at=terms.planned_for(campaign, now),
    )
    campaign.run = run.run
    session.add_all([campaign, run])
    session.flush()
    return run


def make_chunk(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms, now: datetime
) -> bool:
    """Put the next people on the list; True when it is complete."""
    if run.listed_at is not None:
        return True
    if campaign.kind == CampaignKind.BROADCAST:
        _list_followers(session, campaign, run)
        run.listed_at = now
        return True
    mine = _meant(session, campaign, run, terms)
    rows = _rows(session, and_(mine, col(Contact.id) > run.listed_to), CHUNK)
    if rows:
        purse = Purse(session, terms.message_vnd, run.planned_at)
        for key, count in run.counts.items():
            if key.startswith(_PAID):
                purse.spent[key.removeprefix(_PAID)] = count * terms.message_vnd
        judged = _judge_with_rivals(session, campaign, run, rows, terms, purse, mine)
        _keep(session, run, judged, terms)
    if len(rows) < CHUNK:
        run.listed_at = now
    session.add(run)
    return run.listed_at is not None


def make_whole(
    session: Session, campaign: Campaign, terms: Terms, now: datetime
) -> CampaignRun:
    """A new list in one transaction; for audiences of a commune."""
    run = begin(session, campaign, terms, now)
    while not make_chunk(session, campaign, run, terms, now):
        session.flush()
    return run


def by_verdict(run: CampaignRun) -> dict[str, int]:
    """People on the list by the verdict they are shown with."""
    return {key: n for key, n in run.counts.items() if not key.startswith(_PAID)}


def people_on(run: CampaignRun) -> int:
    return sum(by_verdict(run).values())


def dry_run_of(campaign: Campaign, run: CampaignRun) -> DryRun:
    counts = by_verdict(run)
    asked = campaign.starts_at
    return DryRun(
        campaign_id=run.campaign_id,
        run=run.run,
        revision=run.revision,
        planned_at=run.planned_at,
        waits_for_hours=bool(asked and run.planned_at > asked > campaign.changed_at),
        is_complete=run.listed_at is not None,
        people=sum(counts.values()),
        counts=counts,
        price_vnd=run.price_vnd,
        list_sha256=run.list_sha256,
    )


def audience_count(
    session: Session, audience: dict[str, Any], at: datetime, terms: Terms
) -> int:
    """How many contacts an audience (as JSON) takes in, whatever becomes of each."""
    today = at.astimezone(terms.zone).date()
    wanted = matches(session, audience_from(audience), at, today)
    return session.scalar(select(func.count()).select_from(Contact).where(wanted)) or 0


# --- reading it ------------------------------------------------------------------------------


def recipients(
    session: Session, run: CampaignRun
) -> Iterator[tuple[int, Verdict, Verdict | None]]:
    """Number, verdict shown, and the one he was dealt with; a few at a time."""
    found = session.execute(
        select(
            col(CampaignRecipient.contact_id),
            col(CampaignRecipient.verdict),
            col(CampaignRecipient.fate),
        )
        .where(*of_run(run))
        .order_by(col(CampaignRecipient.contact_id))
        .execution_options(yield_per=CHUNK)
    )
    for contact_id, verdict, fate in found:
        yield contact_id, Verdict(verdict), Verdict(fate) if fate else None


def changes(session: Session, run: CampaignRun) -> Iterator[tuple[int, str, str]]:
    """Who was dealt with in another way than shown, because something changed since."""
    found = session.execute(
        select(
            col(CampaignRecipient.contact_id),
            col(CampaignRecipient.verdict),
            col(CampaignRecipient.fate),
        )
        .where(
            *of_run(run),
            col(CampaignRecipient.fate).is_not(None),
            col(CampaignRecipient.fate) != col(CampaignRecipient.verdict),
        )
        .order_by(col(CampaignRecipient.contact_id))
        .execution_options(yield_per=CHUNK)
    )
    for row in found:
        yield row.contact_id, row.verdict, row.fate


def of_run(run: CampaignRun) -> tuple[ColumnElement[bool], ...]:
    """SQL: the rows of this list."""
    return (
        col(CampaignRecipient.campaign_id) == run.campaign_id,
        col(CampaignRecipient.run) == run.run,
    )


def folded(digest: str, people: Iterable[tuple[int, str]]) -> str:
    """The digest of a list that goes on with these people."""
    lines = "".join(f"{number} {verdict}\n" for number, verdict in people)
    return sha256(f"{digest}\n{lines}".encode()).hexdigest()


def drop_outdated(session: Session, most: int) -> int:
    """Lists that were made anew before anything left; rows deleted."""
    run, recipient, campaign = CampaignRun, CampaignRecipient, Campaign
    outdated = session.execute(
        select(col(run.campaign_id), col(run.run))
        .join(campaign, col(campaign.id) == col(run.campaign_id))
        .where(col(run.started_at).is_(None), col(run.run) < col(campaign.run))
        .order_by(col(run.campaign_id), col(run.run))
        .limit(1)
    ).first()
    if outdated is None:
        return 0
    key = (
        col(recipient.campaign_id) == outdated[0],
        col(recipient.run) == outdated[1],
    )
    first = (
        select(col(recipient.contact_id))
        .where(*key)
        .order_by(col(recipient.contact_id))
        .limit(most)
    )
    deleted = session.execute(
        delete(recipient)
        .where(*key, col(recipient.contact_id).in_(first))
        .returning(col(recipient.contact_id))
    )
    gone = len(deleted.all())
    if gone < most:
        session.execute(
            delete(run).where(
                col(run.campaign_id) == outdated[0], col(run.run) == outdated[1]
            )
        )
    return gone


# --- people ---------------------------------------------------------------------------------


def facts_of(
    session: Session,
    rows: Sequence[Row[Any]],
    campaign: Campaign,
    at: datetime,
    terms: Terms,
) -> list[Facts]:
    """What is known of these contacts; a handful of questions for all of them."""
    ids = [row.id for row in rows]
    wanting = consent.who_wants(session, ids, topic_of(campaign))
    capped = caps.who_is_capped(session, kind_of(campaign), ids, at, terms.zone)
    return [
        Facts(
            contact_id=row.id,
            oa_id=row.oa_id,
            last_interaction_at=row.last_interaction_at,
            is_follower=row.is_follower,
            unreachable_reason=row.unreachable_reason,
            person=row.user_id_by_app,
            wants=row.id in wanting,
            is_capped=row.id in capped,
        )
        for row in rows
    ]


CONTACT_COLUMNS = (
    col(Contact.id),
    col(Contact.oa_id),
    col(Contact.last_interaction_at),
    col(Contact.is_follower),
    col(Contact.unreachable_reason),
    col(Contact.user_id_by_app),
)


def _rows(
    session: Session, condition: ColumnElement[bool], most: int | None = None
) -> Sequence[Row[Any]]:
    return session.execute(
        select(*CONTACT_COLUMNS).where(condition).order_by(col(Contact.id)).limit(most)
    ).all()


def _meant(
    session: Session, campaign: Campaign, run: CampaignRun, terms: Terms
) -> ColumnElement[bool]:
    today = run.planned_at.astimezone(terms.zone).date()
    audience = audience_from(campaign.audience)
    return matches(session, audience, run.planned_at, today)


def _judge_with_rivals(
    session: Session,
    campaign: Campaign,
    run: CampaignRun,
    rows: Sequence[Row[Any]],
    terms: Terms,
    purse: Purse,
    mine: ColumnElement[bool],
) -> list[tuple[Facts, Verdict]]:
    """Everybody of the chunk; who writes to several of our accounts is reached once."""
    rivals = _rivals(session, rows, mine)
    facts = facts_of(session, [*rows, *rivals], campaign, run.planned_at, terms)
    judged = [
        (one, _verdict(one, campaign, run.planned_at, purse.may_pay(one.oa_id)))
        for one in facts
    ]
    together: dict[str, list[tuple[Facts, Verdict]]] = defaultdict(list)
    for one, verdict in judged:
        if one.person:
            together[one.person].append((one, verdict))
    best = {
        person: best_of(several)
        for person, several in together.items()
        if len(several) > 1
    }
    found = []
    for one, verdict in judged[: len(rows)]:
        if one.person in best and best[one.person] != one.contact_id:
            verdict = Verdict.DUPLICATE
        elif verdict == Verdict.PAID:
            # others of this chunk may have used up the rest
            if not purse.may_pay(one.oa_id):
                verdict = _verdict(one, campaign, run.planned_at, False)
            else:
                purse.pay(one.oa_id)
        found.append((one, verdict))
    return found


def _rivals(
    session: Session, rows: Sequence[Row[Any]], mine: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Other contacts of the same people that the campaign is meant for too."""
    people = [row.user_id_by_app for row in rows if row.user_id_by_app]
    if not people:
        return []
    here = {row.id for row in rows}
    found = _rows(session, and_(col(Contact.user_id_by_app).in_(people), mine))
    return [row for row in found if row.id not in here]


def _verdict(facts: Facts, campaign: Campaign, at: datetime, may_pay: bool) -> Verdict:
    return judge(
        facts,
        at,
        WhenClosed(campaign.when_closed),
        is_emergency=campaign.is_emergency,
        may_pay=may_pay,
    )


def _keep(
    session: Session,
    run: CampaignRun,
    judged: Sequence[tuple[Facts, Verdict]],
    terms: Terms,
) -> None:
    counts = defaultdict(int, run.counts)
    for facts, verdict in judged:
        counts[verdict.value] += 1
        if verdict == Verdict.PAID:
            counts[f"{_PAID}{facts.oa_id}"] += 1
    session.execute(
        CampaignRecipient.__table__.insert(),  # type: ignore[attr-defined]
        [
            {
                "campaign_id": run.campaign_id,
                "run": run.run,
                "contact_id": facts.contact_id,
                "verdict": verdict.value,
            }
            for facts, verdict in judged
        ],
    )
    run.counts = dict(counts)
    run.price_vnd = counts[Verdict.PAID.value] * terms.message_vnd
    run.list_sha256 = folded(
        run.list_sha256, ((facts.contact_id, verdict) for facts, verdict in judged)
    )
    run.listed_to = judged[-1][0].contact_id


def _list_followers(session: Session, campaign: Campaign, run: CampaignRun) -> None:
    """Zalo chooses the people of a broadcast by itself: only their number is known."""
    accounts = audience_from(campaign.audience).accounts
    follows = [col(Contact.is_follower).is_(True)]
    if accounts:
        follows.append(col(Contact.oa_id).in_(accounts))
    counted = select(func.count()).select_from(Contact).where(*follows)
    run.counts = {FOLLOWERS: session.scalar(counted) or 0}
    run.list_sha256 = folded("", [(campaign.id or 0, campaign.article_id)])
    session.add(run)
