"""The heat map as a picture for the chat: units down, weeks across, the newest at right.

Made for a phone: 1,080 pixels wide, so that on a screen of 390 the letters are as high as in
a message. A sign stands in every coloured square. Signs are drawn, not written: the font
(``bot/lettering.py``) lacks them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO

from PIL import Image, ImageDraw

from bot.duties.periods import Period
from bot.duties.table.heat import HeatMap
from bot.duties.table.table import TableUnit, Totals
from bot.duties.table.wording import Words
from bot.lettering import font

WIDTH = 1080
WEEKS = 5  # as many columns as stay readable on a phone
UNITS = 30  # a longer picture is shrunk by the chat until nothing can be read
EDGE = 30
NAMES = 340  # width of the column of names
ROW, GAP = 82, 8
SMOOTHING = 2  # drawn larger, then scaled down: the signs have no jagged edges
INK, PALE, PAPER = "#1B1B1B", "#5A5A5A", "#FFFFFF"

Box = tuple[float, float, float, float]


class Look(StrEnum):
    """What a square says at a glance."""

    ALL_GOOD = "all_good"
    SOME_LATE = "some_late"
    PART = "part"
    NONE = "none"
    OPEN = "open"
    EXEMPT = "exempt"


COLOURS = {
    Look.ALL_GOOD: "#9FD8AB",
    Look.SOME_LATE: "#FFE08A",
    Look.PART: "#F9BE8B",
    Look.NONE: "#F09A93",
    Look.OPEN: "#CFE2F7",
    Look.EXEMPT: "#DDDDDD",
}


def look_of(found: Totals) -> Look:
    if found.missing:
        return Look.NONE if found.missing == found.owed else Look.PART
    if found.waiting_review or found.not_due:
        return Look.OPEN
    if found.late:
        return Look.SOME_LATE
    return Look.ALL_GOOD if found.on_time else Look.EXEMPT


def heat_picture(heat: HeatMap, words: Words, now: datetime) -> bytes:
    """A PNG of the last weeks of the map; ``now`` in the zone of the reports."""
    periods = heat.periods[-WEEKS:]
    units, left_out = _shown(heat, periods)
    page = _Page(height=_height(len(units), left_out))
    y = _head(page, words, now)
    if not units:
        page.text(EDGE, y, words.render("heat.empty"), 38)
        return page.png()
    y = _week_names(page, periods, words, y)
    for unit in units:
        _unit(page, heat, unit, periods, y)
        y += ROW + GAP
    if left_out:
        more = words.render("heat.more", {"count": left_out})
        page.text(EDGE, y + 8, more, 34, colour=PALE)
        y += 60
    _legend(page, words, y + 20)
    return page.png()


def _shown(heat: HeatMap, periods: Sequence[Period]) -> tuple[Sequence[TableUnit], int]:
    """All units; of too many those that lack most in the newest week."""
    here = [
        unit for unit in heat.units if any(heat.at(unit.code, one) for one in periods)
    ]
    if len(here) <= UNITS:
        return here, 0

    def lacking(unit: TableUnit) -> int:
        return -sum(
            found.missing for one in periods if (found := heat.at(unit.code, one))
        )

    chosen = {unit.code for unit in sorted(here, key=lacking)[:UNITS]}
    return [unit for unit in here if unit.code in chosen], len(here) - UNITS


def _height(units: int, left_out: int) -> int:
    head, weeks, legend = 180, 100, 350
    rows = units * (ROW + GAP) + (60 if left_out else 0)
    return head + (weeks + rows + legend if units else 100)


def _head(page: _Page, words: Words, now: datetime) -> float:
    page.text(EDGE, 30, words.render("heat.title"), 52, bold=True)
    page.text(EDGE, 104, words.render("heat.until", {"at": now}), 36, colour=PALE)
    return 180


def _week_names(
    page: _Page, periods: Sequence[Period], words: Words, y: float
) -> float:
    for period, (left, right) in zip(periods, _columns(len(periods)), strict=True):
        number = period.key.rpartition("W")[2].lstrip("0")
        name = words.render("report.week_short", {"number": number})
        middle = (left + right) / 2
        page.text(middle, y, name, 36, bold=True, anchor="ma")
        page.text(middle, y + 46, f"{period.last:%d/%m}", 30, colour=PALE, anchor="ma")
    return y + 100


def _columns(count: int) -> list[tuple[float, float]]:
    width = (WIDTH - 2 * EDGE - NAMES) / WEEKS
    first = WIDTH - EDGE - count * width
    return [
        (first + place * width + GAP / 2, first + (place + 1) * width - GAP / 2)
        for place in range(count)
    ]


def _unit(
    page: _Page, heat: HeatMap, unit: TableUnit, periods: Sequence[Period], y: float
) -> None:
    name = page.fitting(unit.name, 36, NAMES - 10)
    page.text(EDGE, y + ROW / 2, name, 36, anchor="lm")
    for period, (left, right) in zip(periods, _columns(len(periods)), strict=True):
        found = heat.at(unit.code, period)
        if found is None:
            continue
        look = look_of(found)
        page.square((left, y, right, y + ROW), COLOURS[look])
        page.sign(look, left + 30, y + ROW / 2)
        if look != Look.EXEMPT:
            due = found.cells - found.exempt
            text = f"{found.on_time}/{due}"
            page.text(right - 12, y + ROW / 2, text, 34, anchor="rm")


def _legend(page: _Page, words: Words, y: float) -> None:
    """Three lines of two squares, then what the numbers are."""
    for place, look in enumerate(Look):
        left = EDGE + (place % 2) * (WIDTH - 2 * EDGE) / 2
        top = y + (place // 2) * 84
        page.square((left, top, left + 62, top + 62), COLOURS[look])
        page.sign(look, left + 31, top + 31)
        page.text(left + 80, top + 31, words.render(f"heat.{look}"), 32, anchor="lm")
    page.text(EDGE, y + 3 * 84 + 12, words.render("heat.numbers"), 32, colour=PALE)


@dataclass
class _Page:
    """Paper on which everything is given in pixels of the finished picture."""

    height: int

    def __post_init__(self) -> None:
        size = (WIDTH * SMOOTHING, self.height * SMOOTHING)
        self._image = Image.new("RGB", size, PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        *,
        bold: bool = False,
        colour: str = INK,
        anchor: str = "la",
    ) -> None:
        place = (x * SMOOTHING, y * SMOOTHING)
        letters = font(size * SMOOTHING, bold=bold)
        self._draw.text(place, text, fill=colour, font=letters, anchor=anchor)

    def fitting(self, text: str, size: int, width: float) -> str:
        """The text, cut off with "…" where it is too wide."""
        letters = font(size * SMOOTHING)
        shown = text
        while letters.getlength(shown) > width * SMOOTHING:
            text = text[:-1].rstrip()
            shown = f"{text}…"
        return shown

    def square(self, box: Box, colour: str) -> None:
        large = tuple(edge * SMOOTHING for edge in box)
        self._draw.rounded_rectangle(large, radius=10 * SMOOTHING, fill=colour)

    def sign(self, look: Look, x: float, y: float) -> None:
        """Within 28 pixels around this place."""
        _SIGNS[look](self, x, y)

    def stroke(self, x: float, y: float, *points: tuple[float, float]) -> None:
        line = [((x + dx) * SMOOTHING, (y + dy) * SMOOTHING) for dx, dy in points]
        self._draw.line(line, fill=INK, width=5 * SMOOTHING, joint="curve")

    def ring(self, x: float, y: float, radius: float, *, is_full: bool) -> None:
        box = [(place + d) * SMOOTHING for d in (-radius, radius) for place in (x, y)]
        width = 5 * SMOOTHING
        self._draw.ellipse(box, outline=INK, fill=INK if is_full else None, width=width)

    def png(self) -> bytes:
        small = self._image.resize((WIDTH, self.height), Image.Resampling.LANCZOS)
        buffer = BytesIO()
        # a third of the bytes, and no colour further off than an eye can see
        small.quantize(256, kmeans=3, dither=Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
        return buffer.getvalue()


def _tick(page: _Page, x: float, y: float) -> None:
    page.stroke(x, y, (-12, 1), (-3, 11), (13, -11))


def _plus_minus(page: _Page, x: float, y: float) -> None:
    page.stroke(x, y, (-11, -4), (11, -4))
    page.stroke(x, y, (0, -14), (0, 6))
    page.stroke(x, y, (-11, 13), (11, 13))


def _slash(page: _Page, x: float, y: float) -> None:
    page.stroke(x, y, (-10, 12), (10, -12))


def _cross(page: _Page, x: float, y: float) -> None:
    page.stroke(x, y, (-11, -11), (11, 11))
    page.stroke(x, y, (-11, 11), (11, -11))


def _dots(page: _Page, x: float, y: float) -> None:
    for dx in (-11, 0, 11):
        page.ring(x + dx, y, 3, is_full=True)


def _circle(page: _Page, x: float, y: float) -> None:
    page.ring(x, y, 13, is_full=False)


_SIGNS: dict[Look, Callable[[_Page, float, float], None]] = {
    Look.ALL_GOOD: _tick,
    Look.SOME_LATE: _plus_minus,
    Look.PART: _slash,
    Look.NONE: _cross,
    Look.OPEN: _dots,
    Look.EXEMPT: _circle,
}
