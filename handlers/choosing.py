"""One of many, in a step of a dialog: by number, or by typing a part of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversation.dialogs import ANSWER, Done, Draft, Go, Outcome, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.search.fold import fold
from handlers.officials import for_officials
from models import AdminUnit, Official

UNIT_STEP = "unit"
# More numbers than this nobody reads on a phone; then a part of the name is asked for.
MOST_NUMBERED = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """``value`` is what the dialog keeps, ``label`` what people read."""

    value: str
    label: str


def offer(
    key: str, choices: Sequence[Choice], *, missed: bool = False, **params: Any
) -> Reply:
    """The question ``key`` with its numbered choices, or told that there are too many."""
    many = len(choices) > MOST_NUMBERED
    shown = () if many else choices
    return Reply(
        key,
        {"missed": missed, "many": many, "count": len(choices), **params},
        options=tuple(Option(one.label, Command(ANSWER, one.value)) for one in shown),
    )


def narrow(turn: Turn, choices: Sequence[Choice]) -> list[Choice]:
    """Those that the person may have meant: one when it is clear, none when nothing fits."""
    chosen = answer_of(turn)
    if chosen is not None:
        return [one for one in choices if one.value == chosen]
    typed = fold(turn.text).strip(" .!?,")
    if len(typed) < 2:  # a number too high, a slip of the finger
        return []
    exact = [one for one in choices if fold(one.label) == typed]
    return exact or [one for one in choices if typed in fold(one.label)]


def unit_choices(found: Iterable[AdminUnit]) -> list[Choice]:
    """Each unit once, in the given order."""
    return [
        Choice(code, name) for code, name in {u.code: u.name for u in found}.items()
    ]


@dataclass(frozen=True, slots=True)
class UnitQuestion:
    """ "Which unit?", a first step that is left out when there is only one.

    ``key`` asks, ``none`` is said to who has no unit for this.
    """

    key: str
    none: str
    units: Callable[[Turn, Official], list[Choice]]
    then: Callable[[Turn, Official, str], Go | Done]

    def begin(self, turn: Turn, official: Official) -> Go | Done:
        match self.units(turn, official):
            case []:
                return Done([Reply(self.none, remark=True)])
            case [one]:
                return self.then(turn, official, one.value)
            case several:
                return Go(UNIT_STEP, {}, [offer(self.key, several)])

    def step(self, turn: Turn, draft: Draft) -> Outcome:
        return for_officials(self._choose)(turn, draft)

    def _choose(self, turn: Turn, draft: Draft, official: Official) -> Outcome:
        choices = self.units(turn, official)
        match narrow(turn, choices):
            case [one]:
                return self.then(turn, official, one.value)
            case fitting:
                return Stay([offer(self.key, fitting or choices, missed=not fitting)])
