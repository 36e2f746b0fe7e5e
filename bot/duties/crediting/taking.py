"""The judgement: an item is known already, nobody's, out of scope, doubtful, or a credit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.duties import closing
from bot.duties.crediting.items import Item, text_digest
from bot.duties.crediting.owners import owner_of_account, owner_of_link
from bot.duties.crediting.placing import Place, looks_back_to, place_for
from bot.duties.deadlines import zone_of
from bot.duties.proofs.submitting import LONGEST_TITLE
from bot.duties.proofs.verdict import BY_RULE, Check, Finding
from bot.duties.table.tallies import ALIVE
from models import (
    EvidenceKind,
    FoundItem,
    FoundOutcome,
    Proof,
    ProofSource,
    ProofState,
)

# The page is looked at again after a day, like any accepted link.
FIRST_RECHECK_AFTER = timedelta(days=1)
Counts = Counter[str]
UNKNOWN_OWNER = Finding(Check.OWN_HOST, None).key
_DECIDED_BY_PEOPLE = (ProofState.REJECTED, ProofState.WITHDRAWN)


class Doubt(StrEnum):
    """Why a found item waits for a supervisor: codes of findings."""

    DATE_MISSING = "date_missing"
    FUTURE_DATE = "future_date"
    TEXT_USED_BEFORE = "text_used_before"
    PERIOD_CLOSED = "period_closed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a feed or an account. ``now`` is in the zone of the reports; ``last_at``
    when it was read before, None the first time."""

    now: datetime
    last_at: datetime | None = None

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def since(self) -> date:
        last = self.last_at or self.now
        return last.astimezone(zone_of(self.now)).date()


def known_items(session: Session, keys: Collection[str]) -> dict[str, FoundItem]:
    rows = session.scalars(select(FoundItem).where(col(FoundItem.source_key).in_(keys)))
    return {row.source_key: row for row in rows}


def wants_text(known: FoundItem | None, title: str) -> bool:
    """Whether an item is to be judged: new, or out of scope and renamed since."""
    if known is None:
        return True
    is_renamed = known.title != title[:LONGEST_TITLE]
    return known.outcome == FoundOutcome.OUT_OF_SCOPE and is_renamed


def take_all(session: Session, items: Sequence[Item], reading: Reading) -> Counts:
    """Judge what is new, oldest first; how many of each outcome."""
    known = known_items(session, [item.source_key for item in items])
    counts: Counter[str] = Counter()
    for item in sorted(items, key=oldest_first):
        before = known.get(item.source_key)
        if not wants_text(before, item.title):
            continue
        known[item.source_key] = take(session, item, reading, before)
        counts[known[item.source_key].outcome.value] += 1
    return counts


def oldest_first(item: Item) -> tuple[date, str]:
    return item.published_on or date.max, item.source_key


def take(
    session: Session, item: Item, reading: Reading, before: FoundItem | None = None
) -> FoundItem:
    """Judge one item and remember it; ``before``: what was known of it, to be renamed."""
    found = before or FoundItem(
        source_key=item.source_key,
        origin=item.origin,
        channel=item.channel,
        canonical_url=item.canonical_url,
        published_on=item.published_on,
        first_seen_at=reading.now,
    )
    found.title = item.title[:LONGEST_TITLE]
    found.text_sha256 = text_digest(item.title, item.text)
    found.outcome = _outcome(session, found, item, reading)
    session.add(found)
    session.flush()
    return found


def _outcome(
    session: Session, found: FoundItem, item: Item, reading: Reading
) -> FoundOutcome:
    is_new = item.is_new and reading.last_at is not None
    if item.published_on is None and not is_new:
        return FoundOutcome.OLD  # nobody knows how old
    day = item.published_on or _appeared(item, reading)
    if day is not None and day < looks_back_to(reading.since):
        return FoundOutcome.OLD
    # a day that cannot be believed says nothing about owner and period either
    is_sure = day is not None and day <= reading.today
    judged_on = day if day is not None and is_sure else reading.today
    unit_code = _owner(session, item, judged_on)
    if unit_code is None:
        return FoundOutcome.FOREIGN
    found.unit_code = unit_code
    if _is_known(session, found):
        _vouch_for(session, found, item)
        return FoundOutcome.KNOWN
    place = place_for(session, item, unit_code, judged_on, reading.since)
    if place is None:
        return FoundOutcome.OUT_OF_SCOPE
    if (before := _same_words(session, found)) is not None:
        found.proof_id = before.proof_id  # it is that one, at another address
        return FoundOutcome.REPUBLISHED
    found.published_on = day
    doubt = _doubt(session, found, place, day, reading)
    proof = _proof(found, item, place, doubt, reading)
    session.add(proof)
    session.flush()
    found.proof_id = proof.id
    return FoundOutcome.DOUBTFUL if doubt else FoundOutcome.CREDITED


