"""A campaign delays nobody: not other accounts, not the answers of its own."""

from __future__ import annotations

from bot.channel.claiming import Queue
from bot.channel.fairness import REPLY_THREADS, THREADS, Fairness
from models import Lane
from tests.channel.conftest import OA_ID, Post, running, wait_until

OTHER = "2"
AT_WORK = list[tuple[str, Lane]]


def queue(oa_id: str, lane: Lane) -> Queue:
    return Queue(oa_id, lane, None)


def fill_up(fairness: Fairness, wanted: Queue, at_work: AT_WORK) -> int:
    """As many of this queue as may begin."""
    room = fairness.room(wanted, at_work, rivals=1)
    at_work += [(wanted.oa_id, wanted.lane)] * room
    return room


# --- the rule ------------------------------------------------------------------------------


def test_lanes_come_first_then_the_account_with_less_under_way() -> None:
    at_work: AT_WORK = [("1", Lane.CAMPAIGN)]
    queues = [queue(oa, lane) for lane in reversed(Lane) for oa in ("1", "2")]
    order = Fairness().in_order(queues, at_work)
    assert [(one.oa_id, one.lane) for one in order] == [
        ("2", Lane.REPLY), ("1", Lane.REPLY),
        ("2", Lane.REMINDER), ("1", Lane.REMINDER),
        ("2", Lane.CAMPAIGN), ("1", Lane.CAMPAIGN),
    ]  # fmt: skip


def test_accounts_take_turns() -> None:
    fairness = Fairness()
    queues = [queue(oa, Lane.CAMPAIGN) for oa in ("1", "2", "3")]
    begun = []
    for _ in range(6):
        first = fairness.in_order(queues, [])[0]
        fairness.had_its_turn(first)
        begun.append(first.oa_id)
    assert begun == ["1", "2", "3", "1", "2", "3"]


def test_a_campaign_leaves_threads_for_answers_of_its_own_account() -> None:
    at_work: AT_WORK = []
    fairness = Fairness()
    assert fill_up(fairness, queue("1", Lane.CAMPAIGN), at_work) >= 20
    assert fill_up(fairness, queue("1", Lane.REPLY), at_work) >= REPLY_THREADS


def test_accounts_that_hang_never_take_the_last_threads() -> None:
    at_work: AT_WORK = []
    fairness = Fairness()
    got = [
        fill_up(fairness, queue(oa_id, lane), at_work)
        for oa_id in ("1", "2", "3")
        for lane in (Lane.CAMPAIGN, Lane.REPLY)
    ]
    assert all(got)
    assert len(at_work) < THREADS
    assert fill_up(fairness, queue("4", Lane.REPLY), at_work)


def test_campaigns_of_many_accounts_leave_the_threads_for_answers() -> None:
    at_work: AT_WORK = []
    fairness = Fairness()
    for number in range(50):
        fill_up(fairness, queue(str(number), Lane.CAMPAIGN), at_work)
    assert THREADS - len(at_work) == REPLY_THREADS


def test_free_threads_are_shared_among_rivals() -> None:
    rooms = [Fairness().room(queue("1", Lane.REPLY), [], n) for n in (1, 2, 4)]
    assert rooms == [30, 20, 10]


# --- the same in the sender ------------------------------------------------------------------


def write_campaign(post: Post, oa_id: str, size: int) -> list[str]:
    people = [f"{oa_id}-p{number}" for number in range(size)]
    for person in people:
        contact = post.person(person, oa_id=oa_id)
        post.write(contact, "tin chung", lane=Lane.CAMPAIGN)
    return people


def test_answers_and_other_accounts_pass_a_running_campaign(post: Post) -> None:
    post.connect(OTHER)
    write_campaign(post, OA_ID, 150)
    mine, theirs = post.person("lan"), post.person("hoa", oa_id=OTHER)
    their_campaign = set(write_campaign(post, OTHER, 10))
    with running(post.sender) as wake:
        wait_until(lambda: len(post.zalo.delivered) >= 30)
        post.write(mine, "trả lời")
        post.write(theirs, "trả lời")
        written_at = len(post.zalo.delivered)
        wake.set()
        wait_until(lambda: len(post.zalo.delivered) == 162)
    order = [item["user_id"] for item in post.zalo.delivered]
    for person in ("lan", "hoa"):
        assert order.index(person) < written_at + 20
    # ten of theirs among 150 of ours: in turns, not one after the other
    assert their_campaign <= set(order[:60])


def test_an_account_whose_calls_hang_delays_no_other(post: Post) -> None:
    post.connect(OTHER)
    post.zalo.hanging = set(write_campaign(post, OA_ID, THREADS * 2))
    post.write(post.person("lan"), "trả lời của OA bị treo")
    post.write(post.person("hoa", oa_id=OTHER), "trả lời")
    others = [*write_campaign(post, OTHER, 10), "hoa", "lan"]
    patient = post.new_patient_client()
    sender = post.new_sender(patient)
    with running(sender):
        wait_until(lambda: set(others) <= post.zalo.answered)
        still_open = sum(row.status == "sending" for row in post.rows())
        assert 0 < still_open < THREADS
        post.zalo.hanging.clear()
        post.zalo.released.set()
    sender.close()
    patient.close()


def test_a_paused_account_costs_the_others_nothing(post: Post) -> None:
    post.connect(OTHER)
    write_campaign(post, OA_ID, 20)
    post.change_account(paused_until=post.clock.now().replace(year=2099))
    post.write(post.person("hoa", oa_id=OTHER), "trả lời")
    assert post.sender.run_once() == 1
    assert post.zalo.texts() == ["trả lời"]
