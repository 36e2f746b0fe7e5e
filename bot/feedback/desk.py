"""The desk of a unit: who waits there for an answer, and who is told that somebody waits.

Somebody waits who asked for a person and whom nobody has taken, and whoever reported
something that nobody has taken. The officials of the unit itself are written to, those above
it see the number on the dashboard. One official gets one message for all that waits in his
units, when something new has come since the last one; not while he has not read that one,
and no more than a few a day. A message that did not leave yet is called back once nothing
waits any more.

Read has who saw it, wrote since, or was in the dashboard since; on the next day he is told
once more even if he has not. Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.channel.outbox import Reason
from bot.conversation.announcing import announce
from bot.conversation.texts import Texts
from bot.conversation.turn import Reply
from bot.people import absences, officials, units
from bot.people.roster import people_of
from models import (
    Account,
    Contact,
    DashboardSession,
    Feedback,
    FeedbackState,
    Handover,
    Lane,
    MessageKind,
    MessageStatus,
    Official,
    OutboxMessage,
)

MOST_A_DAY = 4  # the dashboard says it all the time; more would only be nagging
USEFUL_FOR = timedelta(days=3)  # over a weekend
_NOT_LEFT = (MessageStatus.WAITING, MessageStatus.PARKED)
PEOPLE, REPORTS = "/dashboard/conversations", "/dashboard/feedback"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the newest of them does."""

    people: int = 0
    feedback: int = 0
    newest: datetime | None = None

    def __add__(self, other: Waiting) -> Waiting:
        both = [at for at in (self.newest, other.newest) if at is not None]
        return Waiting(
            self.people + other.people,
            self.feedback + other.feedback,
            max(both, default=None),
        )

    @property
    def count(self) -> int:
        return self.people + self.feedback


def waiting_by_unit(session: Session) -> dict[str, Waiting]:
    """Every unit with somebody at its desk."""
    found: dict[str, Waiting] = {}
    people = session.execute(
        select(col(Account.unit_code), func.count(), func.max(col(Handover.asked_at)))
        .join(Account, col(Account.oa_id) == col(Handover.oa_id))
        .where(
            col(Handover.done_at).is_(None),
            col(Handover.taken_at).is_(None),
            col(Account.unit_code).is_not(None),
        )
        .group_by(col(Account.unit_code))
    )
    for code, count, newest in people:
        found[code] = Waiting(people=count, newest=newest)
    reports = session.execute(
        select(
            col(Feedback.unit_code),
            func.count(),
            func.max(col(Feedback.waiting_since)),
        )
        .where(col(Feedback.state) == FeedbackState.RECEIVED)
        .group_by(col(Feedback.unit_code))
    )
    for code, count, newest in reports:
        found[code] = found.get(code, Waiting()) + Waiting(
            feedback=count, newest=newest
        )
    return found


def waiting_in(session: Session, unit_codes: Collection[str]) -> Waiting:
    """At the desks of these units together."""
    mine = (
        waiting
        for code, waiting in waiting_by_unit(session).items()
        if code in unit_codes
    )
    return sum(mine, Waiting())


