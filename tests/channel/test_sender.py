"""From the outbox to Zalo and back: order, windows, faults, and once in effect."""

from __future__ import annotations

import threading
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channel import outbox
from bot.channel.inbound import text_digest
from bot.channel.outbox import Button, Outgoing, Reason
from bot.channel.sender import LEASE
from bot.channel.verdicts import MAX_ATTEMPTS
from bot.channel.zalo.answers import SentMessage
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, Surface, action_for
from models import ApiGeneration, Contact, Lane, MessageStatus, OutboxMessage
from tests.channel.conftest import OA_ID, Post, wait_until
from tests.channel.fake_zalo import V2, V3

LOST = {"error": -200, "message": "Send message failed"}
DOWN = 503


class WorkerDied(BaseException):
    """Nothing after this runs any more, as after kill -9."""


class DyingClient(ZaloClient):
    """Takes its worker down beside the call."""

    dies_before = False

    def send_text(self, *args: Any, **options: Any) -> SentMessage:
        if not self.dies_before:
            super().send_text(*args, **options)
            self.close()
        raise WorkerDied


def after_lease(post: Post) -> int:
    post.clock.forward(seconds=LEASE.total_seconds() + 1)
    return post.sender.run_once()


# --- the ordinary way ---------------------------------------------------------------------


def test_reply_is_sent_and_recorded(post: Post) -> None:
    post.write(post.person(), "Chào anh/chị ạ")
    assert post.sender.run_once() == 1
    row, [attempt] = post.row(), post.attempts()
    assert post.zalo.texts() == ["Chào anh/chị ạ"]
    assert (row.status, row.zalo_message_id, row.attempts) == ("sent", "m1", 1)
    assert (attempt.endpoint, attempt.zalo_code, attempt.outcome) == (V3, 0, "ok")
    assert attempt.http_status == 200


def test_government_account_is_learned_with_two_calls_and_remembered(
    post: Post,
) -> None:
    post.zalo.kind = "government"
    minh = post.person()
    post.write(minh, "một")
    post.sender.run_once()
    assert post.zalo.paths() == [V3, V2]
    assert post.account().api_generation == ApiGeneration.V2
    assert [attempt.zalo_code for attempt in post.attempts()] == [-235, 0]
    post.write(minh, "hai")
    post.sender.run_once()
    assert post.zalo.paths() == [V3, V2, V2]


def test_account_remembered_as_v2_returns_to_v3(post: Post) -> None:
    post.change_account(api_generation=ApiGeneration.V2)
    minh = post.person()
    for text in ("một", "hai"):
        post.write(minh, text)
        post.sender.run_once()
    assert post.zalo.paths() == [V2, V3, V3]
    assert post.account().api_generation == ApiGeneration.V3


@pytest.mark.parametrize("code", [-200, -201, -230, -217, -32, -209, -999])
def test_no_other_error_reaches_the_other_endpoint(post: Post, code: int) -> None:
    post.zalo.fail(V3, {"error": code, "message": "?"})
    post.write(post.person(), "một")
    post.sender.run_once()
    assert post.zalo.paths() == [V3]


def test_parts_of_a_long_answer_leave_in_order(post: Post) -> None:
    long_text = "\n\n".join(f"{number}. " + "giấy tờ " * 200 for number in range(5))
    people = [post.person(f"p{number}") for number in range(6)]
    for person in people:
        post.write(person, long_text, "cuối cùng")
    post.sender.run_once()
    for person in people:
        rows = [r.content["text"] for r in post.rows() if r.contact_id == person.id]
        assert post.zalo.texts(person.user_id) == rows
        assert len(rows) > 4


def test_answers_overtake_a_campaign(post: Post) -> None:
    for number in range(40):
        person = post.person(f"p{number}")
        post.write(person, "tuyên truyền", lane=Lane.CAMPAIGN)
    post.write(post.person("hoa"), "nhắc việc", lane=Lane.REMINDER)
    post.write(post.person("lan"), "trả lời")
    post.sender.run_once()
    arrived = post.zalo.texts()
    assert len(arrived) == 42
    assert arrived.index("trả lời") < 8  # among the first that left together
    assert arrived.index("nhắc việc") < 8


