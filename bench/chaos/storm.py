"""One run: the stage is set, all happens at once, all is waited for, the ledger judges."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from bench.chaos import faults
from bench.chaos.citizens import Crowd
from bench.chaos.engines import Engine
from bench.chaos.judge import Verdict, judge
from bench.chaos.troupe import Troupe, troupe_of
from bench.chaos.zalo import FakeZalo, fake_zalo
from bench.stage import fill, free_port, know_account, settings_for
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.outreach.campaigns import approving, editing, lists, running
from bot.outreach.campaigns.editing import Wish
from bot.outreach.campaigns.terms import Terms
from bot.settings import Settings
from building.demo import connect_demo_accounts
from models import (
    Account,
    EventStatus,
    Membership,
    MessageStatus,
    Official,
    OutboxMessage,
    Role,
    WebhookEvent,
)

BETWEEN_KILLS = (0.3, 2.5)  # seconds
CAMPAIGN_EVERY_SECONDS = 10.0
TERMS = Terms(Settings().zone, message_vnd=55)
# A lost row's lease lasts 75 s, the history is asked twice at the most, and a throttled
# account pauses for a minute.
DONE_WITHIN = 420.0
QUIET_SECONDS = 1.0
STILL_SECONDS = 14.0  # longer than any call under way


@dataclass(frozen=True)
class Plan:
    """How big, and how bad."""

    events: int
    kills: int
    run: int = 1  # also the seed
    people: int = 24
    webs: int = 2
    workers: int = 2
    faults: Sequence[faults.Fault] = faults.ALL
    proofs: bool = True  # echo and history; without them only the lanes' rules hold

    @property
    def seconds(self) -> float:
        """How long the killing lasts, and so the writing."""
        return self.kills * sum(BETWEEN_KILLS) / 2


def storm(folder: Path, engine: Engine, plan: Plan) -> Verdict:
    """One run in an empty folder and an empty database."""
    rng = random.Random(plan.run)
    clock = Clock(folder / "clock")
    ports = [free_port() for _ in range(plan.webs)]
    with fake_zalo(ports[0], plan.people, clock, proofs=plan.proofs) as zalo:
        settings = [_settings(folder, engine, zalo, port) for port in ports]
        database = Database(engine.url)
        fill(database, settings[0])
        connect_demo_accounts(database, settings[0], zalo.simulator)
        know_account(database)
        started = time.monotonic()
        with troupe_of(settings, plan.workers) as troupe:
            crowd = Crowd(
                [one.base_url for one in settings],
                zalo, plan.people, plan.events, plan.run, plan.seconds,
            )  # fmt: skip
            weather = faults.Weather(
                faults.Stage(zalo, engine, troupe), plan.faults, rng
            )
            revived = _rage(plan, database, crowd, troupe, weather, rng)
            revived += _wait_until_done(database, folder, troupe, zalo)
        verdict = judge(database, zalo, crowd)
        verdict.kills, verdict.faults = dict(troupe.killed), dict(weather.happened)
        verdict.revived, verdict.seconds = revived, time.monotonic() - started
        database.close()
        return verdict


def _settings(folder: Path, engine: Engine, zalo: FakeZalo, port: int) -> Settings:
    made = settings_for(folder, engine.url, zalo.address, port)
    return made.model_copy(update={"clock_file": str(folder / "clock")})


def _rage(
    plan: Plan,
    database: Database,
    crowd: Crowd,
    troupe: Troupe,
    weather: faults.Weather,
    rng: random.Random,
) -> int:
    """Until everything is written and everybody killed who is to be."""
    crowd.start()
    weather.start()
    revived = campaigns = 0
    begun = time.monotonic()
    while crowd.is_writing or troupe.killed.total() < plan.kills:
        time.sleep(rng.uniform(*BETWEEN_KILLS))
        revived += troupe.revive_dead()
        if troupe.killed.total() < plan.kills:
            troupe.kill_one_of_age(rng)
        if time.monotonic() - begun > campaigns * CAMPAIGN_EVERY_SECONDS:
            campaigns += _add_campaign(database, campaigns)
    weather.end()
    crowd.join()
    return revived


def _add_campaign(database: Database, number: int) -> int:
    """A notice to everybody known so far, as an office sends it; 0 when the database is
    away just now. An emergency: a storm may rage at night, and nobody said yes to news."""
    now = Clock().now()
    try:
        with database.writing() as session:
            official = _somebody(session, now)
            wish = Wish(
                title=f"Bản tin {number}",
                text=f"Bản tin số {number} của xã",
                is_emergency=True,
            )
            campaign = editing.create(session, wish, official, now)
            lists.make_whole(session, campaign, TERMS, now)
            today = now.astimezone(TERMS.zone).date()
            approving.approve(session, campaign, official, now, today)
            running.start(session, campaign, TERMS, official.pseudonym, now)
    except SQLAlchemyError:
        return 0
    return 1


def _somebody(session: Session, now: datetime) -> Official:
    """Who answers for all of them."""
    known = session.exec(select(Official).where(Official.pseudonym == "storm")).first()
    if known is not None:
        return known
    official = Official(pseudonym="storm", name="storm", created_at=now, joined_at=now)
    session.add(official)
    session.flush()
    unit = session.exec(
        select(Account.unit_code).where(col(Account.unit_code).is_not(None))
    ).first()
    session.add(
        Membership(
            official_id=official.id or 0,
            unit_code=unit or "tay_ninh",
            role=Role.ADMINISTRATOR,
            since_on=now.date() - timedelta(days=2),
        )
    )
    session.flush()
    return official


def _wait_until_done(
    database: Database, folder: Path, troupe: Troupe, zalo: FakeZalo
) -> int:
    """Nothing waits, in the tables or on the disk; who died meanwhile is started again.

    When nothing has moved for a while, only leases and pauses are left: their time passes.
    """
    revived, spool = 0, Spool(folder)
    deadline = time.monotonic() + DONE_WITHIN
    left, moved_at = -1, time.monotonic()
    while time.monotonic() < deadline:
        revived += troupe.revive_dead()
        with database.reading() as session:
            now_left = _open_work(session) + spool.waiting()
        if now_left == 0:
            break
        if now_left != left:
            left, moved_at = now_left, time.monotonic()
        elif time.monotonic() - moved_at > STILL_SECONDS:
            zalo.pass_time(faults.ASLEEP)
            moved_at = time.monotonic()
        time.sleep(QUIET_SECONDS)
    return revived


def _open_work(session: Session) -> int:
    waiting = session.exec(
        select(func.count())
        .select_from(WebhookEvent)
        .where(col(WebhookEvent.status) == EventStatus.WAITING)
    ).one()
    leaving = session.exec(
        select(func.count())
        .select_from(OutboxMessage)
        .where(
            col(OutboxMessage.status).in_(
                [MessageStatus.WAITING, MessageStatus.SENDING]
            )
        )
    ).one()
    return waiting + leaving
