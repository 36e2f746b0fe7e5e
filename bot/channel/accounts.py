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
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, or_, select, update

from bot.channel.seal import Sealer
from bot.channel.tokens import (
    NEEDS_CONSENT,
    NO_TOKEN,
    StoredTokens,
    read_tokens,
    store_tokens,
)
from bot.channel.zalo.answers import AccountInfo, TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from models import Account, AccountKind, ApiGeneration

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

# Two tries of at most 13 s each, and the commit.
REFRESH_LEASE = timedelta(seconds=45)
# A wrong app secret is repaired by a human; asking more often only fills the log.
PROBLEM_PAUSE = timedelta(minutes=10)
# Waiting for another's refresh: longer than its lease, then its holder is dead.
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
# Reading and opening the token costs as much as a quarter of a message; one that another
# process has renewed is known here a second later, or as soon as Zalo refuses the old one.
KEPT_FOR = timedelta(seconds=1)
STORE_TRIES = 5  # the new pair exists nowhere else: try hard to write it down
KINDS = {2: AccountKind.BUSINESS, 4: AccountKind.GOVERNMENT}
# Hears, in the transaction that writes it down, of an account's problem or new pair (None).
TokenNews = Callable[[Session, str, str | None, datetime], None]


def nobody_hears(
    session: Session, oa_id: str, problem: str | None, now: datetime
) -> None:
    """For tools that watch nothing."""


class TokenDead(Exception):
    """No usable token: an administrator of the account must act."""


