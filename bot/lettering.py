"""The letters of the pictures: Be Vietnam Pro, from a wheel, because servers have no font
for Vietnamese."""

from __future__ import annotations

from functools import cache
from typing import Any

import fontpkg_be_vietnam_pro
from PIL import ImageFont

_NO_CHARACTER = "\uffff"  # drawn as the box that stands for what a font lacks
_ANY_SIZE = 40


@cache
def font(size: int, *, bold: bool = False) -> Any:
    """``size`` in pixels."""
    name = f"BeVietnamPro-{'Bold' if bold else 'Regular'}.ttf"
    file = fontpkg_be_vietnam_pro.ROOT / "files" / name
    return ImageFont.truetype(file, size)


@cache
def has_glyph(character: str) -> bool:
    """Whether the font draws this character; an emoji, for example, it does not."""
    if character.isspace():
        return True
    missing = bytes(font(_ANY_SIZE).getmask(_NO_CHARACTER))
    return bytes(font(_ANY_SIZE).getmask(character)) != missing


def drawable(text: str) -> str:
    """The text without what the font lacks, blanks as single ones."""
    return " ".join("".join(one if has_glyph(one) else " " for one in text).split())
