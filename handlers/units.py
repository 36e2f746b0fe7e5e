"""Where to go: the one-stop desk of my commune; old commune names lead to today's."""

from __future__ import annotations

from bot.conversation.turn import Command, Option, Reply, Turn
from bot.people import units
from handlers import menu
from models import AdminUnit


def desk(turn: Turn) -> list[Reply]:
    """The desk of my commune, if we know which one it is; else ask."""
    code = turn.contact.unit_code or turn.account.unit_code
    unit = units.by_code(turn.session, code) if code else None
    if unit is None or not units.is_in_force(unit, turn.today):
        return [choose(turn)]
    return [_desk_reply(turn, unit)]


def choose(turn: Turn) -> Reply:
    communes = units.communes_on(turn.session, turn.today)
    return Reply("units.choose", options=tuple(_my_commune(one) for one in communes))


def ask_commune(turn: Turn) -> list[Reply]:
    return [choose(turn)]


def set_mine(turn: Turn) -> list[Reply]:
    """Remember which commune is mine, then show its desk."""
    code = turn.command.argument if turn.command else ""
    unit = units.by_code(turn.session, code)
    if unit is None:
        return [choose(turn)]
    turn.contact.unit_code = unit.code
    return [_desk_reply(turn, unit)]


def show(turn: Turn) -> list[Reply]:
    return show_code(turn, turn.command.argument if turn.command else "")


def show_code(turn: Turn, code: str) -> list[Reply]:
    """A unit named in a question: what it is today, and where to go."""
    unit = units.by_code(turn.session, code)
    if unit is None:
        return menu.unknown_command(turn)
    if units.is_in_force(unit, turn.today):
        return [_current(turn, unit)]
    followers = units.successors(turn.session, unit.code)
    key = "units.merged" if followers else "units.ended"
    return [
        Reply(
            key,
            {"unit": unit, "successors": followers},
            tuple(_my_commune(one) for one in followers),
        )
    ]


def option_for_code(turn: Turn, code: str) -> Option:
    unit = units.by_code(turn.session, code)
    if unit is None:
        return Option(code, Command("desk"))
    key = (
        "units.option_today"
        if units.is_in_force(unit, turn.today)
        else "units.option_old"
    )
    return Option(f"{unit.name} {turn.label(key)}", Command("unit", code))


def _current(turn: Turn, unit: AdminUnit) -> Reply:
    return Reply(
        "units.current",
        {"unit": unit, "predecessors": units.predecessors(turn.session, unit.code)},
        (_my_commune(unit),) if unit.level == "commune" else (),
        focus=Command("unit", unit.code),
    )


def _my_commune(unit: AdminUnit) -> Option:
    return Option(unit.name, Command("my_commune", unit.code))


def _desk_reply(turn: Turn, unit: AdminUnit) -> Reply:
    found = units.desk_of(turn.session, unit.code)
    return Reply(
        "units.desk",
        {"unit": unit, "desk": found},
        (
            turn.option("menu.groups", "groups"),
            turn.option("units.other_commune", "choose_commune"),
            turn.option("menu.person", "person"),
        ),
        focus=Command("unit", unit.code),
    )
