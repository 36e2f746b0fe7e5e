"""What the bot would find and say, without Zalo and without leaving a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.catalogue.catalogue import Catalogue
from bot.catalogue.search import Finding, Hit, Outcome
from bot.channel.inbound import InboundEvent, parse_event
from bot.clock import Clock
from bot.conversation.rendering import render_reply
from bot.conversation.texts import Texts
from bot.conversation.turn import Command, Context, Reply, Route, Turn
from bot.conversation.understanding import Words, understand
from bot.db import Database
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
class Preview:
    """Answers questions as a citizen without history would see them."""

    database: Database
    clock: Clock
    catalogue: Catalogue
    texts: Texts
    words: Words
    routes: Sequence[Route]
    zone: ZoneInfo

    def ask(self, question: str) -> Answer:
        command = understand(question, Context(), self.words)
        finding = self.catalogue.find(question)
        with self.database.reading() as session:
            turn = Turn(
                event=self._event(question),
                contact=_stranger(self.clock),
                account=Account(oa_id="preview", created_at=self.clock.now()),
                session=session,
                catalogue=self.catalogue,
                label=self.texts.label,
                now=self.clock.now(),
                zone=self.zone,
                text=question,
                command=command,
            )
            replies = self._run(turn)
            rendered = tuple(
                render_reply(self.texts, reply, turn.account).text for reply in replies
            )
        return Answer(finding, command, rendered)

    def _run(self, turn: Turn) -> list[Reply]:
        route = next(route for route in self.routes if route.when(turn))
        return route.run(turn)

    def _event(self, question: str) -> InboundEvent:
        now = self.clock.now()
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


def _stranger(clock: Clock) -> Contact:
    """Greeted, and nothing of him is kept."""
    now = clock.now()
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
