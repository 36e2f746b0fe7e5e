"""From a spec to a picture with its text version, and to the cover of an article."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.outreach.drawing.layouts import (
    BACKGROUNDS,
    COLOURS,
    EDGE,
    INNER,
    LAYOUTS,
    WHITE,
    foot,
)
from bot.outreach.drawing.paper import WIDTH, Paper, fitted
from bot.outreach.drawing.spec import Spec

COVER_HEIGHT = 608  # 16:9, as the list of articles shows it
LARGEST = 1024 * 1024  # bytes, what Zalo takes


@dataclass(frozen=True, slots=True)
class Drawn:
    """``alt`` says the same in words, for who cannot see the picture; ``height`` is in
    pixels."""

    png: bytes
    alt: str
    height: int


def draw(spec: Spec, label: Callable[..., str]) -> Drawn:
    """``label`` renders a text by its key. ``SpecError`` when the spec cannot be drawn."""
    spec = spec.checked()
    paper, height = lay_out(spec, label)
    alt = label("drawing.alt", spec=spec)
    return Drawn(_small_enough(paper.png(height)), alt, height)


def lay_out(spec: Spec, label: Callable[..., str]) -> tuple[Paper, int]:
    """Everything in its place, nothing drawn yet; and the height it takes."""
    colours = COLOURS[spec.palette]
    paper = Paper(BACKGROUNDS[spec.layout](colours))
    y = LAYOUTS[spec.layout](paper, spec, colours)
    words = (label("drawing.scan"), label("drawing.day", day=spec.day))
    return paper, foot(paper, spec, colours, words, y)


def draw_cover(spec: Spec) -> Drawn:
    """Unit and title alone, in the shape of a cover; the points stand in the article."""
    spec = spec.checked()
    png = lay_out_cover(spec).png(COVER_HEIGHT)
    return Drawn(_small_enough(png), spec.title, COVER_HEIGHT)


def lay_out_cover(spec: Spec) -> Paper:
    colours = COLOURS[spec.palette]
    paper = Paper(colours.strong)
    paper.circle(WIDTH - 60, 40, 230, _lighter(colours.strong))
    paper.circle(WIDTH - 10, COVER_HEIGHT - 20, 150, _lighter(colours.strong))
    unit = fitted(spec.unit, range(38, 29, -2), INNER - 120, 2, bold=True)
    title = fitted(spec.title, range(80, 51, -2), INNER - 60, 4, bold=True)
    height = unit.height + 24 + title.height
    y = (COVER_HEIGHT - height) / 2
    y = paper.block(unit, EDGE, y, INNER - 120, colours.soft) + 24
    paper.block(title, EDGE, y, INNER - 60, WHITE)
    return paper


def _lighter(colour: str) -> str:
    """An eighth of the way to white: a shape that letters stay readable on."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{part + (255 - part) // 8:02X}" for part in parts)


def _small_enough(png: bytes) -> bytes:
    if len(png) > LARGEST:  # flat colours: a tenth of it; a mistake of the layout
        raise ValueError(f"a picture of {len(png)} bytes")
    return png
