"""Pictures and files: kept by content, uploaded once, sent once in effect."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.channel import outbox
from bot.channel.assets import Asset, AssetError, AssetKind, keep_asset
from bot.channel.inbound import text_digest
from bot.channel.outbox import Button, Outgoing
from bot.channel.outgoing import from_json
from bot.channel.sender import LEASE
from bot.files import Files, FileType, type_of
from models import Account, ApiGeneration, Lane, OutboxMessage, UploadedAsset
from tests.channel.test_with_simulator import BUSINESS, GOVERNMENT, PEOPLE, Office
from tests.channel.test_with_simulator import office as office  # a fixture

PNG = b"\x89PNG\r\n\x1a\n" + b"so do" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"anh" * 20
GIF = b"GIF89a" + (120).to_bytes(2, "little") + (80).to_bytes(2, "little") + b";"
PDF = b"%PDF-1.7 phieu"
DOC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le")
MIB = 1024 * 1024
# Anh Minh and Chị Lan, who follow the government account like Bà Tám.
FOLLOWERS = ("7263549817263540101", "7263549817263540102", "7263549817263540104")


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return packed.getvalue()


DOCX = zipped("[Content_Types].xml", "word/document.xml")


# --- what is kept ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PNG, FileType.PNG),
        (JPEG, FileType.JPEG),
        (GIF, FileType.GIF),
        (PDF, FileType.PDF),
        (DOC, FileType.DOC),
        (DOCX, FileType.DOCX),
        (zipped("xl/workbook.xml"), FileType.XLSX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Workbook", None),
        (b"PK\x03\x04 broken", None),
        (b"MZ program", None),
        (b"", None),
    ],
)
def test_type_is_read_from_the_bytes(content: bytes, found: FileType | None) -> None:
    assert type_of(content) == found


def test_same_bytes_are_kept_once_and_read_back(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = files.keep(PDF)
    assert files.keep(PDF) == digest
    assert files.read(digest) == PDF
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert kept == [files.path(digest)]


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "a" * 63])
def test_only_a_digest_leads_to_a_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        Files(tmp_path).path(digest)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"MZ", "unknown_type"),
        (PNG + b"x" * MIB, "too_big"),
        (GIF + b"x" * 5 * MIB, "too_big"),
        (PDF + b"x" * 5 * MIB, "too_big"),
        (zipped("xl/workbook.xml"), "unknown_type"),
    ],
)
def test_what_zalo_refuses_is_not_kept(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    with pytest.raises(AssetError) as caught:
        keep_asset(Files(tmp_path), content, "a.pdf")
    assert caught.value.problem == problem
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("phiếu hẹn.pdf", "phiếu hẹn.pdf"),
        ("C:\\tmp\\mau.exe", "mau.exe.pdf"),
        ("../../x/", "x.pdf"),
        ("n" * 300, "n" * 80 + ".pdf"),
    ],
)
def test_a_file_shows_a_bare_name_with_its_true_ending(
    tmp_path: Path, name: str, shown: str
) -> None:
    asset = keep_asset(Files(tmp_path), PDF, name)
    assert (asset.name, asset.kind) == (shown, AssetKind.FILE)


# --- how a message is laid out -------------------------------------------------------------------


def asset_of(office: Office, content: bytes, name: str = "") -> Asset:
    return keep_asset(office.files, content, name)


def rows(office: Office) -> list[OutboxMessage]:
    with office.database.reading() as session:
        query = select(OutboxMessage).order_by(col(OutboxMessage.id))
        return list(session.exec(query))


def layout(office: Office) -> list[tuple[str, str | None, int]]:
    found = [from_json(row.content) for row in rows(office)]
    return [
        (one.text, one.asset.kind if one.asset else None, len(one.buttons))
        for one in found
    ]


@pytest.mark.parametrize(
    ("content", "text", "buttons", "expected"),
    [
        (PNG, "", 0, [("", "image", 0)]),
        (PNG, "Sơ đồ", 0, [("Sơ đồ", "image", 0)]),
        (PNG, "Chọn", 1, [("", "image", 0), ("Chọn", None, 1)]),
        (PDF, "Mẫu đơn", 0, [("Mẫu đơn", None, 0), ("", "file", 0)]),
        (GIF, "", 0, [("", "gif", 0)]),
    ],
)
def test_picture_takes_a_caption_and_a_file_travels_alone(
    office: Office, content: bytes, text: str, buttons: int, expected: list[Any]
) -> None:
    asset = asset_of(office, content, "mau.pdf")
    press = (Button("Tiếp", "#more"),) * buttons
    office.writes(BUSINESS, Outgoing(text, press, asset=asset))
    assert layout(office) == expected


def test_long_text_goes_behind_its_picture(office: Office) -> None:
    text = "\n\n".join(["giấy tờ " * 150] * 3)
    office.writes(BUSINESS, Outgoing(text, asset=asset_of(office, PNG)))
    kinds = [kind for _, kind, _ in layout(office)]
    assert kinds == ["image", None, None, None]


# --- sent ------------------------------------------------------------------------------------------


def ledger(office: Office) -> list[tuple[str, str]]:
    found = office.control("GET", "/ledger")["rows"]
    return [(row["kind"], row["text"]) for row in found]


def uploads(office: Office) -> int:
    calls = office.control("GET", "/calls")["calls"]
    return sum("/upload/" in call["path"] for call in calls)


@pytest.mark.parametrize("oa_id", PEOPLE)
def test_picture_gif_and_file_reach_both_kinds_of_account(
    office: Office, oa_id: str
) -> None:
    for content, text in ((PNG, "Sơ đồ"), (GIF, ""), (PDF, "Mẫu đơn")):
        asset = asset_of(office, content, "mau-don.pdf")
        office.writes(oa_id, Outgoing(text, asset=asset))
    office.sender.run_once()
    assert ledger(office) == [
        ("image", "Sơ đồ"), ("gif", ""), ("text", "Mẫu đơn"), ("file", ""),
    ]  # fmt: skip
    assert {row.status for row in rows(office)} == {"sent"}
    assert uploads(office) == 3
    learned = ApiGeneration.V2 if oa_id == GOVERNMENT else ApiGeneration.V3
    assert office.account(oa_id).api_generation == learned


def test_same_picture_is_uploaded_once_for_each_account(office: Office) -> None:
    picture = asset_of(office, PNG)
    for _ in range(3):
        for oa_id in PEOPLE:
            office.writes(oa_id, Outgoing("", asset=picture))
    office.sender.run_once()
    office.later(seconds=2)
    assert [kind for kind, _ in ledger(office)] == ["image"] * 6
    assert uploads(office) == 2


def test_threads_that_need_the_same_picture_wait_for_one_upload(office: Office) -> None:
    """Many people, one picture, all at once: the others come back a moment later."""
    picture = asset_of(office, PNG)
    office.control("POST", "/faults", kind="latency", times=1, path="upload", ms=300)
    for user_id in FOLLOWERS:
        office.writes_to(
            office.contact(GOVERNMENT, user_id), Outgoing("", asset=picture)
        )
    office.sender.run_once()
    waiting = [row for row in rows(office) if row.reason == "uploading"]
    assert waiting
    assert {row.attempts for row in waiting} == {0}
    office.later(seconds=2)
    assert {row.status for row in rows(office)} == {"sent"}
    assert uploads(office) == 1


def test_upload_older_than_zalo_keeps_it_is_made_again(office: Office) -> None:
    picture = asset_of(office, PNG)
    office.writes(BUSINESS, Outgoing("một", asset=picture))
    office.sender.run_once()
    office.later(days=8)
    office.reaches_again(BUSINESS)
    office.writes(BUSINESS, Outgoing("hai", asset=picture))
    office.sender.run_once()
    assert [text for _, text in ledger(office)] == ["một", "hai"]
    assert uploads(office) == 2
    assert len(office.calls(BUSINESS)) == 2  # Zalo never had to refuse the old one


@pytest.mark.parametrize("code", [-100, -238, -241])
def test_upload_that_zalo_calls_used_up_is_made_again(
    office: Office, code: int
) -> None:
    picture = asset_of(office, PNG)
    office.writes(BUSINESS, Outgoing("một", asset=picture))
    office.sender.run_once()
    office.control("POST", "/faults", kind="error", code=code, times=1, path="message")
    office.writes(BUSINESS, Outgoing("hai", asset=picture))
    office.sender.run_once()
    assert [text for _, text in ledger(office)] == ["một", "hai"]
    assert uploads(office) == 2
    with office.database.reading() as session:
        [known] = session.exec(select(UploadedAsset)).all()
    assert known.handle is not None


def test_upload_whose_answer_is_lost_is_repeated_and_the_message_sent_once(
    office: Office,
) -> None:
    office.control("POST", "/faults", kind="cut", times=1, path="upload")
    office.writes(BUSINESS, Outgoing("sơ đồ", asset=asset_of(office, PNG)))
    office.sender.run_once()
    assert rows(office)[0].status == "waiting"
    office.later(seconds=3)
    assert ledger(office) == [("image", "sơ đồ")]


def test_missing_file_is_refused_with_its_reason(office: Office) -> None:
    gone = Asset("0" * 64, "mau.pdf", AssetKind.FILE)
    office.writes(BUSINESS, Outgoing("", asset=gone))
    office.sender.run_once()
    assert (rows(office)[0].status, rows(office)[0].reason) == (
        "refused",
        "file_missing",
    )


# --- once in effect ---------------------------------------------------------------------------------


@pytest.mark.parametrize("oa_id", PEOPLE)
@pytest.mark.parametrize("content", [PNG, GIF, PDF])
def test_lost_answer_of_an_asset_is_found_in_the_history(
    office: Office, oa_id: str, content: bytes
) -> None:
    known = ApiGeneration.V2 if oa_id == GOVERNMENT else ApiGeneration.V3
    with office.database.writing() as session:
        session.get_one(Account, oa_id).api_generation = known
    office.control(
        "POST", "/faults", kind="cut_after_delivery", times=1, path="message"
    )
    asset = asset_of(office, content, "mau.pdf")
    office.writes(oa_id, Outgoing("", asset=asset))
    office.writes(oa_id, Outgoing("", asset=asset))
    office.sender.run_once()
    assert rows(office)[0].status == "sending"
    office.later(seconds=16)
    assert len(ledger(office)) == 2
    assert rows(office)[0].reason == "confirmed_by_history"
    assert {row.status for row in rows(office)} == {"sent"}


def test_lost_picture_is_not_mistaken_for_another_with_its_own_caption(
    office: Office,
) -> None:
    first, second = asset_of(office, PNG), asset_of(office, JPEG)
    office.writes(BUSINESS, Outgoing("một", asset=first))
    office.sender.run_once()
    office.control("POST", "/faults", kind="cut", times=1, path="message")
    office.writes(BUSINESS, Outgoing("hai", asset=second))
    office.sender.run_once()
    office.later(seconds=16)
    assert [text for _, text in ledger(office)] == ["một", "hai"]


def test_lost_picture_is_not_mistaken_for_a_file(office: Office) -> None:
    office.writes(BUSINESS, Outgoing("", asset=asset_of(office, PDF, "mau.pdf")))
    office.sender.run_once()
    office.control("POST", "/faults", kind="cut", times=1, path="message")
    office.writes(BUSINESS, Outgoing("", asset=asset_of(office, PNG)))
    office.sender.run_once()
    office.later(seconds=16)
    assert [kind for kind, _ in ledger(office)] == ["file", "image"]


def test_picture_sent_by_hand_with_another_caption_proves_nothing(
    office: Office,
) -> None:
    office.control("POST", "/faults", kind="cut", times=1, path="message")
    office.writes(BUSINESS, Outgoing("sơ đồ", asset=asset_of(office, PNG)))
    office.sender.run_once()
    token = office.accounts.valid_token(BUSINESS)
    handle = office.client.upload_image(token, "tay.jpg", JPEG)
    office.client.send_image(
        token, PEOPLE[BUSINESS], attachment_id=handle, caption="của cán bộ"
    )
    office.later(seconds=16)
    assert [text for _, text in ledger(office)] == ["của cán bộ", "sơ đồ"]


def test_echo_confirms_a_picture_by_kind_and_caption(office: Office) -> None:
    office.control(
        "POST", "/faults", kind="cut_after_delivery", times=1, path="message"
    )
    office.writes(BUSINESS, Outgoing("sơ đồ", asset=asset_of(office, PNG)))
    office.sender.run_once()

    def echo(text: str | None, attachment: str | None) -> bool:
        digest = text_digest(text) if text else None
        with office.database.writing() as session:
            return outbox.note_echo(
                session, BUSINESS, PEOPLE[BUSINESS], "m-1", digest,
                office.clock.now(), attachment,
            )  # fmt: skip

    assert not echo("sơ đồ", None)
    assert not echo(None, "file")
    assert not echo("khác", "image")
    assert echo("sơ đồ", "image")
    assert (rows(office)[0].status, rows(office)[0].reason) == (
        "sent",
        "confirmed_by_echo",
    )


def test_uploader_that_died_keeps_nobody_waiting_for_ever(office: Office) -> None:
    picture = asset_of(office, PNG)
    with office.database.writing() as session:
        session.add(
            UploadedAsset(
                oa_id=BUSINESS,
                digest=picture.digest,
                name=picture.name,
                lease_until=office.clock.now() + timedelta(seconds=45),
            )
        )
    office.writes(BUSINESS, Outgoing("", asset=picture), lane=Lane.REMINDER)
    office.sender.run_once()
    assert rows(office)[0].reason == "uploading"
    office.later(seconds=LEASE.total_seconds())
    assert [kind for kind, _ in ledger(office)] == ["image"]
