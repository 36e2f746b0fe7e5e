"""A feedback is filed, taken, passed on, answered, closed, reopened, rated, withdrawn.

```mermaid
stateDiagram-v2
    [*] --> received: file
    received --> taken: take
    taken --> received: give_back
    received --> received: transfer
    taken --> received: transfer
    received --> answered: answer
    taken --> answered: answer
    received --> closed: close
    taken --> closed: close
    answered --> received: reopen
    closed --> received: reopen
    received --> withdrawn: withdraw
    taken --> withdrawn: withdraw
```

Whatever an official does goes into the audit log by codes, and its words into the course of
the feedback. Who may do it is for the caller to ask. Functions take a session and never
commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.outreach.caps import same_person
from bot.people import audit, privacy
from models import (
    Contact,
    Feedback,
    FeedbackEntry,
    FeedbackState,
    FeedbackStep,
    Official,
)

PURPOSE = "feedback"  # of the consent
SHORTEST, LONGEST = 10, 1500  # characters: shorter says nothing, longer is a letter
MOST_A_DAY = 5  # of one person: more is a game, or something to talk about
STARS = range(1, 6)
REOPENED_WITHIN = timedelta(days=30)
OPEN = (FeedbackState.RECEIVED, FeedbackState.TAKEN)
ENDED = (FeedbackState.ANSWERED, FeedbackState.CLOSED)
# "PA12": what people say on the telephone.
_NUMBER = re.compile(r"(?:pa)?\s*(\d{1,9})", re.IGNORECASE)


class NotPossibleError(Exception):
    """It is no longer in a state that allows this, or somebody else takes care of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports. ``text`` is masked already."""

    unit_code: str
    area: str
    text: str
    picture_url: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def number_of(feedback: Feedback) -> str:
    return f"PA{feedback.id}"


def read_number(written: str) -> int:
    """0 where there is none."""
    found = _NUMBER.fullmatch(written.strip())
    return int(found[1]) if found else 0


def file_report(
    session: Session, contact: Contact, report: Report, version: str, now: datetime
) -> Feedback | None:
    """None when he has filed too many today. ``version`` is that of the notice to which
    he said yes."""
    if _filed_lately(session, contact, now) >= MOST_A_DAY:
        return None
    feedback = Feedback(
        oa_id=contact.oa_id,
        contact_id=contact.id,
        unit_code=report.unit_code,
        area=report.area,
        text=report.text[:LONGEST],
        latitude=report.latitude,
        longitude=report.longitude,
        picture_url=report.picture_url,
        picture_due_at=now if report.picture_url else None,
        created_at=now,
        waiting_since=now,
    )
    session.add(feedback)
    session.flush()
    _note(session, feedback, FeedbackStep.FILED, now)
    privacy.record_consent(session, contact, PURPOSE, "accepted", version, now)
    return feedback


def _filed_lately(session: Session, contact: Contact, now: datetime) -> int:
    statement = select(func.count()).where(
        col(Feedback.contact_id).in_(same_person(session, contact)),
        col(Feedback.created_at) > now - timedelta(days=1),
    )
    return session.scalar(statement) or 0


# --- what its author does ---------------------------------------------------------------------


def of_person(session: Session, contact: Contact, most: int = 10) -> Sequence[Feedback]:
    """His own, newest first."""
    return session.scalars(
        select(Feedback)
        .where(
            col(Feedback.contact_id).in_(same_person(session, contact)),
            col(Feedback.state) != FeedbackState.WITHDRAWN,
        )
        .order_by(col(Feedback.id).desc())
        .limit(most)
    ).all()


def own(session: Session, contact: Contact, number: int) -> Feedback | None:
    """This one, if it is his."""
    found = session.get(Feedback, number)
    if found is None or found.contact_id not in same_person(session, contact):
        return None
    return None if found.state == FeedbackState.WITHDRAWN else found


def may_reopen(feedback: Feedback, now: datetime) -> bool:
    return (
        feedback.state in ENDED
        and feedback.ended_at is not None
        and feedback.ended_at > now - REOPENED_WITHIN
    )


def may_rate(feedback: Feedback) -> bool:
    return feedback.state in ENDED and feedback.rating is None


def reopen(session: Session, feedback: Feedback, text: str, now: datetime) -> None:
    """Not settled, says who reported it; it waits again, for anybody of the unit."""
    if not may_reopen(feedback, now):
        raise NotPossibleError
    feedback.state = FeedbackState.RECEIVED
    feedback.taken_by_id = feedback.ended_at = None
    feedback.waiting_since = now
    feedback.reopened += 1
    _note(session, feedback, FeedbackStep.REOPENED, now, text=text[:LONGEST])


def rate(session: Session, feedback: Feedback, stars: int, now: datetime) -> None:
    """Once; of the answer he has got."""
    if not may_rate(feedback) or stars not in STARS:
        raise NotPossibleError
    feedback.rating = stars
    _note(session, feedback, FeedbackStep.RATED, now, text=str(stars))


def withdraw(session: Session, feedback: Feedback, now: datetime) -> None:
    """He does not want it any more; its words are taken away by ``forgetting``."""
    if feedback.state not in OPEN:
        raise NotPossibleError
    feedback.state, feedback.ended_at = FeedbackState.WITHDRAWN, now
    _note(session, feedback, FeedbackStep.WITHDRAWN, now)


# --- what an official does --------------------------------------------------------------------


def take(
    session: Session,
    feedback: Feedback,
    official: Official,
    by: Official,
    now: datetime,
) -> None:
    """``official`` takes care of it, as ``by`` decides: mostly he himself."""
    if feedback.state not in OPEN:
        raise NotPossibleError
    if feedback.taken_by_id == official.id:
        return
    feedback.state, feedback.taken_by_id = FeedbackState.TAKEN, official.id
    entry = _note(session, feedback, FeedbackStep.TAKEN, now, official=official)
    entry.unit_code = feedback.unit_code
    detail = {"to": official.pseudonym}
    _record(session, feedback, by, FeedbackStep.TAKEN, detail, now)


def give_back(
    session: Session, feedback: Feedback, official: Official, now: datetime
) -> None:
    if feedback.state != FeedbackState.TAKEN:
        raise NotPossibleError
    feedback.state, feedback.taken_by_id = FeedbackState.RECEIVED, None
    _by_official(session, feedback, official, FeedbackStep.GIVEN_BACK, now)


def transfer(
    session: Session,
    feedback: Feedback,
    official: Official,
    unit_code: str,
    text: str,
    now: datetime,
) -> None:
    """To another unit, whose it is from now on; ``text`` is a word to the colleagues there."""
    if feedback.state not in OPEN or unit_code == feedback.unit_code:
        raise NotPossibleError
    left = feedback.unit_code
    feedback.unit_code, feedback.waiting_since = unit_code, now
    feedback.state, feedback.taken_by_id = FeedbackState.RECEIVED, None
    detail = {"from": left, "to": unit_code}
    _by_official(
        session, feedback, official, FeedbackStep.TRANSFERRED, now, text, detail
    )


def answer(
    session: Session,
    feedback: Feedback,
    official: Official,
    text: str,
    now: datetime,
    *,
    is_settled: bool = True,
) -> FeedbackEntry:
    """The answer, or (``is_settled`` false) why nothing can be done; it is over with that."""
    if feedback.state not in OPEN:
        raise NotPossibleError
    step = FeedbackStep.ANSWERED if is_settled else FeedbackStep.CLOSED
    feedback.state = FeedbackState.ANSWERED if is_settled else FeedbackState.CLOSED
    feedback.taken_by_id, feedback.ended_at = official.id, now
    return _by_official(session, feedback, official, step, now, text)


def course(session: Session, feedback: Feedback) -> Sequence[FeedbackEntry]:
    """All steps, the first one first."""
    return session.scalars(
        select(FeedbackEntry)
        .where(col(FeedbackEntry.feedback_id) == feedback.id)
        .order_by(col(FeedbackEntry.id))
    ).all()


def _by_official(
    session: Session,
    feedback: Feedback,
    official: Official,
    step: FeedbackStep,
    now: datetime,
    text: str = "",
    detail: dict[str, Any] | None = None,
) -> FeedbackEntry:
    entry = _note(session, feedback, step, now, official=official, text=text)
    entry.unit_code = feedback.unit_code
    _record(session, feedback, official, step, detail or {}, now)
    return entry


def _record(
    session: Session,
    feedback: Feedback,
    official: Official,
    step: FeedbackStep,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    subject, action = f"feedback:{feedback.id}", f"feedback.{step.value}"
    audit.record(session, official.pseudonym, action, subject, detail, now)


def _note(
    session: Session,
    feedback: Feedback,
    step: FeedbackStep,
    now: datetime,
    *,
    official: Official | None = None,
    text: str = "",
) -> FeedbackEntry:
    """``official`` None: its author himself."""
    entry = FeedbackEntry(
        feedback_id=feedback.id or 0,
        at=now,
        step=step,
        contact_id=feedback.contact_id,
        official_id=official.id if official else None,
        text=text,
    )
    session.add(entry)
    session.flush()
    return entry
