"""The bell through Redis, for machines that share one anyway.

Published to all workers that listen; nothing is stored in Redis, so it may be emptied,
restarted or lost at any time.
"""

from __future__ import annotations

import time
from contextlib import suppress

import redis
import structlog

log = structlog.get_logger(__name__)

CHANNEL = "zalo_oa_assistant_bell"
# A broker on the local network answers within a millisecond; a webhook cannot wait longer.
PATIENCE_SECONDS = 0.2
TRY_AGAIN_SECONDS = 1.0  # a broker that is away is not asked for every event


class RedisBell:
    """``ring()`` in any process ends a ``wait()`` in every worker that listens."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
        )
        self._ears: redis.client.PubSub | None = None
        self._away_until = 0.0

    def ring(self) -> None:
        if time.monotonic() < self._away_until:
            return
        try:
            self._redis.publish(CHANNEL, b"!")
        except redis.RedisError as error:
            self._away_until = time.monotonic() + TRY_AGAIN_SECONDS
            _log_away(error)

    def wait(self, timeout_seconds: float) -> bool:
        """True when rung, also while nobody waited; all rings so far count as one."""
        until = time.monotonic() + timeout_seconds
        try:
            if self._ears is None:
                self._ears = redis.client.PubSub(
                    self._redis.connection_pool, ignore_subscribe_messages=True
                )
                self._ears.subscribe(CHANNEL)
            is_rung = _hears(self._ears, until)
            while _hears(self._ears, time.monotonic()):
                pass
            return is_rung
        except redis.RedisError as error:
            _log_away(error)
            self._forget_ears()
            time.sleep(max(0.0, until - time.monotonic()))
            return False

    def close(self) -> None:
        self._forget_ears()
        self._redis.close()

    def _forget_ears(self) -> None:
        if self._ears is not None:
            with suppress(redis.RedisError):
                self._ears.close()
            self._ears = None


def _hears(ears: redis.client.PubSub, until: float) -> bool:
    """A ring before that time; what else Redis says (subscribed) is no ring."""
    while True:
        left = max(0.0, until - time.monotonic())
        heard = ears.get_message(timeout=left)
        if heard is not None:
            return True
        if left == 0.0:
            return False


def _log_away(error: redis.RedisError) -> None:
    log.warning("bell_away", carrier="redis", error=type(error).__name__)
