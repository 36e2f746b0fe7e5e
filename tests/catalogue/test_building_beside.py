"""A changed catalogue is indexed beside: nobody who asks meanwhile waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.catalogue.catalogue import Catalogue, touch
from bot.clock import Clock
from bot.db import Database
from bot.search.entries import Entry, Kind

CONTENT = Path(__file__).resolve().parents[2] / "content"


class Few(Catalogue):
    """Of one entry; building one after the first waits for ``gate``."""

    title = "Đăng ký khai sinh"

    def __init__(self, database: Database) -> None:
        super().__init__(database, CONTENT)
        self.gate = threading.Event()
        self.gate.set()

    def _entries(self) -> Iterator[Entry]:
        title = self.title
        assert self.gate.wait(timeout=60)
        yield Entry(Kind.SERVICE, "1.001193", title)

    @contextmanager
    def held(self) -> Iterator[None]:
        self.gate.clear()
        yield
        self.gate.set()


def changed(database: Database) -> None:
    with database.writing() as session:
        touch(session, Clock().now())


def first(catalogue: Catalogue) -> str:
    return catalogue.find("đăng ký khai sinh").hits[0].title


def test_questions_are_answered_by_the_old_index_meanwhile(database: Database) -> None:
    few = Few(database)
    assert first(few) == "Đăng ký khai sinh"
    changed(database)
    few.title = "Đăng ký khai sinh lại"
    with few.held():
        few.look_again()
        assert first(few) == "Đăng ký khai sinh"
        assert few.is_building
    few.settle()
    assert first(few) == "Đăng ký khai sinh lại"
    assert not few.is_building


def test_what_changes_during_a_build_is_built_after_it(database: Database) -> None:
    few = Few(database)
    first(few)
    changed(database)
    with few.held():
        few.look_again()
        first(few)
        few.title = "Khai sinh đổi hai lần"
        changed(database)
    few.settle()
    few.settle()  # the second change was seen after the first build
    assert first(few) == "Khai sinh đổi hai lần"
