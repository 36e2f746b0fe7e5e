"""Files of proofs: examined first, then kept by content; what may not be kept never is.

``examine`` looks at bytes in memory, ``Files.keep`` writes them, ``note`` adds their row. In
that order a power cut leaves at most a file that no row speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bot.duties.proofs.likeness import to_text
from bot.duties.proofs.pictures import Picture, PictureRefusal, look_at
from bot.files import MEDIA_TYPES, FileType, type_of
from models import EvidenceKind, StoredFile

TEXT = "text/plain; charset=utf-8"  # what was read on a page
_PICTURES = {FileType.JPEG, FileType.PNG, FileType.GIF, FileType.WEBP}
_SOUNDS = {
    *(FileType.MP3, FileType.WAV, FileType.OGG, FileType.AMR, FileType.AAC),
    *(FileType.M4A, FileType.MP4),
}
_PAPERS = {FileType.PDF, FileType.DOC, FileType.DOCX, FileType.XLSX}
ALLOWED = {
    EvidenceKind.PICTURE: _PICTURES,
    EvidenceKind.AUDIO: _SOUNDS,
    EvidenceKind.VIDEO: {FileType.MP4},
    # people also send sounds, films and pictures as files
    EvidenceKind.FILE: _PAPERS | _PICTURES | _SOUNDS,
}


class FileRefusal(StrEnum):
    """Why a file is not kept; each has a sentence in ``content/texts/collecting.toml``."""

    UNKNOWN_TYPE = "unknown_type"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    ID_CARD = "id_card"


_OF_PICTURES = {
    PictureRefusal.NOT_A_PICTURE: FileRefusal.BROKEN,
    PictureRefusal.TOO_LARGE: FileRefusal.TOO_LARGE,
    PictureRefusal.ID_CARD: FileRefusal.ID_CARD,
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be kept."""

    content: bytes
    file_type: FileType
    picture: Picture | None


def examine(
    content: bytes, kind: EvidenceKind, zone: ZoneInfo
) -> Examined | FileRefusal:
    """Whether these bytes may be kept as evidence of this kind, by their content alone."""
    found = type_of(content)
    if found is None or found not in ALLOWED.get(kind, set()):
        return FileRefusal.UNKNOWN_TYPE
    if found not in _PICTURES:
        return Examined(content, found, None)
    picture = look_at(content, zone)
    if isinstance(picture, PictureRefusal):
        return _OF_PICTURES[picture]
    return Examined(content, found, picture)


def note(session: Session, digest: str, file: Examined, now: datetime) -> None:
    """The row of a kept file; nothing if it is known already."""
    picture = file.picture
    _note(
        session,
        StoredFile(
            sha256=digest,
            media_type=MEDIA_TYPES[file.file_type],
            size_bytes=len(file.content),
            created_at=now,
            picture_hash=to_text(picture.likeness.fingerprints) if picture else None,
            taken_at=picture.taken_at if picture else None,
        ),
    )


def note_text(session: Session, digest: str, content: bytes, now: datetime) -> None:
    """The row of a page's text."""
    _note(
        session,
        StoredFile(
            sha256=digest, media_type=TEXT, size_bytes=len(content), created_at=now
        ),
    )


def _note(session: Session, row: StoredFile) -> None:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    session.execute(
        insert(StoredFile).values(**row.model_dump()).on_conflict_do_nothing()
    )
