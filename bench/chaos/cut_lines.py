"""Ten thousand sends, one of twenty cut off after delivery: none lost, none twice.

The sender alone, in this process, against the fake Zalo over HTTP: the line is cut when
the message is already on the person's phone, so that only the history can tell.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, func, select

import app
from bench.chaos.zalo import SEND_PATH, FakeZalo, fake_zalo
from bench.stage import (
    OA,
    fill,
    free_port,
    know_account,
    settings_for,
    user_id,
    user_id_by_app,
)
from bot.channel import outbox
from bot.channel.outbox import Outgoing, Reason
from bot.clock import Clock
from bot.db import Database
from building.demo import connect_demo_accounts
from models import Contact, Lane, MessageStatus, OutboxMessage

PEOPLE = 100
CUT = 0.05
OPEN = (MessageStatus.WAITING, MessageStatus.SENDING)


@dataclass(frozen=True)
class CutLines:
    """What was sent and what arrived."""

    sends: int
    cut: int
    lost: int
    twice: int
    looked_up: int
    seconds: float

    def __str__(self) -> str:
        return (
            "## Cut lines\n\n"
            "| sends | cut after delivery | lost | twice | settled by the history | s |\n"
            "| --- | --- | --- | --- | --- | --- |\n"
            f"| {self.sends:,} | {self.cut:,} | {self.lost} | {self.twice} "
            f"| {self.looked_up:,} | {self.seconds:.0f} |"
        )


def send_with_cut_lines(sends: int, seed: int = 1) -> CutLines:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Clock(Path(name) / "clock")
        with fake_zalo(free_port(), PEOPLE, clock, proofs=True) as zalo:
            zalo.simulator.webhook.enabled = False  # no echo: the history must tell
            settings = settings_for(
                folder, f"sqlite:///{folder}/bot.db", zalo.address, free_port()
            )
            database = Database(settings.database_url)
            fill(database, settings)
            connect_demo_accounts(database, settings, zalo.simulator)
            know_account(database)
            _enqueue(database, sends)
            started = time.monotonic()
            _send_all(
                app.create_worker(settings, clock).sender.run, database, zalo, seed
            )
            return _judge(database, zalo, sends, time.monotonic() - started)


def _enqueue(database: Database, sends: int) -> None:
    """Every person gets the same few texts again and again: only counting tells them apart."""
    now = Clock().now()
    with database.writing() as session:
        for number in range(PEOPLE):
            contact = Contact(
                oa_id=OA, user_id=user_id(number), created_at=now,
                user_id_by_app=user_id_by_app(number), last_interaction_at=now,
            )  # fmt: skip
            session.add(contact)
            session.flush()
            for turn in range(number, sends, PEOPLE):
                text = f"Câu trả lời số {turn // PEOPLE % 7}"
                outbox.enqueue(
                    session, contact=contact, key=f"event:{turn}",
                    messages=[Outgoing(text)], lane=Lane.REPLY, now=now,
                )  # fmt: skip


def _send_all(
    run: Callable[[threading.Event, threading.Event], None],
    database: Database,
    zalo: FakeZalo,
    seed: int,
) -> None:
    """The sender at work until nothing is open; the line is cut at random."""
    rng = random.Random(seed)
    stop, wake = threading.Event(), threading.Event()
    sending = threading.Thread(target=run, args=(stop, wake), name="sender")
    sending.start()
    seen = 0
    while _count(database, *OPEN):
        now = len(zalo.ledger)
        cuts = sum(rng.random() < CUT for _ in range(now - seen))
        seen = now
        if cuts:
            zalo.spoil("cut_after_delivery", cuts, SEND_PATH)
        time.sleep(0.1)
    stop.set()
    wake.set()
    sending.join()


def _count(database: Database, *statuses: MessageStatus) -> int:
    with database.reading() as session:
        return session.exec(
            select(func.count())
            .select_from(OutboxMessage)
            .where(col(OutboxMessage.status).in_(statuses))
        ).one()


def _judge(database: Database, zalo: FakeZalo, sends: int, seconds: float) -> CutLines:
    with database.reading() as session:
        rows = session.exec(
            select(OutboxMessage, Contact.user_id).join(
                Contact, col(Contact.id) == OutboxMessage.contact_id
            )
        ).all()
    wanted = Counter((person, row.content["text"]) for row, person in rows)
    arrived = Counter((message.chat_id, message.text) for message in zalo.ledger)
    database.close()
    with zalo.simulator.state.lock:
        cut = sum(
            fault.used
            for fault in zalo.simulator.faults.rows
            if fault.kind == "cut_after_delivery"
        )
    return CutLines(
        sends=sends,
        cut=cut,
        lost=sum((wanted - arrived).values()),
        twice=sum((arrived - wanted).values()),
        looked_up=sum(row.reason == Reason.CONFIRMED_BY_HISTORY for row, _ in rows),
        seconds=seconds,
    )
