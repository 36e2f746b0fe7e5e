"""The picture or file of a campaign that was composed in the chat: Zalo's link becomes ours.

Zalo's links end after a while, and no session may be open during a call, so the dialog
only writes the link down and this fetches it within seconds, while the next questions are
answered. What is too big for a message (phones make such) is made smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import structlog
from PIL import Image, ImageOps
from sqlalchemy import Text, cast, select
from sqlmodel import Session, col

from bot.channel.assets import Asset, AssetError, keep_asset
from bot.channel.zalo.messages import IMAGE_BYTES_LIMIT
from bot.clock import Clock
from bot.db import Database
from bot.files import Files, FileType, type_of
from models import Campaign, CampaignState

log = structlog.get_logger(__name__)

MOST_TRIES = 5
FIRST_PAUSE = timedelta(seconds=5)
LOOKED_FOR = timedelta(days=1)  # then Zalo's link is gone
LONGEST_SIDE = 2048  # pixels; more no phone shows
QUALITIES = (85, 75, 60, 45)
URL, TRIES, DUE, PROBLEM, NAME = "url", "tries", "due", "problem", "name"
LONGEST_NAME = 100


def pending(url: str, name: str = "") -> dict[str, Any]:
    """What stands in ``Campaign.asset`` until the picture, or the file of this name, is
    here."""
    return {URL: url, TRIES: 0, NAME: name[:LONGEST_NAME]}


def is_pending(campaign: Campaign) -> bool:
    return bool(campaign.asset and URL in campaign.asset)


def is_lost(campaign: Campaign) -> bool:
    """It could not be fetched, or Zalo would not take it."""
    return bool(campaign.asset and PROBLEM in campaign.asset)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Built once a worker; ``fetch`` gives the bytes behind a link of Zalo's, or None."""

    database: Database
    clock: Clock
    files: Files
    fetch: Callable[[str], bytes | None]

    def run_once(self) -> bool:
        """Fetch one; True when there was one."""
        now = self.clock.now()
        with self.database.reading() as session:
            found = _next_due(session, now)
            if found is None:
                return False
            number, wanted = found.id or 0, dict(found.asset or {})
        with self.database.writing() as session:
            if not _replace(session, number, wanted, _tried(wanted, now)):
                return True
        wanted = _tried(wanted, now)
        made = self._asset(wanted[URL], wanted.get(NAME, ""))
        if made is None and wanted[TRIES] < MOST_TRIES:
            return True
        final = asdict(made) if made else {PROBLEM: "picture_lost"}
        with self.database.writing() as session:
            _replace(session, number, wanted, final)
        log.info("campaign_picture", campaign=number, kept=made is not None)
        return True

    def _asset(self, url: str, name: str) -> Asset | None:
        content = self.fetch(url)
        if content is None:
            return None
        try:
            return keep_asset(self.files, fitting(content), name)
        except (AssetError, OSError):
            log.warning("campaign_picture_refused")
            return None


def fitting(content: bytes) -> bytes:
    """The picture as Zalo takes it: a photo of a phone is made smaller, all else stays."""
    is_photo = type_of(content) in (FileType.PNG, FileType.JPEG, FileType.WEBP)
    if not is_photo or (
        len(content) <= IMAGE_BYTES_LIMIT and type_of(content) != FileType.WEBP
    ):
        return content
    picture = ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    made = b""
    for quality in QUALITIES:
        target = BytesIO()
        picture.save(target, "JPEG", quality=quality, optimize=True)
        made = target.getvalue()
        if len(made) <= IMAGE_BYTES_LIMIT:
            break
    return made


def _next_due(session: Session, now: datetime) -> Campaign | None:
    """Asked every second: of the drafts only those whose picture is still to come."""
    waiting = cast(col(Campaign.asset), Text).contains(f'"{URL}"')
    numbers = session.scalars(
        select(col(Campaign.id))
        .where(
            col(Campaign.state) == CampaignState.DRAFT,
            col(Campaign.changed_at) > now - LOOKED_FOR,
            waiting,
        )
        .order_by(col(Campaign.id))
    ).all()
    found = (session.get_one(Campaign, number) for number in numbers)
    return next((one for one in found if is_pending(one) and _is_due(one, now)), None)


def _is_due(campaign: Campaign, now: datetime) -> bool:
    due = (campaign.asset or {}).get(DUE)
    return due is None or datetime.fromisoformat(due) <= now


def _tried(wanted: dict[str, Any], now: datetime) -> dict[str, Any]:
    """One try more; the next one later, so that a second worker leaves it alone."""
    tries = wanted[TRIES] + 1
    due = now + FIRST_PAUSE * 2**tries
    return {**wanted, TRIES: tries, DUE: due.isoformat()}


def _replace(
    session: Session, number: int, before: dict[str, Any], after: dict[str, Any]
) -> bool:
    """False when somebody else was quicker, or another picture was chosen."""
    campaign = session.scalars(
        select(Campaign).where(col(Campaign.id) == number).with_for_update()
    ).one_or_none()
    if campaign is None or campaign.asset != before:
        return False
    campaign.asset = after
    session.add(campaign)
    return True
