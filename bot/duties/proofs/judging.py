"""Judging what was seen: whose it is, when, about what, and whether it was shown before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties.periods import parse_period
from bot.duties.proofs import traces
from bot.duties.proofs.looking import Seen
from bot.duties.proofs.owners import Owner, owner_of
from bot.duties.proofs.pages import PageKind, is_about
from bot.duties.proofs.phrases import PageWords
from bot.duties.proofs.traces import Used
from bot.duties.proofs.verdict import Check, Finding
from bot.duties.table.tallies import DONE, TOTAL
from models import EvidenceKind, Plan, PlanDuty, Proof, ProofState, StoredFile

FAR_MORE = (
    10  # times the median of what units report: a slip of the finger, or a question
)
LEAST_REPORTS = 3  # fewer have no median worth the name
NEWEST_REPORTS = 200


def judge(
    session: Session,
    proof: Proof,
    seen: Seen,
    like: list[str],
    words: PageWords,
    zone: ZoneInfo,
    now: datetime,
) -> list[Finding]:
    """All findings, in the order in which they were seen. ``like`` are the digests of
    stored pictures that are the proof's picture once more."""
    duty = session.get(PlanDuty, (proof.plan_id, proof.duty_id))
    today = now.astimezone(zone).date()
    findings = list(seen.findings)
    if proof.kind == EvidenceKind.LINK:
        findings += _of_link(session, proof, seen, duty, words, today)
    elif proof.kind == EvidenceKind.NUMBERS:
        findings += _of_numbers(session, proof)
    else:
        findings += _of_file(session, proof, seen, like, zone)
        if duty is None or duty.needs_link:
            findings.append(Finding(Check.LINK_WANTED, None))
    return findings


# --- a page -------------------------------------------------------------------------------


def _of_link(
    session: Session,
    proof: Proof,
    seen: Seen,
    duty: PlanDuty | None,
    words: PageWords,
    today: date,
) -> Iterator[Finding]:
    page = seen.page
    if seen.end and seen.links:
        day = (page and page.published_on) or proof.received_at.date()
        yield _own_host(owner_of(session, proof.unit_code, seen.end, day))
    if page and page.kind == PageKind.ARTICLE:
        yield from _of_date(session, proof, page.published_on, today)
        keywords = duty.keywords if duty else []
        yield Finding(Check.SUBJECT, True if is_about(page, words, keywords) else None)
    links = _believed(session, proof, seen)
    used = traces.same_links(session, proof, links)
    if used:
        yield _used(Check.LINK_USED_BEFORE, proof, used[0])
    elif seen.traces:
        texts = traces.same_texts(session, proof, seen.traces)
        texts = [used for used in texts if not _is_other_channel(proof, used)]
        if texts:
            # news of the province stand on many sites, rightly: a person decides
            yield Finding(Check.TEXT_USED_BEFORE, None, detail=texts[0].to_json())


def _is_other_channel(proof: Proof, used: Used) -> bool:
    """One piece of news on the unit's site and on its OA: each channel is owed."""
    mine = (proof.unit_code, proof.duty_id, proof.period)
    is_same_work = (used.unit_code, used.duty_id, used.period) == mine
    return is_same_work and used.channel != proof.channel


def _own_host(owner: Owner) -> Finding:
    said = {Owner.OWN: True, Owner.FOREIGN: False, Owner.UNKNOWN: None}
    return Finding(Check.OWN_HOST, said[owner])


def _of_date(
    session: Session, proof: Proof, published: date | None, today: date
) -> Iterator[Finding]:
    if published is None:
        yield Finding(Check.DATE_MISSING, None)
        return
    day = {"date": published.isoformat()}
    yield Finding(Check.PUBLISHED_ON, True, detail=day)
    if published > today:
        yield Finding(Check.FUTURE_DATE, None, detail=day)
        return
    plan = session.get(Plan, proof.plan_id)
    if plan and published < plan.valid_from:
        yield Finding(Check.BEFORE_PLAN, False, detail=day)
        return
    period = parse_period(proof.period)
    if published < period.first:
        yield Finding(Check.IN_PERIOD, False, "before", day)
    elif published > period.last:
        # no catching up in the next week, unless a supervisor allows it
        yield Finding(Check.IN_PERIOD, None, "after", day)
    else:
        yield Finding(Check.IN_PERIOD, True)


def _believed(session: Session, proof: Proof, seen: Seen) -> list[str]:
    """The page's addresses, without the one it declares for itself if that is another
    text's: templates that declare one address for all articles exist."""
    if len(seen.links) < 2 or not seen.traces:
        return seen.links
    near = {used.proof_id for used in traces.same_texts(session, proof, seen.traces)}
    for used in traces.same_links(session, proof, seen.links[-1:]):
        has_text = session.scalars(
            select(col(Proof.text_sha256)).where(col(Proof.id) == used.proof_id)
        ).first()
        if has_text and used.proof_id not in near:
            seen.links.pop()
            break
    return seen.links


# --- a file -------------------------------------------------------------------------------


def _of_file(
    session: Session, proof: Proof, seen: Seen, like: list[str], zone: ZoneInfo
) -> Iterator[Finding]:
    same = traces.same_files(session, proof)
    if same:
        yield _used(Check.FILE_USED_BEFORE, proof, same[0])
    elif like:
        shown = traces.proofs_with(session, proof, like)
        if shown:
            yield Finding(Check.PICTURE_USED_BEFORE, None, detail=shown[0].to_json())
    stored = session.get(StoredFile, proof.file_sha256) if proof.file_sha256 else None
    if stored and stored.taken_at:
        day = stored.taken_at.astimezone(zone).date()
        is_inside = day in parse_period(proof.period)
        detail = {"date": day.isoformat()}
        yield Finding(Check.EXIF_DATE, True if is_inside else None, detail=detail)


def _used(check: Check, proof: Proof, used: Used) -> Finding:
    """Once for a duty; another duty may share it if a supervisor says so."""
    if used.duty_id != proof.duty_id:
        return Finding(check, None, "other_duty", used.to_json())
    is_own = used.unit_code == proof.unit_code
    why = "" if is_own else "other_unit"
    return Finding(check, False, why, used.to_json())


# --- numbers ------------------------------------------------------------------------------


def _of_numbers(session: Session, proof: Proof) -> Iterator[Finding]:
    numbers = proof.numbers or {}
    done, total = numbers.get(DONE), numbers.get(TOTAL)
    if done is None:
        return
    if total is not None and done > total:
        detail = {"done": done, "total": total}
        yield Finding(Check.QUANTITY_TOO_HIGH, False, "more_than_all", detail)
        return
    usual = _usual(session, proof)
    if usual is not None and done > FAR_MORE * max(usual, 1):
        detail = {"done": done, "usual": round(usual)}
        yield Finding(Check.QUANTITY_TOO_HIGH, None, "far_more", detail)
        return
    yield Finding(Check.QUANTITY_TOO_HIGH, True)


def _usual(session: Session, proof: Proof) -> float | None:
    """The median of what was accepted for this duty."""
    rows = session.scalars(
        select(col(Proof.numbers))
        .where(
            col(Proof.duty_id) == proof.duty_id,
            col(Proof.kind) == EvidenceKind.NUMBERS,
            col(Proof.state) == ProofState.ACCEPTED,
            col(Proof.id) != proof.id,
        )
        .order_by(col(Proof.id).desc())
        .limit(NEWEST_REPORTS)
    )
    done = [row[DONE] for row in rows if row and DONE in row]
    return median(done) if len(done) >= LEAST_REPORTS else None
