"""Who serves which unit: seen, invited, given another role, removed; whole lists at once."""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response

from bot.catalogue.records import PacksRefused
from bot.errors import OperatorError
from bot.people import audit, care, joining, officials, units
from bot.people.collation import name_key
from bot.people.roster import people_of
from bot.roster_files import (
    Code,
    RosterPlan,
    apply_roster,
    beyond,
    make_codes,
    plan_roster,
)
from bot.roster_sheet import mobile_number
from bot.search.fold import fold
from dashboard.office import Visitor, office, visitor
from dashboard.saying import done
from models import (
    Account,
    AdminUnit,
    Assignment,
    Membership,
    Official,
    PlanDuty,
    Role,
    UnitChannel,
)

people = Blueprint("people", __name__)

UNITS_PER_PAGE = 30
LONGEST_NAME = 60
LARGEST_LIST = 1024 * 1024  # bytes: the officials of a province
_FILE = re.compile(r"\.(csv|xlsx)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PersonShown:
    id: int
    name: str
    role: Role
    has_joined: bool
    phone: str  # "" for who may not see it
    is_himself: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class UnitShown:
    unit: AdminUnit
    people: tuple[PersonShown, ...]


@people.get("/people")
def show() -> str:
    """Units with their people; those without anybody where that is asked for."""
    him = visitor()
    name = request.args.get("name", "").strip()[:LONGEST_NAME]
    is_empty = request.args.get("empty") == "1"
    page = max(1, request.args.get("page", 1, type=int))
    with office().database.reading() as session:
        chosen = _chosen(session, him, name, is_empty=is_empty)
        pages = max(1, -(-len(chosen) // UNITS_PER_PAGE))
        page = min(page, pages)
        first = (page - 1) * UNITS_PER_PAGE
        shown = [
            UnitShown(unit, people_shown(session, unit, him))
            for unit in chosen[first : first + UNITS_PER_PAGE]
        ]
    return render_template(
        "dashboard/people.html",
        shown=shown,
        count=len(chosen),
        page=page,
        pages=pages,
        name=name,
        is_empty=is_empty,
    )


@people.get("/units/<unit_code>")
def unit(unit_code: str) -> str:
    """Everything about one unit."""
    him = visitor()
    with office().database.reading() as session:
        return _unit_page(session, unit_code, him)


@people.post("/units/<unit_code>/invite")
def invite(unit_code: str) -> str | Response:
    """A code that is shown on the answer, and never again."""
    him = visitor()
    role = _role(request.form.get("role", ""))
    name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
    phone = _phone(request.form.get("phone", ""))
    if phone is None:
        flash("bad_phone", "warning")
        return redirect(url_for(".unit", unit_code=unit_code))
    with office().database.writing() as session:
        _require_may_invite(session, him, role, unit_code)
        person = None
        if name:
            person = joining.enrol(session, name, him.now, phone=phone or None)
            joining.appoint(session, person, unit_code, role, him.today)
        code = _code(session, him, unit_code, role, person)
    with office().database.reading() as session:
        return _unit_page(session, unit_code, him, code=code, code_for=name)


@people.post("/units/<unit_code>/people/<int:official_id>/code")
def new_code(unit_code: str, official_id: int) -> str:
    """For somebody who has not come yet; his older codes end."""
    him = visitor()
    with office().database.writing() as session:
        person, role = _serving(session, unit_code, official_id, him)
        _require_may_invite(session, him, role, unit_code)
        joining.revoke_invitations(session, official_id, him.now)
        code = _code(session, him, unit_code, role, person)
        name = person.name
    with office().database.reading() as session:
        return _unit_page(session, unit_code, him, code=code, code_for=name)


@people.post("/units/<unit_code>/people/<int:official_id>/role")
def change_role(unit_code: str, official_id: int) -> Response:
    him = visitor()
    new = _role(request.form.get("role", ""))
    with office().database.writing() as session:
        person, old = _serving(session, unit_code, official_id, him)
        _require_other(person, him)
        for role in (old, new):
            _require_may_invite(session, him, role, unit_code)
        if new != old:
            joining.change_role(
                session,
                person,
                unit_code,
                new,
                him.official.pseudonym,
                him.now,
                him.today,
            )
        done("role_changed")
    return redirect(url_for(".unit", unit_code=unit_code))


@people.post("/units/<unit_code>/people/<int:official_id>/leave")
def leave(unit_code: str, official_id: int) -> Response:
    him = visitor()
    with office().database.writing() as session:
        person, role = _serving(session, unit_code, official_id, him)
        _require_other(person, him)
        _require_may_invite(session, him, role, unit_code)
        by = him.official.pseudonym
        joining.leave(session, person, unit_code, by, him.now, him.today)
        done("person_left")
    return redirect(url_for(".unit", unit_code=unit_code))


# --- a whole list ---------------------------------------------------------------------------------


@people.get("/people/list")
def roster() -> str:
    return _roster_page()


@people.post("/people/list")
def compare_roster() -> str | Response:
    """What the file would change. It is not kept here: the form brings it back."""
    sent = request.files.get("file")
    if sent is None or not _FILE.search(sent.filename or ""):
        flash("no_list", "warning")
        return redirect(url_for(".roster"))
    content = sent.read(LARGEST_LIST + 1)
    if len(content) > LARGEST_LIST:
        abort(413)
    suffix = Path(sent.filename or "").suffix.lower()
    him = visitor()
    with office().database.reading() as session:
        plan, problem = _plan(session, him, content, suffix)
        foreign = beyond(session, plan, him.official, him.today) if plan else []
    return _roster_page(
        plan=plan,
        problem=problem,
        foreign=foreign,
        content=base64.b64encode(content).decode(),
        suffix=suffix,
    )


@people.post("/people/list/apply")
def apply() -> str | Response:
    """Written as it was shown; the codes are on the answer, and never again."""
    him = visitor()
    suffix = request.form.get("suffix", "")
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error:
        abort(400)
    if suffix not in (".csv", ".xlsx") or not content:
        abort(400)
    made: Sequence[Code] = ()
    with office().database.writing() as session:
        plan, problem = _plan(session, him, content, suffix)
        if plan is None or plan.problems or problem:
            flash("list_refused", "bad")
            return redirect(url_for(".roster"))
        if beyond(session, plan, him.official, him.today):
            abort(403)
        by = him.official.pseudonym
        joined = apply_roster(session, plan, him.now, him.today, by)
        if request.form.get("codes") == "1":
            made = make_codes(session, joined, him.now, by)
    return _roster_page(made=made, count=len(joined))


def _roster_page(**shown: Any) -> str:
    empty = {"plan": None, "problem": "", "foreign": (), "content": "", "suffix": "",
             "made": (), "count": None}  # fmt: skip
    return render_template("dashboard/roster.html", **(empty | shown))


def _plan(
    session: Session, him: Visitor, content: bytes, suffix: str
) -> tuple[RosterPlan | None, str]:
    """The comparison, or what is wrong with the whole file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"list{suffix}"
        file.write_bytes(content)
        try:
            plan = plan_roster(session, file, office().settings.content_dir, him.today)
        except (OperatorError, PacksRefused) as error:
            return None, str(error).replace(f"{folder}/", "")
    return plan, ""


# --- what they share -----------------------------------------------------------------------------------


def people_shown(
    session: Session, unit: AdminUnit, him: Visitor
) -> tuple[PersonShown, ...]:
    leads = officials.may(session, him.official, Role.LEADER, unit.code, him.today)
    return tuple(
        PersonShown(
            id=one.official.id or 0,
            name=one.official.name,
            role=one.role,
            has_joined=one.official.joined_at is not None,
            phone=(one.official.phone or "") if leads else "",
            is_himself=one.official.id == him.official.id,
            may_change=officials.may_invite(
                session, him.official, one.role, unit.code, him.today
            ),
        )
        for one in people_of(session, unit.code, him.today)
    )


def _chosen(
    session: Session, him: Visitor, name: str, *, is_empty: bool
) -> list[AdminUnit]:
    """Units in force in his care; by the name of the unit or of somebody there."""
    seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
    rows = session.scalars(
        select(AdminUnit).where(col(AdminUnit.code).in_(sorted(seen)))
    )
    found = [one for one in rows if units.is_in_force(one, him.today)]
    served = _served(session, him)
    wanted = fold(name)
    if is_empty:
        found = [one for one in found if one.code not in served]
    elif not name:
        found = [one for one in found if one.code in served]
    if name:
        found = [
            one
            for one in found
            if wanted in fold(one.name)
            or any(wanted in fold(person) for person in served.get(one.code, ()))
        ]
    return sorted(found, key=lambda one: (one.level != "province", name_key(one.name)))


def _served(session: Session, him: Visitor) -> dict[str, list[str]]:
    """The names of the people of each unit."""
    rows = session.execute(
        select(col(Membership.unit_code), col(Official.name))
        .join(Official, col(Official.id) == col(Membership.official_id))
        .where(officials.serves_on(him.today))
    )
    found: dict[str, list[str]] = {}
    for code, name in rows:
        found.setdefault(code, []).append(name)
    return found


def _unit_page(
    session: Session,
    unit_code: str,
    him: Visitor,
    *,
    code: str = "",
    code_for: str = "",
) -> str:
    found = session.get_one(AdminUnit, unit_code)
    roles = [
        role
        for role in Role
        if officials.may_invite(session, him.official, role, unit_code, him.today)
    ]
    duties = session.execute(
        select(Assignment, col(PlanDuty.short_title))
        .outerjoin(
            PlanDuty,
            (col(PlanDuty.plan_id) == col(Assignment.plan_id))
            & (col(PlanDuty.duty_id) == col(Assignment.duty_id)),
        )
        .where(
            col(Assignment.unit_code) == unit_code,
            or_(
                col(Assignment.valid_to).is_(None),
                col(Assignment.valid_to) >= him.today,
            ),
        )
        .order_by(col(Assignment.id))
    ).all()
    channels = session.scalars(
        select(UnitChannel)
        .where(col(UnitChannel.unit_code) == unit_code)
        .order_by(col(UnitChannel.id))
    ).all()
    return render_template(
        "dashboard/unit.html",
        unit=found,
        parent=units.by_code(session, found.parent_code or ""),
        before=units.predecessors(session, unit_code),
        after=units.successors(session, unit_code),
        people=people_shown(session, found, him),
        roles=roles,
        code=code,
        code_for=code_for,
        valid_days=joining.INVITATION_VALID_FOR.days,
        duties=duties,
        channels=channels,
        desk=units.desk_of(session, unit_code),
        accounts=_names(
            session.scalars(select(Account).where(col(Account.unit_code) == unit_code))
        ),
    )


def _names(accounts: Iterable[Account]) -> list[str]:
    return [one.name or one.oa_id for one in accounts]


def _serving(
    session: Session, unit_code: str, official_id: int, him: Visitor
) -> tuple[Official, Role]:
    """404 for somebody who does not serve this unit."""
    serving = people_of(session, unit_code, him.today)
    found = next((one for one in serving if one.official.id == official_id), None)
    if found is None:
        abort(404)
    return found.official, found.role


def _require_may_invite(
    session: Session, him: Visitor, role: Role, unit_code: str
) -> None:
    if not officials.may_invite(session, him.official, role, unit_code, him.today):
        abort(403)


def _require_other(person: Official, him: Visitor) -> None:
    """Nobody takes his own role or leaves by a slip here: "rời đơn vị" in the chat asks."""
    if person.id == him.official.id:
        abort(403)


def _code(
    session: Session, him: Visitor, unit_code: str, role: Role, person: Official | None
) -> str:
    return joining.invite(
        session,
        unit_code,
        role,
        him.official.pseudonym or audit.OPERATOR,
        him.now,
        official_id=person.id if person else None,
    )


def _role(text: str) -> Role:
    return Role(text) if text in set(Role) else abort(400)


def _phone(text: str) -> str | None:
    """As Zalo writes it; "" where none was given, None where it is none."""
    return mobile_number(text) if text.strip("().+- \t\xa0") else ""
