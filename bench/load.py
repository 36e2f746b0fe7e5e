"""Zalo's side of a load test: signed events of many people over kept connections.

``python -m bench.load '{"port": 8000, "seconds": 10}'`` prints one JSON object. A process of
its own, and raw sockets: what the generator costs is taken from the machine under test.
Without ``rate`` every connection sends the next event as soon as the last is acknowledged;
with it events leave on a schedule, and lateness counts as waiting.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.gold import GOLD_DIR, read_gold
from bench.stage import KEYS, OA, ROOT, user_id, user_id_by_app

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """What to send where."""

    port: int
    seconds: float
    run: str  # distinguishes the message ids of two runs
    rate: float | None = None
    connections: int = 8
    people: int = 2000
    path: str = "/zalo/webhook"


@dataclass
class Result:
    """What came back; milliseconds until the acknowledgement."""

    sent: int
    seconds: float
    statuses: dict[str, int] = field(default_factory=dict)
    p50: float = 0.0
    p99: float = 0.0
    worst: float = 0.0

    @property
    def per_second(self) -> float:
        return self.sent / self.seconds

    @property
    def all_taken(self) -> bool:
        return set(self.statuses) <= {"200"}


def generate(plan: Plan) -> Result:
    """Run the plan in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(**json.loads(run.stdout))


class Generator:
    """Connections that share one numbered row of events."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers = itertools.count()
        self._took: list[float] = []
        self._statuses: Counter[str] = Counter()
        self._texts = [one.text for one in read_gold(GOLD_DIR / "tune.tsv")]
        self._started = 0.0

    def run(self) -> Result:
        callers = [
            threading.Thread(target=self._call) for _ in range(self._plan.connections)
        ]
        self._started = time.perf_counter()
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        seconds = time.perf_counter() - self._started
        took = sorted(self._took)
        return Result(
            sent=len(took),
            seconds=seconds,
            statuses=dict(self._statuses),
            p50=took[len(took) // 2],
            p99=took[int(len(took) * 0.99)],
            worst=took[-1],
        )

    def _call(self) -> None:
        address = ("127.0.0.1", self._plan.port)
        with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                number = next(self._numbers)
                due = time.perf_counter()
                if self._plan.rate:
                    due = self._started + number / self._plan.rate
                    time.sleep(max(0.0, due - time.perf_counter()))
                if due - self._started >= self._plan.seconds:
                    return
                request = self._request(number)
                connection.sendall(request)
                status = _read_status(connection)
                self._took.append((time.perf_counter() - due) * 1000)
                self._statuses[status] += 1

    def _request(self, number: int) -> bytes:
        person = number % self._plan.people
        # each round of people asks on: everyone goes through the questions
        asked = self._texts[(number + number // self._plan.people) % len(self._texts)]
        body = event_bytes(person, f"{self._plan.run}-{number}", asked)
        head = (
            f"POST {self._plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-ZEvent-Signature: mac={mac_of(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body


def event_bytes(person: int, message_id: str, text: str) -> bytes:
    """One ``user_send_text`` as Zalo prints it."""
    event: dict[str, Any] = {
        "app_id": KEYS["ZALO_APP_ID"],
        "sender": {"id": user_id(person)},
        "user_id_by_app": user_id_by_app(person),
        "recipient": {"id": OA},
        "event_name": "user_send_text",
        "message": {"text": text, "msg_id": message_id},
        "timestamp": str(int(time.time() * 1000)),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def mac_of(body: bytes) -> str:
    """Zalo's signature, with the timestamp that stands at the end of these bodies."""
    stamp = body[-15:-2]
    parts = (KEYS["ZALO_APP_ID"].encode(), body, stamp)
    return hashlib.sha256(
        b"".join((*parts, KEYS["ZALO_OA_SECRET_KEY"].encode()))
    ).hexdigest()


def _read_status(connection: socket.socket) -> str:
    """Read one answer to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(x[15:]) for x in lines if x.startswith(b"content-length:"))
    while len(rest) < length:
        rest += _some(connection)
    return lines[0].split()[1].decode()


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server hung up")
    return data


if __name__ == "__main__":
    print(json.dumps(asdict(Generator(Plan(**json.loads(sys.argv[1]))).run())))
