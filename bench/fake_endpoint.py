"""A Zalo that only takes messages, as fast as Python can: ``python -m bench.fake_endpoint``.

A process of its own (asyncio, no framework), so that the load generator is not what is
measured. Answers after ``--latency-ms``; keeps when each message came and from which call
limit it would have been refused (-32 above ``--per-minute`` in a minute of its clock).
``GET /ledger`` gives ``[[seconds, user_id], …]`` and the number of refusals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
NO_LIMIT = 10**9


class Endpoint:
    """One listening socket and what came through it."""

    def __init__(self, latency_seconds: float, per_minute: int) -> None:
        self._latency = latency_seconds
        self._per_minute = per_minute
        self._minutes: Counter[int] = Counter()
        self.came: list[tuple[float, str]] = []
        self.refused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: Any) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(_length(head))
                writer.write(_answer(await self._answer(head, body)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> Any:
        if head.startswith(b"GET /ledger"):
            return {"came": self.came, "refused": self.refused}
        now = time.time()
        self._minutes[int(now // 60)] += 1
        if self._minutes[int(now // 60)] > self._per_minute:
            self.refused += 1
            return {"error": -32, "message": "Your application reached limit call api"}
        user_id = json.loads(body)["recipient"]["user_id"] if body else ""
        self.came.append((now, user_id))
        number = len(self.came)
        if self._latency:
            await asyncio.sleep(self._latency)
        data = {"message_id": f"m{number}", "quota": {"quota_type": "reply"}}
        return {"error": 0, "message": "Success", "data": data}


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _answer(body: Any) -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


async def main(latency_ms: int, per_minute: int) -> None:
    endpoint = Endpoint(latency_ms / 1000, per_minute)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


class Fake:
    """The started endpoint, as a benchmark sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def came(self) -> list[tuple[float, str]]:
        return [(at, user_id) for at, user_id in self._ledger()["came"]]

    def refused(self) -> int:
        return int(self._ledger()["refused"])

    def _ledger(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/ledger", timeout=30).json()
        return found


@contextmanager
def fake_endpoint(latency_ms: int, per_minute: int = NO_LIMIT) -> Iterator[Fake]:
    """The endpoint in its own process while the block runs."""
    options = ["--latency-ms", str(latency_ms), "--per-minute", str(per_minute)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.fake_endpoint", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Fake(f"http://127.0.0.1:{process.stdout.readline().strip()}")
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=int, default=150)
    parser.add_argument("--per-minute", type=int, default=NO_LIMIT)
    asked = parser.parse_args()
    asyncio.run(main(asked.latency_ms, asked.per_minute))
