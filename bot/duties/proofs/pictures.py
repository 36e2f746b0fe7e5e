"""Pictures of proofs: read with limits, recognised again, refused where they show an ID.

What a picture is is read from its bytes. One that would unpack into more than 50 megapixels
is not opened. A picture with the QR code of an ID card (căn cước; VNeID shows the same) is
refused, and nothing of it is kept: the code holds number, name, birthday and address in plain
text, separated by "|".

The limits of that: only codes that can be read. A card without a code (before 2021), its back,
a blurred one or a list of numbers on paper passes; faces are not looked for. So officials are
asked not to send such pictures, and supervisors can erase what slips through.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from zoneinfo import ZoneInfo

import zxingcpp
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from bot.duties.proofs.likeness import Likeness

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MAX_PIXELS = 50_000_000  # the largest phone camera in common use; 150 MB unpacked
LOOKED_AT = 1600  # pixels: enough for a code on a card that fills a tenth of the width
# number, old number or nothing, name, birthday …
_ID_CARD = re.compile(r"\s*\d{12}\s*\|(?:[^|]*\|){2}\s*\d{8}\s*\|", re.ASCII)
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_EXIF_TIMES = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


class PictureRefusal(StrEnum):
    NOT_A_PICTURE = "not_a_picture"  # or a broken one
    TOO_LARGE = "too_large"
    ID_CARD = "id_card"


@dataclass(frozen=True, slots=True)
class Picture:
    """``likeness`` finds it again; ``taken_at`` is what the camera says."""

    likeness: Likeness
    taken_at: datetime | None


def look_at(content: bytes, zone: ZoneInfo) -> Picture | PictureRefusal:
    """What can be known of a picture, or why it is not taken. Keeps nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    return PictureRefusal.TOO_LARGE
                taken_at = _taken_at(opened, zone)
                picture = _upright(opened)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return PictureRefusal.TOO_LARGE
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        # Pillow raises all of these for broken files
        return PictureRefusal.NOT_A_PICTURE
    if shows_id_card(picture):
        return PictureRefusal.ID_CARD
    return Picture(Likeness(picture), taken_at)


def shows_id_card(picture: Image.Image) -> bool:
    found = zxingcpp.read_barcodes(picture, formats=_QR)
    return any(_ID_CARD.match(code.text) for code in found)


def _upright(opened: Image.Image) -> Image.Image:
    """Grey, as the camera was held, no larger than we look at."""
    opened.draft("L", (LOOKED_AT, LOOKED_AT))  # JPEG unpacks small at once
    picture = ImageOps.exif_transpose(opened)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    grey = picture.convert("L")
    grey.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX)
    return grey


def _taken_at(opened: Image.Image, zone: ZoneInfo) -> datetime | None:
    """When the camera says it was; its clock has no zone, so it is taken as ours."""
    details = opened.getexif().get_ifd(ExifTags.IFD.Exif)
    for tag in _EXIF_TIMES:
        try:
            said = str(details.get(tag, "")).strip("\x00 ")
            return datetime.strptime(said, "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
        except ValueError:
            continue
    return None
