"""Is everything running, what gave up, who did not get what and why, who changed what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response

from bot.channel import outbox
from bot.dead_letters import dead_letters, settle
from bot.errors import OperatorError
from bot.health import readiness
from bot.people import audit, care, officials
from bot.search.fold import fold
from bot.watching.alarms import open_alarms
from bot.watching.bulletins import bulletin_of
from dashboard.office import Visitor, office, visitor
from dashboard.proof_view import actor_names
from dashboard.saying import done
from models import (
    AuditEntry,
    Contact,
    Membership,
    Official,
    OutboxMessage,
    Reminder,
    ReminderState,
    Role,
    SendAttempt,
)

operations = Blueprint("operations", __name__)

DEAD_SHOWN = 100
MESSAGES_SHOWN = 30
PEOPLE_FOUND = 20
ENTRIES_SHOWN = 100
TO_CALL_FOR = timedelta(days=7)  # a reminder of last week helps nobody


@operations.get("/operations")
def show() -> str:
    him, house = visitor(), office()
    ready = readiness(house.database, house.spool, house.clock)
    with house.database.reading() as session:
        return render_template(
            "dashboard/operations.html",
            ready=ready,
            checks=[(one.name, getattr(ready, one.name)) for one in fields(ready)],
            bulletins=[
                bulletin_of(session, one, house.texts.render, house.settings.zone)
                for one in open_alarms(session)
            ],
            lanes=_lanes(session, him),
            dead=list(dead_letters(session))[:DEAD_SHOWN],
            jobs=house.job_lines(session, him.now),
        )


@operations.post("/operations/dead")
def settle_dead() -> Response:
    """Those that were ticked: tried again, or given up for good."""
    him = visitor()
    keys, verdict = request.form.getlist("key"), request.form.get("verdict")
    if verdict not in ("retry", "discard"):
        abort(400)
    if not keys:
        flash("none_chosen", "warning")
        return redirect(url_for(".show"))
    by = him.official.pseudonym
    try:
        with office().database.writing() as session:
            for key in keys:
                settle(session, key, again=verdict == "retry", by=by, now=him.now)
            done(f"dead_{verdict}")
    except OperatorError:
        flash("decided_already", "warning")
    return redirect(url_for(".show"))


def _lanes(session: Session, him: Visitor) -> list[tuple[str, str, int, float]]:
    """Lane, status, how many, and how many seconds the oldest has been due."""
    return [
        (lane, status, count, max(0.0, (him.now - due_at).total_seconds()))
        for lane, status, count, due_at in outbox.unsent(session)
    ]


# --- why did she not get it? ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """A person that was searched for."""

    id: int
    name: str
    contact_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MessageShown:
    """Never the words: what became of it, and why."""

    message: OutboxMessage
    about: str
    status: str
    reason: str
    attempts: tuple[SendAttempt, ...]


@operations.get("/deliveries")
def deliveries() -> str:
    him = visitor()
    who = request.args.get("who", "").strip()[:60]
    with office().database.reading() as session:
        found = _people(session, him, who) if who else []
        chosen = found[0] if len(found) == 1 else None
        contacts = chosen.contact_ids if chosen else ()
        if who.isdecimal() and not found and _sees_all(session, him):
            contacts = (int(who),) if len(who) < 12 else ()
        return render_template(
            "dashboard/deliveries.html",
            who=who,
            found=found,
            chosen=chosen,
            messages=[_message(session, one) for one in _messages(session, contacts)],
            contacts=[session.get(Contact, one) for one in contacts],
            to_call=_to_call(session, him),
        )


def _sees_all(session: Session, him: Visitor) -> bool:
    return care.looks_after_all(session, him.official, Role.ADMINISTRATOR, him.today)


def _people(session: Session, him: Visitor, who: str) -> list[Found]:
    """Officials in his care by number, telephone or a part of the name."""
    seen = care.units_seen(session, him.official, Role.SUPERVISOR, him.today)
    rows = session.scalars(
        select(Official)
        .where(
            col(Official.id).in_(
                select(col(Membership.official_id)).where(
                    col(Membership.unit_code).in_(sorted(seen)),
                    officials.serves_on(him.today),
                )
            )
        )
        .order_by(col(Official.id))
    )
    wanted, digits = fold(who), who.lstrip("+0")
    found = [
        one
        for one in rows
        if str(one.id) == who
        or (len(digits) >= 6 and digits in (one.phone or ""))
        or (not who.isdecimal() and wanted in fold(one.name))
    ]
    return [
        Found(
            one.id or 0,
            one.name,
            tuple(c.id or 0 for c in officials.contacts_of(session, one.id or 0)),
        )
        for one in found[:PEOPLE_FOUND]
    ]


def _messages(session: Session, contact_ids: Sequence[int]) -> Sequence[OutboxMessage]:
    return session.scalars(
        select(OutboxMessage)
        .where(col(OutboxMessage.contact_id).in_(contact_ids))
        .order_by(col(OutboxMessage.id).desc())
        .limit(MESSAGES_SHOWN)
    ).all()


def _message(session: Session, row: OutboxMessage) -> MessageShown:
    words = office().texts
    key = f"reason.{row.reason}"
    tried = session.scalars(
        select(SendAttempt)
        .where(col(SendAttempt.message_id) == row.id)
        .order_by(col(SendAttempt.id))
    ).all()
    return MessageShown(
        message=row,
        about=row.dedupe_key.partition(":")[0],
        status=words.render(f"status.{row.status}"),
        reason=words.render(key) if key in words.keys else row.reason or "",
        attempts=tuple(tried),
    )


def _to_call(session: Session, him: Visitor) -> list[tuple[Reminder, Official | None]]:
    """Who could not be reminded by Zalo, with the telephone that is left."""
    seen = care.units_seen(session, him.official, Role.SUPERVISOR, him.today)
    rows = session.scalars(
        select(Reminder)
        .where(
            col(Reminder.state) == ReminderState.UNREACHABLE,
            col(Reminder.day_on) > him.today - TO_CALL_FOR,
            col(Reminder.unit_code).in_(sorted(seen)),
        )
        .order_by(col(Reminder.day_on).desc(), col(Reminder.id).desc())
        .limit(MESSAGES_SHOWN)
    )
    return [(one, session.get(Official, one.official_id or 0)) for one in rows]


# --- who changed what -------------------------------------------------------------------------------------


@operations.get("/audit")
def audit_log() -> str:
    """The newest first; ``before`` pages on, ``verify`` goes through the whole chain."""
    about = request.args.get("about", "").strip()[:100]
    before = request.args.get("before", 0, type=int)
    with office().database.reading() as session:
        entries = _entries(session, about, before)
        verified: tuple[int | None, str, datetime] | None = None
        if request.args.get("verify") == "1":
            broken = audit.verify(session)
            verified = (broken, audit.last_sha256(session), visitor().now)
        return render_template(
            "dashboard/audit.html",
            entries=entries,
            names=actor_names(session, {one.actor for one in entries}),
            about=about,
            next_before=entries[-1].id if len(entries) == ENTRIES_SHOWN else None,
            verified=verified,
        )


def _entries(session: Session, about: str, before: int) -> Sequence[AuditEntry]:
    """Whose subject, action or actor begins with these characters, or is called so."""
    chosen = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(ENTRIES_SHOWN)
    if before:
        chosen = chosen.where(col(AuditEntry.id) < before)
    if about:
        actors = [
            pseudonym
            for pseudonym, name in session.execute(
                select(col(Official.pseudonym), col(Official.name))
            )
            if fold(about) in fold(name)
        ]
        chosen = chosen.where(
            or_(
                col(AuditEntry.subject).startswith(about, autoescape=True),
                col(AuditEntry.action).startswith(about, autoescape=True),
                col(AuditEntry.actor).in_([about, *actors]),
            )
        )
    return session.scalars(chosen).all()
