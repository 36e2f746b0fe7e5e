"""Infographics: the right size, nothing cut off or covered, every letter, a code that leads
to the official page."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import combinations
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from bot.conversation.texts import Texts
from bot.lettering import drawable, has_glyph
from bot.outreach.drawing.infographic import (
    COVER_HEIGHT,
    LARGEST,
    draw,
    draw_cover,
    lay_out,
    lay_out_cover,
)
from bot.outreach.drawing.layouts import COLOURS, INK
from bot.outreach.drawing.paper import WIDTH, Box
from bot.outreach.drawing.spec import (
    LONGEST_LINK,
    LONGEST_POINT,
    LONGEST_TITLE,
    LONGEST_UNIT,
    MOST_POINTS,
    Layout,
    Palette,
    Spec,
    SpecError,
)

LINK = "https://dichvucong.gov.vn"
QR = zxingcpp.barcode_formats_from_str("QRCode")
# Six vowels with two or three shapes each in six tones, đ, and the plain ones: both cases.
VOWELS = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵ"
LETTERS = [letter for letter in VOWELS + "đ" if letter not in "aeiouy"]
USUAL = Spec(
    "Nộp hồ sơ trực tuyến: ngồi nhà cũng làm được giấy tờ",
    (
        "Cài ứng dụng VNeID, đăng ký tài khoản định danh mức 2.",
        "Vào Cổng Dịch vụ công quốc gia, đăng nhập bằng VNeID.",
        "Tìm thủ tục, điền tờ khai, gửi hồ sơ ngay trên điện thoại.",
    ),
    "UBND xã Cần Đước",
    date(2026, 11, 29),
    LINK,
)


def stretched(words: str, length: int) -> str:
    return (words * length)[:length].strip().ljust(length, "x")


LONGEST = Spec(
    stretched("NGHIÊNG NGHIỄNG ", LONGEST_TITLE),
    tuple(stretched("ượng nghiễng khuỷu ", LONGEST_POINT) for _ in range(MOST_POINTS)),
    stretched("Uỷ ban nhân dân xã ", LONGEST_UNIT),
    date(2026, 11, 29),
    LINK + "/" + "W" * (LONGEST_LINK - len(LINK) - 1),
)
ONE_WORD = Spec(
    "W" * LONGEST_TITLE,
    ("M" * LONGEST_POINT,) * 3,
    "W" * LONGEST_UNIT,
    USUAL.day,
    LINK,
)
SHORT = Spec("Ổ", ("Ậ", "Ỷ", "Ợ"), "Xã", USUAL.day, LINK)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load(Path(__file__).resolve().parents[2] / "content/texts")


def in_the_look_of(spec: Spec, layout: Layout, palette: Palette) -> Spec:
    return replace(spec, layout=layout, palette=palette).checked()


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def inside(inner: Box, outer: Box, slack: float = 0) -> bool:
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )


@pytest.mark.parametrize("spec", [USUAL, LONGEST, ONE_WORD, SHORT])
@pytest.mark.parametrize("layout", Layout)
def test_nothing_is_cut_off_or_covered(
    spec: Spec, layout: Layout, texts: Texts
) -> None:
    wanted = in_the_look_of(spec, layout, Palette.BLUE)
    paper, height = lay_out(wanted, texts.label)
    for line in paper.placed:
        assert inside(line.letters, (0, 0, WIDTH, height)), line
        # letters with two marks may reach a little into the space between lines
        assert inside(line.letters, line.area, slack=6), line
    for one, other in combinations(paper.placed, 2):
        assert not overlap(one.letters, other.letters), (one, other)


@pytest.mark.parametrize("layout", Layout)
def test_every_word_is_in_the_picture(layout: Layout, texts: Texts) -> None:
    wanted = in_the_look_of(LONGEST, layout, Palette.BLUE)
    paper, _ = lay_out(wanted, texts.label)
    shown = "".join(line.text for line in paper.placed).replace(" ", "")
    for text in (LONGEST.title, LONGEST.unit, *LONGEST.points, LINK.partition("//")[2]):
        assert text.replace(" ", "") in shown


@pytest.mark.parametrize(("layout", "palette"), list(zip(Layout, Palette, strict=True)))
def test_the_code_leads_to_the_official_page(
    layout: Layout, palette: Palette, texts: Texts
) -> None:
    for spec in (USUAL, LONGEST):
        drawn = draw(in_the_look_of(spec, layout, palette), texts.label)
        image = opened(drawn.png)
        assert len(drawn.png) <= LARGEST
        assert image.size == (WIDTH, drawn.height)
        # as large as it is, and as the chat of a phone shows it
        for seen in (image, image.resize((WIDTH // 2, image.height // 2))):
            found = zxingcpp.read_barcodes(seen, formats=QR)
            assert [one.text for one in found] == [spec.link]


def test_the_font_has_all_134_letters_of_vietnamese() -> None:
    both = LETTERS + [letter.upper() for letter in LETTERS]
    assert len(set(both)) == 134
    assert [letter for letter in both if not has_glyph(letter)] == []
    assert not has_glyph("😀")
    assert drawable("Xin chào 😀 bà con") == "Xin chào bà con"


def test_decomposed_letters_are_drawn_as_composed_ones(texts: Texts) -> None:
    apart = unicodedata.normalize("NFD", USUAL.title)
    spec = Spec(apart, USUAL.points, USUAL.unit, USUAL.day, LINK)
    assert draw(spec, texts.label).png == draw(USUAL, texts.label).png


def test_the_picture_has_a_text_version(texts: Texts) -> None:
    alt = draw(USUAL, texts.label).alt
    assert USUAL.unit in alt
    assert all(point in alt for point in USUAL.points)
    assert LINK in alt


@pytest.mark.parametrize("spec", [USUAL, LONGEST, ONE_WORD, SHORT])
def test_the_cover_holds_unit_and_title(spec: Spec) -> None:
    assert opened(draw_cover(spec).png).size == (WIDTH, COVER_HEIGHT)
    placed = lay_out_cover(spec).placed
    for line in placed:
        assert inside(line.letters, (0, 0, WIDTH, COVER_HEIGHT)), line
    shown = "".join(line.text for line in placed).replace(" ", "")
    assert spec.title.replace(" ", "") in shown


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("title", {"title": ""}),
        ("title", {"title": "😀"}),
        ("title", {"title": "x" * (LONGEST_TITLE + 1)}),
        ("points", {"points": ("một", "hai")}),
        ("points", {"points": ("một",) * 6}),
        ("points", {"points": ("một", "", "ba")}),
        ("link", {"link": "dichvucong.gov.vn"}),
        ("link", {"link": "https://a b.vn"}),
        ("unit", {"unit": "x" * (LONGEST_UNIT + 1)}),
    ],
)
def test_what_cannot_be_drawn_names_its_field(
    field: str, wrong: dict[str, object], texts: Texts
) -> None:
    right = {"title": "Tin", "points": ("a", "b", "c"), "unit": "Xã", "link": LINK}
    with pytest.raises(SpecError) as error:
        draw(Spec(**right | wrong, day=USUAL.day), texts.label)  # type: ignore[arg-type]
    assert error.value.field == field


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", Palette)
def test_letters_stand_out_from_what_is_behind_them(palette: Palette) -> None:
    colours = COLOURS[palette]
    assert contrast(colours.strong, "#FFFFFF") >= 4.5
    assert contrast(colours.strong, colours.soft) >= 4.5
    assert all(contrast(INK, tile) >= 4.5 for tile in colours.tiles)
