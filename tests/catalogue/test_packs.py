"""The shipped content as it is read: complete, unwidened, and refused when spoiled."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.packs import Packs, read_packs
from bot.catalogue.records import SHOWN_ERRORS, PacksRefused

CONTENT = Path(__file__).resolve().parents[2] / "content"

Row = dict[str, Any]


@pytest.fixture(scope="module")
def packs() -> Packs:
    return read_packs(CONTENT)


@pytest.fixture(scope="module")
def detailed(packs: Packs) -> dict[str, Row]:
    """The procedures with details, by code."""
    return {
        row["code"]: row for row in packs.procedures if row["status"] != "index_only"
    }


@pytest.fixture(scope="module")
def documents(packs: Packs) -> dict[str, Row]:
    return {row["id"]: row for row in packs.documents}


# --- procedures -----------------------------------------------------------------------


def test_all_procedures_and_the_rest_of_the_index_are_there(packs: Packs) -> None:
    states = Counter(row["status"] for row in packs.procedures)
    assert states == {
        "active": 177,
        "replaced": 14,
        "unverified": 4,
        "to_verify": 1,
        "index_only": 4554,
    }


# How many of the 196 have a value: an empty cell that got filled by guessing, or a fact
# that got lost, changes one of these.
FILLED = {
    "name": 196,
    "group": 196,
    "field": 196,
    "level": 194,
    "issuer": 185,
    "agency": 146,
    "decision_no": 186,
    "channels": 185,
    "online_level": 3,
    "time_online": 135,
    "time_direct": 159,
    "time_postal": 134,
    "time_note": 40,
    "fee_online": 74,
    "fee_direct": 99,
    "fee_note": 73,
    "papers": 185,
    "submit_at": 138,
    "legal_basis": 184,
    "aliases": 196,
    "note": 84,
    "replaced_by": 14,
    "portal_url": 185,
    "sources": 196,
    "confidence": 196,
    "detail_confidence": 196,
    "checked_on": 196,
}


@pytest.mark.parametrize(("column", "filled"), FILLED.items())
def test_no_empty_cell_was_filled_and_no_fact_lost(
    detailed: dict[str, Row], column: str, filled: int
) -> None:
    assert sum(bool(row[column]) for row in detailed.values()) == filled


def test_index_rows_claim_nothing_but_the_index(packs: Packs) -> None:
    known = {"code", "name", "issuer", "agency", "field", "portal_url"}
    said = {"status", "sources", "checked_on"}
    index = [row for row in packs.procedures if row["status"] == "index_only"]
    for row in index:
        assert {name for name, value in row.items() if value} <= known | said
        assert (row["sources"], row["checked_on"]) == ("S2", date(2026, 7, 18))
    assert sum(not row["issuer"] for row in index) == 1


def test_time_without_unit_stays_without_unit(detailed: dict[str, Row]) -> None:
    birth = detailed["1.001193"]
    assert birth["time_online"] == "1 (Cổng không ghi đơn vị)"
    assert "không được tự thêm đơn vị" in birth["time_note"]
    unitless = [
        code
        for code, row in detailed.items()
        if "không ghi đơn vị" in row["time_direct"]
    ]
    assert len(unitless) == 25


def test_zero_of_the_portal_is_not_called_free(detailed: dict[str, Row]) -> None:
    row = detailed["1.000689"]
    assert (row["fee_online"], row["fee_direct"]) == ("", "")
    assert "HĐND cấp tỉnh quy định" in row["fee_note"]


def test_online_level_is_known_for_three_only(detailed: dict[str, Row]) -> None:
    levels = Counter(row["online_level"] for row in detailed.values())
    assert levels == {"": 193, "toàn trình": 3}


REPLACED = {
    "1.014061": "1.116410",
    "1.014062": "1.116410",
    "1.014063": "1.116410",
    "1.014064": "1.116410",
    "1.012575": "1.115970",
    "1.013065": "1.115971",  # the successor itself is in no source
    "2.000986": "3.000722",
    "2.002622": "2.002913",
}


@pytest.mark.parametrize(("old", "new"), REPLACED.items())
def test_replaced_procedure_names_its_successor(
    detailed: dict[str, Row], old: str, new: str
) -> None:
    assert detailed[old]["status"] == "replaced"
    assert detailed[old]["replaced_by"] == new


def test_newer_facts_are_dated_by_their_later_source(detailed: dict[str, Row]) -> None:
    assert detailed["1.116410"]["checked_on"] == date(2026, 10, 1)
    assert detailed["1.014061"]["checked_on"] == date(2026, 7, 20)
    dates = Counter(row["checked_on"] for row in detailed.values())
    assert dates == {date(2026, 7, 20): 185, date(2026, 10, 1): 11}


def test_every_group_is_in_the_menu(packs: Packs, detailed: dict[str, Row]) -> None:
    used = {row["group"] for row in detailed.values()}
    assert used == {row["key"] for row in packs.groups}
    assert len(packs.groups) == 25


# --- documents ------------------------------------------------------------------------


def test_all_documents_of_all_rows_are_there(packs: Packs) -> None:
    levels = Counter(row["level"] for row in packs.documents)
    assert levels == {"central": 25, "province": 29, "district": 8}
    assert len({(row["level"], row["row"]) for row in packs.documents}) == 55


def test_documents_keep_their_kinds(packs: Packs) -> None:
    kinds = Counter(row["kind"] for row in packs.documents)
    assert kinds == {
        "Quyết định": 25,
        "Kế hoạch": 17,
        "Công văn": 7,
        "Chỉ thị": 3,
        "Nghị định": 3,
        "Nghị quyết": 3,
        "Chương trình": 2,
        "Luật": 2,
    }


def test_one_document_has_no_date(packs: Packs) -> None:
    assert [row["id"] for row in packs.documents if not row["issued_on"]] == ["I-21"]


def test_two_plans_share_a_symbol_and_differ_by_date(documents: dict[str, Row]) -> None:
    shared = {
        row["id"]: row["issued_on"]
        for row in documents.values()
        if row["symbol"] == "14119/KH-UBND"
    }
    assert shared == {"III-6": date(2024, 3, 7), "III-8": date(2024, 10, 23)}
    assert all("Trùng số" in documents[key]["oddities"][0] for key in shared)


def test_symbols_are_kept_as_printed(documents: dict[str, Row]) -> None:
    assert documents["III-3"]["symbol"] == "7106KH-UBND"
    assert "thiếu dấu gạch chéo" in documents["III-3"]["oddities"][0]
    assert documents["III-2"]["raw"].startswith("Công văn số 30-CT/HU ngày 08/6/2023")
    assert documents["I-15"]["number"] == "09"
    assert documents["II-8-b"]["symbol"] == "11898/UBND-VHXXH"


def test_no_document_is_called_valid(packs: Packs) -> None:
    states = Counter(row["state"] for row in packs.documents)
    assert states == {"unknown": 54, "issuer_ended": 8}
    for row in packs.documents:
        assert "hưa xác minh hiệu lực" in row["state_note"]
        assert row["checked_on"] == date(2026, 11, 23)


def test_state_note_tells_what_is_known(documents: dict[str, Row]) -> None:
    assert "(2021-2025) đã kết thúc" in documents["I-2"]["state_note"]
    assert "116/2025/QH15" in documents["I-9"]["state_note"]
    assert "116/2025/QH15" in documents["I-15"]["state_note"]
    assert "02/2024/NQ-HĐND" in documents["II-11-a"]["state_note"]
    assert "72/2025/QH15" in documents["III-1"]["state_note"]


def test_every_document_can_be_browsed_by_topic(packs: Packs) -> None:
    used = {topic for row in packs.documents for topic in row["topics"]}
    assert used == {row["key"] for row in packs.document_topics}
    assert all(row["topics"] and row["aliases"] for row in packs.documents)


# --- duties ---------------------------------------------------------------------------


def test_all_duties_are_there_and_twelve_have_a_quota(packs: Packs) -> None:
    appendix = Counter(row["id"].split("-")[0] for row in packs.duties)
    assert appendix == {"II": 20, "III": 24}
    assert sum(row["quota"] is not None for row in packs.duties) == 12


def test_quota_is_kept_as_written(packs: Packs) -> None:
    quotas = {row["id"]: row["quota"] for row in packs.duties}
    assert quotas["II-3.1b"] == {
        "kind": "at_least",
        "count": 2,
        "unit": "bài viết/bản tin",
        "period": "tháng",
        "scope": "cổng huyện",
        "ratio": None,
    }
    assert (quotas["II-5a"]["ratio"], quotas["II-5a"]["count"]) == (1.0, None)


# --- units ----------------------------------------------------------------------------


def test_both_maps_are_there(packs: Packs) -> None:
    communes = [row for row in packs.units if row["level"] == "commune"]
    old = [row for row in communes if row["valid_to"] == date(2025, 6, 30)]
    new = [row for row in communes if row["valid_from"] == date(2025, 7, 1)]
    assert (len(old), len(new), len(communes)) == (17, 6, 23)
    assert {row["parent_code"] for row in old} == {"huyen_can_duoc"}
    assert {row["parent_code"] for row in new} == {"tay_ninh"}


def test_equal_names_are_different_units(packs: Packs) -> None:
    names = Counter(row["name"] for row in packs.units)
    twice = {name for name, count in names.items() if count == 2}
    assert twice == {"Xã Mỹ Lệ", "Xã Tân Lân", "Xã Long Cang"}


def test_every_old_commune_has_one_successor_in_force(packs: Packs) -> None:
    units = {row["code"]: row for row in packs.units}
    successors = {
        row["predecessor_code"]: row["successor_code"] for row in packs.successions
    }
    assert len(successors) == len(packs.successions) == 19
    assert successors["old_phuoc_tuy"] == "xa_can_duoc"
    assert successors["old_tan_lan"] == "xa_tan_lan"
    assert "huyen_can_duoc" not in successors  # no single successor
    for code, row in units.items():
        if row["level"] == "commune" and row["valid_to"]:
            assert units[successors[code]]["valid_to"] is None


def test_desks_are_blank_until_an_office_fills_them(packs: Packs) -> None:
    assert len(packs.desks) == 6
    for row in packs.desks:
        assert not any(value for name, value in row.items() if name != "unit_code")


def test_bodies_and_apps_say_what_is_not_known(packs: Packs) -> None:
    bodies = {row["id"]: row for row in packs.bodies}
    assert Counter(row["kind"] for row in packs.bodies) == {"body": 7, "channel": 8}
    assert bodies["long_an_so"]["status"] == "unknown_after_merger"
    assert bodies["long_an_so"]["successor"] == ""
    assert bodies["cong_dvc_long_an"]["valid_to"] == date(2025, 6, 30)


# --- mistakes are named by file, line and field ---------------------------------------


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the packs that a test may spoil, with a short national index."""
    folder = tmp_path / "content"
    shutil.copytree(CONTENT, folder)
    index = folder / "national_procedures.csv"
    lines = index.read_text(encoding="utf-8").splitlines(keepends=True)
    index.write_text("".join(lines[:4]), encoding="utf-8")
    return folder


