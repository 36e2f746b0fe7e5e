"""What the webhook never brought is found in Zalo's history and answered, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, delete, select

from bot.channel import catching_up
from bot.channel.catching_up import CatchingUp
from bot.channel.inbound import parse_event
from bot.channel.past import arrival_from, payload_of
from bot.channel.zalo.answers import HistoryItem, history_item_from
from bot.watching.kinds import AlarmKind
from models import Account, AccountWatch, Alarm, EventStatus, WebhookEvent
from tests.channel.conftest import OA_ID, MovableClock, Post
from tests.chat import Chat, Town

# --- the whole program in front of the simulated Zalo ----------------------------------------


def webhook(chat: Chat, *, is_on: bool) -> None:
    chat.post_control("/webhook", {"enabled": is_on})


def pass_by(town: Town, chat: Chat, **time: float) -> None:
    """Time goes on for everybody; then the clock's jobs have their turn."""
    seconds = timedelta(**time).total_seconds()
    chat.post_control("/clock", {"move_seconds": seconds})
    town.worker.tick()
    chat.drain()


def write(chat: Chat, *texts: str) -> None:
    for text in texts:
        chat.post_control(f"/chats/{chat.oa_id}/{chat.person}/say", {"text": text})


def events(town: Town, *statuses: EventStatus) -> list[WebhookEvent]:
    with town.database.reading() as session:
        return list(
            session.exec(
                select(WebhookEvent)
                .where(col(WebhookEvent.event_name).startswith("user_send_"))
                .where(col(WebhookEvent.status).in_(statuses or list(EventStatus)))
                .order_by(col(WebhookEvent.id))
            )
        )


def alarms(town: Town) -> list[str]:
    with town.database.reading() as session:
        open_ones = select(Alarm).where(col(Alarm.ended_at).is_(None))
        return [alarm.kind for alarm in session.exec(open_ones)]


def as_webhook(town: Town, chat: Chat, bubble: dict[str, Any]) -> dict[str, Any]:
    """The body that Zalo's webhook would bring for this message of the person."""
    user_id = next(
        known.user_id
        for known in town.simulator.state.relations.values()
        if (known.person, known.oa_id) == (chat.person, chat.oa_id)
    )
    return {
        "app_id": town.settings.zalo_app_id,
        "sender": {"id": user_id},
        "recipient": {"id": chat.oa_id},
        "event_name": "user_send_text",
        "message": {"text": bubble["text"], "msg_id": bubble["message_id"]},
        "timestamp": str(bubble["at_ms"]),
    }


def test_fifty_lost_messages_are_answered_once_each_and_in_order(
    town: Town, chat: Chat
) -> None:
    chat.says("chào")
    chats = [chat, town.chat_of("chi-lan"), town.chat_of("anh-minh", town.business)]
    questions = [f"khai sinh {number}" for number in range(50)]
    webhook(chat, is_on=False)
    for number, question in enumerate(questions):
        write(chats[number % 3], question)
    chat.drain()
    before = len(events(town))

    pass_by(town, chat, minutes=11)

    found = events(town)[before:]
    assert len(found) == 50
    assert {event.status for event in found} == {EventStatus.DONE}
    for position, one in enumerate(chats):
        mine = questions[position::3]
        stored = [
            event.payload["message"]["text"]
            for event in found
            if event.payload["message"]["text"] in mine
        ]
        assert stored == mine
        answers = [b for b in one.bubbles() if b["from"] == "oa"]
        assert len(answers) >= len(mine)
    assert all(event.payload["source"] == "history" for event in found)
    told = {event.id for event in found}
    assert len(told) == 50

    # Zalo delivers late what it could not deliver before: nothing is answered again
    webhook(chat, is_on=True)
    sent = [len(one.bubbles()) for one in chats]
    for one in chats:
        for bubble in one.bubbles():
            if bubble["from"] == "person":
                body = as_webhook(town, one, bubble)
                chat.post_control("/webhook/inject", {"kind": "raw", "body": body})
    chat.drain()
    pass_by(town, chat, minutes=11)
    assert len(events(town)) == before + 50
    assert all(event.body_sha256 for event in events(town))  # both ways brought it
    assert [len(one.bubbles()) for one in chats] == sent


