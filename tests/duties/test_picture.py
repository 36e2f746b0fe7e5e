"""The picture of the heat map: small, made for a phone, the same for the same map."""

from __future__ import annotations

from array import array
from dataclasses import astuple
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.conversation.texts import Texts
from bot.duties.periods import parse_period
from bot.duties.table.heat import HeatMap
from bot.duties.table.picture import COLOURS, UNITS, Look, heat_picture, look_of
from bot.duties.table.table import TableUnit, Totals
from tests.duties.office import at

CONTENT = Path(__file__).resolve().parents[2] / "content"
NOW = at("2026-11-25")
WEEKS = tuple(parse_period(f"2026-W{week}") for week in range(43, 48))
GOOD, LATE = Totals(cells=3, on_time=3), Totals(cells=3, on_time=2, late=1)
PART, NONE = Totals(cells=3, on_time=2, missing=1), Totals(cells=3, missing=3)


@pytest.fixture(scope="module")
def words() -> Texts:
    return Texts.load(CONTENT / "texts")


def heat_of(*totals: Totals, name: str = "Xã Cần Đước") -> HeatMap:
    """One unit for each, the same in every week."""
    units = tuple(TableUnit(f"xa_{n:03}", name) for n in range(len(totals)))
    counts = {
        unit.code: array("H", astuple(one) * len(WEEKS))
        for unit, one in zip(units, totals, strict=True)
    }
    return HeatMap(WEEKS, units, counts)


def picture(heat: HeatMap, words: Texts) -> Image.Image:
    return Image.open(BytesIO(heat_picture(heat, words, NOW))).convert("RGB")


@pytest.mark.parametrize(
    ("found", "look"),
    [
        (GOOD, Look.ALL_GOOD),
        (LATE, Look.SOME_LATE),
        (PART, Look.PART),
        (NONE, Look.NONE),
        (Totals(cells=3, on_time=1, not_due=2), Look.OPEN),
        (Totals(cells=3, on_time=2, waiting_review=1), Look.OPEN),
        (Totals(cells=3, exempt=3), Look.EXEMPT),
        (Totals(cells=3, exempt=1, on_time=2), Look.ALL_GOOD),
        (Totals(cells=3, waiting_review=1, missing=2), Look.PART),
    ],
)
def test_a_square_says_how_the_week_went(found: Totals, look: Look) -> None:
    assert look_of(found) == look


def near(colour: tuple[int, ...], wanted: str) -> bool:
    parts = [int(wanted[place : place + 2], 16) for place in (1, 3, 5)]
    return all(abs(a - b) <= 6 for a, b in zip(colour, parts, strict=True))


def test_squares_are_coloured_by_what_they_say(words: Texts) -> None:
    image = picture(heat_of(GOOD, NONE), words)
    column = [image.getpixel((1000, y)) for y in range(280, 470)]
    pixels = [pixel for pixel in column if isinstance(pixel, tuple)]
    for look in (Look.ALL_GOOD, Look.NONE):
        assert any(near(pixel, COLOURS[look]) for pixel in pixels), look


def test_it_is_as_wide_as_a_phone_can_show_and_small_enough_to_send(
    words: Texts,
) -> None:
    sent = heat_picture(heat_of(*[PART] * 18), words, NOW)
    image = Image.open(BytesIO(sent))
    assert (image.format, image.width) == ("PNG", 1080)
    assert len(sent) < 500_000


def test_of_too_many_units_those_that_lack_most_are_shown(words: Texts) -> None:
    many = heat_of(*[GOOD] * 60, *[NONE] * 10)
    few = heat_of(*[NONE] * UNITS)
    sent = heat_picture(many, words, NOW)
    assert len(sent) < 1_000_000
    tall = Image.open(BytesIO(sent)).height
    assert tall - Image.open(BytesIO(heat_picture(few, words, NOW))).height == 60
    image = picture(many, words)
    column = [image.getpixel((1000, y)) for y in range(280, tall - 400)]
    pixels = [pixel for pixel in column if isinstance(pixel, tuple)]
    assert any(near(pixel, COLOURS[Look.NONE]) for pixel in pixels)


def test_a_long_name_is_cut_and_no_unit_is_said(words: Texts) -> None:
    assert picture(heat_of(GOOD, name="Phường " + "Nguyễn " * 9), words).width == 1080
    empty = picture(HeatMap(WEEKS, (), {}), words)
    assert empty.height < 400


def test_the_same_map_gives_the_same_bytes(words: Texts) -> None:
    first = heat_picture(heat_of(GOOD, LATE), words, NOW)
    assert first == heat_picture(heat_of(GOOD, LATE), words, NOW)