def test_two_equal_texts_are_both_sent(post: Post) -> None:
    post.write(post.person(), "Dạ vâng", "Dạ vâng")
    post.sender.run_once()
    assert post.zalo.texts() == ["Dạ vâng", "Dạ vâng"]


def test_message_planned_for_later_waits_and_holds_nobody_up(post: Post) -> None:
    minh = post.person()
    later = post.clock.now() + timedelta(hours=3)
    post.write(minh, "nhắc", due_at=later)
    post.write(minh, "trả lời")
    post.sender.run_once()
    assert post.zalo.texts() == ["trả lời"]
    post.clock.forward(hours=3)
    post.sender.run_once()
    assert post.zalo.texts() == ["trả lời", "nhắc"]


def test_more_messages_than_the_pace_allows_at_once_all_leave(post: Post) -> None:
    for number in range(70):
        post.write(post.person(f"p{number}"), "chào")
    assert post.sender.run_once() == 70
    assert len(post.zalo.texts()) == 70


# --- windows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "lane", "status"),
    [
        (47, Lane.REPLY, "sent"),
        (47, Lane.CAMPAIGN, "sent"),
        (49, Lane.REPLY, "parked"),
        (49, Lane.REMINDER, "parked"),
        (49, Lane.CAMPAIGN, "parked"),
        (7 * 24 + 1, Lane.REPLY, "parked"),
        (7 * 24 + 1, Lane.REMINDER, "parked"),
    ],
)
def test_window_decides_by_lane(
    post: Post, hours: int, lane: Lane, status: str
) -> None:
    long_ago = post.clock.now() - timedelta(hours=hours)
    post.write(post.person(last_interaction_at=long_ago), "chào", lane=lane)
    post.sender.run_once()
    assert post.statuses() == [status]
    assert len(post.zalo.calls) == (status == "sent")
    assert post.row().attempts == (status == "sent")


def test_unknown_interaction_lets_only_replies_try(post: Post) -> None:
    minh = post.person(last_interaction_at=None)
    post.write(minh, "trả lời")
    post.write(minh, "nhắc", lane=Lane.REMINDER)
    post.sender.run_once()
    assert post.statuses() == ["sent", "parked"]


def test_parked_message_leaves_when_the_person_writes_again(post: Post) -> None:
    minh = post.person()
    post.zalo.fail(V3, {"error": -230, "message": "User has not interacted"})
    post.write(minh, "kết quả")
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("parked", "window_closed")
    with post.database.writing() as session:
        assert outbox.release_parked(session, minh.id or 0, post.clock.now()) == 1
    post.sender.run_once()
    assert post.zalo.texts() == ["kết quả"]


def test_message_nobody_needs_any_more_expires_unsent(post: Post) -> None:
    until = post.clock.now() + timedelta(hours=1)
    post.write(post.person(), "họp chiều nay", useful_until=until)
    post.clock.forward(hours=1)
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("expired", "not_useful_any_more")
    assert post.zalo.calls == []


@pytest.mark.parametrize("code", [-213, -217, -222, -227])
def test_unreachable_recipient_is_not_tried_again(post: Post, code: int) -> None:
    minh = post.person()
    post.zalo.fail(V3, {"error": code, "message": "?"})
    post.write(minh, "một")
    post.write(minh, "hai")
    post.sender.run_once()
    assert post.statuses() == ["unreachable", "unreachable"]
    assert post.zalo.paths() == [V3]
    assert post.contact(minh).unreachable_reason == post.row_reason(0)


def test_unfollowed_person_gets_answers_but_no_campaign(post: Post) -> None:
    minh = post.person(is_follower=False)
    post.write(minh, "trả lời")
    post.write(minh, "tin chung", lane=Lane.CAMPAIGN)
    post.sender.run_once()
    assert post.statuses() == ["sent", "unreachable"]


# --- what Zalo asks to change -------------------------------------------------------------------


