"""Connecting an account: from a permission link to stored tokens.

``oa connect`` prints a link that lives half an hour and works once. An administrator of
the account opens it, Zalo asks him, and sends him back to our callback with a code, which
is exchanged for the first pair of tokens. PKCE: the code is worth nothing without the
verifier, which never leaves this program but to Zalo's token endpoint.

* The link is used up in a transaction before Zalo is asked, so of two callbacks at once
  one goes on. It is given back when Zalo could not be asked: loading the page again helps.
* Any number of accounts of one app are connected like this, and an account again after
  its consent has ended.
* State, code, verifier and tokens are never logged, printed or part of an error.

https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
(read through mirrors, 2026-09).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

import structlog
from sqlmodel import Session, col, select, update

from bot.channel.accounts import note_info
from bot.channel.outbox import Reason, is_open
from bot.channel.seal import Sealer
from bot.channel.tokens import store_tokens
from bot.channel.zalo.answers import AccountInfo, TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError, ZaloFailure
from bot.clock import Clock
from bot.db import Database
from bot.errors import OperatorError
from bot.people import units
from bot.settings import Settings
from bot.watching.tokens import note_token_news
from models import Account, AccountKind, ConsentRequest, MessageStatus, OutboxMessage

log = structlog.get_logger(__name__)

LINK_LIFE = timedelta(minutes=30)  # to send it to a colleague who holds the account
CALLBACK_PATH = "/zalo/oauth/callback"
# 32 random bytes are 43 characters of base64url: what Zalo asks a verifier to be.
RANDOM_BYTES = 32
_ACCOUNT_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_TRANSIENT = (Action.RETRY, Action.RETRY_CAREFULLY, Action.NEXT_MINUTE)


class Refusal(StrEnum):
    """Why a callback did not connect; sentences: ``dashboard/templates/consent.html``."""

    UNKNOWN_LINK = "unknown_link"
    LINK_EXPIRED = "link_expired"
    LINK_USED = "link_used"  # and nothing was connected by it
    NO_CODE = "no_code"
    ANOTHER_ACCOUNT = "another_account"
    ZALO_REFUSED = "zalo_refused"
    UNAVAILABLE = "unavailable"  # load the page again


class NotConnected(Exception):
    """``code`` is Zalo's, where Zalo refused."""

    def __init__(self, reason: Refusal, code: int | None = None) -> None:
        super().__init__(f"{reason}: {code}")
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Connected:
    """What the administrator sees. ``name`` is empty while Zalo has not told it."""

    oa_id: str
    name: str
    kind: AccountKind
    unit_name: str | None
    is_repeated: bool = False  # this link had connected it before


@dataclass(frozen=True, slots=True)
class _Taken:
    """A link in our hands."""

    id: int
    verifier: str
    unit_code: str | None


