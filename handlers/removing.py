"""xóa cán bộ: a leader ends somebody's service in a unit, after being asked back.

```mermaid
stateDiagram-v2
    [*] --> unit: looks after several units
    [*] --> person: one unit
    unit --> unit: not clear
    unit --> person
    unit --> [*]: nobody else serves there
    person --> person: not clear
    person --> sure
    sure --> sure: not clear
    sure --> [*]: yes or no
```
"""

from __future__ import annotations

from enum import StrEnum

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Reply, Turn
from bot.people import joining, officials, roster, units
from bot.people.roster import Person
from handlers.choosing import (
    UNIT_STEP,
    Choice,
    UnitQuestion,
    narrow,
    offer,
    unit_choices,
)
from handlers.officials import for_officials, only_officials, role_label
from models import Official, Role

YES, NO = "yes", "no"


class Step(StrEnum):
    PERSON = "person"
    SURE = "sure"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return REMOVING.start(turn, _WHICH_UNIT.begin(turn, official))


def _units(turn: Turn, official: Official) -> list[Choice]:
    return unit_choices(
        officials.units_in_care(turn.session, official, Role.LEADER, turn.today)
    )


# --- whom -----------------------------------------------------------------------------------------


def _removable(turn: Turn, by: Official, unit_code: str) -> list[Person]:
    """Whom he could have invited, himself left out: that is "rời đơn vị"."""
    return [
        one
        for one in roster.people_of(turn.session, unit_code, turn.today)
        if one.official.id != by.id
        and officials.may_invite(turn.session, by, one.role, unit_code, turn.today)
    ]


def _choices(turn: Turn, people: list[Person]) -> list[Choice]:
    unknown = turn.label("officials.name_unknown")
    return [
        Choice(
            str(one.official.id),
            f"{one.official.name or unknown} ({role_label(turn, one.role)})",
        )
        for one in people
    ]


def _ask_person(turn: Turn, by: Official, unit_code: str) -> Go | Done:
    unit = units.by_code(turn.session, unit_code)
    choices = _choices(turn, _removable(turn, by, unit_code))
    if not choices:
        return Done([Reply("removing.nobody", {"unit": unit}, remark=True)])
    asked = offer("removing.which_person", choices, unit=unit)
    return Go(Step.PERSON, {"unit": unit_code}, [asked])


def _person(turn: Turn, draft: Draft, by: Official) -> Stay | Go | Done:
    choices = _choices(turn, _removable(turn, by, draft["unit"]))
    match narrow(turn, choices):
        case [one]:
            draft = {**draft, "person": one.value}
            return Go(Step.SURE, draft, [_sure_question(turn, draft, one.label)])
        case fitting:
            unit = units.by_code(turn.session, draft["unit"])
            again = offer(
                "removing.which_person",
                fitting or choices,
                missed=not fitting,
                unit=unit,
            )
            return Stay([again])


# --- asked back -----------------------------------------------------------------------------------


def _sure_question(turn: Turn, draft: Draft, label: str) -> Reply:
    options = (
        turn.option("removing.yes", ANSWER, YES),
        turn.option("removing.no", ANSWER, NO),
    )
    params = {"unit": units.by_code(turn.session, draft["unit"]), "person": label}
    return Reply("removing.sure", params, options)


def _sure(turn: Turn, draft: Draft, by: Official) -> Stay | Done:
    answer = answer_of(turn)
    if answer == NO:
        return Done([Reply("removing.nothing_changed", remark=True)])
    people = _removable(turn, by, draft["unit"])
    person = next((p for p in people if str(p.official.id) == draft["person"]), None)
    if person is None:  # somebody else was quicker, or he may not any more
        return Done([Reply("removing.nothing_changed", remark=True)])
    (choice,) = _choices(turn, [person])
    if answer != YES:
        return Stay([_sure_question(turn, draft, choice.label)])
    joining.leave(
        turn.session, person.official, draft["unit"], by.pseudonym, turn.now, turn.today
    )
    params = {
        "unit": units.by_code(turn.session, draft["unit"]),
        "person": choice.label,
    }
    return Done([Reply("removing.removed", params, remark=True)])


_WHICH_UNIT = UnitQuestion(
    "removing.which_unit", "inviting.not_allowed", _units, _ask_person
)
REMOVING = Dialog(
    "removing",
    {
        UNIT_STEP: _WHICH_UNIT.step,
        Step.PERSON: for_officials(_person),
        Step.SURE: for_officials(_sure),
    },
)
