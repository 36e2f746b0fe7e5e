"""Stored files, named by their content: ``DATA_DIR/files/<first two>/<sha256>``.

The same bytes are kept once, a name says what is in it, and a file never changes. What a
file is, is read from its bytes; a name and a sender's word prove nothing.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from enum import StrEnum
from io import BytesIO
from pathlib import Path

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of old Office files
_WORD_STREAM = "WordDocument".encode("utf-16-le")


class FileType(StrEnum):
    """The value is the usual ending."""

    PNG = "png"
    JPEG = "jpg"
    GIF = "gif"
    PDF = "pdf"
    DOC = "doc"
    DOCX = "docx"
    XLSX = "xlsx"
    WEBP = "webp"
    MP3 = "mp3"
    WAV = "wav"
    OGG = "ogg"
    AMR = "amr"
    AAC = "aac"
    M4A = "m4a"
    MP4 = "mp4"


_OFFICE_BODIES = {
    "word/document.xml": FileType.DOCX,
    "xl/workbook.xml": FileType.XLSX,
}
MEDIA_TYPES = {
    FileType.PNG: "image/png",
    FileType.JPEG: "image/jpeg",
    FileType.GIF: "image/gif",
    FileType.WEBP: "image/webp",
    FileType.PDF: "application/pdf",
    FileType.DOC: "application/msword",
    FileType.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileType.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileType.MP3: "audio/mpeg",
    FileType.WAV: "audio/wav",
    FileType.OGG: "audio/ogg",
    FileType.AMR: "audio/amr",
    FileType.AAC: "audio/aac",
    FileType.M4A: "audio/mp4",
    FileType.MP4: "video/mp4",
}


class Files:
    """The stored files of this installation."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "files"

    def keep(self, content: bytes) -> str:
        """Store these bytes if they are new; their digest."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            _write_whole(path, content)
        return digest

    def path(self, digest: str) -> Path:
        """Where the file with this digest is, or would be."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not a SHA-256 digest")
        return self._folder / digest[:2] / digest

    def all(self) -> list[Path]:
        """Every file that is here, also half ones that a power cut left."""
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def read(self, digest: str) -> bytes:
        """``FileNotFoundError`` when it is not here."""
        return self.path(digest).read_bytes()


def type_of(content: bytes) -> FileType | None:
    """What these bytes are; None when they are nothing we know."""
    for start, found in _STARTS:
        if content.startswith(start):
            return found
    if content.startswith(b"RIFF"):
        return {b"WEBP": FileType.WEBP, b"WAVE": FileType.WAV}.get(content[8:12])
    if content[4:8] == b"ftyp":  # ISO 14496-12: the brand tells sound from film
        return FileType.M4A if content[8:11] == b"M4A" else FileType.MP4
    if content[:1] == b"\xff" and len(content) > 1:
        return _MPEG_SOUND.get(content[1] & 0xF6)
    if content.startswith(_OLE):
        return FileType.DOC if _WORD_STREAM in content else None
    return _office_type(content)


# A frame of MPEG sound begins with eleven set bits; the layer tells MP3 from AAC (ADTS).
_MPEG_SOUND = {0xF2: FileType.MP3, 0xE2: FileType.MP3, 0xF0: FileType.AAC}
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", FileType.PNG),
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"GIF87a", FileType.GIF),
    (b"GIF89a", FileType.GIF),
    (b"%PDF-", FileType.PDF),
    (b"ID3", FileType.MP3),
    (b"OggS", FileType.OGG),
    (b"#!AMR", FileType.AMR),
)


def gif_size(content: bytes) -> tuple[int, int]:
    """Width and height, as the head of a GIF states them."""
    return int.from_bytes(content[6:8], "little"), int.from_bytes(
        content[8:10], "little"
    )


def _office_type(content: bytes) -> FileType | None:
    """New Office files are ZIPs with a body of their own; nothing is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return None
    found = (kind for body, kind in _OFFICE_BODIES.items() if body in names)
    return next(found, None)


def _write_whole(path: Path, content: bytes) -> None:
    """Never half a file under its final name, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
