"""A campaign is written down, changed, or copied; nothing leaves by that.

A change of what is said, to whom or when makes the next revision: it is a draft again, a
list made for the one before is of no use, and an approval is gone. Who asked for the change
is in the audit log. Functions take a session and never commit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.channel.assets import Asset, AssetError, AssetKind, keep_asset
from bot.channel.zalo.messages import nfc
from bot.errors import OperatorError
from bot.files import Files
from bot.outreach.campaigns.audience import Audience, audience_from
from bot.outreach.campaigns.files import CampaignFile
from bot.outreach.campaigns.flaws import SENTENCES, Flaw, Shape, flaw_of, message_text
from bot.people import audit, units
from models import (
    Account,
    Campaign,
    CampaignKind,
    CampaignState,
    Official,
    Repeat,
    WhenClosed,
)

CHANGEABLE = (
    CampaignState.DRAFT,
    CampaignState.WAITING_APPROVAL,
    CampaignState.APPROVED,
)


class CampaignError(OperatorError):
    """It cannot be done; the text tells an operator why, ``code`` picks the sentence that
    an official reads (``campaign_refusal.…``)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class FlawedCampaign(CampaignError):
    """What was written does not fit together."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value, ": ".join(SENTENCES[flaw]))
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Wish:
    """All that somebody decides about a campaign."""

    title: str
    kind: CampaignKind = CampaignKind.MESSAGE
    text: str = ""
    link: str = ""
    asset: Asset | None = None
    article_id: str = ""
    topic: str = ""
    audience: Audience = field(default_factory=Audience)
    targets: dict[str, list[int]] = field(default_factory=dict)
    is_emergency: bool = False
    when_closed: WhenClosed = WhenClosed.PARK
    useful_hours: int = 72
    spread_minutes: int = 0
    starts_at: datetime | None = None
    repeat: Repeat = Repeat.NEVER
    repeat_until: datetime | None = None

    def require_whole(self) -> None:
        """``FlawedCampaign`` if its parts do not fit together."""
        flaw = flaw_of(
            Shape(
                title=self.title.strip(),
                kind=self.kind,
                message=message_text(self.text, self.link),
                has_asset=self.asset is not None,
                article_id=self.article_id,
                has_targets=bool(self.targets),
                is_emergency=self.is_emergency,
                starts_at=self.starts_at,
                repeat=self.repeat,
                repeat_until=self.repeat_until,
                known_days_min=self.audience.known_days_min,
                known_days_max=self.audience.known_days_max,
            )
        )
        if flaw is not None:
            raise FlawedCampaign(flaw)


def wish_of_file(
    session: Session, file: CampaignFile, files: Files, today: date
) -> Wish:
    """The file with its units and accounts looked up, its picture or document kept."""
    _require_accounts(session, file)
    audience = Audience(
        accounts=file.accounts,
        communes=_commune_codes(session, file, today),
        languages=file.languages,
        tags=file.tags,
        people=file.people,
        followers=file.followers,
        known_days_min=file.known_days_min,
        known_days_max=file.known_days_max,
        windows=file.windows,
    )
    return Wish(
        title=file.title,
        kind=file.kind,
        text=file.text,
        link=file.link,
        asset=_asset_of(file, files),
        article_id=file.article_id,
        topic=file.topic,
        audience=audience,
        targets=file.targets,
        is_emergency=file.is_emergency,
        when_closed=file.when_closed,
        useful_hours=file.useful_hours,
        spread_minutes=file.spread_minutes,
        starts_at=file.starts_at,
        repeat=file.repeat,
        repeat_until=file.repeat_until,
    )


def wish_of(campaign: Campaign) -> Wish:
    """What a campaign says now, to be changed and given to ``edit``."""
    return Wish(
        title=campaign.title,
        kind=CampaignKind(campaign.kind),
        text=campaign.text,
        link=campaign.link,
        asset=asset_of(campaign),
        article_id=campaign.article_id,
        topic=campaign.topic,
        audience=audience_from(campaign.audience),
        targets=dict(campaign.targets),
        is_emergency=campaign.is_emergency,
        when_closed=WhenClosed(campaign.when_closed),
        useful_hours=campaign.useful_hours,
        spread_minutes=campaign.spread_minutes,
        starts_at=campaign.starts_at,
        repeat=Repeat(campaign.repeat),
        repeat_until=campaign.repeat_until,
    )


def asset_of(campaign: Campaign) -> Asset | None:
    stored = campaign.asset
    if not stored or "digest" not in stored:  # none, or not fetched yet
        return None
    return Asset(**stored | {"kind": AssetKind(stored["kind"])})


def create(
    session: Session,
    wish: Wish,
    owner: Official | None,
    now: datetime,
    by: str | None = None,
) -> Campaign:
    """A draft. ``by`` goes into the audit log, where that is not the owner."""
    wish.require_whole()
    campaign = Campaign(
        title=wish.title,
        owner_id=owner.id if owner else None,
        created_at=now,
        changed_at=now,
    )
    _take_over(campaign, wish)
    session.add(campaign)
    session.flush()
    actor = by or (owner.pseudonym if owner else audit.OPERATOR)
    record(session, campaign, actor, "created", now)
    return campaign


def edit(
    session: Session, campaign: Campaign, wish: Wish, by: str, now: datetime
) -> None:
    """The next revision, a draft again; ``CampaignError`` once it has begun."""
    wish.require_whole()
    if campaign.state not in CHANGEABLE:
        raise CampaignError(
            "not_changeable", f"campaign {campaign.id} is {campaign.state}: copy it"
        )
    _take_over(campaign, wish)
    campaign.revision += 1
    campaign.changed_at = now
    back_to_draft(campaign)
    session.add(campaign)
    record(session, campaign, by, "edited", now, revision=campaign.revision)


def copy(
    session: Session, campaign: Campaign, owner: Official, now: datetime
) -> Campaign:
    """A draft that says the same, without a time."""
    wish = replace(
        wish_of(campaign), starts_at=None, repeat=Repeat.NEVER, repeat_until=None
    )
    return create(session, wish, owner, now)


def back_to_draft(campaign: Campaign) -> None:
    """Nobody has approved it, and nobody was asked."""
    campaign.state = CampaignState.DRAFT
    campaign.approved_by_id = None
    campaign.approved_at = None
    campaign.told_at = None


def find(session: Session, campaign_id: str | int) -> Campaign:
    """``CampaignError`` when there is none of this number."""
    written = str(campaign_id)
    number = int(written) if written.isdecimal() and len(written) < 10 else 0
    campaign = session.get(Campaign, number)
    if campaign is None:
        raise CampaignError("unknown", f"no campaign {written!r}")
    return campaign


def record(
    session: Session,
    campaign: Campaign,
    by: str,
    what: str,
    now: datetime,
    **detail: Any,
) -> None:
    """One entry of the audit log about this campaign."""
    subject = f"campaign:{campaign.id}"
    audit.record(session, by, f"campaign.{what}", subject, detail, now)


def _take_over(campaign: Campaign, wish: Wish) -> None:
    for name in (
        "kind", "article_id", "topic", "targets", "is_emergency", "when_closed",
        "useful_hours", "spread_minutes", "starts_at", "repeat", "repeat_until",
    ):  # fmt: skip
        setattr(campaign, name, getattr(wish, name))
    campaign.title = nfc(wish.title).strip()
    campaign.text = nfc(wish.text).strip()
    campaign.link = wish.link
    campaign.asset = asdict(wish.asset) if wish.asset else None
    campaign.audience = wish.audience.to_json()
    campaign.first_at = wish.starts_at


def _require_accounts(session: Session, file: CampaignFile) -> None:
    for oa_id in file.accounts:
        if session.get(Account, oa_id) is None:
            known = ", ".join(session.exec(select(Account.oa_id)).all()) or "none"
            raise file.error("audience.accounts", f"{oa_id} is not one of {known}")
    if file.kind == CampaignKind.BROADCAST and len(file.accounts) != 1:
        connected = session.exec(select(Account.oa_id).order_by(col(Account.oa_id)))
        if len(connected.all()) != 1:
            raise file.error(
                "audience.accounts", "an article is of one account: name that one"
            )


def _commune_codes(
    session: Session, file: CampaignFile, today: date
) -> tuple[str, ...]:
    codes = []
    for written in file.communes:
        found = units.named(session, written, today)
        if len(found) != 1:
            reason = units.unknown(session, written, today)
            raise file.error("audience.communes", reason)
        codes.append(found[0].code)
    return tuple(dict.fromkeys(codes))


def _asset_of(file: CampaignFile, files: Files) -> Asset | None:
    path = file.picture or file.document
    if path is None:
        return None
    key = "picture" if file.picture else "file"
    try:
        asset = keep_asset(files, path.read_bytes(), path.name)
    except AssetError as error:
        raise file.error(key, f"Zalo does not take {path.name}: {error}") from error
    if (asset.kind == AssetKind.FILE) != (key == "file"):
        raise file.error(key, f"{path.name} is a {asset.kind}")
    return asset