def test_stale_quote_is_dropped_and_the_message_sent_once(post: Post) -> None:
    post.write_messages(post.person(), Outgoing("trả lời", quote_message_id="stale"))
    post.sender.run_once()
    assert post.zalo.texts() == ["trả lời"]
    assert post.zalo.paths() == [V3, V3]
    assert post.statuses() == ["sent"]


def test_refused_buttons_are_dropped_and_remembered(post: Post) -> None:
    post.change_account(takes_buttons=True)
    post.zalo.takes_buttons = False
    minh = post.person()
    menu = Outgoing("1. Thủ tục", buttons=(Button("Thủ tục", "#services"),))
    for _ in range(2):
        post.write_messages(minh, menu)
        post.sender.run_once()
    assert post.zalo.texts() == ["1. Thủ tục", "1. Thủ tục"]
    assert post.zalo.paths() == [V3, V3, V3]
    assert post.account().takes_buttons is False


def test_one_bad_button_does_not_switch_buttons_off(post: Post) -> None:
    post.change_account(takes_buttons=True)
    post.zalo.fail(V3, {"error": -201, "message": "buttons is invalid!"})
    menu = Outgoing("1. Cổng", buttons=(Button("Cổng", url="https://example.vn"),))
    post.write_messages(post.person(), menu)
    post.sender.run_once()
    assert post.zalo.texts() == ["1. Cổng"]
    assert post.account().takes_buttons is True


def test_buttons_are_sent_only_where_they_are_taken(post: Post) -> None:
    menu = Outgoing("1. Thủ tục", buttons=(Button("Thủ tục", "#services"),))
    minh = post.person()
    for takes in (False, True):
        post.change_account(takes_buttons=takes)
        post.write_messages(minh, menu)
        post.sender.run_once()
    assert [item["buttons"] for item in post.zalo.delivered] == [False, True]


@pytest.mark.parametrize("code", [-216, -220])
def test_refused_token_is_refreshed_once_and_the_call_repeated(
    post: Post, code: int
) -> None:
    post.zalo.fail(V3, {"error": code, "message": "token"})
    post.write(post.person(), "chào")
    post.sender.run_once()
    assert post.zalo.paths() == [V3, "/v4/oa/access_token", V3]
    assert post.statuses() == ["sent"]


def test_token_refused_twice_pauses_the_account_and_loses_nothing(post: Post) -> None:
    refusal = {"error": -216, "message": "token"}
    post.zalo.fail(V3, refusal, refusal)
    post.write(post.person(), "chào")
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("waiting", "account_problem")
    assert (post.row().attempts, len(post.zalo.calls)) == (0, 3)
    post.clock.forward(minutes=11)
    post.sender.run_once()
    assert post.zalo.texts() == ["chào"]


def test_dead_token_keeps_messages_until_somebody_consents(post: Post) -> None:
    post.zalo.refresh_token, post.zalo.access_token = "other", "other"
    post.write(post.person(), "chào")
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("waiting", "token_dead")
    assert post.account().token_problem == "reconsent:-14014"
    calls = len(post.zalo.calls)
    post.clock.forward(minutes=11)
    post.sender.run_once()
    assert post.zalo.paths()[calls:] in ([], [V3])


# --- errors by class -------------------------------------------------------------------------


def test_rate_limit_pauses_the_account_to_the_next_minute(post: Post) -> None:
    post.zalo.fail(V3, {"error": -32, "message": "limit"})
    minh, hoa = post.person(), post.person("hoa")
    post.write(minh, "một")
    post.sender.run_once()
    post.write(hoa, "hai")
    post.sender.run_once()
    assert post.zalo.texts() == []
    assert [row.attempts for row in post.rows()] == [0, 0]
    post.clock.forward(minutes=1)
    post.sender.run_once()
    assert sorted(post.zalo.texts()) == ["hai", "một"]


