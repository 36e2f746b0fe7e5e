"""What is hidden before anything is stored, and what must stay readable."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.masking import Masked, SensitiveKind, mask_payload, mask_sensitive

ID = SensitiveKind.ID_NUMBER
OTP = SensitiveKind.ONE_TIME_CODE
CARD = SensitiveKind.CARD_NUMBER

HIDDEN = [
    # twelve digits, as people write them
    ("cccd 038090001234", "cccd [***]", {ID}),
    ("038090001234", "[***]", {ID}),
    ("Số CCCD của tôi là 038090001234.", "Số CCCD của tôi là [***].", {ID}),
    ("cccd:038090001234,sdt 0912345678", "cccd:[***],sdt 0912345678", {ID}),
    ("038 090 001 234", "[***]", {ID}),
    ("038.090.001.234", "[***]", {ID}),
    ("038-090-001-234", "[***]", {ID}),
    ("0380 9000 1234", "[***]", {ID}),
    ("038 0 90 001234", "[***]", {ID}),
    ("038090 001234", "[***]", {ID}),
    ("038 - 090 - 001234", "[***]", {ID}),
    ("03 80 90 00 12 34", "[***]", {ID}),
    ("0 3 8 0 9 0 0 0 1 2 3 4", "[***]", {ID}),
    ("038–090–001–234", "[***]", {ID}),
    ("038\u00a0090\u00a0001\u00a0234", "[***]", {ID}),
    ("038090001234 0912345678", "[***] 0912345678", {ID}),
    ("0912345678 038090001234", "0912345678 [***]", {ID}),
    ("cccd038090001234", "cccd[***]", {ID}),
    ("038090001234la cccd cua toi", "[***]la cccd cua toi", {ID}),
    ("038090001234 đúng không ạ", "[***] đúng không ạ", {ID}),
    ("số định danh 123456789012", "số định danh [***]", {ID}),
    ("căn cước 100000000000", "căn cước [***]", {ID}),
    ("038090001234\n038090001235", "[***]\n[***]", {ID}),
    # other digits, other spellings of the same letters
    (
        "\uff10\uff13\uff18\uff10\uff19\uff10\uff10\uff10\uff11\uff12\uff13\uff14",
        "[***]",
        {ID},
    ),
    (
        "\u0660\u0663\u0668\u0660\u0669\u0660\u0660\u0660\u0661\u0662\u0663\u0664",
        "[***]",
        {ID},
    ),
    # nine digits
    ("123456789 là cmnd cũ", "[***] là cmnd cũ", {ID}),
    ("CMND 123 456 789", "CMND [***]", {ID}),
    ("cmnd 123.456.789", "cmnd [***]", {ID}),
    ("123.456.789", "[***]", {ID}),
    ("cmnd: 123-456-789 cấp 2015", "cmnd: [***] cấp 2015", {ID}),
    ("chứng minh nhân dân 1234 56789", "chứng minh nhân dân [***]", {ID}),
    ("cmnd 12 34 56 789", "cmnd [***]", {ID}),
    ("chung minh thu 250 100 000", "chung minh thu [***]", {ID}),
    ("cccd 038090001234 cmnd 123456789", "cccd [***] cmnd [***]", {ID}),
    # one-time codes
    ("Mã OTP 482913", "Mã OTP [***]", {OTP}),
    ("ma otp la 123456", "ma otp la [***]", {OTP}),
    ("otp123456", "otp[***]", {OTP}),
    ("OTP: 4829", "OTP: [***]", {OTP}),
    ("mã xác thực là 12345678", "mã xác thực là [***]", {OTP}),
    ("ma xac nhan: 12-34-56", "ma xac nhan: [***]", {OTP}),
    ("otp 482 913 nhé", "otp [***] nhé", {OTP}),
    ("482913 là mã OTP của tôi", "[***] là mã OTP của tôi", {OTP}),
    ("G-482913 là mã xác nhận", "G-[***] là mã xác nhận", {OTP}),
    ("mã xác nhận\n482913", "mã xác nhận\n[***]", {OTP}),
    (
        "Mã xác thực của quý khách tại Cổng dịch vụ công quốc gia là 553311",
        "Mã xác thực của quý khách tại Cổng dịch vụ công quốc gia là [***]",
        {OTP},
    ),
    ("cccd 038090001234, otp 482913", "cccd [***], otp [***]", {ID, OTP}),
    # bank cards
    ("4111111111111111", "[***]", {CARD}),
    ("thẻ 4111 1111 1111 1111 nhé", "thẻ [***] nhé", {CARD}),
    ("5555-5555-5555-4444", "[***]", {CARD}),
    ("3782 822463 10005", "[***]", {CARD}),
    ("9704229200000000009", "[***]", {CARD}),
]

KEPT = [
    # telephones
    "0912345678",
    "0912 345 678",
    "0912.345.678",
    "091 234 5678",
    "09 1234 5678",
    "+84912345678",
    "+84 912 345 678",
    "+84.912.345.678",
    "(+84) 912 345 678",
    "84912345678",
    "+840912345678",
    "sđt 912345678",
    "gọi 912 345 678",
    "024 3825 1234",
    "tổng đài 1900 1234",
    "cccd bị mất, gọi 0912 345 678",
    # procedures, documents, dossiers
    "1.001193",
    "1.001193 và 2.002621",
    "1.001193 2.002621 1.004222",
    "thủ tục 1.001193.000.00.00.H22",
    "cccd thủ tục 2.002621",
    "14119/KH-UBND",
    "12247/UBND-THKSTTHC ngày 15/11/2024",
    "749/QĐ-TTg",
    "hồ sơ H56.15.20-240101-0001",
    "000.00.28.H56-240101-0012",
    "HS-2026-0071",
    # dates and times
    "15/03/2024",
    "15-03-2024 15:30",
    "2-03-2024 15:30",
    "02 09 2024 08 30",
    "2024-03-15 08",
    "7h30 - 17h00",
    "năm 2024 2025 2026",
    "20240315",
    # money and plain counts
    "150.000",
    "1.000.000 đ",
    "123.456.789 đồng",
    "123.456.789đ",
    "lệ phí 123.456.789",
    "100000000 đồng",
    "vay 500000000",
    "100.000.000",
    "150.000-200.000",
    "1 2 3 4 5 6 7 8 9",
    "0 1 2 3 4 5 6 7 8 9 0 1",
    "100 200 300",
    "1.000 2.000 3.000",
    # places, links, longer runs, codes of machines
    "16.0471234, 108.2062345",
    "108.206230",
    "https://zalo.me/123456789012",
    "zalo.me/g/038090001234",
    "xem https://dichvucong.gov.vn/p/home?id=123456789 nhé",
    "12345678901234567890",
    "b7d3f912345678901c2e",
    "4111111111111112",
    "1790000001137",
    # codes that are no one-time codes
    "mã xác nhận số 14119/KH-UBND",
    "không nhận được mã otp thủ tục 1.001193",
    "không nhận được mã otp, sđt 0912345678",
    "mã otp không về từ 15/03/2024",
    "mã xác nhận cư trú năm 2024",
    "mất phí 50.000 khi lấy mã otp",
    "mã otp hết hạn lúc 10:3045",
    "giấy xác nhận độc thân 1234",
    "xin chào",
    "",
]


@pytest.mark.parametrize(("text", "hidden", "kinds"), HIDDEN)
def test_sensitive_number_is_hidden(
    text: str, hidden: str, kinds: set[SensitiveKind]
) -> None:
    found = mask_sensitive(text)
    assert found.text == unicodedata.normalize("NFC", hidden)
    assert found.kinds == kinds


@pytest.mark.parametrize("text", KEPT)
def test_harmless_number_stays(text: str) -> None:
    assert mask_sensitive(text) == Masked(text, frozenset())


@pytest.mark.parametrize(("text", "hidden", "kinds"), HIDDEN)
def test_decomposed_accents_and_lost_accents_change_nothing(
    text: str, hidden: str, kinds: set[SensitiveKind]
) -> None:
    assert mask_sensitive(unicodedata.normalize("NFD", text)).kinds == kinds
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    assert mask_sensitive(bare).kinds == kinds


def test_the_mark_is_the_callers() -> None:
    assert mask_sensitive("cmnd 123456789", mark="(số đã ẩn)").text == "cmnd (số đã ẩn)"


@given(
    st.integers(10**9, 10**10 - 1),
    st.text(alphabet="ab .,:;\n()", max_size=10),
    st.text(alphabet="ab .,:;\n()", max_size=10),
)
def test_no_twelve_digits_survive_in_any_sentence(
    number: int, before: str, after: str
) -> None:
    text = f"x{before}; 03{number}; {after}"
    assert mask_sensitive(text).text == f"x{before}; [***]; {after}"


@given(st.text(max_size=200))
def test_any_text_is_masked_without_a_crash(text: str) -> None:
    found = mask_sensitive(text)
    assert (found.text == text) == (not found.kinds)


@given(
    st.integers(10**8, 10**9 - 1), st.sampled_from(["cmnd ", "CMND: ", "chứng minh "])
)
def test_no_nine_digits_survive_beside_their_name(number: int, name: str) -> None:
    assert mask_sensitive(f"{name}{number}").text == f"{name}[***]"


HOSTILE = [
    "0" * 5000,
    "0 " * 2500,
    "1.1-" * 1250,
    "123 456 789 " * 400,
    "otp " * 1250,
    "otp 1 " * 800,
    "a." * 2500,
    "https://" * 600,
    "cccd " * 1000 + "1",
    "1 - " * 1250,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:6])
def test_time_grows_with_the_length_only(text: str) -> None:
    """Twenty times the text may take 80 times as long, where quadratic takes 400."""

    def best(sample: str) -> float:
        times = []
        for _ in range(3):
            started = time.thread_time()  # a busy machine stretches the clock's
            mask_sensitive(sample)
            times.append(time.thread_time() - started)
        return min(times)

    assert best(text * 20) < 80 * max(best(text), 0.001)


def test_payload_is_masked_where_people_write_and_nowhere_else() -> None:
    payload = {
        "sender": {"id": "123456789012"},
        "user_id_by_app": "038090001234",
        "timestamp": "179000000113",
        "message": {
            "text": "cccd 038090001234",
            "msg_id": "123456789012",
            "msg_ids": ["123456789012", "038090001234"],
            "note": ["cmnd 123456789"],
            "attachments": [
                {
                    "type": "file",
                    "payload": {
                        "name": "cccd-038090001234.pdf",
                        "description": "otp 123456",
                        "url": "https://dlfl.zdn.vn/123456789012/038090001234",
                        "size": "123456789",
                        "checksum": "123456789012",
                    },
                }
            ],
        },
        "info": {"name": "CMND 123456789", "phone": "900000001", "user_dob": 30101990},
        "count": 38090001234 * 10,
        "users": ["123456789012", {"id": "123456789012", "name": "038090001234"}],
        "none": None,
        "yes": True,
    }
    before = str(payload)
    masked, kinds = mask_payload(payload)
    assert str(payload) == before
    assert kinds == {ID, OTP}
    assert masked == payload | {
        "message": {
            "text": "cccd [***]",
            "msg_id": "123456789012",
            "msg_ids": ["123456789012", "038090001234"],
            "note": ["cmnd [***]"],
            "attachments": [
                {
                    "type": "file",
                    "payload": {
                        "name": "cccd-[***].pdf",
                        "description": "otp [***]",
                        "url": "https://dlfl.zdn.vn/123456789012/038090001234",
                        "size": "123456789",
                        "checksum": "123456789012",
                    },
                }
            ],
        },
        "info": {"name": "CMND [***]", "phone": "900000001", "user_dob": 30101990},
        "count": "[***]",
        "users": ["123456789012", {"id": "123456789012", "name": "[***]"}],
    }
