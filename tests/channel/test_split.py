"""Long texts in parts."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.split import split_text

WORDS = st.sampled_from(
    ["giấy", "khai sinh", "https://dichvucong.gov.vn/a?b=c.d&e=f", "tờ khai.",
     "\n", "\n\n", " ", "Lệ phí: 0 đ!", "e\u0302\u0301", "👩‍👩‍👧", "🇻🇳", "ắ", "x" * 30]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(WORDS, max_size=60).map(" ".join))


def bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@given(TEXTS, st.integers(min_value=8, max_value=80))
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert bare("".join(parts)) == bare(text)
    assert all(0 < len(part) <= limit for part in parts)
    assert all(part == part.strip() for part in parts)


@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_links_and_letters_stay_whole(text: str) -> None:
    parts = split_text(text, 50)
    links = re.findall(r"https://\S+", text)
    assert re.findall(r"https://\S+", "\n".join(parts)) == links
    whole = ("👩‍👩‍👧", "🇻🇳")
    assert [sum(p.count(w) for p in parts) for w in whole] == [
        unicodedata.normalize("NFC", text).count(w) for w in whole
    ]
    assert not any(unicodedata.combining(part[0]) for part in parts)


def test_short_text_stays_one_part() -> None:
    assert split_text("Chào anh/chị ạ.") == ["Chào anh/chị ạ."]
    assert split_text("a" * 2000) == ["a" * 2000]


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_empty_text_has_no_parts(text: str) -> None:
    assert split_text(text) == []


def test_paragraph_is_better_than_sentence_is_better_than_word() -> None:
    paragraph = "Câu một. Câu hai.\n\nĐoạn hai có câu dài hơn giới hạn"
    assert split_text(paragraph, 30)[0] == "Câu một. Câu hai."
    assert split_text("Câu một rất ngắn. Câu hai dài hơn", 25)[0] == "Câu một rất ngắn."
    assert split_text("không có dấu chấm nào cả", 14) == ["không có dấu", "chấm nào cả"]


def test_lines_of_a_list_stay_whole() -> None:
    lines = [f"{number}. Giấy tờ số {number}" for number in range(1, 9)]
    parts = split_text("\n".join(lines), 60)
    assert [line for part in parts for line in part.split("\n")] == lines


def test_length_is_counted_in_composed_characters() -> None:
    composed = "ế" * 2000
    assert split_text(unicodedata.normalize("NFD", composed)) == [composed]


def test_accent_that_cannot_be_composed_stays_with_its_letter() -> None:
    parts = split_text("x\u0301" * 30, 25)
    assert all(part.startswith("x") for part in parts)
    assert "".join(parts) == "x\u0301" * 30