def _appeared(item: Item, reading: Reading) -> date | None:
    """What was not there at the last reading, and says a day since then, is new."""
    day = item.appeared_on
    return day if day is not None and day >= reading.since else None


def _owner(session: Session, item: Item, day: date) -> str | None:
    address = item.origin.partition(":")[2]
    if item.source == ProofSource.OWN_OA:
        return owner_of_account(session, address, day)
    return owner_of_link(session, item.url or "", address, day)


def _is_known(session: Session, found: FoundItem) -> bool:
    """Somebody sent this very link before, or it was found under another key."""
    if found.canonical_url is None:
        return False
    proof = select(col(Proof.id)).where(
        col(Proof.canonical_url) == found.canonical_url,
        col(Proof.state).in_((*ALIVE, *_DECIDED_BY_PEOPLE)),
    )
    other = select(col(FoundItem.id)).where(
        col(FoundItem.canonical_url) == found.canonical_url,
        col(FoundItem.source_key) != found.source_key,
        col(FoundItem.proof_id).is_not(None),
    )
    return session.scalars(proof.union_all(other).limit(1)).first() is not None


def _vouch_for(session: Session, found: FoundItem, item: Item) -> None:
    """Whose article it is was not known when its link was sent: that is checked anew."""
    if item.source != ProofSource.OWN_OA:
        return
    session.execute(
        update(Proof)
        .where(
            col(Proof.canonical_url) == found.canonical_url,
            col(Proof.unit_code) == found.unit_code,
            col(Proof.source) == ProofSource.CHAT,
            col(Proof.state) == ProofState.DOUBTFUL,
            col(Proof.reason) == UNKNOWN_OWNER,
        )
        .values(state=ProofState.RECEIVED, check_lease_until=None)
    )


def _same_words(session: Session, found: FoundItem) -> FoundItem | None:
    """The item of this unit and channel that these words were judged by before."""
    return session.scalars(
        select(FoundItem)
        .where(
            col(FoundItem.text_sha256) == found.text_sha256,
            col(FoundItem.unit_code) == found.unit_code,
            col(FoundItem.channel) == found.channel,
            col(FoundItem.source_key) != found.source_key,
            col(FoundItem.proof_id).is_not(None),
        )
        .limit(1)
    ).first()


def _doubt(
    session: Session,
    found: FoundItem,
    place: Place,
    day: date | None,
    reading: Reading,
) -> Doubt | None:
    if day is None:
        return Doubt.DATE_MISSING
    if day > reading.today:
        return Doubt.FUTURE_DATE
    if closing.is_closed(session, place.period):
        return Doubt.PERIOD_CLOSED
    elsewhere = select(col(FoundItem.id)).where(
        col(FoundItem.text_sha256) == found.text_sha256,
        col(FoundItem.unit_code) != found.unit_code,
        col(FoundItem.proof_id).is_not(None),
    )
    is_copied = session.scalars(elsewhere.limit(1)).first() is not None
    return Doubt.TEXT_USED_BEFORE if is_copied else None


def _proof(
    found: FoundItem, item: Item, place: Place, doubt: Doubt | None, reading: Reading
) -> Proof:
    is_page = item.source == ProofSource.FEED
    return Proof(
        plan_id=place.duty.plan_id,
        duty_id=place.duty.duty_id,
        unit_code=found.unit_code or "",
        channel=item.channel,
        period=place.period.key,
        kind=EvidenceKind.LINK,
        url=item.url,
        canonical_url=item.canonical_url,
        text_sha256=found.text_sha256,
        title=found.title,
        published_on=found.published_on,
        received_at=reading.now,
        source=item.source,
        source_key=item.source_key,
        state=ProofState.DOUBTFUL if doubt else ProofState.ACCEPTED,
        reason=doubt or "",
        decided_at=None if doubt else reading.now,
        decided_by=None if doubt else BY_RULE,
        # an account's articles are looked after by their list, which ``hiding`` reads
        next_check_at=reading.now + FIRST_RECHECK_AFTER if is_page else None,
    )
