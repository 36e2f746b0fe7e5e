"""The command line as an operator uses it: real processes, real files."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.catalogue.catalogue import Catalogue
from bot.db import Database
from bot.people.invitation_codes import find_code
from bot.settings import Settings
from commands import COMMANDS
from models import Account
from tests.chat import lend_index
from tests.warm import run_command

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs/examples"
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
        environment = self.environment | {"CONTENT_DIR": str(ROOT / "content")} | more
        # no .env of a developer is picked up in that folder
        return run_command(arguments, environment, self.folder)

    def lines(self, *arguments: str) -> list[str]:
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def office(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"))
    lend_index(catalogue, made.folder)
    assert made.lines("migrate")
    return made


def test_the_containers_run_commands_and_settings_that_exist() -> None:
    composed = (EXAMPLES / "compose.yaml").read_text(encoding="utf-8")
    program, services = composed.split("\nservices:\n")
    run = re.findall(r'"app\.py", "([a-z-]+)"', services)
    assert run == ["migrate", "web", "worker"]
    assert set(run) <= {command.name for command in COMMANDS}
    given = re.findall(r"^    ([A-Z_]+):", program, re.MULTILINE)
    assert given == ["DATABASE_URL", "DATA_DIR", "HOST", "PORT"]
    assert {name.lower() for name in given} <= set(Settings.model_fields)
    packed = (EXAMPLES / "Dockerfile.dockerignore").read_text().split()
    assert {".env", "data", ".git"} <= set(packed)  # no secret enters an image


def test_migrating_and_loading_again_change_nothing(office: Office) -> None:
    again = office.lines("migrate")
    assert again[0].startswith("schema: 0")
    assert again[1:] == office.lines("load-content")
    assert len(again) == 13
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


def test_a_database_that_is_away_is_one_line_for_the_worker(office: Office) -> None:
    ended = office.run(
        "worker",
        DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        SECRET_KEY="k" * 48,
        ZALO_APP_ID="1",
        ZALO_APP_SECRET="s",
        ZALO_OA_SECRET_KEY="s",
    )
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith("error: DATABASE_URL: ")


def test_a_database_of_an_older_program_is_refused_in_one_line(tmp_path: Path) -> None:
    ended = Office(tmp_path).run("load-content")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "migrate" in line


def test_an_invitation_is_printed_with_its_end(office: Office) -> None:
    code, about = office.lines("invite", "--unit", "xa_can_duoc", "--role", "leader")
    assert find_code(code) == code
    assert about.startswith("leader of Xã Cần Đước; until 20")


def test_an_invitation_to_nowhere_is_one_line_with_what_was_meant(
    office: Office,
) -> None:
    ended = office.run("invite", "--unit", "xa_can_doc", "--role", "official")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "xa_can_duoc" in line


def test_the_example_list_of_officials_can_be_imported(
    office: Office, tmp_path: Path
) -> None:
    file, codes = str(EXAMPLES / "officials.csv"), tmp_path / "codes.csv"
    shown = office.lines("import", "officials", file, "--dry-run")
    assert "4 added" in shown[0]
    taken = office.lines("import", "officials", file, "--codes", str(codes))
    assert taken[:-1] == shown
    assert len(codes.read_text(encoding="utf-8-sig").splitlines()) == 5
    assert "4 unchanged" in office.lines("import", "officials", file)[0]


@pytest.mark.parametrize("kind", ["merge", "split", "rename"])
def test_the_examples_of_changes_of_the_map_can_be_looked_at(
    office: Office, kind: str
) -> None:
    file = str(EXAMPLES / f"units-{kind}.toml")
    shown = office.lines("units", kind, file, "--dry-run")
    assert shown[0].startswith(f"{kind}: ")
    assert office.lines("units", kind, file, "--dry-run") == shown


def test_the_audit_is_verified_and_shows_its_last_hash(office: Office) -> None:
    office.lines("invite", "--unit", "xa_can_duoc", "--role", "leader")
    [line] = office.lines("audit", "verify")
    assert re.fullmatch(r"whole, up to [0-9a-f]{64}", line)


@pytest.mark.parametrize("command", ["forget", "export"])
def test_nobodys_data_are_said_to_be_nobodys(office: Office, command: str) -> None:
    ended = office.run(command, "--user", "7263549817263540101")
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert "nobody" in line


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


def test_paid_sends_are_allowed_by_command_and_shown(office: Office) -> None:
    refused = office.run(
        "oa", "budget", "4071", "--lane", "reply", "--monthly-vnd", "1"
    )
    assert refused.returncode == 2
    assert refused.stderr == "error: 4071: no such account is connected\n"
    database = Database(office.environment["DATABASE_URL"])
    with database.writing() as session:
        session.add(Account(oa_id="4071", created_at=datetime.now(UTC)))
    database.close()
    assert office.lines("oa", "budget", "4071")[0].startswith(
        "reply\tpaid sends are off"
    )
    lines = office.lines(
        "oa", "budget", "4071", "--lane", "reply", "--monthly-vnd", "200000"
    )
    assert lines[:2] == [
        "0 parked messages may leave now",
        "reply\t0 of 200000 VND this month",
    ]
    alone = office.run("oa", "budget", "4071", "--lane", "reply")
    assert "--lane and --monthly-vnd belong together" in alone.stderr


# --- duties and reports ---------------------------------------------------------------


def test_a_week_is_reported_as_json_and_as_a_file(office: Office) -> None:
    file = office.folder / "week.xlsx"
    out = office.lines("report", "--week", "2026-W47", "--json", "--out", str(file))
    said = json.loads("\n".join(out))
    assert said["period"] == "2026-W47"
    assert len(said["cells"]) == 18  # six communes: website, Zalo OA, loudspeakers
    assert file.read_bytes().startswith(b"PK")


def test_a_past_week_shows_the_units_of_that_week(office: Office) -> None:
    text = "\n".join(office.lines("report", "--week", "2025-W20"))
    assert "Thị trấn Cần Đước" in text
    assert "Huyện Cần Đước" in text
    assert "Xã Rạch Kiến" not in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--week", "2026-W54"), "--week '2026-W54'"),
        (("--week", "2026-11"), "is no week"),
        ((), "name one of: --week, --month"),
        (("--week", "2026-W47", "--month", "2026-11"), "name one of"),
        (("--week", "2025-W40"), "no plan is in force in 2025-W40"),
        (("--week", "2026-W47", "--version", "2"), "no version 2"),
    ],
)
def test_a_period_that_cannot_be_reported_is_named_in_one_line(
    office: Office, arguments: tuple[str, ...], reason: str
) -> None:
    ended = office.run("report", *arguments)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert reason in line


def test_an_unassigned_duty_is_given_and_taken_back(office: Office) -> None:
    duty = ("II-2.1b", "xa_can_duoc", "--plan", "2026")
    office.lines("duties", "assign", *duty, "--from", "2026-11-30")
    week = json.loads(office.lines("report", "--week", "2026-W49", "--json")[0])
    assert len(week["cells"]) == 19
    twice = office.run("duties", "assign", *duty, "--from", "2026-12-07")
    assert (twice.returncode, "already" in twice.stderr) == (2, True)
    office.lines("duties", "end", *duty, "--until", "2026-11-30")
    week = json.loads(office.lines("report", "--week", "2026-W49", "--json")[0])
    assert len(week["cells"]) == 18
    listed = office.lines("duties", "list", "--plan", "2026")
    assert any("II-3.1b" in line and line.endswith("nobody") for line in listed)


# --- the clock's jobs -----------------------------------------------------------------------

KEYS = {
    "SECRET_KEY": "k" * 48,
    "ZALO_APP_ID": "1",
    "ZALO_APP_SECRET": "a" * 20,
    "ZALO_OA_SECRET_KEY": "o" * 20,
}


def test_a_job_runs_by_hand_once_and_the_list_knows(office: Office) -> None:
    first, again = (
        office.run(
            "jobs", "run", "housekeeping.prune", "--at", "2026-11-16T10:00", **KEYS
        )
        for _ in range(2)
    )
    assert first.stdout.startswith("housekeeping.prune of 2026-11-16: done:"), (
        first.stderr
    )
    assert "already done" in again.stdout
    listed = json.loads(office.run("jobs", "list", "--json", **KEYS).stdout)
    job = next(one for one in listed if one["name"] == "housekeeping.prune")
    assert (job["state"], job["error"]) == ("done", None)
    assert job["next_at"] > job["last_started_at"]
    assert any(
        line.startswith("alarms.tell\tnever") for line in office.lines("jobs", "list")
    )
    wrong = office.run("jobs", "run", "housekeeping", **KEYS)
    assert wrong.returncode == 2
    assert "did you mean housekeeping.prune" in wrong.stderr
