"""nhóm này nhận bản tin: an administrator says in a group of the account whose digests go
there; "nhóm này thôi nhận bản tin" ends it. He is answered in his own chat, and the group
is told too, since it will hear from us.
"""

from __future__ import annotations

import re

from bot.channel import groups
from bot.channel.event_kinds import EventKind
from bot.conversation.turn import Reply, Turn
from bot.people import audit, officials, privacy, units
from bot.search.fold import fold
from models import Account, AccountGroup, AdminUnit, Official, Role

_RECEIVES = re.compile(r"\bnhom (?:nay )?(?:se |xin |duoc )?nhan ban tin\b")
_STOPS = re.compile(r"\bnhom (?:nay )?(?:thoi|ngung|dung|khong) nhan ban tin\b")


def asks(turn: Turn) -> bool:
    """Said in a group by an official; others never get here."""
    if turn.event.kind is not EventKind.GROUP:
        return False
    said = fold(turn.text)
    return bool(_RECEIVES.search(said) or _STOPS.search(said))


def tie(turn: Turn) -> list[Reply]:
    """What was said is forgotten, like all talk in groups; what it did is in the log."""
    privacy.forget_event(turn.session, turn.event.event_key)
    official = officials.official_of(turn.session, turn.contact)
    group = groups.find(turn.session, turn.event.oa_id or "", turn.event.group_id or "")
    if official is None or group is None:
        return []
    if _STOPS.search(fold(turn.text)):
        return _untie(turn, group, official)
    unit = _unit_meant(turn)
    if unit is None:
        return [Reply("digest_groups.which_unit", remark=True)]
    if not _may(turn, official, unit.code):
        return [Reply("digest_groups.not_yours", {"unit": unit.name}, remark=True)]
    _write(turn, group, official, unit.code)
    said = {"unit": unit.name}
    return [
        Reply("digest_groups.tied", said, remark=True),
        Reply("digest_groups.hello", said, remark=True, to=group.contact_id),
    ]


def _untie(turn: Turn, group: AccountGroup, official: Official) -> list[Reply]:
    if group.unit_code is None:
        return [Reply("digest_groups.none", remark=True)]
    if not _may(turn, official, group.unit_code):
        name = units.name_of(turn.session, group.unit_code)
        return [Reply("digest_groups.not_yours", {"unit": name}, remark=True)]
    _write(turn, group, official, None)
    return [Reply("digest_groups.untied", remark=True)]


def _unit_meant(turn: Turn) -> AdminUnit | None:
    """The commune that is named; else the unit the account speaks for."""
    named = units.commune_named_in(turn.session, turn.text, turn.today)
    if named is not None:
        return named
    account = turn.session.get(Account, turn.event.oa_id)
    if account is None or account.unit_code is None:
        return None
    return units.by_code(turn.session, account.unit_code)


def _may(turn: Turn, official: Official, unit_code: str) -> bool:
    return officials.may(
        turn.session, official, Role.ADMINISTRATOR, unit_code, turn.today
    )


def _write(
    turn: Turn, group: AccountGroup, official: Official, unit_code: str | None
) -> None:
    groups.tie(turn.session, group, unit_code, official.id, turn.now)
    audit.record(
        turn.session, official.pseudonym, "group.tied", f"group:{group.contact_id}",
        {"unit": unit_code or ""}, turn.now,
    )  # fmt: skip
