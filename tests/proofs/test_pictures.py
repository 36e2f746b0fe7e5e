"""Pictures: what they are, when they were taken, which may not be kept, which are alike."""

from __future__ import annotations

import random
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import ExifTags, Image

from bot.duties.proofs.keeping import Examined, FileRefusal, examine
from bot.duties.proofs.likeness import Likeness, from_text, keys_of, to_text
from bot.duties.proofs.pictures import Picture, PictureRefusal, look_at
from models import EvidenceKind
from tests.proofs import held_out_pictures, tuning_pictures

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ID_CARD = "079090001234|024123456|NGUYEN VAN A|01011990|Nam|Ap 1, Xa A|20052021"
ID_CARD_WITHOUT_OLD_NUMBER = "079090001234||NGUYEN VAN A|01011990|Nam|Xa A|20052021"


def as_bytes(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def looked(content: bytes) -> Picture:
    found = look_at(content, ZONE)
    assert isinstance(found, Picture), found
    return found


def scene(seed: int = 1) -> Image.Image:
    return tuning_pictures.collage(random.Random(seed))


def with_code(text: str, size: int = 220) -> Image.Image:
    """A photograph in which a card with this code lies."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(
        scale=4
    )
    side = code.shape[0]
    cells = bytes(memoryview(code))  # type: ignore[arg-type]
    grey = Image.frombytes("L", (side, side), cells)
    picture = scene()
    picture.paste(Image.new("RGB", (700, 440), (200, 225, 215)), (200, 200))
    picture.paste(grey.resize((size, size)).convert("RGB"), (640, 230))
    return picture


# --- what it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_pictures_are_known_by_their_bytes(kind: str) -> None:
    assert looked(as_bytes(scene(), kind)).likeness.fingerprints


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\xff\xd8\xff" + b"\0" * 50,
        b"%PDF-1.7",
        as_bytes(scene(), "TIFF"),
        as_bytes(scene(), "PNG")[:2000],
    ],
    ids=["empty", "html", "head only", "pdf", "tiff", "cut off"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    assert look_at(content, ZONE) == PictureRefusal.NOT_A_PICTURE


def test_a_decompression_bomb_is_not_opened() -> None:
    content = as_bytes(Image.new("1", (12_000, 12_000)), "PNG")
    assert len(content) < 100_000
    assert look_at(content, ZONE) == PictureRefusal.TOO_LARGE


def test_the_cameras_time_is_read_as_local() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = (
        "2026:11:18 08:15:00"
    )
    found = looked(as_bytes(scene(), exif=exif))
    assert found.taken_at == datetime(2026, 11, 18, 8, 15, tzinfo=ZONE)


@pytest.mark.parametrize("said", ["", "0000:00:00 00:00:00", "hom qua", "2026-11-18"])
def test_a_camera_without_a_clock_has_no_time(said: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = said
    assert looked(as_bytes(scene(), exif=exif)).taken_at is None


def test_a_turned_photograph_is_looked_at_upright() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = scene().transpose(Image.Transpose.ROTATE_90)
    upright = looked(as_bytes(scene()))
    found = looked(as_bytes(turned, exif=exif))
    assert found.likeness.is_of(upright.likeness)


# --- what may not be kept -----------------------------------------------------------------


@pytest.mark.parametrize("text", [ID_CARD, ID_CARD_WITHOUT_OLD_NUMBER])
@pytest.mark.parametrize("quality", [90, 40])
def test_a_picture_of_an_id_card_is_refused(text: str, quality: int) -> None:
    content = as_bytes(with_code(text), quality=quality)
    assert look_at(content, ZONE) == PictureRefusal.ID_CARD
    for kind in (EvidenceKind.PICTURE, EvidenceKind.FILE):
        assert examine(content, kind, ZONE) == FileRefusal.ID_CARD


@pytest.mark.parametrize(
    "text",
    [
        "https://dichvucong.gov.vn/p/home/dvc-trang-chu.html?id=079090001234",
        "00020101021238570010A00000072701270006970436",
        "Số 12/KH-UBND|ngày 20/11/2026",
    ],
)
def test_a_poster_with_a_harmless_code_is_taken(text: str) -> None:
    looked(as_bytes(with_code(text)))


def test_what_is_kept_depends_on_the_bytes_not_on_the_word() -> None:
    picture = as_bytes(scene())
    kept = examine(picture, EvidenceKind.PICTURE, ZONE)
    assert isinstance(kept, Examined)
    assert kept.picture is not None
    assert examine(picture, EvidenceKind.AUDIO, ZONE) == FileRefusal.UNKNOWN_TYPE
    sound = examine(b"ID3\x04\x00" + b"\0" * 50, EvidenceKind.AUDIO, ZONE)
    assert isinstance(sound, Examined)
    for content in (b"MZ\x90\x00", b"<script>", b"#!/bin/sh\n", b"PK\x03\x04rubbish"):
        found = examine(content, EvidenceKind.FILE, ZONE)
        assert found == FileRefusal.UNKNOWN_TYPE


# --- which are alike ----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(tuning_pictures.CHANGES))
def test_a_picture_sent_again_is_known(name: str) -> None:
    rng = random.Random(name)
    found = []
    for draw in tuning_pictures.SCENES:
        one = draw(rng)
        again = tuning_pictures.CHANGES[name](rng, one)
        first = looked(as_bytes(one)).likeness
        second = looked(as_bytes(again)).likeness
        found += [second.is_of(first), first.is_of(second)]
    # four marks may hide what little there is to see in a dark picture
    assert found.count(False) <= (2 if name == "stamped" else 0)


def test_known_again_and_never_confused_on_pictures_never_tuned_with() -> None:
    """A small part of what ``bench/proofs.py`` counts."""
    found = [
        (is_same, Likeness(other).is_of(Likeness(one)))
        for _, one, other, is_same in held_out_pictures.pairs(32)
    ]
    recalled = [is_found for is_same, is_found in found if is_same]
    alarms = [is_found for is_same, is_found in found if not is_same]
    assert sum(recalled) / len(recalled) >= 0.95
    assert sum(alarms) == 0


def test_like_pictures_share_a_key_and_others_rarely_do() -> None:
    shared = {True: [0, 0], False: [0, 0]}
    for _, one, other, is_same in tuning_pictures.pairs(40):
        kept = {k for f in Likeness(one).fingerprints for k in keys_of(f)}
        asked = {k for v in Likeness(other).views for k in keys_of(v)}
        shared[is_same][bool(kept & asked)] += 1
    assert shared[True][0] <= 1
    assert shared[False][1] <= 8


def test_a_plain_wall_has_no_likeness() -> None:
    wall = Likeness(Image.new("RGB", (800, 600), (90, 90, 90)))
    assert wall.fingerprints == []
    assert not wall.is_of(wall)


def test_fingerprints_outlive_a_release() -> None:
    """Stored ones are compared with new ones for years: the method may not drift."""
    stored = to_text(Likeness(Image.linear_gradient("L").rotate(30)).fingerprints)
    assert to_text(from_text(stored)) == stored
    assert stored.startswith(
        "3e3e4c1c8c80a56cae58d43637cc2901e3a3242ebbf1210a7eeaab2ca299d1c3"
    )
