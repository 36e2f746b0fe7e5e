"""An account's tokens as they are stored: sealed, with what Zalo last said of them.

Functions take a session and never commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlmodel import Session

from bot.channel.seal import Sealer
from bot.channel.zalo.answers import TokenPair
from bot.settings import Settings
from models import Account

ACCESS_TOKEN_LIFE = timedelta(hours=25)
# With 2 h left there is time for an outage and an alarm.
REFRESH_BEFORE = timedelta(hours=2)
REFRESH_TOKEN_LIFE = timedelta(days=90)  # "3 months"
NO_TOKEN = "no_token"  # never connected
NEEDS_CONSENT = "reconsent"  # prefix of a problem; "refused" is the other one


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """What is stored for one account; ``access`` is opened."""

    access: str | None
    refresh_sealed: str | None  # opened only when it is needed
    expires_at: datetime | None
    lease_until: datetime | None
    problem: str | None

    def works_at(self, now: datetime, refused: str | None) -> bool:
        """Usable for now, as far as we know: Zalo may refuse it earlier."""
        if self.access is None or self.access == refused:
            return False
        return self.expires_at is None or now < self.expires_at

    def is_fresh_at(self, now: datetime, refused: str | None) -> bool:
        if not self.works_at(now, refused):
            return False
        return self.expires_at is None or now < self.expires_at - REFRESH_BEFORE

    def may_refresh_at(self, now: datetime) -> bool:
        """False once Zalo said no: for ever without a new consent, else for a while."""
        if self.refresh_sealed is None:
            return False
        if self.problem is None:
            return True
        if is_dead(self.problem):
            return False
        return self.lease_until is None or self.lease_until <= now


def read_tokens(session: Session, oa_id: str, sealer: Sealer) -> StoredTokens | None:
    """None for an account that is not ours."""
    account = session.get(Account, oa_id)
    if account is None:
        return None
    sealed = account.access_token_sealed
    return StoredTokens(
        access=sealer.open(sealed) if sealed else None,
        refresh_sealed=account.refresh_token_sealed,
        expires_at=account.access_expires_at,
        lease_until=account.refresh_lease_until,
        problem=account.token_problem,
    )


def ensure_first_account(
    session: Session, settings: Settings, sealer: Sealer, now: datetime
) -> Account | None:
    """The account of ``ZALO_OA_ID``. Its tokens are taken from the environment only while
    the database holds no refresh token: after the first refresh the given ones are dead.
    Their age is unknown, so their ends are the latest possible ones."""
    if not settings.zalo_oa_id:
        return None
    account = session.get(Account, settings.zalo_oa_id)
    if account is None:
        account = Account(oa_id=settings.zalo_oa_id, created_at=now)
        session.add(account)
    if not account.refresh_token_sealed:
        account.access_token_sealed = _sealed(settings.zalo_access_token, sealer)
        account.refresh_token_sealed = _sealed(settings.zalo_refresh_token, sealer)
        account.access_expires_at = now + ACCESS_TOKEN_LIFE
        account.refresh_expires_at = now + REFRESH_TOKEN_LIFE
        account.token_problem = None
    return account


def store_tokens(
    session: Session, oa_id: str, pair: TokenPair, sealer: Sealer, asked_at: datetime
) -> None:
    """Write a new pair; lives are counted from before the question, to be careful."""
    account = session.get_one(Account, oa_id)
    account.access_token_sealed = sealer.seal(pair.access_token)
    account.refresh_token_sealed = sealer.seal(pair.refresh_token)
    account.access_expires_at = asked_at + pair.lives_for
    account.refresh_expires_at = asked_at + REFRESH_TOKEN_LIFE
    account.refreshed_at = asked_at
    account.refresh_lease_until = None
    account.token_problem = None


def is_dead(problem: str) -> bool:
    """True when nothing but a new consent helps against this ``token_problem``."""
    return problem == NO_TOKEN or problem.startswith(NEEDS_CONSENT)


def _sealed(plain: SecretStr | None, sealer: Sealer) -> str | None:
    return sealer.seal(plain.get_secret_value()) if plain else None
