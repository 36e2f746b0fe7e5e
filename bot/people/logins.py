"""Into the dashboard without a password: a link, then a session, then out.

* A link lives five minutes and works once; asking for another one ends the earlier ones.
* A session ends after an hour without a page, eight hours at the latest, when he goes, and
  at once when he loses a role or leaves.
* Of both only digests are stored: whoever reads the database cannot enter with it.

Entering, leaving and making a link are in the audit log.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot.people import audit
from models import DashboardSession, LoginLink, Official

LINK_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(hours=8)  # a working day
IDLE_FOR = timedelta(hours=1)  # a lunch break at an open desk
# Often enough for an idle hour, seldom enough that pages do not write.
SEEN_EVERY = timedelta(minutes=1)
_BYTES = 32


class LoginRefusal(StrEnum):
    """Why a link lets nobody in; sentences: ``dashboard/templates/dashboard/login.html``."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Entered:
    """``key`` goes into the browser's cookie and is known nowhere else."""

    key: str
    official: Official


@dataclass(frozen=True, slots=True)
class Seated:
    """Who is in, by which session."""

    official: Official
    session_id: int
    seen_at: datetime


def make_link(session: Session, official: Official, by: str, now: datetime) -> str:
    """The secret part of a link for him; it is seen only here."""
    if not _is_in_office(official):
        raise ValueError(f"{official.pseudonym} has not joined, or has left")
    _end_links(session, official.id or 0, now)
    token = secrets.token_urlsafe(_BYTES)
    session.add(
        LoginLink(
            token_sha256=_digest(token),
            official_id=official.id or 0,
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
    )
    session.flush()
    _note(session, official, "login.link_made", by, now)
    return token


def enter(session: Session, token: str, now: datetime) -> Entered | LoginRefusal:
    """Use the link up and begin a session; of two who try at once one is let in."""
    row = session.scalars(
        select(LoginLink).where(col(LoginLink.token_sha256) == _digest(token))
    ).one_or_none()
    if row is None:
        return LoginRefusal.UNKNOWN
    if row.used_at is not None:
        return LoginRefusal.USED
    if row.expires_at <= now:
        return LoginRefusal.EXPIRED
    official = session.get_one(Official, row.official_id)
    if not _is_in_office(official):
        return LoginRefusal.LEFT
    used = session.execute(
        update(LoginLink)
        .where(col(LoginLink.id) == row.id, col(LoginLink.used_at).is_(None))
        .values(used_at=now)
        .returning(col(LoginLink.id))
    ).first()
    if used is None:
        return LoginRefusal.USED
    key = secrets.token_urlsafe(_BYTES)
    session.add(
        DashboardSession(
            key_sha256=_digest(key),
            official_id=row.official_id,
            created_at=now,
            seen_at=now,
        )
    )
    session.flush()
    _note(session, official, "login.entered", official.pseudonym, now)
    return Entered(key, official)


def seated(session: Session, key: str, now: datetime) -> Seated | None:
    """Whose session this is, as long as it lasts."""
    row = session.execute(
        select(col(DashboardSession.id), col(DashboardSession.seen_at), Official)
        .join(Official, col(Official.id) == col(DashboardSession.official_id))
        .where(
            col(DashboardSession.key_sha256) == _digest(key),
            col(DashboardSession.ended_at).is_(None),
            col(DashboardSession.created_at) > now - SESSION_LIFE,
            col(DashboardSession.seen_at) > now - IDLE_FOR,
        )
    ).one_or_none()
    if row is None or not _is_in_office(row[2]):
        return None
    return Seated(session_id=row[0] or 0, seen_at=row[1], official=row[2])


def touch(session: Session, session_id: int, now: datetime) -> None:
    session.execute(
        update(DashboardSession)
        .where(
            col(DashboardSession.id) == session_id, col(DashboardSession.seen_at) < now
        )
        .values(seen_at=now)
    )


def leave(session: Session, seat: Seated, now: datetime) -> None:
    """He goes; the cookie is worth nothing from now on."""
    session.execute(
        update(DashboardSession)
        .where(
            col(DashboardSession.id) == seat.session_id,
            col(DashboardSession.ended_at).is_(None),
        )
        .values(ended_at=now)
    )
    who = seat.official
    _note(session, who, "login.left", who.pseudonym, now)


def end_all(session: Session, official_id: int) -> None:
    """Every session and link of this person goes: he lost a role, or leaves."""
    for table in (DashboardSession, LoginLink):
        session.execute(delete(table).where(col(table.official_id) == official_id))


def _end_links(session: Session, official_id: int, now: datetime) -> None:
    session.execute(
        update(LoginLink)
        .where(
            col(LoginLink.official_id) == official_id, col(LoginLink.used_at).is_(None)
        )
        .values(used_at=now)
    )


def _is_in_office(official: Official) -> bool:
    return official.joined_at is not None and official.left_at is None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _note(
    session: Session, official: Official, action: str, by: str, now: datetime
) -> None:
    audit.record(session, by, action, f"official:{official.pseudonym}", {}, now)
