"""The command line as an operator uses it: real processes, real files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = {"answered", "choice", "not_found", "out_of_scope"}


class Office:
    """A fresh installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "PYTHONIOENCODING": "utf-8",
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "app.py"), *arguments],
            cwd=self.folder,  # no .env of a developer is picked up here
            env=self.environment | {"CONTENT_DIR": str(ROOT / "content")} | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def lines(self, *arguments: str) -> list[str]:
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"))
    assert made.lines("migrate")
    return made


def test_migrating_and_loading_again_change_nothing(office: Office) -> None:
    again = office.lines("migrate")
    assert again[0].startswith("schema: 0")
    assert again[1:] == office.lines("load-content")
    assert len(again) == 9
    assert all(" 0 added, 0 updated, 0 moved, 0 removed" in line for line in again[1:])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_import_shows_the_change_first_and_makes_it_once(
    office: Office, tmp_path: Path, kind: str
) -> None:
    note = f"Bộ phận một cửa đổi giờ ({kind})"
    file = _table(tmp_path / f"services.{kind}", [["code", "note"], ["1.004194", note]])
    shown = office.lines("import", "services", str(file), "--dry-run")
    assert any("1.004194" in line for line in shown)
    assert any(note in line for line in shown)
    assert office.lines("import", "services", str(file)) == shown
    after = office.lines("import", "services", str(file), "--dry-run")
    assert not any(note in line for line in after)


def test_a_bad_file_is_one_line_with_its_place_and_changes_nothing(
    office: Office, tmp_path: Path
) -> None:
    rows = [["code", "note"], ["1.004194", "tốt"], ["không phải mã", "hỏng"]]
    file = _table(tmp_path / "services.csv", rows)
    ended = office.run("import", "services", str(file))
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "services.csv:3" in line
    assert "code" in line
    good = _table(tmp_path / "good.csv", rows[:2])
    assert any(
        "tốt" in x for x in office.lines("import", "services", str(good), "--dry-run")
    )


def test_ask_answers_in_plain_text(office: Office) -> None:
    assert any("khai sinh" in line for line in office.lines("ask", "lam khai sinh"))


def test_ask_as_json_has_exactly_the_promised_fields(office: Office) -> None:
    [line] = office.lines("ask", "lệ phí đăng ký kết hôn", "--json")
    found = json.loads(line)
    assert list(found) == ["query", "outcome", "results", "replies"]
    assert found["query"] == "lệ phí đăng ký kết hôn"
    assert found["outcome"] in OUTCOMES
    assert 1 <= len(found["results"]) <= 10
    for result in found["results"]:
        assert list(result) == ["kind", "id", "title", "score", "asked_for"]
    assert found["results"][0]["id"] == "1.000894"
    assert all(isinstance(reply, str) and reply for reply in found["replies"])


def test_a_batch_gives_one_line_a_question_in_order(
    office: Office, tmp_path: Path
) -> None:
    asked = [
        "đăng ký khai sinh",
        "749",
        "14119/KH-UBND",
        "1.014061",
        "chiều nay mưa không",
        'dấu " ngoặc \\ và 🌧️',
        "khai tử và kết hôn",
    ]
    file = tmp_path / "questions.tsv"
    file.write_text("".join(f"{one}\tbỏ qua\n" for one in asked), encoding="utf-8")
    found = [
        json.loads(one) for one in office.lines("ask", "--batch", str(file), "--json")
    ]
    assert [one["query"] for one in found] == asked
    by_query = {one["query"]: one for one in found}
    assert by_query["749"]["results"][0]["id"] == "749/QĐ-TTg"
    assert by_query["14119/KH-UBND"]["outcome"] == "choice"
    assert {r["id"] for r in by_query["14119/KH-UBND"]["results"][:2]} == {
        "14119/KH-UBND@2024-03-07",
        "14119/KH-UBND@2024-10-23",
    }
    replaced = by_query["1.014061"]["results"][0]
    assert (replaced["id"], replaced["asked_for"]) == ("1.116410", "1.014061")
    assert by_query["chiều nay mưa không"]["outcome"] == "out_of_scope"
    assert by_query["chiều nay mưa không"]["results"] == []
    assert [r["id"] for r in by_query["khai tử và kết hôn"]["results"][:2]] == [
        "1.000656",
        "1.000894",
    ]


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
@pytest.mark.parametrize("missing", ["SECRET_KEY", "ZALO_OA_SECRET_KEY"])
def test_serving_without_a_secret_is_refused_in_one_line(
    office: Office, command: str, missing: str
) -> None:
    given = {
        "SECRET_KEY": "k" * 48,
        "ZALO_APP_ID": "1",
        "ZALO_APP_SECRET": "s",
        "ZALO_OA_SECRET_KEY": "o",
    }
    del given[missing]
    ended = office.run(command, **given)
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert missing in line


def test_a_database_of_an_older_program_is_refused_in_one_line(tmp_path: Path) -> None:
    ended = Office(tmp_path).run("load-content")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "migrate" in line


def _table(file: Path, rows: list[list[str]]) -> Path:
    if file.suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
        book.save(file)
        return file
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return file
