"""Accounts and their tokens: sealed at rest, refreshed once, never used before stored.

A refresh token works exactly once. Two refreshes at the same time would kill the account
(-14014), so among all threads and processes one holds the lease on the account's row
while it asks Zalo; the others wait and read the stored pair again. The new pair is
committed before anybody uses it. No session is open while Zalo is asked.

If the answer to a refresh is lost, the same refresh token is tried once more: either Zalo
never saw the first request, or it says -14014, and then an administrator must consent
again. That is ``token_problem`` on the account, an error in the log, and ``TokenDead`` as
soon as the old access token no longer works.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, or_, select, update

from bot.channel.seal import Sealer
from bot.channel.zalo.answers import TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from models import Account, AccountKind, ApiGeneration

log = structlog.get_logger(__name__)

# Zalo's access token lives 25 h: with 2 h left there is time for an outage and an alarm.
REFRESH_BEFORE = timedelta(hours=2)
REFRESH_TOKEN_LIFE = timedelta(days=90)  # "3 months"
# Two tries of at most 13 s each, and the commit.
REFRESH_LEASE = timedelta(seconds=45)
# A wrong app secret is repaired by a human; asking more often only fills the log.
PROBLEM_PAUSE = timedelta(minutes=10)
# Waiting for another's refresh: longer than its lease, then its holder is dead.
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
STORE_TRIES = 5  # the new pair exists nowhere else: try hard to write it down
KINDS = {2: AccountKind.BUSINESS, 4: AccountKind.GOVERNMENT}
NO_TOKEN = "no_token"  # never connected
_DEAD = "reconsent"  # prefix: only a new consent helps


class TokenDead(Exception):
    """No usable token: an administrator of the account must act."""


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What is stored for one account, opened."""

    access: str | None
    refresh_sealed: str | None  # opened only when it is needed
    expires_at: datetime | None
    lease_until: datetime | None
    problem: str | None

    def works_at(self, now: datetime, refused: str | None) -> bool:
        """Usable for now; a token of unknown age is used until Zalo refuses it."""
        if self.access is None or self.access == refused:
            return False
        return self.expires_at is None or now < self.expires_at

    def is_fresh_at(self, now: datetime, refused: str | None) -> bool:
        if not self.works_at(now, refused):
            return False
        return self.expires_at is None or now < self.expires_at - REFRESH_BEFORE


