"""Stories through the front door: a person writes in the simulated Zalo, the signed event
comes in over HTTP, the worker's units of work run, and what the fake received is read.

``chat.says("khai sinh")`` gives the texts that reached the person's phone. No worker
process runs: the two loops are emptied by hand, so that a test sees every step.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests
from sqlmodel import Session

import app
from bot import demo
from bot.catalogue.catalogue import Catalogue
from bot.channel import outbox
from bot.channel.event_kinds import EventKind
from bot.channel.outbox import Outgoing
from bot.channel.sender import Sender
from bot.clock import Clock
from bot.conversation.events import Conversations
from bot.conversation.turn import Reply, Route, Turn
from bot.db import Database
from bot.settings import Settings, load_settings
from bot.worker import Worker
from models import Contact, Lane
from simulator import Simulator, create_simulator, seed_demo, simulator_of
from simulator.serving import served

ROOT = Path(__file__).resolve().parent.parent

CONTROL_TIMEOUT_SECONDS = 10


@dataclass
class Chat:
    """One person's phone, in front of one account."""

    control: str
    oa_id: str
    person: str
    conversations: Conversations
    sender: Sender
    http: requests.Session = field(default_factory=requests.Session)

    def says(self, text: str, *, quote: str | None = None) -> list[str]:
        """Type a text; the answers that arrived, in order."""
        body: dict[str, Any] = {"text": text}
        if quote:
            body["quote"] = quote
        return self.does("say", body)

    def sends(self, **content: Any) -> list[str]:
        """Send a sticker, a location, a picture …"""
        return self.does("say", content)

    def follows(self) -> list[str]:
        return self.does("follow", {"source": "oa_profile"})

    def presses(self, title: str) -> list[str]:
        """Tap the button with this title in the newest message that has it."""
        for bubble in reversed(self.bubbles()):
            titles = [button["title"] for button in bubble["buttons"]]
            if title in titles:
                return self.does(
                    "press",
                    {
                        "message_id": bubble["message_id"],
                        "button": titles.index(title),
                    },
                )
        raise AssertionError(f"no button {title!r}")

    def does(self, action: str, body: dict[str, Any]) -> list[str]:
        """Any action of the control API on this chat, and all that follows from it."""
        before = {bubble["message_id"] for bubble in self.bubbles()}
        self._post(f"/chats/{self.oa_id}/{self.person}/{action}", body)
        self.drain()
        return [
            bubble["text"]
            for bubble in self.bubbles()
            if bubble["from"] == "oa" and bubble["message_id"] not in before
        ]

    def drain(self) -> None:
        """Until nothing is left to deliver, to handle or to send."""
        while True:
            self._post("/settle", {"seconds": 5})
            worked = False
            while self.conversations.run_once():
                worked = True
            worked = bool(self.sender.run_once()) or worked
            if not worked:
                return

    def bubbles(self) -> list[dict[str, Any]]:
        path = f"/chats/{self.oa_id}/{self.person}"
        answer = self.http.get(self.control + path, timeout=CONTROL_TIMEOUT_SECONDS)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["bubbles"]
        return sorted(found, key=lambda bubble: bubble["at_ms"])

    def last_from_bot(self) -> dict[str, Any]:
        return next(b for b in reversed(self.bubbles()) if b["from"] == "oa")

    def post_control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._post(path, body)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(
            self.control + path,
            json=body,
            headers={"X-Requested-With": "simulator"},
            timeout=CONTROL_TIMEOUT_SECONDS,
        )
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found


@dataclass
class Town:
    """The program and its simulated Zalo on one port, with the demo's cast."""

    address: str
    database: Database
    settings: Settings
    worker: Worker
    simulator: Simulator
    government: str
    business: str

    def chat_of(self, person: str, oa_id: str | None = None) -> Chat:
        return Chat(
            control=f"{self.address}/simulator/control",
            oa_id=oa_id or self.government,
            person=person,
            conversations=self.worker.conversations,
            sender=self.worker.sender,
        )

    def restarted_chat(self, person: str) -> Chat:
        """The same phone in front of a worker that was built anew from the database."""
        clock = Clock(self.settings.data_dir / "demo-clock")
        catalogue = self.worker.conversations.catalogue
        self.worker.close()
        self.worker = app.create_worker(self.settings, clock, catalogue)
        return self.chat_of(person)

    def with_broken_handlers(self, person: str) -> Chat:
        """This phone, in front of a worker whose handlers fail for this person only."""

        def fail(turn: Turn) -> list[Reply]:
            raise RuntimeError("broken on purpose")

        def is_him(turn: Turn) -> bool:
            return turn.contact.user_id == mine and turn.event.kind == EventKind.MESSAGE

        mine = next(
            known.user_id
            for known in self.simulator.state.relations.values()
            if (known.person, known.oa_id) == (person, self.government)
        )
        routes = (Route("broken", is_him, fail), *self.worker.conversations.routes)
        self.worker.conversations = replace(self.worker.conversations, routes=routes)
        return self.chat_of(person)

    def enqueue(self, session: Session, contact: Contact, text: str) -> None:
        """A message that nobody asked for just now."""
        outbox.enqueue(
            session,
            contact=contact,
            key=f"test:{text}",
            messages=[Outgoing(text)],
            lane=Lane.REPLY,
            now=self.worker.conversations.clock.now(),
        )


@contextmanager
def open_town(database: Database, catalogue: Catalogue, folder: Path) -> Iterator[Town]:
    """Built by ``app.py`` itself, as ``demo`` does it; only the worker's loops stand still."""
    port = _free_port()
    given = load_settings(
        database_url=database.url.render_as_string(hide_password=False),
        data_dir=folder,
        content_dir=ROOT / "content",
        port=port,
    )
    settings, clock = demo.settings_of(given), Clock(folder / "demo-clock")
    simulated = create_simulator(
        replace(
            app.simulator_config(settings),
            state_file=None,
            echo_seconds=0,
            received_seconds=0.005,
            seen_seconds=0.01,
        ),
        on_clock_moved=clock.move,
    )
    simulator = simulator_of(simulated)
    seed_demo(simulator)
    app.connect_demo_accounts(database, settings, simulator)
    front = app.create_app(settings, clock)
    web = app.mount_simulator(front, simulated)
    worker = app.create_worker(settings, clock, catalogue)
    kinds = {found.kind: oa_id for oa_id, found in simulator.state.accounts.items()}
    try:
        with served(web, port) as address:
            worker.tick()
            yield Town(
                address, database, settings, worker, simulator,
                kinds["government"], kinds["business"],
            )  # fmt: skip
    finally:
        worker.close()
        simulator.close()
        front.extensions["database"].close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
