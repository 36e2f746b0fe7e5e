"""Stories through the front door: a person writes in the simulated Zalo, the signed event
comes in over HTTP, the worker's units of work run, and what the fake received is read.

``chat.says("khai sinh")`` gives the texts that reached the person's phone. No worker
process runs: the two loops are emptied by hand, so that a test sees every step.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlmodel import Session

from bot import demo
from bot.catalogue.catalogue import Catalogue
from bot.channel import outbox
from bot.channel.event_kinds import EventKind
from bot.channel.outbox import Outgoing
from bot.channel.sender import Sender
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.conversation.events import Conversations
from bot.conversation.turn import Reply, Route, Turn
from bot.db import Database
from bot.settings import Settings, load_settings
from bot.worker import Worker
from building.demo import connect_demo_accounts, mount_simulator, simulator_config
from building.web import create_app
from building.worker import create_worker
from models import Contact, Lane
from simulator import Simulator, create_simulator, seed_demo, simulator_of, snapshot
from simulator.serving import served

ROOT = Path(__file__).resolve().parent.parent
MORNING_FILE = "morning.json"  # the fake Zalo after its first minute

# Zalo waits two seconds and comes again later: a machine that stands still for so long
# would change the story.
CONTROL_TIMEOUT_SECONDS = 20
SPOOL_PAUSE_SECONDS = 0.1


@dataclass
class Chat:
    """One person's phone, in front of one account."""

    control: str
    oa_id: str
    person: str
    conversations: Conversations
    sender: Sender
    http: requests.Session = field(default_factory=requests.Session)
    is_spooled: Callable[[], bool] = lambda: False  # an event that waits on disk

    def says(self, text: str, *, quote: str | None = None) -> list[str]:
        """Type a text; the answers that arrived, in order."""
        body: dict[str, Any] = {"text": text}
        if quote:
            body["quote"] = quote
        return self.does("say", body)

    def sends(self, **content: Any) -> list[str]:
        """Send a sticker, a location, a picture …"""
        return self.does("say", content)

    def uploads(self, name: str, content: bytes, text: str = "") -> list[str]:
        """Send a file from the phone; Zalo keeps it, and its event names the address."""
        before = {bubble["message_id"] for bubble in self.bubbles()}
        answer = self.http.post(
            f"{self.control}/chats/{self.oa_id}/{self.person}/upload",
            files={"file": (name, content)},
            data={"text": text},
            headers={"X-Requested-With": "simulator"},
            timeout=CONTROL_TIMEOUT_SECONDS,
        )
        assert answer.ok, f"{answer.status_code} {answer.text}"
        self.drain()
        return self._new_texts(before)

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
        return self._new_texts(before)

    def _new_texts(self, before: set[str]) -> list[str]:
        return [
            bubble["text"]
            for bubble in self.bubbles()
            if bubble["from"] == "oa" and bubble["message_id"] not in before
        ]

    def drain(self) -> None:
        """Until nothing is left to deliver, to handle or to send."""
        while True:
            self._post("/settle", {"seconds": 15})
            worked = False
            while self.conversations.run_once():
                worked = True
            worked = bool(self.sender.run_once()) or worked
            if self.is_spooled():  # the database was held up for a second or two
                time.sleep(SPOOL_PAUSE_SECONDS)
            elif not worked:
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
    front: Flask  # the web role
    government: str
    business: str

    def chat_of(self, person: str, oa_id: str | None = None) -> Chat:
        return Chat(
            control=f"{self.address}/simulator/control",
            oa_id=oa_id or self.government,
            person=person,
            conversations=self.worker.conversations,
            sender=self.worker.sender,
            is_spooled=Spool(self.settings.data_dir).is_waiting,
        )

    def restarted_chat(self, person: str) -> Chat:
        """The same phone in front of a worker that was built anew from the database."""
        clock = Clock(self.settings.data_dir / "demo-clock")
        catalogue = self.worker.conversations.catalogue
        self.worker.close()
        self.worker = create_worker(self.settings, clock, catalogue)
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


def lend_index(catalogue: Catalogue, folder: Path) -> None:
    """The pages have an index of their own: it need not be built again."""
    catalogue.warm("")
    if catalogue.index_dir is not None:
        shutil.copytree(
            catalogue.index_dir, folder / "index", copy_function=os.link,
            ignore=shutil.ignore_patterns("*.lock", "*.part"), dirs_exist_ok=True,
        )  # fmt: skip


@contextmanager
def open_town(
    database: Database, catalogue: Catalogue, folder: Path, **overrides: object
) -> Iterator[Town]:
    """Built as ``demo`` does it; only the worker's loops stand still.

    The first minute (accounts connected, every job done once) is lived through here, or
    comes with a folder that was ``kept``. ``overrides`` are settings by their names.
    """
    port = _free_port()
    given = load_settings(
        database_url=database.url.render_as_string(hide_password=False),
        data_dir=folder,
        content_dir=ROOT / "content",
        port=port,
        **overrides,
    )
    settings, clock = demo.settings_of(given), Clock(folder / "demo-clock")
    lend_index(catalogue, folder)
    simulated = create_simulator(
        replace(
            simulator_config(settings),
            state_file=None,
            echo_seconds=0,
            webhook_timeout_seconds=CONTROL_TIMEOUT_SECONDS,
            received_seconds=0.005,
            seen_seconds=0.01,
        ),
        on_clock_moved=clock.move,
    )
    simulator = simulator_of(simulated)
    is_new = not _woke_up(simulator, folder)
    connect_demo_accounts(database, settings, simulator)
    front = create_app(settings, clock)
    web = mount_simulator(front, simulated)
    sites = (settings.base_url,)
    worker = create_worker(settings, clock, catalogue, local_sites=sites)
    kinds = {found.kind: oa_id for oa_id, found in simulator.state.accounts.items()}
    try:
        with served(web, port) as address:
            if is_new:
                worker.tick()
            yield Town(
                address, database, settings, worker, simulator, front,
                kinds["government"], kinds["business"],
            )  # fmt: skip
    finally:
        worker.close()
        simulator.close()
        front.extensions["reception"].close()
        front.extensions["database"].close()


@contextmanager
def town_from(
    morning: Path, catalogue: Catalogue, folder: Path, **overrides: object
) -> Iterator[Town]:
    """A town that begins in its own folder where the one of ``morning`` was kept."""
    without = shutil.ignore_patterns("index")  # that is lent
    shutil.copytree(morning, folder, dirs_exist_ok=True, ignore=without)
    database = Database(f"sqlite:///{folder / 'bot.db'}")
    with open_town(database, catalogue, folder, **overrides) as town:
        yield town
    database.close()


def keep_morning(town: Town) -> None:
    """Leave in the town's folder what a later one needs to begin where this one is."""
    simulator = town.simulator
    with simulator.state.lock:
        kept = snapshot.dump(simulator.state, simulator.clock)
    file = town.settings.data_dir / MORNING_FILE
    file.write_text(json.dumps(kept), encoding="utf-8")


def _woke_up(simulator: Simulator, folder: Path) -> bool:
    """The cast as it was kept in this folder; a new one where nothing was."""
    file = folder / MORNING_FILE
    if not file.exists():
        seed_demo(simulator)
        return False
    kept = json.loads(file.read_text(encoding="utf-8"))
    snapshot.load(kept, simulator.state, simulator.clock)
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
