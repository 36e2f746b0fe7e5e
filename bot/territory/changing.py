"""Units merged, split or renamed: old ones end, new ones begin, everything moves along.

Promises: what was earned stays where it was earned (no proof, exemption or closed table is
touched); old units keep their days, so a report of a past week shows the map of that week;
officials keep their roles; accounts, channels, open invitations, the communes citizens
chose and the units below follow the successor. Assignments of the old units end with them,
and go on for the successor only if the file says so. One audit entry tells all.

Functions say line by line what they did, in the caller's transaction. The way back is
another change: a merge is undone by a split, a rename by a rename, or a backup restored.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.periods import parse_period
from bot.people import audit, units
from bot.territory import moving
from bot.territory.files import Kind, MapFile, Successor
from bot.territory.moving import Move
from bot.territory.reasons import Why
from models import AdminUnit, OneStopDesk, Origin, PeriodVersion, UnitSuccession

_DONE = {Kind.MERGE: "merged", Kind.SPLIT: "split", Kind.RENAME: "renamed"}


def change_map(
    session: Session,
    change: MapFile,
    now: datetime,
    today: date,
    by: str = audit.OPERATOR,
) -> list[str]:
    """Carry the change out; the lines say what changed. Raises ``MapFileError``.

    From its first day on, not before: accounts have no date, they move at once.
    """
    if change.effective_on > today:
        raise change.error("effective_on", Why.TOO_EARLY, day=change.effective_on)
    return _carry_out(session, change, now, by)


def preview_map(session: Session, change: MapFile, now: datetime) -> list[str]:
    """The same lines, from a change that is taken back; for a writing session."""
    with session.begin_nested() as trial:
        lines = _carry_out(session, change, now, audit.OPERATOR)
        trial.rollback()
    session.expire_all()
    return lines


def _carry_out(session: Session, change: MapFile, now: datetime, by: str) -> list[str]:
    _refuse_closed_periods(session, change)
    move = Move(session, change, now, _old_units(session, change))
    moving.check_lists(move)
    for new in change.new:
        _begin(move, new)
    for unit in move.old.values():
        unit.valid_to = move.last_day
        session.add(unit)
        move.say(f"- unit {unit.code} {unit.name}: last day {move.last_day}")
    moving.people(move)
    moving.accounts(move)
    moving.channels(move)
    moving.assignments(move)
    moving.units_below(move)
    moving.citizens(move)
    moving.tell_credits(move)
    session.flush()
    detail = {
        "from": list(change.old),
        "into": [one.code for one in change.new],
        "effective_on": change.effective_on.isoformat(),
    }
    action, subject = f"units.{_DONE[change.kind]}", f"unit:{change.main.code}"
    audit.record(session, by, action, subject, detail, now)
    return move.lines


def _refuse_closed_periods(session: Session, change: MapFile) -> None:
    """What was frozen shows the map of its days; that map does not change any more."""
    closed = session.scalars(select(col(PeriodVersion.period)).distinct())
    ends = {parse_period(key).last: key for key in closed}
    if ends and change.effective_on <= max(ends):
        last = max(ends)
        raise change.error(
            "effective_on",
            Why.PERIOD_CLOSED,
            day=change.effective_on,
            period=ends[last],
            first=last + timedelta(days=1),
        )


# --- the units themselves -------------------------------------------------------------------


def _old_units(session: Session, change: MapFile) -> dict[str, AdminUnit]:
    found = {}
    for code in change.old:
        unit = units.by_code(session, code)
        if unit is None:
            unknown = units.unknown(session, code)
            raise change.error("from", Why.NO_UNIT, code=code, unknown=unknown)
        if unit.valid_to is not None:
            raise change.error("from", Why.ENDED, code=code, day=unit.valid_to)
        if unit.valid_from is not None and unit.valid_from >= change.effective_on:
            day = unit.valid_from
            raise change.error("effective_on", Why.BEGINS_LATER, code=code, day=day)
        found[code] = unit
    return found


def _begin(move: Move, new: Successor) -> None:
    if new.name:
        _create(move, new)
    else:
        _require_existing(move, new)
    for old in move.old:
        move.session.add(
            UnitSuccession(
                predecessor_code=old,
                successor_code=new.code,
                effective_on=move.first_day,
                origin=Origin.LOCAL,
            )
        )


def _create(move: Move, new: Successor) -> None:
    taken = units.by_code(move.session, new.code)
    if taken is not None:
        raise move.change.error(
            f"{new.place}.code", Why.CODE_TAKEN, code=new.code, name=taken.name
        )
    like = move.old[move.change.old[0]]
    move.session.add(
        AdminUnit(
            code=new.code,
            name=new.name,
            kind=new.kind or like.kind,
            level=new.level or like.level,
            parent_code=_parent(move, new),
            valid_from=move.first_day,
            note=new.note,
            origin=Origin.LOCAL,
        )
    )
    move.session.flush()
    move.say(f"+ unit {new.code} {new.name}: first day {move.first_day}")
    if move.change.kind == Kind.RENAME:
        _keep_desk(move, like.code, new.code)


def _parent(move: Move, new: Successor) -> str | None:
    """As the file says; else the one that all old units had."""
    if new.parent_code:
        if units.by_code(move.session, new.parent_code) is None:
            raise move.change.error(
                f"{new.place}.parent_code",
                Why.NO_UNIT,
                code=new.parent_code,
                unknown=units.unknown(move.session, new.parent_code),
            )
        return new.parent_code
    parents = {unit.parent_code for unit in move.old.values()}
    if len(parents) > 1:
        raise move.change.error(f"{new.place}.parent_code", Why.PARENT_UNCLEAR)
    return parents.pop()


def _keep_desk(move: Move, old: str, new: str) -> None:
    """A new name does not move the house."""
    desk = units.desk_of(move.session, old)
    if desk is None:
        return
    facts = desk.model_dump(exclude={"unit_code", "origin", "pack_digest"})
    move.session.add(OneStopDesk(unit_code=new, origin=Origin.LOCAL, **facts))
    move.say(f"+ desk of {new}: as that of {old}")


def _require_existing(move: Move, new: Successor) -> None:
    key = f"{new.place}.code"
    unit = units.by_code(move.session, new.code)
    if unit is None:
        unknown, why = units.unknown(move.session, new.code), Why.NO_UNIT_AND_NO_NAME
        raise move.change.error(key, why, code=new.code, unknown=unknown)
    if not units.is_in_force(unit, move.first_day):
        day = move.first_day
        raise move.change.error(key, Why.NOT_IN_FORCE, code=new.code, day=day)
    move.say(f"= unit {unit.code} {unit.name}: goes on")