def test_who_wrote_again_when_the_webhook_was_back_gets_both_answers(
    town: Town, chat: Chat
) -> None:
    other = town.chat_of("chi-lan")
    chat.says("chào")
    webhook(chat, is_on=False)
    write(chat, "khai sinh")
    write(other, "kết hôn")
    webhook(chat, is_on=True)
    chat.says("khai tử")
    pass_by(town, chat, minutes=11)
    texts = [event.payload["message"]["text"] for event in events(town)]
    assert sorted(texts) == sorted(["chào", "khai sinh", "khai tử", "kết hôn"])


def test_what_the_webhook_brought_is_not_found_again(town: Town, chat: Chat) -> None:
    chat.says("khai sinh")
    chat.sends(sticker="1")
    count = len(events(town))
    pass_by(town, chat, minutes=11)
    pass_by(town, chat, minutes=11)
    assert len(events(town)) == count
    assert not [event for event in events(town) if not event.body_sha256]


def test_an_old_message_is_kept_but_not_answered(town: Town, chat: Chat) -> None:
    chat.says("chào")
    webhook(chat, is_on=False)
    write(chat, "khai sinh của cháu Nguyễn Văn Bé")
    chat.post_control("/clock", {"move_seconds": 2 * 86_400 - 3600})
    write(chat, "khai tử")
    bubbles = len(chat.bubbles())
    pass_by(town, chat, hours=2)
    old, young = events(town)[-2:]
    assert (old.status, old.reason) == (EventStatus.IGNORED, "too_old")
    assert "Nguyễn Văn Bé" not in json.dumps(old.payload, ensure_ascii=False)
    assert young.status == EventStatus.DONE
    assert len(chat.bubbles()) > bubbles


def test_numbers_are_masked_as_always(town: Town, chat: Chat) -> None:
    webhook(chat, is_on=False)
    write(chat, "căn cước của tôi 038090001234")
    pass_by(town, chat, minutes=11)
    [event] = events(town)
    assert "038090001234" not in json.dumps(event.payload)
    assert event.payload["masked_kinds"]


def test_pictures_places_and_stickers_are_found_too(town: Town, chat: Chat) -> None:
    webhook(chat, is_on=False)
    place = f"/chats/{chat.oa_id}/{chat.person}/say"
    chat.post_control(place, {"sticker": "1"})
    chat.post_control(place, {"location": {"latitude": 10.6, "longitude": 106.6}})
    pass_by(town, chat, minutes=11)
    assert [event.event_name for event in events(town)] == [
        "user_send_sticker",
        "user_send_location",
    ]
    parsed = parse_event(events(town)[1].payload)
    assert (parsed.attachments[0].latitude, parsed.attachments[0].longitude) == (
        10.6,
        106.6,
    )


def test_what_was_written_before_the_account_was_connected_is_not_ours(
    town: Town, chat: Chat
) -> None:
    webhook(chat, is_on=False)
    write(chat, "khai sinh")
    chat.post_control("/clock", {"move_seconds": 600})
    with town.database.writing() as session:
        account = session.get_one(Account, chat.oa_id)
        account.created_at = town.worker.conversations.clock.now()
    pass_by(town, chat, minutes=20)
    assert events(town) == []


def test_the_words_of_a_person_who_was_erased_do_not_come_back(
    town: Town, chat: Chat
) -> None:
    chat.says("khai sinh cho cháu")
    chat.says("xóa dữ liệu của tôi")
    count = len(events(town))
    with town.database.writing() as session:
        session.execute(delete(AccountWatch))
    pass_by(town, chat, minutes=11)
    assert len(events(town)) == count
    assert "khai sinh" not in str([event.payload for event in events(town)])


def test_a_webhook_that_is_off_raises_an_alarm_and_ends_it_when_it_is_back(
    town: Town, chat: Chat
) -> None:
    chat.says("chào")
    webhook(chat, is_on=False)
    write(chat, "khai sinh")
    pass_by(town, chat, minutes=5)
    assert alarms(town) == []  # Zalo may be late
    pass_by(town, chat, minutes=12)
    assert alarms(town) == [AlarmKind.WEBHOOK_DISABLED]
    pass_by(town, chat, hours=5)
    assert alarms(town) == [AlarmKind.WEBHOOK_DISABLED]
    webhook(chat, is_on=True)
    chat.says("khai tử")
    pass_by(town, chat, minutes=6)
    assert alarms(town) == []


