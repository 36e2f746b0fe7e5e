"""rời đơn vị: an official ends his service in a unit, after being asked back.

```mermaid
stateDiagram-v2
    [*] --> unit: serves several units
    [*] --> sure: one unit
    unit --> unit: not clear
    unit --> sure
    sure --> sure: not clear
    sure --> [*]: yes or no
```
"""

from __future__ import annotations

from enum import StrEnum

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Reply, Turn
from bot.people import joining, officials, units
from handlers.choosing import UNIT_STEP, Choice, UnitQuestion, unit_choices
from handlers.officials import for_officials, only_officials
from models import Official

YES, NO = "yes", "no"


class Step(StrEnum):
    SURE = "sure"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return LEAVING.start(turn, _WHICH_UNIT.begin(turn, official))


def _units(turn: Turn, official: Official) -> list[Choice]:
    return unit_choices(officials.units_of(turn.session, official.id or 0, turn.today))


def _ask_sure(turn: Turn, official: Official, unit_code: str) -> Go:
    everyone = officials.administrators(turn.session, turn.today)
    params = {
        "unit": units.by_code(turn.session, unit_code),
        "is_last_administrator": [one.id for one in everyone] == [official.id],
    }
    options = (
        turn.option("leaving.yes", ANSWER, YES),
        turn.option("leaving.no", ANSWER, NO),
    )
    return Go(Step.SURE, {"unit": unit_code}, [Reply("leaving.sure", params, options)])


def _sure(turn: Turn, draft: Draft, official: Official) -> Stay | Done:
    unit_code = draft["unit"]
    answer = answer_of(turn)
    if answer == NO:
        return Done([Reply("leaving.stays", remark=True)])
    if answer != YES:
        return Stay(_ask_sure(turn, official, unit_code).replies)
    who = official.pseudonym
    joining.leave(turn.session, official, unit_code, who, turn.now, turn.today)
    unit = units.by_code(turn.session, unit_code)
    return Done([Reply("leaving.left", {"unit": unit}, remark=True)])


_WHICH_UNIT = UnitQuestion("leaving.which_unit", "officials.no_unit", _units, _ask_sure)
LEAVING = Dialog(
    "leaving", {UNIT_STEP: _WHICH_UNIT.step, Step.SURE: for_officials(_sure)}
)
