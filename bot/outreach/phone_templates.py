"""Which approved templates exist for reminders by phone, as ``content/phone_templates.toml``
says: of which account, for which steps of the ladder, at what price, and which of our values
stands for each of its parameters. Without an entry nothing goes by phone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.channel.outgoing import ByPhone
from bot.errors import OperatorError

# What a parameter of a template can be filled with.
VALUES = frozenset({"official", "unit", "count", "duties", "until"})
USUAL_LENGTH = 100  # characters of a parameter, where Zalo names no other limit


@dataclass(frozen=True, slots=True)
class PhoneTemplate:
    """``values``: parameter of the template → name of our value."""

    oa_id: str
    template_id: str
    steps: frozenset[str]
    vnd: int
    values: Mapping[str, str]
    longest: int = USUAL_LENGTH

    def filled(self, given: Mapping[str, str], official_id: int) -> ByPhone:
        data = {
            name: _cut(given[value], self.longest)
            for name, value in self.values.items()
        }
        return ByPhone(self.template_id, data, self.vnd, official_id)


def template_for(
    templates: Sequence[PhoneTemplate],
    steps: Collection[str],
    accounts: Collection[str],
) -> PhoneTemplate | None:
    """The first one for any of these steps, of an account that knows the person."""
    return next(
        (one for one in templates if one.steps & set(steps) and one.oa_id in accounts),
        None,
    )


def load_templates(file: Path, steps: Collection[str]) -> tuple[PhoneTemplate, ...]:
    """``OperatorError`` names the entry that is wrong; no file: no templates."""
    if not file.exists():
        return ()
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("templates", [])
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{file}: {error}") from error
    return tuple(
        _template(file, number, entry, steps) for number, entry in enumerate(entries, 1)
    )


def _template(
    file: Path, number: int, entry: Mapping[str, Any], steps: Collection[str]
) -> PhoneTemplate:
    where = f"{file}: templates, number {number}"
    try:
        found = PhoneTemplate(
            oa_id=str(entry["oa_id"]),
            template_id=str(entry["template_id"]),
            steps=frozenset(entry["steps"]),
            vnd=int(entry["price_vnd"]),
            values=dict(entry["values"]),
            longest=int(entry.get("longest", USUAL_LENGTH)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OperatorError(f"{where}: {error!r}") from error
    if unknown := found.steps - set(steps):
        raise OperatorError(f"{where}: steps not in ladder.toml: {sorted(unknown)}")
    if strange := set(found.values.values()) - VALUES:
        raise OperatorError(f"{where}: values not known: {sorted(strange)}")
    if found.vnd <= 0 or not found.steps:
        raise OperatorError(f"{where}: needs steps and a price above 0")
    return found


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
