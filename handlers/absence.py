"""nghỉ phép đến 5/12, chị Hoa thay: an official is away, and somebody is reminded for him.

Everything is said in one message; what is missing is asked for with an example. "đi làm lại"
ends it earlier.
"""

from __future__ import annotations

import re
from datetime import date

from bot.conversation import dialogs
from bot.conversation.turn import Reply, Turn
from bot.people import absences, officials
from bot.search.fold import fold
from handlers.officials import only_officials
from handlers.proofs.things import is_message
from models import Official

_AWAY = re.compile(
    r"^(?:toi |em |minh |tui )?(?:xin (?:phep )?)?"
    r"(?:nghi phep|nghi om|nghi che do|nghi thai san|di cong tac|di hoc|di vang|vang mat|"
    r"nghi(?=.*\d[/.-]\d))\b"
    r"(?=.*\b(?:den|toi|tu|het)\b|$)"
)
_BACK = re.compile(
    r"^(?:toi |em |minh |tui )?(?:da )?(?:di lam lai|het nghi phep|het phep|het nghi|da di lam)\b"
)
_DAY = r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?"
_FROM = re.compile(rf"\btu (?:ngay )?{_DAY}")
_UNTIL = re.compile(rf"\b(?:den|toi|het)(?: het)? (?:ngay )?{_DAY}")
_INSTEAD = re.compile(r"\b(?:thay|lam thay|truc thay|ho)\b")
LONGEST_DAYS = 366
MOST_NAMED = 8


def says_away(turn: Turn) -> bool:
    """From an official; a citizen who asks about leave asks a question."""
    return _matches(turn, _AWAY)


def says_back(turn: Turn) -> bool:
    return _matches(turn, _BACK)


def _matches(turn: Turn, pattern: re.Pattern[str]) -> bool:
    return (
        is_message(turn)
        and not dialogs.in_any_dialog(turn)
        and pattern.match(fold(turn.text)) is not None
        and officials.official_of(turn.session, turn.contact) is not None
    )


def go_away(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    said = fold(turn.text)
    since = _day_in(_FROM, said, turn.today) or turn.today
    until = _day_in(_UNTIL, said, since)
    if until is None or not 0 <= (until - since).days <= LONGEST_DAYS:
        return [Reply("absence.until_when", remark=True)]
    others = absences.colleagues(turn.session, official, turn.today)
    named = absences.named_in(turn.text, others)
    if len(named) > 1 or (not named and _INSTEAD.search(said)):
        people = [one.name for one in (named or others)[:MOST_NAMED]]
        return [Reply("absence.who_instead", {"people": people}, remark=True)]
    return _note(turn, official, since, until, named[0] if named else None)


def _note(
    turn: Turn, official: Official, since: date, until: date, instead: Official | None
) -> list[Reply]:
    absences.begin(turn.session, official, since, until, instead, turn.now)
    params = {
        "since": since if since > turn.today else None,
        "until": until,
        "instead": instead.name if instead else None,
    }
    return [Reply("absence.noted", params, remark=True)]


def come_back(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    was_away = absences.end(turn.session, official, turn.now)
    return [Reply("absence.back" if was_away else "absence.was_here", remark=True)]


def _day_in(pattern: re.Pattern[str], said: str, not_before: date) -> date | None:
    """The day that is named; without a year the next one that is not over."""
    found = pattern.search(said)
    if found is None:
        return None
    day, month, year = int(found[1]), int(found[2]), found[3]
    years = [int(year)] if year else [not_before.year, not_before.year + 1]
    for one in years:
        try:
            named = date(one, month, day)
        except ValueError:
            continue
        if named >= not_before or year:
            return named
    return None
