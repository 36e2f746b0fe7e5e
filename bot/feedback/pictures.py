"""The picture beside a feedback: fetched from Zalo's hosts, made small, without what the
camera wrote into it (place, time, device), and kept apart from the proofs' files.

Guarantees, as for proofs: the feedback stands before anything is fetched, and no session is
open while it is; the code of an ID card is refused in memory, and nothing of it is kept; any
number of workers may fetch, each row has a lease. A file that no row speaks of any more is
swept away by ``sweep``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from PIL import Image, ImageOps
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.clock import Clock
from bot.db import Database
from bot.duties.fetching import Fetched, Refused
from bot.duties.proofs.keeping import FileRefusal, examine
from bot.files import Files
from models import EvidenceKind, Feedback

log = structlog.get_logger(__name__)

FOLDER = "feedback"
LEASE = timedelta(minutes=2)  # longer than the slowest fetch of a picture
FIRST_PAUSE = timedelta(seconds=5)
MOST_ATTEMPTS = 8  # with growing pauses: about twenty minutes, as long as links live
LONGEST_SIDE = 1280  # pixels: enough to see a hole in a road
QUALITY = 80
LOST = "media_lost"
# A file is written before its row: one that is so young is not swept.
YOUNG_SECONDS = 3600

Fetch = Callable[[str, EvidenceKind], Fetched | Refused]


def files_of(data_dir: Path) -> Files:
    """Where pictures of feedback are."""
    return Files(data_dir / FOLDER)


@dataclass(frozen=True, slots=True)
class Errand:
    """One picture to fetch."""

    feedback_id: int
    url: str
    attempts: int


@dataclass(frozen=True, slots=True)
class FeedbackPictures:
    """Built once in ``app.py``; ``fetch`` is ``Fetcher.fetch_media``."""

    database: Database
    clock: Clock
    files: Files
    fetch: Fetch
    zone: ZoneInfo

    def run_once(self) -> bool:
        """Fetch what has waited longest; True when there was work."""
        errand = self._claim()
        if errand is None:
            return False
        found = self.fetch(errand.url, EvidenceKind.PICTURE)
        if isinstance(found, Fetched):
            self._take(errand, found.content)
        elif found.is_passing and errand.attempts < MOST_ATTEMPTS:
            pause = FIRST_PAUSE * 2 ** (errand.attempts - 1)
            self._write(errand, picture_due_at=self.clock.now() + pause)
        else:
            self._finish(errand, problem=LOST)
        return True

    def _claim(self) -> Errand | None:
        now = self.clock.now()
        with self.database.reading() as session:  # an idle worker takes no write lock
            if _next_due(session, now) is None:
                return None
        with self.database.writing() as session:
            found = _next_due(session, now)
            if found is None:
                return None
            found.picture_due_at = now + LEASE
            found.picture_attempts += 1
            session.add(found)
            return Errand(
                found.id or 0, found.picture_url or "", found.picture_attempts
            )

    def _take(self, errand: Errand, content: bytes) -> None:
        examined = examine(content, EvidenceKind.PICTURE, self.zone)
        if isinstance(examined, FileRefusal):
            self._finish(errand, problem=examined.value)
            return
        self._finish(errand, digest=self.files.keep(made_small(content)))

    def _finish(
        self, errand: Errand, *, digest: str | None = None, problem: str | None = None
    ) -> None:
        """Zalo's address is forgotten: it is of no use any more."""
        self._write(
            errand,
            picture_due_at=None,
            picture_url=None,
            picture_sha256=digest,
            picture_problem=problem,
        )
        outcome = problem or "kept"
        log.info("feedback_picture", feedback_id=errand.feedback_id, outcome=outcome)

    def _write(self, errand: Errand, **values: object) -> None:
        """Unless the feedback was withdrawn meanwhile."""
        with self.database.writing() as session:
            session.execute(
                update(Feedback)
                .where(
                    col(Feedback.id) == errand.feedback_id,
                    col(Feedback.picture_url) == errand.url,
                )
                .values(**values)
            )


def made_small(content: bytes) -> bytes:
    """A JPEG as the camera was held, no larger than needed, and nothing but the picture."""
    with Image.open(BytesIO(content)) as opened:
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    written = BytesIO()
    clean.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def sweep(database: Database, files: Files) -> int:
    """Pictures whose feedback was emptied; files that went."""
    with database.reading() as session:
        known = set(
            session.scalars(
                select(col(Feedback.picture_sha256)).where(
                    col(Feedback.picture_sha256).is_not(None)
                )
            )
        )
    youngest = time.time() - YOUNG_SECONDS
    old = [
        path
        for path in files.all()
        if path.name not in known and path.stat().st_mtime < youngest
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _next_due(session: Session, now: datetime) -> Feedback | None:
    return session.scalars(
        select(Feedback)
        .where(col(Feedback.picture_due_at) <= now)
        .order_by(col(Feedback.picture_due_at), col(Feedback.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
