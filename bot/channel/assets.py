"""What a message may carry beside its text: one picture, or one file.

Limits: https://developers.zalo.me/docs/official-account/tin-nhan/upload (read through
mirrors, 2026-09). They are checked when the message is written, so that the person who
chose the file hears of it, not a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from bot.channel.zalo.messages import (
    FILE_BYTES_LIMIT,
    GIF_BYTES_LIMIT,
    IMAGE_BYTES_LIMIT,
)
from bot.files import Files, FileType, gif_size, type_of

LONGEST_NAME = 80  # characters that a phone still shows


class AssetKind(StrEnum):
    """How Zalo takes it: three places to upload to, three shapes of message."""

    IMAGE = "image"
    GIF = "gif"
    FILE = "file"


_KINDS = {
    FileType.PNG: AssetKind.IMAGE,
    FileType.JPEG: AssetKind.IMAGE,
    FileType.GIF: AssetKind.GIF,
    FileType.PDF: AssetKind.FILE,
    FileType.DOC: AssetKind.FILE,
    FileType.DOCX: AssetKind.FILE,
}
BYTES_LIMIT = {
    AssetKind.IMAGE: IMAGE_BYTES_LIMIT,
    AssetKind.GIF: GIF_BYTES_LIMIT,
    AssetKind.FILE: FILE_BYTES_LIMIT,
}


class AssetProblem(StrEnum):
    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown_type"
    TOO_BIG = "too_big"


class AssetError(ValueError):
    """Zalo would not take this; ``problem`` says why, ``limit`` how much it takes."""

    def __init__(self, problem: AssetProblem, limit: int = 0) -> None:
        super().__init__(f"{problem}, at most {limit} bytes" if limit else str(problem))
        self.problem = problem
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Asset:
    """A stored file that a message carries; ``name`` is what the person sees of a file."""

    digest: str
    name: str
    kind: AssetKind
    width: int = 0  # of a GIF, which Zalo wants to know
    height: int = 0


def keep_asset(files: Files, content: bytes, name: str = "") -> Asset:
    """Store the bytes and make an asset of them; ``AssetError`` if Zalo refuses such."""
    if not content:
        raise AssetError(AssetProblem.EMPTY)
    found = type_of(content)
    kind = _KINDS.get(found) if found else None
    if found is None or kind is None:  # Zalo takes no spreadsheet, no sound, no film
        raise AssetError(AssetProblem.UNKNOWN_TYPE)
    if len(content) > BYTES_LIMIT[kind]:
        raise AssetError(AssetProblem.TOO_BIG, BYTES_LIMIT[kind])
    digest = files.keep(content)
    width, height = gif_size(content) if kind == AssetKind.GIF else (0, 0)
    shown = name if kind == AssetKind.FILE and name else digest[:12]
    return Asset(digest, _named(shown, found), kind, width, height)


def _named(name: str, found: FileType) -> str:
    """The bare name, with the ending that its content has."""
    bare = PurePath(name.replace("\\", "/")).name
    printable = "".join(letter for letter in bare if letter.isprintable())
    stem = printable.removesuffix(f".{found}")[:LONGEST_NAME]
    return f"{stem or found}.{found}"
