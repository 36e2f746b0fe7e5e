"""The table of a week: whose it shows, in colours, signs and words, on screen and as a file."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from openpyxl import load_workbook
from sqlmodel import select

from bot.duties import closing
from bot.duties.periods import parse_period
from bot.duties.table import overview
from bot.duties.table.heat import heat_map
from bot.duties.table.overview import Choice
from bot.duties.table.table import live_table, narrowed
from models import (
    AuditEntry,
    EvidenceKind,
    Exemption,
    ExemptionState,
    PeriodVersion,
    Proof,
    ProofState,
    Role,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, House
from tests.duties.office import at

WEEK = "2026-W47"
NEXT_TUESDAY = at("2026-11-24", 9)
ROW = re.compile(r'<tr id="unit-(\w+)">(.*?)</tr>', re.S)
SQUARE = re.compile(
    r'<td class="cell (\w+)"><a href="([^"]+)"><span aria-hidden="true">([^<]+)</span>'
)


@pytest.fixture(autouse=True)
def _tuesday() -> Any:
    with time_machine.travel(NEXT_TUESDAY, tick=False):
        yield


def prove(
    house: House, unit: str = HOME, channel: str = "website", **values: Any
) -> int:
    duty = "II-2.3" if channel == "radio" else "II-2.2"
    own: dict[str, Any] = {
        "plan_id": "2026", "duty_id": duty, "unit_code": unit, "channel": channel,
        "period": WEEK, "kind": EvidenceKind.LINK, "state": ProofState.ACCEPTED,
        "url": f"https://x.example.vn/{unit}/{channel}",
        "canonical_url": f"https://x.example.vn/{unit}/{channel}",
        "published_on": date(2026, 11, 18), "received_at": at("2026-11-19"),
    }  # fmt: skip
    with house.database.writing() as session:
        proof = Proof(**own | values)
        session.add(proof)
        session.flush()
        return proof.id or 0


def squares(page: str) -> dict[str, list[str]]:
    """State and text of every square, by unit."""
    return {
        unit: [f"{state} {text}" for state, _, text in SQUARE.findall(row)]
        for unit, row in ROW.findall(page)
    }


def test_a_supervisor_sees_who_is_missing(house: House) -> None:
    prove(house, HOME, "website")
    prove(house, HOME, "radio", state=ProofState.DOUBTFUL)
    page = house.browser(Role.SUPERVISOR, PROVINCE).text(f"/dashboard/?period={WEEK}")
    found = squares(page)
    assert found[HOME] == ["on_time ✓ 1/1", "missing ✗ 0/1", "waiting_review … 0/1"]
    assert found[FOREIGN] == ["missing ✗ 0/1"] * 3
    assert "Còn thiếu: 6/6 đơn vị" in page
    assert "Xã Tân Lân, 2.2 Tin trên trang web và Zalo OA · Trang web: đúng hạn" in page
    assert "mục đang chờ anh/chị duyệt" in page


def test_officials_see_their_own_unit_only(house: House) -> None:
    page = house.browser(Role.OFFICIAL, HOME).text(f"/dashboard/?period={WEEK}")
    assert list(squares(page)) == [HOME]
    assert "Xã Cần Đước" not in page
    forced = house.browser(Role.LEADER, HOME).text(
        f"/dashboard/?period={WEEK}&area={PROVINCE}&name=Cần"
    )
    assert squares(forced) == {}


def test_the_running_week_says_what_is_not_due_yet(house: House) -> None:
    page = house.browser(Role.SUPERVISOR, PROVINCE).text("/dashboard/")
    assert "Tuần 48 năm 2026" in page
    assert "Chưa nộp đủ: 6/6" in page
    assert "Kỳ sau" not in page


@pytest.mark.parametrize("period", ["2026-11", "2026-Q4", "2026", "2024-W01"])
def test_every_kind_of_period_opens(house: House, period: str) -> None:
    house.browser(Role.SUPERVISOR, PROVINCE).text(f"/dashboard/?period={period}")


@pytest.mark.parametrize("period", ["2026-W54", "x", "2026-13", "%00", "9999-W53"])
def test_a_period_that_is_none_is_not_found(house: House, period: str) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    assert browser.get(f"/dashboard/?period={period}").status_code == 404


def test_filters_find_units_without_diacritics(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    assert list(squares(browser.text(f"/dashboard/?period={WEEK}&name=tan+lan"))) == [
        HOME
    ]
    for channel in ("website", "zalo_oa", "radio"):
        prove(house, HOME, channel)
    assert HOME not in squares(browser.text(f"/dashboard/?period={WEEK}&open=1"))
    first, *_ = squares(browser.text(f"/dashboard/?period={WEEK}&order=open"))
    assert first != HOME


def test_the_file_says_what_the_screen_says(house: House) -> None:
    prove(house, HOME, "website")
    prove(house, FOREIGN, "radio", received_at=at("2026-11-24", 8))
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    query = f"?period={WEEK}&name=Xã"
    screen = squares(browser.text(f"/dashboard/{query}"))
    answer = browser.get(f"/dashboard/week.xlsx{query}")
    assert answer.headers["Content-Disposition"].endswith(f"{WEEK}.xlsx")
    rows = list(
        load_workbook(BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True)
    )
    file = {row[1]: list(row[2:5]) for row in rows if str(row[1]).startswith("Xã ")}
    assert len(file) == len(screen) == 6
    names = {"Xã Tân Lân": HOME, "Xã Cần Đước": FOREIGN}
    for name, unit in names.items():
        assert file[name] == [one.partition(" ")[2] for one in screen[unit]]


def test_a_closed_week_stays_as_it_was(house: House) -> None:
    prove(house, HOME, "website")
    with house.database.writing() as session:
        closing.close(session, parse_period(WEEK), "operator", house.now)
    prove(house, HOME, "radio")
    page = house.browser(Role.SUPERVISOR, PROVINCE).text(f"/dashboard/?period={WEEK}")
    assert squares(page)[HOME][2] == "missing ✗ 0/1"
    assert "Bản 1, khóa ngày 24/11/2026" in page
    assert "Khóa sổ kỳ này" not in page


def test_a_supervisor_closes_a_week_once_it_is_over(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    assert "Khóa sổ kỳ này" in browser.text(f"/dashboard/?period={WEEK}")
    browser.post(f"/dashboard/periods/{WEEK}/close")
    assert "Đã khóa sổ" in browser.text(f"/dashboard/?period={WEEK}")
    browser.post("/dashboard/periods/2026-W48/close")
    assert "chưa kết thúc" in browser.text("/dashboard/")
    versions = house.reading(lambda s: s.exec(select(PeriodVersion.period)).all())
    assert versions == [WEEK]


def test_several_squares_are_exempt_at_once(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    page = browser.text(f"/dashboard/?period={WEEK}&select=1")
    assert page.count('name="cell"') == 18
    cells = [f"{HOME}|II-2.3", f"{FOREIGN}|II-2.3", f"{FOREIGN}|II-2.2"]
    browser.post(
        "/dashboard/week/exempt",
        {"period": WEEK, "cell": cells, "reason": "Bão, mất điện cả tuần"},
    )
    found = squares(browser.text(f"/dashboard/?period={WEEK}"))
    assert found[HOME][2] == "exempt ○ 0/1"
    assert [one.split()[0] for one in found[FOREIGN]] == ["exempt"] * 3
    actions = house.reading(lambda s: s.exec(select(AuditEntry.action)).all())
    assert actions.count("exemption.grant") == 3


def test_nothing_is_exempt_without_a_reason_or_for_a_foreign_unit(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, HOME)
    cell = {"period": WEEK, "cell": [f"{HOME}|II-2.3"]}
    browser.text("/dashboard/")
    browser.post("/dashboard/week/exempt", cell | {"reason": "x"})
    assert "cần một câu lý do" in browser.text(f"/dashboard/?period={WEEK}")
    foreign = {"cell": [f"{HOME}|II-2.3", f"{FOREIGN}|II-2.3"], "reason": "Bão lụt"}
    assert browser.post("/dashboard/week/exempt", cell | foreign).status_code == 403
    assert house.reading(lambda s: s.exec(select(Exemption)).all()) == []


def test_an_exemption_in_a_closed_week_makes_the_next_version(house: House) -> None:
    with house.database.writing() as session:
        closing.close(session, parse_period(WEEK), "operator", house.now)
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    place = f"/dashboard/cells/{WEEK}/{HOME}/II-2.3"
    browser.post(f"{place}/exempt", {"reason": "Loa hỏng, đã báo trước"})
    page = browser.text(place)
    assert "Bản 2" in page
    assert "Đang được miễn: Loa hỏng, đã báo trước" in page
    exemption = house.reading(lambda s: s.exec(select(Exemption)).one())
    browser.post(
        f"/dashboard/exemptions/{exemption.id}/decide",
        {"verdict": "end", "reason": "Loa đã sửa xong"},
    )
    assert "Bản 3" in browser.text(place)
    state = house.reading(lambda s: s.exec(select(Exemption.state)).one())
    assert state == ExemptionState.ENDED


# --- the overview itself ---------------------------------------------------------------------------


def test_pages_hold_all_units_once(house: House) -> None:
    period = parse_period(WEEK)
    with house.database.reading() as session:
        pages = [
            overview.overview(
                session, period, house.now, Choice(per_page=4, page=number)
            )
            for number in (1, 2, 3)
        ]
        whole = overview.overview(session, period, house.now, Choice())
    shown = [one.unit.code for page in pages[:2] for one in page.shown]
    assert shown == [one.unit.code for one in whole.standings]
    assert [page.page for page in pages] == [1, 2, 2]
    assert all(page.totals == whole.totals for page in pages)


def test_sums_and_squares_agree(house: House) -> None:
    """The heat map's sums on top, the judged cells below: one table."""
    prove(house, HOME, "website")
    prove(house, FOREIGN, "radio", state=ProofState.OK)
    with house.database.reading() as session:
        found = overview.overview(session, parse_period(WEEK), house.now, Choice())
    assert found.totals == found.table.totals


