"""ID numbers, one-time codes and card numbers leave a text before it is stored.

Recognised: CCCD (12 digits) and CMND (9 digits), whole or in the groups people write them
in; 4-8 digits beside a word for "one-time code"; bank card numbers (13-19 digits with a
valid Luhn check digit). Left alone: telephone numbers, procedure codes ("1.001193"),
document symbols ("14119/KH-UBND"), dates, times, money, dossier codes, anything in a link.

The text is folded to plain ASCII letters and digits, position by position, so full-width
and Arabic digits count and words match without diacritics; ``sensitive`` then finds the
numbers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.channel.sensitive import SensitiveKind, find_sensitive
from bot.channel.values import MAX_DEPTH

__all__ = ["MARK", "Masked", "SensitiveKind", "mask_payload", "mask_sensitive"]

MARK = "[***]"


@dataclass(frozen=True)
class Masked:
    text: str
    kinds: frozenset[SensitiveKind]


def mask_sensitive(text: str, mark: str = MARK) -> Masked:
    """The text with each sensitive number replaced by ``mark``, and what was found."""
    if not any(character.isdecimal() for character in text):
        return Masked(text, frozenset())
    composed = unicodedata.normalize("NFC", text)
    spans = find_sensitive("".join(map(_fold, composed)))
    if not spans:
        return Masked(text, frozenset())
    pieces, position = [], 0
    for start, end, _ in spans:
        pieces += [composed[position:start], mark]
        position = end
    pieces.append(composed[position:])
    return Masked("".join(pieces), frozenset(kind for _, _, kind in spans))


# Values under these keys are made by machines: a mask would break them.
_MACHINE_KEY = re.compile(
    r"(?:.*_)?(?:id|ids|url|time|timestamp|by_app)|oaid|.*url|event_name|thumbnail|"
    r"checksum|size|phone|type|react_icon|latitude|longitude|text_sha256|users"
)


def mask_payload(
    payload: dict[str, Any], mark: str = MARK
) -> tuple[dict[str, Any], frozenset[SensitiveKind]]:
    """A copy in which every string that may carry people's words is masked."""
    kinds: set[SensitiveKind] = set()

    def masked(value: Any, is_machine: bool, depth: int) -> Any:
        if isinstance(value, dict | list) and depth == 0:
            return None
        if isinstance(value, dict):
            return {
                key: masked(item, _is_machine_key(key), depth - 1)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [masked(item, is_machine, depth - 1) for item in value]
        if is_machine or isinstance(value, bool) or not isinstance(value, str | int):
            return value
        found = mask_sensitive(str(value), mark)
        kinds.update(found.kinds)
        return found.text if found.kinds else value

    return {
        key: masked(item, _is_machine_key(key), MAX_DEPTH)
        for key, item in payload.items()
    }, frozenset(kinds)


def _is_machine_key(key: str) -> bool:
    return _MACHINE_KEY.fullmatch(key.lower()) is not None


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """One plain character for one: no diacritics, ASCII digits, simple blanks and dashes."""
    if character.isascii():
        return character.lower() if character > " " or character == "\n" else " "
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    category = unicodedata.category(character)
    if category == "Pd" or character == "\u2212":  # minus sign
        return "-"
    if category == "Zs":
        return " "
    if character in ("\u0111", "\u0110", "\u20ab"):  # d with stroke, dong sign
        return "d"
    if character in "\uff0e\u00b7\u2022":  # full-width full stop, middle dot, bullet
        return "."
    base = unicodedata.normalize("NFKD", character)[0].lower()[0]
    # a letter of another script must stay a letter, but none of ours
    return base if base.isascii() else "\u00df" if base.isalpha() else "_"
