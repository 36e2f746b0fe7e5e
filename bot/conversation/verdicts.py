"""Senders hear what the check of their proofs has found, and what to do about it.

Guarantees:

* one message a person for all that was found since the last one: who sent five links in a
  row is told once, when the last of them is checked or ``PATIENCE`` is over;
* each check is told at most once, whichever worker tells it; what has been decided or taken
  back meanwhile is not told any more;
* a first verdict is an answer and goes out at once; what a later look finds is a reminder
  and waits for office hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot import calendar
from bot.clock import Clock
from bot.conversation import naming
from bot.conversation.announcing import announce
from bot.conversation.texts import Texts
from bot.conversation.turn import Reply
from bot.db import Database
from bot.duties.proofs.looking import is_passing
from bot.duties.proofs.outcomes import LOOK_AGAIN
from bot.duties.proofs.verdict import BY_RULE, DISAPPEARED, Check, Finding, decisive
from bot.outreach.hours import Kind, next_opening
from bot.people import officials
from models import Contact, Lane, Proof, ProofCheck, ProofState

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=1)  # slow sites wait their turn; people do not
USEFUL_FOR = timedelta(days=7)
LOOKED_AT = 500  # untold checks; the others are next
MOST_SHOWN = 5  # proofs told one by one: a phone's screen
MOST_FINDINGS = 3
_SIGNS = {ProofState.FAILED: "✗", ProofState.DOUBTFUL: "?", ProofState.ACCEPTED: "!"}
_TODO = {
    Check.ALIVE: "alive",
    Check.OWN_HOST: "own_host",
    Check.IN_PERIOD: "in_period",
    Check.BEFORE_PLAN: "in_period",
    Check.LINK_USED_BEFORE: "used",
    Check.FILE_USED_BEFORE: "used",
    Check.QUANTITY_TOO_HIGH: "numbers",
    Check.FILE_MISSING: "file",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Built once in ``building``."""

    database: Database
    clock: Clock
    texts: Texts
    zone: ZoneInfo

    def run_once(self) -> bool:
        """Write to one person; True when there was work."""
        now = self.clock.now()
        with self.database.reading() as session:  # an idle worker takes no write lock
            errand = _next(session, now)
        if errand is None:
            return False
        with self.database.writing() as session:
            told = self._tell(session, errand, now.astimezone(self.zone))
        log.info("verdicts_told", checks=len(errand.check_ids), messages=told)
        return True

    def _tell(self, session: Session, errand: Errand, now: datetime) -> int:
        ours = _take(session, errand, now)
        contact = session.get(Contact, errand.contact_id or 0)
        if contact is None or not _is_at_work(session, contact):
            return 0
        found = [one for one in _newest(session, ours) if _is_news(*one)]
        if not found:
            return 0
        due_at = now
        if errand.is_later:
            due_at = next_opening(
                Kind.DUTY_REMINDER, now, calendar.in_force(), self.zone
            )
        return announce(
            session,
            self.texts,
            contact,
            f"checks:{max(ours)}",
            [Reply("verdicts.told", self._params(session, found), remark=True)],
            lane=Lane.REMINDER if errand.is_later else Lane.REPLY,
            kind=Kind.RECEIPT,
            now=now,
            due_at=due_at,
            useful_until=due_at + USEFUL_FOR,
        )

    # --- the words ------------------------------------------------------------------------

    def _params(
        self, session: Session, found: Sequence[tuple[Proof, ProofCheck]]
    ) -> dict[str, Any]:
        counted = [proof for proof, _ in found if _is_counted(proof)]
        waiting = [proof.id for proof, _ in found if proof.state == ProofState.OK]
        others = [
            one
            for one in found
            if one[0].state != ProofState.OK and not _is_counted(one[0])
        ]
        return {
            "accepted": self._accepted(session, counted) if counted else "",
            "waiting": waiting,
            "shown": [self._shown(session, *one) for one in others[:MOST_SHOWN]],
            "more": max(0, len(others) - MOST_SHOWN),
        }

    def _accepted(self, session: Session, proofs: Sequence[Proof]) -> str:
        """One short line, however many."""
        places = {naming.place_of(session, self.texts.label, one) for one in proofs}
        numbers = [one.id for one in proofs]
        return self.texts.label(
            "verdicts.accepted", numbers=numbers, places=sorted(places)
        )

    def _shown(
        self, session: Session, proof: Proof, check: ProofCheck
    ) -> dict[str, Any]:
        label = self.texts.label
        findings = [Finding.from_json(one) for one in check.findings]
        decided = decisive(findings)
        state = ProofState(proof.state)
        return {
            "number": proof.id,
            "sign": _SIGNS[state],
            "what": naming.thing_label(label, proof),
            "place": naming.short_place_of(label, proof),
            "is_gone": state == ProofState.ACCEPTED,
            "is_failed": state == ProofState.FAILED,
            "findings": [
                naming.finding_label(session, label, one)
                for one in decided[:MOST_FINDINGS]
            ],
            "todo": label(f"todo.{_todo(state, decided)}"),
        }