def test_a_narrowed_table_equals_one_made_for_these_units(house: House) -> None:
    prove(house, HOME, "website")
    period = parse_period(WEEK)
    with house.database.reading() as session:
        whole = live_table(session, period, house.now)
        some = live_table(session, period, house.now, [HOME])
    assert narrowed(whole, [HOME]).cells == some.cells
    assert narrowed(whole, [HOME]).progress == some.progress
    assert narrowed(whole, [HOME]).proofs == some.proofs


def test_a_streak_ends_with_the_first_week_that_was_not_in_time(house: House) -> None:
    weeks = [parse_period(WEEK)]
    while len(weeks) < 3:
        weeks.insert(0, weeks[0].previous)
    for week in weeks[1:]:
        for channel in ("website", "zalo_oa", "radio"):
            link = f"https://x.example.vn/{week.key}/{channel}"
            prove(
                house, HOME, channel, period=week.key, canonical_url=link,
                published_on=week.first, received_at=at(str(week.first + timedelta(days=2))),
            )  # fmt: skip
    with house.database.reading() as session:
        found = overview.overview(session, weeks[-1], house.now, Choice())
        heat = heat_map(session, weeks, house.now)
    mine = next(one for one in found.standings if one.unit.code == HOME)
    assert mine.streak == 2
    assert heat.at(HOME, weeks[0]) is not None


