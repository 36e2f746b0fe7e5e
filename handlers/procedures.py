"""One procedure: the short answer, and each detail on request; procedures by group."""

from __future__ import annotations

from datetime import timedelta

from bot.catalogue import procedures as catalogue
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.search.finder import Hit
from handlers import menu
from handlers.lists import page, subject_of
from models import Procedure, ProcedureStatus

# Facts older than this are shown with "nên xem lại" (Decree 224/2026/NĐ-CP Art. 9.3 wants
# information updated as soon as it changes; the number of days is ours).
FRESH_FOR = timedelta(days=90)
# Together with the other lines and a 95-character link the first message stays near 600.
SHORT_PAPERS = 120
SHORT_LINE = 80
SHORT_NAME = 90
LIST_NAME = 90

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
    return Reply(
        key,
        _facts(turn, procedure, old),
        options,
        inline=True,
        focus=Command("service", procedure.code),
    )


def _facts(
    turn: Turn, procedure: Procedure, old: Procedure | None
) -> dict[str, object]:
    checked = procedure.checked_on
    fees = f"{procedure.fee_online} {procedure.fee_direct} {procedure.fee_note}"
    return {
        "p": procedure,
        "name": catalogue.short_name(procedure.name, SHORT_NAME),
        "papers": catalogue.items(procedure.papers),
        "short_papers": catalogue.shorten(procedure.papers, SHORT_PAPERS),
        "short_where": catalogue.shorten(procedure.submit_at, SHORT_LINE),
        "short_note": catalogue.shorten(procedure.note, SHORT_LINE),
        "short_fee_note": catalogue.shorten(procedure.fee_note, SHORT_LINE),
        "legal_basis": catalogue.items(procedure.legal_basis),
        "fee_expired": catalogue.mentions_past_day(fees, turn.today),
        "is_stale": checked is None or turn.today - checked > FRESH_FOR,
        "old": old,
        "old_name": catalogue.short_name(old.name, SHORT_NAME) if old else "",
        "unverified": procedure.status
        in (ProcedureStatus.UNVERIFIED, ProcedureStatus.TO_VERIFY),
    }
