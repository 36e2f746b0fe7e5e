"""``kill -9`` at random moments of real processes, while citizens write.

``python -m bench.chaos [--events N] [--kills N] [--database URL] [--seed N]`` (``make chaos``)
starts web and worker processes in front of the fake Zalo, posts signed events as Zalo does
(again and again until it gets a 200), kills processes meanwhile, starts them again, and
waits until all is done. The fake Zalo's ledger is the judge: every acknowledged event
stored once and done, every message of the outbox delivered, none twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from sqlmodel import Session, col, func, select

import app
from bench.demo import ROOT, free_port
from bot.catalogue.catalogue import touch
from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.channel.outbox import Reason
from bot.channel.signature import sign
from bot.clock import Clock
from bot.db import Database
from bot.schema import upgrade
from bot.settings import Settings, load_settings
from models import EventStatus, MessageStatus, OutboxMessage, WebhookEvent
from simulator import SimulatorConfig, create_simulator, simulator_of
from simulator.cast import seed
from simulator.core import Simulator
from simulator.serving import served

OA = "2874650193847560192"
KEYS = {
    "SECRET_KEY": "k" * 48,
    "ZALO_APP_ID": "1928374650192837465",
    "ZALO_APP_SECRET": "app-secret-of-the-chaos",
    "ZALO_OA_SECRET_KEY": "oa-secret-of-the-chaos",
}
QUESTIONS = (
    "đăng ký khai sinh",
    "lệ phí",
    "749",
    "menu",
    "1",
    "lệ phí",
    "dang ky tam tru",
)
PEOPLE, WRITERS = 24, 4
BETWEEN_KILLS = (0.3, 2.5)  # seconds
AGAIN_AFTER = 0.1  # seconds until an event that got no 200 is sent again
# A person's lease lasts 45 s, a row's 75 s, and the history is asked twice at the most.
DONE_WITHIN = 300.0
LATENCY_MS = 80  # of the fake Zalo: many calls are under way when a worker dies
LOOKED_UP = (Reason.CONFIRMED_BY_ECHO, Reason.CONFIRMED_BY_HISTORY)
ARRIVED = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN)


@dataclass
class Verdict:
    """What the ledger and the tables say at the end."""

    events: int
    kills: dict[str, int]
    seconds: float
    lost_events: int = 0
    unfinished_events: int = 0
    unanswered_events: int = 0
    messages: int = 0
    looked_up: int = (
        0  # messages of unknown outcome that the echo or the history settled
    )
    not_delivered: list[str] = field(default_factory=list)
    delivered_twice: int = 0

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost_events
            or self.unfinished_events
            or self.unanswered_events
            or self.not_delivered
            or self.delivered_twice
        )


def storm(
    folder: Path,
    database_url: str,
    *,
    events: int,
    kills: int,
    roles: tuple[str, ...] = ("web", "worker"),
    seed_number: int = 1,
) -> Verdict:
    """One run; ``roles`` are the processes, of which only the first ``web`` gets events."""
    rng = random.Random(seed_number)
    with _zalo(free_port()) as (simulator, zalo_address, web_port):
        settings = _settings(folder, database_url, zalo_address, web_port)
        database = Database(database_url)
        _prepare(database, settings, simulator)
        started = time.monotonic()
        with _processes(folder, settings, roles) as troupe:
            _wait_for_web(settings.base_url)
            acknowledged = _post_and_kill(
                settings, simulator, troupe, rng, events, kills
            )
            _wait_until_done(database)
        verdict = _judge(database, simulator, acknowledged)
        verdict.kills = dict(troupe.killed)
        verdict.seconds = time.monotonic() - started
        database.close()
        return verdict


# --- the stage ----------------------------------------------------------------------------


@contextmanager
def _zalo(web_port: int) -> Iterator[tuple[Simulator, str, int]]:
    """A fake Zalo that outlives everything, with many citizens."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    simulated = create_simulator(
        SimulatorConfig(
            app_id=KEYS["ZALO_APP_ID"],
            app_secret=KEYS["ZALO_APP_SECRET"],
            oa_secret_key=KEYS["ZALO_OA_SECRET_KEY"],
            webhook_url=f"http://127.0.0.1:{web_port}/zalo/webhook",
            public_url=address,
            seen_seconds=None,
        )
    )
    simulator = simulator_of(simulated)
    seed(simulator, {"accounts": [_account()], "people": list(_cast())})
    with served(simulated, port):
        slow = {"kind": "latency", "times": None, "ms": LATENCY_MS}
        requests.post(f"{address}/control/faults", json=slow, timeout=5)
        yield simulator, address, web_port
        simulator.close()


