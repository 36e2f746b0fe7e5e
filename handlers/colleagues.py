"""danh sách cán bộ: who serves my unit, or one that I look after.

```mermaid
stateDiagram-v2
    [*] --> unit: several units
    unit --> unit: not clear
    unit --> [*]: the list
    [*] --> [*]: one unit
```
"""

from __future__ import annotations

from bot.conversation.dialogs import Dialog, Done
from bot.conversation.turn import Reply, Turn
from bot.people import officials, roster, units
from handlers.choosing import UNIT_STEP, Choice, UnitQuestion, unit_choices
from handlers.officials import only_officials, role_label
from models import Official, Role


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return LISTING.start(turn, _WHICH_UNIT.begin(turn, official))


def _units(turn: Turn, official: Official) -> list[Choice]:
    """His own first."""
    own = officials.units_of(turn.session, official.id or 0, turn.today)
    led = officials.units_in_care(turn.session, official, Role.LEADER, turn.today)
    return unit_choices([*own, *led])


def _show(turn: Turn, official: Official, unit_code: str) -> Done:
    people = [
        {
            "name": one.official.name,
            "role": role_label(turn, one.role),
            "has_joined": one.official.joined_at is not None,
        }
        for one in roster.people_of(turn.session, unit_code, turn.today)
    ]
    params = {
        "unit": units.by_code(turn.session, unit_code),
        "people": people,
        "leads": officials.may(
            turn.session, official, Role.LEADER, unit_code, turn.today
        ),
    }
    return Done([Reply("officials.colleagues", params)])


_WHICH_UNIT = UnitQuestion("officials.which_unit", "officials.no_unit", _units, _show)
LISTING = Dialog("colleagues", {UNIT_STEP: _WHICH_UNIT.step})
