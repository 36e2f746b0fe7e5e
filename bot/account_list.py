"""The connected accounts for an operator: as we know them, and as Zalo sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.zalo.answers import AccountInfo, GroupInfo, MessageQuota
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import ZaloFailure
from bot.db import Database
from models import Account

_UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """What is stored of one account; never a token."""

    id: str
    name: str
    kind: str
    unit: str | None
    api_generation: str
    token_age_seconds: int | None
    access_expires_at: str | None
    refresh_expires_at: str | None
    problem: str | None

    def line(self) -> str:
        age = self.token_age_seconds
        fields = (
            self.id,
            self.name or _UNKNOWN,
            self.kind,
            self.unit or _UNKNOWN,
            f"api {self.api_generation}",
            f"token {_hours(age)}",
            f"access until {self.access_expires_at or _UNKNOWN}",
            f"consent until {self.refresh_expires_at or _UNKNOWN}",
            self.problem or "ok",
        )
        return "\t".join(fields)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Checked:
    """What Zalo said when it was asked; ``problem`` with what it refused or why we failed."""

    id: str
    ok: bool
    problem: str | None = None
    info: AccountInfo | None = None
    quotas: Sequence[MessageQuota] | None = None  # None: Zalo did not tell
    groups: Sequence[GroupInfo] | None = None  # the same

    def line(self) -> str:
        if self.info is None:
            return f"BAD {self.id}: {self.problem}"
        kind = {2: "business", 4: "government"}.get(self.info.oa_type or 0, _UNKNOWN)
        parts = [
            self.info.name,
            kind,
            "verified" if self.info.is_verified else "not verified",
            f"package {self.info.package_name or _UNKNOWN}"
            f" until {self.info.package_ends_on or _UNKNOWN}",
            *self._quota_words(),
        ]
        return f"ok  {self.id}: {', '.join(parts)}"

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def _quota_words(self) -> list[str]:
        if self.quotas is None:
            return ["quota unknown"]
        return [f"quota {q.product} {q.left} of {q.total}" for q in self.quotas]


def account_lines(session: Session, now: datetime) -> list[AccountLine]:
    """All accounts, in the order they were connected."""
    accounts = session.exec(
        select(Account).order_by(col(Account.created_at), col(Account.oa_id))
    )
    return [_line(account, now) for account in accounts]


def ask_zalo(
    database: Database, accounts: Accounts, client: ZaloClient
) -> list[Checked]:
    """Zalo's word on each account. No session is open meanwhile."""
    with database.reading() as session:
        ids = session.exec(select(Account.oa_id).order_by(col(Account.oa_id))).all()
    return [ask_about(oa_id, accounts, client) for oa_id in ids]


def ask_about(oa_id: str, accounts: Accounts, client: ZaloClient) -> Checked:
    """Zalo's word on one account."""
    try:
        info, token = accounts.call(
            oa_id, lambda token: (client.account_info(token), token)
        )
    except (TokenDead, ZaloFailure) as problem:
        return Checked(oa_id, ok=False, problem=str(problem))
    if info.oa_id not in ("", oa_id):
        return Checked(oa_id, ok=False, problem=f"the token is of account {info.oa_id}")
    return Checked(
        oa_id, ok=True, info=info, quotas=_quotas(client, token),
        groups=_groups(client, token),
    )  # fmt: skip


def _quotas(client: ZaloClient, token: str) -> Sequence[MessageQuota] | None:
    """Not every kind of account may ask; that is no failure."""
    try:
        return client.message_quotas(token)
    except ZaloFailure:
        return None


def _groups(client: ZaloClient, token: str) -> Sequence[GroupInfo] | None:
    """Groups need a package of their own; that is no failure."""
    try:
        return client.groups(token)
    except ZaloFailure:
        return None


def _line(account: Account, now: datetime) -> AccountLine:
    refreshed_at = account.refreshed_at
    is_paused = account.paused_until is not None and account.paused_until > now
    age = int((now - refreshed_at).total_seconds()) if refreshed_at else None
    return AccountLine(
        id=account.oa_id,
        name=account.name,
        kind=account.kind,
        unit=account.unit_code,
        api_generation=account.api_generation,
        token_age_seconds=age,
        access_expires_at=_iso(account.access_expires_at),
        refresh_expires_at=_iso(account.refresh_expires_at),
        problem=account.token_problem or (account.pause_reason if is_paused else None),
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _hours(seconds: int | None) -> str:
    return _UNKNOWN if seconds is None else f"{seconds / 3600:.1f} h old"
