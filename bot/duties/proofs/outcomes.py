"""What becomes of a proof after a check: its state, by whose decision, the next look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.closing import is_closed
from bot.duties.periods import parse_period
from bot.duties.proofs.looking import Seen, is_passing
from bot.duties.proofs.verdict import (
    BY_RULE,
    DISAPPEARED,
    Check,
    Finding,
    decisive,
    verdict_of,
)
from bot.people import audit
from models import EvidenceKind, PlanDuty, Proof, ProofCheck, ProofState

TRY_AGAIN = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
LOOK_AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
_OF_OK = {True: ProofState.OK, None: ProofState.DOUBTFUL, False: ProofState.FAILED}


def settle(
    session: Session,
    proof: Proof,
    findings: Sequence[Finding],
    now: datetime,
    *,
    accept_ok: bool,
) -> ProofCheck:
    """Write the verdict of a whole check. ``now`` is in the zone of the reports."""
    verdict = verdict_of(findings)
    reasons = decisive(findings)
    before = proof.state
    proof.state = verdict
    proof.reason = reasons[0].key if reasons else ""
    if verdict == ProofState.OK and accept_ok and _may_accept(session, proof, findings):
        proof.state = ProofState.ACCEPTED
        proof.decided_by, proof.decided_at = BY_RULE, now
        _audit(session, proof, "proof.accepted", now)
    check = _check(session, proof, verdict, findings, now)
    if proof.state == before:
        check.told_at = now  # tried again, and nothing new to say
    is_unsettled = any(map(is_passing, findings))
    proof.next_check_at = _next(proof, now, is_unsettled=is_unsettled)
    return check


def confirm(
    session: Session, proof: Proof, finding: Finding, now: datetime
) -> ProofCheck:
    """Write what a later look found. ``now`` is in the zone of the reports.

    A page that is gone takes nothing away: what was accepted is flagged for a supervisor.
    """
    unsettled = _unsettled_in_a_row(session, proof) + 1 if is_passing(finding) else 0
    was_gone = _was_gone(session, proof)
    check = _check(session, proof, _OF_OK[finding.ok], [finding], now)
    if finding.ok is not False or was_gone:
        check.told_at = now
    if finding.ok is not None:
        flag(session, proof, now, is_there=finding.ok)
    proof.next_check_at = _next(proof, now)
    if 0 < unsettled <= len(TRY_AGAIN):
        proof.next_check_at = now + TRY_AGAIN[unsettled - 1]
    return check


def flag(session: Session, proof: Proof, now: datetime, *, is_there: bool) -> bool:
    """Note on an accepted proof that its page is gone, or that it is there again; True
    when that is news. It counts on until a supervisor has decided."""
    before, after = (DISAPPEARED, "") if is_there else ("", DISAPPEARED)
    if proof.state != ProofState.ACCEPTED or proof.reason != before:
        return False
    proof.reason = after
    action = "proof.found_again" if is_there else "proof.disappeared"
    _audit(session, proof, action, now)
    return True


def keep_sight(check: ProofCheck, seen: Seen) -> None:
    """What a person may want to see of the page later."""
    check.page_title = seen.title
    check.page_text_sha256 = seen.text_sha256
    check.snapshot_sha256 = seen.snapshot_sha256
    check.picture_sha256 = seen.picture_sha256


def _check(
    session: Session,
    proof: Proof,
    verdict: ProofState,
    findings: Sequence[Finding],
    now: datetime,
) -> ProofCheck:
    check = ProofCheck(
        proof_id=proof.id or 0,
        number=proof.checks_done,
        checked_at=now,
        verdict=verdict,
        findings=[finding.to_json() for finding in findings],
        told_at=None if proof.contact_id else now,
    )
    session.add(check)
    proof.checks_done += 1
    proof.check_lease_until = None
    session.flush()
    return check


def _may_accept(session: Session, proof: Proof, findings: Sequence[Finding]) -> bool:
    """By the rule: a link on the unit's own site or OA; a picture, sound or film where the
    duty has no link. What changes a closed period needs a person, and numbers too."""
    if _is_closed(session, proof):
        return False
    if proof.kind == EvidenceKind.LINK:
        return any(one.check == Check.OWN_HOST and one.ok for one in findings)
    duty = session.get(PlanDuty, (proof.plan_id, proof.duty_id))
    return (
        proof.kind != EvidenceKind.NUMBERS and duty is not None and not duty.needs_link
    )


def _is_closed(session: Session, proof: Proof) -> bool:
    return is_closed(session, parse_period(proof.period))


def _next(
    proof: Proof, now: datetime, *, is_unsettled: bool = False
) -> datetime | None:
    if proof.kind != EvidenceKind.LINK or proof.state == ProofState.FAILED:
        return None
    if is_unsettled and proof.checks_done <= len(TRY_AGAIN):
        return now + TRY_AGAIN[proof.checks_done - 1]
    days = (proof.received_at + after for after in LOOK_AGAIN)
    return next((day for day in days if day > now), None)


def _unsettled_in_a_row(session: Session, proof: Proof) -> int:
    count = 0
    for findings in _newest_first(session, proof):
        if not any(is_passing(Finding.from_json(one)) for one in findings):
            break
        count += 1
    return count


def _was_gone(session: Session, proof: Proof) -> bool:
    newest = next(iter(_newest_first(session, proof)), [])
    found = [Finding.from_json(one) for one in newest]
    return bool(found) and found[0].check == Check.ALIVE and found[0].ok is False


def _newest_first(session: Session, proof: Proof) -> list[list[dict[str, object]]]:
    rows = session.scalars(
        select(col(ProofCheck.findings))
        .where(col(ProofCheck.proof_id) == proof.id)
        .order_by(col(ProofCheck.number).desc())
        .limit(len(TRY_AGAIN) + 1)
    )
    return list(rows)


def _audit(session: Session, proof: Proof, action: str, now: datetime) -> None:
    detail = {
        "unit": proof.unit_code,
        "duty": proof.duty_id,
        "period": proof.period,
        "by": BY_RULE,
    }
    audit.record(session, audit.PROGRAM, action, f"proof:{proof.id}", detail, now)
