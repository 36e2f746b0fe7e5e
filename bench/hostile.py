"""100,000 hostile bodies against the real webhook and the real handlers.

``python -m bench.hostile [--bodies N] [--seed N] [--database URL]``: in this process, through the
application as ``building`` builds it. Nine of ten are signed as Zalo would sign them, after
the mutation; the others wrongly. Wanted: no 5xx, nothing wrongly signed accepted, and every
stored event at its end with a reason, none of them dead.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlmodel import col, func, select

import app
from bench.hostile_bodies import OA, HostileBodies
from bench.stage import KEYS, fill, settings_for
from bot import logs
from bot.catalogue.catalogue import Catalogue
from bot.channel.inbound import timestamp_text
from bot.channel.signature import sign
from bot.channel.values import MAX_TEXT_CHARS
from bot.clock import Clock
from bot.conversation.events import MAX_ATTEMPTS
from bot.db import Database
from bot.settings import Settings
from building.parts import conversations_of
from models import Account, EventStatus, OutboxMessage, WebhookEvent

BODIES = 100_000
SIGNED = 0.9
AT_ONCE = 500  # posted before what they left is handled
LONGEST_PAUSE = timedelta(minutes=2)  # a failed event is due again by then
MESSAGE_LIMIT = 2_000  # characters of one message at Zalo


@dataclass
class Verdict:
    """What became of the bodies."""

    statuses: Counter[int] = field(default_factory=Counter)
    signed: int = 0
    crashes: list[str] = field(default_factory=list)  # a 5xx, or worse
    wrongly_accepted: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # of stored events
    without_reason: int = 0
    dead: list[str] = field(default_factory=list)
    failed_once: int = 0
    unsendable: int = 0  # messages that no Zalo would take

    @property
    def is_clean(self) -> bool:
        stuck = self.ends[EventStatus.WAITING]
        return not (
            self.crashes
            or self.wrongly_accepted
            or stuck
            or self.without_reason
            or self.dead
            or self.failed_once
            or self.unsendable
        )


class Siege:
    """The program, and the one who besets it."""

    def __init__(
        self, settings: Settings, database: Database, catalogue: Catalogue, seed: int
    ) -> None:
        self._bodies = HostileBodies(seed)
        self._clock = Clock(settings.data_dir / "clock")
        self._front = app.create_app(settings, self._clock)
        self._client: FlaskClient = self._front.test_client()
        self._database = database
        self._conversations = conversations_of(
            database, self._clock, settings, catalogue
        )
        self.verdict = Verdict()

    def run(self, bodies: int) -> Verdict:
        for number in range(bodies):
            self._post(self._bodies.next())
            if number % AT_ONCE == AT_ONCE - 1:
                self._drain()
        self._drain()
        for attempt in range(MAX_ATTEMPTS):
            self._clock.move(LONGEST_PAUSE * (attempt + 1))
            self._drain()
        self._judge()
        self._front.extensions["database"].close()
        return self.verdict

    def _post(self, raw: bytes) -> None:
        is_signed = self._bodies.rng.random() < SIGNED
        mac = _mac_of(raw)
        header = f"mac={mac}" if is_signed else self._wrong(mac)
        headers = {} if header is None else {"X-ZEvent-Signature": header}
        try:
            answer = self._client.post("/zalo/webhook", data=raw, headers=headers)
        except Exception as error:
            self.verdict.crashes.append(f"{type(error).__name__}: {raw[:200]!r}")
            return
        self.verdict.signed += is_signed
        self.verdict.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self.verdict.crashes.append(f"{answer.status_code}: {raw[:200]!r}")
        if answer.status_code == 200 and not is_signed:
            self.verdict.wrongly_accepted += 1

    def _wrong(self, mac: str) -> str | None:
        other = "0" if mac[0] != "0" else "1"
        return self._bodies.rng.choice(
            (None, "", "mac=", f"mac={mac[:-1]}", f"mac={other}{mac[1:]}", "mac=é",
             f"sha256={mac}", f"mac={mac.upper()}x", "0" * 64)
        )  # fmt: skip

    def _drain(self) -> None:
        while self._conversations.run_once():
            pass

    def _judge(self) -> None:
        verdict = self.verdict
        with self._database.reading() as session:
            counted = select(WebhookEvent.status, func.count()).group_by(
                col(WebhookEvent.status)
            )
            verdict.ends.update(dict(session.exec(counted).all()))
            ended = col(WebhookEvent.status) != EventStatus.WAITING
            verdict.without_reason = len(
                session.exec(
                    select(WebhookEvent.id).where(
                        ended, col(WebhookEvent.reason).is_(None)
                    )
                ).all()
            )
            failed = session.exec(
                select(WebhookEvent).where(col(WebhookEvent.attempts) > 0)
            ).all()
            verdict.failed_once = len(failed)
            verdict.dead = [
                f"{row.event_name} {row.reason}: {json.dumps(row.payload)[:300]}"
                for row in failed
                if row.status == EventStatus.DEAD
            ]
            texts = session.exec(select(OutboxMessage.content)).all()
            verdict.unsendable = sum(not _is_sendable(one) for one in texts)


def _is_sendable(content: Mapping[str, Any]) -> bool:
    text = content.get("text")
    if text is None:  # erased at the person's wish
        return content == {}
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return len(text.strip()) > 0 and len(text) <= MESSAGE_LIMIT < MAX_TEXT_CHARS


def _mac_of(raw: bytes) -> str:
    """As Zalo signs: with the timestamp that stands in the bytes, if there is one."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    stamp = timestamp_text(body) if isinstance(body, dict) else ""
    return sign(KEYS["ZALO_APP_ID"], raw, stamp, KEYS["ZALO_OA_SECRET_KEY"])


def besiege(settings: Settings, bodies: int, seed: int) -> Verdict:
    """A fresh program, its database filled, its account that of the samples."""
    database = Database(settings.database_url)
    fill(database, settings)
    with database.writing() as session:
        session.add(Account(oa_id=OA, name="UBND xã", created_at=Clock().now()))
    catalogue = Catalogue(database, settings.content_dir)
    verdict = Siege(settings, database, catalogue, seed).run(bodies)
    database.close()
    return verdict


def table(verdict: Verdict) -> str:
    total = sum(verdict.statuses.values())
    rows = {
        "bodies": f"{total:,}, {verdict.signed / max(1, total):.0%} rightly signed",
        "answers": ", ".join(
            f"{n:,} × {s}" for s, n in sorted(verdict.statuses.items())
        ),
        "5xx or worse": str(len(verdict.crashes)),
        "wrongly signed and accepted": str(verdict.wrongly_accepted),
        "stored events ended": ", ".join(f"{n:,} {s}" for s, n in verdict.ends.items()),
        "ended without a reason": str(verdict.without_reason),
        "failed at least once": str(verdict.failed_once),
        "dead": str(len(verdict.dead)),
        "messages Zalo would not take": str(verdict.unsendable),
    }
    lines = ["## Hostile bodies", "", "| figure | measured |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([*lines, *verdict.crashes[:10], *verdict.dead[:10]])


def run(arguments: Sequence[str] = ()) -> str:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile")
    parser.add_argument("--bodies", type=int, default=BODIES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="SQLAlchemy URL of an empty database")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/bot.db"
        logs.set_up(Path(folder) / "hostile.log")
        settings = settings_for(Path(folder), url, "http://127.0.0.1:9", 8000)
        return table(besiege(settings, options.bodies, options.seed))


if __name__ == "__main__":
    print(run(sys.argv[1:]))
