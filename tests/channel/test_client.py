"""The calls as Zalo wants them, its answers as they come, over real sockets."""

from __future__ import annotations

import socket
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError, ZaloFailure
from bot.channel.zalo.messages import Button, checked_text
from models import ApiGeneration
from tests.channel.fake_zalo import V2, V3, FakeZalo

TOKEN = "access-0"
USER = "7263549817263549810"
BUTTONS = (
    Button("Gửi phản ánh", payload="#PHANANH"),
    Button("Mở cổng dịch vụ công", url="https://dichvucong.gov.vn"),
)


def test_text_goes_out_in_the_recorded_shape(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    client.send_text(TOKEN, USER, "Xin chào ông/bà")
    recorded = samples("call.message_cs_text")["request"]
    assert zalo.calls[0].body == recorded["json"]
    assert zalo.calls[0].headers["access_token"] == TOKEN
    assert "Authorization" not in zalo.calls[0].headers


def test_the_proxy_of_the_environment_is_used(
    zalo: FakeZalo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An office may let nobody out but through it."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", zalo.url)
    outside = ZaloClient("http://zalo.invalid", "http://zalo.invalid")
    for text in ("một", "hai"):
        outside.send_text(TOKEN, USER, text)
    outside.close()
    assert [call.body["message"]["text"] for call in zalo.calls] == ["một", "hai"]


def test_buttons_and_quote_go_out_in_the_recorded_shape(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    client.send_text(TOKEN, USER, "Cần gì?", buttons=BUTTONS, quote_message_id="m0")
    message = zalo.calls[0].body["message"]
    recorded = samples("call.message_cs_text_buttons")["request"]["json"]["message"]
    [_, _, link, *_] = recorded["attachment"]["payload"]["buttons"]
    sent = message["attachment"]["payload"]["buttons"]
    assert sent[0] == {
        "title": "Gửi phản ánh", "type": "oa.query.hide", "payload": "#PHANANH",
    }  # fmt: skip
    assert sent[1] == link
    assert message["quote_message_id"] == "m0"


@pytest.mark.parametrize(
    ("name", "send"),
    [
        (
            "call.message_cs_image_url",
            lambda c: c.send_image(
                TOKEN, USER, url="https://bot.example.gov.vn/static/so-do.jpg",
                caption="Sơ đồ trụ sở",
            ),
        ),
        (
            "call.message_cs_image_attachment",
            lambda c: c.send_image(TOKEN, USER, attachment_id="att-img-0001"),
        ),
        (
            "call.message_cs_file",
            lambda c: c.send_file(TOKEN, USER, "tok-file-0001"),
        ),
    ],
)  # fmt: skip
def test_media_go_out_in_the_recorded_shape(
    client: ZaloClient,
    zalo: FakeZalo,
    samples: Callable[[str], Any],
    name: str,
    send: Callable[[ZaloClient], object],
) -> None:
    sample = samples(name)
    zalo.fail(V3, sample["responses"]["success"])
    send(client)
    assert zalo.calls[0].body == sample["request"]["json"]


def test_every_recorded_answer_to_a_message_is_read(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    answers = samples("call.message_cs_text")["responses"]
    for name, answer in answers.items():
        zalo.fail("message", answer)
        if not answer["error"]:
            sent = client.send_text(TOKEN, USER, "chào")
            assert sent.message_id == "0f4e9ad1b7c2538e6a10"
            assert sent.sent_at == datetime.fromtimestamp(1790000100.137, UTC)
            assert sent.quota_type in ("reply", "sub_quota")
        elif name != "oa_type":
            with pytest.raises(ZaloError) as refused:
                client.send_text(TOKEN, USER, "chào")
            assert refused.value.code == answer["error"]
        else:
            zalo.faults.clear()


def test_text_is_composed_before_it_is_counted_and_sent(
    client: ZaloClient, zalo: FakeZalo
) -> None:
    text = "Đăng ký kết hôn ở phường " * 80
    decomposed = unicodedata.normalize("NFD", text)[:2600]
    client.send_text(TOKEN, USER, decomposed)
    assert zalo.texts() == [unicodedata.normalize("NFC", decomposed)]
    assert len(decomposed) > 2000 >= len(zalo.texts()[0])


@pytest.mark.parametrize(
    "send",
    [
        lambda c: c.send_text(TOKEN, USER, ""),
        lambda c: c.send_text(TOKEN, USER, " \n "),
        lambda c: c.send_text(TOKEN, USER, "a" * 2001),
        lambda c: c.send_text(TOKEN, USER, "chào", buttons=BUTTONS * 3),
        lambda c: c.send_image(TOKEN, USER),
        lambda c: c.send_image(TOKEN, USER, url="https://x", attachment_id="y"),
        lambda c: c.upload_image(TOKEN, "a.gif", b"x"),
        lambda c: c.upload_image(TOKEN, "a.png", b"x" * (1024 * 1024 + 1)),
        lambda c: c.upload_file(TOKEN, "a.pdf", b""),
        lambda c: Button("", payload="#a"),
        lambda c: Button("a" * 101, payload="#a"),
        lambda c: Button("a", payload="#" * 1001),
        lambda c: Button("a"),
        lambda c: Button("a", payload="#a", url="https://x"),
    ],
)
def test_what_zalo_would_refuse_never_leaves(
    client: ZaloClient, zalo: FakeZalo, send: Callable[[ZaloClient], object]
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        send(client)
    assert zalo.calls == []


def test_half_an_emoji_does_not_break_a_message() -> None:
    assert checked_text("chào \ud83d") == "chào "


# --- the two endpoints -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "paths"),
    [
        ("business", ApiGeneration.AUTO, [V3]),
        ("business", ApiGeneration.V3, [V3]),
        ("business", ApiGeneration.V2, [V2, V3]),
        ("government", ApiGeneration.AUTO, [V3, V2]),
        ("government", ApiGeneration.V3, [V3, V2]),
        ("government", ApiGeneration.V2, [V2]),
    ],
)
def test_endpoint_follows_the_kind_of_account(
    client: ZaloClient,
    zalo: FakeZalo,
    kind: str,
    given: ApiGeneration,
    paths: list[str],
) -> None:
    zalo.kind = kind
    sent = client.send_text(TOKEN, USER, "chào", generation=given)
    assert zalo.paths() == paths
    assert sent.generation == (
        ApiGeneration.V3 if kind == "business" else ApiGeneration.V2
    )
    assert [call.endpoint for call in sent.calls] == paths
    assert zalo.texts() == ["chào"]


def test_account_that_neither_endpoint_takes_is_asked_twice_only(
    client: ZaloClient, zalo: FakeZalo
) -> None:
    zalo.fail(V3, {"error": -235, "message": "type of OA"})
    zalo.fail(V2, {"error": -240, "message": "shut down"})
    with pytest.raises(ZaloError) as refused:
        client.send_text(TOKEN, USER, "chào")
    assert refused.value.action == Action.SWITCH_TO_V3
    assert refused.value.generation is None
    assert zalo.paths() == [V3, V2]


def test_error_of_the_second_endpoint_still_teaches_which_one_it_is(
    client: ZaloClient, zalo: FakeZalo
) -> None:
    zalo.kind = "government"
    zalo.fail(V2, {"error": -217, "message": "blocked"})
    with pytest.raises(ZaloError) as refused:
        client.send_text(TOKEN, USER, "chào")
    assert refused.value.generation == ApiGeneration.V2
    assert [call.code for call in refused.value.calls] == [-235, -217]


# --- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["cut", "cut_after", "hang_after", "broken", 500, 502, 504, 404, {"ok": 1}]
)
def test_fault_of_a_send_means_unknown_and_is_one_call(
    client: ZaloClient, zalo: FakeZalo, fault: Any
) -> None:
    zalo.fail(V3, fault)
    with pytest.raises(OutcomeUnknown) as lost:
        client.send_text(TOKEN, USER, "chào")
    assert zalo.paths() == [V3]
    assert [call.outcome for call in lost.value.calls] == ["unknown"]


@pytest.mark.parametrize("fault", ["cut", "hang_after", "broken", 503])
def test_fault_of_a_read_may_be_repeated(
    client: ZaloClient, zalo: FakeZalo, fault: Any
) -> None:
    zalo.fail("getoa", fault)
    with pytest.raises(ZaloError) as failed:
        client.account_info(TOKEN)
    assert failed.value.action == Action.RETRY


def test_refused_connection_means_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = ZaloClient(f"http://127.0.0.1:{port}", "http://127.0.0.1:9")
    with pytest.raises(ZaloError) as refused:
        client.send_text(TOKEN, USER, "chào")
    client.close()
    assert refused.value.action == Action.RETRY


def test_token_that_no_header_can_carry_is_never_sent(
    client: ZaloClient, zalo: FakeZalo
) -> None:
    with pytest.raises(ZaloError) as refused:
        client.send_text("access\n-0", USER, "chào")
    assert refused.value.action == Action.RETRY
    assert zalo.calls == []


def test_redirect_is_not_followed(client: ZaloClient, zalo: FakeZalo) -> None:
    """It would carry the token to another host."""
    zalo.fail(V3, 307)
    zalo.fail("other", {"error": 0})
    with pytest.raises(ZaloFailure):
        client.send_text("wrong", USER, "chào")
    zalo.faults.clear()
    assert zalo.paths() == [V3]


def test_no_error_shows_token_secret_or_text(
    client: ZaloClient, zalo: FakeZalo
) -> None:
    shown = []
    for fault in ("cut", "hang_after", "broken", 500, {"error": -201, "message": "?"}):
        zalo.fail("/", fault, fault)
        for call in (
            lambda: client.send_text("TOKENSECRET", USER, "NOIDUNG"),
            lambda: client.refresh("REFRESHSECRET", "app", "APPSECRET"),
        ):
            with pytest.raises(ZaloFailure) as failure:
                call()
            chain = failure.value.__cause__, failure.value.__context__
            if failure.value.__suppress_context__:
                chain = (failure.value.__cause__, None)
            shown.append(repr(failure.value) + repr(chain) + repr(failure.value.calls))
    assert not [text for text in shown if "SECRET" in text or "NOIDUNG" in text]


# --- tokens -------------------------------------------------------------------------------------------


def test_refresh_asks_in_the_recorded_shape_and_reads_the_text_number(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    sample = samples("call.oauth_access_token_refresh")
    pair = client.refresh("refresh-0", "1928374650192837465", "secret")
    assert set(zalo.calls[0].body) == set(sample["request"]["form"])
    assert zalo.calls[0].headers["secret_key"] == "secret"
    assert (pair.access_token, pair.refresh_token) == ("access-1", "refresh-1")
    assert pair.lives_for == timedelta(hours=25)
    assert "access-1" not in repr(pair)


@pytest.mark.parametrize(
    ("expires_in", "hours"), [("90000", 25), (90000, 25), ("soon", 3), (None, 3)]
)
def test_token_life_is_read_leniently(
    client: ZaloClient, zalo: FakeZalo, expires_in: object, hours: int
) -> None:
    body = {"access_token": "a", "refresh_token": "r", "expires_in": expires_in}
    zalo.fail("access_token", body)
    assert client.refresh("r0", "app", "s").lives_for == timedelta(hours=hours)


def test_code_is_exchanged_in_the_recorded_shape(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    sample = samples("call.oauth_access_token_code")
    zalo.fail("access_token", sample["responses"]["success"])
    client.exchange_code("code", "1928374650192837465", "secret", "v" * 43)
    assert set(zalo.calls[0].body) == set(sample["request"]["form"])
    for name in ("bad_code", "bad_secret", "bad_app"):
        zalo.fail("access_token", sample["responses"][name])
        with pytest.raises(ZaloError):
            client.exchange_code("code", "1928374650192837465", "secret")


# --- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["oaid", "oa_id"])
def test_account_info_reads_both_names_of_the_id(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any], field: str
) -> None:
    answer = samples("call.getoa")["responses"]["success"]
    answer["data"].pop({"oaid": "oa_id", "oa_id": "oaid"}[field])
    zalo.fail("getoa", answer)
    info = client.account_info(TOKEN)
    assert (info.oa_id, info.oa_type, info.is_verified) == (
        "4071625384950617283",
        4,
        True,
    )


def test_profile_falls_back_to_v2_with_text_then_number(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    old = samples("call.user_getprofile_v2")["responses"]
    zalo.fail("user/detail", {"error": -235, "message": "type of OA"})
    zalo.fail("getprofile", old["bad_user"], old["success"])
    profile = client.user_profile(TOKEN, USER)
    assert profile.display_name == "Nguyễn Văn Mẫu"
    assert profile.is_follower is None
    asked = [call.body["user_id"] for call in zalo.calls]
    assert asked == [USER, USER, int(USER)]


def test_profile_of_v3_needs_one_call(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    zalo.fail("user/detail", samples("call.user_detail")["responses"]["success"])
    profile = client.user_profile(TOKEN, USER)
    assert (profile.user_id_by_app, profile.is_follower) == (
        "5518273645091827364",
        True,
    )
    zalo.fail("user/detail", samples("call.user_detail")["responses"]["not_follower"])
    with pytest.raises(ZaloError) as refused:
        client.user_profile(TOKEN, USER)
    assert refused.value.action == Action.STOP_RECIPIENT


def test_history_is_a_bare_array(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    zalo.fail("conversation", samples("call.conversation")["responses"]["success"])
    photo, text = client.conversation(TOKEN, USER)
    assert (photo.kind, text.kind) == ("photo", "text")
    assert text.text == "Đường trước cổng trường bị ngập"
    assert not text.from_oa
    assert zalo.calls[0].body == {"user_id": USER, "offset": 0, "count": 10}


def test_upload_gives_back_the_handle(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    zalo.fail("upload/image", samples("call.upload_image")["responses"]["success"])
    zalo.fail("upload/file", samples("call.upload_file")["responses"]["success"])
    assert client.upload_image(TOKEN, "so-do.jpg", b"x") == "att-img-0001"
    assert client.upload_file(TOKEN, "phieu.pdf", b"x") == "tok-file-0001"


def test_connection_is_kept_open(client: ZaloClient, zalo: FakeZalo) -> None:
    ports = {
        client.send_text(TOKEN, USER, "chào") and zalo.calls[-1].port for _ in range(5)
    }
    assert len(ports) == 1
