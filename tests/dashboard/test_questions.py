"""What the bot could not answer leads to a record in two clicks; the next one is answered."""

from __future__ import annotations

import re

from sqlmodel import Session, select

from bot.channel.bell import PipeBell
from bot.people import audit
from models import (
    Account,
    AuditEntry,
    LocalAlias,
    Procedure,
    Role,
    UnansweredQuestion,
)
from tests.dashboard.conftest import HOME, Browser, House

STRANGE = "xin cái dấu mộc cho ông ngoại chín mươi"
BIRTH = "1.001193"


def ask(house: House, text: str = STRANGE, times: int = 1, oa_id: str = "oa-1") -> int:
    with house.database.writing() as session:
        if session.get(Account, oa_id) is None:
            session.add(
                Account(oa_id=oa_id, name="OA", unit_code=HOME, created_at=house.now)
            )
        rows = [
            UnansweredQuestion(
                oa_id=oa_id, text=text, outcome="not_found", asked_at=house.now
            )
            for _ in range(times)
        ]
        session.add_all(rows)
        session.flush()
        return rows[-1].id or 0


def outcome(house: House, text: str = STRANGE) -> tuple[str, list[str]]:
    preview = house.app.extensions["dashboard"].preview
    preview.conversations.catalogue.look_again()
    found = preview.ask(text).to_json()
    return found["outcome"], [one["id"] for one in found["results"]][:1]


def add(
    browser: Browser, number: int, text: str = STRANGE, record: str = f"service:{BIRTH}"
) -> None:
    browser.text(f"/dashboard/questions/{number}")
    browser.post(
        f"/dashboard/questions/{number}/alias", {"alias": text, "record": record}
    )


def names(session: Session) -> list[str]:
    return [
        one.text
        for one in session.exec(select(LocalAlias)).all()
        if one.removed_at is None
    ]


def test_two_clicks_and_the_next_citizen_is_answered(house: House) -> None:
    number = ask(house, times=3)
    browser = house.browser(Role.OFFICIAL)
    assert outcome(house)[0] != "answered" or outcome(house)[1] != [BIRTH]
    listed = browser.text("/dashboard/questions")
    assert listed.count(f">{STRANGE}</a>") == 1  # asked three times, shown once
    add(browser, number)
    page = browser.text(f"/dashboard/questions/{number}")
    assert "Bây giờ bà con hỏi câu này" in page
    assert outcome(house) == ("answered", [BIRTH])
    assert STRANGE in browser.text("/dashboard/questions").split("Vừa xử lý")[1]
    browser.post(f"/dashboard/questions/{number}/reopen")
    assert outcome(house)[1] != [BIRTH]  # taken back
    add(browser, number)
    with house.database.reading() as session:
        assert names(session) == [STRANGE]
        assert session.get_one(Procedure, BIRTH).aliases.find(STRANGE) == -1
        open_ones = session.exec(
            select(UnansweredQuestion).where(UnansweredQuestion.resolved_at.is_(None))  # type: ignore[union-attr]
        ).all()
        assert open_ones == []


def test_undo_takes_the_name_back_and_opens_the_questions(house: House) -> None:
    number = ask(house, times=2)
    browser = house.browser(Role.OFFICIAL)
    add(browser, number)
    browser.post(f"/dashboard/questions/{number}/reopen")
    with house.database.reading() as session:
        assert names(session) == []
        rows = session.exec(select(UnansweredQuestion)).all()
        assert [row.resolved_at for row in rows] == [None, None]
        assert audit.verify(session) is None
        found = session.exec(select(AuditEntry.action)).all()
    assert [one for one in found if one.startswith("question.")] == [
        "question.alias_added",
        "question.reopened",
    ]


def test_what_is_not_ours_is_put_aside_and_comes_back(house: House) -> None:
    number = ask(house)
    browser = house.browser(Role.OFFICIAL)
    browser.text(f"/dashboard/questions/{number}")
    browser.post(f"/dashboard/questions/{number}/not-ours")
    with house.database.reading() as session:
        assert session.get_one(UnansweredQuestion, number).resolution == "not_ours"
    browser.post(f"/dashboard/questions/{number}/reopen")
    with house.database.reading() as session:
        assert session.get_one(UnansweredQuestion, number).resolved_at is None


def test_a_name_needs_words_and_a_record_that_exists(house: House) -> None:
    number = ask(house)
    browser = house.browser(Role.OFFICIAL)
    for text, record in (
        ("?", f"service:{BIRTH}"),
        ("x" * 151, f"service:{BIRTH}"),
        (STRANGE, "service:9.999999"),
        (STRANGE, ""),
        (STRANGE, "song:1"),
    ):
        add(browser, number, text, record)
    with house.database.reading() as session:
        assert names(session) == []
        assert session.get_one(UnansweredQuestion, number).resolved_at is None


def test_the_search_field_offers_other_records(house: House) -> None:
    number = ask(house)
    browser = house.browser(Role.OFFICIAL)
    page = browser.text(f"/dashboard/questions/{number}?q=khai+sinh")
    assert re.search(rf'name="record" value="service:{BIRTH}"', page)


def test_a_name_stays_when_packs_are_loaded_again(house: House) -> None:
    from bot.catalogue.loading import load_content
    from bot.catalogue.packs import read_packs

    number = ask(house)
    add(house.browser(Role.OFFICIAL), number)
    with house.database.writing() as session:
        report = load_content(session, read_packs(house.settings.content_dir))
        assert report.conflicts == []
        assert names(session) == [STRANGE]


def test_questions_of_others_are_not_shown(house: House) -> None:
    ask(house)
    browser = house.browser(Role.ADMINISTRATOR, "xa_can_duoc")
    assert STRANGE not in browser.text("/dashboard/questions")


def test_a_decision_wakes_the_worker_and_a_look_does_not(house: House) -> None:
    browser = house.browser(Role.LEADER)
    bell = PipeBell(house.settings.data_dir)
    bell.wait(0)
    browser.get("/dashboard/questions")
    assert not bell.wait(0)
    browser.post("/dashboard/logout")
    assert bell.wait(0)
    bell.close()
