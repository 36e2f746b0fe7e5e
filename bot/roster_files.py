"""An office's list of officials, CSV or XLSX: looked at first, then taken whole or not.

One line is one person in one unit. A person is found by telephone number, else by name
within the unit. Whoever is new stands on the roster with unit and role, and gets a code to
join with; roles and names of those known follow the file. Nobody is removed: who is not in
the file is listed.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from bot.catalogue.records import PackError, PacksRefused
from bot.errors import OperatorError
from bot.people import audit, joining, officials, roster
from bot.roster_sheet import Entry, read_roster
from bot.search.fold import fold
from models import Official


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry and whom it is about; ``official`` is None for somebody new."""

    entry: Entry
    official: Official | None
    changes: tuple[str, ...] = ()


@dataclass
class RosterPlan:
    """What the file would change; ``problems`` names the bad lines."""

    file: str
    people: list[Listed] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    problems: list[PackError] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For the terminal: + added, ~ changed, - gone, ! bad."""
        added = [one for one in self.people if one.official is None]
        changed = [one for one in self.people if one.official and one.changes]
        same = len(self.people) - len(added) - len(changed)
        yield (
            f"officials from {self.file}: {len(added)} added, {len(changed)} changed, "
            f"{same} unchanged, {len(self.gone)} not in the file, {len(self.problems)} bad"
        )
        for one in added:
            entry = one.entry
            yield f"+ {entry.name}: {entry.role} of {entry.unit.code} {entry.unit.name}"
        for one in changed:
            yield f"~ {one.entry.name}: {'; '.join(one.changes)}"
        for name in self.gone:
            yield f"- {name} (kept)"
        for problem in self.problems:
            yield f"! {problem}"

    def refuse_if_wrong(self) -> None:
        if self.problems:
            raise PacksRefused(self.problems)


@dataclass(frozen=True, slots=True)
class Code:
    """A code made for somebody who has not joined yet; this is the only time it is seen."""

    entry: Entry
    code: str
    expires_at: datetime


def plan_roster(
    session: Session, path: Path, content_dir: Path, today: date
) -> RosterPlan:
    """Compare the file with the database; changes nothing."""
    entries, problems = read_roster(session, path, content_dir, today)
    plan = RosterPlan(str(path), problems=problems)
    _Comparison(session, plan, today).compare(entries)
    return plan


def apply_roster(
    session: Session,
    plan: RosterPlan,
    now: datetime,
    today: date,
    by: str = audit.OPERATOR,
) -> list[tuple[Entry, Official]]:
    """Write what the plan says; gives everybody of the file. ``PacksRefused`` if it is bad."""
    plan.refuse_if_wrong()
    new: dict[tuple[str, str | None], Official] = {}
    people = []
    for listed in plan.people:
        entry = listed.entry
        who = (fold(entry.name), entry.phone)
        official = listed.official or (new.get(who) if entry.phone else None)
        if official is None:
            official = joining.enrol(session, entry.name, now, phone=entry.phone)
            new[who] = official
        official.name = entry.name
        official.phone = entry.phone or official.phone
        session.add(official)
        joining.appoint(session, official, entry.unit.code, entry.role, today)
        if listed.official is None or listed.changes:
            _audit(session, official, entry, by, now)
        people.append((entry, official))
    return people


def _audit(
    session: Session, official: Official, entry: Entry, by: str, now: datetime
) -> None:
    detail = {"unit": entry.unit.code, "role": entry.role}
    subject = f"official:{official.pseudonym}"
    audit.record(session, by, "official.listed", subject, detail, now)


def beyond(
    session: Session, plan: RosterPlan, official: Official, today: date
) -> list[Entry]:
    """The lines that he may not write: another's unit, or a role above his own."""
    return [
        one.entry
        for one in plan.people
        if not officials.may_invite(
            session, official, one.entry.role, one.entry.unit.code, today
        )
    ]


def make_codes(
    session: Session,
    people: Sequence[tuple[Entry, Official]],
    now: datetime,
    by: str = audit.OPERATOR,
) -> list[Code]:
    """One code for each person who has not joined; older ones for him end."""
    codes: dict[int, Code] = {}
    for entry, official in people:
        number = official.id or 0
        if official.joined_at is not None or number in codes:
            continue
        joining.revoke_invitations(session, number, now)
        code = joining.invite(
            session,
            entry.unit.code,
            entry.role,
            by,
            now,
            official_id=number,
        )
        codes[number] = Code(entry, code, now + joining.INVITATION_VALID_FOR)
    return list(codes.values())


def write_codes(path: Path, codes: Sequence[Code], zone: ZoneInfo) -> None:
    """A CSV file for a spreadsheet, readable by its owner only; never over another file."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written: {error.strerror}") from error
    # the mark in front tells a spreadsheet that it is UTF-8
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "phone", "unit", "role", "code", "until"])
        for one in codes:
            entry, until = one.entry, one.expires_at.astimezone(zone)
            writer.writerow(
                [
                    entry.name,
                    entry.phone or "",
                    entry.unit.name,
                    entry.role,
                    one.code,
                    f"{until:%Y-%m-%d %H:%M}",
                ]
            )


# --- comparing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Comparison:
    session: Session
    plan: RosterPlan
    today: date

    def compare(self, entries: Sequence[Entry]) -> None:
        seen: dict[tuple[str, str | None, str], int] = {}
        for entry in entries:
            key = (fold(entry.name), entry.phone, entry.unit.code)
            first = seen.setdefault(key, entry.line)
            if first != entry.line:
                reason = f"{entry.name!r} stands for this unit in line {first} already"
                error = PackError(self.plan.file, entry.line, "name", reason)
                self.plan.problems.append(error)
                continue
            self.plan.people.append(self._listed(entry))
        self._note_gone(entries)

    def _listed(self, entry: Entry) -> Listed:
        official = self._find(entry)
        if official is None:
            return Listed(entry, None)
        return Listed(entry, official, tuple(self._changes(entry, official)))

    def _find(self, entry: Entry) -> Official | None:
        if entry.phone:
            by_phone = self.session.scalars(
                select(Official).where(
                    col(Official.phone) == entry.phone, col(Official.left_at).is_(None)
                )
            ).first()
            if by_phone is not None:
                return by_phone
        same = roster.namesakes(self.session, entry.unit.code, entry.name, self.today)
        fitting = [
            one.official
            for one in same
            if not (entry.phone and one.official.phone)  # two numbers: two people
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _changes(self, entry: Entry, official: Official) -> Iterator[str]:
        if official.name != entry.name:
            yield f"name was {official.name!r}"
        if entry.phone and official.phone != entry.phone:
            yield f"phone was {official.phone!r}"
        served = {
            one.unit_code: one.role
            for one in officials.memberships(self.session, official.id or 0, self.today)
        }
        role = served.get(entry.unit.code)
        if role is None:
            yield f"new in {entry.unit.code} as {entry.role}"
        elif role != entry.role:
            yield f"{role} -> {entry.role} of {entry.unit.code}"

    def _note_gone(self, entries: Sequence[Entry]) -> None:
        """Who serves a unit of the file and is not in it."""
        listed = {one.official.id for one in self.plan.people if one.official}
        for code in dict.fromkeys(entry.unit.code for entry in entries):
            self.plan.gone += [
                f"{one.official.name or one.official.pseudonym}: {one.role} of {code}"
                for one in roster.people_of(self.session, code, self.today)
                if one.official.id not in listed
            ]
