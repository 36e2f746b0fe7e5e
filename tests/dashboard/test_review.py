"""Deciding: one after the other, several at once, beside what was sent before, and back."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from sqlmodel import select

from bot.duties import closing
from bot.duties.periods import parse_period
from bot.duties.proofs import reviewing
from bot.files import Files
from models import (
    Account,
    AuditEntry,
    Contact,
    Exemption,
    ExemptionState,
    Official,
    OutboxMessage,
    Proof,
    ProofCheck,
    ProofState,
    Role,
    StoredFile,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, Browser, House
from tests.dashboard.test_week import NEXT_TUESDAY, WEEK, prove

EVIL = '"><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(2)>'


@pytest.fixture(autouse=True)
def _tuesday() -> Any:
    with time_machine.travel(NEXT_TUESDAY, tick=False):
        yield


@pytest.fixture
def sau(house: House) -> Browser:
    return house.browser(Role.SUPERVISOR, PROVINCE)


def doubtful(house: House, unit: str = HOME, **values: Any) -> int:
    return prove(house, unit, state=ProofState.DOUBTFUL, **values)


def state_of(house: House, number: int) -> str:
    found: str = house.reading(lambda s: s.get_one(Proof, number).state)
    return found


def verdict(state: ProofState, word: str, reason: str = "") -> dict[str, str]:
    return {"verdict": word, "shown": state.value, "reason": reason}


def test_one_after_the_other_until_nothing_is_left(house: House, sau: Browser) -> None:
    first, second = doubtful(house), doubtful(house, FOREIGN)
    assert sau.text("/dashboard/review").count('name="proof"') == 2
    led = sau.post("/dashboard/review/next").headers["Location"]
    assert led == f"/dashboard/review/{first}"
    sau.text(led)
    led = sau.post(led, verdict(ProofState.DOUBTFUL, "accept")).headers["Location"]
    assert led == f"/dashboard/review/{second}"
    sau.text(led)
    led = sau.post(
        led, verdict(ProofState.DOUBTFUL, "reject", "Bài không thuộc kỳ này")
    ).headers["Location"]
    assert "không còn gì chờ duyệt" in sau.text(led)
    assert (state_of(house, first), state_of(house, second)) == ("accepted", "rejected")


def test_two_supervisors_get_two_different_ones(house: House, sau: Browser) -> None:
    first, second = doubtful(house), doubtful(house)
    other = house.let_in(house.official(Role.SUPERVISOR, PROVINCE, name="Bà Năm"))
    mine = sau.post("/dashboard/review/next").headers["Location"]
    theirs = other.post("/dashboard/review/next").headers["Location"]
    assert {mine, theirs} == {f"/dashboard/review/{n}" for n in (first, second)}
    page = other.text(f"/dashboard/review/{first}")
    assert "supervisor tay_ninh đang xem mục này" in page
    other.post(f"/dashboard/review/{first}", verdict(ProofState.DOUBTFUL, "accept"))
    assert state_of(house, first) == "doubtful"
    assert "Chưa ghi" in other.text(f"/dashboard/review/{first}")


def test_a_decision_holds_only_in_the_state_that_was_shown(
    house: House, sau: Browser
) -> None:
    number = doubtful(house)
    sau.post(f"/dashboard/review/{number}", verdict(ProofState.OK, "accept"))
    assert state_of(house, number) == "doubtful"


def test_a_rejection_needs_a_reason(house: House, sau: Browser) -> None:
    number = doubtful(house)
    sau.post(
        f"/dashboard/review/{number}", verdict(ProofState.DOUBTFUL, "reject", "no")
    )
    assert "cần một câu lý do" in sau.text(f"/dashboard/review/{number}")
    chosen = verdict(ProofState.DOUBTFUL, "reject") | {"reason_chosen": "Ảnh không rõ"}
    sau.post(f"/dashboard/review/{number}", chosen)
    row = house.reading(lambda s: s.get_one(Proof, number))
    assert (row.state, row.reason) == ("rejected", "Ảnh không rõ")


def test_the_last_decision_is_taken_back(house: House, sau: Browser) -> None:
    number = doubtful(house)
    sau.post(f"/dashboard/review/{number}", verdict(ProofState.DOUBTFUL, "accept"))
    led = sau.post("/dashboard/review/undo").headers["Location"]
    assert led == f"/dashboard/review/{number}"
    assert state_of(house, number) == "doubtful"
    sau.text(led)
    sau.post("/dashboard/review/undo")
    assert "Không có quyết định nào" in sau.text("/dashboard/review")


def test_several_at_once_are_all_decided_or_none(house: House, sau: Browser) -> None:
    one, two = doubtful(house), doubtful(house, FOREIGN)
    both = {"proof": [f"{one}:doubtful", f"{two}:doubtful"], "back": "review"}
    late = {"proof": [f"{one}:doubtful", f"{two}:ok"], "verdict": "accept"}
    sau.post("/dashboard/proofs/decide", late)
    assert state_of(house, one) == "doubtful"
    sau.text("/dashboard/review")
    sau.post("/dashboard/proofs/decide", both | {"verdict": "accept"})
    assert state_of(house, one) == state_of(house, two) == "accepted"
    sau.post("/dashboard/proofs/decide", {"verdict": "accept"})
    assert "chưa chọn mục nào" in sau.text("/dashboard/review")


def test_a_foreign_proof_is_not_decided_among_others(house: House) -> None:
    near = house.browser(Role.SUPERVISOR, HOME)
    own, foreign = doubtful(house), doubtful(house, FOREIGN)
    answer = near.post(
        "/dashboard/proofs/decide",
        {"proof": [f"{own}:doubtful", f"{foreign}:doubtful"], "verdict": "accept"},
    )
    assert answer.status_code == 403
    assert state_of(house, own) == "doubtful"
    assert f"/dashboard/review/{foreign}" not in near.text("/dashboard/review")


def test_what_a_rule_accepted_is_overruled_with_a_reason(
    house: House, sau: Browser
) -> None:
    number = prove(house, decided_by="rule", decided_at=NEXT_TUESDAY)
    place = f"/dashboard/cells/{WEEK}/{HOME}/II-2.2"
    assert "theo quy tắc" in sau.text(place)
    path = f"/dashboard/proofs/{number}/decide"
    sau.post(path, verdict(ProofState.ACCEPTED, "reject"))
    assert state_of(house, number) == "accepted"
    sau.post(
        path, verdict(ProofState.ACCEPTED, "reject", "Bài không nói về chuyển đổi số")
    )
    assert state_of(house, number) == "rejected"
    sau.post(path, verdict(ProofState.REJECTED, "accept", "Xem lại theo đề nghị"))
    assert state_of(house, number) == "accepted"
    actions = house.reading(
        lambda s: s.exec(
            select(AuditEntry.action).where(AuditEntry.subject == f"proof:{number}")
        ).all()
    )
    assert actions == ["proof.rejected", "proof.accepted"]


def test_in_a_closed_week_a_decision_makes_the_next_version(
    house: House, sau: Browser
) -> None:
    number = doubtful(house)
    with house.database.writing() as session:
        closing.close(session, parse_period(WEEK), "operator", house.now)
    path = f"/dashboard/review/{number}"
    assert "đã khóa sổ" in sau.text(path)
    sau.post(path, verdict(ProofState.DOUBTFUL, "accept"))
    assert state_of(house, number) == "doubtful"
    sau.post(path, verdict(ProofState.DOUBTFUL, "accept", "Nộp trễ có lý do"))
    assert "bản 2" in sau.text(f"/dashboard/cells/{WEEK}/{HOME}/II-2.2")


def test_who_sent_it_is_told(house: House, sau: Browser) -> None:
    lan = house.official(Role.OFFICIAL, HOME, name="Lan")
    with house.database.writing() as session:
        contact = session.exec(
            select(Contact).where(Contact.official_id == lan.id)
        ).one()
        contact.last_interaction_at = house.now
        session.merge(_account(house))
    number = doubtful(house, sent_by_id=lan.id)
    sau.post(
        f"/dashboard/review/{number}",
        verdict(ProofState.DOUBTFUL, "reject", "Trùng với minh chứng đã nộp"),
    )
    (said,) = house.reading(lambda s: s.exec(select(OutboxMessage.content)).all())
    assert f"Minh chứng số {number}" in said["text"]
    assert "Trùng với minh chứng đã nộp" in said["text"]


def _account(house: House) -> Any:
    return Account(oa_id="oa", name="x", created_at=house.now)


def test_an_exemption_that_was_asked_for_is_granted_or_refused(
    house: House, sau: Browser
) -> None:
    with house.database.writing() as session:
        for number in (1, 2):
            session.add(
                Exemption(
                    id=number, plan_id="2026", duty_id=f"II-2.{number + 1}", unit_code=HOME,
                    period=WEEK, reason="Mất điện", asked_at=house.now,
                )
            )  # fmt: skip
    assert sau.text("/dashboard/review").count("Mất điện") == 2
    sau.post("/dashboard/exemptions/1/decide", {"verdict": "grant"})
    sau.post("/dashboard/exemptions/2/decide", {"verdict": "refuse"})
    assert "cần một câu lý do" in sau.text("/dashboard/review")
    sau.post(
        "/dashboard/exemptions/2/decide",
        {"verdict": "refuse", "reason": "Vẫn làm bù được"},
    )
    states = house.reading(
        lambda s: [s.get_one(Exemption, number).state for number in (1, 2)]
    )
    assert states == [ExemptionState.GRANTED, ExemptionState.REFUSED]


def test_what_repeats_another_is_shown_beside_it(house: House, sau: Browser) -> None:
    earlier = doubtful(house, FOREIGN, title="Chợ không tiền mặt")
    later = doubtful(house)
    _check(
        house,
        later,
        [{"code": "text_used_before", "ok": None, "proof": earlier, "unit": FOREIGN}],
    )
    page = sau.text(f"/dashboard/review/{later}")
    assert f"Giống với số {earlier} đã nộp trước" in page
    assert "Chợ không tiền mặt" in page
    near = house.browser(Role.SUPERVISOR, HOME).text(f"/dashboard/review/{later}")
    assert "Chợ không tiền mặt" not in near  # a foreign unit's proof stays its own
    assert "không theo dõi" in near


def _check(
    house: House, number: int, findings: list[dict[str, Any]], **values: Any
) -> None:
    with house.database.writing() as session:
        session.add(
            ProofCheck(
                proof_id=number,
                number=0,
                checked_at=house.now,
                findings=findings,
                **values,
            )
        )


def test_files_are_shown_or_handed_over_never_run(house: House, sau: Browser) -> None:
    files = Files(house.settings.data_dir)
    kinds = {
        b"\x89PNG\r\n\x1a\n...": "image/png",
        b"<script>alert(1)</script>": "text/html",
    }
    for content, media_type in kinds.items():
        digest = files.keep(content)
        with house.database.writing() as session:
            session.add(
                StoredFile(
                    sha256=digest,
                    media_type=media_type,
                    size_bytes=1,
                    created_at=house.now,
                )
            )
        answer = sau.get(
            f"/dashboard/proofs/{doubtful(house, file_sha256=digest)}/file"
        )
        assert answer.data == content
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        is_attached = "attachment" in answer.headers.get("Content-Disposition", "")
        assert is_attached == (media_type == "text/html")
    gone = doubtful(house)
    assert sau.get(f"/dashboard/proofs/{gone}/file").status_code == 404


def test_words_of_others_stay_words(house: House, sau: Browser) -> None:
    """Stored texts that look like code are shown as they are, on every page that has them."""
    number = doubtful(
        house, title=EVIL, url=f"javascript:alert(1)//{EVIL}", reason=EVIL
    )
    files = Files(house.settings.data_dir)
    digest = files.keep(EVIL.encode())
    with house.database.writing() as session:
        session.add(
            StoredFile(
                sha256=digest,
                media_type="text/plain",
                size_bytes=1,
                created_at=house.now,
            )
        )
        session.add(
            Exemption(
                plan_id="2026", duty_id="II-2.2", unit_code=HOME, period=WEEK,
                reason=EVIL, asked_at=house.now,
            )
        )  # fmt: skip
        for official in session.exec(select(Official)).all():
            official.name = EVIL
            session.add(official)
    _check(
        house, number, [{"code": "title", "ok": True, "title": EVIL}],
        page_title=EVIL, snapshot_sha256=digest,
    )  # fmt: skip
    for path in (
        f"/dashboard/?period={WEEK}&name={EVIL}",
        f"/dashboard/cells/{WEEK}/{HOME}/II-2.2",
        f"/dashboard/proofs/{number}",
        f"/dashboard/review/{number}",
        "/dashboard/review",
    ):
        page = sau.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'href="javascript:' not in page, path
        assert "49" not in page.partition("{{7*7}}")[0][-4:], path
        assert "alert(1)" in page, path


def test_nobody_decides_by_looking(house: House, sau: Browser) -> None:
    number = doubtful(house)
    sau.text(f"/dashboard/review/{number}")
    row = house.reading(lambda s: s.get_one(Proof, number))
    assert row.review_until is None
    assert not reviewing.is_taken(row, house.official(Role.SUPERVISOR, HOME), house.now)
