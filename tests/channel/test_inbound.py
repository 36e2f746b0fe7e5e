"""Every documented event is read, and nothing JSON can spell makes the reader fail."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channel.inbound import (
    EARLIEST,
    Attachment,
    BadEvent,
    Direction,
    EventKind,
    InboundEvent,
    parse_event,
    text_digest,
)

SAMPLES = Path(__file__).resolve().parent.parent / "zalo_samples"
INDEX: dict[str, Any] = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))
EVENT_FILES = sorted(
    n for n, about in INDEX["files"].items() if about["kind"] == "event"
)

APP = "1928374650192837465"
OA = "4071625384950617283"
USER = "7263549817263549810"
USER_BY_APP = "5518273645091827364"
ADMIN = "9182736450918273645"
GROUP = "f1a27c90be5d4e83a6f0"
ANON = "anon-6c1f0e92d4"
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    return found


def parsed(name: str) -> InboundEvent:
    return parse_event(sample(name), NOW)


def changed(name: str, **fields: Any) -> InboundEvent:
    return parse_event(sample(name) | fields, NOW)


@pytest.mark.parametrize("name", EVENT_FILES)
def test_every_sample_is_read(name: str) -> None:
    event = parsed(name)
    assert event.kind is not EventKind.UNKNOWN
    assert event.oa_id == ("1000000000000000003" if name.startswith("console") else OA)
    assert event.occurred_at.year == 2026
    assert not event.notes
    assert event.name == sample(name)["event_name"]


def test_no_two_samples_share_a_key() -> None:
    keys = {name: parsed(name).event_key for name in EVENT_FILES}
    assert len(set(keys.values())) == len(EVENT_FILES)
    assert all(len(key) <= 200 for key in keys.values())


# file: (kind, direction, who, message id, is interaction)
PERSON, ACCOUNT = Direction.FROM_PERSON, Direction.FROM_ACCOUNT
STATUS, MANAGEMENT = Direction.STATUS, Direction.MANAGEMENT
K = EventKind
TABLE: dict[str, tuple[EventKind, Direction, str | None, str | None, bool]] = {
    "user_send_text": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d21", True),
    "user_send_text.quote": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d22", True),
    "user_send_text.button_click": (
        K.MESSAGE,
        PERSON,
        USER,
        "b7d3f9a2c1e048f65d23",
        True,
    ),
    "user_send_image": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d24", True),
    "user_send_gif": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d25", True),
    "user_send_link": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d26", True),
    "user_send_audio": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d27", True),
    "user_send_video": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d28", True),
    "user_send_sticker": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d29", True),
    "user_send_location": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d2a", True),
    "user_send_file": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d2b", True),
    "user_send_business_card": (K.MESSAGE, PERSON, USER, "b7d3f9a2c1e048f65d2c", True),
    "follow": (K.FOLLOW, PERSON, USER, None, True),
    "unfollow": (K.UNFOLLOW, PERSON, USER, None, False),
    "user_click_chatnow": (K.CHATNOW, PERSON, USER, None, True),
    "user_submit_info": (K.SUBMIT_INFO, PERSON, USER, None, False),
    "user_submit_info.legacy": (K.SUBMIT_INFO, PERSON, USER, None, False),
    "user_withdraw": (K.WITHDRAW, PERSON, USER, None, False),
    "user_reacted_message": (K.REACTION, PERSON, USER, "0f4e9ad1b7c2538e6a10", False),
    "oa_reacted_message": (K.REACTION, ACCOUNT, USER, "b7d3f9a2c1e048f65d21", False),
    "user_received_message": (K.RECEIVED, STATUS, USER, "0f4e9ad1b7c2538e6a10", False),
    "user_received_message.zns": (
        K.TEMPLATE,
        STATUS,
        None,
        "7f10ad3bb2ce94d0e811",
        False,
    ),
    "user_seen_message": (K.SEEN, STATUS, USER, None, False),
    "oa_send_text": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a10", False),
    "oa_send_text.api": (K.OWN_ECHO, ACCOUNT, USER, "0f4e9ad1b7c2538e6a11", False),
    "oa_send_image": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a12", False),
    "oa_send_gif": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a13", False),
    "oa_send_list": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a14", False),
    "oa_send_file": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a15", False),
    "oa_send_sticker": (K.ADMIN_MESSAGE, ACCOUNT, USER, "0f4e9ad1b7c2538e6a16", False),
    "oa_send_template": (K.OWN_ECHO, ACCOUNT, USER, "0f4e9ad1b7c2538e6a17", False),
    "anonymous_send_text": (K.ANONYMOUS, PERSON, None, "c0ffee00000000000001", False),
    "anonymous_send_image": (K.ANONYMOUS, PERSON, None, "c0ffee00000000000002", False),
    "anonymous_send_file": (K.ANONYMOUS, PERSON, None, "c0ffee00000000000003", False),
    "anonymous_send_sticker": (
        K.ANONYMOUS,
        PERSON,
        None,
        "c0ffee00000000000004",
        False,
    ),
    "oa_send_anonymous_text": (
        K.ANONYMOUS,
        ACCOUNT,
        None,
        "c0ffee00000000000005",
        False,
    ),
    "update_user_info": (K.PROFILE, MANAGEMENT, USER, None, False),
    "add_user_to_tag": (K.TAG, MANAGEMENT, None, None, False),
    "remove_user_from_tag": (K.TAG, MANAGEMENT, None, None, False),
    "remove_tag": (K.TAG, MANAGEMENT, None, None, False),
    "extension_purchased": (K.EXTENSION, MANAGEMENT, None, None, False),
    "widget_interaction_accepted": (K.WIDGET, MANAGEMENT, None, None, False),
    "widget_failed_to_sync_user_external_id": (K.WIDGET, MANAGEMENT, None, None, False),
    "oa_send_consent": (K.CONSENT, ACCOUNT, None, None, False),
    "user_reply_consent": (K.CONSENT, PERSON, None, None, False),
    "create_group": (K.GROUP, MANAGEMENT, None, None, False),
    "delete_group": (K.GROUP, MANAGEMENT, None, None, False),
    "update_group_info": (K.GROUP, MANAGEMENT, None, None, False),
    "user_join_group": (K.GROUP, MANAGEMENT, None, None, False),
    "user_out_group": (K.GROUP, MANAGEMENT, None, None, False),
    "user_request_join_group": (K.GROUP, MANAGEMENT, None, None, False),
    "accept_request_join_group": (K.GROUP, MANAGEMENT, None, None, False),
    "reject_request_join_group": (K.GROUP, MANAGEMENT, None, None, False),
    "add_group_admin": (K.GROUP, MANAGEMENT, None, None, False),
    "remove_group_admin": (K.GROUP, MANAGEMENT, None, None, False),
    "user_send_group_text": (K.GROUP, PERSON, USER, "d00d0000000000000001", False),
    "user_send_group_image": (K.GROUP, PERSON, USER, "d00d0000000000000002", False),
    "oa_send_group_text": (K.GROUP, ACCOUNT, None, "d00d0000000000000003", False),
    "user_feedback": (K.TEMPLATE, PERSON, None, "7f10ad3bb2ce94d0e811", False),
    "user_click_response_button": (
        K.TEMPLATE,
        PERSON,
        None,
        "7f10ad3bb2ce94d0e811",
        False,
    ),
    "change_template_status": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "change_template_quality": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "change_template_quota": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "change_oa_daily_quota": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "change_oa_template_tags": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "event_journey_acknowledged": (
        K.TEMPLATE,
        MANAGEMENT,
        None,
        "7f10ad3bb2ce94d0e811",
        False,
    ),
    "event_journey_time_out": (K.TEMPLATE, MANAGEMENT, None, None, False),
    "console_test_ping": (
        K.MESSAGE,
        PERSON,
        "1000000000000000001",
        "This is message id",
        True,
    ),
}


def test_the_table_speaks_of_every_sample() -> None:
    assert sorted(f"{name}.json" for name in TABLE) == EVENT_FILES


@pytest.mark.parametrize("name", TABLE)
def test_sample_means_what_the_table_says(name: str) -> None:
    event = parsed(f"{name}.json")
    found = (
        event.kind,
        event.direction,
        event.user_id,
        event.msg_id,
        event.is_interaction,
    )
    assert found == TABLE[name]


# file: fields beyond the table above
DETAILS: dict[str, dict[str, Any]] = {
    "user_send_text": {
        "text": "Đường trước cổng trường bị ngập",
        "user_id_by_app": USER_BY_APP,
    },
    "user_send_text.quote": {"quote_msg_id": "0f4e9ad1b7c2538e6a10"},
    "user_send_text.button_click": {"text": "#TRA_CUU HS-2026-0071"},
    "user_send_image": {"text": "Ổ gà trước số nhà 12"},
    "follow": {"extras": {"source": "oa_profile"}, "user_id_by_app": USER_BY_APP},
    "oa_send_text": {"admin_id": ADMIN},
    "oa_send_text.api": {"admin_id": None},
    "user_seen_message": {
        "msg_ids": ("b7d3f9a2c1e048f65d21", "b7d3f9a2c1e048f65d22"),
    },
    "user_reacted_message": {"react_icon": "/-heart"},
    "oa_reacted_message": {"react_icon": "/-strong", "admin_id": ADMIN},
    "anonymous_send_text": {
        "anonymous_id": ANON,
        "conversation_id": "conv-83ab11f07e",
        "text": "Cho hỏi giờ làm việc",
    },
    "oa_send_anonymous_text": {"anonymous_id": ANON, "text": "7h30 - 17h00"},
    "user_send_group_text": {"group_id": GROUP},
    "oa_send_group_text": {"group_id": GROUP, "admin_id": ADMIN},
    "create_group": {"group_id": GROUP, "extras": {"users": [USER]}},
    "delete_group": {"group_id": GROUP, "extras": {}},
    "add_user_to_tag": {"extras": {"tag": {"user_ids": [USER], "name": "khu-pho-3"}}},
    "user_received_message.zns": {
        "template": {"tracking_id": "hs-2026-0071-1", "delivery_time": "1790000020137"},
    },
    "user_feedback": {
        "template": {
            "tracking_id": "hs-2026-0071-1",
            "submit_time": "1790000063137",
            "rate": "5",
            "note": "Cán bộ nhiệt tình",
        },
    },
    "change_template_status": {
        "template": {"template_id": "400123"},
        "extras": {
            "status": {"prev_status": "PENDING_REVIEW", "new_status": "REJECT"},
            "reason": "Logo không hợp lệ",
        },
    },
    "user_submit_info.legacy": {
        "extras": {
            "info": {
                "address": "Số 12 đường Mẫu",
                "phone": "84900000001",
                "city": "Thành phố Mẫu",
                "district": "Quận Mẫu",
                "name": "Nguyễn Văn Mẫu",
                "ward": "Phường Mẫu",
            }
        }
    },
}


@pytest.mark.parametrize("name", DETAILS)
def test_sample_carries_its_details(name: str) -> None:
    event = parsed(f"{name}.json")
    assert {field: getattr(event, field) for field in DETAILS[name]} == DETAILS[name]


ATTACHMENTS = {
    "user_send_image": Attachment(
        "image",
        url="https://f1.photo.talk.zdn.vn/jpg/000000000000000001/full.jpg",
        thumbnail="https://t-f1-zpc.zdn.vn/jpg/000000000000000001/thumb.jpg",
    ),
    "user_send_audio": Attachment(
        "audio", url="https://f1.voice.talk.zdn.vn/000000000000000003/voice.amr"
    ),
    "user_send_video": Attachment(
        "video",
        url="https://f1.video.talk.zdn.vn/000000000000000004/clip.mp4",
        thumbnail="https://t-f1-zpc.zdn.vn/video/000000000000000004/thumb.jpg",
    ),
    "user_send_sticker": Attachment(
        "sticker",
        url="https://zalo-api.zadn.vn/api/emoticon/sticker/webpc?eid=00001&size=130",
        sticker_id="2f4a90c1",
    ),
    "user_send_location": Attachment(
        "location", latitude=16.0471234, longitude=108.2062345
    ),
    "user_send_file": Attachment(
        "file",
        url="https://dlfl.zdn.vn/000000000000000005/don-de-nghi.pdf",
        name="don-de-nghi.pdf",
        file_type="pdf",
        size_bytes=184320,
        checksum="0cc175b9c0f1b6a831c399e269772661",
    ),
    "user_send_business_card": Attachment(
        "business_card",
        url="https://zaloapp.com/qr/p/000000000006",
        thumbnail="https://s120-ava-talk.zadn.vn/000000000000000006.jpg",
        description='{"phone": "84900000001", "qrCodeUrl": '
        '"https://qr-talk.zdn.vn/000000000000000006.jpg"}',
        phone="84900000001",
    ),
    "user_send_link": Attachment(
        "link",
        url="https://example.org/thong-bao/17",
        thumbnail="https://example.org/cover.jpg",
        description="Cổng thông tin xã",
    ),
}


@pytest.mark.parametrize("name", ATTACHMENTS)
def test_attachment_is_read(name: str) -> None:
    assert parsed(f"{name}.json").attachments == (ATTACHMENTS[name],)


# --- keys ---------------------------------------------------------------------------------


def test_redelivery_has_the_same_key_and_a_receipt_another() -> None:
    message = parsed("oa_send_text.json")
    later = changed("oa_send_text.json", num_retry=3, timestamp="1790000999999")
    receipt = parsed("user_received_message.json")
    assert message.event_key == later.event_key
    assert message.msg_id == receipt.msg_id
    assert message.event_key != receipt.event_key


def test_two_reactions_to_one_message_differ_by_time_and_icon() -> None:
    first = parsed("user_reacted_message.json")
    again = changed("user_reacted_message.json", timestamp="1790000022138")
    other = sample("user_reacted_message.json")
    other["message"]["react_icon"] = "/-remove"
    keys = {first.event_key, again.event_key, parse_event(other, NOW).event_key}
    assert len(keys) == 3


def test_seen_marks_of_one_instant_differ_by_their_messages() -> None:
    other = sample("user_seen_message.json")
    other["message"]["msg_ids"] = ["b7d3f9a2c1e048f65d23"]
    assert (
        parse_event(other, NOW).event_key != parsed("user_seen_message.json").event_key
    )


def test_follows_of_two_people_and_of_two_accounts_differ() -> None:
    keys = {
        parsed("follow.json").event_key,
        changed("follow.json", follower={"id": "9"}).event_key,
        changed("follow.json", oa_id="9").event_key,
        changed("follow.json", timestamp="1790000015138").event_key,
    }
    assert len(keys) == 4


def test_a_separator_inside_an_id_cannot_make_two_events_one() -> None:
    def key(oa_id: str, msg_id: str) -> str:
        body = {"event_name": "user_send_text", "timestamp": "1790000000000"}
        message = {"message": {"msg_id": msg_id}, "recipient": {"id": oa_id}}
        return parse_event(body | message, NOW).event_key

    assert key("a|b", "c") != key("a", "b|c")


def test_a_long_key_is_hashed() -> None:
    body = sample("user_seen_message.json")
    body["message"]["msg_ids"] = [f"{n:020}" for n in range(40)]
    assert len(parse_event(body, NOW).event_key) == len("sha256|") + 64


# --- odd values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "no_event_name"),
        ({"event_name": "", "timestamp": "1"}, "no_event_name"),
        ({"event_name": 7, "timestamp": "1"}, "no_event_name"),
        ({"event_name": "follow"}, "no_timestamp"),
        ({"event_name": "follow", "timestamp": ""}, "no_timestamp"),
        ({"event_name": "follow", "timestamp": 1.79e12}, "no_timestamp"),
        ({"event_name": "follow", "timestamp": True}, "no_timestamp"),
        ({"event_name": "follow", "timestamp": ["1"]}, "no_timestamp"),
    ],
)
def test_without_name_or_timestamp_it_is_no_event(
    payload: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadEvent) as caught:
        parse_event(payload, NOW)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("timestamp", "note"),
    [
        ("1790000001", "timestamp_out_of_range"),  # seconds
        (0, "timestamp_out_of_range"),
        ("1999999999999", "timestamp_out_of_range"),  # 2033
        (253402300800000 * 9, "timestamp_unreadable"),  # past year 9999
        (10**400, "timestamp_unreadable"),
        (-1790000001137, "timestamp_unreadable"),
        ("yesterday", "timestamp_unreadable"),
        ("١٧٩٠٠٠٠٠٠١١٣٧", "timestamp_unreadable"),
        ("\ud800", "timestamp_unreadable"),
    ],
)
def test_impossible_time_becomes_the_time_of_receipt(timestamp: Any, note: str) -> None:
    event = changed("follow.json", timestamp=timestamp)
    assert (event.occurred_at, event.notes) == (NOW, (note,))


def test_without_a_time_of_receipt_an_impossible_time_is_the_earliest() -> None:
    body = sample("follow.json") | {"timestamp": "0"}
    assert parse_event(body).occurred_at == EARLIEST


def test_a_clock_slightly_ahead_is_believed() -> None:
    ahead = NOW + timedelta(minutes=4)
    event = changed("follow.json", timestamp=str(int(ahead.timestamp() * 1000)))
    assert (event.occurred_at, event.notes) == (ahead, ())


def test_number_and_text_timestamps_are_the_same_event() -> None:
    number = changed("follow.json", timestamp=1790000015137)
    assert number == parsed("follow.json")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (7263549817263549810, USER),
        (f" {USER} ", USER),
        (7.26e18, None),
        (True, None),
        (None, None),
        ("", None),
        ([USER], None),
        ("a\u0000b", None),
        ("a\ud800", None),
        ("9" * 129, None),
        (10**400, None),
    ],
)
def test_ids_are_strings_whatever_was_sent(value: Any, found: str | None) -> None:
    assert changed("user_send_text.json", sender={"id": value}).user_id == found


@pytest.mark.parametrize("odd", [None, 1, 1.5, "x", [], [[]], {}, True, [None]])
def test_wrong_types_are_read_as_absent(odd: Any) -> None:
    fields = ("message", "sender", "recipient", "user_id_by_app")
    event = changed("user_send_text.json", **dict.fromkeys(fields, odd))
    assert (event.text, event.attachments, event.user_id) == ("", (), None)


@pytest.mark.parametrize(
    "odd", [None, 1, "x", [], {}, [1, None, "a"], [{"payload": 1}]]
)
def test_odd_attachments_do_no_harm(odd: Any) -> None:
    event = changed("user_send_image.json", message={"attachments": odd})
    assert all(isinstance(a, Attachment) for a in event.attachments)


@pytest.mark.parametrize(
    "point",
    [
        {"latitude": "91", "longitude": "1"},
        {"latitude": "1"},
        {"latitude": "nan", "longitude": "1"},
        {"latitude": 10**400, "longitude": 1},
        {"latitude": True, "longitude": 1},
        {"latitude": "north", "longitude": "1"},
        "16,108",
    ],
)
def test_a_place_that_does_not_exist_is_no_place(point: Any) -> None:
    attachment = {"type": "location", "payload": {"coordinates": point}}
    event = changed("user_send_location.json", message={"attachments": [attachment]})
    assert (event.attachments[0].latitude, event.attachments[0].longitude) == (
        None,
        None,
    )


def test_only_web_addresses_are_taken_as_links() -> None:
    attachment = {"type": "image", "payload": {"url": "file:///etc/passwd"}}
    event = changed("user_send_image.json", message={"attachments": [attachment]})
    assert event.attachments[0].url is None


def test_a_card_with_a_deep_description_is_read() -> None:
    attachment = {"type": "link", "payload": {"description": "[" * 4000}}
    event = changed(
        "user_send_business_card.json", message={"attachments": [attachment]}
    )
    assert event.attachments[0].phone is None


def test_text_is_composed_and_storable() -> None:
    text = "ca\u0302\u0301p\u0000 \ud83d"
    event = changed("user_send_text.json", message={"msg_id": "1", "text": text})
    assert event.text == "c\u1ea5p\ufffd \ufffd"


def test_a_new_kind_of_event_is_unknown_but_still_read() -> None:
    event = changed("user_send_text.json", event_name="user_send_hologram")
    assert (event.kind, event.user_id, event.oa_id) == (K.UNKNOWN, USER, OA)


def test_group_members_may_be_bare_ids() -> None:
    event = changed("create_group.json", users=["1", {"id": 2}, None, {"id": []}])
    assert event.extras == {"users": ["1", "2"]}


def test_echo_is_told_by_the_digest_of_its_composed_text() -> None:
    body = sample("oa_send_text.api.json")
    body["message"]["text"] = " Mã tiếp nhận: PA-0007\n"
    assert parse_event(body, NOW).text_sha256 == text_digest("Mã tiếp nhận: PA-0007")


# --- anything at all ------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**301)
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\x00", "9" * 300, "[" * 500, "user_send_text"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, item in children:
        found += paths(item, (*here, key))
    return found


@st.composite
def mutated_samples(draw: st.DrawFn) -> dict[str, Any]:
    """A real event in which one to three values became something else, or are gone."""
    body = deepcopy(sample(draw(st.sampled_from(EVENT_FILES))))
    for _ in range(draw(st.integers(1, 3))):
        where = paths(body)
        if not where:
            break
        *parents, last = draw(st.sampled_from(where))
        holder: Any = body
        for key in parents:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(JSON)
        else:
            del holder[last]
    return body


def assert_readable(payload: dict[str, Any]) -> None:
    try:
        event = parse_event(payload, NOW)
    except BadEvent:
        return
    assert 0 < len(event.event_key) <= 200
    assert EARLIEST <= event.occurred_at <= NOW + timedelta(minutes=5)
    json.dumps([event.extras, event.template, event.text], allow_nan=False)
    "".join([event.text, event.event_key, event.name, event.user_id or ""]).encode()


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=12), JSON, max_size=8))
def test_any_json_object_is_read_or_refused(payload: dict[str, Any]) -> None:
    assert_readable(payload)
    assert_readable({"event_name": "user_send_text", "timestamp": "1"} | payload)


@settings(max_examples=400, deadline=None)
@given(mutated_samples())
def test_a_mutated_event_is_read_or_refused(payload: dict[str, Any]) -> None:
    assert_readable(payload)


def test_deep_nesting_is_read() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = {"info": [deep]}
    assert_readable(sample("user_submit_info.json") | {"info": deep})
