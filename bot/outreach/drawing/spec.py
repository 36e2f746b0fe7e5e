"""What an infographic says: a title, a few points, who says it, when, and where to read on."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum

from bot.lettering import drawable

LONGEST_TITLE = 90  # four lines of the large letters
LONGEST_POINT = 150  # about four lines; more nobody reads in a picture
LONGEST_UNIT = 80
LONGEST_LINK = 200
FEWEST_POINTS, MOST_POINTS = 3, 5


class Layout(StrEnum):
    CARDS = "cards"  # numbered cards under a coloured head
    STEPS = "steps"  # one below the other along a line, for things to do in order
    TILES = "tiles"  # side by side in soft colours


class Palette(StrEnum):
    BLUE = "blue"
    GREEN = "green"
    RED = "red"


class SpecError(ValueError):
    """This cannot be drawn; ``field`` says where, ``limit`` what would be right."""

    def __init__(self, field: str, limit: str) -> None:
        super().__init__(f"{field}: {limit}")
        self.field = field
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Spec:
    """``day`` is printed; ``link`` is the official page that the QR code opens."""

    title: str
    points: tuple[str, ...]
    unit: str
    day: date
    link: str
    layout: Layout = Layout.CARDS
    palette: Palette = Palette.BLUE

    def checked(self) -> Spec:
        """As it is drawn: composed letters, without what the font lacks. ``SpecError``."""
        tidy = replace(
            self,
            title=_tidy(self.title),
            points=tuple(_tidy(point) for point in self.points),
            unit=_tidy(self.unit),
            link=self.link.strip(),
        )
        if not FEWEST_POINTS <= len(tidy.points) <= MOST_POINTS:
            raise SpecError("points", f"{FEWEST_POINTS} to {MOST_POINTS} of them")
        _require("title", tidy.title, LONGEST_TITLE)
        _require("unit", tidy.unit, LONGEST_UNIT)
        for point in tidy.points:
            _require("points", point, LONGEST_POINT)
        if not tidy.link.startswith(("https://", "http://")) or " " in tidy.link:
            raise SpecError("link", "an address with https://")
        _require("link", tidy.link, LONGEST_LINK)
        return tidy


SPEC_FIELDS = frozenset(field.name for field in fields(Spec))


def _tidy(text: str) -> str:
    return drawable(unicodedata.normalize("NFC", text))


def _require(field: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        raise SpecError(field, f"1 to {longest} characters")
