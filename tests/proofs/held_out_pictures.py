"""Pictures that judge the program: drawn before it was tuned, by other rules than the
tuning set. Change the program, never this file.

``pairs`` gives (one, other, are the same): the other is the first as people send it again
(smaller, recompressed, cropped up to 15 %, marked, photographed off a phone's screen), or
another picture of the same kind of place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from tests.proofs.picture_pairs import Change, Scene, pairs_of

WIDE = (1280, 960)
Colour = tuple[int, int, int]


def colour(rng: random.Random, low: int = 20, high: int = 235) -> Colour:
    return (rng.randint(low, high), rng.randint(low, high), rng.randint(low, high))


def grain(rng: random.Random, picture: Image.Image, strength: float) -> Image.Image:
    noise = Image.effect_noise(picture.size, rng.uniform(10, 40)).convert("RGB")
    return Image.blend(picture, noise, strength)


def meeting(rng: random.Random) -> Image.Image:
    """A hall: wall, banner, rows of heads, a table."""
    picture = Image.new("RGB", WIDE, colour(rng, 120, 230))
    draw = ImageDraw.Draw(picture)
    width, _height = WIDE
    banner = rng.randint(60, 220)
    draw.rectangle(
        (rng.randint(80, 300), 60, width - rng.randint(80, 300), 60 + banner),
        fill=colour(rng, 0, 200),
    )
    for _ in range(rng.randint(1, 4)):
        x = rng.randint(0, width)
        draw.rectangle(
            (x, rng.randint(60, 300), x + rng.randint(60, 220), rng.randint(350, 560)),
            fill=colour(rng),
        )
    table = rng.randint(420, 600)
    draw.polygon(
        [
            (rng.randint(0, 300), table),
            (width - rng.randint(0, 300), table),
            (width, table + 120),
            (0, table + 120),
        ],
        fill=colour(rng, 30, 160),
    )
    for row in range(rng.randint(2, 4)):
        y = 620 + row * 90
        x = rng.randint(0, 90)
        while x < width:
            size = rng.randint(45, 85)
            draw.ellipse((x, y, x + size, y + size * 1.2), fill=colour(rng, 10, 110))
            draw.rectangle(
                (x - 15, y + size, x + size + 15, y + size + 90), fill=colour(rng)
            )
            x += rng.randint(80, 170)
    return grain(rng, picture.filter(ImageFilter.GaussianBlur(1.5)), 0.06)


def village(rng: random.Random) -> Image.Image:
    """Sky, trees, houses, a road, a loudspeaker on a pole."""
    width, height = WIDE
    horizon = rng.randint(320, 560)
    top, low = colour(rng, 120, 220), colour(rng, 180, 250)
    picture = Image.new("RGB", WIDE, low)
    draw = ImageDraw.Draw(picture)
    for y in range(horizon):
        share = y / horizon
        draw.line(
            (0, y, width, y),
            fill=tuple(int(a + (b - a) * share) for a, b in zip(top, low, strict=True)),
        )
    draw.rectangle((0, horizon, width, height), fill=colour(rng, 60, 150))
    for _ in range(rng.randint(6, 14)):
        x, size = rng.randint(-50, width), rng.randint(60, 190)
        draw.ellipse(
            (x, horizon - size, x + size * 1.3, horizon + size // 3),
            fill=(rng.randint(10, 70), rng.randint(70, 150), rng.randint(10, 70)),
        )
    for _ in range(rng.randint(1, 5)):
        x, size = rng.randint(0, width), rng.randint(120, 330)
        draw.rectangle(
            (x, horizon - size // 2, x + size, horizon + size // 2),
            fill=colour(rng, 100, 240),
        )
        draw.polygon(
            [
                (x - 20, horizon - size // 2),
                (x + size // 2, horizon - size),
                (x + size + 20, horizon - size // 2),
            ],
            fill=colour(rng, 60, 190),
        )
        draw.rectangle(
            (x + size // 3, horizon, x + size // 2, horizon + size // 2),
            fill=colour(rng, 20, 90),
        )
    left = rng.randint(200, 900)
    draw.polygon(
        [
            (left, horizon),
            (left + 60, horizon),
            (left + rng.randint(200, 500), height),
            (left - rng.randint(200, 500), height),
        ],
        fill=colour(rng, 90, 140),
    )
    pole = rng.randint(50, width - 50)
    draw.line((pole, 80, pole, height - 200), fill=(40, 40, 40), width=12)
    draw.polygon(
        [(pole, 110), (pole + 110, 60), (pole + 110, 190)], fill=colour(rng, 120, 220)
    )
    return grain(rng, picture.filter(ImageFilter.GaussianBlur(1)), 0.08)


def screen(rng: random.Random) -> Image.Image:
    """An LED board in the dark with lines of light."""
    picture = Image.new("RGB", WIDE, colour(rng, 0, 50))
    draw = ImageDraw.Draw(picture)
    x, y = rng.randint(60, 260), rng.randint(80, 260)
    right, bottom = rng.randint(980, 1240), rng.randint(640, 900)
    draw.rectangle(
        (x, y, right, bottom),
        fill=colour(rng, 0, 80),
        outline=colour(rng, 100, 200),
        width=10,
    )
    for row in range(rng.randint(3, 7)):
        line = y + 40 + row * 85
        at = x + rng.randint(20, 200)
        paint = colour(rng, 140, 255)
        while at < right - 80 and line < bottom - 60:
            word = rng.randint(30, 120)
            draw.rectangle(
                (at, line, min(at + word, right - 20), line + rng.randint(30, 55)),
                fill=paint,
            )
            at += word + rng.randint(12, 40)
    for _ in range(rng.randint(2, 8)):
        at = rng.randint(0, 1200)
        draw.ellipse((at, rng.randint(700, 900), at + 90, 960), fill=colour(rng, 0, 60))
    return grain(rng, picture, 0.05)


SCENES: tuple[Scene, ...] = (meeting, village, screen)


# --- as people send it again --------------------------------------------------------------


def smaller(rng: random.Random, picture: Image.Image) -> Image.Image:
    scale = rng.uniform(0.2, 0.8)
    return picture.resize((int(picture.width * scale), int(picture.height * scale)))


def recompressed(rng: random.Random, picture: Image.Image) -> Image.Image:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=rng.randint(15, 60))
    return Image.open(BytesIO(buffer.getvalue())).convert("RGB")


def cropped(rng: random.Random, picture: Image.Image) -> Image.Image:
    """Up to 15 % of the width and of the height, from either side."""
    width, height = picture.size
    cut_x, cut_y = rng.uniform(0.02, 0.15) * width, rng.uniform(0.02, 0.15) * height
    left, top = rng.uniform(0, cut_x), rng.uniform(0, cut_y)
    return picture.crop(
        (int(left), int(top), int(left + width - cut_x), int(top + height - cut_y))
    )


def marked(rng: random.Random, picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    draw = ImageDraw.Draw(copy, "RGBA")
    width, height = copy.size
    for _ in range(rng.randint(1, 3)):
        x, y = rng.randint(0, int(width * 0.7)), rng.randint(0, int(height * 0.85))
        draw.rectangle(
            (x, y, x + int(width * 0.28), y + int(height * 0.1)),
            fill=(*colour(rng, 0, 255), rng.randint(90, 230)),
        )
        draw.text(
            (x + 8, y + 8),
            "UBND XA  20/11/2026 08:15",
            fill=(255, 255, 255, 255),
            font_size=max(14, height // 30),
        )
    return copy


def photographed(rng: random.Random, picture: Image.Image) -> Image.Image:
    """A phone's screenshot: bars above and below, a page's lines of text around it."""
    width, height = 1080, 2280
    is_dark = rng.random() < 0.5
    ground = (12, 12, 12) if is_dark else (250, 250, 250)
    shot = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(shot)
    ink = (230, 230, 230) if is_dark else (40, 40, 40)
    draw.text((40, 20), "8:15", fill=ink, font_size=40)
    draw.text((width - 160, 20), "100%", fill=ink, font_size=40)
    margin = rng.choice((0, 0, 40, 60))
    inner = width - 2 * margin
    tall = int(inner * picture.height / picture.width)
    y = rng.randint(220, 900)
    for line in range(110, y - 60, 60):
        if not is_dark:
            draw.rectangle((40, line, 40 + rng.randint(300, 950), line + 26), fill=ink)
    shot.paste(picture.resize((inner, tall)), (margin, y))
    for line in range(y + tall + 70, min(height - 100, y + tall + 400), 60):
        draw.rectangle((40, line, 40 + rng.randint(200, 900), line + 26), fill=ink)
    return shot


def tinted(rng: random.Random, picture: Image.Image) -> Image.Image:
    bright = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.75, 1.25))
    return ImageEnhance.Contrast(bright).enhance(rng.uniform(0.8, 1.2))


CHANGES: dict[str, Change] = {
    "smaller": smaller,
    "recompressed": recompressed,
    "cropped": cropped,
    "marked": marked,
    "screenshot": photographed,
    "tinted": tinted,
    "cropped and small": lambda r, p: recompressed(r, smaller(r, cropped(r, p))),
    "marked and small": lambda r, p: recompressed(r, smaller(r, marked(r, p))),
}


def pairs(
    count: int, seed: int = 1947
) -> Iterator[tuple[str, Image.Image, Image.Image, bool]]:
    """Half of them the same picture sent again, half two pictures."""
    return pairs_of(SCENES, CHANGES, count, seed)
