"""Checking proofs in the background: at once, and again on days 1, 7 and 30.

Guarantees:

* a proof is claimed by a lease, looked at without any session open, and its verdict is
  written in one short transaction, only if the lease is still ours: any number of workers
  may check, and one that dies loses nothing;
* of two proofs that show the same one is found to, also when both are checked at the same
  moment: what each shows is stored before it is judged;
* a page that cannot be reached just now is a doubt, not a failure, and is tried again after
  10 minutes, an hour and six hours;
* what was accepted is never taken back by a check, in a closed period as little as in an
  open one. A later look that finds a page gone flags it, and a supervisor decides;
* an error of our own leaves the proof to a supervisor, with a line in the log.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.db import Database
from bot.duties.proofs import outcomes, traces
from bot.duties.proofs.claims import Claim, claim, is_due
from bot.duties.proofs.judging import judge
from bot.duties.proofs.keeping import note, note_text
from bot.duties.proofs.likeness import Likeness
from bot.duties.proofs.looking import Looker, Seen
from bot.duties.proofs.pictures import Picture, look_at
from bot.duties.proofs.verdict import Check, Finding
from models import EvidenceKind, Proof

log = structlog.get_logger(__name__)

CHECKERS = 4  # at once in one worker


@dataclass(frozen=True, slots=True)
class Checker:
    """Built once in ``building``; ``accept_ok``: the setting ``ACCEPT_OK_PROOFS``."""

    database: Database
    clock: Clock
    looker: Looker
    accept_ok: bool = True

    def run_once(self) -> bool:
        """Check one proof here and now; True when there was one."""
        claimed = self._claim()
        if claimed is None:
            return False
        self._check(claimed)
        return True

    def _claim(self) -> Claim | None:
        now = self.clock.now()
        with self.database.reading() as session:  # an idle worker takes no write lock
            if not is_due(session, now):
                return None
        with self.database.writing() as session:
            return claim(session, now)

    def _check(self, claimed: Claim) -> None:
        try:
            if claimed.is_first:
                self._look_and_judge(claimed)
            else:
                self._look_again(claimed)
        except SQLAlchemyError as error:
            # the lease ends and somebody looks again
            log.error("database_unavailable", error=type(error).__name__)
        except Exception:
            log.exception("check_failed", proof_id=claimed.proof_id)
            self._leave_to_people(claimed)

    # --- the first look -------------------------------------------------------------------

    def _look_and_judge(self, claimed: Claim) -> None:
        with self.database.reading() as session:
            proof = session.get_one(Proof, claimed.proof_id)
        seen = self.looker.look(proof)
        self._store(claimed, seen)
        like = self._pictures_like(proof, seen)
        with self.database.writing() as session:
            held = claimed.held(session)
            if held is None:
                return  # withdrawn, moved, decided, or another worker's by now
            now = self.clock.now()
            words, zone = self.looker.words, self.looker.zone
            findings = judge(session, held, seen, like, words, zone, now)
            held.canonical_url = seen.links[0] if seen.links else held.canonical_url
            check = outcomes.settle(
                session, held, findings, now.astimezone(zone), accept_ok=self.accept_ok
            )
            outcomes.keep_sight(check, seen)
        log.info(
            "proof_checked", proof_id=claimed.proof_id, verdict=check.verdict.value
        )

    def _store(self, claimed: Claim, seen: Seen) -> None:
        """What the proof shows, for others to find, before it is judged itself."""
        files, snapshot = self.looker.files, seen.text.encode()
        if snapshot:
            seen.snapshot_sha256 = files.keep(snapshot)
        if seen.page_picture:
            seen.picture_sha256 = files.keep(seen.page_picture.content)
        with self.database.writing() as session:
            held = claimed.held(session)
            if held is None:
                return
            now = self.clock.now()
            if seen.snapshot_sha256:
                note_text(session, seen.snapshot_sha256, snapshot, now)
            if seen.page_picture and seen.picture_sha256:
                note(session, seen.picture_sha256, seen.page_picture, now)
            if seen.links:
                held.canonical_url = seen.links[0]
            if seen.page:
                held.title = seen.title or held.title
                held.published_on = seen.page.published_on or held.published_on
            held.text_sha256 = seen.text_sha256
            traces.leave(session, held, seen.traces)

    def _pictures_like(self, proof: Proof, seen: Seen) -> list[str]:
        """Digests of stored pictures that are this one once more."""
        picture = seen.file.picture if seen.file else None
        if picture is None:
            return []
        with self.database.reading() as session:
            near = traces.near_pictures(session, proof, picture.likeness)
        return [digest for digest in near if self._is_again(picture.likeness, digest)]

    def _is_again(self, seen: Likeness, digest: str) -> bool:
        try:
            content = self.looker.files.read(digest)
        except FileNotFoundError:
            return False
        earlier = look_at(content, self.looker.zone)
        return isinstance(earlier, Picture) and seen.is_of(earlier.likeness)

    # --- later looks ----------------------------------------------------------------------

    def _look_again(self, claimed: Claim) -> None:
        """Is the page still there? Its text and week were judged before."""
        with self.database.reading() as session:
            proof = session.get_one(Proof, claimed.proof_id)
        if proof.kind != EvidenceKind.LINK:
            return
        finding = self.looker.is_there(proof.url or "")
        with self.database.writing() as session:
            held = claimed.held(session)
            if held is None:
                return
            local = self.clock.now().astimezone(self.looker.zone)
            check = outcomes.confirm(session, held, finding, local)
        log.info(
            "proof_rechecked", proof_id=claimed.proof_id, verdict=check.verdict.value
        )

    def _leave_to_people(self, claimed: Claim) -> None:
        with self.database.writing() as session:
            held = claimed.held(session)
            if held is None:
                return
            local = self.clock.now().astimezone(self.looker.zone)
            failed = [Finding(Check.NOT_CHECKED, None)]
            outcomes.settle(session, held, failed, local, accept_ok=False)
