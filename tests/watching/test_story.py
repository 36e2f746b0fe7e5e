"""From a dead token to an administrator's phone, and back to health, through the program."""

from __future__ import annotations

import pytest
import requests
from sqlmodel import select

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.doctor import examine
from bot.health import readiness
from bot.settings import Settings
from bot.watching.alarms import end_alarm, raise_alarm
from bot.watching.kinds import AlarmKind
from models import Contact, Membership, Official, Role, WorkerBeat
from tests.chat import Chat, Town
from tests.test_connecting import connecting_of, consent, opened


def make_administrator(town: Town, chat: Chat) -> None:
    """Whoever holds this phone; he has just written."""
    chat.says("menu")
    now = town.worker.conversations.clock.now()
    with town.database.writing() as session:
        official = Official(pseudonym="p1", name="Hoa", created_at=now, joined_at=now)
        session.add(official)
        session.flush()
        session.add(
            Membership(
                official_id=official.id or 0,
                unit_code="xa_tan_lan",
                role=Role.ADMINISTRATOR,
                since_on=now.date(),
            )
        )
        [contact] = session.exec(select(Contact).where(Contact.oa_id == chat.oa_id))
        contact.official_id = official.id


def a_minute_later(town: Town, chat: Chat) -> list[str]:
    """What reached this phone by the clock's jobs."""
    before = {bubble["message_id"] for bubble in chat.bubbles()}
    chat.post_control("/clock", {"move_seconds": 61})
    town.worker.tick()
    chat.drain()
    return [b["text"] for b in chat.bubbles() if b["message_id"] not in before]


def ready(town: Town) -> dict[str, object]:
    found: dict[str, object] = requests.get(f"{town.address}/readyz", timeout=10).json()
    return found


def test_a_dead_token_is_told_through_the_other_account_until_it_is_healed(
    town: Town,
) -> None:
    hoa = town.chat_of("chi-hoa", town.business)
    make_administrator(town, hoa)
    assert a_minute_later(town, hoa) == []
    for which in ("access", "refresh"):
        path = f"/accounts/{town.government}/tokens/expire"
        hoa.post_control(path, {"which": which})
    assert town.chat_of("ba-tam").says("khai sinh") == []
    assert ready(town)["alarms"] == {
        "ok": False,
        "detail": f"open: token_dead {town.government}",
    }
    [told] = a_minute_later(town, hoa)
    assert told.startswith("⚠️ OA UBND xã Cần Đước (mô phỏng) không gửi được tin từ")
    assert "oa connect" in told
    assert a_minute_later(town, hoa) == []
    page = opened(consent(connecting_of(town).link(), town.government))
    assert page.status_code == 200
    assert ready(town)["alarms"] == {"ok": True, "detail": "none open"}
    tam = town.chat_of("ba-tam")
    tam.drain()  # what had waited leaves at once, in its order
    _, answer = [b["text"] for b in tam.bubbles() if b["from"] == "oa"]
    assert "khai sinh" in answer
    [over] = a_minute_later(town, hoa)
    assert over.startswith("✅ Đã ổn từ")
    assert "UBND xã Cần Đước" in over


@pytest.mark.parametrize(
    ("kind", "is_ready"), [(AlarmKind.JOB_HANGS, False), (AlarmKind.BUDGET_80, True)]
)
def test_only_a_severe_alarm_makes_the_program_not_ready(
    database: Database,
    settings: Settings,
    clock: Clock,
    kind: AlarmKind,
    is_ready: bool,
) -> None:
    with database.writing() as session:
        session.add(WorkerBeat(worker="w", started_at=clock.now(), beat_at=clock.now()))
        raise_alarm(session, kind, "x", {}, clock.now())
    found = readiness(database, Spool(settings.data_dir), clock)
    assert found.alarms.ok is is_ready
    assert found.alarms.detail == f"open: {kind} x"
    [seen] = [one for one in examine(settings, (), clock) if one.name == "alarms"]
    assert seen.check == found.alarms
    with database.writing() as session:
        end_alarm(session, kind, "x", clock.now())
    assert readiness(database, Spool(settings.data_dir), clock).alarms.ok