# --- who is told ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """``base_url`` is where people reach the dashboard."""

    texts: Texts
    zone: ZoneInfo
    base_url: str

    def tell(self, session: Session, now: datetime) -> dict[str, int]:
        """Everybody for whom something new waits; messages written and called back."""
        by_official = self._by_official(session, now)
        called_back = _call_back(session, set(by_official))
        told = sum(
            self._tell_one(session, number, waiting, now)
            for number, waiting in sorted(by_official.items())
        )
        return {"told": told, "called_back": called_back}

    def _by_official(self, session: Session, now: datetime) -> dict[int, Waiting]:
        today = now.astimezone(self.zone).date()
        found: dict[int, Waiting] = {}
        for code, waiting in waiting_by_unit(session).items():
            for heir in units.heirs(session, code, today):
                for number in set(_there(session, heir, now.astimezone(self.zone))):
                    found[number] = found.get(number, Waiting()) + waiting
        return found

    def _tell_one(
        self, session: Session, official_id: int, waiting: Waiting, now: datetime
    ) -> bool:
        contact = officials.reachable_contact(session, official_id, now)
        if contact is None or not self._is_due(session, official_id, waiting, now):
            return False
        link = f"{self.base_url}{PEOPLE if waiting.people else REPORTS}"
        params = {"people": waiting.people, "feedback": waiting.feedback, "link": link}
        written = announce(
            session,
            self.texts,
            contact,
            f"desk:{official_id}:{now.isoformat()}",
            [Reply("desk.notice", params, remark=True)],
            lane=Lane.REMINDER,
            kind=MessageKind.DESK_NOTICE,
            now=now,
            useful_until=now + USEFUL_FOR,
        )
        return bool(written)

    def _is_due(
        self, session: Session, official_id: int, waiting: Waiting, now: datetime
    ) -> bool:
        told = _told_lately(session, official_id, now)
        if not told:
            return True
        today = now.astimezone(self.zone).date()
        days = [one.created_at.astimezone(self.zone).date() for one in told]
        last = told[0]
        if days[0] == today and not _is_read(session, official_id, last):
            return False
        is_new = waiting.newest is None or waiting.newest > last.created_at
        return is_new and days.count(today) < MOST_A_DAY


def _there(session: Session, unit_code: str, now: datetime) -> Iterator[int]:
    """Who has joined and is not away; in place of who is away his substitute."""
    today = now.date()
    for one in people_of(session, unit_code, today):
        person = one.official
        if person.joined_at is None or person.left_at is not None:
            continue
        absence = absences.current(session, person, today)
        if absence is None or absence.since_on > today:
            yield person.id or 0
        elif absence.substitute_id is not None:
            yield absence.substitute_id


def _told_lately(
    session: Session, official_id: int, now: datetime
) -> Sequence[OutboxMessage]:
    """The notices that reached him, or are on their way, newest first."""
    contacts = [one.id for one in officials.contacts_of(session, official_id)]
    return session.scalars(
        select(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id).in_(contacts),
            col(OutboxMessage.kind) == MessageKind.DESK_NOTICE,
            col(OutboxMessage.status) != MessageStatus.CANCELLED,
            col(OutboxMessage.created_at) > now - USEFUL_FOR,
        )
        .order_by(col(OutboxMessage.id).desc())
    ).all()


def _is_read(session: Session, official_id: int, last: OutboxMessage) -> bool:
    if last.seen_at is not None:
        return True
    sent_at = last.sent_at or last.created_at
    contacts = officials.contacts_of(session, official_id)
    if any(
        one.last_interaction_at and one.last_interaction_at > sent_at
        for one in contacts
    ):
        return True
    seen = session.scalars(
        select(col(DashboardSession.id)).where(
            col(DashboardSession.official_id) == official_id,
            col(DashboardSession.seen_at) > sent_at,
        )
    ).first()
    return seen is not None


def _call_back(session: Session, still_wanted: Collection[int]) -> int:
    """What has not left, of those for whom nothing waits any more."""
    waiting = session.scalars(
        select(OutboxMessage).where(
            col(OutboxMessage.lane) == Lane.REMINDER,
            col(OutboxMessage.status).in_(_NOT_LEFT),
            col(OutboxMessage.kind) == MessageKind.DESK_NOTICE,
        )
    ).all()
    people = _officials_of(session, [one.contact_id for one in waiting])
    gone = [one for one in waiting if people.get(one.contact_id) not in still_wanted]
    for one in gone:
        one.status, one.reason = MessageStatus.CANCELLED, Reason.NO_LONGER_OWED
    return len(gone)


def _officials_of(
    session: Session, contact_ids: Collection[int]
) -> Mapping[int, int | None]:
    found: dict[int, int | None] = {}
    for number in contact_ids:
        contact = session.get_one(Contact, number)
        him: Official | None = officials.official_of(session, contact)
        found[number] = him.id if him else None
    return found