def test_zalo_without_connection_is_tried_again_with_growing_pauses(post: Post) -> None:
    minh = post.person()
    post.write(minh, "chào")
    post.zalo.close()
    pauses = []
    for _ in range(MAX_ATTEMPTS):
        before = post.clock.now()
        assert post.sender.run_once() == 1
        row = post.row()
        pauses.append(row.due_at - before)
        post.clock.ahead += max(row.due_at - post.clock.now(), timedelta())
    assert post.sender.run_once() == 0
    assert (post.row().status, post.row().reason) == ("dead", "zalo_unavailable")
    growing = pauses[: MAX_ATTEMPTS - 1]
    assert growing == sorted(growing)
    assert growing[-1] > timedelta(minutes=45)
    assert {attempt.outcome for attempt in post.attempts()} == {"retry"}


def test_night_and_quota_wait_for_the_next_morning(post: Post) -> None:
    post.zalo.fail(V3, {"error": -211, "message": "Out of quota"})
    post.write(post.person(), "chào")
    post.sender.run_once()
    row = post.row()
    local = row.due_at + timedelta(hours=7)
    assert (row.status, row.reason, local.hour) == ("waiting", "quota_used_up", 6)


def test_paid_message_without_money_is_parked_and_others_go_on(post: Post) -> None:
    post.zalo.fail(V3, {"error": -321, "message": "out of money"})
    minh = post.person()
    post.write(minh, "một")
    post.write(minh, "hai")
    post.sender.run_once()
    assert post.statuses() == ["parked", "sent"]


EXPECTED = {
    Action.RETRY: "waiting",
    Action.RETRY_CAREFULLY: "sending",
    Action.NEXT_MINUTE: "waiting",
    Action.REFRESH_TOKEN: "waiting",
    Action.SWITCH_TO_V3: "waiting",
    Action.PARK: "parked",
    Action.DEFER: "waiting",
    Action.STOP_RECIPIENT: "unreachable",
    Action.STOP_KIND: "unreachable",
    Action.REUPLOAD: "refused",
    Action.HUMAN: "waiting",
    Action.GIVE_UP: "refused",
    Action.DROP_BUTTONS: "refused",
    Action.DROP_QUOTE: "refused",
}
MONEY = (-320, -321)


def test_every_code_of_zalo_ends_in_the_status_of_its_class(
    post: Post, samples: object
) -> None:
    codes = [
        entry
        for entry in samples("error_codes")["codes"]  # type: ignore[operator]
        if entry["surface"] == "oa" and entry["code"] not in (0, -235)
    ]
    assert len(codes) > 40
    for entry in codes:
        code, text = entry["code"], entry.get("message", "")
        post.zalo.standing = {V3: {"error": code, "message": text}}
        post.change_account(paused_until=None, api_generation=ApiGeneration.V3)
        person = post.person(f"code{code}")
        post.write(person, f"mã {code}")
        post.sender.run_once()
        row = post.rows()[-1]
        action = action_for(Surface.OA, code, text)
        expected = "parked" if code in MONEY else EXPECTED[action]
        assert (code, row.status) == (code, expected)
        assert post.zalo.delivered == []
        with post.database.writing() as session:  # out of the way of the next code
            row.status = MessageStatus.CANCELLED
            session.add(row)
        post.clock.forward(minutes=1)  # -32 pauses the whole app


# --- once in effect ------------------------------------------------------------------------------


def test_lost_answer_is_found_in_the_history_and_not_sent_again(post: Post) -> None:
    post.zalo.fail(V3, "cut_after")
    post.write(post.person(), "chào")
    post.sender.run_once()
    assert (post.row().status, post.row().reason) == ("sending", "outcome_unknown")
    post.clock.forward(seconds=16)
    post.sender.run_once()
    row = post.row()
    assert (row.status, row.reason) == ("sent", "confirmed_by_history")
    assert row.zalo_message_id == "m1"
    assert post.zalo.texts() == ["chào"]


@pytest.mark.parametrize("fault", ["cut_after", "hang_after", "broken", LOST])
def test_doubtful_answer_leads_to_one_delivery(post: Post, fault: Any) -> None:
    post.zalo.fail(V3, fault)
    post.write(post.person(), "chào", "phần hai")
    post.sender.run_once()
    assert len(post.zalo.texts()) == (0 if fault is LOST else 1)
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert post.zalo.texts() == ["chào", "phần hai"]
    assert post.statuses() == ["sent", "sent"]