def test_late_deliveries_of_what_was_found_show_that_the_webhook_lives(
    town: Town, chat: Chat
) -> None:
    chat.says("chào")
    webhook(chat, is_on=False)
    write(chat, "khai sinh")
    pass_by(town, chat, minutes=3)
    lost = next(b for b in chat.bubbles() if b["text"] == "khai sinh")
    webhook(chat, is_on=True)
    body = as_webhook(town, chat, lost)
    pass_by(town, chat, minutes=8)
    assert len(events(town)) == 2
    chat.post_control("/webhook/inject", {"kind": "raw", "body": body})
    pass_by(town, chat, minutes=6)
    assert len(events(town)) == 2
    assert alarms(town) == []


# --- bounds and failures, in front of a scripted Zalo -------------------------------------------


@pytest.fixture
def catch_up(post: Post) -> CatchingUp:
    post.change_account(created_at=post.clock.now() - timedelta(days=30))
    return CatchingUp(
        post.database, post.clock, post.client, post.accounts, lambda: True
    )


def stored(post: Post) -> list[str]:
    with post.database.reading() as session:
        rows = session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))
        return [parse_event(row.payload).text for row in rows]


def watch(post: Post) -> AccountWatch:
    with post.database.reading() as session:
        return session.get_one(AccountWatch, OA_ID)


def calls(post: Post, name: str) -> int:
    return sum(path.endswith(name) for path in post.zalo.paths())


def test_each_account_is_looked_at_every_ten_minutes(
    post: Post, catch_up: CatchingUp
) -> None:
    runs = []
    for _ in range(20):
        runs.append(catch_up.run()["accounts"])
        post.clock.forward(minutes=1)
    assert runs == [1] + [0] * 9 + [1] + [0] * 9


def test_a_message_of_the_last_minute_is_left_to_the_webhook(
    post: Post, catch_up: CatchingUp
) -> None:
    post.zalo.write("minh", "khai sinh")
    assert catch_up.run()["found"] == 0
    post.clock.forward(minutes=10)
    assert catch_up.run()["found"] == 1


def test_a_run_stops_in_time_and_the_next_one_goes_on(
    post: Post, catch_up: CatchingUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "CALLS_A_RUN", 12)
    for number in range(35):
        ago = timedelta(minutes=100 - number)
        post.zalo.write(f"person-{number}", f"câu {number}", ago=ago)
    runs: list[dict[str, int]] = []
    while not runs or runs[-1]["unfinished"]:
        runs.append(catch_up.run())
        post.clock.forward(minutes=1)
        assert len(runs) < 20
    assert max(run["calls"] for run in runs) == 12
    assert len(runs) > 2
    assert sorted(stored(post)) == sorted(f"câu {number}" for number in range(35))
    assert watch(post).comparing_until is None


def test_an_account_that_floods_does_not_keep_the_others_waiting(
    post: Post, catch_up: CatchingUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "CALLS_A_RUN", 5)
    for number in range(100):
        ago = timedelta(minutes=200 - number)
        post.zalo.write(f"person-{number}", "khai sinh", ago=ago)
    sealed = post.account()
    with post.database.writing() as session:
        session.add(
            Account(
                oa_id="9",  # comes after the other one
                created_at=post.clock.now(),
                access_token_sealed=sealed.access_token_sealed,
                refresh_token_sealed=sealed.refresh_token_sealed,
                access_expires_at=sealed.access_expires_at,
            )
        )
    looked_at = set()
    for _ in range(25):
        assert catch_up.run()["unfinished"] == 1
        post.clock.forward(minutes=1)
        with post.database.reading() as session:
            other = session.get(AccountWatch, "9")
            looked_at |= {other.looked_at} if other else set()
    assert len(looked_at) == 3


def test_no_call_is_made_when_the_pace_leaves_no_room(post: Post) -> None:
    stopped = CatchingUp(
        post.database, post.clock, post.client, post.accounts, lambda: False
    )
    assert stopped.run()["unfinished"] == 1
    assert calls(post, "listrecentchat") == 0


def test_an_account_of_the_other_kind_is_asked_once_a_day(
    post: Post, catch_up: CatchingUp
) -> None:
    post.zalo.standing = {"listrecentchat": {"error": -235, "message": "not this OA"}}
    for _ in range(24 * 6):
        catch_up.run()
        post.clock.forward(minutes=10)
    assert calls(post, "listrecentchat") == 1
    post.zalo.standing = {}
    catch_up.run()
    assert calls(post, "listrecentchat") == 2
    assert watch(post).refused_at is None


