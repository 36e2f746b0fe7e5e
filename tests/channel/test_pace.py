"""Zalo's limit, shared out among processes: never more, hardly less, answers first."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from bot.channel.pace import CALLS_PER_MINUTE, SLICE_LIFE, Pace, Rate
from bot.db import Database
from models import Lane, PaceBudget
from tests.channel.conftest import OA_ID, MovableClock, Post


class StandingClock(MovableClock):
    """Moves only when it is told to, and stands well inside a minute: a sender that waits
    for the next one would wait for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.at = super().now().replace(second=20)

    def now(self) -> datetime:
        return self.at + self.ahead


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


def worker(database: Database, clock: MovableClock) -> Pace:
    """The pace of one more process."""
    return Pace(database, clock)


def drain(pace: Pace, *, for_replies: bool = False) -> int:
    """Everything that may begin in this instant."""
    taken = 0
    while calls := pace.take_up_to(40, for_replies=for_replies).calls:
        taken += calls
    return taken


def most_within_a_minute(begun: list[tuple[float, int]]) -> int:
    return max(
        sum(calls for at, calls in begun if start <= at < start + 60)
        for start, _ in begun
    )


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_together_hold_the_limit_and_use_it(
    database: Database, clock: StandingClock, workers: int
) -> None:
    paces = [worker(database, clock) for _ in range(workers)]
    begun: list[tuple[float, int]] = []
    step = 0.05
    for number in range(int(150 / step)):
        begun.append((number * step, sum(drain(pace) for pace in paces)))
        clock.forward(seconds=step)
    assert most_within_a_minute(begun) <= CALLS_PER_MINUTE
    later = sum(calls for at, calls in begun if at >= 30)
    assert later >= 0.95 * CALLS_PER_MINUTE * 2


def test_limit_holds_when_slices_are_used_late_and_bursts_come_between(
    database: Database, clock: StandingClock
) -> None:
    paces = [worker(database, clock) for _ in range(4)]
    begun: list[tuple[float, int]] = []
    at = 0.0
    for number in range(1200):
        step = (0.05, 0.45, 0.2, 3.0)[number % 4 if number % 40 else 3]
        taken = sum(drain(pace, for_replies=number % 3 == 0) for pace in paces)
        begun.append((at, taken))
        at += step
        clock.forward(seconds=step)
    assert most_within_a_minute(begun) <= CALLS_PER_MINUTE


@pytest.mark.parametrize("limit", [10, 60, 180, 1000, 4000, 20_000])
def test_bucket_and_flow_of_a_minute_stay_below_any_limit(limit: int) -> None:
    rate = Rate(limit)
    window = 60 + SLICE_LIFE.total_seconds()
    assert rate.per_second * window + rate.capacity <= limit
    assert rate.per_second * 60 >= 0.85 * limit


def test_a_campaign_leaves_calls_for_answers(
    database: Database, clock: StandingClock
) -> None:
    campaign, answers = worker(database, clock), worker(database, clock)
    drain(campaign)
    assert campaign.take_up_to(1, for_replies=False).calls == 0
    assert drain(answers, for_replies=True) >= Rate(CALLS_PER_MINUTE).kept_for_replies


