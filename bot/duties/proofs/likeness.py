"""Pictures that look alike: a fingerprint that outlives resizing, recompression, a mark, a
crop of up to 15 % and a screenshot's frame.

*Fingerprint of a picture*: which of two places is the brighter one, for 512 fixed pairs of
places in a part of the picture. A part that is cut off changes where things are, so the
picture that is kept has the fingerprint of its middle only (70 %), and the one that is asked
about is looked at through all windows in which that middle can lie, whichever of the two was
cropped. A screenshot is first cut along its plain rows and columns; its largest parts count
as pictures of their own.

*Keys*: ten times 20 of the 512 bits. Two fingerprints that share a key are candidates and are
compared as a whole; so a database with an ordinary index finds the like among many.

*Confirmation*: two halls with a banner look alike from afar. Whether it is the very same
picture is decided by laying one over the other and comparing their details.

What it cannot do: turned or mirrored pictures, crops beyond 15 %, a new photograph of the
same place (that is another picture; it should be). Limits and rates: ``bench/proofs.py``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from operator import mul

from PIL import Image, ImageChops, ImageStat

BITS = 512
KEYS, KEY_BITS = 10, 20
GRID = 16  # cells of a window, each way
_MIDDLE = (0.15, 0.85)
ALIKE = 110  # bits of 512 that may differ: worth laying one over the other
MARGIN = (
    3  # grey levels: below it two places are equally bright, whatever JPEG makes of it
)
MIN_ONES = 40  # a plain wall has no likeness
# A part is first reduced: for its fingerprints, and for its details.
_COARSE, _FINE = 96, 256
_LAID_OVER = 3  # pairs of windows, the nearest first
_DETAIL, _BLOCK = (
    64,
    8,
)  # pixels of the windows laid over each other, and of their blocks
_FLAT = 4.0  # grey levels: a block that wavers less has no detail
_TOGETHER = 0.6  # correlation of the same detail after recompression and half a pixel
_LEAST_BLOCKS = 8
SAME = 0.62  # of the blocks with detail: marks and captions may cover the others
# (length, centres) of the windows in which the middle of a picture can lie after a crop:
# it grows to 0.82 where 15 % were cut off, and shrinks to 0.60 where we hold the original.
_WINDOWS = (
    (0.60, (0.43, 0.465, 0.5, 0.535, 0.57)),
    (0.65, (0.465, 0.5, 0.535)),
    (0.70, (0.5,)),
    (0.76, (0.46, 0.5, 0.54)),
    (0.82, (0.42, 0.46, 0.5, 0.54, 0.58)),
)
_SPANS = tuple((c - length / 2, c + length / 2) for length, cs in _WINDOWS for c in cs)
_PARTS = 4  # the whole, without borders, and what may be the picture of a screenshot
_PLAIN = 6.0  # grey levels by which a plain row of a frame may waver
_LEAST_PART = 0.12  # of the area; smaller ones are icons and lines of text


def _places() -> tuple[tuple[int, int], ...]:
    """The pairs of cells; fixed for ever, since stored fingerprints depend on them."""
    rng = random.Random(2026)
    found: list[tuple[int, int]] = []
    while len(found) < BITS:
        x, y = rng.randrange(GRID), rng.randrange(GRID)
        x2, y2 = x + rng.randint(-6, 6), y + rng.randint(-6, 6)
        is_far = abs(x - x2) + abs(y - y2) >= 3
        if is_far and 0 <= x2 < GRID and 0 <= y2 < GRID:
            found.append((y * GRID + x, y2 * GRID + x2))
    return tuple(found)


_PAIRS = _places()


@dataclass(frozen=True, slots=True)
class _Window:
    """Which piece of a part of a picture; the part is kept coarse and fine."""

    coarse: Image.Image
    fine: Image.Image
    across: tuple[float, float]
    down: tuple[float, float]

    def cells(self) -> bytes:
        return self._piece(self.coarse, GRID).tobytes()

    def details(self) -> Image.Image:
        return self._piece(self.fine, _DETAIL)

    def _piece(self, part: Image.Image, size: int) -> Image.Image:
        (left, right), (top, bottom), whole = self.across, self.down, part.width
        box = (left * whole, top * whole, right * whole, bottom * whole)
        return part.resize((size, size), Image.Resampling.BOX, box=box)


class Likeness:
    """What can be compared of one picture."""

    def __init__(self, picture: Image.Image) -> None:
        self._parts = _parts(picture)
        self._middles = {
            _bits(window): window
            for window in (_Window(*part, _MIDDLE, _MIDDLE) for part in self._parts)
        }
        self.fingerprints = sorted(filter(is_telling, self._middles))

    @cached_property
    def views(self) -> dict[int, _Window]:
        """The windows in which the middle of an earlier picture may lie, by fingerprint."""
        windows = (
            _Window(*part, across, down)
            for part in self._parts
            for across, down in product(_SPANS, _SPANS)
        )
        seen = {_bits(window): window for window in windows}
        return {bits: window for bits, window in seen.items() if is_telling(bits)}

    def is_of(self, earlier: Likeness) -> bool:
        """Whether this is the earlier picture once more."""
        near = sorted(
            ((one ^ view).bit_count(), one, view)
            for one in earlier.fingerprints
            for view in self.views
            if (one ^ view).bit_count() <= ALIKE
        )
        return any(
            show_the_same(earlier._middles[one], self.views[view])
            for _, one, view in near[:_LAID_OVER]
        )


# --- laying one over the other ------------------------------------------------------------


def show_the_same(one: _Window, other: _Window) -> bool:
    """Whether the details agree, once the other is laid as well as it fits."""
    wanted = one.details()
    best = _fitted(wanted, other)
    return agreement(wanted, best.details()) >= SAME


def _fitted(wanted: Image.Image, window: _Window) -> _Window:
    """The window, moved and stretched a little so that it differs least."""
    for step in (0.015, 0.015, 0.006, 0.006):
        sideways = [replace(window, across=one) for one in _around(window.across, step)]
        window = min(sideways, key=lambda one: _difference(wanted, one))
        upright = [replace(window, down=one) for one in _around(window.down, step)]
        window = min(upright, key=lambda one: _difference(wanted, one))
    return window


def _around(span: tuple[float, float], step: float) -> list[tuple[float, float]]:
    moves = (-step, 0.0, step)
    found = [(span[0] + left, span[1] + right) for left in moves for right in moves]
    return [(max(0.0, low), min(1.0, high)) for low, high in found]


def _difference(wanted: Image.Image, window: _Window) -> float:
    difference = ImageChops.difference(wanted, window.details())
    return float(ImageStat.Stat(difference).sum[0])


def agreement(one: Image.Image, other: Image.Image) -> float:
    """The share of blocks with any detail in which both go up and down together."""
    first, second = one.tobytes(), other.tobytes()
    agreeing = telling = 0
    for top, left in product(range(0, _DETAIL, _BLOCK), repeat=2):
        rows = range(top * _DETAIL + left, (top + _BLOCK) * _DETAIL + left, _DETAIL)
        a = [value for row in rows for value in first[row : row + _BLOCK]]
        b = [value for row in rows for value in second[row : row + _BLOCK]]
        spread_a, spread_b, together = _spreads(a, b)
        if max(spread_a, spread_b) < _FLAT:
            continue
        telling += 1
        both = min(spread_a, spread_b) >= _FLAT / 2
        agreeing += both and together >= _TOGETHER * spread_a * spread_b
    return agreeing / telling if telling >= _LEAST_BLOCKS else 0.0


def _spreads(a: Sequence[int], b: Sequence[int]) -> tuple[float, float, float]:
    """Standard deviations and covariance."""
    count = len(a)
    mean_a, mean_b = sum(a) / count, sum(b) / count
    var_a = sum(x * x for x in a) / count - mean_a * mean_a
    var_b = sum(x * x for x in b) / count - mean_b * mean_b
    together = sum(map(mul, a, b)) / count - mean_a * mean_b
    return math.sqrt(max(0.0, var_a)), math.sqrt(max(0.0, var_b)), together


def keys_of(bits: int) -> set[int]:
    """Numbers below 2 ** 24 of which like fingerprints are likely to share one."""
    found = set()
    for place in range(KEYS):
        key = bits >> (place * KEY_BITS) & ((1 << KEY_BITS) - 1)
        if 2 <= key.bit_count() <= KEY_BITS - 2:  # others are shared by half the world
            found.add(place << KEY_BITS | key)
    return found


def nearest(stored: Sequence[int], views: Iterable[int]) -> int:
    """The fewest bits by which one of these fingerprints differs from one of the views.

    Plain loops: it is asked of thousands of pictures at each lookup.
    """
    fewest = BITS
    for view in views:
        for one in stored:
            bits = (one ^ view).bit_count()
            if bits < fewest:
                fewest = bits
    return fewest


def is_telling(bits: int) -> bool:
    return bits.bit_count() >= MIN_ONES


def to_text(found: Sequence[int]) -> str:
    """As it is stored: hexadecimal, parts with a dash between."""
    return "-".join(f"{bits:0{BITS // 4}x}" for bits in found)


def from_text(stored: str) -> list[int]:
    return [int(one, 16) for one in stored.split("-") if one]


# --- a part through a window --------------------------------------------------------------


def _bits(window: _Window) -> int:
    cells = window.cells()
    bits = 0
    for one, other in _PAIRS:
        bits = bits << 1 | (cells[one] > cells[other] + MARGIN)
    return bits


def _parts(picture: Image.Image) -> list[tuple[Image.Image, Image.Image]]:
    grey = picture.convert("L")
    fine = [_reduced(grey, _FINE, box) for box in _boxes(grey)]
    return [(_reduced(part, _COARSE), part) for part in fine]


def _reduced(
    picture: Image.Image,
    size: int,
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    return picture.resize((size, size), Image.Resampling.BOX, box=box, reducing_gap=2)


def _boxes(grey: Image.Image) -> Iterator[tuple[float, float, float, float]]:
    """The whole, without its plain borders, then the largest parts between plain lines."""
    small = grey.copy()
    small.thumbnail((256, 256), Image.Resampling.BOX)
    scale_x, scale_y = grey.width / small.width, grey.height / small.height
    whole = (0, 0, small.width, small.height)
    pieces = sorted(_cut(small, whole, depth=3), key=_area, reverse=True)
    chosen = [whole]
    for piece in [_hull(pieces), *pieces] if pieces else []:
        is_new = all(_area(piece) < 0.95 * _area(other) for other in chosen)
        is_large = _area(piece) >= _LEAST_PART * _area(whole)
        if is_new and is_large and len(chosen) < _PARTS:
            chosen.append(piece)
    for left, top, right, bottom in chosen:
        yield (left * scale_x, top * scale_y, right * scale_x, bottom * scale_y)


_Box = tuple[int, int, int, int]


def _area(box: _Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _hull(boxes: Sequence[_Box]) -> _Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _cut(small: Image.Image, box: _Box, depth: int) -> list[_Box]:
    """Split between plain rows, then between plain columns, and so on."""
    pieces = [box]
    for by_rows in (True, False):
        pieces = [piece for one in pieces for piece in _split(small, one, by_rows)]
    if depth == 0 or pieces == [box]:
        return pieces
    return [piece for one in pieces for piece in _cut(small, one, depth - 1)]


def _split(small: Image.Image, box: _Box, by_rows: bool) -> list[_Box]:
    left, top, right, bottom = box
    part = small.crop(box)
    if not by_rows:
        part = part.transpose(Image.Transpose.TRANSPOSE)
    width, height = part.size
    if width < 2 or height < 2:
        return []
    data = part.tobytes()
    busy = []
    for y in range(height):
        row = data[y * width : (y + 1) * width]
        busy.append(max(row) - min(row) > _PLAIN)
    runs = _runs(busy)
    if by_rows:
        return [(left, top + start, right, top + end) for start, end in runs]
    return [(left + start, top, left + end, bottom) for start, end in runs]


def _runs(busy: Sequence[bool]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    start = None
    for place, is_busy in enumerate([*busy, False]):
        if is_busy and start is None:
            start = place
        elif not is_busy and start is not None:
            runs.append((start, place))
            start = None
    return runs