def _account() -> dict[str, Any]:
    return {"oa_id": OA, "name": "UBND xã", "kind": "government", "alias": "xa"}


def _cast() -> Iterator[dict[str, Any]]:
    for number in range(PEOPLE):
        yield {
            "key": f"dan-{number}",
            "display_name": f"Người {number}",
            "user_id_by_app": f"51827364509182{number:05}",
            "accounts": {
                OA: {
                    "user_id": _user_id(number),
                    "follows": True,
                    "interacted_hours_ago": 1,
                }
            },
        }


def _user_id(person: int) -> str:
    return f"72635498172635{person:05}"


def _settings(folder: Path, url: str, zalo: str, port: int) -> Settings:
    return load_settings(
        database_url=url,
        data_dir=folder,
        content_dir=ROOT / "content",
        port=port,
        zalo_openapi_url=f"{zalo}/openapi",
        zalo_business_url=f"{zalo}/business",
        zalo_oauth_url=f"{zalo}/oauth",
        **{name.lower(): value for name, value in KEYS.items()},
    )


def _prepare(database: Database, settings: Settings, simulator: Simulator) -> None:
    upgrade(database)
    with database.writing() as session:
        load_content(session, read_packs(settings.content_dir))
        touch(session, Clock().now())
    app.connect_demo_accounts(database, settings, simulator)


class Troupe:
    """The program's processes; who is killed comes back at once."""

    def __init__(self, environment: dict[str, str], log: Any) -> None:
        self._environment = environment
        self._log = log
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: Counter[str] = Counter()

    def start(self, role: str) -> None:
        self._running[role] = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), role.partition("-")[0]],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def kill_one(self, rng: random.Random) -> None:
        role = rng.choice(sorted(self._running))
        process = self._running[role]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.killed[role] += 1
        self.start(role)

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def _processes(
    folder: Path, settings: Settings, roles: tuple[str, ...]
) -> Iterator[Troupe]:
    environment = (
        os.environ
        | KEYS
        | {
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(folder),
            "PORT": str(settings.port),
            "ZALO_OPENAPI_URL": settings.zalo_openapi_url,
            "ZALO_BUSINESS_URL": settings.zalo_business_url,
            "ZALO_OAUTH_URL": settings.zalo_oauth_url,
        }
    )
    with (folder / "chaos.log").open("wb") as log:
        troupe = Troupe(environment, log)
        for role in roles:
            troupe.start(role)
        try:
            yield troupe
        finally:
            troupe.stop()


