"""Zalo's list of articles, in all the shapes that were seen of it; and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channel.zalo.articles import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    NewArticle,
    Part,
    article_from,
    page_from,
)
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from tests.channel.fake_zalo import FakeZalo

NOON = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)
SECONDS = int(NOON.timestamp())


@pytest.mark.parametrize(
    "times",
    [
        {"create_date": SECONDS * 1000},
        {"create_date": str(SECONDS * 1000)},
        {"created_date": SECONDS},
        {"created_time": str(SECONDS)},
        {"create_date": "", "created_date": float(SECONDS)},
        {"create_date": 0, "create_time": SECONDS},
    ],
)
def test_times_are_read_under_every_name_and_unit(times: dict[str, Any]) -> None:
    article = article_from({"id": "a", "title": "Tin"} | times)
    assert article is not None
    assert article.created_at == NOON


@pytest.mark.parametrize("time", [None, "", "hôm qua", -5, "9" * 30, {"a": 1}, []])
def test_an_unreadable_time_is_no_time(time: Any) -> None:
    article = article_from({"id": "a", "title": "Tin", "create_date": time})
    assert article is not None
    assert article.created_at is None


def test_an_article_may_have_no_more_than_id_and_title() -> None:
    article = article_from({"id": 12, "title": " Tin "})
    assert article is not None
    assert (article.article_id, article.title, article.link) == ("12", "Tin", None)
    assert not article.is_shown


def test_a_whole_article_has_the_words_of_its_body() -> None:
    body = [
        {"type": "text", "content": "Một"},
        {"type": "image", "url": "https://a.vn/1.jpg", "caption": "Hai"},
        "broken",
    ]
    article = article_from({"id": "a", "description": "Mở", "body": body})
    assert article is not None
    assert article.text == "Mở\nMột\nHai"


def test_an_unreadable_entry_makes_no_page_the_last_one() -> None:
    page = page_from([{"id": "a"}, {"title": "no id"}, None], limit=3)
    assert [article.article_id for article in page.articles] == ["a"]
    assert not page.is_last
    assert page_from([{"id": "a"}], limit=3).is_last
    assert page_from(None, limit=3).is_last


# --- writing ---------------------------------------------------------------------------------------

WORDS = NewArticle(
    title="Lịch tiếp công dân tháng 10",
    author="UBND Phường Mẫu",
    description="Lãnh đạo phường tiếp công dân định kỳ",
    cover_url="https://bot.example.gov.vn/static/cover.jpg",
    body=(
        Part(html="<p>Nội dung</p>"),
        Part(picture_url="https://bot.example.gov.vn/static/1.jpg", caption="Trụ sở"),
    ),
    is_shown=False,
)


@pytest.mark.parametrize("call", ["create", "update"])
def test_an_article_goes_out_in_the_recorded_shape(
    call: str, client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    sample = samples(f"call.article_{call}")
    zalo.fail(f"/v2.0/article/{call}", sample["responses"]["success"])
    if call == "create":
        job = client.create_article("access-0", WORDS)
    else:
        job = client.update_article("access-0", "art-0000000000000001", WORDS)
    assert job == sample["responses"]["success"]["data"]["token"]
    recorded = sample["request"]["json"]
    recorded["body"] = recorded["body"][:2]  # we send no videos
    assert zalo.calls[0].body == recorded


def test_verifying_tells_ready_from_not_yet_and_from_pictures_not_fetched(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    sample = samples("call.article_verify")
    answers = sample["responses"]
    zalo.fail("/v2.0/article/verify", answers["success"])
    assert client.verify_article("access-0", "art-job-0001") == "art-0000000000000001"
    assert zalo.calls[0].body == sample["request"]["json"]
    for name, action in (
        ("processing", Action.RETRY),
        ("media_failed", Action.RETRY_CAREFULLY),
    ):
        zalo.fail("/v2.0/article/verify", answers[name])
        with pytest.raises(ZaloError) as error:
            client.verify_article("access-0", "art-job-0001")
        assert (error.value.action, error.value.code) == (
            action,
            answers[name]["error"],
        )


def test_removing_names_the_article(
    client: ZaloClient, zalo: FakeZalo, samples: Callable[[str], Any]
) -> None:
    sample = samples("call.article_remove")
    zalo.fail("/v2.0/article/remove", sample["responses"]["success"])
    client.remove_article("access-0", "art-0000000000000001")
    assert zalo.calls[0].body == sample["request"]["json"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x" * (LONGEST_TITLE + 1)},
        {"title": ""},
        {"description": "x" * (LONGEST_DESCRIPTION + 1)},
        {"cover_url": "https://a.vn/ảnh.png"},
        {"cover_url": "https://a.vn/a b.png"},
        {"body": ()},
    ],
)
def test_what_zalo_would_refuse_is_never_sent(
    wrong: dict[str, Any], client: ZaloClient, zalo: FakeZalo
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        client.create_article("access-0", replace(WORDS, **wrong))
    assert zalo.calls == []
