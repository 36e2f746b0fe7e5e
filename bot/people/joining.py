"""How officials come and go: on the roster, by invitation, through the chat, and out.

A code is used once, by whoever types it first; five wrong ones in an hour and nobody is
let in from that contact for an hour. Leaving is at once: the last day of service is then
yesterday. Every step is in the audit log.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot.people import audit, logins, units
from bot.people.invitation_codes import digest, new_code
from bot.people.officials import (
    may_invite,
    memberships,
    official_of,
    person_behind,
)
from models import AdminUnit, Contact, Invitation, Membership, Official, Role

INVITATION_VALID_FOR = timedelta(days=14)  # a long holiday, and a week to find it
WRONG_CODES_ALLOWED = 5
WRONG_CODES_FORGOTTEN_AFTER = timedelta(hours=1)


class Refusal(StrEnum):
    """Why a code lets nobody in; sentences: ``content/texts/officials.toml``."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNIT_ENDED = "unit_ended"
    TOO_MANY = "too_many"  # wrong ones from here; later again
    ALREADY = "already"  # he has this role in this unit


@dataclass(frozen=True, slots=True)
class Joined:
    """Who came in, where, as what."""

    official: Official
    unit: AdminUnit
    role: Role


def enrol(
    session: Session, name: str, now: datetime, *, phone: str | None = None
) -> Official:
    """Put somebody on the roster; he acts after he has joined."""
    official = Official(
        pseudonym=f"p{secrets.token_hex(6)}", name=name, phone=phone, created_at=now
    )
    session.add(official)
    session.flush()
    return official


def appoint(
    session: Session, official: Official, unit_code: str, role: Role, today: date
) -> Membership:
    """Give him this role in this unit from today on, in place of another he has there."""
    for one in memberships(session, official.id or 0, today):
        if one.unit_code == unit_code and one.role == role:
            return one
        if one.unit_code == unit_code:
            end_membership(session, one, today)
    new = Membership(
        official_id=official.id or 0, unit_code=unit_code, role=role, since_on=today
    )
    session.add(new)
    session.flush()
    return new


def change_role(
    session: Session,
    official: Official,
    unit_code: str,
    role: Role,
    by: str,
    now: datetime,
    today: date,
) -> None:
    """Another role in a unit that he serves; whether ``by`` may is for the caller to ask
    (``may_invite``, of the old role and the new one). His open pages end."""
    appoint(session, official, unit_code, role, today)
    detail = {"unit": unit_code, "role": role}
    subject = f"official:{official.pseudonym}"
    audit.record(session, by, "official.role_changed", subject, detail, now)


def end_membership(session: Session, membership: Membership, today: date) -> None:
    """From today on he has this role no more, nor the pages that he had opened with it."""
    membership.until_on = today - timedelta(days=1)
    session.add(membership)
    logins.end_all(session, membership.official_id)


def invite(
    session: Session,
    unit_code: str,
    role: Role,
    created_by: str,
    now: datetime,
    valid_for: timedelta = INVITATION_VALID_FOR,
    official_id: int | None = None,
) -> str:
    """A code that makes whoever types it first an official; it is shown only here.

    With ``official_id`` he becomes this person of the roster. Whether ``created_by`` (a
    pseudonym, or ``audit.OPERATOR``) may invite is for the caller to ask: ``may_invite``.
    """
    code = new_code()
    invitation = Invitation(
        code_sha256=digest(code),
        unit_code=unit_code,
        role=role,
        official_id=official_id,
        created_at=now,
        created_by=created_by,
        expires_at=now + valid_for,
    )
    session.add(invitation)
    session.flush()
    detail = {"unit": unit_code, "role": role, "invitation": invitation.id}
    if official_id is not None:
        detail["official"] = session.get_one(Official, official_id).pseudonym
    audit.record(
        session, created_by, "official.invited", f"unit:{unit_code}", detail, now
    )
    return code


def join(
    session: Session, contact: Contact, code: str, now: datetime, today: date
) -> Joined | Refusal:
    """Let in whoever writes here with this code; ``code`` as ``find_code`` gives it."""
    if _guessed_too_often(contact, now):
        return Refusal.TOO_MANY
    invitation = session.scalars(
        select(Invitation).where(col(Invitation.code_sha256) == digest(code))
    ).one_or_none()
    if invitation is None:
        contact.wrong_codes += 1
        contact.wrong_code_at = now
        session.add(contact)
        return Refusal.UNKNOWN
    unit = units.by_code(session, invitation.unit_code)
    if refusal := _objection(session, contact, invitation, now, today):
        return refusal
    if unit is None or not units.is_in_force(unit, today):
        return Refusal.UNIT_ENDED
    if not _use(session, invitation, now):
        return Refusal.USED
    official = _become(session, contact, invitation, now, today)
    appoint(session, official, unit.code, invitation.role, today)
    contact.wrong_codes = 0
    detail = {"unit": unit.code, "role": invitation.role, "invitation": invitation.id}
    who = official.pseudonym
    audit.record(session, who, "official.joined", f"official:{who}", detail, now)
    return Joined(official, unit, Role(invitation.role))


