"""People and units: invited, promoted, removed; whole lists; the map."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

import pytest
from sqlmodel import col, select

from bot.people import joining
from bot.territory.reasons import LINES, Why
from models import (
    AdminUnit,
    AuditEntry,
    Invitation,
    Membership,
    Official,
    Role,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, Browser, House, codes

CODE = re.compile(r'<p class="the-code">([A-Z2-9-]+)</p>')
UNIT = f"/dashboard/units/{HOME}"


def roles_of(house: House, name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = house.reading(
        lambda s: [
            (one.unit_code, one.role)
            for one in s.exec(
                select(Membership)
                .join(Official, col(Official.id) == col(Membership.official_id))
                .where(col(Official.name) == name, col(Membership.until_on).is_(None))
            )
        ]
    )
    return found


def test_an_invitation_is_shown_once(house: House) -> None:
    leader = house.browser(Role.LEADER)
    leader.text(UNIT)
    answer = leader.post(
        f"{UNIT}/invite", {"name": "Hoa", "phone": "0912 345 678", "role": "official"}
    )
    code = CODE.search(answer.text)
    assert code is not None
    assert CODE.search(leader.text(UNIT)) is None
    assert "84912345678" in leader.text(UNIT)
    assert roles_of(house, "Hoa") == [(HOME, "official")]
    stored = house.reading(lambda s: s.exec(select(Invitation.code_sha256)).all())
    assert code[1] not in stored


def test_nobody_invites_above_himself(house: House) -> None:
    leader = house.browser(Role.LEADER)
    leader.text(UNIT)
    for role in ("supervisor", "administrator"):
        answer = leader.post(f"{UNIT}/invite", {"name": "Hoa", "role": role})
        assert answer.status_code == 403
    assert leader.post(f"{UNIT}/invite", {"role": "king"}).status_code == 400
    assert roles_of(house, "Hoa") == []


def test_a_bad_telephone_number_is_said(house: House) -> None:
    leader = house.browser(Role.LEADER)
    leader.text(UNIT)
    leader.post(f"{UNIT}/invite", {"name": "Hoa", "phone": "113", "role": "official"})
    assert "số điện thoại chưa đúng" in leader.text(UNIT)
    assert roles_of(house, "Hoa") == []


def test_colleagues_see_no_telephone_numbers(house: House) -> None:
    with house.database.writing() as session:
        hoa = joining.enrol(session, "Hoa", house.now, phone="84912345678")
        joining.appoint(session, hoa, HOME, Role.OFFICIAL, house.now.date())
    assert "84912345678" not in house.browser(Role.OFFICIAL).text(UNIT)
    assert "84912345678" in house.browser(Role.LEADER).text(UNIT)


def test_a_role_is_changed_and_open_pages_end(house: House) -> None:
    lan = house.official(Role.OFFICIAL, HOME, name="Lan")
    hers = house.let_in(lan)
    leader = house.browser(Role.LEADER)
    leader.text(UNIT)
    leader.post(f"{UNIT}/people/{lan.id}/role", {"role": "leader"})
    assert roles_of(house, "Lan") == [(HOME, "leader")]
    assert hers.get("/dashboard/").status_code == 302
    answer = leader.post(f"{UNIT}/people/{lan.id}/role", {"role": "administrator"})
    assert answer.status_code == 403


def test_who_leaves_is_out_at_once(house: House) -> None:
    lan = house.official(Role.OFFICIAL, HOME, name="Lan")
    hers = house.let_in(lan)
    leader = house.browser(Role.LEADER)
    leader.text(UNIT)
    leader.post(f"{UNIT}/people/{lan.id}/leave")
    assert hers.get("/dashboard/").status_code == 302
    assert roles_of(house, "Lan") == []
    entry = house.reading(
        lambda s: s.exec(
            select(AuditEntry).where(col(AuditEntry.action) == "official.left")
        ).one()
    )
    assert entry.actor == house.official(Role.LEADER).pseudonym


def test_nobody_changes_himself_his_better_or_a_stranger(house: House) -> None:
    boss = house.official(Role.ADMINISTRATOR, HOME)
    leader = house.official(Role.LEADER)
    foreign = house.official(Role.OFFICIAL, FOREIGN, name="Xa")
    browser = house.let_in(leader)
    browser.text(UNIT)
    assert browser.post(f"{UNIT}/people/{leader.id}/leave").status_code == 403
    assert browser.post(f"{UNIT}/people/{boss.id}/leave").status_code == 403
    assert browser.post(f"{UNIT}/people/{foreign.id}/leave").status_code == 404
    answer = browser.post(f"/dashboard/units/{FOREIGN}/people/{foreign.id}/leave")
    assert answer.status_code == 403


def test_units_are_found_by_their_people_and_those_without_any(house: House) -> None:
    house.official(Role.OFFICIAL, HOME, name="Lan")
    sau = house.browser(Role.SUPERVISOR, PROVINCE)
    assert f"/dashboard/units/{HOME}" in sau.text("/dashboard/people?name=lan")
    empty = sau.text("/dashboard/people?empty=1")
    assert f"/dashboard/units/{FOREIGN}" in empty
    assert f"/dashboard/units/{HOME}" not in empty
    mine = house.browser(Role.OFFICIAL).text("/dashboard/people?name=xa")
    assert f"/dashboard/units/{FOREIGN}" not in mine


# --- lists -------------------------------------------------------------------------------------


LIST = "Họ và tên,Số điện thoại,Đơn vị,Vai trò\nLê Thị Hoa,0912345678,{unit},{role}\n"


def upload(browser: Browser, text: str, name: str = "ds.csv") -> Any:
    browser.text("/dashboard/people/list")
    file = (BytesIO(text.encode()), name)
    return browser.post(
        "/dashboard/people/list", {"file": file}, content_type="multipart/form-data"
    )


def test_a_list_is_shown_before_it_is_written(house: House) -> None:
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    shown = upload(boss, LIST.format(unit="Xã Tân Lân", role="Lãnh đạo")).text
    assert "1 thêm mới" in shown
    assert roles_of(house, "Lê Thị Hoa") == []
    content = re.search(r'name="content" value="([^"]+)"', shown)
    assert content is not None
    done = boss.post(
        "/dashboard/people/list/apply",
        {"content": content[1], "suffix": ".csv", "codes": "1"},
    ).text
    assert re.search(r"<code>[A-Z2-9]{4}-[A-Z2-9]{4}</code>", done)
    assert roles_of(house, "Lê Thị Hoa") == [(HOME, "leader")]


def test_bad_lines_are_named_and_nothing_is_written(house: House) -> None:
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    shown = upload(boss, LIST.format(unit="Xã Không Có", role="Vua")).text
    assert "Dòng 2" in shown
    assert 'name="content"' not in shown
    assert "Không đọc được tệp" in upload(boss, "PK\x03\x04 nonsense", "ds.xlsx").text
    upload(boss, "x", "ds.exe")
    assert "chọn một tệp" in boss.text("/dashboard/people/list")


def test_a_list_for_foreign_units_is_refused(house: House) -> None:
    near = house.browser(Role.ADMINISTRATOR, HOME)
    text = LIST.format(unit="Xã Cần Đước", role="Cán bộ")
    assert "Ngoài quyền" in upload(near, text).text
    answer = near.post(
        "/dashboard/people/list/apply",
        {"content": base64.b64encode(text.encode()).decode(), "suffix": ".csv"},
    )
    assert answer.status_code == 403
    assert roles_of(house, "Lê Thị Hoa") == []


# --- the map -----------------------------------------------------------------------------------


@pytest.fixture
def boss(house: House) -> Browser:
    browser = house.browser(Role.ADMINISTRATOR, PROVINCE)
    browser.text("/dashboard/territory/merge")
    return browser


def merge(house: House, **values: Any) -> dict[str, Any]:
    own = {
        "effective_on": house.now.date().isoformat(), "from": [HOME, FOREIGN],
        "code_1": "xa_moi", "name_1": "Xã Mới", "continue": "1",
    }  # fmt: skip
    return own | values


def test_a_merger_is_shown_first_and_changes_nothing(
    house: House, boss: Browser
) -> None:
    shown = boss.post("/dashboard/territory/merge/preview", merge(house)).text
    assert "Xã Mới" in shown
    assert "Thêm</strong> đơn vị xa_moi" in shown
    assert "Làm đúng như trên" in shown
    assert house.reading(lambda s: s.get(AdminUnit, "xa_moi")) is None
    boss.post("/dashboard/territory/merge/apply", merge(house))
    assert house.reading(lambda s: s.get(AdminUnit, "xa_moi")).name == "Xã Mới"
    entry = house.reading(
        lambda s: s.exec(
            select(AuditEntry).where(col(AuditEntry.action) == "units.merged")
        ).one()
    )
    assert entry.actor == house.official(Role.ADMINISTRATOR, PROVINCE).pseudonym


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"from": [HOME]}, "Đơn vị cũ: sáp nhập cần từ hai đơn vị cũ trở lên."),
        ({"code_1": "Xã Mới"}, "Đơn vị mới: mã “Xã Mới” chưa đúng."),
        ({"effective_on": "hôm qua"}, "Ngày đầu của đơn vị mới: anh/chị chọn một ngày"),
        ({"code_1": HOME}, f"Đơn vị mới: mã {HOME} là của đơn vị cũ."),
        ({"code_1": "xa_la", "name_1": ""}, "Đơn vị mới: chưa có đơn vị nào mang mã"),
        ({"code_1": PROVINCE}, f"Đơn vị mới: mã {PROVINCE} đang là của"),
    ],
)
def test_a_mistake_names_its_field_and_says_what_to_do(
    house: House, boss: Browser, values: dict[str, Any], said: str
) -> None:
    shown = boss.post("/dashboard/territory/merge/preview", merge(house, **values)).text
    assert f"Chưa làm được. {said}" in shown
    assert "Làm đúng như trên" not in shown


def test_every_reason_against_a_change_has_its_sentence(house: House) -> None:
    template = "dashboard/_territory_reasons.html"
    sentences = house.app.jinja_env.get_template(template).module.sentences  # type: ignore[attr-defined]
    assert set(sentences) == set(Why)
    for why, sentence in sentences.items():
        named = set(re.findall(r"{(\w+)", LINES[why])) | {"code"}
        assert set(re.findall(r"%\((\w+)", sentence)) <= named, why


def test_a_day_to_come_is_only_shown(house: House, boss: Browser) -> None:
    late = merge(house, effective_on="2099-01-01")
    assert (
        "mới xem trước được"
        in boss.post("/dashboard/territory/merge/preview", late).text
    )
    refused = boss.post("/dashboard/territory/merge/apply", late).text
    assert "ngày 01/01/2099 chưa tới" in refused
    assert house.reading(lambda s: s.get(AdminUnit, "xa_moi")) is None


def test_a_unit_is_split_and_renamed(house: House, boss: Browser) -> None:
    split = {
        "effective_on": house.now.date().isoformat(), "from": HOME, "main": "2",
        "code_1": "xa_bac", "name_1": "Xã Bắc", "code_2": "xa_nam", "name_2": "Xã Nam",
    }  # fmt: skip
    boss.post("/dashboard/territory/split/apply", split)
    rename = {"effective_on": split["effective_on"], "from": FOREIGN,
              "code_1": "xa_khac", "name_1": "Xã Khác"}  # fmt: skip
    boss.post("/dashboard/territory/rename/apply", rename)
    known = house.reading(codes)
    assert {"xa_bac", "xa_nam", "xa_khac"} <= set(known)
    assert boss.get("/dashboard/territory/divorce").status_code == 404
