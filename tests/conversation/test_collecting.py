"""Stories of pictures and files: fetched from Zalo's hosts, kept, or kindly refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from sqlmodel import select

from bot.conversation.collecting import Collector
from bot.duties.fetching import Fetched, Refusal, Refused
from bot.files import Files
from models import EvidenceKind, Proof, ProofState, StoredFile
from tests.chat import Chat, Town
from tests.conversation.test_submitting import RADIO, placed, proofs

ID_CARD = "012345678901|123456789|NGUYEN VAN A|01011990|Nam|Xa A|01012022"


def picture(tint: int = 40) -> bytes:
    """A picture with something on it."""
    image = Image.radial_gradient("L").resize((640, 480)).convert("RGB")
    image.paste((tint, 120, 200), (60, 60, 300, 200))
    return png(image)


def id_card() -> bytes:
    code = zxingcpp.create_barcode(ID_CARD, zxingcpp.BarcodeFormat.QRCode)
    drawn = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=6))
    image = Image.new("RGB", (900, 600), (230, 230, 240))
    image.paste(drawn.convert("RGB"), (100, 100))
    return png(image)


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def collect(town: Town, chat: Chat) -> list[str]:
    """All that is due is fetched; what the person hears of it."""
    before = len(chat.bubbles())
    while town.worker.crews["collector"]():
        pass
    chat.drain()
    return [b["text"] for b in chat.bubbles()[before:] if b["from"] == "oa"]


def files_on_disk(folder: Path) -> Sequence[Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


# --- kept ---------------------------------------------------------------------------------


def test_a_picture_is_fetched_and_kept_by_its_digest(lan: Chat, town: Town) -> None:
    lan.uploads("lich.png", picture(), "lịch phát thanh")
    assert collect(town, lan) == []
    (proof,) = proofs(town)
    assert placed(town) == [f"{RADIO} 2026-W48 received"]
    assert proof.file_sha256
    assert (proof.media_url, proof.media_due_at) == (None, None)
    assert Files(town.settings.data_dir).read(proof.file_sha256) == picture()
    with town.database.reading() as session:
        stored = session.scalars(select(StoredFile)).one()
    assert (stored.media_type, stored.size_bytes) == ("image/png", len(picture()))


def test_until_it_is_here_nobody_checks_it(lan: Chat, town: Town) -> None:
    lan.uploads("lich.png", picture(), "loa")
    assert not town.worker.crews["checker"]()
    collect(town, lan)
    assert town.worker.crews["checker"]()


def test_two_pictures_are_two_files(lan: Chat, town: Town) -> None:
    lan.uploads("1.png", picture(40), "loa")
    lan.uploads("2.png", picture(90), "loa")
    collect(town, lan)
    assert len({proof.file_sha256 for proof in proofs(town)}) == 2


# --- refused --------------------------------------------------------------------------------


def test_the_code_of_an_id_card_is_refused_and_nothing_of_it_is_kept(
    lan: Chat, town: Town
) -> None:
    lan.uploads("the.png", id_card(), "loa")
    (said,) = collect(town, lan)
    assert "đã xóa ngay" in said
    (proof,) = proofs(town)
    assert (proof.state, proof.reason) == (ProofState.FAILED, "id_card")
    assert (proof.media_url, proof.file_sha256, proof.title) == (None, None, "")
    assert files_on_disk(town.settings.data_dir) == []


def test_a_file_of_an_unknown_kind_is_refused(lan: Chat, town: Town) -> None:
    lan.uploads("bai.exe", b"MZ\x90\x00 program", "loa")
    (said,) = collect(town, lan)
    assert "chưa nhận được" in said
    assert files_on_disk(town.settings.data_dir) == []


def test_media_of_foreign_hosts_are_never_fetched(lan: Chat, town: Town) -> None:
    lan.sends(image="http://169.254.169.254/latest/meta-data", text="loa")
    (said,) = collect(town, lan)
    assert "không tải được" in said
    assert placed(town) == [f"{RADIO} 2026-W48 failed"]


# --- a host that is away ----------------------------------------------------------------------


class Flaky:
    """A media host that is away for so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    def fetch(self, url: str, kind: EvidenceKind) -> Fetched | Refused:
        self.asked += 1
        if self.asked <= self.times:
            return Refused(Refusal.UNREACHABLE, url)
        return Fetched(url, "image/png", picture())


def collector(town: Town, host: Flaky) -> Collector:
    worker = town.worker.conversations
    return Collector(
        town.database, worker.clock, worker.texts, Files(town.settings.data_dir),
        host.fetch, town.settings.zone,
    )  # fmt: skip


def test_a_host_that_is_away_is_asked_again_later(lan: Chat, town: Town) -> None:
    lan.uploads("lich.png", picture(), "loa")
    host = Flaky(times=2)
    crew = collector(town, host)
    assert crew.run_once()
    assert not crew.run_once()  # not at once
    lan.post_control("/clock", {"move_seconds": 6})
    assert crew.run_once()
    lan.post_control("/clock", {"move_seconds": 11})
    assert crew.run_once()
    assert host.asked == 3
    assert proofs(town)[0].file_sha256


def test_a_host_that_stays_away_is_given_up_and_the_person_told(
    lan: Chat, town: Town
) -> None:
    lan.uploads("lich.png", picture(), "loa")
    crew = collector(town, Flaky(times=99))
    for _ in range(20):
        crew.run_once()
        lan.post_control("/clock", {"move_seconds": 300})
    lan.drain()
    assert "không tải được" in lan.last_from_bot()["text"]
    assert proofs(town)[0].state == ProofState.FAILED


def test_what_a_dead_worker_had_in_hand_is_fetched_by_another(
    lan: Chat, town: Town
) -> None:
    lan.uploads("lich.png", picture(), "loa")
    with town.database.writing() as session:  # claimed, then killed
        proof = session.get_one(Proof, 1)
        now = town.worker.conversations.clock.now()
        proof.media_due_at, proof.media_attempts = now + timedelta(minutes=2), 1
    crew = collector(town, Flaky(times=0))
    assert not crew.run_once()
    lan.post_control("/clock", {"move_seconds": 121})
    assert crew.run_once()
    assert proofs(town)[0].file_sha256


def test_what_was_withdrawn_while_it_was_fetched_is_not_kept(
    lan: Chat, town: Town
) -> None:
    lan.uploads("lich.png", picture(), "loa")

    class Slow(Flaky):
        def fetch(self, url: str, kind: EvidenceKind) -> Fetched | Refused:
            lan.says("rút")
            return super().fetch(url, kind)

    collector(town, Slow(times=0)).run_once()
    (proof,) = proofs(town)
    assert (proof.state, proof.file_sha256) == (ProofState.WITHDRAWN, None)
