"""Where things stand. Each layout places head and points; the foot is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.outreach.drawing.paper import WIDTH, Paper, fitted, wrapped
from bot.outreach.drawing.spec import Layout, Palette, Spec

EDGE = 64
INNER = WIDTH - 2 * EDGE
TITLE_SIZES = range(78, 51, -2)
POINT_SIZE = 42  # on a phone of 390 pixels as large as the text of a message
SMALL = 32
CODE_SIZE = 210
INK, PALE, WHITE = "#1B1B1B", "#4F5B66", "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Colours:
    """White on ``strong`` and ink on the others are readable (contrast above 4.5)."""

    strong: str
    soft: str
    tiles: tuple[str, ...]


COLOURS = {
    Palette.BLUE: Colours(
        "#0B57A4", "#EAF2FB", ("#DCEBFA", "#E3F4EC", "#FFF3D6", "#EFE8FA", "#FBE6E2")
    ),
    Palette.GREEN: Colours(
        "#17693C", "#EAF5EE", ("#DDF1E4", "#E2EEF9", "#FFF3D6", "#F3EBDD", "#E8F3F1")
    ),
    Palette.RED: Colours(
        "#A3211B", "#FCF1EE", ("#FBE3DE", "#FFF1D0", "#E9F0F7", "#E7F3E8", "#F3E9F5")
    ),
}


def cards(paper: Paper, spec: Spec, colours: Colours) -> float:
    """A coloured head; below it white cards with large numbers."""
    y = _head(paper, spec, colours)
    text_width = INNER - 150
    for number, point in enumerate(spec.points, 1):
        block = wrapped(point, POINT_SIZE, text_width - 36)
        height = max(block.height + 56, 132)
        paper.rectangle((EDGE, y, WIDTH - EDGE, y + height), WHITE, 24)
        paper.rectangle((EDGE, y, EDGE + 110, y + height), colours.strong, 24)
        paper.rectangle((EDGE + 80, y, EDGE + 110, y + height), colours.strong)
        paper.centred(str(number), EDGE + 55, y + height / 2, 58, WHITE)
        top = y + (height - block.height) / 2
        paper.block(block, EDGE + 150, top, text_width - 36, INK)
        y += height + 28
    return y


def steps(paper: Paper, spec: Spec, colours: Colours) -> float:
    """The title on paper; the points along a line, one after the other."""
    paper.rectangle((0, 0, WIDTH, 22), colours.strong)
    unit = fitted(spec.unit, range(36, 27, -2), INNER, 2, bold=True)
    y = paper.block(unit, EDGE, 70, INNER, colours.strong) + 14
    title = fitted(spec.title, TITLE_SIZES, INNER, 3, bold=True)
    y = paper.block(title, EDGE, y, INNER, INK) + 12
    paper.rectangle((EDGE, y, EDGE + 140, y + 10), colours.strong, 5)
    y += 64
    middle, width = EDGE + 44, INNER - 132
    places = []
    for point in spec.points:
        block = wrapped(point, POINT_SIZE, width)
        height = max(block.height, 88)
        places.append((block, y, height))
        y += height + 48
    first, last = places[0], places[-1]
    line = (middle - 4, first[1] + 44, middle + 4, last[1] + 44)
    paper.rectangle(line, colours.tiles[0])
    for number, (block, top, _) in enumerate(places, 1):
        paper.circle(middle, top + 44, 44, colours.strong)
        paper.centred(str(number), middle, top + 44, 46, WHITE)
        beside = top + max(0, 44 - block.line_height / 2)
        if len(block.lines) > 1:
            beside = top + max(0, (88 - block.height) / 2)
        paper.block(block, EDGE + 132, beside, width, INK)
    return y


def tiles(paper: Paper, spec: Spec, colours: Colours) -> float:
    """Two points side by side in soft colours; the last of an odd number alone."""
    y = _head(paper, spec, colours)
    gap, pad = 28, 36
    narrow = (INNER - gap) / 2
    for start in range(0, len(spec.points), 2):
        row = spec.points[start : start + 2]
        width = narrow if len(row) == 2 else INNER
        blocks = [wrapped(point, POINT_SIZE - 2, width - 2 * pad) for point in row]
        height = max(block.height for block in blocks) + 2 * pad + 84
        for place, block in enumerate(blocks):
            left = EDGE + place * (narrow + gap)
            number = start + place
            colour = colours.tiles[number % len(colours.tiles)]
            paper.rectangle((left, y, left + width, y + height), colour, 28)
            paper.circle(left + pad + 32, y + pad + 32, 32, colours.strong)
            label = str(number + 1)
            paper.centred(label, left + pad + 32, y + pad + 32, 36, WHITE)
            paper.block(block, left + pad, y + pad + 84, width - 2 * pad, INK)
        y += height + gap
    return y


def foot(
    paper: Paper, spec: Spec, colours: Colours, words: Sequence[str], y: float
) -> int:
    """Code and address of the official page, then ``words`` (what to do, the day)."""
    y += 12
    top = y + 52
    size = paper.qr(spec.link, EDGE, top, CODE_SIZE)
    left, width = EDGE + size + 48, INNER - size - 48
    scan, day = words
    lines = [
        (wrapped(scan, SMALL + 2, width, bold=True), INK),
        (fitted(_shown(spec.link), range(34, 25, -2), width, 3), colours.strong),
        (wrapped(day, SMALL - 2, width), PALE),
    ]
    text_height = sum(block.height for block, _ in lines) + 12 * (len(lines) - 1)
    height = max(text_height, size)
    text_top = top + (height - text_height) / 2
    for block, colour in lines:
        text_top = paper.block(block, left, text_top, width, colour) + 12
    bottom = round(top + height + 52)
    # below what was placed: the quiet zone of the code is white on every background
    paper.beneath((0, y, WIDTH, bottom), WHITE)
    paper.rectangle((0, y, WIDTH, y + 8), colours.strong)
    return bottom


def _head(paper: Paper, spec: Spec, colours: Colours) -> float:
    unit = fitted(spec.unit, range(36, 27, -2), INNER, 2, bold=True)
    title = fitted(spec.title, TITLE_SIZES, INNER, 3, bold=True)
    bottom = 60 + unit.height + 18 + title.height + 60
    paper.rectangle((0, 0, WIDTH, bottom), colours.strong)
    y = paper.block(unit, EDGE, 60, INNER, colours.soft)
    paper.block(title, EDGE, y + 18, INNER, WHITE)
    return bottom + 44


def _shown(link: str) -> str:
    """An address as people read it."""
    return link.partition("://")[2].rstrip("/")


LAYOUTS: dict[Layout, Callable[[Paper, Spec, Colours], float]] = {
    Layout.CARDS: cards,
    Layout.STEPS: steps,
    Layout.TILES: tiles,
}
BACKGROUNDS: dict[Layout, Callable[[Colours], str]] = {
    Layout.CARDS: lambda colours: colours.soft,
    Layout.STEPS: lambda colours: WHITE,
    Layout.TILES: lambda colours: WHITE,
}