def _guessed_too_often(contact: Contact, now: datetime) -> bool:
    last = contact.wrong_code_at
    if last is not None and last <= now - WRONG_CODES_FORGOTTEN_AFTER:
        contact.wrong_codes = 0
    return contact.wrong_codes >= WRONG_CODES_ALLOWED


def _objection(
    session: Session,
    contact: Contact,
    invitation: Invitation,
    now: datetime,
    today: date,
) -> Refusal | None:
    if _has_it_already(session, contact, invitation, today):
        return Refusal.ALREADY
    if invitation.used_at is not None:
        return Refusal.USED
    if invitation.revoked_at is not None:
        return Refusal.REVOKED
    return Refusal.EXPIRED if invitation.expires_at <= now else None


def _has_it_already(
    session: Session, contact: Contact, invitation: Invitation, today: date
) -> bool:
    known = official_of(session, contact)
    if known is None or invitation.official_id not in (None, known.id):
        return False
    place = (invitation.unit_code, invitation.role)
    served = memberships(session, known.id or 0, today)
    return any((one.unit_code, one.role) == place for one in served)


def _use(session: Session, invitation: Invitation, now: datetime) -> bool:
    """False when another phone was quicker."""
    unused = (
        update(Invitation)
        .where(col(Invitation.id) == invitation.id, col(Invitation.used_at).is_(None))
        .values(used_at=now)
        .returning(col(Invitation.id))
    )
    return session.execute(unused).first() is not None


def _become(
    session: Session,
    contact: Contact,
    invitation: Invitation,
    now: datetime,
    today: date,
) -> Official:
    """The official this contact is from now on.

    Somebody known stays who he is, and takes over what the roster says of him; a code made
    for a person of the roster makes whoever has it that person.
    """
    meant = session.get(Official, invitation.official_id or 0)
    official = person_behind(session, contact)
    if official is None:
        official = meant or enrol(session, "", now)
    elif meant is not None and meant is not official and meant.joined_at is None:
        _take_over(session, official, meant, today)
    official.joined_at = official.joined_at or now
    official.left_at = None
    contact.official_id = official.id
    session.add_all([official, contact])
    session.flush()
    return official


def _take_over(
    session: Session, official: Official, roster: Official, today: date
) -> None:
    """The roster knew somebody under another row: one person, one row."""
    official.name = roster.name or official.name
    official.phone = roster.phone or official.phone
    serves = {one.unit_code for one in memberships(session, official.id or 0, today)}
    for one in memberships(session, roster.id or 0, today):
        if one.unit_code in serves:
            session.delete(one)
    session.flush()
    for table in (Membership, Invitation):
        session.execute(
            update(table)
            .where(col(table.official_id) == roster.id)
            .values(official_id=official.id)
        )
    session.delete(roster)


def leave(
    session: Session,
    official: Official,
    unit_code: str | None,
    by: str,
    now: datetime,
    today: date,
) -> list[Membership]:
    """End his service in this unit, or in all (None): at once, with his open invitations.

    Gives the memberships that ended. Without any left he is no official any more: nobody
    need call him, so the telephone goes; a new invitation brings him back as the same
    person. Who never came is taken off the roster.
    """
    still = col(Membership.until_on).is_(None) | (col(Membership.until_on) >= today)
    mine = session.scalars(
        select(Membership).where(col(Membership.official_id) == official.id, still)
    ).all()
    ending = [one for one in mine if unit_code in (None, one.unit_code)]
    for one in ending:
        end_membership(session, one, today)
    session.flush()
    _revoke_after_leaving(session, official, ending, now, today)
    for one in ending:
        detail = {"unit": one.unit_code, "role": one.role}
        subject = f"official:{official.pseudonym}"
        audit.record(session, by, "official.left", subject, detail, now)
    if len(ending) == len(mine):
        official.left_at = now
        official.phone = None
        session.add(official)
        session.flush()
        if official.joined_at is None:
            _strike_off(session, official)
    return ending


def _strike_off(session: Session, official: Official) -> None:
    session.execute(
        update(Invitation)
        .where(col(Invitation.official_id) == official.id)
        .values(official_id=None)
    )
    session.execute(
        delete(Membership).where(col(Membership.official_id) == official.id)
    )
    session.execute(delete(Official).where(col(Official.id) == official.id))
    session.expunge(official)


def _revoke_after_leaving(
    session: Session,
    official: Official,
    ended: Iterable[Membership],
    now: datetime,
    today: date,
) -> None:
    """Codes made for him there, and codes by him that he could not make any more."""
    left = {one.unit_code for one in ended}
    for code in open_invitations(session, now):
        was_for_him = code.official_id == official.id and code.unit_code in left
        was_by_him = code.created_by == official.pseudonym
        if was_for_him or (
            was_by_him
            and not may_invite(session, official, code.role, code.unit_code, today)
        ):
            code.revoked_at = now
            session.add(code)


def open_invitations(session: Session, now: datetime) -> Sequence[Invitation]:
    return session.scalars(
        select(Invitation).where(
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
            col(Invitation.expires_at) > now,
        )
    ).all()


def revoke_invitations(session: Session, official_id: int, now: datetime) -> None:
    """The open codes made for this person: a new one takes their place."""
    session.execute(
        update(Invitation)
        .where(
            col(Invitation.official_id) == official_id,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )
