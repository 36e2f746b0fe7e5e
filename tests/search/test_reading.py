"""From what fingers type to words: folding, keyboard leftovers, chat spelling, slips."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.search.fold import (
    accent_key,
    accented_words,
    collapse,
    fold,
    has_diacritics,
    repaired,
    split_glued,
    without_telex,
    words,
)
from bot.search.lexicon import Lexicon
from bot.search.reading import Vocabulary, agreement, read

CONTENT = Path(__file__).parents[2] / "content"
LETTERS = st.text(
    alphabet=st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạ ỳýỷỹỵẢẠĐƯƠ09.,/-"),
    max_size=40,
)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    made = Vocabulary(Lexicon.load(CONTENT / "lexicon.toml"))
    for text in (
        "đăng ký khai sinh cho con",
        "giấy phép lái xe",
        "thường trú",
        "căn cước công dân",
        "tờ khai, không, được, gì",
    ):
        made.learn(words(text), usual=True)
    made.freeze()
    return made


@given(LETTERS)
def test_folding_is_the_same_for_composed_and_decomposed_text(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    assert words(composed) == words(decomposed)
    assert [a for _, a in accented_words(composed)] == [
        a for _, a in accented_words(decomposed)
    ]


@given(LETTERS)
def test_folding_twice_changes_nothing_and_leaves_no_mark(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert not has_diacritics(fold(text))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("Đăng Ký", "dang ky"), ("ĐƯỜNG", "duong"), ("Ｃăn  cước", "can  cuoc")],
)
def test_folding_knows_the_d_with_a_bar_and_wide_letters(
    typed: str, plain: str
) -> None:
    assert fold(typed) == plain


@pytest.mark.parametrize(
    ("one", "other"), [("hoà", "hòa"), ("uỷ", "ủy"), ("thuý", "thúy")]
)
def test_the_place_of_the_tone_mark_does_not_matter(one: str, other: str) -> None:
    assert accent_key(one) == accent_key(other)
    assert accent_key(one) != accent_key(fold(one))


def test_keyboard_leftovers_are_taken_back() -> None:
    assert collapse("sinhhhh") == "sinh"
    assert without_telex("thuwongf") == "thuong"
    assert without_telex("ddaawng") == "dang"
    assert repaired("giaays", {"giay"}) == "giay"
    assert repaired("giay", {"giay"}) is None
    assert repaired("xyzw", {"giay"}) is None


def test_glued_words_come_apart_in_the_fewest_pieces() -> None:
    known = {"khai", "sinh", "kha", "i", "si", "nh"}
    assert split_glued("khaisinh", known) == ["khai", "sinh"]
    assert split_glued("khaizzz", known) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ko dc", ["khong", "duoc"]),
        ("gks", ["giay", "khai", "sinh"]),
        ("khaisinh", ["khai", "sinh"]),
        ("thuwongf trus", ["thuong", "tru"]),
        ("giay phsep", ["giay", "phep"]),
        ("cccd", ["can", "cuoc", "cong", "dan"]),
    ],
)
def test_chat_spelling_is_read_as_meant(
    vocabulary: Vocabulary, typed: str, meant: list[str]
) -> None:
    assert [word.plain for word in read(typed, vocabulary).words] == meant


def test_what_is_unsure_weighs_less_than_what_was_typed(vocabulary: Vocabulary) -> None:
    assert read("phsep", vocabulary).words[0].weight < 1
    assert read("phep", vocabulary).words[0].weight == 1


def test_diacritics_count_as_evidence_only_where_they_were_written(
    vocabulary: Vocabulary,
) -> None:
    marked = read("bản đồ", vocabulary).terms["ban"]
    bare = read("ban do", vocabulary).terms["ban"]
    assert agreement(marked, ("bán",)) < agreement(marked, (accent_key("bản"),)) == 1
    assert agreement(bare, (accent_key("bán"),)) == 1


@given(text=st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_read(vocabulary: Vocabulary, text: str) -> None:
    reading = read(text, vocabulary)
    assert all(words(word.plain) == [word.plain] for word in reading.words)
    assert all(0 < term.weight <= 1 for term in reading.terms.values())