class Accounts:
    """Tokens of all accounts, for every thread of this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        sealer: Sealer,
        settings: Settings,
        news: TokenNews = nobody_hears,
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._sealer = sealer
        self._settings = settings
        self._news = news
        # of each account: one thread polls, the others queue here
        self._refreshing: dict[str, threading.Lock] = {}
        self._kept: dict[str, tuple[str, datetime]] = {}  # fresh tokens, read when

    def valid_token(self, oa_id: str, *, refused: str | None = None) -> str:
        """A token to use now. ``refused`` is one that Zalo just answered -216 or -220 to.

        Raises ``TokenDead``, or ``ZaloError(RETRY)`` when Zalo could not be asked.
        """
        now = self._clock.now()
        token, read_at = self._kept.get(oa_id, (refused, now))
        if token not in (None, refused) and timedelta() <= now - read_at < KEPT_FOR:
            return token
        tokens = self._read(oa_id)
        if tokens.access and tokens.is_fresh_at(now, refused):
            self._kept[oa_id] = tokens.access, now
            return tokens.access
        with self._refreshing.setdefault(oa_id, threading.Lock()):
            return self._renewed(oa_id, refused)

    def call(
        self, oa_id: str, ask: Callable[[str], Answer], token: str | None = None
    ) -> Answer:
        """What ``ask`` gives with a valid token (or this one); asked once more with a fresh
        one after Zalo refused it, which has surely done nothing.

        Raises what ``valid_token`` and ``ask`` raise.
        """
        token = token or self.valid_token(oa_id)
        try:
            return ask(token)
        except ZaloError as error:
            if error.action != Action.REFRESH_TOKEN:
                raise
        return ask(self.valid_token(oa_id, refused=token))

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
        with self._database.writing() as session:
            account = session.get_one(Account, oa_id)
            note_info(account, info)
        log.info("account_learned", oa_id=oa_id, kind=account.kind)
        return AccountKind(account.kind)

    def _renewed(self, oa_id: str, refused: str | None) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            tokens, now = self._read(oa_id), self._clock.now()
            if tokens.access and tokens.is_fresh_at(now, refused):
                return tokens.access
            if not tokens.may_refresh_at(now):
                if tokens.problem is None and not tokens.works_at(now, refused):
                    self._note_problem(oa_id, tokens, NO_TOKEN, None)
                return _last_resort(oa_id, tokens, now, refused)
            lease = now + REFRESH_LEASE
            if self._take_lease(oa_id, now, lease):
                return self._refresh(oa_id, refused, lease)
            time.sleep(POLL_SECONDS)
        raise ZaloError(Action.RETRY, None, "token refresh is still under way")

    def _refresh(self, oa_id: str, refused: str | None, lease: datetime) -> str:
        tokens, now = self._read(oa_id), self._clock.now()
        if tokens.access and tokens.is_fresh_at(now, refused):
            self._end_lease(oa_id, lease)  # renewed between our reading and our lease
            return tokens.access
        try:
            pair = self._ask_twice(self._sealer.open(tokens.refresh_sealed or ""))
        except ZaloError as error:
            if error.action in (Action.RETRY, Action.NEXT_MINUTE):
                self._end_lease(oa_id, lease)
                raise
            return self._refused(oa_id, tokens, refused, error)
        except OutcomeUnknown as failure:
            self._end_lease(oa_id, lease)
            raise ZaloError(Action.RETRY, None, f"token refresh: {failure}") from None
        access = self._store(oa_id, pair, now, tokens.refresh_sealed)
        log.info("token_refreshed", oa_id=oa_id, expires_at=now + pair.lives_for)
        return access

    def _ask_twice(self, refresh_token: str) -> TokenPair:
        app_id = self._settings.zalo_app_id or ""
        secret = self._settings.secret("zalo_app_secret")
        try:
            return self._client.refresh(refresh_token, app_id, secret)
        except OutcomeUnknown as failure:
            log.warning("token_answer_lost", reason=str(failure))
            return self._client.refresh(refresh_token, app_id, secret)

    def _refused(
        self, oa_id: str, used: StoredTokens, refused: str | None, error: ZaloError
    ) -> str:
        """Zalo said no: alarm, and use what still works."""
        now = self._clock.now()
        prefix = NEEDS_CONSENT if error.action == Action.RECONSENT else "refused"
        problem = f"{prefix}:{error.code}"
        self._note_problem(oa_id, used, problem, now + PROBLEM_PAUSE)
        return _last_resort(oa_id, self._read(oa_id), now, refused)

    def _note_problem(
        self, oa_id: str, used: StoredTokens, problem: str, until: datetime | None
    ) -> None:
        """Write down what Zalo said of the ``used`` pair. Nothing if there is another one
        by now: our lease ran out and somebody was faster, or a person consented anew."""
        now = self._clock.now()
        with self._database.writing() as session:
            account = session.get_one(Account, oa_id, with_for_update=True)
            if account.refresh_token_sealed != used.refresh_sealed:
                return
            account.refresh_lease_until = until
            account.token_problem = problem
            self._news(session, oa_id, problem, now)
        log.error("token_problem", oa_id=oa_id, problem=problem)

    def _store(
        self, oa_id: str, pair: TokenPair, asked_at: datetime, used: str | None
    ) -> str:
        """Write the new pair down, unless an administrator consented anew meanwhile: his
        pair is the newer one. The access token to use from now on."""
        for attempt in range(1, STORE_TRIES + 1):
            try:
                with self._database.writing() as session:
                    account = session.get_one(Account, oa_id, with_for_update=True)
                    if account.refresh_token_sealed != used:
                        return self._sealer.open(account.access_token_sealed or "")
                    store_tokens(session, oa_id, pair, self._sealer, asked_at)
                    self._news(session, oa_id, None, asked_at)
                return pair.access_token
            except OperationalError:
                log.exception("token_not_stored", oa_id=oa_id, attempt=attempt)
                if attempt == STORE_TRIES:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _take_lease(self, oa_id: str, now: datetime, until: datetime) -> bool:
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
                .values(refresh_lease_until=until)
            )
            return taken.rowcount == 1

    def _end_lease(self, oa_id: str, until: datetime) -> None:
        """Only our own: another may hold a new one if we were slow."""
        with self._database.writing() as session:
            session.exec(
                update(Account)
                .where(
                    col(Account.oa_id) == oa_id,
                    col(Account.refresh_lease_until) == until,
                )
                .values(refresh_lease_until=None)
            )

    def _read(self, oa_id: str) -> StoredTokens:
        with self._database.reading() as session:
            tokens = read_tokens(session, oa_id, self._sealer)
        if tokens is None:
            raise TokenDead(f"account {oa_id} is not connected")
        return tokens


def note_info(account: Account, info: AccountInfo) -> None:
    """What Zalo says of an account; another kind than before is learned from the start."""
    kind = KINDS.get(info.oa_type or 0, AccountKind.UNKNOWN)
    account.name = info.name or account.name
    if kind not in (AccountKind.UNKNOWN, account.kind):
        account.kind = kind
        account.takes_buttons = kind == AccountKind.BUSINESS
        account.api_generation = ApiGeneration.AUTO


def _last_resort(
    oa_id: str, tokens: StoredTokens, now: datetime, refused: str | None
) -> str:
    """The present access token while it lives: a failed refresh is no reason to be mute."""
    if tokens.access and tokens.works_at(now, refused):
        return tokens.access
    raise TokenDead(f"account {oa_id}: {tokens.problem or NO_TOKEN}")
