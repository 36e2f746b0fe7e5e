"""Whose an item is: the unit that its account or its host belonged to on that day.

A registered channel with its days decides; an account without one speaks for the unit it is
connected to. A unit that was not there yet on that day is stood for by the one it followed,
if that is one: an account of a merged unit does not say which of the old ones it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import urlsplit

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from bot.duties.proofs.links import canonical
from bot.people import units
from models import Account, Channel, UnitChannel


def owner_of_account(session: Session, oa_id: str, day: date) -> str | None:
    """The unit that the account spoke for on this day."""
    rows = session.scalars(
        select(UnitChannel).where(
            col(UnitChannel.channel) == Channel.ZALO_OA,
            col(UnitChannel.address) == oa_id,
        )
    ).all()
    if rows:
        return _one(session, (row for row in rows if _holds(row, day)), day)
    account = session.get(Account, oa_id)
    if account is None or account.unit_code is None:
        return None
    return unit_on(session, account.unit_code, day)


def owner_of_link(session: Session, url: str, feed_url: str, day: date) -> str | None:
    """The unit whose own host the link is on: whichever feed names it. A host that several
    share (a portal) is told apart by whose feed it is."""
    host = host_key(url)
    rows = session.scalars(
        select(UnitChannel).where(
            col(UnitChannel.channel) == Channel.WEBSITE,
            or_(
                func.lower(col(UnitChannel.address)).in_(_spellings(host)),
                col(UnitChannel.feed_url) == feed_url,
            ),
        )
    ).all()
    held = [row for row in rows if _holds(row, day)]
    named = [(_host_of(row), row) for row in held if _covers(_host_of(row), host)]
    if not named:
        return None
    nearest = max(len(own) for own, _ in named)
    closest = [row for own, row in named if len(own) == nearest]
    own_feed = [row for row in closest if row.feed_url == feed_url]
    is_shared = len({row.unit_code for row in closest}) > 1
    return _one(session, own_feed if is_shared else closest, day)


def unit_on(session: Session, code: str, day: date) -> str | None:
    """This unit, or the single one that it followed, as of this day."""
    unit = units.by_code(session, code)
    if unit is None:
        return None
    if units.is_in_force(unit, day):
        return code
    if unit.valid_from is None or unit.valid_from <= day:
        return None  # it has ended
    before = [
        one.code
        for one in units.predecessors(session, code)
        if units.is_in_force(one, day)
    ]
    return before[0] if len(before) == 1 else None


def host_key(url: str) -> str:
    """The host without www., m. and the like; ``BadLinkError`` for no web link."""
    return urlsplit(canonical(url)).hostname or ""


def _one(session: Session, rows: Iterable[UnitChannel], day: date) -> str | None:
    codes = {row.unit_code for row in rows}
    return unit_on(session, codes.pop(), day) if len(codes) == 1 else None


def _holds(row: UnitChannel, day: date) -> bool:
    begun = row.valid_from is None or row.valid_from <= day
    return begun and (row.valid_to is None or row.valid_to >= day)


def _host_of(row: UnitChannel) -> str:
    """The host a channel stands for; that of its feed where none is written."""
    address = row.address or row.feed_url
    try:
        return host_key(address)
    except ValueError:
        return ""


def _covers(own: str, host: str) -> bool:
    return bool(own) and (host == own or host.endswith(f".{own}"))


def _spellings(host: str) -> Sequence[str]:
    """The host and the domains above it, with and without www."""
    labels = host.split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return [*domains, *(f"www.{domain}" for domain in domains)]
