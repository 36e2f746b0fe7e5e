"""Uploads, people, history, articles and phone templates of the fake Zalo."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import requests

from tests.simulator.harness import (
    BUSINESS,
    GOVERNMENT,
    HOA_AT_BUSINESS,
    TAM_AT_GOVERNMENT,
    Zalo,
)

JPEG, PNG, GIF = b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a"
MIB = 1024 * 1024
PEOPLE = "/openapi/v3.0/oa/user"
ARTICLES = "/openapi/v2.0/article"
PHONE = "/business/message/template"


# Uploads


@pytest.mark.parametrize(
    ("kind", "name", "content", "code"),
    [
        ("image", "a.jpg", JPEG, 0),
        ("image", "a.png", PNG, 0),
        ("image", "a.gif", GIF, -201),
        ("image", "a.jpg", b"<html>", -201),
        ("image", "a.jpg", JPEG + b"0" * (MIB - 4), 0),
        ("image", "a.jpg", JPEG + b"0" * MIB, -210),
        ("gif", "a.gif", GIF, 0),
        ("gif", "a.jpg", JPEG, -201),
        ("gif", "a.gif", GIF + b"0" * 5 * MIB, -210),
        ("file", "a.pdf", b"%PDF", 0),
        ("file", "a.DOCX", b"PK", 0),
        ("file", "a.csv", b"a;b", 0),
        ("file", "a.xlsx", b"PK", -201),
        ("file", "a.exe", b"MZ", -201),
        ("file", "a.pdf", b"", -201),
        ("file", "a.pdf", b"0" * (5 * MIB + 1), -210),
    ],
)
def test_an_upload_is_checked_for_type_and_size(
    zalo: Zalo, kind: str, name: str, content: bytes, code: int
) -> None:
    assert zalo.upload(kind, name, content)["error"] == code


def test_an_upload_needs_the_multipart_field_file(zalo: Zalo) -> None:
    response = zalo.call(
        "POST", "/openapi/v2.0/oa/upload/image", files={"image": ("a.jpg", JPEG)}
    )
    assert response.json()["error"] == -201


def picture(asset_id: str) -> dict[str, Any]:
    element = {"media_type": "image", "attachment_id": asset_id}
    payload = {"template_type": "media", "elements": [element]}
    return {"attachment": {"type": "template", "payload": payload}}


def test_an_upload_is_good_for_seven_days(zalo: Zalo) -> None:
    asset = zalo.upload("image", "a.jpg", JPEG)["data"]["attachment_id"]
    zalo.wait(days=6.9)
    zalo.act("say", {"text": "alo"})
    assert zalo.send(picture(asset))["error"] == 0
    zalo.wait(days=0.2)
    assert zalo.send(picture(asset))["error"] == -100


def test_an_upload_of_another_kind_or_account_is_refused(zalo: Zalo) -> None:
    gif = zalo.upload("gif", "a.gif", GIF)["data"]["attachment_id"]
    foreign = zalo.upload("image", "a.jpg", JPEG, GOVERNMENT)["data"]["attachment_id"]
    assert zalo.send(picture(gif))["error"] == -201
    assert zalo.send(picture(foreign))["error"] == -201


def test_an_upload_may_be_good_for_one_message_only(zalo: Zalo) -> None:
    zalo.switch(single_use_assets=True)
    asset = zalo.upload("image", "a.jpg", JPEG)["data"]["attachment_id"]
    codes = [zalo.send(picture(asset))["error"] for _ in range(2)]
    assert codes == [0, -241]


def test_uploads_have_a_monthly_quota(zalo: Zalo) -> None:
    zalo.switch(uploads_left=1)
    codes = [zalo.upload("image", "a.jpg", JPEG)["error"] for _ in range(2)]
    assert codes == [0, -211]


def test_what_was_uploaded_can_be_fetched(zalo: Zalo) -> None:
    answer = requests.post(
        f"{zalo.url}/control/chats/{BUSINESS}/chi-hoa/upload",
        files={"file": ("so-do.png", PNG, "image/png")},
        data={"text": "sơ đồ"},
        timeout=10,
    ).json()
    (event,) = zalo.events("user_send_image")
    url = event["message"]["attachments"][0]["payload"]["url"]
    assert url == answer["url"]
    path = url.removeprefix("http://127.0.0.1:8000/simulator")
    fetched = requests.get(zalo.url + path, timeout=10)
    assert fetched.content == PNG
    assert fetched.headers["Content-Type"] == "image/png"


def test_an_uploaded_page_is_a_download(zalo: Zalo) -> None:
    requests.post(
        f"{zalo.url}/control/chats/{BUSINESS}/chi-hoa/upload",
        files={"file": ("a.html", b"<script>", "text/html")},
        timeout=10,
    )
    payload = zalo.events("user_send_file")[0]["message"]["attachments"][0]["payload"]
    path = payload["url"].removeprefix("http://127.0.0.1:8000/simulator")
    headers = requests.get(zalo.url + path, timeout=10).headers
    assert headers["Content-Disposition"] == "attachment"
    assert payload["checksum"] == hashlib.md5(b"<script>").hexdigest()


# People


def test_a_profile_tells_the_last_day_of_interaction(zalo: Zalo) -> None:
    data = zalo.get(f"{PEOPLE}/detail", {"user_id": HOA_AT_BUSINESS})["data"]
    assert data["display_name"] == "Chị Hoa"
    assert data["user_last_interaction_date"] == "24/11/2026"
    assert data["user_is_follower"] is True


def test_user_ids_differ_by_account_and_join_by_app(zalo: Zalo) -> None:
    row = zalo.control("/people/ong-sau")
    ids = {oa_id: known["user_id"] for oa_id, known in row["accounts"].items()}
    assert len(set(ids.values())) == 2
    assert all(int(user_id) > 2**53 for user_id in ids.values())
    joined = {
        zalo.get(f"{PEOPLE}/detail", {"user_id": user_id}, oa_id)["data"][
            "user_id_by_app"
        ]
        for oa_id, user_id in ids.items()
    }
    assert joined == {row["user_id_by_app"]}


def test_ordinary_query_parameters_are_not_read_where_data_is_wanted(
    zalo: Zalo,
) -> None:
    answer = zalo.get(f"{PEOPLE}/detail", user_id=HOA_AT_BUSINESS)
    assert answer["message"] == "data is invalid!"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"offset": 0, "count": 50}, 0),
        ({"offset": 0, "count": 51}, -210),
        ({"offset": 9951, "count": 50}, 0),
        ({"offset": 9952, "count": 50}, -210),
        ({"offset": -1, "count": 50}, -201),
        ({"offset": "x", "count": 50}, -201),
        ({"offset": 0, "count": 9, "is_follower": True}, -201),
        ({"offset": 0, "count": 9, "last_interaction_period": "LAST_WEEK"}, -201),
    ],
)
def test_lists_of_people_have_limits(
    zalo: Zalo, data: dict[str, Any], code: int
) -> None:
    assert zalo.get(f"{PEOPLE}/getlist", data)["error"] == code


def listed(zalo: Zalo, **filters: Any) -> list[str]:
    data = {"offset": 0, "count": 50} | filters
    answer = zalo.get(f"{PEOPLE}/getlist", data)["data"]
    return [row["user_id"] for row in answer["users"]]


def test_lists_of_people_are_filtered(zalo: Zalo) -> None:
    everyone = listed(zalo)
    assert HOA_AT_BUSINESS in everyone
    assert len(everyone) == 2
    zalo.act("unfollow")
    assert HOA_AT_BUSINESS not in listed(zalo, is_follower="true")
    assert listed(zalo, is_follower="false") == [HOA_AT_BUSINESS]
    assert listed(zalo, tag_name="can-bo") == []
    zalo.act("interacted", {"hours_ago": 24})
    assert listed(zalo, last_interaction_period="YESTERDAY") == [HOA_AT_BUSINESS]
    assert HOA_AT_BUSINESS not in listed(zalo, last_interaction_period="TODAY")
    day = "2026_11_23:2026_11_23"
    assert listed(zalo, last_interaction_period=day) == [HOA_AT_BUSINESS]


def test_the_old_user_calls_live_on_for_government_accounts(zalo: Zalo) -> None:
    path = "/openapi/v2.0/oa"
    assert zalo.get(f"{path}/getfollowers", {"offset": 0})["error"] == -240
    found = zalo.get(f"{path}/getfollowers", {"offset": 0}, GOVERNMENT)["data"]
    assert found["total"] == len(found["followers"]) == 5
    for user_id in (TAM_AT_GOVERNMENT, int(TAM_AT_GOVERNMENT)):
        profile = zalo.get(f"{path}/getprofile", {"user_id": user_id}, GOVERNMENT)
        assert profile["data"]["display_name"] == "Bà Tám"


def test_the_old_profile_may_want_an_unquoted_number(zalo: Zalo) -> None:
    zalo.switch(GOVERNMENT, v2_profile_wants_number=True)
    path = "/openapi/v2.0/oa/getprofile"
    quoted = zalo.get(path, {"user_id": TAM_AT_GOVERNMENT}, GOVERNMENT)
    assert quoted["message"] == "user_id is not valid"
    number = zalo.get(path, {"user_id": int(TAM_AT_GOVERNMENT)}, GOVERNMENT)
    assert number["error"] == 0


def test_the_new_user_calls_can_be_closed(zalo: Zalo) -> None:
    zalo.switch(GOVERNMENT, refuse_v3_users=True)
    data = {"user_id": TAM_AT_GOVERNMENT}
    assert zalo.get(f"{PEOPLE}/detail", data, GOVERNMENT)["error"] == -235


def test_an_update_changes_alias_and_shared_info(zalo: Zalo) -> None:
    body = {"user_id": HOA_AT_BUSINESS, "user_alias": "Hoa chợ"}
    zalo.post(f"{PEOPLE}/update", body | {"shared_info": {"phone": "84900000103"}})
    data = zalo.get(f"{PEOPLE}/detail", {"user_id": HOA_AT_BUSINESS})["data"]
    assert data["user_alias"] == "Hoa chợ"
    assert data["shared_info"]["phone"] == "84900000103"


def test_tags_come_and_go(zalo: Zalo) -> None:
    path = "/openapi/v2.0/oa/tag"
    body = {"user_id": HOA_AT_BUSINESS, "tag_name": "cho"}
    assert zalo.post(f"{path}/rmtag", {"tag_name": "cho"})["error"] == -201
    zalo.post(f"{path}/tagfollower", body)
    assert zalo.get(f"{path}/gettagsofoa")["data"] == ["cho"]
    assert listed(zalo, tag_name="cho") == [HOA_AT_BUSINESS]
    zalo.post(f"{path}/rmtag", {"tag_name": "cho"})
    assert zalo.get(f"{path}/gettagsofoa")["data"] == []


# History


def test_the_history_is_a_bare_array_newest_first(zalo: Zalo) -> None:
    zalo.act("say", {"text": "một"})
    zalo.send("hai")
    zalo.act("say", {"image": "https://e.org/1.jpg", "text": "ba"})
    data = {"user_id": HOA_AT_BUSINESS, "offset": 0, "count": 10}
    items = zalo.get("/openapi/v2.0/oa/conversation", data)["data"]
    assert [item["message"] for item in items] == ["ba", "hai", "một"]
    assert [item["src"] for item in items] == [1, 0, 1]
    assert [item["type"] for item in items] == ["photo", "text", "text"]
    assert all(isinstance(item["time"], int) for item in items)


@pytest.mark.parametrize("call", ["conversation", "listrecentchat"])
def test_the_history_gives_ten_at_a_time(zalo: Zalo, call: str) -> None:
    data = {"user_id": HOA_AT_BUSINESS, "offset": 0, "count": 11}
    answer = zalo.get(f"/openapi/v2.0/oa/{call}", data)
    assert answer["message"] == "count exceeds allowable limit"


def test_the_history_is_paged(zalo: Zalo) -> None:
    for number in range(12):
        zalo.act("say", {"text": str(number)})
    data = {"user_id": HOA_AT_BUSINESS, "offset": 10, "count": 10}
    items = zalo.get("/openapi/v2.0/oa/conversation", data)["data"]
    assert [item["message"] for item in items] == ["1", "0"]


def test_recent_chats_show_the_latest_of_each(zalo: Zalo) -> None:
    zalo.act("say", {"text": "cũ"})
    zalo.act("say", {"text": "mới"})
    zalo.act("say", {"text": "chào"}, "ong-sau")
    items = zalo.get("/openapi/v2.0/oa/listrecentchat", {"offset": 0, "count": 10})
    assert [item["message"] for item in items["data"]] == ["chào", "mới"]


# Quota


def test_the_quota_of_a_person_follows_the_window(zalo: Zalo) -> None:
    path = "/openapi/v3.0/oa/quota/message"
    body = {"user_id": HOA_AT_BUSINESS}
    assert zalo.post(path, body)["data"]["cs_reply"] == {"remain": 8, "total": 8}
    zalo.wait(hours=49)
    assert zalo.post(path, body)["data"]["cs_reply"] == {"remain": 0, "total": 0}


def test_the_quota_of_the_account_counts_paid_messages(zalo: Zalo) -> None:
    zalo.act("interacted", {"hours_ago": 72})
    zalo.send("chào")
    body = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
    (row,) = zalo.post("/openapi/v3.0/oa/quota/message", body)["data"]
    assert (row["total"], row["remain"]) == (500, 499)
    assert zalo.post("/openapi/v3.0/oa/quota/message", {})["error"] == -201


@pytest.mark.parametrize(("oa_id", "kind"), [(BUSINESS, 2), (GOVERNMENT, 4)])
def test_getoa_tells_the_kind_of_account(zalo: Zalo, oa_id: str, kind: int) -> None:
    data = zalo.get("/openapi/v2.0/oa/getoa", oa_id=oa_id)["data"]
    assert data["oa_type"] == kind


# Articles


def content(**changes: Any) -> dict[str, Any]:
    cover = {
        "cover_type": "photo",
        "photo_url": "https://e.org/c.jpg",
        "status": "show",
    }
    return {
        "type": "normal",
        "title": "Lịch tiếp công dân",
        "author": "UBND",
        "cover": cover,
        "description": "Tháng 12",
        "body": [{"type": "text", "content": "<p>Nội dung</p>"}],
        "status": "show",
    } | changes


def test_an_article_is_ready_after_a_few_seconds(zalo: Zalo) -> None:
    token = {"token": zalo.post(f"{ARTICLES}/create", content())["data"]["token"]}
    assert zalo.post(f"{ARTICLES}/verify", token)["error"] == -214
    zalo.wait(seconds=4)
    article_id = zalo.post(f"{ARTICLES}/verify", token)["data"]["id"]
    assert zalo.post(f"{ARTICLES}/verify", token)["data"]["id"] == article_id
    detail = zalo.get(f"{ARTICLES}/getdetail", id=article_id)["data"]
    assert detail["title"] == "Lịch tiếp công dân"


def test_an_article_is_published_without_being_verified(zalo: Zalo) -> None:
    zalo.post(f"{ARTICLES}/create", content())
    zalo.wait(seconds=4)
    data = zalo.get(f"{ARTICLES}/getslice", offset="0", limit="10", type="normal")
    assert data["data"]["total"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": "a" * 149}, 0),
        ({"title": "a" * 150}, -201),
        ({"title": ""}, -201),
        ({"description": "a" * 299}, 0),
        ({"description": "a" * 300}, -201),
        ({"author": "a" * 50}, 0),
        ({"author": "a" * 51}, -201),
        ({"cover": None}, -201),
        ({"body": []}, -201),
        ({"body": [{"type": "audio"}]}, -201),
        ({"type": "podcast"}, -201),
        ({"status": "maybe"}, -201),
        ({"type": "video", "video_id": "v"}, 0),
        ({"type": "video"}, -201),
    ],
)
def test_an_article_is_checked(zalo: Zalo, changes: dict[str, Any], code: int) -> None:
    assert zalo.post(f"{ARTICLES}/create", content(**changes))["error"] == code


def test_a_picture_address_with_blanks_fails_in_verify(zalo: Zalo) -> None:
    bad = {"type": "image", "url": "https://e.org/ảnh một.jpg"}
    token = zalo.post(f"{ARTICLES}/create", content(body=[bad]))["data"]["token"]
    zalo.wait(seconds=4)
    answer = zalo.post(f"{ARTICLES}/verify", {"token": token})
    assert answer == {"error": -200, "message": "Upload media failed"}


def test_articles_come_newest_first_under_medias(zalo: Zalo) -> None:
    for day in (1, 3, 2):
        body = {"title": f"Bài {day}", "at": f"2026-11-0{day}T08:00:00+07:00"}
        zalo.control(f"/accounts/{BUSINESS}/articles", body)
    data = zalo.get(f"{ARTICLES}/getslice", offset="0", limit="2", type="normal")
    assert [item["title"] for item in data["data"]["medias"]] == ["Bài 3", "Bài 2"]
    assert data["data"]["total"] == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": "10"}, "type accept only 2 value normal and video."),
        ({"limit": "11", "type": "normal"}, "maximum limit is 10"),
    ],
)
def test_the_list_of_articles_wants_a_type_and_a_small_limit(
    zalo: Zalo, params: dict[str, str], message: str
) -> None:
    assert zalo.get(f"{ARTICLES}/getslice", **params)["message"] == message


def test_an_update_replaces_and_a_removal_removes(zalo: Zalo) -> None:
    made = zalo.control(f"/accounts/{BUSINESS}/articles", {"title": "Cũ"})
    assert zalo.post(f"{ARTICLES}/update", content(id="unknown"))["error"] == -201
    zalo.post(f"{ARTICLES}/update", content(id=made["id"], title="Mới"))
    zalo.wait(seconds=4)
    listing = zalo.get(f"{ARTICLES}/getslice", type="normal")["data"]["medias"]
    assert [item["title"] for item in listing] == ["Mới"]
    zalo.post(f"{ARTICLES}/remove", {"id": made["id"]})
    assert zalo.get(f"{ARTICLES}/getdetail", id=made["id"])["error"] == -201


def test_the_link_of_an_article_opens_unless_it_is_hidden(zalo: Zalo) -> None:
    for status, code in (("show", 200), ("hide", 404)):
        body = {"title": "Bài <b>", "status": status}
        link = zalo.control(f"/accounts/{BUSINESS}/articles", body)["link_view"]
        path = link.removeprefix("http://127.0.0.1:8000/simulator")
        page = requests.get(zalo.url + path, timeout=10)
        assert page.status_code == code
        assert "Bài <b>" not in page.text


def test_a_video_is_converted_after_a_few_seconds(zalo: Zalo) -> None:
    path = f"{ARTICLES}/upload_video/preparevideo"
    response = zalo.call("POST", path, files={"file": ("a.mp4", b"0")})
    token = response.json()["data"]["token"]
    verify = f"{ARTICLES}/upload_video/verify"
    assert zalo.get(verify, token=token)["data"]["status"] == 3
    zalo.wait(seconds=4)
    assert zalo.get(verify, token=token)["data"]["status"] == 1
    bad = zalo.call("POST", path, files={"file": ("a.mov", b"0")})
    assert bad.json()["error"] == -201


# Phone templates


def template(zalo: Zalo, **changes: Any) -> None:
    body: dict[str, Any] = {
        "template_id": "400123",
        "name": "Kết quả hồ sơ",
        "params": [{"name": "ma_ho_so", "require": True, "max_length": 30}],
    }
    zalo.control(f"/accounts/{BUSINESS}/templates", body | changes)


def to_phone(zalo: Zalo, **changes: Any) -> dict[str, Any]:
    body = {
        "phone": "84900000103",
        "template_id": "400123",
        "template_data": {"ma_ho_so": "HS-1"},
        "tracking_id": "hs-1",
    }
    return zalo.post(PHONE, body | changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"phone": "+84900000103"}, 0),
        ({"phone": "0900000103"}, -108),
        ({"phone": None}, -108),
        ({"phone": "84911111111"}, -118),
        ({"template_id": 400123}, 0),
        ({"template_id": "1"}, -109),
        ({"template_data": {}}, -111),
        ({"template_data": {"other": "x"}}, -1122),
        ({"template_data": {"ma_ho_so": "x" * 31}}, -1121),
        ({"tracking_id": ""}, -132),
        ({"tracking_id": "x" * 48}, 0),
        ({"tracking_id": "x" * 49}, -132),
        ({"tracking_id": "hồ sơ"}, -132),
        ({"sending_mode": "2"}, -161),
        ({"sending_mode": "3"}, -161),
        ({"mode": "development"}, -127),
    ],
)
def test_a_template_by_phone_is_checked(
    zalo: Zalo, changes: dict[str, Any], code: int
) -> None:
    template(zalo)
    assert to_phone(zalo, **changes)["error"] == code


def test_a_template_by_phone_is_received_with_its_tracking_id(zalo: Zalo) -> None:
    template(zalo)
    sent = to_phone(zalo)["data"]
    (event,) = zalo.events("user_received_message")
    assert event["recipient"]["id"] == "84900000103"
    assert event["message"]["tracking_id"] == "hs-1"
    assert event["message"]["delivery_time"] == event["timestamp"]
    assert zalo.ears.heard[0].headers["X-Zevent-Server"] == "ZNS"
    status = zalo.get("/business/message/status", message_id=sent["msg_id"])
    assert status["data"]["status"] == 1
    unknown = zalo.get("/business/message/status", message_id="unknown")
    assert unknown["data"]["status"] == -1


def test_a_hashed_phone_reaches_the_same_person(zalo: Zalo) -> None:
    template(zalo)
    body = {
        "hash_phone": hashlib.sha256(b"84900000103").hexdigest(),
        "template_id": "400123",
        "template_data": {"ma_ho_so": "HS-1"},
        "tracking_id": "hs-2",
    }
    assert zalo.post(f"{PHONE}/hashphone", body)["error"] == 0
    assert zalo.bubbles()[-1]["api"] == "phone"
    unknown = body | {"hash_phone": "0" * 64}
    assert zalo.post(f"{PHONE}/hashphone", unknown)["error"] == -118


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"verified": False}, -135),
        ({"phone_quota_left": 0}, -144),
        ({"phone_money_vnd": 100}, -137),
    ],
)
def test_the_account_must_be_able_to_pay_for_templates(
    zalo: Zalo, switches: dict[str, Any], code: int
) -> None:
    template(zalo)
    zalo.switch(**switches)
    assert to_phone(zalo)["error"] == code


def test_a_template_counts_against_quota_and_money(zalo: Zalo) -> None:
    template(zalo, price=120)
    before = zalo.control(f"/accounts/{BUSINESS}")["switches"]
    quota = to_phone(zalo)["data"]["quota"]
    assert quota == {"dailyQuota": "500", "remainingQuota": "499"}
    after = zalo.control(f"/accounts/{BUSINESS}")["switches"]
    assert before["phone_money_vnd"] - after["phone_money_vnd"] == 120


def test_a_template_that_is_not_approved_is_refused(zalo: Zalo) -> None:
    template(zalo, status="PENDING_REVIEW")
    assert to_phone(zalo)["error"] == -131


def test_templates_by_phone_at_night_depend_on_the_switch(zalo: Zalo) -> None:
    template(zalo)
    zalo.at("2026-11-24T23:00:00+07:00")
    assert to_phone(zalo)["error"] == 0
    zalo.switch(phone_night=True)
    assert to_phone(zalo)["error"] == -133


def test_a_rating_comes_back_as_feedback(zalo: Zalo) -> None:
    template(zalo)
    msg_id = to_phone(zalo)["data"]["msg_id"]
    zalo.control(f"/phone/{msg_id}/feedback", {"rate": 5, "note": "Tốt"})
    (event,) = zalo.events("user_feedback")
    assert event["message"]["rate"] == 5
    ratings = zalo.get("/business/rating/get", template_id="400123")
    assert ratings["data"]["total"] == 1


@pytest.mark.parametrize("call", ["/quality", "/message/template-tag"])
def test_the_other_phone_queries_answer(zalo: Zalo, call: str) -> None:
    assert zalo.get(f"/business{call}")["error"] == 0


def test_odd_values_never_break_the_server(zalo: Zalo) -> None:
    odd: list[Any] = [None, 0, -1, 1e308, True, "", "x", [], [[]], {}, {"a": {}}]
    paths = ["/v3.0/oa/message/cs", "/v2.0/oa/message", "/v2.0/article/create"]
    bodies: list[dict[str, Any]] = [{"type": value} for value in odd]
    for value in odd:
        attachment = {"type": "template", "payload": {"template_type": value}}
        payload = {"template_type": "list", "elements": [{"title": "a"}]}
        action = payload["elements"][0] | {"default_action": value}  # type: ignore[operator]
        for message in (
            {"text": value},
            {"attachment": value},
            {"attachment": attachment},
            {"attachment": {"type": "template", "payload": value}},
            {"attachment": {"type": "template", "payload": {"buttons": [value]}}},
            {
                "attachment": {
                    "type": "template",
                    "payload": payload | {"elements": [action]},
                }
            },
            {"text": "a", "quote_message_id": value},
        ):
            recipient = {"user_id": HOA_AT_BUSINESS}
            bodies.append({"recipient": recipient, "message": message})
        bodies.append({"recipient": value, "sender_action": value})
        bodies.append({"recipient": {"target": value}, "message": {"text": "a"}})
    zalo.switch(generation="both")
    for path in paths:
        for body in bodies:
            assert "error" in zalo.post(f"/openapi{path}", body), json.dumps(body)
