"""Stories through the chat: a proof is sent, checked against real pages, and told about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, select

from bot.catalogue.catalogue import Catalogue
from bot.people import audit
from models import Channel, OutboxMessage, Proof, ProofCheck, Role, UnitChannel
from tests.chat import Chat, Town, town_from
from tests.conversation.test_collecting import collect, picture, png
from tests.conversation.test_officials import CAN_DUOC, PROVINCE, TAN_LAN, Office
from tests.conversation.test_submitting import RADIO, WEB, WEDNESDAY, placed, proofs
from tests.proofs.site import Page, Site, moved

OWN, NEIGHBOUR, STRANGER = "canduoc.test", "tanlan.test", "bao-moi.test"
DAY = 24 * 3600
FILLER = [
    "bà",
    "con",
    "trong",
    "ấp",
    "cùng",
    "nhau",
    "học",
    "cách",
    "làm",
    "mới",
    "cán",
    "bộ",
    "hướng",
    "dẫn",
    "tận",
    "nhà",
    "buổi",
    "sáng",
    "chiều",
    "tối",
    "năm",
    "nay",
    "mùa",
    "lúa",
    "trường",
    "văn",
    "hóa",
    "tổ",
    "dân",
    "phố",
    "đoàn",
    "viên",
    "hội",
    "phụ",
    "nữ",
    "nông",
    "cụ",
    "già",
    "trẻ",
    "em",
]


@pytest.fixture
def town(
    morning: Path, catalogue: Catalogue, tmp_path: Path, names: dict[str, str]
) -> Iterator[Town]:
    """As ever, and the checks may read the sites of this machine."""
    with town_from(
        morning, catalogue, tmp_path, proof_allow_private_hosts=True
    ) as opened:
        with opened.database.writing() as session:
            for unit, host in ((CAN_DUOC, OWN), (TAN_LAN, NEIGHBOUR)):
                session.add(
                    UnitChannel(
                        id=f"{unit}:web",
                        unit_code=unit,
                        channel=Channel.WEBSITE,
                        address=host,
                    )
                )
        opened.chat_of("chi-lan").post_control("/clock", {"set": WEDNESDAY})
        yield opened


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town)


@pytest.fixture
def lan(office: Office) -> Chat:
    return office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), name="Nguyễn Thị Lan")


@pytest.fixture
def sau(office: Office) -> Chat:
    return office.phone_of("ong-sau", (PROVINCE, Role.SUPERVISOR), name="Lê Văn Sáu")


def article(
    number: int = 1,
    day: str | None = "2026-11-24T08:00:00+07:00",
    title: str = "Tổ công nghệ số đến từng nhà",
) -> str:
    """A page of an office; each number has words of its own."""
    meta = f'<meta property="article:published_time" content="{day}">' if day else ""
    drawn = random.Random(number)
    lines = "".join(
        f"<p>{' '.join(drawn.choices(FILLER, k=25))} nộp hồ sơ trực tuyến.</p>"
        for _ in range(8)
    )
    return (
        f"<html><head><title>{title} {number}</title>{meta}</head>"
        f"<body><article><h1>{title} {number}</h1>{lines}</article></body></html>"
    )


def another_picture() -> bytes:
    image = Image.linear_gradient("L").rotate(30).resize((640, 480)).convert("RGB")
    image.paste((200, 30, 30), (400, 250, 600, 460))
    return png(image)


def check(town: Town, chat: Chat) -> list[str]:
    """All that waits is checked and told; what this person hears."""
    before = len(chat.bubbles())
    while town.worker.crews["checker"]():
        pass
    while town.worker.crews["teller"]():
        pass
    chat.drain()
    return [b["text"] for b in chat.bubbles()[before:] if b["from"] == "oa"]


def proves(town: Town, chat: Chat, url: str, words: str = "2.2 trang web") -> str:
    """Sent for the website of this week, and checked."""
    (receipt,) = chat.says(f"{words} {url}")
    assert "Em đang kiểm tra" in receipt, receipt
    (told,) = check(town, chat)
    return told


def states(town: Town) -> list[str]:
    return [one.state for one in proofs(town)]


# --- what counts at once --------------------------------------------------------------------


def test_a_new_clerk_has_a_counted_post_after_three_messages(
    office: Office, town: Town, site: Site
) -> None:
    first, second = (site.put(OWN, f"/tin/{n}", article(n)) for n in (1, 2))
    clerk = town.chat_of("chi-lan")
    clerk.says(office.code(name="Nguyễn Thị Lan"))
    (which,) = clerk.says(first)
    assert "của việc nào" in which
    clerk.says("1")
    (told,) = check(town, clerk)
    assert told == (
        "✓ Số 1 đã được tính: 2.2 Tin trên trang web và Zalo OA (trang web), "
        "tuần 48 (23/11–29/11)."
    )
    written = [one for one in clerk.bubbles() if one["from"] == "person"]
    assert len(written) <= 4
    clerk.says(f"2.2 {second}")
    clerk.says("tuần 48")
    assert "Số 2 đã được tính" in check(town, clerk)[0]
    written_then = [one for one in clerk.bubbles() if one["from"] == "person"]
    assert len(written_then) - len(written) <= 2
    assert states(town) == ["accepted", "accepted"]
    (proof, _) = proofs(town)
    assert (proof.decided_by, str(proof.published_on)) == ("rule", "2026-11-24")
    with town.database.reading() as session:
        assert audit.verify(session) is None


def test_several_at_once_are_told_in_one_message(
    lan: Chat, town: Town, site: Site
) -> None:
    links = [site.put(OWN, f"/tin/{n}", article(n)) for n in (1, 2)]
    dead = site.url(OWN, "/khong-co")
    lan.says(f"2.2 trang web {' '.join(links)} {dead}")
    (told,) = check(town, lan)
    assert told.startswith("✓ Số 1, 2 đã được tính")
    assert "✗ Số 3" in told
    assert "không thấy bài ở liên kết này" in told
    assert states(town) == ["accepted", "accepted", "failed"]


def test_without_the_rule_a_good_post_waits_for_the_supervisor(
    town: Town, lan: Chat, site: Site
) -> None:
    town.settings = town.settings.model_copy(update={"accept_ok_proofs": False})
    lan = town.restarted_chat("chi-lan")
    told = proves(town, lan, site.put(OWN, "/tin/1", article()))
    assert told == "Số 1: em kiểm tra thấy ổn, người theo dõi duyệt xong em báo."
    assert states(town) == ["ok"]


# --- what does not --------------------------------------------------------------------------


def test_a_link_of_a_wrong_site_does_not_count(
    lan: Chat, town: Town, site: Site
) -> None:
    told = proves(town, lan, site.put(STRANGER, "/tin/1", article()))
    assert "✗ Số 1 (liên kết bao-moi.test" in told
    assert "– không phải trang của đơn vị" in told
    assert "Anh/chị gửi bài trên trang của đơn vị mình." in told
    assert states(town) == ["failed"]


def test_a_link_of_another_unit_is_known_again(
    lan: Chat, office: Office, town: Town, site: Site
) -> None:
    hoa = office.phone_of("chi-hoa", (TAN_LAN, Role.OFFICIAL), name="Phạm Thị Hoa")
    link = site.put(NEIGHBOUR, "/tin/1", article())
    assert "✓ Số 1" in proves(town, hoa, link)
    again = site.put(NEIGHBOUR, "/tin/1?utm_source=zalo", article())
    told = proves(town, lan, again)
    assert "– Xã Tân Lân đã nộp bài này" in told
    assert states(town) == ["accepted", "failed"]


def test_a_dead_link_can_be_sent_anew(lan: Chat, town: Town, site: Site) -> None:
    told = proves(town, lan, site.url(OWN, "/khong-co"))
    assert "– không thấy bài ở liên kết này\nAnh/chị mở thử" in told
    assert "✓ Số 2" in proves(town, lan, site.put(OWN, "/tin/1", article()))
    assert proofs(town)[1].replaces_id == 1


def test_a_post_of_last_week_is_moved_and_counts_there(
    lan: Chat, town: Town, site: Site
) -> None:
    old = article(day="2026-11-18T08:00:00+07:00")
    told = proves(town, lan, site.put(OWN, "/tin/1", old))
    assert "– bài đăng ngày 18/11/2026, trước kỳ này" in told
    assert "nhắn SỬA" in told
    lan.says("sửa")
    lan.says("tuần trước")
    assert "✓ Số 1 đã được tính" in check(town, lan)[0]
    assert placed(town) == [f"{WEB} 2026-W47 accepted"]


def test_a_page_that_needs_javascript_is_doubtful_not_failed(
    lan: Chat, sau: Chat, town: Town, site: Site
) -> None:
    frame = "<html><body><div id=root></div><script src=/app.js></script></body></html>"
    told = proves(town, lan, site.put(OWN, "/tin/1", frame))
    assert "? Số 1" in told
    assert "em không đọc được" in told
    assert "Người theo dõi xem rồi em báo kết quả." in told
    assert states(town) == ["doubtful"]
    sau.says("duyệt")
    assert "– trang chỉ hiện nội dung trong trình duyệt" in sau.says("1")[0]


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/tin",
        "http://[::ffff:10.0.0.1]/",
        "https://may-trong.test@192.168.1.1/tin",
    ],
)
def test_a_private_address_is_never_read(lan: Chat, town: Town, link: str) -> None:
    told = proves(town, lan, link)
    assert "chưa tính được" in told
    assert states(town) == ["failed"]


def test_a_redirect_into_a_private_network_is_not_followed(
    lan: Chat, town: Town, site: Site
) -> None:
    link = site.put(OWN, "/tin/1", moved("http://10.0.0.1/"))
    assert "mạng nội bộ" in proves(town, lan, link)


def test_a_site_that_is_away_is_tried_again(lan: Chat, town: Town, site: Site) -> None:
    link = site.put(OWN, "/tin/1", Page("xin lỗi", status=503))
    told = proves(town, lan, link)
    assert "– trang đang bị lỗi\nEm sẽ thử mở lại" in told
    site.put(OWN, "/tin/1", article())
    assert check(town, lan) == []  # not before ten minutes have passed
    lan.post_control("/clock", {"move_seconds": 601})
    assert "✓ Số 1" in check(town, lan)[0]


# --- not links ------------------------------------------------------------------------------


def test_a_picture_alone_waits_and_one_of_a_broadcast_counts(
    lan: Chat, town: Town
) -> None:
    lan.uploads("bai.png", picture(40), "2.2 trang web")
    lan.uploads("loa.png", another_picture(), "lịch loa")
    collect(town, lan)
    told = "\n".join(check(town, lan))
    assert "việc này cần liên kết của bài" in told
    assert "Có liên kết của bài thì gửi vào đây" in told
    assert placed(town) == [f"{WEB} 2026-W48 doubtful", f"{RADIO} 2026-W48 accepted"]


def test_numbers_are_checked_without_a_page(lan: Chat, town: Town) -> None:
    lan.says("báo cáo 0")
    lan.says("1")
    (told,) = check(town, lan)
    assert "em kiểm tra thấy ổn" in told
    assert states(town) == ["ok"]


# --- later ----------------------------------------------------------------------------------


def test_what_disappears_counts_on_until_the_supervisor_has_decided(
    lan: Chat, sau: Chat, town: Town, site: Site
) -> None:
    link = site.put(OWN, "/tin/1", article())
    proves(town, lan, link)
    del site.pages[(OWN, "/tin/1")]
    lan.post_control("/clock", {"move_seconds": DAY + 60})
    (told,) = check(town, lan)
    assert "! Số 1" in told
    assert "đã được tính, nay:\n– không thấy bài ở liên kết này" in told
    assert placed(town) == [f"{WEB} 2026-W48 accepted"]
    sau.says("duyệt")
    (details,) = sau.says("1")
    assert "Bài này đang được tính." in details
    assert "1. Vẫn tính\n2. Không tính nữa" in details
    sau.says("2")
    sau.says("Bài đã bị gỡ khỏi trang")
    assert placed(town) == [f"{WEB} 2026-W48 rejected"]
    sau.says("hoàn tác")
    assert (proofs(town)[0].state, proofs(town)[0].reason) == (
        "accepted", "disappeared",
    )  # fmt: skip
    sau.says("duyệt")
    sau.says("1")
    sau.says("vẫn tính")
    assert (proofs(town)[0].state, proofs(town)[0].reason) == ("accepted", "")


def test_what_comes_back_needs_nobody(lan: Chat, town: Town, site: Site) -> None:
    link = site.put(OWN, "/tin/1", article())
    proves(town, lan, link)
    page = site.pages.pop((OWN, "/tin/1"))
    lan.post_control("/clock", {"move_seconds": DAY + 60})
    check(town, lan)
    assert proofs(town)[0].reason == "disappeared"
    site.pages[(OWN, "/tin/1")] = page
    lan.post_control("/clock", {"move_seconds": 6 * DAY})
    assert check(town, lan) == []
    assert proofs(town)[0].reason == ""


def test_who_withdrew_meanwhile_is_told_nothing(
    lan: Chat, town: Town, site: Site
) -> None:
    lan.says(f"2.2 trang web {site.url(OWN, '/khong-co')}")
    while town.worker.crews["checker"]():
        pass
    lan.says("rút")
    assert check(town, lan) == []
    with town.database.reading() as session:
        (check_row,) = session.scalars(select(ProofCheck))
        told = session.scalars(
            select(col(OutboxMessage.dedupe_key)).where(
                col(OutboxMessage.dedupe_key).startswith("checks:")
            )
        ).all()
    assert check_row.told_at is not None
    assert told == []


def test_nothing_of_a_person_is_kept_of_a_page(
    lan: Chat, town: Town, site: Site
) -> None:
    """ID numbers that a page shows are masked in what is kept of it."""
    body = article(title="Danh sách 079090001234 nhận hỗ trợ chuyển đổi số")
    proves(town, lan, site.put(OWN, "/tin/1", body))
    with town.database.reading() as session:
        assert "079090001234" not in session.scalars(select(col(Proof.title))).one()
    kept = [
        p.read_bytes()
        for p in (town.settings.data_dir / "files").rglob("*")
        if p.is_file()
    ]
    assert kept
    assert not any(b"079090001234" in content for content in kept)
