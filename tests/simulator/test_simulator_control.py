"""The control API, the ledger, the clock, and what survives a restart."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Simulator, SimulatorConfig, seed_demo
from simulator.acts import Words, place_of, say
from tests.simulator.harness import BUSINESS, GOVERNMENT, HOA_AT_BUSINESS, Zalo


def refused(zalo: Zalo, path: str, body: Any = None) -> tuple[int, str]:
    response = requests.post(f"{zalo.url}/control{path}", json=body or {}, timeout=10)
    return response.status_code, response.json()["error"]


# Cast


def test_the_demo_has_two_accounts_and_six_people(zalo: Zalo) -> None:
    kinds = {row["oa_id"]: row["kind"] for row in zalo.control("/accounts")["accounts"]}
    assert kinds == {GOVERNMENT: "government", BUSINESS: "business"}
    people = {row["key"] for row in zalo.control("/people")["people"]}
    assert people == {
        "ba-tam",
        "anh-minh",
        "chi-hoa",
        "chi-lan",
        "anh-dung",
        "ong-sau",
    }


def test_seeding_twice_changes_nothing(zalo: Zalo) -> None:
    before = zalo.control("/people")
    seed_demo(zalo.simulator)
    assert zalo.control("/people") == before


def test_a_new_person_can_follow_without_an_event(zalo: Zalo) -> None:
    body = {"display_name": "Cô Ba", "key": "co-ba", "follows": [BUSINESS], "age": 50}
    row = zalo.control("/people", body)
    assert row["accounts"][BUSINESS]["follows"] is True
    assert row["accounts"][BUSINESS]["window"] == "never"
    assert zalo.events() == []
    assert refused(zalo, "/people", body)[0] == 409


def test_a_new_account_gets_its_own_user_ids(zalo: Zalo) -> None:
    body = {"name": "UBND xã mới", "kind": "government"}
    oa_id = zalo.control("/accounts", body)["oa_id"]
    ids = {
        known["user_id"]
        for known in zalo.control("/people/ba-tam")["accounts"].values()
    }
    assert len(ids) == 3
    pair = zalo.control(f"/accounts/{oa_id}/tokens", {})
    zalo.tokens[oa_id] = pair["access_token"]
    assert zalo.get("/openapi/v2.0/oa/getoa", oa_id=oa_id)["data"]["oa_type"] == 4


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/accounts/1", {"verified": True}, 404),
        (f"/accounts/{BUSINESS}", {"colour": "red"}, 400),
        (f"/accounts/{BUSINESS}", {"verified": "yes"}, 400),
        (f"/accounts/{BUSINESS}", {"sub_quota_left": True}, 400),
        (f"/accounts/{BUSINESS}", {"kind": "circus"}, 400),
        ("/people", {}, 400),
        ("/people/nobody", {"age": 3}, 404),
        (f"/chats/{BUSINESS}/nobody/say", {"text": "a"}, 404),
        (f"/chats/{BUSINESS}/chi-hoa/say", {}, 400),
        (f"/chats/{BUSINESS}/chi-hoa/dance", {}, 404),
        (f"/chats/{BUSINESS}/chi-hoa/say", {"text": "a", "quote": "x"}, 404),
        (f"/chats/{BUSINESS}/chi-hoa/press", {"message_id": "x", "button": 0}, 404),
        ("/webhook", {"url": "https://bot.example.org"}, 400),
        ("/webhook/inject", {"kind": "dragon"}, 400),
        ("/clock", {"set": "2026-11-24T08:00:00"}, 400),
        ("/faults", {"kind": "error", "colour": 1}, 400),
    ],
)
def test_a_wrong_request_says_what_to_do(
    zalo: Zalo, path: str, body: dict[str, Any], status: int
) -> None:
    code, text = refused(zalo, path, body)
    assert code == status
    assert text


# Chats and polling


def test_a_poll_brings_only_what_changed(zalo: Zalo) -> None:
    first = zalo.act("say", {"text": "một"})
    zalo.settle()
    path = f"/chats/{BUSINESS}/chi-hoa"
    seq = zalo.control(path)["seq"]
    assert zalo.control(f"{path}?since={seq}")["bubbles"] == []
    zalo.send("hai")
    zalo.settle()
    (bubble,) = zalo.control(f"{path}?since={seq}")["bubbles"]
    assert (bubble["from"], bubble["text"], bubble["state"]) == ("oa", "hai", "seen")
    zalo.act("react", {"message_id": first["message_id"], "icon": "/-heart"})
    changed = zalo.control(f"{path}?since={bubble['seq']}")["bubbles"]
    assert [found["text"] for found in changed] == ["một"]


def test_the_cheap_poll_tells_whether_to_look_closer(zalo: Zalo) -> None:
    seq = zalo.control("/changes")["seq"]
    watch = f"/changes?since={seq}&oa_id={BUSINESS}&chat=chi-hoa"
    assert zalo.control(watch)["changed"] is False
    zalo.act("say", {"text": "a"}, "ong-sau")
    zalo.settle()
    answer = zalo.control(watch)
    assert (answer["changed"], answer["chat_changed"]) == (True, False)
    zalo.act("say", {"text": "a"})
    assert zalo.control(watch)["chat_changed"] is True


def test_a_message_of_a_person_is_received_when_the_webhook_took_it(
    zalo: Zalo,
) -> None:
    zalo.ears.statuses[:] = [500]
    zalo.act("say", {"text": "alo"})
    zalo.settle()
    assert zalo.bubbles()[-1]["state"] == "sent"
    zalo.wait(seconds=31)
    zalo.settle()
    assert zalo.bubbles()[-1]["state"] == "received"


def test_the_list_of_chats_has_the_latest_first(zalo: Zalo) -> None:
    zalo.act("say", {"text": "một"})
    zalo.act("say", {"text": "hai"}, "ong-sau")
    rows = zalo.control(f"/chats/{BUSINESS}")["chats"]
    assert [row["name"] for row in rows] == ["Ông Sáu", "Chị Hoa"]
    assert rows[0]["last"]["text"] == "hai"


def test_logs_can_be_read_for_one_person(zalo: Zalo) -> None:
    zalo.act("say", {"text": "một"})
    zalo.act("say", {"text": "hai"}, "ong-sau")
    zalo.send("chào")
    zalo.settle()
    rows = zalo.control("/webhooks?person=ong-sau")["deliveries"]
    assert [row["event_name"] for row in rows] == ["user_send_text"]
    assert rows[0]["status"] == 200
    (call,) = zalo.control("/calls?person=chi-hoa")["calls"]
    assert (call["path"], call["error"]) == ("/v3.0/oa/message/cs", 0)
    assert "chào" in call["body"].encode().decode("unicode_escape")
    assert zalo.control("/calls?person=ba-tam")["calls"] == []


def test_only_the_newest_log_rows_come_up_to_the_limit(zalo: Zalo) -> None:
    for _ in range(4):
        zalo.get("/openapi/v2.0/oa/getoa")
    calls = zalo.control("/calls?limit=3")["calls"]
    assert len(calls) == 3
    later = zalo.control(f"/calls?since={calls[1]['seq']}")["calls"]
    assert later == calls[2:]


# Clock


def test_the_clock_moves_sets_and_returns(zalo: Zalo) -> None:
    zalo.at("2027-02-05T23:59:00+07:00")
    zalo.wait(minutes=2)
    assert zalo.control("/clock")["now"].startswith("2027-02-06T00:01:")
    assert zalo.control("/clock", method="DELETE")["offset_seconds"] == 0


def test_moving_the_clock_tells_the_total_offset() -> None:
    heard: list[timedelta] = []
    base = datetime(2026, 11, 24, 2, tzinfo=UTC)
    sim = Simulator(config_for(None), lambda: base, heard.append)
    sim.clock.move(timedelta(hours=1))
    sim.clock.move(timedelta(hours=2))
    assert heard == [timedelta(hours=1), timedelta(hours=3)]
    assert sim.clock.now().isoformat() == "2026-11-24T12:00:00+07:00"
    sim.close()


# Ledger


def test_the_ledger_counts_what_reached_whom(zalo: Zalo) -> None:
    zalo.send("hai lần")
    zalo.send("hai lần")
    zalo.send("một lần")
    zalo.send("a" * 2001)
    counts = zalo.control("/ledger/counts")
    assert (counts["delivered"], counts["distinct"], counts["recipients"]) == (3, 2, 1)
    (row,) = counts["duplicated"]
    assert (row["text"], row["times"], row["person"]) == ("hai lần", 2, "chi-hoa")
    assert counts["by_recipient"] == {f"{BUSINESS}/{HOA_AT_BUSINESS}": 3}


def test_the_ledger_is_complete_when_many_send_at_once(zalo: Zalo) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: zalo.send(f"tin {number}"), range(200)))
    counts = zalo.control("/ledger/counts")
    assert (counts["delivered"], counts["distinct"]) == (200, 200)
    seq, rows = 0, []
    while page := zalo.control(f"/ledger?since={seq}&limit=70")["rows"]:
        rows += page
        seq = page[-1]["seq"]
    assert len({row["message_id"] for row in rows}) == len(rows) == 200


def test_the_ledger_outlives_the_logs(zalo: Zalo) -> None:
    zalo.send("chào")
    zalo.control("/logs", method="DELETE")
    assert zalo.control("/calls")["calls"] == []
    assert zalo.control("/ledger")["delivered"] == 1


def test_a_reset_keeps_cast_and_tokens_and_forgets_the_rest(zalo: Zalo) -> None:
    zalo.act("say", {"text": "alo"})
    zalo.control("/faults", {"kind": "error"})
    zalo.control("/webhook", {"duplicate": 3, "enabled": False})
    zalo.settle()
    zalo.control("/reset", {})
    assert zalo.bubbles() == []
    assert zalo.control("/faults")["faults"] == []
    webhook = zalo.control("/webhook")
    assert (webhook["enabled"], webhook["options"]["duplicate"]) == (True, 0)
    assert len(zalo.control("/people")["people"]) == 6
    pair = zalo.simulator.state.tokens[zalo.tokens[BUSINESS]]
    assert pair.oa_id == BUSINESS
    zalo.control("/reset", {"everything": True})
    assert zalo.control("/people")["people"] == []


# Restart


def config_for(state_file: Path | None) -> SimulatorConfig:
    return SimulatorConfig(
        "1",
        "secret",
        "key",
        "http://127.0.0.1:9/hook",
        "http://127.0.0.1:8000/simulator",
        state_file,
    )


def test_tokens_people_chats_files_and_clock_survive_a_restart(tmp_path: Path) -> None:
    config = config_for(tmp_path / "zalo.json")
    sim = Simulator(config)
    seed_demo(sim)
    sim.clock.move(timedelta(days=3))
    pair = sim.issue_tokens(BUSINESS)
    with sim.state.lock:
        said = say(sim, place_of(sim, BUSINESS, "chi-hoa"), Words("text", "Cần gì?"))
    media = sim.keep_file(b"abc", "a.txt")
    sim.close()

    moved: list[timedelta] = []
    again = Simulator(config, on_clock_moved=moved.append)
    seed_demo(again)
    assert again.state.tokens[pair.access_token].oa_id == BUSINESS
    assert again.state.refresh_tokens[pair.refresh_token].refresh_used is False
    assert again.state.messages[said.message_id].text == "Cần gì?"
    assert again.state.seq >= sim.state.seq - 1
    assert again.media.read(media.media_id) == b"abc"
    assert moved == [timedelta(days=3)]
    assert len(again.state.people) == 6
    again.close()


def test_a_token_pair_is_on_disk_before_it_is_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "zalo.json"
    sim = Simulator(config_for(path))
    seed_demo(sim)
    pair = sim.issue_tokens(BUSINESS)
    assert pair.refresh_token in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sim.close()


def test_without_a_file_nothing_is_written_and_no_thread_waits() -> None:
    before = threading.active_count()
    sim = Simulator(config_for(None))
    assert threading.active_count() == before
    sim.close()
