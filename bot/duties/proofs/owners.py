"""Whose page a link leads to, by the day: the unit's own, somebody else's, or not known.

A unit's addresses are registered (``UnitChannel``): a host, which covers what is below it,
a host with the beginning of a path ("facebook.com/xacanduoc"), or the id of an OA. Where
none is registered for a day, nothing can be said. The address of an OA's article does not
name its OA (Zalo documents no shape), so it is known as the unit's own only if it carries the
OA's id or if the account's own list of articles had it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.duties.fetching.addresses import is_within
from bot.duties.proofs.links import canonical, host_of
from models import Account, Channel, FoundItem, UnitChannel

ZALO = ("zalo.me", "zaloapp.com", "zalo.vn")


class Owner(StrEnum):
    OWN = "own"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


def owner_of(session: Session, unit_code: str, url: str, day: date) -> Owner:
    """Of the page at this address, for this unit, on this day."""
    if _is_listed(session, unit_code, url):
        return Owner.OWN
    addresses = _addresses(session, unit_code, day)
    if is_within(host_of(url), ZALO):
        return _owner_of_article(session, unit_code, url, addresses)
    sites = [
        one.address
        for one in addresses
        if one.channel != Channel.ZALO_OA and one.address.strip()
    ]
    if not sites:
        return Owner.UNKNOWN
    return Owner.OWN if any(covers(site, url) for site in sites) else Owner.FOREIGN


def covers(address: str, url: str) -> bool:
    """Whether a registered address is that of the page, or stands above it."""
    own, page = urlsplit(canonical(address)), urlsplit(canonical(url))
    if own.port and own.port != page.port:
        return False
    if not is_within(page.hostname or "", [own.hostname or ""]):
        return False
    start = own.path.rstrip("/").lower()
    # canonical() may have forgotten whose page a post of Facebook stands on
    paths = (page.path.lower(), urlsplit(url).path.lower())
    return not start or any(f"{path}/".startswith(f"{start}/") for path in paths)


def _owner_of_article(
    session: Session, unit_code: str, url: str, addresses: Iterable[UnitChannel]
) -> Owner:
    ids = {one.address.strip() for one in addresses if one.channel == Channel.ZALO_OA}
    ids |= set(
        session.scalars(
            select(col(Account.oa_id)).where(col(Account.unit_code) == unit_code)
        )
    )
    parts = urlsplit(url)
    named = {*parts.path.split("/"), *parts.query.replace("=", "&").split("&")}
    return Owner.OWN if ids & named - {""} else Owner.UNKNOWN


def _is_listed(session: Session, unit_code: str, url: str) -> bool:
    """The unit's own account had it among its articles."""
    listed = session.scalars(
        select(col(FoundItem.id))
        .where(
            col(FoundItem.canonical_url) == canonical(url),
            col(FoundItem.unit_code) == unit_code,
            col(FoundItem.channel) == Channel.ZALO_OA,
        )
        .limit(1)
    )
    return listed.first() is not None


def _addresses(session: Session, unit_code: str, day: date) -> list[UnitChannel]:
    rows = session.scalars(
        select(UnitChannel).where(
            col(UnitChannel.unit_code) == unit_code,
            or_(
                col(UnitChannel.valid_from).is_(None),
                col(UnitChannel.valid_from) <= day,
            ),
            or_(col(UnitChannel.valid_to).is_(None), col(UnitChannel.valid_to) >= day),
        )
    )
    return list(rows)
