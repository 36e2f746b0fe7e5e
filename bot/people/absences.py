"""Who is away until a day, and who is reminded in his place.

One absence of a person is open at a time: a new one ends the one before. Both steps go into
the audit log. Functions never commit.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.people import audit, officials
from bot.people.roster import people_of
from bot.search.fold import words
from models import Absence, Official


def begin(
    session: Session,
    official: Official,
    since_on: date,
    until_on: date,
    substitute: Official | None,
    now: datetime,
) -> Absence:
    """Away from ``since_on`` to ``until_on``, both included."""
    end(session, official, now)
    absence = Absence(
        official_id=official.id or 0,
        substitute_id=substitute.id if substitute else None,
        since_on=since_on,
        until_on=until_on,
        created_at=now,
    )
    session.add(absence)
    session.flush()
    detail = {"since": since_on.isoformat(), "until": until_on.isoformat()}
    if substitute is not None:
        detail["substitute"] = substitute.pseudonym
    subject = f"official:{official.pseudonym}"
    audit.record(session, official.pseudonym, "absence.begin", subject, detail, now)
    return absence


def end(session: Session, official: Official, now: datetime) -> bool:
    """He is there again; False when he was not away."""
    absence = current(session, official, now.date())
    if absence is None:
        return False
    absence.ended_at = now
    session.add(absence)
    session.flush()
    subject = f"official:{official.pseudonym}"
    audit.record(session, official.pseudonym, "absence.end", subject, {}, now)
    return True


def current(session: Session, official: Official, day: date) -> Absence | None:
    """The one that holds on this day, or is to come."""
    return session.scalars(
        select(Absence)
        .where(
            col(Absence.official_id) == official.id,
            col(Absence.until_on) >= day,
            col(Absence.ended_at).is_(None),
        )
        .order_by(col(Absence.id).desc())
        .limit(1)
    ).first()


def colleagues(session: Session, official: Official, day: date) -> list[Official]:
    """Who could stand in: everybody else of his units who has joined."""
    found: dict[int, Official] = {}
    for unit in officials.units_of(session, official.id or 0, day):
        for one in people_of(session, unit.code, day):
            other = one.official
            if other.joined_at is not None and other.id != official.id:
                found[other.id or 0] = other
    return list(found.values())


def named_in(text: str, people: list[Official]) -> list[Official]:
    """Those whose whole name stands in the text, else those whose given name does."""
    said = words(text)
    plain = f" {' '.join(said)} "
    whole = [one for one in people if f" {' '.join(words(one.name))} " in plain]
    return whole or [one for one in people if (words(one.name) or [""])[-1] in said]
