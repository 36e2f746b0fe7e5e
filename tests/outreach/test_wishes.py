"""Who wants news, and the words that end it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.channel import outbox
from bot.channel.outbox import Outgoing
from bot.channel.reasons import Reason
from bot.db import Database
from bot.outreach import consent
from bot.outreach.stopping import StopWords
from models import Contact, Lane, MessageKind, MessageStatus, OutboxMessage
from tests.duties.office import at

NOW = at("2026-11-18")
FILE = Path(__file__).resolve().parent.parent.parent / "content/words.toml"


@pytest.fixture(scope="module")
def stop() -> StopWords:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))["stop"]
    return StopWords.of(table["phrases"], table["small"])


@pytest.mark.parametrize(
    "text",
    [
        "HUY", "hủy", "Huỷ", "hủY.", "HUYR", "huyr", "huy nhe", "DỪNG", "dung", "dừng!",
        "duwngf", "duwfng", "dừng lại", "dung lai", "dung nhan tin", "dừng nhận tin ạ",
        "ngung", "ngừng", "ngungf nhan tin", "ngưng nhận tin", "ngung nhan tin nha",
        "STOP", "Stop!!!", "stopppp", "stop nha ad", "unsubscribe",
        "thôi đừng nhắn", "thoi dung nhan nua", "Thôi, đừng nhắn nữa nha!",
        "ddừng gửi tin nữa", "dduwngf nhawns nuwax", "đừng gửi tin cho tôi nữa",
        "vui lòng không gửi tin nữa", "em ơi đừng làm phiền anh nữa",
        "tôi không muốn nhận tin nữa", "huỷ đăng ký", "huy dang ky nhan tin"[:15],
        "không nhận tin này nữa", "khoi gui nua", "xin đừng nhắn tin cho tôi nữa",
    ],
)  # fmt: skip
def test_words_that_end_news(stop: StopWords, text: str) -> None:
    assert stop.asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "Đúng", "đúng rồi", "dùng", "dùng thế nào", "đúng ạ", "thôi", "không", "dạ",
        "hủy hồ sơ đã nộp thế nào", "hủy kết hôn", "tôi muốn dừng đóng bảo hiểm", "huy động vốn",
        "nhắn tin cho tôi", "gửi tin", "nhận tin", "anh Huy có ở đó không",
        "ngừng cấp nước khi nào", "xe đừng ở đâu", "không nhận được tin",
    ],
)  # fmt: skip
def test_words_that_are_about_something_else(stop: StopWords, text: str) -> None:
    assert not stop.asks_to_stop(text)


def person(session: Session, user_id: str = "minh") -> Contact:
    contact = Contact(oa_id="1", user_id=user_id, created_at=NOW)
    session.add(contact)
    session.flush()
    return contact


def test_silence_is_no_consent(database: Database) -> None:
    with database.writing() as session:
        minh = person(session)
        assert not consent.wants(session, minh.id or 0)
        assert not consent.wants(session, minh.id or 0, "vneid")


def test_the_newest_word_about_a_topic_or_all_counts(database: Database) -> None:
    with database.writing() as session:
        minh, hoa = person(session), person(session, "hoa")
        steps = [
            (consent.opt_in, "vneid", {"vneid"}, ["vneid"]),
            (consent.opt_in, "", {"", "vneid", "1022"}, [""]),
            (consent.opt_out, "vneid", {"", "1022"}, [""]),
            (consent.opt_out, "", set(), []),
            (consent.opt_in, "1022", {"1022"}, ["1022"]),
        ]
        for act, topic, wanted, listed in steps:
            act(session, minh, topic, "v1", NOW)
            found = {
                one
                for one in ("", "vneid", "1022")
                if consent.wants(session, minh.id or 0, one)
            }
            assert found == wanted
            assert consent.topics_wanted(session, minh.id or 0) == listed
        ids = [minh.id or 0, hoa.id or 0]
        assert consent.who_wants(session, ids, "1022") == {minh.id}


def queue(session: Session, contact: Contact, topic: str, kind: MessageKind) -> str:
    key = f"{kind}:{topic}:{contact.id}"
    outbox.enqueue(
        session, contact=contact, key=key, messages=[Outgoing("tin")], kind=kind,
        lane=Lane.CAMPAIGN, topic=topic, now=NOW,
    )  # fmt: skip
    return f"{key}:0"


def test_a_no_calls_back_what_is_queued_and_nothing_else(database: Database) -> None:
    with database.writing() as session:
        minh, hoa = person(session), person(session, "hoa")
        mine = queue(session, minh, "vneid", MessageKind.CAMPAIGN)
        queue(session, minh, "1022", MessageKind.CAMPAIGN)
        queue(session, minh, "", MessageKind.OWN_REMINDER)
        queue(session, hoa, "vneid", MessageKind.CAMPAIGN)
        assert consent.opt_out(session, minh, "vneid", "v1", NOW) == 1
        [cancelled] = session.exec(
            select(OutboxMessage).where(
                col(OutboxMessage.status) == MessageStatus.CANCELLED
            )
        )
        assert cancelled.dedupe_key == mine
        assert cancelled.reason == Reason.CANCELLED_BY_PERSON
        assert consent.opt_out(session, minh, "", "v1", NOW) == 1