def _spoil(file: Path, old: str, new: str) -> int:
    """Replace the first ``old`` and give its line."""
    text = file.read_text(encoding="utf-8")
    before, found, after = text.partition(old)
    assert found, f"{old!r} is not in {file.name}"
    file.write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1 + len(old) - len(old.lstrip("\n"))


def _mistakes(content: Path) -> list[str]:
    with pytest.raises(PacksRefused) as refused:
        read_packs(content)
    return [str(error).removeprefix(f"{content}/") for error in refused.value.errors]


# file, what is replaced, by what, field, a part of the reason
SPOILED = [
    ("procedures.csv", "\n1.000689,", "\n1.00068,", "code", "not a procedure code"),
    ("procedures.csv", "\n1.000689,", "\n1.001193,", "code", "stands in line 2"),
    ("procedures.csv", ",ho_tich,", ",ho_tich2,", "group", "is not one of"),
    ("procedures.csv", ",active,,", ",alive,,", "status", "is not one of"),
    ("procedures.csv", ",1.116410,", ",1.999999,", "replaced_by", "not a known"),
    ("procedures.csv", ",replaced,", ",active,", "replaced_by", "if and only if"),
    ("procedures.csv", ",https://d", ",http://d", "portal_url", "expected an address"),
    ("procedures.csv", "2026-07-20", "20/07/2026", "checked_on", "expected a date"),
    ("procedures.csv", ",163/QĐ-BTP,", ",163/Q\x07,", "decision_no", "U+0007"),
    ("procedures.csv", ",Hộ tịch,", ",Hô\u0323 tịch,", "field", "NFC"),
    ("procedures.csv", ",Hộ tịch,", ", Hộ tịch,", "field", "a space"),
    ("procedures.csv", "S1; S2; S3", "S1; S9", "sources", "'S9' is not in"),
    ("procedures.csv", ",trực tuyến;", ",trực tiếp;;", "channels", "is not one of"),
    ("documents.toml", 'level = "central"', 'level = "c"', "level", "is not one of"),
    ("documents.toml", "issued_on = 2020-06-03", 'issued_on = ""\nx = 1', "x", "known"),
    ("documents.toml", 'topics = ["chuyen_doi_so"]', "topics = []", "topics", "empty"),
    ("documents.toml", '["06/QĐ-TTg"]', '["6/QĐ-TTg"]', "refers_to", "neither"),
    (
        "documents.toml",
        'symbol = "942/QĐ-TTg"\nissued_on = 2021-06-15',
        'symbol = "830/QĐ-TTg"\nissued_on = 2021-06-01',
        "symbol",
        "the date of I-2",
    ),
    ("duties.toml", 'kind = "exists"', 'kind = "is"', "quota", "is not one of"),
    (
        "units.toml",
        'parent_code = "long_an"',
        'parent_code = "x"',
        "parent_code",
        "'x'",
    ),
    (
        "units.toml",
        'successor_code = "tay',
        'successor_code = "a',
        "successor_code",
        "a",
    ),
    ("units.toml", "on = 2025-07-01", "on = 2025-06-30", "effective_on", "last day"),
    ("units.toml", 'unit_code = "xa_can', 'unit_code = "x', "unit_code", "is no unit"),
    ("groups.toml", 'label = "Cư trú"', 'label = ""', "label", "is required"),
    ("sources.toml", 'id = "S3"', 'id = "S2"', "id", "stands in line"),
]


