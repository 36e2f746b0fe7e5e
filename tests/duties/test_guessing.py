"""What is read from words, and where a proof is guessed to belong: by table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.duties.periods import parse_period, period_of
from bot.duties.proofs import hints
from bot.duties.proofs.guessing import Candidate, Sent, guess
from bot.duties.proofs.hints import Numbers, read
from bot.duties.table.cells import CellState
from models import Cadence, Channel, EvidenceKind

WEDNESDAY = date(2026, 11, 25)  # week 48
MONDAY = date(2026, 11, 23)
LINK, PICTURE, AUDIO = EvidenceKind.LINK, EvidenceKind.PICTURE, EvidenceKind.AUDIO
WEB, OA, RADIO = Channel.WEBSITE, Channel.ZALO_OA, Channel.RADIO

# What a commune owes: duty, channel, cadence, evidence, needs a link, has a quota.
OWED = (
    ("II-2.2", "website", Cadence.WEEKLY, "link picture", True, True),
    ("II-2.2", "zalo_oa", Cadence.WEEKLY, "link picture", True, True),
    ("II-2.3", "radio", Cadence.WEEKLY, "audio file picture link", False, True),
    ("II-3.3b", "website", Cadence.MONTHLY, "link", True, True),
    ("II-3.4", "screen", Cadence.WEEKLY, "picture video", False, False),
    ("II-6", "", Cadence.WEEKLY, "numbers picture link", True, False),
    ("II-1.2", "", Cadence.QUARTERLY, "numbers", True, False),
)


def owed(
    today: date, *done: str, unit: str = "xa_a", previous: str = "done"
) -> list[Candidate]:
    """All candidates on this day; ``done`` are "II-2.2 website" of the running period."""
    found = []
    for place, (duty, channel, cadence, evidence, needs_link, has_quota) in enumerate(
        OWED
    ):
        running = period_of(today, cadence)
        for period in (running, running.previous):
            is_done = f"{duty} {channel}".strip() in done
            if period != running:
                is_done = previous == "done"
            late = CellState.MISSING if period != running else CellState.NOT_DUE
            found.append(
                Candidate(
                    plan_id="2026", unit_code=unit, unit_name=unit, duty_id=duty,
                    title=f"Việc {duty}", channel=channel,
                    channels=(channel,) if channel else (), period=period,
                    evidence=tuple(evidence.split()), needs_link=needs_link,
                    on_time_until=period.last + timedelta(days=1),
                    state=(CellState.ON_TIME if is_done else late) if has_quota else None,
                    has_report=is_done, position=place,
                )
            )  # fmt: skip
    return found


def guessed(
    kind: EvidenceKind,
    text: str = "",
    channel: Channel | None = None,
    today: date = WEDNESDAY,
    candidates: list[Candidate] | None = None,
) -> list[str]:
    """Like "II-2.2 website 2026-W48", the likeliest first."""
    found = guess(
        Sent(kind, channel),
        read(text, today),
        owed(today) if candidates is None else candidates,
        today,
    )
    return [" ".join(f"{c.duty_id} {c.channel} {c.period}".split()) for c in found]


# --- clear ones ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "channel", "place"),
    [
        (LINK, "", OA, "II-2.2 zalo_oa 2026-W48"),
        (LINK, "bài zalo", WEB, "II-2.2 zalo_oa 2026-W48"),
        (LINK, "bai tren loa tuan truoc", WEB, "II-2.3 radio 2026-W47"),
        (LINK, "tuần 46 việc 2.2", WEB, "II-2.2 website 2026-W46"),
        (LINK, "3.3b tháng 10", WEB, "II-3.3b website 2026-10"),
        (LINK, "thang nay", WEB, "II-3.3b website 2026-11"),
        (AUDIO, "", RADIO, "II-2.3 radio 2026-W48"),
        (PICTURE, "màn hình trụ sở", None, "II-3.4 screen 2026-W48"),
        (PICTURE, "lịch phát thanh", None, "II-2.3 radio 2026-W48"),
        (EvidenceKind.VIDEO, "", None, "II-3.4 screen 2026-W48"),
        (EvidenceKind.FILE, "nhật ký", None, "II-2.3 radio 2026-W48"),
        (
            EvidenceKind.NUMBERS,
            "đã cài 45/60 quý này, việc 1.2",
            None,
            "II-1.2 2026-Q4",
        ),
    ],
)
def test_one_clear_place_is_found(
    kind: EvidenceKind, text: str, channel: Channel | None, place: str
) -> None:
    candidates = owed(WEDNESDAY, "II-3.3b website")
    if "46" in text:
        candidates += [
            replace(one, period=parse_period("2026-W46"))
            for one in candidates
            if one.period.key == "2026-W47"
        ]
    if "tháng này" in text or "thang nay" in text:
        candidates = owed(WEDNESDAY)
    assert guessed(kind, text, channel, candidates=candidates) == [place]


# --- unclear ones -------------------------------------------------------------------------


def test_a_website_link_may_be_for_the_week_or_for_the_month() -> None:
    assert guessed(LINK, "", WEB) == [
        "II-2.2 website 2026-W48",
        "II-3.3b website 2026-11",
    ]


def test_what_is_reached_is_no_choice_while_something_is_open() -> None:
    candidates = owed(WEDNESDAY, "II-2.2 website")
    assert guessed(LINK, "", WEB, candidates=candidates) == ["II-3.3b website 2026-11"]


def test_when_nothing_is_open_more_of_the_same_is_taken() -> None:
    candidates = owed(WEDNESDAY, "II-2.2 website", "II-3.3b website")
    assert guessed(LINK, "", WEB, candidates=candidates) == [
        "II-2.2 website 2026-W48",
        "II-3.3b website 2026-11",
    ]


def test_a_bare_picture_may_be_of_loudspeakers_or_of_a_screen() -> None:
    assert guessed(PICTURE) == ["II-2.3 radio 2026-W48", "II-3.4 screen 2026-W48"]


def test_on_monday_the_week_before_may_be_meant() -> None:
    candidates = owed(MONDAY, "II-3.3b website", previous="missing")
    assert guessed(LINK, "", OA, MONDAY, candidates) == [
        "II-2.2 zalo_oa 2026-W48",
        "II-2.2 zalo_oa 2026-W47",
    ]
    later = owed(WEDNESDAY, "II-3.3b website", previous="missing")
    assert guessed(LINK, "", OA, candidates=later) == ["II-2.2 zalo_oa 2026-W48"]


def test_a_second_post_while_the_week_before_is_missing_may_be_for_either() -> None:
    candidates = owed(WEDNESDAY, "II-2.2 zalo_oa", previous="missing")
    assert guessed(LINK, "", OA, candidates=candidates) == [
        "II-2.2 zalo_oa 2026-W47",
        "II-2.2 zalo_oa 2026-W48",
    ]


def test_numbers_go_nowhere_where_none_are_asked_for() -> None:
    candidates = [one for one in owed(WEDNESDAY) if one.duty_id == "II-2.2"]
    assert guessed(EvidenceKind.NUMBERS, "45/60", candidates=candidates) == []


def test_of_two_units_the_owner_of_the_host_is_meant() -> None:
    both = owed(WEDNESDAY, unit="xa_a") + owed(WEDNESDAY, unit="xa_b")
    sent = Sent(LINK, OA, frozenset({"xa_b"}))
    (found,) = guess(sent, read("", WEDNESDAY), both, WEDNESDAY)
    assert found.unit_code == "xa_b"
    assert len(guess(Sent(LINK, OA), read("", WEDNESDAY), both, WEDNESDAY)) == 2


def test_nothing_owed_is_nothing_guessed() -> None:
    assert guessed(LINK, "", WEB, candidates=[]) == []


# --- words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("bài tuần trước", "2026-W47"),
        ("bai tuan roi", "2026-W47"),
        ("tuần này", "2026-W48"),
        ("tuần 46", "2026-W46"),
        ("tuần thứ 46 năm 2025", "2025-W46"),
        ("tuan 52", "2025-W52"),
        ("tháng 10", "2026-10"),
        ("tháng 10/2025", "2025-10"),
        ("thang 12", "2025-12"),
        ("tháng vừa rồi", "2026-10"),
        ("quý III", "2026-Q3"),
        ("quy 4", "2026-Q4"),
    ],
)
def test_a_named_period_is_understood(text: str, period: str) -> None:
    assert read(text, WEDNESDAY).when == (parse_period(period),)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("bài hôm qua", date(2026, 11, 24)),
        ("phát ngày 20/11", date(2026, 11, 20)),
        ("ngày 5 tháng 12", date(2025, 12, 5)),
    ],
)
def test_a_named_day_is_understood(text: str, day: date) -> None:
    assert read(text, WEDNESDAY).when == (day,)


@pytest.mark.parametrize("text", ["tuần 60", "ngày 31/2", "tháng 13", "tuần tới", ""])
def test_what_is_no_period_is_no_hint(text: str) -> None:
    assert read(text, WEDNESDAY).when == ()


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://a.gov.vn/tin/1.", ["https://a.gov.vn/tin/1"]),
        ("xem (https://a.gov.vn/x_(y)) nhé", ["https://a.gov.vn/x_(y)"]),
        ("a.gov.vn/tin/1 và b.gov.vn", ["https://a.gov.vn/tin/1", "https://b.gov.vn"]),
        (
            "https://a.vn/1 https://a.vn/2 https://a.vn/1",
            ["https://a.vn/1", "https://a.vn/2"],
        ),
        ("mã 1.001193, số 749/QĐ-TTg, TP.HCM, lan@xa.vn", []),
        ("HTTPS://A.GOV.VN/Tin", ["HTTPS://A.GOV.VN/Tin"]),
    ],
)
def test_links_are_found_as_people_paste_them(text: str, links: list[str]) -> None:
    assert hints.links_in(text) == links


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("đã cài 45/60", Numbers(45, 60)),
        ("45 trên 60 người", Numbers(45, 60)),
        ("45 người trên tổng số 60", Numbers(45, 60)),
        ("45/60", Numbers(45, 60)),
        ("đạt 1.200/1.500 hộ", Numbers(1200, 1500)),
        ("báo cáo 0", Numbers(0)),
        ("bao cao 0 tuan nay", Numbers(0)),
        ("báo cáo không phát sinh", Numbers(0)),
        ("đã cài 70/60", Numbers(70, 60)),
        ("20/11", None),
        ("văn bản 02/2025", None),
        ("749/QĐ-TTg", None),
        ("báo cáo không đúng hạn thì sao", None),
        ("ngày 15/10/2026 đã họp", None),
        ("đăng ký khai sinh", None),
    ],
)
def test_numbers_are_told_from_days_and_documents(
    text: str, numbers: Numbers | None
) -> None:
    assert hints.numbers_in(text) == numbers


def test_bare_numbers_will_do_once_they_are_asked_for() -> None:
    assert hints.numbers_in("5/10", expected=True) == Numbers(5, 10)
    assert hints.numbers_in("32 lượt", expected=True) == Numbers(32)
    assert hints.numbers_in("2 đợt 32 lượt", expected=True) is None
    assert not Numbers(70, 60).is_possible


@pytest.mark.parametrize(
    ("host", "channel"),
    [
        ("oa.zalo.me", OA),
        ("rd.zapps.vn", OA),
        ("notzalo.me", WEB),
        ("www.facebook.com", Channel.OTHER),
        ("canduoc.tayninh.gov.vn", WEB),
    ],
)
def test_the_host_tells_the_channel(host: str, channel: Channel) -> None:
    assert hints.channel_of_host(host) == channel


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("trang https://a.vn này có phải lừa đảo không", True),
        ("https://dichvucong.gov.vn đăng nhập thế nào", True),
        ("https://a.gov.vn/?id=1", False),
        ("nộp minh chứng https://a.gov.vn/1 được không?", False),
        ("bài tuần này https://a.gov.vn/1", False),
    ],
)
def test_a_question_with_a_link_in_it_is_told_from_a_proof(
    text: str, is_question: bool
) -> None:
    assert hints.reads_like_question(text) is is_question
