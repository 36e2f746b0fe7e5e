"""One claimed message on its way to Zalo: the calls; what a refusal means: ``verdicts``.

Within one delivery a call is repeated only after an answer that says "not sent, but so it
would work", and each such adjustment is made once: another token (-216, -220), without the
quoted message, without buttons, with a fresh upload (-100, -238, -241). No session is open
during a call.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.assets import AssetKind
from bot.channel.by_phone import tracking_id
from bot.channel.claiming import ClaimedMessage
from bot.channel.money import FREE_QUOTAS
from bot.channel.outbox import Reason
from bot.channel.outcomes import Outcome
from bot.channel.pace import Pace, next_minute
from bot.channel.uploads import Uploads, UploadUnderWay
from bot.channel.verdicts import Verdicts
from bot.channel.zalo.answers import SentMessage
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import (
    Action,
    Call,
    OutcomeUnknown,
    ZaloError,
    ZaloFailure,
)
from bot.channel.zalo.messages import Button
from bot.clock import Clock
from models import ApiGeneration, MessageStatus

log = structlog.get_logger(__name__)

# Two endpoints of at most 13 s each: a call must not outlive its lease.
LONGEST_SEND = timedelta(seconds=26)
# An upload is one more call, of a few megabytes.
LONGEST_UPLOAD = timedelta(seconds=20)
KIND_UNSUPPORTED_CODE = -233
BAD_FIELD_CODE = -201


@dataclass(slots=True)
class _Try:
    """The message as it is sent next, and what was learned so far."""

    token: str
    generation: ApiGeneration
    quote_message_id: str | None
    buttons: tuple[Button, ...]
    handle: str | None = None  # of the asset at Zalo
    uploads: int = 0
    adjusted: set[Action] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    learned: ApiGeneration | None = None
    refuses_buttons: bool = False


class Delivery:
    """One object serves all threads."""

    def __init__(
        self,
        client: ZaloClient,
        accounts: Accounts,
        clock: Clock,
        rng: random.Random,
        pace: Pace,
        uploads: Uploads,
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._clock = clock
        self._verdicts = Verdicts(clock, rng)
        self._pace = pace
        self._uploads = uploads

    def deliver(self, message: ClaimedMessage) -> Outcome:
        """Send it; never raises for anything that Zalo or the network can do."""
        try:
            token = self._accounts.valid_token(message.oa_id)
        except TokenDead:
            return self._verdicts.paused(Reason.TOKEN_DEAD)
        except ZaloError as error:
            return self._after_error(message, error)
        attempt = _Try(
            token=token,
            generation=message.api_generation,
            quote_message_id=message.message.quote_message_id,
            buttons=message.message.buttons if message.takes_buttons else (),
        )
        outcome = self._send(message, attempt)
        # one call was taken for the message; more, or none, are settled now
        self._pace.settle(message.oa_id, 1 - attempt.uploads - len(attempt.calls))
        return _with_lessons(outcome, attempt)

    def _send(self, message: ClaimedMessage, attempt: _Try) -> Outcome:
        try:
            sent = self._send_adjusting(message, attempt)
        except TokenDead:
            return self._verdicts.paused(Reason.TOKEN_DEAD)
        except UploadUnderWay:
            return self._verdicts.soon()
        except FileNotFoundError:
            log.error("asset_missing", id=message.id)
            return Outcome(MessageStatus.REFUSED, Reason.FILE_MISSING)
        except ValueError as error:
            log.error("message_invalid", id=message.id, problem=str(error))
            return Outcome(MessageStatus.REFUSED, Reason.BAD_REQUEST)
        except OutcomeUnknown:
            return self._verdicts.look_again(Reason.OUTCOME_UNKNOWN)
        except ZaloError as error:
            return self._after_error(message, error)
        self._pace.note_header(sent.rate_limit, sent.rate_left)
        return Outcome(
            MessageStatus.SENT,
            zalo_message_id=sent.message_id,
            sent_at=sent.sent_at,
            was_free=sent.quota_type in FREE_QUOTAS,
        )

    def _send_adjusting(self, message: ClaimedMessage, attempt: _Try) -> SentMessage:
        while True:
            try:
                self._upload_if_needed(message, attempt)
                self._check_lease(message, LONGEST_SEND)
                sent = self._call(message, attempt)
            except ZaloFailure as failure:
                attempt.calls.extend(failure.calls)
                attempt.learned = failure.generation or attempt.learned
                if not isinstance(failure, ZaloError):
                    raise
                if not self._adjust(message, attempt, failure):
                    raise
            else:
                attempt.calls.extend(sent.calls)
                attempt.learned = sent.generation
                return sent

    def _after_error(self, message: ClaimedMessage, error: ZaloError) -> Outcome:
        if error.action == Action.NEXT_MINUTE and not _is_of_the_account(error):
            self._pace.pause(next_minute(self._clock.now()))
        return self._verdicts.after_error(message, error)

    def _call(self, message: ClaimedMessage, attempt: _Try) -> SentMessage:
        to, content, asset = message.user_id, message.message, message.message.asset
        token, generation, handle = attempt.token, attempt.generation, attempt.handle
        if content.by_phone is not None:
            return self._client.send_template(
                token,
                message.phone or "",
                content.by_phone.template_id,
                content.by_phone.data,
                tracking_id(message.id, message.dedupe_key),
                message.api_generation,
            )
        if asset is None or handle is None:
            return self._client.send_text(
                token,
                to,
                content.text,
                buttons=attempt.buttons,
                quote_message_id=attempt.quote_message_id,
                generation=generation,
                is_group=message.is_group,
            )
        if asset.kind == AssetKind.FILE:
            return self._client.send_file(
                token, to, handle, generation=generation, is_group=message.is_group
            )
        if asset.kind == AssetKind.IMAGE:
            return self._client.send_image(
                token,
                to,
                attachment_id=handle,
                caption=content.text,
                generation=generation,
                is_group=message.is_group,
            )
        return self._client.send_gif(
            token,
            to,
            handle,
            width=asset.width,
            height=asset.height,
            caption=content.text,
            generation=generation,
            is_group=message.is_group,
        )

    def _upload_if_needed(self, message: ClaimedMessage, attempt: _Try) -> None:
        asset = message.message.asset
        if asset is None or attempt.handle is not None:
            return
        attempt.handle = self._uploads.known(message.oa_id, asset)
        if attempt.handle is None:
            self._check_lease(message, LONGEST_UPLOAD + LONGEST_SEND)
            attempt.handle = self._uploads.upload(message.oa_id, attempt.token, asset)
            attempt.uploads += 1

    def _check_lease(self, message: ClaimedMessage, needed: timedelta) -> None:
        if self._clock.now() >= message.lease_until - needed:
            raise ZaloError(Action.RETRY, None, "too late in the lease to begin")

    def _adjust(self, message: ClaimedMessage, attempt: _Try, error: ZaloError) -> bool:
        """Change what Zalo refused; False when nothing is left to change."""
        wish = _wish(attempt, error)
        if wish is None or wish in attempt.adjusted:
            return False
        attempt.adjusted.add(wish)
        attempt.generation = attempt.learned or attempt.generation
        if wish == Action.REFRESH_TOKEN:
            attempt.token = self._accounts.valid_token(
                message.oa_id, refused=attempt.token
            )
        elif wish == Action.DROP_QUOTE:
            attempt.quote_message_id = None
        elif wish == Action.REUPLOAD:
            self._forget_upload(message, attempt)
        else:
            attempt.buttons = ()
            # -201 may be about this one message; -233 is about the account
            attempt.refuses_buttons = error.code == KIND_UNSUPPORTED_CODE
        return True

    def _forget_upload(self, message: ClaimedMessage, attempt: _Try) -> None:
        asset = message.message.asset
        if asset is not None and attempt.handle is not None:
            self._uploads.forget(message.oa_id, asset, attempt.handle)
        attempt.handle = None


def _wish(attempt: _Try, error: ZaloError) -> Action | None:
    """What Zalo's refusal asks us to change, if the message has it."""
    if error.action == Action.REFRESH_TOKEN:
        return Action.REFRESH_TOKEN
    if error.action == Action.REUPLOAD and attempt.handle is not None:
        return Action.REUPLOAD
    names_buttons = error.action == Action.DROP_BUTTONS
    is_field = error.code == BAD_FIELD_CODE
    if attempt.quote_message_id and is_field and not names_buttons:
        return Action.DROP_QUOTE  # a stale quote is not always named
    if attempt.buttons and (is_field or error.code == KIND_UNSUPPORTED_CODE):
        return Action.DROP_BUTTONS
    return None


def _with_lessons(outcome: Outcome, attempt: _Try) -> Outcome:
    is_proven = outcome.status == MessageStatus.SENT
    return replace(
        outcome,
        calls=tuple(attempt.calls),
        generation=attempt.learned,
        refuses_buttons=attempt.refuses_buttons and is_proven,
    )


def _is_of_the_account(error: ZaloError) -> bool:
    """-32 has two texts: the limit of the application, or that of the account ("OA")."""
    words = error.reason.lower().replace(".", " ").split()
    return "oa" in words and "application" not in words