@pytest.mark.parametrize(("name", "old", "new", "field", "reason"), SPOILED)
def test_mistake_is_named_by_file_line_and_field(
    content: Path, name: str, old: str, new: str, field: str, reason: str
) -> None:
    line = _spoil(content / name, old, new)
    line += new.count("\n") - old.count("\n")  # a line was added before the mistake
    mistakes = _mistakes(content)
    found = [text for text in mistakes if text.startswith(f"{name}:{line}: {field}: ")]
    assert found, mistakes
    assert reason in found[0]


def test_message_has_the_agreed_form(content: Path) -> None:
    file = content / "procedures.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[16] = lines[16].replace("2026-07-20", "soon")
    file.write_text("".join(lines), encoding="utf-8")
    expected = "expected a date like 2026-07-20, got 'soon'"
    assert _mistakes(content) == [f"procedures.csv:17: checked_on: {expected}"]


def test_all_mistakes_are_collected_and_the_first_shown(content: Path) -> None:
    file = content / "procedures.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("2026-07-20", "2026-7-20"), encoding="utf-8")
    with pytest.raises(PacksRefused) as refused:
        read_packs(content)
    assert len(refused.value.errors) == 185
    shown = str(refused.value).splitlines()
    assert len(shown) == SHOWN_ERRORS + 1
    assert shown[-1] == "... and 165 more"


