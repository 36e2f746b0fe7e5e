"""Long texts in parts that Zalo takes: 2,000 characters each, counted in NFC.

A part ends at the best border that is not too early in it: paragraph, line, sentence,
word. A link is never cut, as it holds no white space; only a single "word" longer than a
whole part is, and then between two letters as a person sees them, never between a letter
and its accent. Nothing but white space at the borders is lost; parts are not numbered.
"""

from __future__ import annotations

import re
import unicodedata

from bot.channel.zalo.messages import TEXT_LIMIT

# Best border first. Each match ends where the next part begins.
_BORDERS = (
    re.compile(r"\n\s*\n\s*"),  # paragraph
    re.compile(r"\n\s*"),  # line: items of a list stay whole
    re.compile(r"(?<=[.!?…])\s+"),  # sentence
    re.compile(r"\s+"),  # word
)
# A better border wins only if the part is not left nearly empty.
_LEAST_FILL = 4  # one quarter
_JOINER = "\u200d"
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
_FLAG_LETTERS = ("\U0001f1e6", "\U0001f1ff")


def split_text(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """The parts in order, none empty, none longer than ``limit`` characters."""
    rest = unicodedata.normalize("NFC", text).strip()
    parts = []
    while len(rest) > limit:
        cut = _best_cut(rest, limit)
        part = rest[:cut].rstrip()
        if part:
            parts.append(part)
        rest = rest[cut:].lstrip()
    if rest:
        parts.append(rest)
    return parts


def _best_cut(text: str, limit: int) -> int:
    """Where the next part begins; the text before it fits into ``limit``."""
    for border in _BORDERS:
        least = 1 if border is _BORDERS[-1] else limit // _LEAST_FILL
        cut = _last_border(border, text, least, limit)
        if cut:
            return cut
    for cut in range(limit, 0, -1):
        if _is_between_letters(text, cut):
            return cut
    return limit


def _last_border(border: re.Pattern[str], text: str, least: int, limit: int) -> int:
    found = 0
    # one more than the limit: a border may begin right behind a full part
    for match in border.finditer(text, 0, min(len(text), 2 * limit)):
        if match.start() > limit:
            break
        if match.start() >= least and _is_between_letters(text, match.end()):
            found = match.end()
    return found


def _is_between_letters(text: str, index: int) -> bool:
    """False inside what a person sees as one letter or picture."""
    if index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    joined = _JOINER in (before, after)
    marked = unicodedata.category(after).startswith("M")  # accents, variation marks
    toned = _SKIN_TONES[0] <= after <= _SKIN_TONES[1]
    flag = _is_flag_letter(before) and _is_flag_letter(after)
    return not (joined or marked or toned or flag)


def _is_flag_letter(letter: str) -> bool:
    return _FLAG_LETTERS[0] <= letter <= _FLAG_LETTERS[1]