@dataclass(frozen=True, slots=True)
class Errand:
    """What one person is to be told of now."""

    contact_id: int | None
    check_ids: Sequence[int]
    is_later: bool


@dataclass(frozen=True, slots=True)
class _Untold:
    check_id: int
    contact_id: int | None
    checked_at: datetime
    received_at: datetime

    @property
    def is_later(self) -> bool:
        return self.checked_at - self.received_at >= LOOK_AGAIN[0]


def _next(session: Session, now: datetime) -> Errand | None:
    """The first person whose message is whole."""
    rows = session.execute(
        select(
            col(ProofCheck.id),
            col(Proof.contact_id),
            col(ProofCheck.checked_at),
            col(Proof.received_at),
        )
        .join(Proof, col(Proof.id) == col(ProofCheck.proof_id))
        .where(col(ProofCheck.told_at).is_(None))
        .order_by(col(ProofCheck.id))
        .limit(LOOKED_AT)
    )
    by_person: dict[tuple[int | None, bool], list[_Untold]] = {}
    for row in rows:
        one = _Untold(*row)
        by_person.setdefault((one.contact_id, one.is_later), []).append(one)
    for (contact_id, is_later), ones in by_person.items():
        is_overdue = ones[0].checked_at <= now - PATIENCE
        if is_overdue or not _is_checking(session, contact_id):
            return Errand(contact_id, [one.check_id for one in ones], is_later)
    return None


def _is_checking(session: Session, contact_id: int | None) -> bool:
    """Something else of his is on its way."""
    waiting = select(col(Proof.id)).where(
        col(Proof.contact_id) == contact_id, col(Proof.state) == ProofState.RECEIVED
    )
    return session.scalars(waiting.limit(1)).first() is not None


def _take(session: Session, errand: Errand, now: datetime) -> list[int]:
    """Those that nobody else has told meanwhile."""
    taken = session.scalars(
        update(ProofCheck)
        .where(
            col(ProofCheck.id).in_(errand.check_ids), col(ProofCheck.told_at).is_(None)
        )
        .values(told_at=now)
        .returning(col(ProofCheck.id))
    )
    return [number for number in taken if number is not None]


def _newest(
    session: Session, check_ids: Iterable[int]
) -> list[tuple[Proof, ProofCheck]]:
    """Each proof with its newest check of these, in the order in which they came."""
    rows = session.execute(
        select(Proof, ProofCheck)
        .join(ProofCheck, col(ProofCheck.proof_id) == col(Proof.id))
        .where(col(ProofCheck.id).in_(list(check_ids)))
        .order_by(col(Proof.id), col(ProofCheck.number))
    )
    newest = {proof.id: (proof, check) for proof, check in rows}
    return list(newest.values())


def _is_news(proof: Proof, check: ProofCheck) -> bool:
    """It still stands as the check left it: nobody decided, moved or withdrew it."""
    if proof.state == ProofState.ACCEPTED:
        is_gone = check.verdict == ProofState.FAILED
        return proof.reason == DISAPPEARED if is_gone else proof.decided_by == BY_RULE
    return proof.state == check.verdict


def _is_counted(proof: Proof) -> bool:
    return proof.state == ProofState.ACCEPTED and proof.reason != DISAPPEARED


def _is_at_work(session: Session, contact: Contact) -> bool:
    return officials.official_of(session, contact) is not None


def _todo(state: ProofState, decided: Sequence[Finding]) -> str:
    """The key of what is to be done."""
    if state == ProofState.FAILED:
        return _TODO.get(decided[0].check, "alive") if decided else "alive"
    if any(map(is_passing, decided)):
        return "retry"
    wants_link = any(one.check == Check.LINK_WANTED for one in decided)
    return "link" if wants_link else "wait"
