"""Which administrators can be written to right now, and through which account.

Only the free window counts: an alarm must not cost money or be parked. An account that is
not the sick one comes first, then one that sends at all, then the one he wrote to last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.channel.window import FREE_FOR
from models import Account, Contact, Membership, Official, Role


@dataclass(frozen=True, slots=True)
class Reachable:
    official_id: int
    contact: Contact


def administrators(
    session: Session, sick_oa_id: str, now: datetime, today: date
) -> list[Reachable]:
    """One way to each administrator who can be reached."""
    rows = session.exec(
        select(Contact, Account)
        .join(Account, col(Account.oa_id) == col(Contact.oa_id))
        .where(
            col(Contact.official_id).in_(_in_office(today)),
            col(Contact.last_interaction_at) > now - FREE_FOR,
            col(Contact.unreachable_reason).is_(None),
        )
        .order_by(col(Contact.official_id), col(Contact.last_interaction_at).desc())
    ).all()
    best: dict[int, tuple[tuple[bool, bool], Contact]] = {}
    for contact, account in rows:
        if not _can_send(account, now):
            continue
        rank = (contact.oa_id == sick_oa_id, _is_troubled(account, now))
        official_id = contact.official_id or 0
        if official_id not in best or rank < best[official_id][0]:
            best[official_id] = (rank, contact)
    return [Reachable(id_, contact) for id_, (_, contact) in best.items()]


def _in_office(today: date) -> SelectOfScalar[int | None]:
    return (
        select(col(Official.id))
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(
            col(Membership.role) == Role.ADMINISTRATOR,
            col(Membership.since_on) <= today,
            or_(col(Membership.until_on).is_(None), col(Membership.until_on) >= today),
            col(Official.left_at).is_(None),
        )
    )


def _can_send(account: Account, now: datetime) -> bool:
    """A token that works, or can be renewed without anybody's help."""
    if account.access_token_sealed is None:
        return False
    is_over = account.access_expires_at is not None and account.access_expires_at <= now
    return not (is_over and account.token_problem)


def _is_troubled(account: Account, now: datetime) -> bool:
    is_paused = account.paused_until is not None and account.paused_until > now
    return is_paused or account.token_problem is not None