def test_an_outage_of_zalo_is_waited_for_and_nothing_is_missed(
    post: Post, catch_up: CatchingUp
) -> None:
    catch_up.run()
    post.zalo.standing = {"listrecentchat": 503}
    post.zalo.write("minh", "khai sinh")
    for _ in range(6):
        post.clock.forward(minutes=10)
        assert catch_up.run()["failed"] == 1
    post.zalo.standing = {}
    post.clock.forward(minutes=10)
    assert catch_up.run()["found"] == 1


def test_a_dead_token_is_renewed_once(post: Post, catch_up: CatchingUp) -> None:
    post.zalo.access_token = "another"
    post.zalo.write("minh", "khai sinh", ago=timedelta(minutes=5))
    assert catch_up.run()["found"] == 1
    assert calls(post, "access_token") == 1


def test_what_our_sender_sent_is_no_sign_of_a_loss(
    post: Post, catch_up: CatchingUp
) -> None:
    post.write(post.person(), "Chào anh/chị")
    post.sender.run_once()
    post.clock.forward(minutes=5)
    assert catch_up.run() == {
        "accounts": 1, "found": 0, "failed": 0, "unfinished": 0, "calls": 1,
    }  # fmt: skip


# --- an item of the history, as an event ---------------------------------------------------------


KINDS = [
    ({"type": "text", "message": "chào"}, "user_send_text", None),
    ({"type": "voice", "url": "https://v.zdn.vn/a"}, "user_send_audio", "audio"),
    ({"type": "photo", "url": "https://v.zdn.vn/a"}, "user_send_image", "image"),
    ({"type": "GIF", "url": "https://v.zdn.vn/a"}, "user_send_gif", "gif"),
    ({"type": "link", "url": "https://v.zdn.vn/a"}, "user_send_link", "link"),
    (
        {"type": "links", "links": [{"url": "https://v.zdn.vn/a"}]},
        "user_send_link",
        "link",
    ),
    ({"type": "sticker", "url": "https://v.zdn.vn/a"}, "user_send_sticker", "sticker"),
    (
        {"type": "location", "location": '{"latitude":"10.6","longitude":"106.5"}'},
        "user_send_location",
        "location",
    ),
    ({"type": "location", "location": "{broken"}, "user_send_location", "location"),
    ({"type": "file", "url": "https://v.zdn.vn/a"}, "user_send_file", "file"),
    ({"type": "video", "url": "https://v.zdn.vn/a"}, "user_send_video", "video"),
]


def history_item(post_clock_ms: int, **fields: Any) -> HistoryItem:
    common = {"src": 1, "time": post_clock_ms, "message_id": "m1", "from_id": "77"}
    item = history_item_from(common | {"to_id": OA_ID} | fields)
    assert item is not None
    return item


@pytest.mark.parametrize(("fields", "name", "kind"), KINDS)
def test_each_kind_becomes_the_event_the_webhook_would_have_brought(
    fields: dict[str, Any], name: str, kind: str | None, clock: MovableClock
) -> None:
    now = clock.now()
    item = history_item(int(now.timestamp() * 1000), **fields)
    arrival = arrival_from(item, OA_ID, now)
    assert (arrival.event_name, arrival.user_id) == (name, "77")
    assert arrival.event_key == f"message|{OA_ID}|m1"
    assert arrival.ignored_because is None
    assert arrival.is_interaction
    event = parse_event(arrival.payload)
    assert [one.kind for one in event.attachments] == ([kind] if kind else [])
    if fields.get("url") or fields.get("links"):
        assert event.attachments[0].url == "https://v.zdn.vn/a"


def test_what_the_history_cannot_show_is_kept_without_contents(
    clock: MovableClock,
) -> None:
    now = clock.now()
    item = history_item(int(now.timestamp() * 1000), type="nosupport", message="bí mật")
    arrival = arrival_from(item, OA_ID, now)
    assert arrival.ignored_because == "unknown"
    assert "bí mật" not in str(arrival.payload)


def test_the_recorded_sample_of_zalo_is_understood(
    samples: Callable[[str], Any], clock: MovableClock
) -> None:
    for call in ("call.listrecentchat", "call.conversation"):
        for item in samples(call)["responses"]["success"]["data"]:
            found = history_item_from(item)
            assert found is not None
            event = parse_event(payload_of(found, found_oa(item)))
            assert (event.user_id, event.msg_id) == (
                item["from_id"],
                item["message_id"],
            )
            assert event.text == item["message"]


def found_oa(item: dict[str, Any]) -> str:
    return str(item["to_id"])
