"""Campaigns for the command line: lines to read, JSON for other programs.

Ids are strings, times ISO 8601 with offset. No name and no number of a person but the
contact's own number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from bot.outreach.campaigns import lists, results
from bot.outreach.campaigns.lists import DryRun
from bot.outreach.campaigns.verdicts import Verdict
from models import Campaign, CampaignRun, Official

# More would be a file: --recipients FILE.csv
MOST_IN_JSON = 20_000


def all_of(session: Session) -> list[Campaign]:
    """Every campaign, the newest first."""
    return list(session.scalars(select(Campaign).order_by(col(Campaign.id).desc())))


def line_of(session: Session, campaign: Campaign, zone: ZoneInfo) -> str:
    """One line of ``campaign list``."""
    fields = [
        str(campaign.id),
        str(campaign.state),
        str(campaign.kind),
        _local(campaign.starts_at, zone) or "not scheduled",
        campaign.title,
    ]
    found = results.progress(session, campaign)
    if found is not None and found.started_at is not None:
        fields.append(f"{found.sent} of {found.people} sent")
    return "\t".join(fields)


def json_of(session: Session, campaign: Campaign, zone: ZoneInfo) -> dict[str, Any]:
    """Everything of one campaign, its occurrences included."""
    return {
        "id": str(campaign.id),
        "title": campaign.title,
        "kind": str(campaign.kind),
        "state": str(campaign.state),
        "revision": campaign.revision,
        "text": campaign.text,
        "link": campaign.link,
        "asset": (campaign.asset or {}).get("name"),
        "article_id": campaign.article_id or None,
        "topic": campaign.topic or None,
        "audience": campaign.audience,
        "targets": campaign.targets,
        "emergency": campaign.is_emergency,
        "when_closed": str(campaign.when_closed),
        "useful_hours": campaign.useful_hours,
        "spread_minutes": campaign.spread_minutes,
        "starts_at": _local(campaign.starts_at, zone),
        "repeat": str(campaign.repeat),
        "repeat_until": _local(campaign.repeat_until, zone),
        "owner": _official(session, campaign.owner_id),
        "approved_by": _official(session, campaign.approved_by_id),
        "approved_at": _local(campaign.approved_at, zone),
        "dry_run": _dry_run_of_current(session, campaign, zone),
        "runs": [
            progress_json(session, campaign, run, zone)
            for run in results.runs_of(session, campaign)
        ],
    }


def lines_of(session: Session, campaign: Campaign, zone: ZoneInfo) -> Iterator[str]:
    """The same to read."""
    shown = json_of(session, campaign, zone)
    runs, dry = shown.pop("runs"), shown.pop("dry_run")
    for name, value in shown.items():
        if value not in (None, "", [], {}, False):
            yield f"{name}: {value}"
    if dry is not None:
        yield f"list: {dry['people']} people, {dry['counts']}, {dry['price_vnd']} VND"
        yield f"list_sha256: {dry['list_sha256']}"
    for run in runs:
        yield f"run {run['run']}: " + ", ".join(
            f"{name} {run[name]}"
            for name in ("people", "sent", "delivered", "seen", "held", "waiting")
        )
        if run["failed"] or run["left_out"]:
            yield f"  not reached: {run['failed'] | run['left_out']}"


def progress_json(
    session: Session, campaign: Campaign, run: CampaignRun, zone: ZoneInfo
) -> dict[str, Any]:
    found = results.progress(session, campaign, run)
    assert found is not None  # there is a run
    shown = found.to_json()
    shown["campaign_id"] = str(found.campaign_id)
    shown["started_at"] = _local(found.started_at, zone)
    shown["ended_at"] = _local(found.ended_at, zone)
    for one in shown["broadcasts"]:
        one["ended_at"] = _local(one["ended_at"], zone)
    return shown


def dry_run_json(dry_run: DryRun, zone: ZoneInfo) -> dict[str, Any]:
    shown = asdict(dry_run)
    shown["campaign_id"] = str(dry_run.campaign_id)
    shown["planned_at"] = _local(dry_run.planned_at, zone)
    return shown


def dry_run_lines(dry_run: DryRun, zone: ZoneInfo) -> Iterator[str]:
    wait = " (outside the hours until then)" if dry_run.waits_for_hours else ""
    yield f"begins\t{_local(dry_run.planned_at, zone)}{wait}"
    yield f"people\t{dry_run.people}"
    for verdict, count in sorted(dry_run.counts.items()):
        yield f"  {verdict}\t{count}"
    yield f"price\t{dry_run.price_vnd} VND"
    yield f"list\t{dry_run.list_sha256}"


def recipients_json(
    session: Session, run: CampaignRun, price_vnd: int
) -> Iterator[dict[str, Any]]:
    """Verdict and price of everybody on the list; those dealt with, how."""
    for contact_id, verdict, fate in lists.recipients(session, run):
        yield {
            "contact": str(contact_id),
            "verdict": verdict.value,
            "price_vnd": price_vnd if verdict == Verdict.PAID else 0,
            "fate": fate.value if fate else None,
        }


def changes_json(session: Session, run: CampaignRun) -> Iterator[dict[str, str]]:
    """Who was dealt with in another way than the list showed."""
    for contact_id, shown, fate in lists.changes(session, run):
        yield {"contact": str(contact_id), "shown": shown, "fate": fate}


def _dry_run_of_current(
    session: Session, campaign: Campaign, zone: ZoneInfo
) -> dict[str, Any] | None:
    run = lists.current(session, campaign)
    return dry_run_json(lists.dry_run_of(campaign, run), zone) if run else None


def _official(session: Session, number: int | None) -> str | None:
    official = session.get(Official, number) if number else None
    return official.pseudonym if official else None


def _local(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).isoformat() if at else None
