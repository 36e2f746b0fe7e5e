"""Every captured call and event: the fake answers and tells the same shapes.

The world is built with the ids of the samples, so each request is sent word for word
(with a living token). Failures must match to the letter, successes in keys and types.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator import Simulator
from simulator.records import (
    Account,
    Article,
    ArticleJob,
    Asset,
    AuthCode,
    Group,
    GroupAsset,
    Message,
    Person,
    PhoneMessage,
    PhoneTemplate,
    Relation,
    Visitor,
)
from tests.simulator.harness import APP_ID, APP_SECRET, Zalo

SAMPLES = Path(__file__).parents[1] / "zalo_samples"
OA = "4071625384950617283"
USER = "7263549817263549810"
SECOND_USER = "8374650192837465019"
GROUP = "f1a27c90be5d4e83a6f0"
ARTICLE = "art-0000000000000001"
CALLBACK = "https://bot.example.gov.vn/zalo/callback"
HOSTS = {
    "openapi.zalo.me": "/openapi",
    "business.openapi.zalo.me": "/business",
    "oauth.zaloapp.com": "/oauth",
}
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 50
UPLOADS = {
    "so-do.jpg": JPEG,
    "a.gif": b"GIF89a" + b"0" * 50,
    "phieu.pdf": b"%PDF-1.4",
    "clip.mp4": b"0" * 64,
}
VERIFIER = "v" * 43


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text("utf-8"))
    return found


CALLS = {path.name: sample(path.name) for path in sorted(SAMPLES.glob("call.*.json"))}
# The permission page answers with redirects, not with an envelope: tested below.
VARIANTS = [
    (name, variant)
    for name, found in CALLS.items()
    for variant in found["responses"]
    if name != "call.oauth_permission.json"
]


@pytest.fixture
def world(zalo: Zalo) -> Zalo:
    """The accounts, people and things that the samples speak of."""
    zalo.simulator.reset(everything=True)
    zalo.at("2026-11-24T09:00:00+07:00")
    fill(zalo.simulator)
    zalo.tokens[OA] = zalo.simulator.issue_tokens(OA).access_token
    return zalo


def fill(sim: Simulator) -> None:
    state, now = sim.state, sim.clock.now_ms()
    state.accounts[OA] = Account(OA, "UBND Phường Mẫu")
    people = [
        Person("mau", "Nguyễn Văn Mẫu", "5518273645091827364", "84900000001"),
        Person("to-truong", "Tổ trưởng", "5518273645091827365", "84900000002"),
    ]
    shared = sample("call.user_detail.json")["responses"]["success"]["data"]
    for person, user_id in zip(people, (USER, SECOND_USER), strict=True):
        state.add_person(person)
        relation = Relation(
            user_id,
            OA,
            person.key,
            person.user_id_by_app,
            follows=True,
            has_written=True,
            last_interaction=now,
            tags=["khu-pho-3"],
            shared_info=shared["shared_info"],
        )
        state.add_relation(relation)
    fill_chat(sim, now)
    fill_things(sim, now)


def fill_chat(sim: Simulator, now: int) -> None:
    picture = {"kind": "image", "url": "https://example.org/1.jpg", "thumbnail": ""}
    for message_id, kind, items in (
        ("b7d3f9a2c1e048f65d21", "text", []),
        ("b7d3f9a2c1e048f65d24", "image", [picture]),
    ):
        sim.state.add_message(
            Message(
                message_id,
                OA,
                USER,
                "person",
                kind,
                now,
                "Ổ gà",
                "mau",
                attachments=items,
            )
        )


def fill_things(sim: Simulator, now: int) -> None:
    state = sim.state
    week = now + 7 * 86_400_000
    for asset_id, kind, name in (
        ("att-img-0001", "image", "a.jpg"),
        ("att-gif-0001", "gif", "a.gif"),
        ("tok-file-0001", "file", "phieu.pdf"),
    ):
        media = sim.keep_file(b"1", name)
        state.assets[asset_id] = Asset(
            asset_id, OA, kind, media.media_id, name, 1, media.checksum, week
        )
    content = dict(CALLS["call.article_create.json"]["request"]["json"], status="show")
    state.articles[ARTICLE] = Article(ARTICLE, OA, content, now, now)
    state.jobs["art-job-0001"] = ArticleJob("art-job-0001", OA, now, content)
    video = {"name": "clip.mp4", "size": 64}
    state.jobs["vid-job-0001"] = ArticleJob(
        "vid-job-0001", OA, now, video, is_video=True
    )
    state.groups[GROUP] = Group(
        GROUP, OA, "Tổ", asset_id="used", members=[SECOND_USER], pending=[USER]
    )
    state.group_assets["gmf-asset-0001"] = GroupAsset(
        "gmf-asset-0001", OA, "31/12/2026"
    )
    anonymous = "anon-6c1f0e92d4"
    state.visitors[anonymous] = Visitor(anonymous, OA, "conv-83ab11f07e")
    params = [{"name": "ma_ho_so", "require": True, "max_length": 30}]
    state.templates[f"{OA}:400123"] = PhoneTemplate(
        f"{OA}:400123", OA, "400123", "Kết quả hồ sơ", params, created=now
    )
    state.phone_messages["7f10ad3bb2ce94d0e811"] = PhoneMessage(
        "7f10ad3bb2ce94d0e811", OA, "84900000001", "400123", {}, "t", now, now
    )


# How a world differs for each answer that is not plain success.


def account(**switches: Any) -> Callable[[Zalo], None]:
    return lambda world: world.switch(OA, **switches)


def known_user(**fields: Any) -> Callable[[Zalo], None]:
    def change(world: Zalo) -> None:
        for name, value in fields.items():
            setattr(world.simulator.state.relations[USER], name, value)

    return change


def hours_ago(hours: float) -> Callable[[Zalo], None]:
    return lambda world: world.act("interacted", {"hours_ago": hours}, "mau", OA)  # type: ignore[return-value]


def token_is(text: str) -> Callable[[Zalo], None]:
    return lambda world: world.tokens.update({OA: text})


def nobody(world: Zalo) -> None:
    del world.simulator.state.relations[USER]
    world.simulator.state.phones.clear()


def expired_tokens(world: Zalo) -> None:
    world.control(f"/accounts/{OA}/tokens/expire", {"which": "access"})


def old_assets(world: Zalo) -> None:
    for asset in world.simulator.state.assets.values():
        asset.expires = 0


def no_calls_left(world: Zalo) -> None:
    world.control("/app", {"rate_limit_per_minute": 0})


def night(world: Zalo) -> None:
    world.at("2026-11-24T23:00:00+07:00")


def person(**fields: Any) -> Callable[[Zalo], None]:
    return lambda world: world.control("/people/mau", fields)  # type: ignore[return-value]


def both(*steps: Callable[[Zalo], None]) -> Callable[[Zalo], None]:
    def run(world: Zalo) -> None:
        for step in steps:
            step(world)

    return run


def group(**fields: Any) -> Callable[[Zalo], None]:
    return lambda world: world.control(f"/groups/{GROUP}", fields)  # type: ignore[return-value]


def job_waits(world: Zalo) -> None:
    world.simulator.state.jobs["art-job-0001"].ready = 2**60


def broadcast_used_up(world: Zalo) -> None:
    for relation in world.simulator.state.relations.values():
        relation.broadcasts = [world.simulator.clock.now_ms()]


def promotion_used_up(world: Zalo) -> None:
    open_old(world)
    now = world.simulator.clock.now_ms()
    world.simulator.state.relations[USER].promotions = [now]


def chat_token(token: str) -> Callable[[dict[str, Any]], None]:
    return lambda request: request["headers"].update(access_token=token)


open_old = account(old_templates_open=True)
v2 = account(kind="government")
CS = "call.message_cs_text.json"
V2 = "call.message_v2_text.json"
PHONE = "call.zns_message_template.json"
LEGACY = both(v2, account(legacy_replies=True))

STAGES: dict[tuple[str, str], Callable[[Zalo], None]] = {
    (CS, "success_with_counters"): account(reply_counters=True),
    (CS, "success_billable"): hours_ago(72),
    (CS, "token_invalid"): token_is("unknown"),
    (CS, "token_expired"): expired_tokens,
    (CS, "window_7d"): hours_ago(7 * 24 + 1),
    (CS, "oa_type"): v2,
    (CS, "bad_user"): nobody,
    (CS, "rate"): no_calls_left,
    (V2, "success"): v2,
    (V2, "token_invalid"): token_is("unknown"),
    (V2, "no_reply_after_48h_legacy"): both(LEGACY, hours_ago(49)),
    (V2, "reply_quota_used_legacy"): both(LEGACY, known_user(replies_used=8)),
    ("call.message_cs_file.json", "expired"): old_assets,
    ("call.message_cs_gif.json", "expired"): old_assets,
    ("call.message_cs_image_attachment.json", "expired"): old_assets,
    ("call.message_cs_list.json", "unsupported"): account(refuse_lists=True),
    ("call.message_promotion.json", "night"): both(open_old, night),
    ("call.message_promotion.json", "per_user_quota"): promotion_used_up,
    ("call.message_transaction.json", "success_before_2026_03"): open_old,
    ("call.message_broadcast.json", "night"): night,
    ("call.message_broadcast.json", "quota"): broadcast_used_up,
    ("call.message_broadcast.json", "unverified"): account(verified=False),
    ("call.group_message_text.json", "disabled"): group(status="disabled"),
    ("call.group_message_text.json", "not_member"): group(oa_member=False),
    ("call.group_message_v2.json", "success"): v2,
    ("call.user_detail.json", "bad_user"): nobody,
    ("call.user_detail.json", "not_follower"): known_user(
        follows=False, last_interaction=None
    ),
    ("call.user_getfollowers_v2.json", "success"): v2,
    ("call.user_getprofile_v2.json", "success"): v2,
    ("call.user_getprofile_v2.json", "bad_user"): both(v2, nobody),
    ("call.article_create.json", "quota"): account(articles_left=0),
    ("call.article_verify.json", "processing"): job_waits,
    ("call.article_verify.json", "media_failed"): account(article_media_fails=True),
    (PHONE, "token"): token_is("unknown"),
    (PHONE, "no_zalo"): nobody,
    (PHONE, "refused"): person(refuses_templates=True),
    (PHONE, "balance"): account(phone_money_vnd=0),
    (PHONE, "daily"): account(phone_quota_left=0),
}


def message_is(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["message"].update(fields)


def payload_of(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["message"]["attachment"]["payload"]
    return found


def six_buttons(body: dict[str, Any]) -> None:
    payload_of(body)["buttons"] = [payload_of(body)["buttons"][0]] * 6


# What is wrong in the request itself.
WRONG_BODIES: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
    (CS, "too_long"): message_is(text="a" * 2001),
    ("call.message_cs_text_quote.json", "bad_quote"): message_is(
        quote_message_id="unknown"
    ),
    ("call.message_cs_text_buttons.json", "too_many"): six_buttons,
    ("call.message_cs_image_url.json", "bad_url"): lambda body: payload_of(body)[
        "elements"
    ][0].update(url="no-address"),
    ("call.message_template_uid.json", "unsupported"): lambda body: None,
    ("call.article_create.json", "no_cover"): lambda body: body.pop("cover"),
    ("call.article_create.json", "title"): lambda body: body.update(title="a" * 150),
    (PHONE, "phone"): lambda body: body.update(phone="0900"),
    (PHONE, "missing_param"): lambda body: body["template_data"].pop("ma_ho_so"),
}
WRONG_QUERIES = {
    ("call.article_getslice.json", "no_type"): {"offset": "0", "limit": "10"},
    ("call.article_getslice.json", "limit"): {
        "offset": "0",
        "limit": "11",
        "type": "normal",
    },
    ("call.conversation.json", "too_many"): {
        "data": json.dumps({"user_id": USER, "offset": 0, "count": 11})
    },
    ("call.user_getlist.json", "too_many"): {
        "data": json.dumps({"offset": 0, "count": 51})
    },
}
WRONG_FILES = {
    ("call.upload_file.json", "bad_file"): ("virus.exe", b"MZ"),
    ("call.upload_image.json", "bad_file"): ("a.jpg", b"not a picture"),
    ("call.upload_image.json", "too_big"): ("a.jpg", JPEG + b"0" * 1024 * 1024),
}


def only_by_phone(world: Zalo) -> None:
    world.simulator.state.templates[f"{OA}:400123"].by_user_id = False


STAGES["call.message_template_uid.json", "unsupported"] = only_by_phone

# Grants need a code or a spent refresh token first.
TOKEN_CALLS = (
    "call.oauth_access_token_code.json",
    "call.oauth_access_token_refresh.json",
)


def replay(world: Zalo, name: str, variant: str) -> dict[str, Any]:
    """Send a sample's request and return the answer's body."""
    request = json.loads(json.dumps(CALLS[name]["request"]))
    parts = urlsplit(request["url"])
    url = world.url + HOSTS[parts.netloc] + parts.path
    key = (name, variant)
    more: dict[str, Any] = {}
    if "json" in request:
        spoil = WRONG_BODIES.get(key)
        if spoil is not None:
            spoil(request["json"])
        more["json"] = request["json"]
    if "multipart" in request:
        word = request["multipart"]["file"].split("filename ")[1].split(",")[0]
        more["files"] = {"file": WRONG_FILES.get(key, (word, UPLOADS.get(word, b"")))}
    if "query" in request:
        more["params"] = WRONG_QUERIES.get(key, request["query"])
    response = requests.request(
        request["method"],
        url,
        headers={"access_token": world.tokens[OA]},
        timeout=10,
        **more,
    )
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def differences(sample: Any, answer: Any, at: str = "answer") -> list[str]:
    """Where keys or types differ; an empty container in a sample says nothing."""
    if type(sample) is not type(answer):
        return [f"{at}: {type(answer).__name__} for {type(sample).__name__}"]
    if isinstance(sample, dict) and sample:
        found = [f"{at}.{key}: only one side" for key in set(sample) ^ set(answer)]
        for key in set(sample) & set(answer):
            found += differences(sample[key], answer[key], f"{at}.{key}")
        return found
    if isinstance(sample, list) and sample:
        if not answer:
            return [f"{at}: empty"]
        return differences(sample[0], answer[0], f"{at}[0]")
    return []


@pytest.mark.parametrize(
    ("name", "variant"), [v for v in VARIANTS if v[0] not in TOKEN_CALLS]
)
def test_the_sampled_call_gets_the_sampled_answer(
    world: Zalo, name: str, variant: str
) -> None:
    stage = STAGES.get((name, variant))
    if stage is not None:
        stage(world)
    answer = replay(world, name, variant)
    expected = CALLS[name]["responses"][variant]
    if expected.get("error"):
        assert answer == expected
    else:
        assert differences(expected, answer) == []


def test_every_staged_answer_exists_in_the_samples() -> None:
    staged = [*STAGES, *WRONG_BODIES, *WRONG_QUERIES, *WRONG_FILES]
    assert set(staged) <= set(VARIANTS)


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def grant(world: Zalo, name: str, **changes: str) -> dict[str, Any]:
    form = CALLS[name]["request"]["form"] | changes
    secret = form.pop("secret_key", APP_SECRET)
    response = requests.post(
        f"{world.url}/oauth/v4/oa/access_token",
        data=form,
        headers={"secret_key": secret},
        timeout=10,
    )
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(
    ("variant", "changes"),
    [
        ("success", {}),
        ("bad_code", {"code": "unknown"}),
        ("bad_secret", {"secret_key": "wrong"}),
        ("bad_app", {"app_id": "1"}),
    ],
)
def test_the_sampled_code_grant_gets_the_sampled_answer(
    world: Zalo, variant: str, changes: dict[str, str]
) -> None:
    state = world.simulator.state
    state.codes["c"] = AuthCode("c", OA, challenge(VERIFIER), 2**60)
    name = "call.oauth_access_token_code.json"
    answer = grant(world, name, **{"code": "c", "code_verifier": VERIFIER} | changes)
    expected = CALLS[name]["responses"][variant]
    if "error" in expected:
        assert answer == expected
    else:
        assert differences(expected, answer) == []


def test_the_sampled_refresh_works_once_and_then_gets_the_sampled_error(
    world: Zalo,
) -> None:
    name = "call.oauth_access_token_refresh.json"
    old = world.simulator.issue_tokens(OA).refresh_token
    expected = CALLS[name]["responses"]
    first = grant(world, name, refresh_token=old)
    assert differences(expected["success"], first) == []
    assert grant(world, name, refresh_token=old) == expected["reused"]


def test_the_permission_page_redirects_as_sampled(world: Zalo) -> None:
    world.control("/app", {"callback_url": CALLBACK})
    asked = CALLS["call.oauth_permission.json"]["request"]["query"]
    url = f"{world.url}/oauth/v4/oa/permission"
    page = requests.get(url, params=asked, timeout=10)
    assert "form" in page.text
    answer = requests.post(
        url,
        data=asked | {"oa_id": OA, "decision": "allow"},
        allow_redirects=False,
        timeout=10,
    )
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == CALLBACK
    given = parse_qs(parts.query)
    assert set(given) == {"code", "oa_id", "state"}
    assert given["oa_id"] == [OA]
    assert given["state"] == [asked["state"]]


def test_a_bad_redirect_ends_on_the_sampled_error_page(world: Zalo) -> None:
    world.control("/app", {"callback_url": "https://elsewhere.example.org/cb"})
    asked = CALLS["call.oauth_permission.json"]["request"]["query"]
    answer = requests.get(
        f"{world.url}/oauth/v4/oa/permission",
        params=asked,
        allow_redirects=False,
        timeout=10,
    )
    bad = CALLS["call.oauth_permission.json"]["responses"]["denied_or_bad"]["location"]
    expected = urlsplit(bad)
    assert answer.headers["Location"].endswith(f"{expected.path}?{expected.query}")


def test_the_app_id_of_the_samples_is_the_one_under_test() -> None:
    assert sample("user_send_text.json")["app_id"] == APP_ID
