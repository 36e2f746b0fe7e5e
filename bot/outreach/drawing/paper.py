"""Paper on which things are first measured and placed, and then drawn.

Everything is given in pixels of the finished picture. Its height follows from what was
placed. Each text remembers the area it was given and the box its letters really fill, so
that a test can see that nothing is cut off and nothing covers anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import segno
from PIL import Image, ImageDraw

from bot.lettering import font

WIDTH = 1080
SMOOTHING = 2  # drawn larger, then scaled down: no jagged edges
# Of the size: Vietnamese stacks two marks above a letter, capitals too, and a dot below.
LINE_HEIGHT, ABOVE = 1.38, 0.1
SMALLEST_MODULE = 4  # two pixels on a phone's screen: a camera can still read it
_NARROWER = 12  # pixels tried at a time when lines are made even
_COLOURS = 256  # in the finished file: a tenth of the bytes, no difference to see

Box = tuple[float, float, float, float]  # left, top, right, bottom
_Draw = Callable[[ImageDraw.ImageDraw], None]


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of text: the area it had to keep to, and where its letters are."""

    text: str
    area: Box
    letters: Box


@dataclass(frozen=True, slots=True)
class Block:
    """A text broken into lines of one size."""

    lines: tuple[str, ...]
    size: int
    bold: bool

    @property
    def line_height(self) -> float:
        return self.size * LINE_HEIGHT

    @property
    def height(self) -> float:
        return len(self.lines) * self.line_height


@dataclass
class Paper:
    background: str
    placed: list[Placed] = field(default_factory=list)
    _steps: list[_Draw] = field(default_factory=list)

    def rectangle(self, box: Box, colour: str, radius: float = 0) -> None:
        large = _large(box)

        def draw(on: ImageDraw.ImageDraw) -> None:
            on.rounded_rectangle(large, radius=radius * SMOOTHING, fill=colour)

        self._steps.append(draw)

    def beneath(self, box: Box, colour: str) -> None:
        """A ground for what was placed already."""
        large = _large(box)
        self._steps.insert(0, lambda on: on.rectangle(large, fill=colour))

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        large = _large((x - radius, y - radius, x + radius, y + radius))
        self._steps.append(lambda on: on.ellipse(large, fill=colour))

    def block(
        self, block: Block, x: float, y: float, width: float, colour: str
    ) -> float:
        """Write the lines one below the other; where the next thing may stand."""
        for number, line in enumerate(block.lines):
            top = y + number * block.line_height
            area = (x, top, x + width, top + block.line_height)
            above = block.size * ABOVE
            self._line(line, block, area, (x, top + above), "la", colour)
        return y + block.height

    def centred(self, text: str, x: float, y: float, size: int, colour: str) -> None:
        """One short bold line around this point: a number in its circle."""
        half = size * LINE_HEIGHT / 2
        area = (x - size, y - half, x + size, y + half)
        self._line(text, Block((text,), size, True), area, (x, y), "mm", colour)

    def qr(self, link: str, x: float, y: float, wanted: float) -> float:
        """A code with its dark corner here, about this large, on whole pixels; its size.

        The paper around it must be white: that is its quiet zone."""
        rows = [bytes(row) for row in segno.make(link, error="m").matrix]
        module = max(int(wanted // len(rows)), SMALLEST_MODULE)

        def draw(on: ImageDraw.ImageDraw) -> None:
            for row, cells in enumerate(rows):
                for column, is_dark in enumerate(cells):
                    if is_dark:
                        left, top = x + column * module, y + row * module
                        box = _large((left, top, left + module, top + module))
                        on.rectangle((*box[:2], box[2] - 1, box[3] - 1), fill="#000000")

        self._steps.append(draw)
        return module * len(rows)

    def png(self, height: int) -> bytes:
        size = (WIDTH * SMOOTHING, height * SMOOTHING)
        image = Image.new("RGB", size, self.background)
        drawing = ImageDraw.Draw(image)
        for step in self._steps:
            step(drawing)
        small = image.resize((WIDTH, height), Image.Resampling.LANCZOS)
        buffer = BytesIO()
        small.quantize(_COLOURS, kmeans=1, dither=Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
        return buffer.getvalue()

    def _line(
        self,
        text: str,
        block: Block,
        area: Box,
        at: tuple[float, float],
        anchor: str,
        colour: str,
    ) -> None:
        letters = font(block.size * SMOOTHING, bold=block.bold)
        place = (at[0] * SMOOTHING, at[1] * SMOOTHING)
        left, top, right, bottom = letters.getbbox(text, anchor=anchor)
        filled = (
            at[0] + left / SMOOTHING,
            at[1] + top / SMOOTHING,
            at[0] + right / SMOOTHING,
            at[1] + bottom / SMOOTHING,
        )
        self.placed.append(Placed(text, area, filled))
        self._steps.append(
            lambda on: on.text(place, text, fill=colour, font=letters, anchor=anchor)
        )


def wrapped(text: str, size: int, width: float, *, bold: bool = False) -> Block:
    """Broken at blanks, a word that is too long for a line anywhere; as evenly as the same
    number of lines allows, so that no word stands alone in the last one."""
    lines = _broken(text, size, width, bold)
    narrow = width
    while narrow > width / 2:
        tried = _broken(text, size, narrow - _NARROWER, bold)
        if len(tried) != len(lines):
            break
        lines, narrow = tried, narrow - _NARROWER
    return Block(tuple(lines), size, bold)


def _broken(text: str, size: int, width: float, bold: bool) -> list[str]:
    letters = font(size * SMOOTHING, bold=bold)

    def fits(line: str) -> bool:
        return bool(letters.getlength(line) <= width * SMOOTHING)

    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and fits(longer):
            lines[-1] = longer
        else:
            lines += _pieces(word, fits)
    return lines


def fitted(
    text: str, sizes: range, width: float, most_lines: int, *, bold: bool = False
) -> Block:
    """In the largest of these sizes that needs no more lines; else in the smallest."""
    blocks = (wrapped(text, size, width, bold=bold) for size in sizes)
    for block in blocks:
        if len(block.lines) <= most_lines:
            return block
    return wrapped(text, sizes[-1], width, bold=bold)


def _pieces(word: str, fits: Callable[[str], bool]) -> list[str]:
    pieces = [""]
    for letter in word:
        if fits(pieces[-1] + letter) or not pieces[-1]:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _large(box: Box) -> Box:
    """On whole pixels, so that what touches leaves no gap."""
    left, top, right, bottom = (round(edge * SMOOTHING) for edge in box)
    return left, top, right, bottom
