"""What moves along when units change: people, accounts, channels, assignments, children."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from bot.people import units
from bot.people.joining import appoint, end_membership, open_invitations
from bot.people.officials import RANK, memberships
from bot.territory.files import Kind, MapFile
from bot.territory.reasons import Why
from models import (
    Account,
    AdminUnit,
    Assignment,
    Contact,
    Membership,
    Official,
    Origin,
    Proof,
    Role,
    UnitChannel,
)


@dataclass(frozen=True, slots=True)
class Move:
    """One change being carried out; ``lines`` is what to tell about it."""

    session: Session
    change: MapFile
    now: datetime
    old: dict[str, AdminUnit]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = ", ".join(one.code for one in self.change.new)
        self.say(
            f"{self.change.kind}: {', '.join(self.old)} -> {names}, from {self.first_day} on"
        )

    def say(self, line: str) -> None:
        self.lines.append(line)

    @property
    def first_day(self) -> date:
        """Of the new units."""
        return self.change.effective_on

    @property
    def last_day(self) -> date:
        """Of the old ones."""
        return self.first_day - timedelta(days=1)

    def heir(self, name: str, *keys: str | None) -> str:
        """The code of the part whose list ``name`` has one of the keys, else the main one."""
        for new in self.change.new:
            if set(getattr(new, name)) & set(keys):
                return new.code
        return self.change.main.code


def check_lists(move: Move) -> None:
    """Everything a part of a split asks for is there to be given, and asked for once."""
    serving = [move.session.get_one(Official, o.official_id) for o in _serving(move)]
    there: dict[str, set[str | None]] = {
        "officials": {key for one in serving for key in (one.pseudonym, one.phone)},
        "accounts": {one.oa_id for one in _accounts(move)},
        "channels": {key for one in _channels(move) for key in (one.id, one.address)},
        "units": {one.code for one in _below(move)},
    }
    for name, known in there.items():
        seen: set[str] = set()
        for new in move.change.new:
            for wanted in getattr(new, name):
                key = f"{new.place}.{name}"
                if wanted not in known:
                    old, why = ", ".join(move.old), Why.NOT_THEIRS
                    raise move.change.error(key, why, wanted=wanted, units=old)
                if wanted in seen:
                    raise move.change.error(key, Why.NAMED_TWICE, wanted=wanted)
                seen.add(wanted)


# --- people -------------------------------------------------------------------------------------


def people(move: Move) -> None:
    """Roles go on; who has two in what becomes one unit keeps the higher."""
    for one in sorted(_serving(move), key=lambda one: -RANK[one.role]):
        official = move.session.get_one(Official, one.official_id)
        heir = move.heir("officials", official.pseudonym, official.phone)
        day = max(one.since_on, move.first_day)
        end_membership(move.session, one, move.first_day)
        if not _has_role(move, official, heir, Role(one.role), day):
            appoint(move.session, official, heir, Role(one.role), day)
        who = f"{official.pseudonym} {official.name}".strip()
        move.say(f"~ official {who} ({one.role}): {one.unit_code} -> {heir}")
    for invitation in open_invitations(move.session, move.now):
        if invitation.unit_code in move.old:
            invited = move.session.get(Official, invitation.official_id or 0)
            keys = (invited.pseudonym, invited.phone) if invited else ()
            heir = move.heir("officials", *keys)
            move.say(f"~ invitation {invitation.id}: {invitation.unit_code} -> {heir}")
            invitation.unit_code = heir
            move.session.add(invitation)


def _has_role(
    move: Move, official: Official, unit_code: str, role: Role, day: date
) -> bool:
    served = memberships(move.session, official.id or 0, day)
    return any(
        one.unit_code == unit_code and RANK[one.role] >= RANK[role] for one in served
    )


def citizens(move: Move) -> None:
    """The commune they chose, where it is certain; after a split they are asked again."""
    if move.change.kind == Kind.SPLIT:
        return
    moved = move.session.execute(
        update(Contact)
        .where(col(Contact.unit_code).in_(move.old))
        .values(unit_code=move.change.main.code)
        .returning(col(Contact.id))
    ).all()
    if moved:
        move.say(f"~ {len(moved)} people had chosen an old unit as theirs")


# --- accounts, channels, duties -------------------------------------------------------------------


def accounts(move: Move) -> None:
    for account in _accounts(move):
        heir = move.heir("accounts", account.oa_id)
        move.say(f"~ account {account.oa_id}: {account.unit_code} -> {heir}")
        account.unit_code = heir
        move.session.add(account)


def channels(move: Move) -> None:
    """Closed for the old unit, opened for the new: a link is known as its own by date."""
    for channel in _channels(move):
        heir = move.heir("channels", channel.id, channel.address)
        move.say(f"~ channel {channel.id} {channel.address}".rstrip() + f" -> {heir}")
        move.session.add(
            UnitChannel(
                id=f"{heir}:{channel.id}",
                unit_code=heir,
                channel=channel.channel,
                address=channel.address,
                feed_url=channel.feed_url,
                valid_from=max(channel.valid_from or move.first_day, move.first_day),
                valid_to=channel.valid_to,
                source=channel.source,
                origin=Origin.LOCAL,
            )
        )
        channel.valid_to = move.last_day
        move.session.add(channel)


def assignments(move: Move) -> None:
    """End them; each duty goes on once for every successor, if the file says so."""
    ending = _assignments(move)
    if ending and not move.change.continue_assignments:
        move.say(
            "! the new units owe nothing yet: assign duties to them, "
            "or say continue_assignments = true"
        )
    for one in ending:
        if move.change.continue_assignments:
            for new in move.change.new:
                _assign(move, one, new.code)
        one.valid_to = move.last_day
        move.session.add(one)
        move.say(f"- assignment {one.id}: last day {move.last_day}")


def _assign(move: Move, like: Assignment, unit_code: str) -> None:
    key = f"{like.plan_id}:{like.duty_id}:{unit_code}"
    if move.session.get(Assignment, key) is not None:
        return  # another old unit had this duty too, or the plan knows the new one
    move.session.add(
        Assignment(
            id=key,
            plan_id=like.plan_id,
            duty_id=like.duty_id,
            unit_code=unit_code,
            valid_from=max(like.valid_from, move.first_day),
            valid_to=like.valid_to,
            origin=Origin.LOCAL,
        )
    )
    move.session.flush()
    move.say(f"+ assignment {key}: first day {max(like.valid_from, move.first_day)}")


def units_below(move: Move) -> None:
    for unit in _below(move):
        heir = move.heir("units", unit.code)
        move.say(f"~ unit {unit.code}: now below {heir}")
        unit.parent_code = heir
        move.session.add(unit)


def tell_credits(move: Move) -> None:
    for code in move.old:
        count = move.session.scalar(
            select(func.count()).where(col(Proof.unit_code) == code)
        )
        move.say(f"= {count} proofs stay with {code}, which earned them")


# --- what there is ----------------------------------------------------------------------------------


def _lasts(until: Mapped[date | None], day: date) -> ColumnElement[bool]:
    return or_(until.is_(None), until >= day)


def _serving(move: Move) -> list[Membership]:
    """Whoever serves an old unit on the first new day or later."""
    found = select(Membership).where(
        col(Membership.unit_code).in_(move.old),
        _lasts(col(Membership.until_on), move.first_day),
    )
    return list(move.session.scalars(found.order_by(col(Membership.id))))


def _accounts(move: Move) -> list[Account]:
    found = select(Account).where(col(Account.unit_code).in_(move.old))
    return list(move.session.scalars(found.order_by(col(Account.oa_id))))


def _channels(move: Move) -> list[UnitChannel]:
    found = select(UnitChannel).where(
        col(UnitChannel.unit_code).in_(move.old),
        _lasts(col(UnitChannel.valid_to), move.first_day),
    )
    return list(move.session.scalars(found.order_by(col(UnitChannel.id))))


def _assignments(move: Move) -> list[Assignment]:
    found = select(Assignment).where(
        col(Assignment.unit_code).in_(move.old),
        _lasts(col(Assignment.valid_to), move.first_day),
    )
    return list(move.session.scalars(found.order_by(col(Assignment.id))))


def _below(move: Move) -> list[AdminUnit]:
    found = select(AdminUnit).where(col(AdminUnit.parent_code).in_(move.old))
    below = move.session.scalars(found.order_by(col(AdminUnit.code)))
    return [one for one in below if units.is_in_force(one, move.first_day)]