class Accounts:
    """Tokens of all accounts, for every thread of this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        sealer: Sealer,
        settings: Settings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._sealer = sealer
        self._settings = settings
        self._refreshing = threading.Lock()  # one thread polls, the others queue here

    def valid_token(self, oa_id: str, *, refused: str | None = None) -> str:
        """A token to use now. ``refused`` is one that Zalo just answered -216 or -220 to.

        Raises ``TokenDead``, or ``ZaloError(RETRY)`` when Zalo could not be asked.
        """
        tokens = self._read(oa_id)
        if tokens.access and tokens.is_fresh_at(self._clock.now(), refused):
            return tokens.access
        with self._refreshing:
            return self._renewed(oa_id, refused)

    def refresh_ahead(self) -> dict[str, int]:
        """Renew every token that ends soon, and learn the accounts not known yet, before
        a person has to wait for it; how many accounts were looked at, and how many failed."""
        with self._database.reading() as session:
            rows = session.exec(select(Account.oa_id, Account.kind)).all()
        failed = 0
        for oa_id, kind in rows:
            try:
                if kind == AccountKind.UNKNOWN:
                    self.learn(oa_id)
                else:
                    self.valid_token(oa_id)
            except (TokenDead, ZaloError) as error:
                log.warning("account_not_ready", oa_id=oa_id, problem=str(error))
                failed += 1
        return {"accounts": len(rows), "failed": failed}

    def learn(self, oa_id: str) -> AccountKind:
        """Ask Zalo who this account is; a kind once known keeps what was learned since."""
        info = self._client.account_info(self.valid_token(oa_id))
        kind = KINDS.get(info.oa_type or 0, AccountKind.UNKNOWN)
        with self._database.writing() as session:
            account = session.get_one(Account, oa_id)
            account.name = info.name or account.name
            if kind not in (AccountKind.UNKNOWN, account.kind):
                account.kind = kind
                account.takes_buttons = kind == AccountKind.BUSINESS
                account.api_generation = ApiGeneration.AUTO
        log.info("account_learned", oa_id=oa_id, kind=kind)
        return kind

    def _renewed(self, oa_id: str, refused: str | None) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            tokens, now = self._read(oa_id), self._clock.now()
            if tokens.access and tokens.is_fresh_at(now, refused):
                return tokens.access
            if not _may_refresh(tokens, now):
                if tokens.problem is None and not tokens.works_at(now, refused):
                    log.error("token_problem", oa_id=oa_id, reason=NO_TOKEN)
                    self._end_lease(oa_id, NO_TOKEN)
                return _last_resort(oa_id, tokens, now, refused)
            if self._take_lease(oa_id, now):
                return self._refresh(oa_id, refused)
            time.sleep(POLL_SECONDS)
        raise ZaloError(Action.RETRY, None, "token refresh is still under way")

    def _refresh(self, oa_id: str, refused: str | None) -> str:
        tokens, now = self._read(oa_id), self._clock.now()
        if tokens.access and tokens.is_fresh_at(now, refused):
            self._end_lease(oa_id, None)  # renewed between our reading and our lease
            return tokens.access
        try:
            pair = self._ask_twice(self._sealer.open(tokens.refresh_sealed or ""))
        except ZaloError as error:
            return self._refresh_failed(oa_id, tokens, refused, error)
        except OutcomeUnknown as failure:
            self._end_lease(oa_id, None)
            raise ZaloError(Action.RETRY, None, f"token refresh: {failure}") from None
        self._store(oa_id, pair, now)
        log.info("token_refreshed", oa_id=oa_id, expires_at=now + pair.lives_for)
        return pair.access_token

    def _ask_twice(self, refresh_token: str) -> TokenPair:
        app_id = self._settings.zalo_app_id or ""
        secret = self._settings.secret("zalo_app_secret")
        try:
            return self._client.refresh(refresh_token, app_id, secret)
        except OutcomeUnknown as failure:
            log.warning("token_answer_lost", reason=str(failure))
            return self._client.refresh(refresh_token, app_id, secret)

    def _refresh_failed(
        self, oa_id: str, used: _Tokens, refused: str | None, error: ZaloError
    ) -> str:
        """Zalo said no. Transient: again later. Otherwise alarm, and use what still works."""
        tokens, now = self._read(oa_id), self._clock.now()
        if tokens.access and tokens.refresh_sealed != used.refresh_sealed:
            return tokens.access  # our lease ran out and another one was faster
        if error.action in (Action.RETRY, Action.NEXT_MINUTE) or error.code == -32:
            self._end_lease(oa_id, None)
            raise error
        prefix = _DEAD if error.action == Action.RECONSENT else "refused"
        log.error("token_problem", oa_id=oa_id, code=error.code, reason=error.reason)
        self._end_lease(oa_id, f"{prefix}:{error.code}", now + PROBLEM_PAUSE)
        return _last_resort(oa_id, tokens, now, refused)

    def _store(self, oa_id: str, pair: TokenPair, asked_at: datetime) -> None:
        def write(session: Session) -> None:
            store_tokens(session, oa_id, pair, self._sealer, asked_at)

        for attempt in range(1, STORE_TRIES + 1):
            try:
                with self._database.writing() as session:
                    write(session)
                return
            except OperationalError:
                log.exception("token_not_stored", oa_id=oa_id, attempt=attempt)
                if attempt == STORE_TRIES:
                    raise

    def _take_lease(self, oa_id: str, now: datetime) -> bool:
        with self._database.writing() as session:
            taken = session.exec(
                update(Account)
                .where(
                    col(Account.oa_id) == oa_id,
                    or_(
                        col(Account.refresh_lease_until).is_(None),
                        col(Account.refresh_lease_until) <= now,
                    ),
                )
                .values(refresh_lease_until=now + REFRESH_LEASE)
            )
            return taken.rowcount == 1

    def _end_lease(
        self, oa_id: str, problem: str | None, until: datetime | None = None
    ) -> None:
        with self._database.writing() as session:
            account = session.get_one(Account, oa_id)
            account.refresh_lease_until = until
            account.token_problem = problem or account.token_problem

    def _read(self, oa_id: str) -> _Tokens:
        with self._database.reading() as session:
            account = session.get(Account, oa_id)
        if account is None:
            raise TokenDead(f"account {oa_id} is not connected")
        sealed = account.access_token_sealed
        return _Tokens(
            access=self._sealer.open(sealed) if sealed else None,
            refresh_sealed=account.refresh_token_sealed,
            expires_at=account.access_expires_at,
            lease_until=account.refresh_lease_until,
            problem=account.token_problem,
        )


def ensure_first_account(
    session: Session, settings: Settings, sealer: Sealer, now: datetime
) -> Account | None:
    """The account of ``ZALO_OA_ID``. Its tokens are taken from the environment only while
    the database holds no refresh token: after the first refresh the given ones are dead."""
    if not settings.zalo_oa_id:
        return None
    account = session.get(Account, settings.zalo_oa_id)
    if account is None:
        account = Account(oa_id=settings.zalo_oa_id, created_at=now)
        session.add(account)
    if not account.refresh_token_sealed:
        account.access_token_sealed = _sealed(settings.zalo_access_token, sealer)
        account.refresh_token_sealed = _sealed(settings.zalo_refresh_token, sealer)
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


def _may_refresh(tokens: _Tokens, now: datetime) -> bool:
    """False once Zalo said no: for ever without a new consent, else for a while."""
    if tokens.refresh_sealed is None:
        return False
    if tokens.problem is None:
        return True
    if tokens.problem.startswith(_DEAD):
        return False
    return tokens.lease_until is None or tokens.lease_until <= now


def _last_resort(
    oa_id: str, tokens: _Tokens, now: datetime, refused: str | None
) -> str:
    """The present access token while it lives: a failed refresh is no reason to be mute."""
    if tokens.access and tokens.works_at(now, refused):
        return tokens.access
    raise TokenDead(f"account {oa_id}: {tokens.problem or NO_TOKEN}")


def _sealed(plain: SecretStr | None, sealer: Sealer) -> str | None:
    return sealer.seal(plain.get_secret_value()) if plain else None
