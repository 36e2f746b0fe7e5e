"""Webhooks of the fake Zalo: bytes, headers, repeats, spoiled deliveries, events."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import SimulatorConfig, create_simulator
from simulator.clock import Clock
from simulator.signing import webhook_mac
from simulator.state import State
from simulator.timeline import Timeline
from simulator.webhook_out import Webhook
from tests.simulator.harness import (
    APP_ID,
    BUSINESS,
    GOVERNMENT,
    HOA_AT_BUSINESS,
    OA_SECRET_KEY,
    Heard,
    Zalo,
)

SAMPLES = Path(__file__).parents[1] / "zalo_samples"
VECTORS = json.loads((SAMPLES / "signature.json").read_text("utf-8"))["vectors"]


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return found


def say(zalo: Zalo, text: str = "alo") -> str:
    message_id: str = zalo.act("say", {"text": text})["message_id"]
    return message_id


def heard(zalo: Zalo) -> list[Heard]:
    zalo.settle()
    return zalo.ears.heard


# Signature and headers


@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_signatures_agree_with_the_vectors(vector: dict[str, Any]) -> None:
    raw = vector["raw_body"].encode()
    assert len(raw) == vector["raw_body_bytes"]
    mac = webhook_mac(
        vector["app_id"], raw, vector["timestamp"], vector["oa_secret_key"]
    )
    assert mac == vector["expected_mac"]
    assert mac not in vector["must_not_match"].values()


def test_the_signature_fits_the_bytes_on_the_wire(zalo: Zalo) -> None:
    say(zalo, "Đường ngập 🌧️, nhờ xã xem giúp")
    delivery = heard(zalo)[0]
    timestamp = delivery.body["timestamp"]
    mac = webhook_mac(APP_ID, delivery.raw, timestamp, OA_SECRET_KEY)
    assert delivery.headers["X-Zevent-Signature"] == f"mac={mac}"


def test_chat_events_carry_zalos_headers(zalo: Zalo) -> None:
    say(zalo)
    headers = heard(zalo)[0].headers
    assert headers["X-Zevent-Server"] == "OA OpenAPI"
    assert headers["User-Agent"] == "ZaloWebhook"
    assert headers["Content-Type"] == "application/json"
    assert "Num-Retry" not in {name.title() for name in headers}
    assert not any("timestamp" in name.lower() for name in headers)


# Repeats


def attempts(zalo: Zalo) -> list[dict[str, Any]]:
    zalo.settle()
    found: list[dict[str, Any]] = zalo.control("/webhooks")["deliveries"]
    return found


def test_a_refused_event_comes_again_after_30_seconds_with_the_same_bytes(
    zalo: Zalo,
) -> None:
    zalo.ears.statuses[:] = [500]
    say(zalo)
    assert len(heard(zalo)) == 1
    zalo.wait(seconds=29)
    assert len(heard(zalo)) == 1
    zalo.wait(seconds=2)
    first, second = heard(zalo)
    assert first.raw == second.raw
    assert zalo.control("/webhooks")["deliveries"][1]["headers"]["num_retry"] == "1"


def test_repeats_follow_the_schedule_and_then_the_webhook_is_disabled(
    zalo: Zalo,
) -> None:
    zalo.ears.statuses[:] = [500] * 6
    say(zalo)
    for number, seconds in enumerate((30, 300, 900, 1800, 3600)):
        zalo.settle()
        zalo.wait(seconds=seconds - 1)
        assert len(heard(zalo)) == 1 + number
        zalo.wait(seconds=2)
        assert len(heard(zalo)) == 2 + number
    rows = attempts(zalo)
    assert [row["attempt"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert zalo.control("/webhook")["enabled"] is False


def test_a_disabled_webhook_drops_until_it_is_switched_on(zalo: Zalo) -> None:
    zalo.control("/webhook", {"enabled": False})
    say(zalo)
    assert heard(zalo) == []
    assert attempts(zalo)[0]["outcome"] == "dropped"
    zalo.control("/webhook", {"enabled": True})
    say(zalo)
    assert len(heard(zalo)) == 1


@pytest.mark.parametrize("status", [201, 204, 302, 401, 503])
def test_only_200_counts_as_taken(zalo: Zalo, status: int) -> None:
    zalo.ears.statuses[:] = [status]
    say(zalo)
    assert attempts(zalo)[0]["outcome"] == "refused"
    assert zalo.control("/webhook")["repeats"] == 1


def test_an_answer_later_than_two_seconds_is_a_time_out(zalo: Zalo) -> None:
    zalo.ears.slow_seconds = 2.2
    say(zalo)
    row = attempts(zalo)[0]
    assert row["outcome"] == "timeout"
    assert 1900 <= row["ms"] < 2200


def test_an_unreachable_bot_is_tried_again(zalo: Zalo) -> None:
    url = zalo.control("/webhook")["url"]
    zalo.control("/webhook", {"url": "http://127.0.0.1:9/hook"})
    say(zalo)
    assert attempts(zalo)[0]["outcome"] == "unreachable"
    zalo.control("/webhook", {"url": url})
    zalo.wait(seconds=31)
    assert len(heard(zalo)) == 1


# Spoiled deliveries


def test_duplicates_have_the_same_bytes(zalo: Zalo) -> None:
    zalo.control("/webhook", {"duplicate": 2})
    say(zalo)
    assert len({delivery.raw for delivery in heard(zalo)}) == 1
    assert len(zalo.ears.heard) == 3


def test_reordered_events_overtake_each_other(zalo: Zalo) -> None:
    zalo.control("/webhook", {"reorder": True})
    said = [say(zalo, str(number)) for number in range(2)]
    heard_ids = [event["message"]["msg_id"] for event in zalo.events()]
    assert sorted(heard_ids) == sorted(said)
    assert heard_ids != said


def test_a_delay_holds_events_back(zalo: Zalo) -> None:
    zalo.control("/webhook", {"delay_seconds": 0.2})
    say(zalo)
    assert zalo.ears.heard == []
    assert len(heard(zalo)) == 1


def test_a_bad_signature_has_the_right_form_and_the_wrong_digits(zalo: Zalo) -> None:
    zalo.control("/webhook", {"bad_signature": True})
    say(zalo)
    delivery = heard(zalo)[0]
    given = delivery.headers["X-Zevent-Signature"].removeprefix("mac=")
    assert len(given) == 64
    timestamp = delivery.body["timestamp"]
    assert given != webhook_mac(APP_ID, delivery.raw, timestamp, OA_SECRET_KEY)


def test_a_bare_signature_has_no_prefix(zalo: Zalo) -> None:
    zalo.control("/webhook", {"bare_signature": True})
    say(zalo)
    assert len(heard(zalo)[0].headers["X-Zevent-Signature"]) == 64


def test_the_test_ping_is_signed_and_foreign(zalo: Zalo) -> None:
    zalo.control("/webhook/inject", {"kind": "test_ping"})
    ping = heard(zalo)[0].body
    expected = sample("console_test_ping")
    assert ping["message"] == expected["message"]
    assert set(ping) == set(expected)
    assert ping["recipient"]["id"] not in (GOVERNMENT, BUSINESS)


def test_unknown_events_and_foreign_accounts_can_be_injected(zalo: Zalo) -> None:
    zalo.control("/webhook/inject", {"kind": "unknown_event"})
    zalo.control("/webhook/inject", {"kind": "foreign_oa"})
    unknown, foreign = zalo.events()
    assert unknown["event_name"] == "user_send_hologram"
    assert unknown["recipient"]["id"] == GOVERNMENT
    assert foreign["recipient"]["id"] not in (GOVERNMENT, BUSINESS)


def test_a_raw_body_is_sent_byte_for_byte(zalo: Zalo) -> None:
    text = '{"event_name" : "x",  "timestamp":"1"}'
    body = {"kind": "raw", "body": text, "server": "ZNS"}
    zalo.control("/webhook/inject", body)
    delivery = heard(zalo)[0]
    assert delivery.raw == text.encode()
    assert delivery.headers["X-Zevent-Server"] == "ZNS"


def test_a_webhook_on_another_machine_is_refused() -> None:
    config = SimulatorConfig("1", "s", "k", "https://bot.example.org/hook", "")
    with pytest.raises(ValueError, match="not this machine"):
        create_simulator(config)


def test_a_webhook_on_another_machine_can_be_allowed() -> None:
    clock = Clock(None, None)
    timeline = Timeline(clock, 1)
    url = "https://bot.example.org/hook"
    webhook = Webhook(State(), clock, timeline, ("1", "k"), url, any_host=True)
    assert webhook.url == url


# Side effects


def test_a_send_is_echoed_then_received_then_seen(zalo: Zalo) -> None:
    sent = zalo.send("chào")["data"]["message_id"]
    names = [event["event_name"] for event in zalo.events()]
    assert names == ["oa_send_text", "user_received_message", "user_seen_message"]
    echo, received, seen = zalo.events()
    assert echo["message"] == {"text": "chào", "msg_id": sent}
    assert "admin_id" not in echo["sender"]
    assert received["message"]["msg_id"] == sent
    assert seen["message"]["msg_ids"] == [sent]
    assert zalo.bubbles()[-1]["state"] == "seen"


def test_a_person_who_does_not_look_sees_everything_at_once(zalo: Zalo) -> None:
    zalo.control("/people/chi-hoa", {"auto_seen": False})
    sent = [zalo.send(str(number))["data"]["message_id"] for number in range(3)]
    assert zalo.events("user_seen_message") == []
    assert zalo.control("/people/chi-hoa")["accounts"][BUSINESS]["unread"] == 3
    zalo.act("seen")
    zalo.act("seen")
    (seen,) = zalo.events("user_seen_message")
    assert seen["message"]["msg_ids"] == sent


def test_a_refused_send_has_no_side_effects(zalo: Zalo) -> None:
    zalo.send("a" * 2001)
    assert zalo.events() == []


def test_an_answer_by_hand_carries_the_admin(zalo: Zalo) -> None:
    zalo.act("admin_say", {"text": "Chị chờ em chút", "admin_id": "77"})
    (echo,) = zalo.events("oa_send_text")
    assert echo["sender"] == {"id": BUSINESS, "admin_id": "77"}
    assert zalo.bubbles()[-1]["from"] == "admin"


def test_a_query_button_comes_back_as_text(zalo: Zalo) -> None:
    show = {"title": "Hỏi", "type": "oa.query.show", "payload": "#HOI"}
    hide = {"title": "Ẩn", "type": "oa.query.hide", "payload": "#AN"}
    link = {"title": "Mở", "type": "oa.open.url", "payload": {"url": "https://e.org"}}
    buttons = {"type": "template", "payload": {"buttons": [show, hide, link]}}
    sent = zalo.send({"text": "Chọn", "attachment": buttons})["data"]["message_id"]
    pressed = [
        zalo.act("press", {"message_id": sent, "button": number}) for number in range(3)
    ]
    texts = [event["message"]["text"] for event in zalo.events("user_send_text")]
    assert texts == ["#HOI", "#AN"]
    assert pressed[2]["open"] == "https://e.org"
    shown = [bubble["text"] for bubble in zalo.bubbles()]
    assert "#HOI" in shown
    assert "#AN" not in shown


def test_contact_data_is_submitted_only_when_asked_for(zalo: Zalo) -> None:
    info = {"name": "Hoa", "phone": "84900000103", "user_ward": "Tân Lân"}
    url = f"{zalo.url}/control/chats/{BUSINESS}/chi-hoa/submit_info"
    assert requests.post(url, json=info, timeout=10).status_code == 409
    form = {"template_type": "request_user_info", "elements": [{"title": "Liên hệ"}]}
    zalo.send({"attachment": {"type": "template", "payload": form}})
    assert zalo.events("oa_send_list")
    zalo.act("submit_info", info)
    (event,) = zalo.events("user_submit_info")
    assert event["info"]["full_address"]["user_ward"] == "Tân Lân"


# Every event as captured

PNG = "https://e.org/1.png"
CARD = {"name": "Hoa", "phone": "84900000103"}
INFO = {"name": "Hoa", "phone": "84900000103", "force": True}
ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "user_send_text": ("say", {"text": "alo"}),
    "user_send_image": ("say", {"image": PNG, "text": "ổ gà"}),
    "user_send_gif": ("say", {"gif": PNG}),
    "user_send_link": ("say", {"link": {"url": PNG}}),
    "user_send_audio": ("say", {"audio": "https://e.org/1.amr"}),
    "user_send_video": ("say", {"video": "https://e.org/1.mp4"}),
    "user_send_sticker": ("say", {"sticker": "2f4a"}),
    "user_send_location": (
        "say",
        {"location": {"latitude": 10.5, "longitude": "106.6"}},
    ),
    "user_send_file": ("say", {"file": {"url": PNG, "name": "a.pdf", "size": 9}}),
    "user_send_business_card": ("say", {"business_card": CARD}),
    "follow": ("follow", {}),
    "unfollow": ("unfollow", {}),
    "user_withdraw": ("withdraw", {}),
    "user_submit_info": ("submit_info", INFO),
    "user_submit_info.legacy": ("submit_info", INFO | {"legacy": True}),
}


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_a_person_has_the_captured_shape(zalo: Zalo, name: str) -> None:
    act, body = ACTS[name]
    zalo.act(act, body)
    (event,) = zalo.events()
    expected = shape(sample(name))
    if name.endswith(".legacy"):
        expected.pop("user_id_by_app")  # the newer capture has none
    assert shape(event) == expected


def test_a_quoting_message_names_the_quoted_one(zalo: Zalo) -> None:
    sent = zalo.send("chào")["data"]["message_id"]
    zalo.act("say", {"text": "Vâng", "quote": sent})
    (event,) = zalo.events("user_send_text")
    assert shape(event) == shape(sample("user_send_text.quote"))
    assert event["message"]["quote_msg_id"] == sent


def test_a_reaction_of_a_person_has_the_captured_shape(zalo: Zalo) -> None:
    sent = zalo.send("chào")["data"]["message_id"]
    zalo.act("react", {"message_id": sent, "icon": "/-heart"})
    (event,) = zalo.events("user_reacted_message")
    assert shape(event) == shape(sample("user_reacted_message"))


def test_the_chat_button_is_heard_once_from_a_stranger(zalo: Zalo) -> None:
    zalo.act("chatnow", chat="anh-minh")
    (event,) = zalo.events()
    assert shape(event) == shape(sample("user_click_chatnow"))
    url = f"{zalo.url}/control/chats/{BUSINESS}/anh-minh/chatnow"
    assert requests.post(url, json={}, timeout=10).status_code == 409


ECHOES: dict[str, dict[str, Any]] = {
    "oa_send_image": {
        "template_type": "media",
        "elements": [{"media_type": "image", "url": PNG}],
    },
    "oa_send_sticker": {
        "template_type": "media",
        "elements": [{"media_type": "sticker", "attachment_id": "2f4a"}],
    },
    "oa_send_list": {"template_type": "list", "elements": [{"title": "Mục"}]},
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_has_the_captured_shape_without_the_admin(
    zalo: Zalo, name: str
) -> None:
    payload = {"attachment": {"type": "template", "payload": ECHOES[name]}}
    zalo.send(payload)
    (echo,) = zalo.events(name)
    expected = sample(name)
    del expected["sender"]["admin_id"]
    if name == "oa_send_list":
        del expected["message"]["text"]  # only where a text was sent along
    assert shape(echo) == shape(expected)


@pytest.mark.parametrize(
    ("name", "send"),
    [
        (
            "user_send_group_text",
            lambda zalo, group: zalo.act(
                "say", {"text": "xong", "person": "chi-hoa"}, group
            ),
        ),
        (
            "user_send_group_image",
            lambda zalo, group: zalo.act(
                "say", {"image": PNG, "person": "chi-hoa"}, group
            ),
        ),
    ],
)
def test_a_group_message_has_the_captured_shape(
    zalo: Zalo, name: str, send: Callable[[Zalo, str], Any]
) -> None:
    body = {"oa_id": BUSINESS, "name": "Tổ", "people": ["chi-hoa"]}
    send(zalo, zalo.control("/groups", body)["group_id"])
    (event,) = zalo.events(name)
    assert shape(event) == shape(sample(name))


@pytest.mark.parametrize(
    "name",
    [
        "user_join_group",
        "user_request_join_group",
        "user_out_group",
        "add_group_admin",
        "remove_group_admin",
        "update_group_info",
        "delete_group",
    ],
)
def test_a_group_event_has_the_captured_shape(zalo: Zalo, name: str) -> None:
    body = {"oa_id": BUSINESS, "name": "Tổ", "people": ["chi-hoa"]}
    group = zalo.control("/groups", body)["group_id"]
    people = [] if name == "delete_group" else ["chi-hoa"]
    zalo.control(f"/groups/{group}/event", {"event": name, "people": people})
    (event,) = zalo.events(name)
    assert shape(event) == shape(sample(name))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("add_user_to_tag", "tagfollower"),
        ("remove_user_from_tag", "rmfollowerfromtag"),
        ("remove_tag", "rmtag"),
    ],
)
def test_a_change_of_tags_has_the_captured_shape(
    zalo: Zalo, name: str, path: str
) -> None:
    body = {"user_id": HOA_AT_BUSINESS, "tag_name": "khu-pho-3"}
    for step in {"tagfollower": None, path: None}:
        assert zalo.post(f"/openapi/v2.0/oa/tag/{step}", body)["error"] == 0
    (event,) = zalo.events(name)
    assert shape(event) == shape(sample(name))


@pytest.mark.parametrize("kind", ["text", "image", "file", "sticker"])
def test_a_visitors_message_has_the_captured_shape(zalo: Zalo, kind: str) -> None:
    visitor = zalo.control(f"/anonymous/{BUSINESS}", {})
    said = {"sticker": "1", "text": "chào"}.get(kind, {"url": PNG, "name": "a.pdf"})
    said = PNG if kind == "image" else said
    zalo.act("say", {kind: said}, visitor["anonymous_id"])
    (event,) = zalo.events()
    assert shape(event) == shape(sample(f"anonymous_send_{kind}"))
