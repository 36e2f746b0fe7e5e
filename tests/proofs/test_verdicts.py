"""The check as a whole, on labelled links and on what may happen between its steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from bench import proofs as bench
from bot.db import Database
from bot.duties import closing
from bot.duties.fetching import Fetched, Fetcher, Refusal, Refused
from bot.duties.periods import parse_period
from bot.duties.proofs import claims, reviewing
from models import (
    AdminUnit,
    Assignment,
    Channel,
    FoundItem,
    Proof,
    ProofState,
    UnitChannel,
    UnitLevel,
)
from tests.proofs import held_out, held_out_later
from tests.proofs.cases import DUTY, HOST, OTHER_HOST, OTHER_UNIT, PRIVATE, UNIT, WEEK
from tests.proofs.court import NOW, Court, scores
from tests.proofs.site import Page, Site
from tests.proofs.test_proof_stories import article

STEP = 5  # every fifth link: the whole set is judged by ``python -m bench proofs``
SLOW = ("slow", "drip", "huge", "bomb")
IN_WEEK = "2026-11-18T08:00:00+07:00"


@pytest.fixture
def court(database: Database, site: Site, tmp_path: Path) -> Court:
    return Court(database, tmp_path, site)


def post(court: Court, number: int = 1, host: str = HOST) -> str:
    """A good page; its address."""
    return court.site.put(host, f"/tin/{number}", article(number, IN_WEEK))


# --- labelled links -------------------------------------------------------------------------


def test_links_never_tuned_with_are_judged_rightly(court: Court) -> None:
    """A part of what ``bench/proofs.py`` counts."""
    both = chain(held_out.cases(), held_out_later.cases())
    cases = [case for case in both if case.name not in SLOW][::STEP]
    judged = court.judge(cases)
    for score in scores(judged):
        wrong = [one.case.name for one in judged if not one.is_right]
        assert score.wanted > 0
        assert score.precision >= 0.98, wrong
        assert score.recall >= 0.95, wrong
    private = [one for one in judged if one.case.group == PRIVATE]
    assert {one.verdict for one in private} == {ProofState.FAILED}


def test_the_only_day_of_a_portals_page_is_its_day(court: Court) -> None:
    """Portals put their own name into the title; a second day leaves it unclear."""
    case = next(one for one in held_out_later.cases() if one.name == "built 3")
    page = case.pages[(HOST, case.url)]
    text = str(page.body).replace('id="foot">', 'class="lich">Ngày 17/11/2026. ')
    unclear = replace(case, pages={(HOST, case.url): replace(page, body=text)})
    sure, unsure = court.judge([case, unclear])
    assert sure.verdict == ProofState.OK
    assert unsure.verdict == ProofState.DOUBTFUL


def test_a_score_counts_what_was_wrong(court: Court) -> None:
    good, stranger = [
        case for case in held_out.cases() if case.name in ("alive 0", "foreign 1")
    ]
    judged = court.judge([good, replace(stranger, verdict=ProofState.OK)])
    ok, _, failed = scores(judged)
    assert (ok.precision, ok.recall) == (1.0, 0.5)
    assert failed.precision == 0.0


def test_the_benchmark_prints_links_and_pictures(court: Court) -> None:
    judged = court.judge([case for case in held_out.cases() if case.name == "alive 0"])
    assert "1.000 right; private addresses blocked 0/0" in "\n".join(
        bench.link_rows("few", judged)
    )
    quick, found, plain = bench.lookup_rows(300, 4, 4)
    assert "the like among 300 pictures" in quick
    assert found.endswith("of 2 that are there 2 found first")
    assert plain.endswith("the same first 4/4")


# --- between the steps ----------------------------------------------------------------------


def test_of_two_that_are_checked_at_once_the_second_is_the_repeat(court: Court) -> None:
    link = post(court)
    first, second = court.submit(link), court.submit(link)
    court.check_all()
    assert court.proof(first).state == ProofState.ACCEPTED
    repeat = court.proof(second)
    assert (repeat.state, repeat.reason) == ("failed", "link_used_before_no")


def test_one_link_shows_the_other_channel_of_the_same_news(court: Court) -> None:
    text = article(1, IN_WEEK)
    one = court.site.put(HOST, "/tin/1", text)
    other = court.site.put(HOST, "/zalo/1", text)
    court.submit(one)
    number = court.submit(other, channel="zalo_oa")
    court.check_all()
    assert court.proof(number).state == ProofState.ACCEPTED


def test_a_proof_is_looked_at_by_one_worker_and_by_another_if_that_one_dies(
    court: Court,
) -> None:
    number = court.submit(post(court))
    with court.database.writing() as session:
        assert claims.claim(session, NOW) is not None
    assert not court.checker.run_once()
    court.clock.time = NOW + claims.LEASE
    assert court.checker.run_once()
    assert court.proof(number).state == ProofState.ACCEPTED


def test_what_happened_to_it_meanwhile_stands(court: Court) -> None:
    number = court.submit(post(court))
    fetch = court.looker.fetcher

    class Withdrawing(Fetcher):
        """While the page is read its sender takes it back."""

        def fetch(self, *args: object, **named: object) -> Fetched | Refused:
            with court.database.writing() as session:
                session.get_one(Proof, number).state = ProofState.WITHDRAWN
            return fetch.fetch(*args, **named)  # type: ignore[arg-type]

    looker = replace(court.looker, fetcher=Withdrawing("https://oa.example.vn"))
    replace(court.checker, looker=looker).run_once()
    assert court.proof(number).state == ProofState.WITHDRAWN
    assert court.checks(number) == []


def test_an_error_of_our_own_leaves_it_to_people(court: Court) -> None:
    number = court.submit(post(court))

    class Broken(Fetcher):
        def fetch(self, *args: object, **named: object) -> Fetched | Refused:
            raise RuntimeError("broken on purpose")

    looker = replace(court.looker, fetcher=Broken("https://oa.example.vn"))
    replace(court.checker, looker=looker).run_once()
    proof = court.proof(number)
    assert (proof.state, proof.reason) == ("doubtful", "not_checked_doubt")


def test_what_waits_for_its_media_is_not_checked(court: Court) -> None:
    court.submit(post(court), media_due_at=NOW - timedelta(hours=1))
    assert not court.checker.run_once()


def test_nothing_counts_by_rule_in_a_closed_period(court: Court) -> None:
    with court.database.writing() as session:
        session.add(
            AdminUnit(code=UNIT, name="Xã A", kind="xã", level=UnitLevel.COMMUNE)
        )
        session.add(
            Assignment(
                id="1", plan_id="2026", duty_id=DUTY, unit_code=UNIT,
                valid_from=date(2026, 1, 1),
            )
        )  # fmt: skip
    court.clock.time = NOW + timedelta(days=7)
    with court.database.writing() as session:
        closing.close(session, parse_period(WEEK), "program", court.clock.time)
    number = court.submit(post(court))
    court.check_all()
    assert court.proof(number).state == ProofState.OK
    assert court.checks(number)[0].verdict == ProofState.OK


def test_looking_for_work_never_goes_through_what_was_accepted(court: Court) -> None:
    """Every worker asks each second, and a country has 400,000 accepted proofs."""
    asked: list[tuple[str, object]] = []

    def note(
        _: object, __: object, statement: str, values: object, *___: object
    ) -> None:
        asked.append((statement, values))

    with court.database.reading() as session:
        event.listen(session.get_bind(), "before_cursor_execute", note)
        claims.is_due(session, NOW)
        session.scalars(select(Proof).where(reviewing.is_open())).all()
        event.remove(session.get_bind(), "before_cursor_execute", note)
        plans = [
            " ".join(row[3] for row in _explained(session, *one))
            for one in asked
            if one[0].startswith("SELECT")
        ]
    assert len(plans) == 2
    for plan, index in zip(plans, ("next_check_at", "disappeared"), strict=True):
        assert f"ix_proof_{index}" in plan, plan
        assert plan.count("ix_proof_state") == 1, plan
        assert "SCAN proof" not in plan


def _explained(session: Session, statement: str, values: Any) -> list[Any]:
    explain = f"EXPLAIN QUERY PLAN {statement}"
    return list(session.connection().exec_driver_sql(explain, values))


# --- whose it is ----------------------------------------------------------------------------


def test_a_unit_that_has_registered_nothing_is_in_doubt(court: Court) -> None:
    with court.database.writing() as session:
        for channel in session.scalars(select(UnitChannel)):
            session.delete(channel)
    number = court.submit(post(court))
    court.check_all()
    assert court.proof(number).reason == "own_host_doubt"


def test_an_article_that_the_own_account_listed_is_the_units(court: Court) -> None:
    link = post(court, host=OTHER_HOST)
    with court.database.writing() as session:
        session.add(
            FoundItem(
                source_key="oa:7:1", origin="oa:7", unit_code=UNIT, channel=Channel.ZALO_OA,
                canonical_url=link.replace("http://", "https://"), first_seen_at=NOW,
            )
        )  # fmt: skip
    mine, others = court.submit(link), court.submit(link, unit_code=OTHER_UNIT)
    court.check_all()
    assert court.proof(mine).state == ProofState.ACCEPTED
    assert court.proof(others).state == ProofState.FAILED


# --- the demo's own pages -------------------------------------------------------------------


def test_a_local_site_may_be_read_and_nothing_beside_it(site: Site) -> None:
    page = site.put("127.0.0.1", "/tin/1", article())
    site.put(
        "127.0.0.1",
        "/ra",
        Page(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    )
    fetcher = Fetcher("https://oa.example.vn", local_sites=[site.url("127.0.0.1")])
    assert isinstance(fetcher.fetch(page), Fetched)
    for url in (
        site.url("127.0.0.1", "/ra"),
        "http://127.0.0.1:9/",
        site.url("localhost", "/tin/1"),
        page.replace("127.0.0.1", "127.0.0.1.nip.test"),
        page.replace("http://", "http://127.0.0.1@"),
    ):
        found = fetcher.fetch(url)
        assert isinstance(found, Refused), url
        assert found.reason in (Refusal.PRIVATE_ADDRESS, Refusal.BAD_LINK), url
