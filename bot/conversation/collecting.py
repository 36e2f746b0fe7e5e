"""Pictures, sounds and files that officials sent come here from Zalo's hosts, at once.

Zalo's links end after a while, so this is the first thing that happens to a proof with
media, before its check. Guarantees:

* the proof stands with Zalo's address before anything is fetched, and no session is open
  while it is: a crash loses nothing, a slow host delays nobody's answer;
* what must not be kept (the code of an ID card) is refused in memory: it is never written
  to disk, the address is erased, and the person is told kindly;
* what fails for a while is tried again with growing pauses as long as the link may live;
  then the person is asked to send it again;
* any number of workers may collect: each row has a lease.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.clock import Clock
from bot.conversation.announcing import announce
from bot.conversation.texts import Texts
from bot.conversation.turn import Reply
from bot.db import Database
from bot.duties.fetching import Fetched, Refusal, Refused
from bot.duties.proofs.keeping import Examined, FileRefusal, examine, note
from bot.duties.proofs.submitting import MEDIA_PATIENCE
from bot.files import Files
from models import Contact, EvidenceKind, Lane, MessageKind, Proof, ProofState

log = structlog.get_logger(__name__)

# Longer than the slowest fetch of the largest video.
LEASE = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=5)
TOLD_FOR = timedelta(days=7)
LOST = "media_lost"

Fetch = Callable[[str, EvidenceKind], Fetched | Refused]


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to fetch."""

    proof_id: int
    url: str
    kind: EvidenceKind
    attempts: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Collector:
    """Built once in ``building``; ``fetch`` is ``Fetcher.fetch_media``."""

    database: Database
    clock: Clock
    texts: Texts
    files: Files
    fetch: Fetch
    zone: ZoneInfo

    def run_once(self) -> bool:
        """Fetch what has waited longest; True when there was work."""
        errand = self._claim()
        if errand is None:
            return False
        found = self.fetch(errand.url, errand.kind)
        if isinstance(found, Fetched):
            self._take(errand, found.content)
        elif self._is_worth_another_try(errand, found):
            self._postpone(errand, found.reason)
        else:
            self._give_up(errand, LOST, found.reason)
        return True

    def _claim(self) -> Errand | None:
        now = self.clock.now()
        with self.database.reading() as session:  # an idle worker takes no write lock
            if _next_due(session, now) is None:
                return None
        with self.database.writing() as session:
            proof = _next_due(session, now)
            if proof is None:
                return None
            proof.media_due_at = now + LEASE
            proof.media_attempts += 1
            session.add(proof)
            return Errand(
                proof.id or 0,
                proof.media_url or "",
                EvidenceKind(proof.kind),
                proof.media_attempts,
                proof.received_at,
            )

    def _take(self, errand: Errand, content: bytes) -> None:
        examined = examine(content, errand.kind, self.zone)
        if isinstance(examined, FileRefusal):
            self._give_up(errand, examined.value, examined.value)
            return
        self._keep(errand, examined)

    def _keep(self, errand: Errand, file: Examined) -> None:
        digest = self.files.keep(file.content)
        with self.database.writing() as session:
            note(session, digest, file, self.clock.now())
            _finish(session, errand, file_sha256=digest)
        log.info("media_kept", proof_id=errand.proof_id, attempts=errand.attempts)

    def _is_worth_another_try(self, errand: Errand, found: Refused) -> bool:
        until = errand.received_at + MEDIA_PATIENCE
        return found.is_passing and self.clock.now() + _pause(errand) < until

    def _postpone(self, errand: Errand, reason: Refusal) -> None:
        with self.database.writing() as session:
            session.execute(
                update(Proof)
                .where(*_still_wanted(errand))
                .values(media_due_at=self.clock.now() + _pause(errand))
            )
        log.info("media_postponed", proof_id=errand.proof_id, reason=reason.value)

    def _give_up(self, errand: Errand, reason: str, cause: str) -> None:
        now = self.clock.now()
        with self.database.writing() as session:
            is_ours = _finish(
                session,
                errand,
                state=ProofState.FAILED,
                reason=reason,
                title="",
            )
            if is_ours:
                self._tell(session, errand, reason, now)
        log.info("media_refused", proof_id=errand.proof_id, reason=str(cause))

    def _tell(
        self, session: Session, errand: Errand, reason: str, now: datetime
    ) -> None:
        proof = session.get_one(Proof, errand.proof_id)
        contact = session.get(Contact, proof.contact_id or 0)
        if contact is None:
            return
        said = Reply(f"collecting.{reason}", {"number": proof.id}, remark=True)
        announce(
            session,
            self.texts,
            contact,
            f"proof:{proof.id}:media",
            [said],
            lane=Lane.REPLY,
            kind=MessageKind.RECEIPT,
            now=now,
            useful_until=now + TOLD_FOR,
        )


def _next_due(session: Session, now: datetime) -> Proof | None:
    return session.scalars(
        select(Proof)
        .where(col(Proof.media_due_at) <= now, col(Proof.media_url).is_not(None))
        .order_by(col(Proof.media_due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def _finish(session: Session, errand: Errand, **values: Any) -> bool:
    """Nothing more to fetch; False when it was withdrawn meanwhile."""
    finished = session.execute(
        update(Proof)
        .where(*_still_wanted(errand))
        .values(media_url=None, media_due_at=None, **values)
        .returning(col(Proof.id))
    )
    return finished.first() is not None


def _still_wanted(errand: Errand) -> tuple[Any, ...]:
    return (
        col(Proof.id) == errand.proof_id,
        col(Proof.media_url) == errand.url,
        col(Proof.media_attempts) == errand.attempts,
    )


def _pause(errand: Errand) -> timedelta:
    doubled: timedelta = FIRST_PAUSE * 2 ** (errand.attempts - 1)
    return doubled
