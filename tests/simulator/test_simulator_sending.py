"""Sending to the fake Zalo: kinds of accounts, shapes, windows, quotas, night."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from tests.simulator.harness import (
    BUSINESS,
    GOVERNMENT,
    HOA_AT_BUSINESS,
    TAM_AT_GOVERNMENT,
    Zalo,
)

V2 = "/openapi/v2.0/oa/message"
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 50


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def media(**element: Any) -> dict[str, Any]:
    return template(template_type="media", elements=[element])


def button(kind: str = "oa.query.show", payload: Any = "#A", title: str = "A") -> Any:
    return {"title": title, "type": kind, "payload": payload}


def with_buttons(*buttons: Any) -> dict[str, Any]:
    return {"text": "Chọn", **template(buttons=list(buttons))}


def form(count: int = 1, **fields: Any) -> dict[str, Any]:
    element = {"title": "T", "subtitle": "S", "image_url": "https://e.org/1"} | fields
    return template(template_type="request_user_info", elements=[element] * count)


def listing(count: int, **fields: Any) -> dict[str, Any]:
    element = {"title": "T", "subtitle": "S"} | fields
    return template(template_type="list", elements=[element] * count)


# Kinds of accounts


def test_a_government_account_is_refused_on_v3_and_served_on_v2(zalo: Zalo) -> None:
    refused = zalo.send("chào", TAM_AT_GOVERNMENT, GOVERNMENT)
    assert refused["error"] == -235
    assert zalo.send_v2("chào")["error"] == 0


def test_a_refused_generation_delivers_nothing(zalo: Zalo) -> None:
    zalo.send("chào", TAM_AT_GOVERNMENT, GOVERNMENT)
    zalo.send_v2("chào", BUSINESS)
    assert zalo.control("/ledger")["delivered"] == 0


def test_a_business_account_is_refused_on_v2(zalo: Zalo) -> None:
    assert zalo.send_v2("chào", BUSINESS)["error"] == -240


@pytest.mark.parametrize(
    ("generation", "on_v3", "on_v2"),
    [
        ("v2_only", -235, 0),
        ("v3_only", 0, -240),
        ("both", 0, 0),
        ("none", -235, -235),
    ],
)
def test_the_generation_of_an_account_can_be_switched(
    zalo: Zalo, generation: str, on_v3: int, on_v2: int
) -> None:
    zalo.switch(generation=generation)
    assert zalo.send("chào")["error"] == on_v3
    assert zalo.send_v2("chào", BUSINESS)["error"] == on_v2


def test_interactive_templates_fail_on_v2_when_the_switch_is_set(zalo: Zalo) -> None:
    assert zalo.send_v2(with_buttons(button()))["error"] == 0
    zalo.switch(GOVERNMENT, refuse_interactive=True)
    for message in (with_buttons(button()), form(), listing(1)):
        assert zalo.send_v2(message)["error"] == -233
    assert zalo.send_v2("1. Giấy tờ\n2. Lệ phí")["error"] == 0


# Shapes and limits


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"text": "a" * 2000}, 0),
        ({"text": "a" * 2001}, -210),
        ({"text": unicodedata.normalize("NFD", "ế") * 2000}, 0),
        ({"text": ""}, -201),
        ({}, -201),
        ({"text": 7}, -201),
        (with_buttons(*[button()] * 5), 0),
        (with_buttons(*[button()] * 6), -201),
        (with_buttons(button(title="a" * 100)), 0),
        (with_buttons(button(title="a" * 101)), -210),
        (with_buttons(button(payload="a" * 1000)), 0),
        (with_buttons(button(payload="a" * 1001)), -210),
        (with_buttons(button(payload={"not": "text"})), -201),
        (with_buttons(button("oa.open.url", {"url": "https://e.org"})), 0),
        (with_buttons(button("oa.open.url", "https://e.org")), -201),
        (with_buttons(button("oa.open.phone", {"phone_code": "84900000002"})), 0),
        (with_buttons(button("oa.open.phone", {})), -201),
        (with_buttons(button("oa.teleport")), -201),
        (template(buttons=[button()]), -201),
        (listing(5), 0),
        (listing(6), -201),
        (listing(1, title="a" * 101), -210),
        (listing(1, subtitle="a" * 500), 0),
        (listing(1, subtitle="a" * 501), -210),
        (form(), 0),
        (form(2), -201),
        (form(title="a" * 101), -210),
        (form(subtitle="a" * 501), -210),
        (media(media_type="image", url="https://e.org/1.jpg"), 0),
        (media(media_type="image", url="ftp://e.org/1.jpg"), -201),
        (media(media_type="hologram", url="https://e.org"), -201),
        (media(media_type="sticker", attachment_id="2f4a"), 0),
        (media(media_type="sticker"), -201),
        (media(media_type="image", attachment_id="unknown"), -201),
        (template(template_type="carousel", elements=[{}]), -233),
        ({"attachment": {"type": "poll", "payload": {}}}, -233),
        ({"attachment": "x"}, -233),
        ({"attachment": {"type": "file", "payload": {"token": "unknown"}}}, -201),
    ],
)
def test_a_message_is_checked_for_shape_and_limits(
    zalo: Zalo, message: dict[str, Any], code: int
) -> None:
    assert zalo.send(message)["error"] == code
    assert zalo.control("/ledger")["delivered"] == (code == 0)


def test_a_caption_has_the_limit_of_a_text(zalo: Zalo) -> None:
    picture = media(media_type="image", url="https://e.org/1.jpg")
    assert zalo.send(picture | {"text": "a" * 2000})["error"] == 0
    assert zalo.send(picture | {"text": "a" * 2001})["error"] == -210


def test_a_file_travels_alone(zalo: Zalo) -> None:
    token = zalo.upload("file", "a.pdf", b"%PDF")["data"]["token"]
    message = {"attachment": {"type": "file", "payload": {"token": token}}}
    assert zalo.send(message | {"text": "kèm lời"})["error"] == -201
    assert zalo.send(message)["error"] == 0


def test_an_unknown_user_is_refused(zalo: Zalo) -> None:
    assert zalo.send("chào", "1")["message"] == "user_id is invalid!"


def test_a_user_id_of_another_account_is_refused(zalo: Zalo) -> None:
    assert zalo.send("chào", TAM_AT_GOVERNMENT, BUSINESS)["error"] == -201


@pytest.mark.parametrize("recipient", [None, "x", {}, {"user_id": None}, []])
def test_a_call_without_a_usable_recipient_is_refused(
    zalo: Zalo, recipient: Any
) -> None:
    body = {"recipient": recipient, "message": {"text": "a"}}
    assert zalo.post("/openapi/v3.0/oa/message/cs", body)["error"] == -201
    assert zalo.post(V2, body, GOVERNMENT)["error"] == -201


def test_an_unknown_quote_is_refused_and_a_known_one_is_shown(zalo: Zalo) -> None:
    said = zalo.act("say", {"text": "Khai sinh cần gì?"})["message_id"]
    stale = zalo.send({"text": "a", "quote_message_id": "gone"})
    assert stale["message"] == "quote_message_id is invalid!"
    assert zalo.send({"text": "b", "quote_message_id": said})["error"] == 0
    assert zalo.bubbles()[-1]["quote"]["text"] == "Khai sinh cần gì?"


def test_content_against_the_platform_rules_is_refused(zalo: Zalo) -> None:
    zalo.switch(banned_words=["cờ bạc"])
    assert zalo.send("Chơi Cờ bạc")["error"] == -248


# Windows


@pytest.mark.parametrize(
    ("hours", "code", "quota"),
    [
        (0, 0, "reply"),
        (47.9, 0, "reply"),
        (48.1, 0, "sub_quota"),
        (167.9, 0, "sub_quota"),
        (168.1, -230, None),
        (None, -232, None),
    ],
)
def test_the_window_decides_what_a_message_costs(
    zalo: Zalo, hours: float | None, code: int, quota: str | None
) -> None:
    zalo.act("interacted", {"hours_ago": hours})
    zalo.simulator.state.relations[HOA_AT_BUSINESS].follows = False
    answer = zalo.send("chào")
    assert answer["error"] == code
    assert (answer.get("data") or {}).get("quota", {}).get("quota_type") == quota


def test_the_paid_quota_counts_down_to_minus_320_without_a_cloud_account(
    zalo: Zalo,
) -> None:
    zalo.switch(sub_quota_left=2)
    zalo.act("interacted", {"hours_ago": 72})
    left = [zalo.send(f"tin {n}")["data"]["quota"]["remain"] for n in range(2)]
    assert left == ["1", "0"]
    assert zalo.send("tin 3")["error"] == -320


def test_a_cloud_account_pays_until_it_is_empty(zalo: Zalo) -> None:
    zalo.switch(sub_quota_left=0, cloud_linked=True, cloud_money_vnd=60)
    zalo.act("interacted", {"hours_ago": 72})
    paid = zalo.send("tin 1")["data"]["quota"]["quota_type"]
    assert paid == "purchase_quota"
    assert zalo.send("tin 2")["error"] == -321


def test_writing_opens_the_window_again(zalo: Zalo) -> None:
    zalo.wait(days=8)
    assert zalo.send("chào")["error"] == -230
    zalo.act("say", {"text": "alo"})
    assert zalo.send("chào")["error"] == 0


def test_a_new_follower_gets_three_welcome_messages(zalo: Zalo) -> None:
    user_id = zalo.control("/people/anh-minh")["accounts"][BUSINESS]["user_id"]
    zalo.act("follow", chat="anh-minh")
    kinds = [
        zalo.send(f"{n}", user_id)["data"]["quota"]["quota_type"] for n in range(4)
    ]
    assert kinds == ["welcome_msg"] * 3 + ["reply"]


def test_with_strict_welcome_the_fourth_message_waits_for_a_word(zalo: Zalo) -> None:
    zalo.switch(strict_welcome=True)
    user_id = zalo.control("/people/anh-minh")["accounts"][BUSINESS]["user_id"]
    zalo.act("follow", chat="anh-minh")
    codes = [zalo.send(f"{n}", user_id)["error"] for n in range(4)]
    assert codes == [0, 0, 0, -232]
    zalo.act("say", {"text": "chào"}, "anh-minh")
    assert zalo.send("chào", user_id)["error"] == 0


def test_a_person_who_blocked_everything_is_minus_217(zalo: Zalo) -> None:
    zalo.act("block")
    assert zalo.send("chào")["error"] == -217
    zalo.act("unblock")
    assert zalo.send("chào")["error"] == 0


def test_a_person_who_refuses_one_kind_takes_the_others(zalo: Zalo) -> None:
    zalo.act("block", {"kinds": ["image"]})
    picture = media(media_type="image", url="https://e.org/1.jpg")
    assert zalo.send(picture)["error"] == -244
    assert zalo.send("chào")["error"] == 0


def test_a_person_offline_for_45_days_is_minus_227(zalo: Zalo) -> None:
    zalo.control("/people/chi-hoa", {"inactive": True})
    assert zalo.send("chào")["error"] == -227


def test_where_following_is_needed_a_stranger_is_minus_213(zalo: Zalo) -> None:
    zalo.switch(send_needs_follow=True)
    zalo.act("unfollow")
    assert zalo.send("chào")["error"] == -213


def test_chat_is_not_affected_by_the_night(zalo: Zalo) -> None:
    zalo.at("2026-11-24T23:30:00+07:00")
    assert zalo.send("chào")["error"] == 0


# Old reply form on v2


def test_a_reply_may_name_the_message_instead_of_the_person(zalo: Zalo) -> None:
    said = zalo.act("say", {"text": "alo"}, "ba-tam", GOVERNMENT)["message_id"]
    body = {"recipient": {"message_id": said}, "message": {"text": "dạ"}}
    assert zalo.post(V2, body, GOVERNMENT)["data"]["user_id"] == TAM_AT_GOVERNMENT


def test_old_reply_rules_count_eight_replies_to_one_interaction(zalo: Zalo) -> None:
    zalo.switch(GOVERNMENT, legacy_replies=True)
    codes = [zalo.send_v2(f"{n}")["error"] for n in range(9)]
    assert codes == [0] * 8 + [-311]
    zalo.act("say", {"text": "alo"}, "ba-tam", GOVERNMENT)
    assert zalo.send_v2("nữa")["error"] == 0


# Broadcast and promotion


def article(zalo: Zalo, oa_id: str = BUSINESS) -> str:
    body = {"title": "Lịch tiếp dân", "description": "Tháng 12"}
    found: str = zalo.control(f"/accounts/{oa_id}/articles", body)["id"]
    return found


def broadcast(zalo: Zalo, article_id: str, **target: Any) -> dict[str, Any]:
    message = media(media_type="article", attachment_id=article_id)
    body = {"recipient": {"target": target}, "message": message}
    return zalo.post(V2, body)


@pytest.mark.parametrize(
    ("at", "code"), [("21:59", 0), ("22:00", -234), ("05:59", -234), ("06:00", 0)]
)
def test_a_broadcast_is_refused_at_night(zalo: Zalo, at: str, code: int) -> None:
    zalo.at(f"2026-11-25T{at}:00+07:00")
    assert broadcast(zalo, article(zalo))["error"] == code


def test_a_broadcast_reaches_followers_after_half_an_hour(zalo: Zalo) -> None:
    assert broadcast(zalo, article(zalo))["error"] == 0
    zalo.wait(minutes=29)
    zalo.settle()
    assert zalo.control("/ledger")["delivered"] == 0
    zalo.wait(minutes=2)
    zalo.settle()
    reached = {row["person"] for row in zalo.control("/ledger")["rows"]}
    assert reached == {"chi-hoa", "ong-sau"}


@pytest.mark.parametrize(
    ("package", "in_a_month"), [("basic", 1), ("advanced", 4), ("premium", 6)]
)
def test_a_follower_gets_so_many_broadcasts_a_month(
    zalo: Zalo, package: str, in_a_month: int
) -> None:
    zalo.switch(package=package)
    zalo.at("2026-12-01T09:00:00+07:00")
    article_id, accepted = article(zalo), 0
    for _day in range(8):
        accepted += broadcast(zalo, article_id)["error"] == 0
        zalo.wait(hours=24)
        zalo.settle()
    assert accepted == in_a_month


def test_a_second_broadcast_on_one_day_is_out_of_quota(zalo: Zalo) -> None:
    article_id = article(zalo)
    broadcast(zalo, article_id)
    zalo.wait(hours=1)
    zalo.settle()
    assert broadcast(zalo, article_id)["error"] == -211


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"ages": "0,7", "gender": "0", "cities": [0, 63]}, 0),
        ({"ages": "8"}, -201),
        ({"locations": "3"}, -201),
        ({"platform": [0]}, -201),
        ({"shoe_size": "42"}, -201),
    ],
)
def test_broadcast_targets_have_known_codes(
    zalo: Zalo, target: dict[str, Any], code: int
) -> None:
    assert broadcast(zalo, article(zalo), **target)["error"] == code


def test_broadcasting_an_unknown_article_is_refused(zalo: Zalo) -> None:
    answer = broadcast(zalo, "unknown")
    assert answer["message"] == "attachment_id is invalid!"


PROMOTION = template(
    template_type="promotion", elements=[{"type": "header", "content": "Hội"}]
)


def promote(zalo: Zalo) -> int:
    code = zalo.send(PROMOTION, path="/openapi/v3.0/oa/message/promotion")["error"]
    assert isinstance(code, int)
    return code


def test_promotion_closed_in_march_2026(zalo: Zalo) -> None:
    assert promote(zalo) == -233
    zalo.at("2026-02-28T10:00:00+07:00")
    assert promote(zalo) == 0


def test_promotions_have_a_daily_and_a_monthly_limit(zalo: Zalo) -> None:
    zalo.switch(old_templates_open=True)
    zalo.at("2026-12-01T09:00:00+07:00")
    assert [promote(zalo), promote(zalo)] == [0, -218]
    codes = []
    for _day in range(4):
        zalo.wait(days=1)
        codes.append(promote(zalo))
    assert codes == [0, 0, 0, -218]


# Reactions


def react(zalo: Zalo, message_id: str, icon: str = "/-heart") -> dict[str, Any]:
    body = {
        "recipient": {"user_id": HOA_AT_BUSINESS},
        "sender_action": {"react_icon": icon, "react_message_id": message_id},
    }
    return zalo.post(V2, body)


def test_a_business_account_reacts_on_v2(zalo: Zalo) -> None:
    said = zalo.act("say", {"text": "cảm ơn"})["message_id"]
    assert react(zalo, said)["error"] == 0
    assert zalo.bubbles()[-1]["reactions"] == [{"by": "oa", "icon": "/-heart"}]
    assert react(zalo, said, "/-remove")["error"] == 0
    assert zalo.bubbles()[-1]["reactions"] == []


def test_a_message_takes_fifty_reactions(zalo: Zalo) -> None:
    said = zalo.act("say", {"text": "cảm ơn"})["message_id"]
    codes = [react(zalo, said)["error"] for _ in range(51)]
    assert codes == [0] * 50 + [-211]


def test_unknown_icons_and_messages_are_refused(zalo: Zalo) -> None:
    said = zalo.act("say", {"text": "cảm ơn"})["message_id"]
    assert react(zalo, said, "<3")["error"] == -201
    assert react(zalo, "unknown")["error"] == -201


# Visitors and groups


def test_an_anonymous_visitor_is_answered_by_conversation(zalo: Zalo) -> None:
    visitor = zalo.control(f"/anonymous/{BUSINESS}", {"name": "Khách"})
    zalo.act("say", {"text": "Mấy giờ mở cửa?"}, visitor["anonymous_id"])
    recipient = {k: visitor[k] for k in ("anonymous_id", "conversation_id")}
    body = {"recipient": recipient, "message": {"text": "7h30"}}
    assert zalo.post(V2, body)["error"] == 0
    assert zalo.events("oa_send_anonymous_text")[0]["message"]["text"] == "7h30"
    body["recipient"] = recipient | {"conversation_id": "another"}
    assert zalo.post(V2, body)["error"] == -201


def test_a_group_takes_messages_at_any_hour_and_without_a_window(zalo: Zalo) -> None:
    group = zalo.control(
        "/groups", {"oa_id": BUSINESS, "name": "Tổ", "people": ["anh-minh"]}
    )
    zalo.at("2026-11-24T23:30:00+07:00")
    body = {"recipient": {"group_id": group["group_id"]}, "message": {"text": "Họp"}}
    answer = zalo.post("/openapi/v3.0/oa/group/message", body)
    assert answer["data"]["group_id"] == group["group_id"]
    echo = zalo.events("oa_send_group_text")[0]
    assert echo["recipient"]["id"] == group["group_id"]


@pytest.mark.parametrize(
    ("switches", "code"), [({"verified": False}, -221), ({"package": "basic"}, -224)]
)
def test_groups_need_verification_and_a_package(
    zalo: Zalo, switches: dict[str, Any], code: int
) -> None:
    zalo.switch(**switches)
    assert zalo.get("/openapi/v3.0/oa/group/getgroupsofoa")["error"] == code


def test_a_bought_group_package_makes_one_group(zalo: Zalo) -> None:
    quota = zalo.post("/openapi/v3.0/oa/quota/group", {"quota_owner": "OA"})
    body = {
        "group_name": "Tổ",
        "asset_id": quota["data"][0]["asset_id"],
        "member_user_ids": [HOA_AT_BUSINESS],
    }
    path = "/openapi/v3.0/oa/group/creategroupwithoa"
    group_id = zalo.post(path, body)["data"]["group_id"]
    assert zalo.post(path, body)["error"] == -238
    zalo.post("/openapi/v3.0/oa/group/delete", {"group_id": group_id})
    assert zalo.post(path, body)["error"] == 0
    names = [event["event_name"] for event in zalo.events()]
    assert names == ["create_group", "delete_group", "create_group"]


def test_a_request_to_join_is_answered_in_either_spelling(zalo: Zalo) -> None:
    group = zalo.control("/groups", {"oa_id": BUSINESS, "name": "Tổ", "people": []})
    minh = zalo.control("/people/anh-minh")["accounts"][BUSINESS]["user_id"]
    path = "/openapi/v3.0/oa/group"
    for style, answer in (("plain", "accept"), ("react", "reject")):
        zalo.switch(group_event_style=style)
        zalo.control(
            f"/groups/{group['group_id']}/event",
            {"event": "user_request_join_group", "people": ["anh-minh"]},
        )
        pending = zalo.get(
            f"{path}/listpendinginvite", group_id=group["group_id"], oa_id=BUSINESS
        )
        assert pending["data"]["members"][0]["user_id"] == minh
        body = {"group_id": group["group_id"], "member_user_ids": [minh]}
        assert zalo.post(f"{path}/{answer}pendinginvite", body)["error"] == 0
    names = [event["event_name"] for event in zalo.events()]
    assert "accept_request_join_group" in names
    assert "react_request_join_group_reject" in names
