"""Administrators hear of an alarm: once, by every way that works, and of its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.texts import Texts
from bot.watching.bulletins import bulletin_of
from bot.watching.kinds import AlarmKind
from models import (
    Account,
    Alarm,
    Contact,
    Membership,
    MessageStatus,
    Official,
    OutboxMessage,
    Role,
)
from tests.watching.conftest import SICK, WELL, Recorder, Watch


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_kind_has_its_sentences(watch: Watch, kind: AlarmKind) -> None:
    alarm = Alarm(kind=kind, subject=SICK, raised_at=watch.now)
    with watch.database.reading() as session:
        render, zone = watch.telling.render, watch.telling.zone
        bulletin = bulletin_of(session, alarm, render, zone)
        assert "Anh/chị cần làm" in bulletin.text
        assert "\n" not in bulletin.heading
        assert len(bulletin.text) <= 600
        alarm.ended_at = watch.now
        ended = bulletin_of(session, alarm, render, zone)
    assert ended.text.startswith("✅")
    assert ended.heading != bulletin.heading


def test_no_text_stands_for_a_kind_that_is_none(texts: Texts) -> None:
    kinds = {key.split(".")[1] for key in texts.keys if key.startswith("alarm.")}
    names = {key.split(".")[1] for key in texts.keys if key.startswith("alarm_name.")}
    assert kinds == names == set(AlarmKind)


def test_an_administrator_is_written_to_through_the_account_that_is_well(
    watch: Watch,
) -> None:
    watch.administrator(SICK, WELL)
    watch.trouble(code="-14014")
    assert watch.later(seconds=5)["zalo"] == 1
    [message] = watch.written()
    assert (message.oa_id, message.lane, message.due_at) == (WELL, "reply", watch.now)
    assert message.dedupe_key.startswith("alarm:1:")
    assert "UBND xã Ốm" in message.content["text"]
    assert "-14014" in message.content["text"]
    assert watch.alarm().told_at == watch.now


def test_the_sick_account_is_used_while_its_token_lives_and_there_is_no_other(
    watch: Watch,
) -> None:
    watch.administrator(SICK)
    watch.change(Account, SICK, token_problem="refused:-14004")
    watch.trouble(AlarmKind.TOKEN_REFUSED)
    watch.later(seconds=5)
    assert [message.oa_id for message in watch.written()] == [SICK]


def test_a_dead_account_is_not_asked_to_tell_of_its_death(watch: Watch) -> None:
    watch.administrator(SICK)
    watch.change(Account, SICK, token_problem="reconsent:-14014")
    watch.change(Account, SICK, access_expires_at=watch.now)
    watch.trouble()
    assert watch.later(seconds=5)["zalo"] == 0
    assert watch.written() == []
    assert watch.alarm().told_at is None
    watch.change(Account, SICK, access_expires_at=watch.now + timedelta(hours=1))
    assert watch.later(minutes=1)["zalo"] == 1


@pytest.mark.parametrize(
    ("role", "contact"),
    [
        (Role.SUPERVISOR, {}),
        (Role.ADMINISTRATOR, {"unreachable_reason": "blocked"}),
        (Role.ADMINISTRATOR, {"last_interaction_at": None}),
    ],
)
def test_who_is_no_administrator_or_cannot_be_reached_is_left_alone(
    watch: Watch, role: Role, contact: dict[str, object]
) -> None:
    watch.administrator(WELL, role=role, **contact)
    watch.trouble()
    watch.later(seconds=5)
    assert watch.written() == []


def test_only_the_free_window_is_used(watch: Watch) -> None:
    watch.administrator(WELL)
    watch.now += timedelta(hours=49)
    watch.trouble()
    assert watch.later(seconds=5)["zalo"] == 0
    watch.change(Contact, 1, last_interaction_at=watch.now)
    assert watch.later(minutes=1)["zalo"] == 1


def test_who_left_or_whose_term_is_over_hears_nothing(watch: Watch) -> None:
    left, over = watch.administrator(WELL), watch.administrator(WELL)
    watch.change(Official, left, left_at=watch.now)
    watch.change(Membership, over, until_on=watch.now.date() - timedelta(days=1))
    watch.trouble()
    watch.later(seconds=5)
    assert watch.written() == []


def test_it_is_said_once_and_again_after_a_day_while_it_lasts(watch: Watch) -> None:
    hook = Recorder("hook")
    watch.by(hook)
    watch.administrator(WELL)
    watch.trouble()
    watch.later(seconds=5)
    watch.change(OutboxMessage, 1, status=MessageStatus.SENT)
    for _ in range(30):
        watch.later(minutes=1)
    assert (len(hook.heard), len(watch.written())) == (1, 1)
    watch.change(Contact, 1, last_interaction_at=watch.now)
    watch.later(hours=24)
    watch.later(minutes=1)
    assert (len(hook.heard), len(watch.written())) == (2, 2)


def test_the_end_is_told_once_to_those_who_knew_of_the_begin(watch: Watch) -> None:
    hook, late = Recorder("hook"), Recorder("mail", works=False)
    watch.by(hook, late)
    watch.administrator(WELL)
    watch.trouble()
    watch.later(minutes=1)
    watch.administrator(WELL)
    watch.over()
    late.works = True
    for _ in range(5):
        watch.later(minutes=1)
    texts = [message.content["text"] for message in watch.written()]
    assert [text[0] for text in texts] == ["⚠", "✅"]
    assert {message.contact_id for message in watch.written()} == {1}
    assert [one.ended_at is None for one in hook.heard] == [True, False]
    assert late.heard == []


def test_an_alarm_that_ended_before_anybody_heard_of_it_is_not_told(
    watch: Watch,
) -> None:
    hook = Recorder("hook")
    watch.by(hook)
    watch.trouble()
    watch.over()
    watch.later(minutes=1)
    assert hook.heard == []


def test_a_way_that_fails_stops_no_other_and_is_tried_at_each_tick_for_a_while(
    watch: Watch,
) -> None:
    broken, well = Recorder("hook", works=False), Recorder("mail")
    watch.by(broken, well)
    watch.administrator(WELL)
    watch.trouble()
    watch.trouble(AlarmKind.SILENCE)
    watch.later(seconds=5)
    assert (broken.tried, len(well.heard), len(watch.written())) == (1, 2, 2)
    for _ in range(4):
        watch.later(minutes=1)
    tried = broken.tried
    for _ in range(40):
        watch.later(minutes=1)
    assert broken.tried - tried <= 10  # the second alarm's own quick tries
    tried = broken.tried
    watch.later(hours=1)
    assert broken.tried > tried
    broken.works = True
    watch.later(hours=1)
    assert {one.kind for one in broken.heard} == {"token_dead", "silence"}
    assert len(well.heard) == 2


def test_a_message_that_did_not_leave_is_written_anew_through_another_account(
    watch: Watch,
) -> None:
    watch.administrator(WELL, SICK)
    watch.trouble(AlarmKind.SPOOL_WAITING, "")
    watch.later(seconds=1)
    first = watch.written()[0].oa_id
    other = {WELL: SICK, SICK: WELL}[first]
    watch.change(Account, first, paused_until=watch.now + timedelta(hours=1))
    watch.later(minutes=2)
    assert len(watch.written()) == 1
    watch.later(minutes=4)
    assert [(m.oa_id, m.status) for m in watch.written()] == [
        (first, "cancelled"),
        (other, "waiting"),
    ]
    watch.change(OutboxMessage, 2, status=MessageStatus.SENT)
    for _ in range(20):
        watch.later(minutes=1)
    assert len(watch.written()) == 2


def test_a_message_that_never_leaves_is_written_a_few_times_a_day(
    watch: Watch,
) -> None:
    watch.administrator(WELL)
    watch.trouble()
    for _ in range(12 * 5):
        watch.later(minutes=5)
    assert 5 <= len(watch.written()) <= 12
    waiting = [m for m in watch.written() if m.status == MessageStatus.WAITING]
    assert len(waiting) <= 1


def test_the_log_has_a_line_even_when_nobody_can_be_reached(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.trouble()
    assert watch.later(seconds=1) == {"log": 1, "zalo": 0}
    [line] = capsys.readouterr().out.splitlines()
    assert "error" in line
    assert "token_dead" in line
    assert watch.later(minutes=1)["log"] == 0
    watch.later(hours=24)
    watch.over()
    watch.later(minutes=1)
    assert "alarm_ended" in capsys.readouterr().out
