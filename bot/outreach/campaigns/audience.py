"""Whom a campaign is meant for, as a condition on contacts.

A part that is left empty does not narrow. All parts must hold together; within one part any
of its values will do. Whether a person may be written to at all is not asked here: that is
``verdicts``, so that a list also shows who is left out and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select
from sqlmodel import Session, col

from bot.channel.window import FREE_FOR, OPEN_FOR, Window
from bot.people import units
from bot.people.officials import serves_on
from models import Account, Contact, ContactTag, Membership, Official

# People who were given no such tag read Vietnamese.
USUAL_LANGUAGE = "vi"
LANGUAGE_TAG = "lang:"  # "lang:km" in Zalo's console


class People(StrEnum):
    ALL = "all"
    CITIZENS = "citizens"
    OFFICIALS = "officials"


@dataclass(frozen=True, slots=True)
class Audience:
    """``communes`` are codes of units, all below them included; ``tags`` are those of Zalo's
    console; ``windows`` is how long ago people wrote, at the planned instant."""

    accounts: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    people: People = People.ALL
    followers: bool | None = None
    known_days_min: int | None = None
    known_days_max: int | None = None
    windows: tuple[Window, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Only what narrows."""
        unset = Audience()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != getattr(unset, name)
        }


def audience_from(stored: Mapping[str, Any]) -> Audience:
    """What ``to_json`` wrote."""
    known = {one.name for one in fields(Audience)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name in known
    }
    if "people" in given:
        given["people"] = People(given["people"])
    if "windows" in given:
        given["windows"] = tuple(Window(one) for one in given["windows"])
    return Audience(**given)


def matches(
    session: Session, audience: Audience, at: datetime, today: date
) -> ColumnElement[bool]:
    """SQL on ``Contact``: the person belongs to the audience. Only connected accounts."""
    parts: list[ColumnElement[bool]] = [
        col(Contact.is_group).is_(False),
        col(Contact.oa_id).in_(
            select(col(Account.oa_id)).where(
                col(Account.refresh_token_sealed).is_not(None)
                | col(Account.access_token_sealed).is_not(None)
            )
        ),
    ]
    if audience.accounts:
        parts.append(col(Contact.oa_id).in_(audience.accounts))
    if audience.communes:
        parts.append(_of_communes(session, audience.communes, today))
    if audience.languages:
        parts.append(_speaks(audience.languages))
    if audience.tags:
        parts.append(_has_tag(audience.tags))
    if audience.people != People.ALL:
        official = _is_official(today)
        wants = audience.people == People.OFFICIALS
        parts.append(official if wants else not_(official))
    if audience.followers is not None:
        follows = func.coalesce(col(Contact.is_follower), False)
        parts.append(follows.is_(audience.followers))
    if audience.known_days_min is not None:
        oldest = at - timedelta(days=audience.known_days_min)
        parts.append(col(Contact.created_at) <= oldest)
    if audience.known_days_max is not None:
        newest = at - timedelta(days=audience.known_days_max)
        parts.append(col(Contact.created_at) >= newest)
    if audience.windows:
        parts.append(or_(*(_in_window(one, at) for one in audience.windows)))
    return and_(*parts)


def _of_communes(
    session: Session, codes: tuple[str, ...], today: date
) -> ColumnElement[bool]:
    """Who chose one of these communes, serves there, or, having chosen none, writes to an
    account of it."""
    under = {
        unit.code for code in codes for unit in units.below(session, code, today)
    } | set(codes)
    if not under:
        return false()
    own = select(col(Account.oa_id)).where(col(Account.unit_code).in_(under))
    serving = select(col(Membership.official_id)).where(
        col(Membership.unit_code).in_(under), serves_on(today)
    )
    return or_(
        col(Contact.unit_code).in_(under),
        and_(col(Contact.unit_code).is_(None), col(Contact.oa_id).in_(own)),
        col(Contact.official_id).in_(serving),
    )


def _is_official(today: date) -> ColumnElement[bool]:
    """He joined, has not left and serves somewhere; also through another account."""
    serving = (
        select(col(Official.id))
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(
            col(Official.joined_at).is_not(None),
            col(Official.left_at).is_(None),
            serves_on(today),
        )
    )
    his = select(col(Contact.user_id_by_app)).where(
        col(Contact.official_id).in_(serving),
        col(Contact.user_id_by_app).is_not(None),
    )
    return or_(
        func.coalesce(col(Contact.official_id).in_(serving), False),
        func.coalesce(col(Contact.user_id_by_app).in_(his), False),
    )


def _has_tag(tags: tuple[str, ...]) -> ColumnElement[bool]:
    return exists().where(
        col(ContactTag.contact_id) == col(Contact.id), col(ContactTag.tag).in_(tags)
    )


def _speaks(languages: tuple[str, ...]) -> ColumnElement[bool]:
    named = _has_tag(tuple(f"{LANGUAGE_TAG}{one}" for one in languages))
    if USUAL_LANGUAGE not in languages:
        return named
    any_language = exists().where(
        col(ContactTag.contact_id) == col(Contact.id),
        col(ContactTag.tag).startswith(LANGUAGE_TAG, autoescape=True),
    )
    return or_(named, not_(any_language))


def _in_window(window: Window, at: datetime) -> ColumnElement[bool]:
    """The borders of ``bot/channel/window``."""
    last = col(Contact.last_interaction_at)
    free, opened = at - FREE_FOR, at - OPEN_FOR
    if window == Window.FREE:
        return last >= free
    if window == Window.PAID:
        return and_(last >= opened, last < free)
    return or_(last.is_(None), last < opened)