def test_database_is_asked_for_slices_not_for_messages(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [0]
    writing = database.writing

    def counted():  # type: ignore[no-untyped-def]
        asked[0] += 1
        return writing()

    monkeypatch.setattr(database, "writing", counted)
    pace = worker(database, clock)
    taken = 0
    for _ in range(600):
        taken += pace.take_up_to(1, for_replies=True).calls
        clock.forward(seconds=0.02)
    assert taken > 550
    assert asked[0] < taken / 5


def test_what_is_not_used_lapses(database: Database, clock: StandingClock) -> None:
    pace = worker(database, clock)
    pace.take_up_to(1, for_replies=True)
    with database.reading() as session:
        before = session.get_one(PaceBudget, "app").spoken_for_until
    clock.forward(seconds=1)
    pace.take_up_to(1, for_replies=True)
    with database.reading() as session:
        assert session.get_one(PaceBudget, "app").spoken_for_until > before


def test_calls_beyond_the_first_are_charged_afterwards(
    database: Database, clock: StandingClock
) -> None:
    pace = worker(database, clock)
    first = drain(pace)
    pace.settle(OA_ID, -5)
    clock.forward(seconds=1)
    in_debt = drain(pace)
    clock.forward(seconds=1)
    assert drain(pace) == in_debt + 5
    assert first >= in_debt + 5


def test_refused_caller_is_told_when_to_come_back(
    database: Database, clock: StandingClock
) -> None:
    pace = worker(database, clock)
    drain(pace)
    again_at = pace.take_up_to(1, for_replies=False).ask_again_at
    assert again_at is not None
    assert timedelta() < again_at - clock.now() < timedelta(seconds=0.5)
    clock.ahead = again_at - clock.at
    assert pace.take_up_to(1, for_replies=False).calls == 1


def test_a_pause_holds_for_every_process(
    database: Database, clock: StandingClock
) -> None:
    refused, other = worker(database, clock), worker(database, clock)
    refused.pause(clock.now() + timedelta(minutes=1))
    for pace in (refused, other):
        assert pace.take_up_to(1, for_replies=True).calls == 0
    clock.forward(minutes=1)
    for pace in (refused, other):
        assert pace.take_up_to(1, for_replies=True).calls == 1


@pytest.mark.parametrize(
    ("left", "replies", "others"), [(61, 1, 1), (50, 1, 0), (9, 0, 0)]
)
def test_few_calls_left_are_kept_for_answers(
    database: Database, clock: StandingClock, left: int, replies: int, others: int
) -> None:
    worker(database, clock).note_header(4000, left)
    other = worker(database, clock)
    assert other.take_up_to(1, for_replies=False).calls == others
    assert other.take_up_to(1, for_replies=True).calls == replies
    clock.forward(minutes=1)
    assert other.take_up_to(1, for_replies=False).calls == 1


def test_the_limit_in_zalos_header_is_believed_by_all(
    database: Database, clock: StandingClock
) -> None:
    worker(database, clock).note_header(600, 599)
    other, taken = worker(database, clock), 0
    for _ in range(1200):
        taken += drain(other)
        clock.forward(seconds=0.05)
    assert 0.9 * 600 <= taken <= 600


def test_a_clock_set_back_does_not_stop_the_sending(
    database: Database, clock: StandingClock
) -> None:
    drain(worker(database, clock))
    clock.forward(days=-3)
    assert worker(database, clock).take_up_to(1, for_replies=True).calls == 1


def test_racing_threads_get_no_more_than_there_is(
    database: Database, clock: StandingClock
) -> None:
    taken: list[int] = []

    def race() -> None:
        taken.append(drain(worker(database, clock), for_replies=True))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == Rate(CALLS_PER_MINUTE).capacity


def test_an_account_with_a_limit_of_its_own_is_slower_than_the_others(
    post: Post,
) -> None:
    post.connect("2")
    post.change_account(calls_per_minute=10)
    for number in range(12):
        for oa_id in (OA_ID, "2"):
            contact = post.person(f"{oa_id}-{number}", oa_id=oa_id)
            post.write(contact, "tin", lane=Lane.CAMPAIGN)
    post.sender.run_once()
    slow = [item for item in post.zalo.delivered if item["user_id"].startswith(OA_ID)]
    assert len(post.zalo.delivered) - len(slow) == 12
    assert 1 <= len(slow) <= 10


def test_rate_limit_of_one_account_does_not_stop_the_others(post: Post) -> None:
    post.connect("2")
    limit = "Your OA has reached limit call api"
    post.zalo.fail("message", {"error": -32, "message": limit})
    post.write(post.person(), "một")
    post.sender.run_once()
    post.write(post.person("hoa", oa_id="2"), "hai")
    post.sender.run_once()
    assert post.zalo.texts() == ["hai"]


def test_rate_limit_of_the_application_stops_all_accounts(post: Post) -> None:
    post.connect("2")
    limit = "Your application reached limit call api"
    post.zalo.fail("message", {"error": -32, "message": limit})
    post.write(post.person(), "một")
    post.sender.run_once()
    post.write(post.person("hoa", oa_id="2"), "hai")
    other_process = post.new_sender()
    other_process.run_once()
    assert post.zalo.texts() == []
    post.clock.forward(minutes=1)
    other_process.run_once()
    other_process.close()
    assert sorted(post.zalo.texts()) == ["hai", "một"]
