"""Pictures to tune with: natural-looking noise, collages, posters; sent again by own rules."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from tests.proofs.picture_pairs import Change, Scene, pairs_of

SIZE = (1200, 800)


def noise(rng: random.Random) -> Image.Image:
    """Clouds of colour at several scales, much like the statistics of a photograph."""
    picture = Image.new("RGB", SIZE, (128, 128, 128))
    for scale, weight in ((3, 0.6), (6, 0.45), (12, 0.35), (40, 0.2)):
        small = Image.frombytes("RGB", (scale, scale), rng.randbytes(3 * scale * scale))
        picture = Image.blend(
            picture, small.resize(SIZE, Image.Resampling.BICUBIC), weight
        )
    return picture


def collage(rng: random.Random) -> Image.Image:
    picture = noise(rng)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(5, 25)):
        x, y = rng.randint(-100, 1200), rng.randint(-100, 800)
        box = (x, y, x + rng.randint(30, 500), y + rng.randint(30, 400))
        paint = tuple(rng.randbytes(3))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=paint)
    return picture.filter(ImageFilter.GaussianBlur(2))


def poster(rng: random.Random) -> Image.Image:
    picture = Image.new("RGB", SIZE, tuple(rng.randbytes(3)))
    draw = ImageDraw.Draw(picture)
    y = 30
    while y < 760:
        height = rng.choice((24, 40, 70))
        x = rng.randint(20, 300)
        while x < rng.randint(700, 1180):
            word = rng.randint(20, 140)
            draw.rectangle((x, y, x + word, y + height), fill=tuple(rng.randbytes(3)))
            x += word + 18
        y += height + rng.randint(10, 40)
    return picture


def room(rng: random.Random) -> Image.Image:
    """The same kind of room each week: flat walls, few things, all in like places."""
    wall = rng.randint(150, 240)
    picture = Image.new("RGB", SIZE, (wall, wall, wall - 20))
    draw = ImageDraw.Draw(picture)
    floor = rng.randint(480, 620)
    draw.rectangle((0, floor, 1200, 800), fill=tuple(rng.randbytes(3)))
    left = rng.randint(150, 350)
    banner = (left, 50, left + rng.randint(400, 600), rng.randint(130, 230))
    draw.rectangle(banner, fill=(rng.randint(120, 220), 20, 20))
    for _ in range(rng.randint(4, 12)):
        x, size = rng.randint(0, 1150), rng.randint(40, 110)
        y = floor + rng.randint(-120, 60)
        draw.ellipse((x, y, x + size, y + size), fill=tuple(rng.randbytes(3)))
        draw.rectangle(
            (x - 10, y + size, x + size + 10, y + 2 * size),
            fill=tuple(rng.randbytes(3)),
        )
    return picture.filter(ImageFilter.GaussianBlur(1))


def night(rng: random.Random) -> Image.Image:
    """A bright sign in the dark."""
    picture = Image.new("RGB", SIZE, (rng.randint(0, 30),) * 3)
    draw = ImageDraw.Draw(picture)
    x, y = rng.randint(100, 500), rng.randint(60, 300)
    box = (x, y, x + rng.randint(350, 600), y + rng.randint(200, 400))
    draw.rectangle(box, fill=tuple(rng.randbytes(3)))
    for _ in range(rng.randint(2, 9)):
        left, top = rng.randint(x, x + 250), rng.randint(y, y + 180)
        draw.rectangle(
            (left, top, left + rng.randint(30, 200), top + 25),
            fill=tuple(rng.randbytes(3)),
        )
    return picture.filter(ImageFilter.GaussianBlur(1))


SCENES: tuple[Scene, ...] = (
    noise,
    collage,
    poster,
    room,
    night,
)


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(BytesIO(buffer.getvalue())).convert("RGB")


def resized(rng: random.Random, picture: Image.Image) -> Image.Image:
    width = rng.randint(240, 1600)
    return picture.resize((width, width * picture.height // picture.width))


def squeezed(rng: random.Random, picture: Image.Image) -> Image.Image:
    return jpeg(picture, rng.randint(12, 50))


def cut(rng: random.Random, picture: Image.Image) -> Image.Image:
    share_x, share_y = rng.uniform(0, 0.15), rng.uniform(0, 0.15)
    left = rng.uniform(0, share_x) * picture.width
    top = rng.uniform(0, share_y) * picture.height
    width, height = picture.width * (1 - share_x), picture.height * (1 - share_y)
    return picture.crop((int(left), int(top), int(left + width), int(top + height)))


def stamped(rng: random.Random, picture: Image.Image) -> Image.Image:
    """A name, a date, a logo: one to four marks, anywhere."""
    copy = picture.copy()
    draw = ImageDraw.Draw(copy, "RGBA")
    width, height = copy.size
    for _ in range(rng.randint(1, 4)):
        x, y = rng.randint(0, width * 2 // 3), rng.randint(0, height * 6 // 7)
        ground = (*rng.randbytes(3), rng.randint(120, 255))
        draw.rectangle((x, y, x + width * 3 // 10, y + height // 9), fill=ground)
        draw.text((x + 10, y + 10), "CHUYEN DOI SO 24-11", fill="white", font_size=30)
    return copy


def framed(rng: random.Random, picture: Image.Image) -> Image.Image:
    border = rng.randint(10, 200)
    ground = rng.choice(((0, 0, 0), (255, 255, 255), (240, 242, 245)))
    frame = Image.new(
        "RGB", (picture.width + 2 * border, picture.height + 5 * border), ground
    )
    frame.paste(picture, (border, border * rng.randint(1, 4)))
    return frame


CHANGES: dict[str, Change] = {
    "resized": resized,
    "squeezed": squeezed,
    "cut": cut,
    "stamped": stamped,
    "framed": framed,
    "cut and squeezed": lambda r, p: squeezed(r, resized(r, cut(r, p))),
}


def pairs(
    count: int, seed: int = 8
) -> Iterator[tuple[str, Image.Image, Image.Image, bool]]:
    """Half of them the same picture sent again, half two pictures."""
    return pairs_of(SCENES, CHANGES, count, seed)