def _cut_a_cell(content: Path) -> str:
    line = _spoil(content / "national_procedures.csv", ",Hải quan,", ",")
    return f"national_procedures.csv:{line}: has 5 cells, the header has 6"


def _break_toml(content: Path) -> str:
    line = _spoil(content / "units.toml", 'name = "Tỉnh Long An"', "name = Long An")
    return f"units.toml:{line}: "


def _break_encoding(content: Path) -> str:
    file = content / "duties.toml"
    file.write_bytes(b"# one\n# two \xff\n" + file.read_bytes())
    return "duties.toml:2: is not UTF-8"


def _lose_a_file(content: Path) -> str:
    (content / "groups.toml").unlink()
    return "groups.toml:1: cannot be read"


def _empty_a_file(content: Path) -> str:
    file = content / "procedures.csv"
    header = file.read_text(encoding="utf-8").splitlines()[0]
    file.write_text(header + "\n", encoding="utf-8")
    return "procedures.csv:1: holds no procedures"


def _forget_the_national_source(content: Path) -> str:
    _spoil(content / "sources.toml", 'national_index = "S2"', 'national_index = "S7"')
    return "sources.toml:1: national_index: must name a source that has as_of"


def _name_a_stranger(content: Path) -> str:
    file = content / "units.toml"
    file.write_text(
        file.read_text(encoding="utf-8") + "\n[[unitz]]\ncode = 1\n", encoding="utf-8"
    )
    return "units.toml:1: unitz: is not known in this file"


@pytest.mark.parametrize(
    "spoil",
    [
        _cut_a_cell,
        _break_toml,
        _break_encoding,
        _lose_a_file,
        _empty_a_file,
        _forget_the_national_source,
        _name_a_stranger,
    ],
)
def test_broken_file_is_named(content: Path, spoil: Callable[[Path], str]) -> None:
    expected = spoil(content)
    assert any(mistake.startswith(expected) for mistake in _mistakes(content))


def test_replacement_in_a_circle_is_found(content: Path) -> None:
    file = content / "procedures.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = [
        line.replace(",active,,", ",replaced,1.014061,")
        if line.startswith("1.116410,")
        else line
        for line in lines
    ]
    file.write_text("".join(lines), encoding="utf-8")
    circles = [mistake for mistake in _mistakes(content) if "leads back" in mistake]
    assert len(circles) == 2  # both procedures of the circle


def test_detailed_row_wins_over_its_index_row(content: Path) -> None:
    index = content / "national_procedures.csv"
    url = "https://dichvucong.gov.vn/x"
    with index.open("a", encoding="utf-8") as file:
        file.write(f"1.001193,Tên khác,,,Hộ tịch,{url}\n")
    procedures = read_packs(content).procedures
    names = [row["name"] for row in procedures if row["code"] == "1.001193"]
    assert names == ["Thủ tục đăng ký khai sinh"]