@pytest.mark.parametrize("fault", ["cut", 500, 502])
def test_message_that_never_arrived_is_sent_after_a_look(
    post: Post, fault: str | int
) -> None:
    post.zalo.fail(V3, fault)
    post.write(post.person(), "chào")
    post.sender.run_once()
    assert post.statuses() == ["sending"]
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert post.zalo.texts() == ["chào"]
    assert "/v2.0/oa/conversation" in post.zalo.paths()


def test_crash_between_answer_and_commit_sends_nothing_twice(post: Post) -> None:
    """A worker that dies after Zalo took the message: its row stays ``sending``."""
    crashing = post.new_sender(DyingClient(post.zalo.url, post.zalo.url))
    post.write(post.person(), "chào", "chào")
    crashing.run_once()
    crashing.close()
    assert post.statuses() == ["sending", "waiting"]
    assert post.zalo.texts() == ["chào"]
    assert [attempt.outcome for attempt in post.attempts()] == ["started"]
    assert post.sender.run_once() == 0  # its lease still runs
    after_lease(post)
    assert post.statuses() == ["sent", "sent"]
    assert post.zalo.texts() == ["chào", "chào"]
    assert [row.zalo_message_id for row in post.rows()] == ["m1", "m2"]


def test_crash_before_the_call_sends_the_message_later(post: Post) -> None:
    unborn = DyingClient(post.zalo.url, post.zalo.url)
    unborn.dies_before = True
    crashing = post.new_sender(unborn)
    post.write(post.person(), "chào")
    crashing.run_once()
    crashing.close()
    assert post.zalo.calls == []
    after_lease(post)
    assert post.zalo.texts() == ["chào"]


def test_equal_text_sent_before_does_not_hide_a_lost_one(post: Post) -> None:
    minh = post.person()
    post.write(minh, "Dạ vâng")
    post.sender.run_once()
    post.zalo.fail(V3, "cut")  # the second never arrives
    post.write(minh, "Dạ vâng")
    post.sender.run_once()
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert post.zalo.texts() == ["Dạ vâng", "Dạ vâng"]
    assert [row.zalo_message_id for row in post.rows()] == ["m1", "m2"]


def test_equal_text_noted_a_moment_late_does_not_hide_a_lost_one(post: Post) -> None:
    """Zalo's time of the first lies before the search begins, our own note of it after."""
    minh = post.person()
    post.write(minh, "Dạ vâng")
    post.sender.run_once()
    with post.database.writing() as session:
        first = session.get_one(OutboxMessage, post.row().id)
        assert first.sent_at is not None
        first.sent_at += timedelta(seconds=2)
    post.clock.forward(seconds=11)  # ten are searched before the call
    post.zalo.fail(V3, "cut_after")
    post.write(minh, "Dạ vâng")
    post.sender.run_once()
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert post.zalo.texts() == ["Dạ vâng", "Dạ vâng"]
    assert [row.zalo_message_id for row in post.rows()] == ["m1", "m2"]


def test_send_failed_is_repeated_only_once(post: Post) -> None:
    post.zalo.standing = {V3: LOST}
    post.write(post.person(), "chào")
    for _ in range(4):
        post.sender.run_once()
        post.clock.forward(seconds=16)
    assert post.zalo.paths().count(V3) == 2
    assert (post.row().status, post.row().reason) == ("dead", "maybe_delivered")


@pytest.mark.parametrize(
    ("lane", "waits", "sent", "status"),
    [
        (Lane.REPLY, (31,), 2, "sent"),
        (Lane.REMINDER, (31,), 2, "sent"),
        (Lane.CAMPAIGN, (31, 61, 121, 241), 1, "dead"),
    ],
)
def test_without_history_the_lane_decides(
    post: Post, lane: Lane, waits: tuple[int, ...], sent: int, status: str
) -> None:
    post.zalo.fail(V3, "cut_after")
    post.zalo.standing = {"conversation": DOWN}
    post.write(post.person(), "chào", lane=lane)
    post.sender.run_once()
    post.clock.forward(seconds=16)
    post.sender.run_once()
    assert post.statuses() == ["sending"]  # one look is not enough
    for seconds in waits:
        post.clock.forward(seconds=seconds)
        post.sender.run_once()
    assert len(post.zalo.texts()) == sent
    assert post.statuses() == [status]