def test_many_weeks_of_one_duty_say_what_each_week_says(house: House) -> None:
    prove(house, HOME, "website")
    prove(house, FOREIGN, "website", state=ProofState.OK)
    period = parse_period(WEEK)
    with house.database.reading() as session:
        found = overview.course(
            session, period, 3, house.now, Choice(), ("II-2.2", "website")
        )
        whole = overview.course(session, period, 3, house.now, Choice())
        judged = {
            (cell.unit_code, week.key): cell
            for week in found.periods
            for cell in live_table(session, week, house.now).cells
            if (cell.duty_id, cell.channel) == ("II-2.2", "website")
        }
    assert found.cells == judged
    assert len(judged) == 18
    assert whole.heat is not None
    assert whole.heat.at(HOME, period).on_time == 1  # type: ignore[union-attr]


def test_the_course_of_a_duty_is_a_page(house: House) -> None:
    prove(house, HOME, "website")
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    page = browser.text(f"/dashboard/weeks?period={WEEK}&duty=II-2.2|website")
    assert "Xã Tân Lân, 2026-W47: đúng hạn" in page
    assert "Xã Cần Đước, 2026-W47: thiếu" in page
    every = browser.text(f"/dashboard/weeks?period={WEEK}&length=26&duty=nonsense")
    assert "Xã Tân Lân, 2026-W47: thiếu một phần, đúng hạn 1/3" in every
    own = house.browser(Role.OFFICIAL, HOME).text(f"/dashboard/weeks?period={WEEK}")
    assert "Xã Cần Đước" not in own