@dataclass(frozen=True, slots=True)
class Connecting:
    """Both ends of a consent: the link, and what Zalo sends back."""

    database: Database
    clock: Clock
    client: ZaloClient
    sealer: Sealer
    settings: Settings

    @property
    def callback_url(self) -> str:
        """To be saved in the console, letter by letter, as Official Account Callback Url."""
        return self.settings.base_url + CALLBACK_PATH

    def link(self, unit_code: str | None = None) -> str:
        """A new permission link; the account will speak for this unit, if one is given."""
        now = self.clock.now()
        fixed = self.settings.zalo_code_verifier
        verifier = fixed.get_secret_value() if fixed else ""
        verifier = verifier or secrets.token_urlsafe(RANDOM_BYTES)
        state = secrets.token_urlsafe(RANDOM_BYTES)
        with self.database.writing() as session:
            _require_unit(session, unit_code, now)
            session.add(
                ConsentRequest(
                    state_sha256=_digest(state),
                    verifier_sealed=self.sealer.seal(verifier),
                    created_at=now,
                    expires_at=now + LINK_LIFE,
                    unit_code=unit_code,
                )
            )
        asked = {
            "app_id": self.settings.zalo_app_id or "",
            "redirect_uri": self.callback_url,
            "code_challenge": challenge_of(verifier),
            "state": state,
        }
        host = self.settings.zalo_oauth_url.rstrip("/")
        return f"{host}/v4/oa/permission?{urlencode(asked)}"

    def accept(self, state: str, code: str, oa_id: str) -> Connected:
        """Connect the account of this callback; raises ``NotConnected``."""
        taken = self._take(state, has_code=bool(code and _ACCOUNT_ID.fullmatch(oa_id)))
        if isinstance(taken, Connected):
            return taken
        try:
            pair, info = self._ask(code, taken.verifier)
            if info is not None and info.oa_id not in ("", oa_id):
                raise NotConnected(Refusal.ANOTHER_ACCOUNT)
        except NotConnected as refused:
            log.warning("account_not_connected", reason=refused.reason,
                        code=refused.code)  # fmt: skip
            if refused.reason == Refusal.UNAVAILABLE:
                self._give_back(taken)
            raise
        return self._store(taken, oa_id, pair, info)

    def _take(self, state: str, *, has_code: bool) -> _Taken | Connected:
        now = self.clock.now()
        with self.database.writing() as session:
            row = session.exec(
                select(ConsentRequest)
                .where(ConsentRequest.state_sha256 == _digest(state))
                .with_for_update()
            ).first()
            if row is None:
                raise NotConnected(Refusal.UNKNOWN_LINK)
            if row.oa_id is not None:
                return _connected(session, row.oa_id, is_repeated=True)
            if row.used_at is not None:
                raise NotConnected(Refusal.LINK_USED)
            if row.expires_at <= now:
                raise NotConnected(Refusal.LINK_EXPIRED)
            if not has_code:
                raise NotConnected(Refusal.NO_CODE)
            row.used_at = now
            session.add(row)
        verifier = self.sealer.open(row.verifier_sealed)
        return _Taken(row.id or 0, verifier, row.unit_code)

    def _give_back(self, taken: _Taken) -> None:
        with self.database.writing() as session:
            session.exec(
                update(ConsentRequest)
                .where(col(ConsentRequest.id) == taken.id)
                .values(used_at=None)
            )

    def _ask(self, code: str, verifier: str) -> tuple[TokenPair, AccountInfo | None]:
        """The first pair, and who it is for; a pair is never lost for want of a name."""
        app_id = self.settings.zalo_app_id or ""
        secret = self.settings.secret("zalo_app_secret")
        try:
            pair = self.client.exchange_code(code, app_id, secret, verifier)
        except OutcomeUnknown:
            # if the code was used up by it, Zalo says so (-14005) the next time
            raise NotConnected(Refusal.UNAVAILABLE) from None
        except ZaloError as error:
            is_transient = error.action in _TRANSIENT
            reason = Refusal.UNAVAILABLE if is_transient else Refusal.ZALO_REFUSED
            raise NotConnected(reason, error.code) from None
        try:
            return pair, self.client.account_info(pair.access_token)
        except ZaloFailure as failure:
            log.warning("account_not_learned", problem=str(failure))
            return pair, None

    def _store(
        self, taken: _Taken, oa_id: str, pair: TokenPair, info: AccountInfo | None
    ) -> Connected:
        now = self.clock.now()
        with self.database.writing() as session:
            account = store_account(session, oa_id, pair, info, self.sealer, now)
            account.unit_code = taken.unit_code or account.unit_code
            note_token_news(session, oa_id, None, now)
            _release_held(session, oa_id, now)
            session.exec(
                update(ConsentRequest)
                .where(col(ConsentRequest.id) == taken.id)
                .values(oa_id=oa_id, verifier_sealed="")
            )
            connected = _connected(session, oa_id)
        log.info("account_connected", oa_id=oa_id, kind=connected.kind,
                 has_unit=connected.unit_name is not None)  # fmt: skip
        return connected


def store_account(
    session: Session,
    oa_id: str,
    pair: TokenPair,
    info: AccountInfo | None,
    sealer: Sealer,
    now: datetime,
) -> Account:
    """A consented account with its pair, what Zalo says of it, and the commune that its
    name names; what was known of it stays. It may send at once, whatever paused it."""
    account = session.get(Account, oa_id) or Account(oa_id=oa_id, created_at=now)
    if info is not None:
        note_info(account, info)
    if account.unit_code is None:
        unit = units.commune_named_in(session, account.name, now.date())
        account.unit_code = unit.code if unit else None
    account.paused_until = None
    account.pause_reason = None
    session.add(account)
    session.flush()
    store_tokens(session, oa_id, pair, sealer, now)
    return account


def _release_held(session: Session, oa_id: str, now: datetime) -> None:
    """What waited for somebody to consent leaves now, in the order it was written."""
    session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.oa_id) == oa_id,
            is_open(OutboxMessage),
            col(OutboxMessage.status) == MessageStatus.WAITING,
            col(OutboxMessage.reason).in_((Reason.TOKEN_DEAD, Reason.ACCOUNT_PROBLEM)),
        )
        .values(due_at=now, reason=None)
    )


def challenge_of(verifier: str) -> str:
    """S256 of PKCE: base64url without padding of the raw SHA-256 digest."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _require_unit(session: Session, code: str | None, now: datetime) -> None:
    if code is None:
        return
    unit = units.by_code(session, code)
    if unit is None or not units.is_in_force(unit, now.date()):
        raise OperatorError(f"--unit {code}: no unit in force has this code")


def _connected(session: Session, oa_id: str, *, is_repeated: bool = False) -> Connected:
    account = session.get_one(Account, oa_id)
    unit = units.by_code(session, account.unit_code) if account.unit_code else None
    return Connected(
        oa_id=oa_id,
        name=account.name,
        kind=AccountKind(account.kind),
        unit_name=unit.name if unit else None,
        is_repeated=is_repeated,
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