def _wait_for_web(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/healthz", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise TimeoutError("the web process did not start")


# --- the storm ----------------------------------------------------------------------------


def _post_and_kill(
    settings: Settings,
    simulator: Simulator,
    troupe: Troupe,
    rng: random.Random,
    events: int,
    kills: int,
) -> set[str]:
    """Message ids that got their 200."""
    acknowledged: set[str] = set()
    writers = [
        threading.Thread(
            target=_write, args=(settings, simulator, share, events, acknowledged)
        )
        for share in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for _ in range(kills):
        time.sleep(rng.uniform(*BETWEEN_KILLS))
        troupe.kill_one(rng)
    for writer in writers:
        writer.join()
    return acknowledged


def _write(
    settings: Settings,
    simulator: Simulator,
    share: int,
    events: int,
    acknowledged: set[str],
) -> None:
    """This writer's people, in turn; each event until somebody takes it."""
    with requests.Session() as http:
        for number in range(share, events, WRITERS):
            person = number % PEOPLE
            message_id = f"chaos-{number}"
            body = _event(
                person, message_id, QUESTIONS[number // PEOPLE % len(QUESTIONS)]
            )
            while not _is_taken(http, settings.base_url, body):
                time.sleep(AGAIN_AFTER)
            acknowledged.add(message_id)
            with simulator.state.lock:  # Zalo has seen the message too
                relation = simulator.state.relations[_user_id(person)]
                relation.last_interaction = simulator.clock.now_ms()
                relation.replies_used = 0


def _event(person: int, message_id: str, text: str) -> bytes:
    return json.dumps(
        {
            "app_id": KEYS["ZALO_APP_ID"],
            "sender": {"id": _user_id(person)},
            "user_id_by_app": f"51827364509182{person:05}",
            "recipient": {"id": OA},
            "event_name": "user_send_text",
            "message": {"text": text, "msg_id": message_id},
            "timestamp": str(int(time.time() * 1000)),
        }
    ).encode()


def _is_taken(http: requests.Session, address: str, body: bytes) -> bool:
    stamp = json.loads(body)["timestamp"]
    mac = sign(KEYS["ZALO_APP_ID"], body, stamp, KEYS["ZALO_OA_SECRET_KEY"])
    try:
        answer = http.post(
            f"{address}/zalo/webhook",
            data=body,
            headers={"X-ZEvent-Signature": f"mac={mac}"},
            timeout=5,
        )
    except requests.RequestException:
        return False
    return answer.status_code == 200


def _wait_until_done(database: Database) -> None:
    deadline = time.monotonic() + DONE_WITHIN
    while time.monotonic() < deadline:
        with database.reading() as session:
            if _open_work(session) == 0:
                return
        time.sleep(0.5)


def _open_work(session: Session) -> int:
    waiting = session.scalar(
        select(func.count())
        .select_from(WebhookEvent)
        .where(col(WebhookEvent.status) == EventStatus.WAITING)
    )
    leaving = session.scalar(
        select(func.count())
        .select_from(OutboxMessage)
        .where(
            col(OutboxMessage.status).in_(
                [MessageStatus.WAITING, MessageStatus.SENDING]
            )
        )
    )
    return (waiting or 0) + (leaving or 0)


# --- the judgement ------------------------------------------------------------------------


def _judge(database: Database, simulator: Simulator, acknowledged: set[str]) -> Verdict:
    with database.reading() as session:
        asked = col(WebhookEvent.event_name) == "user_send_text"
        events = session.exec(select(WebhookEvent).where(asked)).all()
        rows = session.exec(select(OutboxMessage)).all()
    stored = {event.payload["message"]["msg_id"] for event in events}
    answered = {row.dedupe_key.rpartition(":")[0] for row in rows}
    arrived = [row.zalo_message_id for row in rows if row.status in ARRIVED]
    delivered = [row.message_id for row in simulator.state.ledger]
    return Verdict(
        events=len(acknowledged),
        kills={},
        seconds=0.0,
        lost_events=len(acknowledged - stored),
        unfinished_events=sum(e.status != EventStatus.DONE for e in events),
        unanswered_events=sum(f"event:{event.id}" not in answered for event in events),
        messages=len(rows),
        looked_up=sum(row.reason in LOOKED_UP for row in rows),
        not_delivered=[
            f"{row.dedupe_key} {row.status} {row.reason}"
            for row in rows
            if row.status not in ARRIVED or row.zalo_message_id not in delivered
        ],
        delivered_twice=len(delivered) - len(set(arrived)),
    )


def run() -> str:
    """The table of one storm on the embedded default."""
    return main([])


def main(arguments: list[str] | None = None) -> str:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default=None)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        verdict = storm(
            place,
            options.database or f"sqlite:///{place / 'bot.db'}",
            events=options.events,
            kills=options.kills,
            seed_number=options.seed,
        )
    return f"## Chaos\n\n{verdict}"


if __name__ == "__main__":
    print(main())
