"""Officials: who they are, which units they serve in which role, what they may do.

One person may write to several accounts: all contacts that Zalo joins by ``user_id_by_app``
are one official. ``may`` is the one place that decides what somebody may do. An official
acts only after he has joined with an invitation code; until then he is on the roster.

Days are local ones; a membership's ``until_on`` is its last day. How people come and go is
in ``joining``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from bot.people import units
from models import AdminUnit, Contact, Membership, Official, Role

RANK = {role: rank for rank, role in enumerate(Role)}
LOOKS_AFTER_ALL_BELOW = (Role.SUPERVISOR, Role.ADMINISTRATOR)
# Zalo passes nothing but answers on to who has been silent for longer.
REACHABLE_FOR = timedelta(days=7)


# --- who --------------------------------------------------------------------------------


def name_of(session: Session, official_id: int | None) -> str:
    """Also of who has left; "" for nobody, and for who was forgotten."""
    official = session.get(Official, official_id) if official_id else None
    return official.name if official else ""


def official_of(session: Session, contact: Contact) -> Official | None:
    """The official who writes here; None for citizens and for who has left."""
    official = person_behind(session, contact)
    if official is None or official.joined_at is None or official.left_at is not None:
        return None
    return official


def person_behind(session: Session, contact: Contact) -> Official | None:
    """Also who has left: he may come back as the same person."""
    official_id = contact.official_id
    if official_id is None and contact.user_id_by_app is not None:
        official_id = session.scalars(
            select(col(Contact.official_id))
            .where(
                col(Contact.user_id_by_app) == contact.user_id_by_app,
                col(Contact.official_id).is_not(None),
            )
            .limit(1)
        ).first()
    return session.get(Official, official_id) if official_id else None


def contacts_of(session: Session, official_id: int) -> Sequence[Contact]:
    """Everywhere he writes to us, the last used first."""
    own = col(Contact.official_id) == official_id
    same_person = (
        select(col(Contact.user_id_by_app))
        .where(own, col(Contact.user_id_by_app).is_not(None))
        .scalar_subquery()
    )
    found = session.scalars(
        select(Contact).where(or_(own, col(Contact.user_id_by_app).in_(same_person)))
    ).all()
    return sorted(found, key=_last_used, reverse=True)


def _last_used(contact: Contact) -> tuple[float, int]:
    at = contact.last_interaction_at
    return (at.timestamp() if at else 0.0, contact.id or 0)


def reachable_contact(
    session: Session, official_id: int, now: datetime, avoid_oa: str | None = None
) -> Contact | None:
    """Where a message that nobody asked for reaches him best; None if nowhere.

    The account he used last, because its free window stays open longest; ``avoid_oa`` only
    if there is no other.
    """
    usable = [
        contact
        for contact in contacts_of(session, official_id)
        if contact.unreachable_reason is None
        and contact.is_follower is not False
        and contact.last_interaction_at is not None
        and contact.last_interaction_at > now - REACHABLE_FOR
    ]
    usable.sort(key=lambda contact: contact.oa_id == avoid_oa)
    return usable[0] if usable else None


# --- units and roles ------------------------------------------------------------------------


def serves_on(day: date) -> ColumnElement[bool]:
    """SQL: the membership holds on this day."""
    return and_(
        col(Membership.since_on) <= day,
        or_(col(Membership.until_on).is_(None), col(Membership.until_on) >= day),
    )


def memberships(
    session: Session, official_id: int, on_day: date
) -> Sequence[Membership]:
    return session.scalars(
        select(Membership)
        .where(col(Membership.official_id) == official_id, serves_on(on_day))
        .order_by(col(Membership.since_on), col(Membership.id))
    ).all()


def units_of(session: Session, official_id: int, on_day: date) -> list[AdminUnit]:
    """The units he serves himself, not those he only looks after."""
    found = [
        units.by_code(session, one.unit_code)
        for one in memberships(session, official_id, on_day)
    ]
    return [unit for unit in found if unit is not None]


def units_in_care(
    session: Session, official: Official, role: Role, on_day: date
) -> list[AdminUnit]:
    """All units in force for which he may act in this role, by name."""
    found: dict[str, AdminUnit] = {}
    for one in memberships(session, official.id or 0, on_day):
        if RANK[one.role] < RANK[role]:
            continue
        whole = one.role in LOOKS_AFTER_ALL_BELOW
        for unit in units.below(session, one.unit_code, on_day):
            if whole or unit.code == one.unit_code:
                found[unit.code] = unit
    return sorted(found.values(), key=lambda unit: (unit.name, unit.code))


def may(
    session: Session,
    official: Official,
    role: Role,
    unit_code: str | None,
    on_day: date,
) -> bool:
    """Whether he may do for this unit what somebody of this role may.

    Officials and leaders act for their own unit, supervisors and administrators for theirs
    and all below. What a unit left behind when it ended is looked after by its heirs.
    Without a unit: whether he has the role anywhere.
    """
    if official.joined_at is None or official.left_at is not None:
        return False
    held = [
        one
        for one in memberships(session, official.id or 0, on_day)
        if RANK[one.role] >= RANK[role]
    ]
    if not held or unit_code is None:
        return bool(held)
    own = units.heirs(session, unit_code, on_day)
    over = units.above(session, unit_code, on_day)
    return any(
        one.unit_code in (over if one.role in LOOKS_AFTER_ALL_BELOW else own)
        for one in held
    )


def may_invite(
    session: Session, official: Official, role: Role, unit_code: str, on_day: date
) -> bool:
    """Leaders and all above them, up to their own role."""
    needed = max(role, Role.LEADER, key=RANK.__getitem__)
    return may(session, official, needed, unit_code, on_day)


def administrators(session: Session, on_day: date) -> Sequence[Official]:
    return _joined(session, col(Membership.role) == Role.ADMINISTRATOR, on_day)


def serving_as(
    session: Session, roles: Sequence[Role], on_day: date
) -> Sequence[Official]:
    """Everybody who has one of these roles anywhere."""
    return _joined(session, col(Membership.role).in_(roles), on_day)


def leaders_of(session: Session, unit_code: str, on_day: date) -> Sequence[Official]:
    """The leaders of this very unit."""
    is_leader = and_(
        col(Membership.role) == Role.LEADER, col(Membership.unit_code) == unit_code
    )
    return _joined(session, is_leader, on_day)


def supervisors_of(
    session: Session, unit_code: str, on_day: date
) -> Sequence[Official]:
    """Who supervises this unit, there or from above."""
    over = units.above(session, unit_code, on_day)
    supervises = and_(
        col(Membership.role) == Role.SUPERVISOR, col(Membership.unit_code).in_(over)
    )
    return _joined(session, supervises, on_day)


def _joined(
    session: Session, membership: ColumnElement[bool], on_day: date
) -> Sequence[Official]:
    serving = select(col(Membership.official_id)).where(membership, serves_on(on_day))
    return session.scalars(
        select(Official)
        .where(
            col(Official.id).in_(serving),
            col(Official.joined_at).is_not(None),
            col(Official.left_at).is_(None),
        )
        .order_by(col(Official.id))
    ).all()
