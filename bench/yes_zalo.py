"""A Zalo that says yes to everything after a set time, and counts: ``python -m bench.yes_zalo
PORT MILLISECONDS``. The simulated Zalo judges and remembers; this one only costs little.

``GET /count`` tells how many messages it took.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from bench.stage import Process, free_port, wait_for


class YesZalo:
    """One asyncio server; every POST is a sent message."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._taken = 0

    async def serve(self, port: int) -> None:
        server = await asyncio.start_server(self._converse, "127.0.0.1", port)
        async with server:
            await server.serve_forever()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        lines = head.split(b"\r\n")
        for line in lines:
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line[15:]))
        if lines[0].startswith(b"get /count"):
            answer: object = {"count": self._taken}
        else:
            self._taken += 1
            await asyncio.sleep(self._delay_seconds)
            answer = _accepted(self._taken)
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        writer.write(head + body)
        await writer.drain()


def _accepted(number: int) -> dict[str, object]:
    sent = {"message_id": f"yes-{number}", "sent_time": str(int(time.time() * 1000))}
    return {"data": sent, "error": 0, "message": "Success"}


@contextmanager
def yes_zalo(delay_ms: int = 0) -> Iterator[str]:
    """Its address, from a process of its own."""
    port = free_port()
    process = Process(
        ["-m", "bench.yes_zalo", str(port), str(delay_ms)], dict(os.environ)
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/count")
        yield address
    finally:
        process.kill()


def messages_taken(address: str) -> int:
    taken: int = requests.get(f"{address}/count", timeout=5).json()["count"]
    return taken


if __name__ == "__main__":
    asyncio.run(YesZalo(int(sys.argv[2]) / 1000).serve(int(sys.argv[1])))
