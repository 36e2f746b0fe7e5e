"""The web role in this process, officials of every role, and browsers that are let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

import app as program
from bot.catalogue.catalogue import Catalogue
from bot.clock import Clock
from bot.db import Database
from bot.people import audit, joining, logins
from bot.settings import Settings
from models import AdminUnit, Contact, Official, Role

HOME = "xa_tan_lan"
FOREIGN = "xa_can_duoc"
PROVINCE = "tay_ninh"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Browser:
    """One browser of one visitor; it fills in the hidden field of forms as browsers do."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **options: Any) -> Any:
        answer = self.client.get(path, buffered=True, **options)
        self._learn(answer)
        return answer

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        found: str = answer.text
        return found

    def post(
        self, path: str, data: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Send a form of ours."""
        answer = self.client.post(
            path, data={"csrf_token": self.token, **(data or {})}, **options
        )
        self._learn(answer)
        return answer

    def _learn(self, answer: Any) -> None:
        if answer.mimetype == "text/html" and (found := TOKEN.search(answer.text)):
            self.token = found[1]


@dataclass
class House:
    """The program's web role over a database with the content packs."""

    app: Flask
    database: Database
    settings: Settings
    clock: Clock
    people: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now().astimezone(self.settings.zone)

    def official(self, role: Role, unit_code: str = HOME, name: str = "") -> Official:
        """One who has joined, made once for each role and unit."""
        key = f"{role}:{unit_code}:{name}"
        with self.database.writing() as session:
            if key in self.people:
                return session.get_one(Official, self.people[key])
            person = joining.enrol(
                session, name or f"{role.value} {unit_code}", self.now
            )
            code = joining.invite(
                session,
                unit_code,
                role,
                audit.OPERATOR,
                self.now,
                official_id=person.id,
            )
            contact = Contact(oa_id="oa", user_id=key, created_at=self.now)
            session.add(contact)
            session.flush()
            joining.join(session, contact, code, self.now, self.now.date())
            self.people[key] = person.id or 0
            return person

    def link(self, official: Official) -> str:
        with self.database.writing() as session:
            token = logins.make_link(session, official, audit.OPERATOR, self.now)
        return f"/dashboard/login/{token}"

    def stranger(self) -> Browser:
        return Browser(self.app.test_client())

    def let_in(self, official: Official) -> Browser:
        browser = self.stranger()
        link = self.link(official)
        browser.get(link)
        answer = browser.post(link)
        assert answer.status_code == 302, answer.text[:500]
        browser.text("/dashboard/")
        return browser

    def browser(self, role: Role, unit_code: str = HOME) -> Browser:
        return self.let_in(self.official(role, unit_code))

    def reading(self, work: Callable[[Session], Any]) -> Any:
        with self.database.reading() as session:
            return work(session)


@pytest.fixture
def house(
    filled: Database, settings: Settings, clock: Clock, catalogue: Catalogue
) -> Iterator[House]:
    """The search is built once for all tests; each house reads its own database by it."""
    app = program.create_app(settings, clock, catalogue.over(filled))
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield House(app, filled, settings, clock)
    app.extensions["reception"].close()
    app.extensions["database"].close()


def codes(session: Session) -> list[str]:
    return list(session.exec(select(AdminUnit.code)).all())