def echo(post: Post, contact: Contact, number: int, text: str) -> bool:
    with post.database.writing() as session:
        return outbox.note_echo(
            session,
            OA_ID,
            contact.user_id,
            f"m{number}",
            text_digest(text),
            post.clock.now(),
        )


def test_echo_confirms_what_the_lost_answer_could_not(post: Post) -> None:
    minh = post.person()
    post.zalo.fail(V3, "cut_after")
    post.write(minh, "chào")
    post.sender.run_once()
    assert echo(post, minh, 1, "chào")
    assert (post.row().status, post.row().reason) == ("sent", "confirmed_by_echo")
    after_lease(post)
    assert post.zalo.paths() == [V3]


def test_echo_before_the_answer_is_not_undone_by_a_time_out(post: Post) -> None:
    minh = post.person()
    post.zalo.fail(V3, "hang_after")
    post.write(minh, "chào")
    sending = threading.Thread(target=post.sender.run_once)
    sending.start()
    wait_until(lambda: bool(post.zalo.delivered))
    assert echo(post, minh, 1, "chào")
    sending.join()
    assert post.statuses() == ["sent"]


def test_echo_of_an_earlier_equal_text_confirms_nothing(post: Post) -> None:
    minh = post.person()
    earlier = post.clock.now() - timedelta(minutes=5)
    post.zalo.fail(V3, "cut")
    post.write(minh, "chào")
    post.sender.run_once()
    with post.database.writing() as session:
        assert not outbox.note_echo(
            session, OA_ID, "minh", "m0", text_digest("chào"), earlier
        )
        assert not outbox.note_echo(
            session, OA_ID, "minh", "m0", text_digest("khác"), post.clock.now()
        )
    assert post.statuses() == ["sending"]


def test_late_failure_does_not_undo_a_proven_send(post: Post) -> None:
    """The first worker comes back after its lease, when another has found the message."""
    held = threading.Event()

    def hold(path: str) -> None:
        if path == V3:
            held.wait(30)

    post.zalo.before_answer = hold
    patient = post.new_patient_client()
    slow = post.new_sender(patient)
    post.write(post.person(), "chào")
    thread = threading.Thread(target=slow.run_once)
    thread.start()
    wait_until(lambda: bool(post.zalo.delivered))
    after_lease(post)
    assert (post.row().status, post.row().reason) == ("sent", "confirmed_by_history")
    held.set()
    thread.join()
    slow.close()
    patient.close()
    assert post.statuses() == ["sent"]
    assert post.zalo.texts() == ["chào"]


# --- the loop -----------------------------------------------------------------------------------------


class NoPolling(threading.Event):
    """Only being set ends a wait: whoever forgets to wake the loop makes it stand still."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout=None)


def test_loop_is_woken_for_each_message_and_ends_after_the_one_in_hand(
    post: Post,
) -> None:
    stop, wake = threading.Event(), NoPolling()
    loop = threading.Thread(target=post.sender.run, args=(stop, wake), daemon=True)
    loop.start()
    post.write(post.person(), "một", "hai", "ba")
    wake.set()
    wait_until(lambda: len(post.zalo.texts()) == 3)
    stop.set()
    wake.set()
    loop.join(30)
    assert not loop.is_alive()
    assert post.statuses() == ["sent", "sent", "sent"]


def test_every_reason_has_its_sentence() -> None:
    file = Path(__file__).resolve().parents[2] / "content/texts/outbox.toml"
    texts = tomllib.loads(file.read_text(encoding="utf-8"))
    assert set(texts["reason"]) == set(Reason)
    assert set(texts["status"]) == set(MessageStatus)
    for sentence in (*texts["reason"].values(), *texts["status"].values()):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
