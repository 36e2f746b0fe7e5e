"""What the bot would find and say, without Zalo and without leaving a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.channel.inbound import InboundEvent, parse_event
from bot.conversation.events import Conversations
from bot.conversation.rendering import render_reply
from bot.conversation.turn import Command, Context, Reply, Turn
from bot.conversation.understanding import understand
from bot.search.findings import Finding, Hit, Outcome
from models import Account, Contact, PrivacyChoice

MOST_RESULTS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """The finding and the texts a citizen would get."""

    finding: Finding
    command: Command | None
    replies: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of ``ask --json``."""
        return {
            "query": self.finding.query,
            "outcome": str(self._outcome),
            "results": [_hit_json(hit) for hit in self._hits],
            "replies": list(self.replies),
        }

    def lines(self, *, why: bool = False) -> Iterator[str]:
        yield f"{self._outcome}"
        for hit in self._hits:
            yield f"  {hit.score:6.3f}  {hit.kind}  {hit.id}  {hit.title}"
            if why:
                reasons = (f"{name} {value}" for name, value in hit.why.items())
                yield f"          {', '.join(reasons)}"
        if why:
            for name, value in self.finding.explanation.items():
                yield f"  {name}: {value}"
        for reply in self.replies:
            yield ""
            yield reply

    @property
    def _outcome(self) -> Outcome:
        return self.finding.outcome if self.command is None else Outcome.ANSWERED

    @property
    def _hits(self) -> Sequence[Hit]:
        if self.command is not None:
            return ()
        return self.finding.hits[:MOST_RESULTS]


@dataclass(frozen=True, slots=True)
class Said:
    """One message; ``label`` is the word that leads to it."""

    reply: Reply
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """Answers questions as a citizen without history would see them."""

    conversations: Conversations

    def ask(self, question: str) -> Answer:
        bot = self.conversations
        command = understand(question, Context(), bot.words)
        with bot.database.reading() as session:
            bot.texts.look(session)
            said = self._said(session, question, command)
        texts = tuple(one.text for one in said)
        return Answer(bot.catalogue.find(question), command, texts)

    def told(
        self, command: Command, change: Callable[[Session], None]
    ) -> tuple[Said, ...]:
        """The answer to ``command``, and then to each detail it offers of the same
        record, as they would be after ``change``. Nothing is written."""
        with self.conversations.database.reading() as session, session.no_autoflush:
            self.conversations.texts.look(session)
            change(session)
            first = self._said(session, str(command), command)
            offered = [option for one in first for option in one.reply.options]
            details = [
                replace(said, label=option.label)
                for option in offered
                if option.command.argument == command.argument
                for said in self._said(session, str(option.command), option.command)
            ]
            session.rollback()
        return (*first, *details)

    def _said(
        self, session: Session, text: str, command: Command | None
    ) -> tuple[Said, ...]:
        bot = self.conversations
        now = bot.clock.now()
        turn = Turn(
            event=_event(text, now),
            contact=_stranger(now),
            account=Account(oa_id="preview", created_at=now),
            session=session,
            catalogue=bot.catalogue,
            label=bot.texts.label,
            now=now,
            zone=bot.zone,
            text=text,
            command=command,
        )
        return tuple(
            Said(reply, render_reply(bot.texts, reply, turn.account).text)
            for reply in bot.route_of(turn).run(turn)
        )


def _event(question: str, now: datetime) -> InboundEvent:
    return parse_event(
        {
            "event_name": "user_send_text",
            "timestamp": str(int(now.timestamp() * 1000)),
            "sender": {"id": "preview"},
            "recipient": {"id": "preview"},
            "message": {"text": question, "msg_id": "preview"},
        },
        received_at=now,
    )


def _stranger(now: datetime) -> Contact:
    """Greeted, and nothing of him is kept."""
    return Contact(
        oa_id="preview",
        user_id="preview",
        created_at=now,
        greeted_at=now,
        privacy_choice=PrivacyChoice.REFUSED,
    )


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "kind": str(hit.kind),
        "id": hit.id,
        "title": hit.title,
        "score": round(float(hit.score), 4),
        "asked_for": hit.asked_for,
    }
