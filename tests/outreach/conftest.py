"""A hall full of people, an account, officials, and what a worker does for campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.channel.conftest import (
    MovableClock,
    Post,
    accounts,
    channel_settings,
    client,
    post,
    sealer,
    zalo,
)
from tests.outreach.hall import MORNING, Hall

__all__ = ["accounts", "channel_settings", "client", "post", "sealer", "zalo"]


@pytest.fixture
def clock() -> MovableClock:
    """It is Monday morning."""
    clock = MovableClock()
    clock.ahead = MORNING - datetime.now(MORNING.tzinfo)
    return clock


@pytest.fixture
def hall(post: Post) -> Iterator[Hall]:
    hall = Hall(post)
    yield hall
    hall.sender.close()
