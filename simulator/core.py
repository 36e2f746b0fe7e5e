"""The fake Zalo as one object: configuration, state, clock, webhook, faults.

The calls of the API and the control routes are functions over this object; they run
under ``state.lock`` and never wait for HTTP.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from simulator import events
from simulator.clock import DAY_MS, HOUR_MS, Clock
from simulator.faults import Faults
from simulator.media import MediaStore
from simulator.records import Account, JsonDict, Media, Message, Relation, TokenPair
from simulator.snapshot import Snapshot
from simulator.state import State
from simulator.timeline import Timeline
from simulator.webhook_out import CHAT_SERVER, TIMEOUT_SECONDS, Webhook

ACCESS_TOKEN_MS = 25 * HOUR_MS  # documented: 25 hours, expires_in "90000"
REFRESH_TOKEN_MS = 90 * DAY_MS  # documented: three months


@dataclass(frozen=True)
class SimulatorConfig:
    """How the fake Zalo is set up; a delay of None switches that side effect off."""

    app_id: str
    app_secret: str
    oa_secret_key: str
    webhook_url: str
    public_url: str
    state_file: Path | None = None
    callback_url: str | None = None
    echo_seconds: float | None = 0.05
    webhook_timeout_seconds: float = TIMEOUT_SECONDS
    received_seconds: float | None = 0.2
    seen_seconds: float | None = 1.0
    article_seconds: float = 3.0  # documented: "a few seconds" of -214
    broadcast_seconds: float = 1800.0  # documented: about 30 minutes
    webhook_threads: int = 1
    allow_any_webhook_host: bool = False
    # where the tried program shows its offices' pages, as whom; the chat page links there
    supervisor_url: str = ""
    administrator_url: str = ""


class Simulator:
    """Everything one fake Zalo holds."""

    def __init__(
        self,
        config: SimulatorConfig,
        now: Callable[[], datetime] | None = None,
        on_clock_moved: Callable[[timedelta], None] | None = None,
    ) -> None:
        self.config = config
        self.state = State()
        self.state.app.callback_url = config.callback_url
        self.clock = Clock(now, on_clock_moved)
        self.timeline = Timeline(self.clock, config.webhook_threads)
        self.faults = Faults()
        self.webhook = Webhook(
            self.state,
            self.clock,
            self.timeline,
            (config.app_id, config.oa_secret_key),
            config.webhook_url,
            config.allow_any_webhook_host,
            config.webhook_timeout_seconds,
        )
        folder = config.state_file and config.state_file.with_suffix(".media")
        self.media = MediaStore(folder)
        self.calls_this_minute: dict[tuple[str, int], int] = {}
        self.snapshot = Snapshot(config.state_file, self.state, self.clock)
        self.snapshot.restore()

    # Tokens

    def issue_tokens(self, oa_id: str) -> TokenPair:
        """A new token pair of an account, as if its administrator had consented."""
        with self.state.lock:
            if oa_id not in self.state.accounts:
                raise KeyError(f"no account {oa_id}: seed it first")
            now = self.clock.now_ms()
            pair = TokenPair(
                secrets.token_urlsafe(48),
                secrets.token_urlsafe(48),
                oa_id,
                now + ACCESS_TOKEN_MS,
                now + REFRESH_TOKEN_MS,
            )
            self.state.add_tokens(pair)
        self.snapshot.write()
        return pair

    # Messages and events

    def emit(
        self,
        body: JsonDict,
        relation: Relation | None = None,
        message: Message | None = None,
        server: str = CHAT_SERVER,
    ) -> None:
        """Send an event; a person's own message counts as received when it is taken."""
        accepted = message and (lambda: self.mark(message, "received"))
        chat_id, person = None, None
        if message:
            chat_id, person = message.chat_id, message.person
        if relation:
            chat_id, person = relation.user_id, relation.person
        self.webhook.emit(
            body,
            server=server,
            chat_id=chat_id,
            person=person,
            on_accepted=accepted or None,
        )

    def mark(self, message: Message, state: str) -> None:
        """Note that a message was received or seen; never backwards."""
        order = ("sent", "received", "seen")
        if order.index(state) > order.index(message.state):
            message.state = state
            self.state.message_changed(message)

    def later(self, seconds: float | None, job: Callable[[], None]) -> None:
        """Run a side effect under the lock after real seconds; None: never."""
        if seconds is None:
            return

        def locked() -> None:
            with self.state.lock:
                job()

        self.timeline.after(seconds, locked)

    def later_on_clock(self, at_ms: int, job: Callable[[], None]) -> None:
        """Run a slow job of Zalo under the lock, by the simulated clock."""

        def locked() -> None:
            with self.state.lock:
                job()

        self.timeline.at(at_ms, locked)

    def after_send(
        self, relation: Relation, message: Message, admin_id: str | None = None
    ) -> None:
        """Echo a message of the account, then have it received, then seen."""
        self.later(
            self.config.echo_seconds, lambda: self._echo(relation, message, admin_id)
        )
        self.later(
            self.config.received_seconds, lambda: self._receive(relation, message)
        )
        if self.state.people[relation.person].auto_seen:
            self.later(self.config.seen_seconds, lambda: self._open(relation))

    def _echo(self, relation: Relation, message: Message, admin_id: str | None) -> None:
        wire = events.wire_message(message)
        name = events.ECHO_NAMES[message.kind]
        body = events.oa_to_person(
            self.config.app_id, relation, name, wire, message.at, admin_id
        )
        self.emit(body, relation)

    def _receive(self, relation: Relation, message: Message) -> None:
        self.mark(message, "received")
        wire = {"msg_id": message.message_id}
        now = self.clock.now_ms()
        name = "user_received_message"
        self.emit(
            events.oa_to_person(self.config.app_id, relation, name, wire, now), relation
        )

    def _open(self, relation: Relation) -> None:
        self.see(relation)

    def see(self, relation: Relation) -> list[str]:
        """The person opens the chat: one event for everything not yet seen."""
        chat = self.state.chat(relation.oa_id, relation.user_id)
        unseen: list[Message] = []
        for message in reversed(chat.messages):
            if message.sender in ("oa", "admin"):
                if message.state == "seen":
                    break  # whoever sees the chat sees everything above
                unseen.append(message)
        ids = [message.message_id for message in reversed(unseen)]
        for message in unseen:
            self.mark(message, "seen")
        if ids:
            body = events.oa_to_person(
                self.config.app_id,
                relation,
                "user_seen_message",
                {"msg_ids": ids},
                self.clock.now_ms(),
            )
            self.emit(body, relation)
        return ids

    # Files

    def keep_file(self, content: bytes, name: str, content_type: str = "") -> Media:
        """Store a file; its link is ``media_url``."""
        media = self.media.keep(content, name, content_type)
        with self.state.lock:
            self.state.media[media.media_id] = media
            self.state.touch()
        return media

    def media_url(self, media: Media) -> str:
        """Where the bot and the page fetch a stored file."""
        base = self.config.public_url.rstrip("/")
        return f"{base}/media/{media.media_id}/{media.name}"

    def account(self, oa_id: str) -> Account:
        """The account; KeyError says what to do."""
        try:
            return self.state.accounts[oa_id]
        except KeyError:
            raise KeyError(f"no account {oa_id}: see /control/accounts") from None

    # Life

    def reset(self, everything: bool) -> None:
        """Forget chats, logs, faults, options, pending events and the clock's offset."""
        self.timeline.clear()
        with self.state.lock:
            self.state.reset(everything)
            self.faults.rows.clear()
            self.webhook.forget()
            self.calls_this_minute.clear()
            self.media.clear()
        self.clock.set_offset(timedelta(0))
        self.webhook.point_to(self.config.webhook_url)
        self.snapshot.write()

    def close(self) -> None:
        """Write the last snapshot and stop the threads."""
        self.timeline.close()
        self.snapshot.close()
