"""One procedure: the short answer, and each detail on request; procedures by group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.catalogue import procedures as catalogue
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.search.findings import Hit
from handlers import menu
from handlers.lists import page, subject_of
from models import Procedure, ProcedureStatus

# Facts older than this are shown with "nên xem lại" (Decree 224/2026/NĐ-CP Art. 9.3 wants
# information updated as soon as it changes; the number of days is ours).
FRESH_FOR = timedelta(days=90)
LIST_NAME = 90


@dataclass(frozen=True, slots=True)
class Room:
    """How many characters each part of a first answer may take; 0 leaves the note out."""

    name: int
    papers: int
    line: int
    note: int


# Beside these stand a 95-character link and the numbered line; details are on request.
ROOMY = Room(name=90, papers=120, line=80, note=80)
TIGHTER = (
    Room(name=80, papers=90, line=60, note=60),
    Room(name=70, papers=80, line=45, note=0),
)

ASPECTS = ("papers", "fee", "time", "where", "legal_basis", "online")


def show(turn: Turn) -> list[Reply]:
    code = turn.command.argument if turn.command else ""
    return show_code(turn, code)


def show_aspect(turn: Turn) -> list[Reply]:
    if turn.command is None:
        return []
    return show_code(turn, turn.command.argument, aspect=turn.command.name)


def show_code(
    turn: Turn, code: str, asked_for: str | None = None, aspect: str | None = None
) -> list[Reply]:
    """The answer for this code, or for the procedure that replaced it."""
    found = catalogue.by_code(turn.session, code)
    if found is None:
        return menu.unknown_command(turn)
    old = catalogue.by_code(turn.session, asked_for) if asked_for else None
    successor = catalogue.successor_of(turn.session, found)
    if successor is not None:
        found, old = successor, found
    return [_reply(turn, found, old, aspect)]


def groups(turn: Turn) -> list[Reply]:
    """The groups that hold at least one procedure, most needed first."""
    counts = catalogue.count_by_group(turn.session)
    present = [group for group in turn.catalogue.groups if counts.get(group.key)]
    command = turn.command or Command("groups")
    shown, following, remaining = page(present, command)
    options = tuple(
        Option(f"{group.label} ({counts[group.key]})", Command("group", group.key))
        for group in shown
    )
    return [
        Reply("procedures.groups", {"remaining": remaining}, options, more=following)
    ]


def group(turn: Turn) -> list[Reply]:
    """The procedures of one group."""
    command = turn.command or Command("group")
    known = {one.key: one for one in turn.catalogue.groups}
    chosen = known.get(subject_of(command))
    if chosen is None:
        return groups(turn)
    members = catalogue.in_group(turn.session, chosen.key)
    shown, following, remaining = page(members, command)
    return [
        Reply(
            "procedures.group",
            {"group": chosen, "count": len(members), "remaining": remaining},
            tuple(option_for(procedure) for procedure in shown),
            more=following,
        )
    ]


def option_for(procedure: Procedure) -> Option:
    name = catalogue.short_name(procedure.name, LIST_NAME)
    return Option(name, Command("service", procedure.code))


def option_for_hit(turn: Turn, hit: Hit) -> Option:
    procedure = catalogue.by_code(turn.session, hit.id)
    if procedure is None:
        return Option(hit.title, Command("service", hit.id))
    return option_for(procedure)


def _reply(
    turn: Turn, procedure: Procedure, old: Procedure | None, aspect: str | None
) -> Reply:
    key, options = "procedures.index_only", tuple[Option, ...]()
    if procedure.status != ProcedureStatus.INDEX_ONLY:
        key = f"procedures.{aspect}" if aspect in ASPECTS else "procedures.answer"
        options = tuple(
            turn.option(f"procedures.option_{name}", name, procedure.code)
            for name in ASPECTS
        )
    facts = _facts(turn, procedure, old)
    return Reply(
        key,
        facts | _short(procedure, old, ROOMY),
        options,
        inline=True,
        focus=Command("service", procedure.code),
        tighter=tuple(facts | _short(procedure, old, room) for room in TIGHTER),
    )


def _facts(
    turn: Turn, procedure: Procedure, old: Procedure | None
) -> dict[str, object]:
    checked = procedure.checked_on
    fees = f"{procedure.fee_online} {procedure.fee_direct} {procedure.fee_note}"
    return {
        "p": procedure,
        "papers": catalogue.items(procedure.papers),
        "legal_basis": catalogue.items(procedure.legal_basis),
        "fee_expired": catalogue.mentions_past_day(fees, turn.today),
        "is_stale": checked is None or turn.today - checked > FRESH_FOR,
        "old": old,
        "unverified": procedure.status
        in (ProcedureStatus.UNVERIFIED, ProcedureStatus.TO_VERIFY),
    }


def _short(
    procedure: Procedure, old: Procedure | None, room: Room
) -> dict[str, object]:
    """The parts of the first answer that may be cut, as long as this room allows."""
    shorten = catalogue.shorten
    return {
        "name": catalogue.short_name(procedure.name, room.name),
        "old_name": catalogue.short_name(old.name, room.name) if old else "",
        "short_papers": shorten(procedure.papers, room.papers),
        "short_where": shorten(procedure.submit_at, room.line),
        "short_note": shorten(procedure.note, room.note) if room.note else "",
        "short_fee_note": shorten(procedure.fee_note, room.line),
    }
