"""A clock that is set back, by hand or by a time server, must not change the order."""

from __future__ import annotations

from datetime import timedelta

from tests.channel.conftest import MovableClock, Post


def test_an_answer_never_overtakes_one_from_before_the_clock_was_set_back(
    post: Post, clock: MovableClock
) -> None:
    minh = post.person()
    clock.forward(seconds=5)
    post.write(minh, "first")
    clock.forward(seconds=-10)
    post.write(minh, "second")
    post.sender.run_once()
    clock.forward(seconds=10)
    post.sender.run_once()
    assert post.zalo.texts() == ["first", "second"]


def test_what_waits_for_its_hour_still_holds_nobody_up(post: Post) -> None:
    minh = post.person()
    later = post.clock.now() + timedelta(hours=1)
    post.write(minh, "in an hour", due_at=later)
    post.write(minh, "now")
    post.sender.run_once()
    assert post.zalo.texts() == ["now"]
