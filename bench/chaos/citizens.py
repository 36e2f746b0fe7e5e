"""What people do during a storm, and how it arrives: twice, late, out of order.

Each person has a row of acts of his own, always the same for the same seed. Some acts mean
nothing without the one before: "1" after a question, the same question again.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.chaos.zalo import FakeZalo
from bench.stage import KEYS, OA, user_id, user_id_by_app
from bot.channel.inbound import parse_event
from bot.channel.signature import sign

QUESTIONS = (
    "đăng ký khai sinh",
    "dang ky tam tru",
    "chứng thực bản sao",
    "đăng ký kết hôn",
    "cấp lại căn cước",
)
ABOUT_LAST = ("1", "2", "3", "lệ phí", "giấy tờ")
PICTURE = {"type": "image", "payload": {"url": "https://photo.zdn.vn/x.jpg"}}
AGAIN_AFTER = 0.1  # seconds until an event that got no 200 is sent again
PATIENCE = 5.0
SENT_TWICE, OVERTAKEN = 0.05, 0.04  # share of events


@dataclass(frozen=True)
class Act:
    """One thing a person does."""

    person: int
    number: int
    event_name: str
    text: str = ""

    @property
    def wants_answer(self) -> bool:
        return self.event_name != "unfollow"


def acts_of(person: int, run: int) -> Iterator[Act]:
    """The row of acts of one person, without end."""
    rng = random.Random(f"{run}/{person}")
    numbers = itertools.count()
    while True:
        for name, text in _scene(rng):
            yield Act(person, next(numbers), name, text)


def _scene(rng: random.Random) -> Sequence[tuple[str, str]]:
    question = rng.choice(QUESTIONS)
    asked = ("user_send_text", question)
    return rng.choices(
        (
            (asked, ("user_send_text", rng.choice(ABOUT_LAST))),
            (asked, asked),
            (("user_send_image", ""),),
            (("unfollow", ""), ("follow", "")),
            (("user_send_text", "menu"),),
        ),
        weights=(50, 15, 15, 10, 10),
    )[0]


@dataclass
class Crowd:
    """Everybody who writes, by a few threads; ``taken`` is what got its 200."""

    addresses: Sequence[str]
    zalo: FakeZalo
    people: int
    events: int
    run: int
    seconds: float  # over which they write: as long as processes are killed
    writers: int = 4
    taken: dict[str, Act] = field(default_factory=dict)
    following: dict[int, tuple[int, bool]] = field(default_factory=dict)
    last_ms: dict[int, int] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=self._write, args=[share], name=f"writer-{share}")
            for share in range(self.writers)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def is_writing(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _write(self, share: int) -> None:
        """This writer's people in turn, each event until somebody takes it."""
        rng = random.Random(f"{self.run}/writer/{share}")
        mine = range(share, self.people, self.writers)
        rows = {person: acts_of(person, self.run) for person in mine}
        count = len(range(share, self.events, self.writers))
        due = itertools.islice(self._in_turn(rows, rng), count)
        started = time.monotonic()
        with requests.Session() as http:
            for number, (body, act) in enumerate(due):
                at = started + number / count * self.seconds
                time.sleep(max(0.0, at - time.monotonic()))
                self._deliver(http, body, act)
                if rng.random() < SENT_TWICE:
                    self._deliver(http, body, act)

    def _in_turn(
        self, rows: dict[int, Iterator[Act]], rng: random.Random
    ) -> Iterator[tuple[bytes, Act]]:
        """Round after round; now and then an event is overtaken by its successor."""
        held: dict[int, tuple[bytes, Act]] = {}
        while True:
            for person, row in rows.items():
                act = next(row)
                body = self._body(act)
                if person not in held and rng.random() < OVERTAKEN:
                    held[person] = (body, act)
                    continue
                yield body, act
                if person in held:
                    yield held.pop(person)

    def _body(self, act: Act) -> bytes:
        now = self.zalo.simulator.clock.now_ms()
        # no two at one instant: a follow has no other mark of its own
        now = max(now, self.last_ms.get(act.person, 0) + 1)
        self.last_ms[act.person] = now
        return json.dumps(_event(act, self.run, now), ensure_ascii=False).encode()

    def _deliver(self, http: requests.Session, body: bytes, act: Act) -> None:
        for address in itertools.cycle(self.addresses):
            status = _post(http, address, body)
            if status == 200:
                break
            self.refused[status] += 1
            time.sleep(AGAIN_AFTER)
        self.taken[parse_event(json.loads(body)).event_key] = act
        if act.event_name in ("follow", "unfollow"):
            said = (int(json.loads(body)["timestamp"]), act.event_name == "follow")
            self.following[act.person] = max(said, self.following.get(act.person, said))
        if act.wants_answer:
            self.zalo.note_wrote(act.person)


def _event(act: Act, run: int, now_ms: int) -> dict[str, Any]:
    common = {
        "app_id": KEYS["ZALO_APP_ID"],
        "user_id_by_app": user_id_by_app(act.person),
        "event_name": act.event_name,
        "timestamp": str(now_ms),
    }
    if act.event_name in ("follow", "unfollow"):
        return common | {"oa_id": OA, "follower": {"id": user_id(act.person)}}
    message: dict[str, Any] = {"msg_id": f"chaos-{run}-{act.person}-{act.number}"}
    if act.text:
        message["text"] = act.text
    else:
        message["attachments"] = [PICTURE]
    parties = {"sender": {"id": user_id(act.person)}, "recipient": {"id": OA}}
    return common | parties | {"message": message}


def _post(http: requests.Session, address: str, body: bytes) -> int:
    """The status, 0 when there was none."""
    stamp = json.loads(body)["timestamp"]
    mac = sign(KEYS["ZALO_APP_ID"], body, stamp, KEYS["ZALO_OA_SECRET_KEY"])
    headers = {"X-ZEvent-Signature": f"mac={mac}"}
    try:
        return http.post(
            f"{address}/zalo/webhook", data=body, headers=headers, timeout=PATIENCE
        ).status_code
    except requests.RequestException:
        return 0
