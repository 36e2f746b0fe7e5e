"""The state on disk, so that tokens, people and chats survive a restart.

One JSON file, replaced in one step (write beside it, flush, rename). Token pairs are
written before they are handed out, because a lost rotation ends in a new consent;
everything else a moment later. Logs, faults and pending events are not kept, and of each
conversation only the newest messages.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from simulator.clock import Clock
from simulator.records import (
    Account,
    App,
    Article,
    ArticleJob,
    Asset,
    AuthCode,
    Group,
    GroupAsset,
    JsonDict,
    Media,
    Message,
    Person,
    PhoneMessage,
    PhoneTemplate,
    Relation,
    TokenPair,
    Visitor,
)
from simulator.state import State

logger = logging.getLogger(__name__)

CHAT_LENGTH = 100  # messages of a conversation that a restart keeps
QUIET_SECONDS = 0.5  # changes within this time go into one file
SHARE_OF_TIME = 20  # writing takes at most about a twentieth of the time

TABLES: dict[str, type[Any]] = {
    "accounts": Account,
    "people": Person,
    "relations": Relation,
    "tokens": TokenPair,
    "codes": AuthCode,
    "groups": Group,
    "group_assets": GroupAsset,
    "templates": PhoneTemplate,
    "assets": Asset,
    "media": Media,
    "articles": Article,
    "jobs": ArticleJob,
    "visitors": Visitor,
    "phone_messages": PhoneMessage,
}
Record = TypeVar("Record")


class Snapshot:
    """Writes the state to a file after changes; without a file it does nothing."""

    def __init__(self, path: Path | None, state: State, clock: Clock) -> None:
        self._path, self._state, self._clock = path, state, clock
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._written = -1
        self._thread: threading.Thread | None = None
        if path:
            clock.listen(self._clock_moved)
            self._thread = threading.Thread(
                target=self._work, name="fake-zalo-snapshot", daemon=True
            )

    def _clock_moved(self, offset: timedelta) -> None:
        with self._state.lock:
            self._state.touch()

    def restore(self) -> None:
        """Load the file if there is one, then watch for changes."""
        if self._path and self._path.is_file():
            load(json.loads(self._path.read_text("utf-8")), self._state, self._clock)
        if self._thread:
            self._thread.start()

    def write(self) -> float:
        """Write now, if anything changed; the seconds it took."""
        if not self._path:
            return 0.0
        started = time.monotonic()
        with self._writing:
            with self._state.lock:
                if self._state.revision == self._written:
                    return 0.0
                self._state.changed.clear()
                self._written = self._state.revision
                text = json.dumps(dump(self._state, self._clock))
            replace_file(self._path, text)
        return time.monotonic() - started

    def close(self) -> None:
        """Write what is left and stop."""
        self._closed.set()
        self._state.changed.set()
        if self._thread:
            self._thread.join()
        self.write()

    def _work(self) -> None:
        while not self._closed.is_set():
            self._state.changed.wait()
            if self._closed.wait(QUIET_SECONDS):
                return
            try:
                took = self.write()
            except OSError:
                logger.exception("the snapshot of the fake Zalo was not written")
                took = QUIET_SECONDS
            self._closed.wait(took * SHARE_OF_TIME)


def dump(state: State, clock: Clock) -> JsonDict:
    """The state as JSON values. The caller holds the lock."""
    tables = {
        name: [vars(row) for row in getattr(state, name).values()] for name in TABLES
    }
    messages = [
        vars(message)
        for chat in state.chats.values()
        for message in chat.messages[-CHAT_LENGTH:]
    ]
    return {
        "app": vars(state.app),
        "seq": state.seq,
        "offset_seconds": clock.offset.total_seconds(),
        "tables": tables,
        "messages": messages,
    }


def load(saved: JsonDict, state: State, clock: Clock) -> None:
    """Fill an empty state from ``dump``; fields of other versions are left out."""
    state.app = _record(App, saved["app"])
    for name, kind in TABLES.items():
        table = getattr(state, name)
        for row in saved["tables"].get(name, []):
            record = _record(kind, row)
            table[next(iter(vars(record).values()))] = record
    state.refresh_tokens = {t.refresh_token: t for t in state.tokens.values()}
    state.pairs = {(r.oa_id, r.person): r for r in state.relations.values()}
    state.phones = {p.phone: p for p in state.people.values() if p.phone}
    for row in sorted(saved["messages"], key=lambda row: row["number"]):
        state.add_message(_record(Message, row))
    state.seq = max(state.seq, saved["seq"])
    if saved["offset_seconds"]:
        clock.set_offset(timedelta(seconds=saved["offset_seconds"]))


def _record(kind: type[Record], row: JsonDict) -> Record:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row.items() if name in known})


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` into ``path`` in one step; only the owner may read tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
