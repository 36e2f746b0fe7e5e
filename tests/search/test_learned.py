"""What the examples teach together, and the senses of words behind it."""

from __future__ import annotations

import numpy as np
import pytest

from bot.search.examples import Corpus, Example, grams_of
from bot.search.fold import accented_words, words
from bot.search.learned import UNLIKELY, Learned
from bot.search.lexicon import Lexicon
from bot.search.reading import Vocabulary, read
from bot.search.senses import Senses, sense_features
from tests.conftest import CONTENT

BIRTH, DEATH, FOREIGN_DEATH = 0, 1, 2
EXAMPLES = [
    Example(BIRTH, "sinh con"),
    Example(BIRTH, "sinh khai"),
    Example(DEATH, "mat ba"),
    Example(DEATH, "mat khai"),
    Example(FOREIGN_DEATH, "mat {abroad}"),
    Example(FOREIGN_DEATH, "mat khach {abroad}"),
]


@pytest.fixture(scope="module")
def learned() -> Learned:
    return train()


def train() -> Learned:
    corpus = Corpus(EXAMPLES, [example.text.split() for example in EXAMPLES])
    shares = [1.5 if term.startswith("{") else 1.0 for term in corpus.terms]
    return Learned(corpus, np.array(shares))


def chances(learned: Learned, question: dict[str, float]) -> list[float]:
    found = learned.log_probabilities(question)
    assert found is not None
    assert found.min() >= UNLIKELY
    chances: list[float] = np.exp(found).tolist()
    return chances


def best(chances: list[float]) -> int:
    return chances.index(max(chances))


@pytest.fixture(scope="module")
def senses() -> Senses:
    return Senses(Lexicon.load(CONTENT / "lexicon.toml").senses)


def test_the_hint_that_decides_between_twins_is_learnt(learned: Learned) -> None:
    assert best(chances(learned, {"mat": 1.0})) == DEATH
    assert best(chances(learned, {"mat": 1.0, "{abroad}": 1.5})) == FOREIGN_DEATH


def test_probabilities_of_all_meanings_sum_to_one(learned: Learned) -> None:
    assert sum(chances(learned, {"khai": 1.0, "con": 1.0})) == pytest.approx(1.0)


def test_words_that_no_example_has_say_nothing(learned: Learned) -> None:
    assert learned.log_probabilities({"bong": 1.0}) is None
    assert learned.log_probabilities({}) is None


def test_training_twice_gives_the_same(learned: Learned) -> None:
    question = {"mat": 1.0, "khach": 0.7}
    assert chances(train(), question) == chances(learned, question)


def test_letters_side_by_side_survive_a_slip() -> None:
    """Two words wrong in one letter each share no word, but most of their letters."""
    right, wrong = grams_of(["khai", "sinh"]), grams_of(["khai", "sihn"])
    assert {"#^kh", "#hai$", "~khai_", "~i_sin"} <= right.keys()
    assert len(right.keys() & wrong.keys()) >= len(right) / 2
    corpus = Corpus(EXAMPLES, [grams_of(one.text.split()) for one in EXAMPLES])
    spelt = Learned(corpus)
    assert best(chances(spelt, grams_of(["sinhh"]))) == BIRTH
    assert best(chances(spelt, grams_of(["khachs"]))) == FOREIGN_DEATH


def test_a_word_nobody_used_before_shares_its_sense(senses: Senses) -> None:
    for text in ("ông khách người Đức tắt thở", "bạn Hàn Quốc qua đời"):
        found = senses.of_words(accented_words(text))
        assert {"nước ngoài", "chết"} <= found.keys(), text


def test_other_marks_are_another_word(senses: Senses) -> None:
    assert "mất" not in senses.of_words(accented_words("mắt kém"))


def test_a_question_without_marks_may_have_every_sense_of_its_letters(
    senses: Senses,
) -> None:
    vocabulary = Vocabulary(Lexicon.load(CONTENT / "lexicon.toml"))
    vocabulary.learn(words("ông khách người Đức qua đời"), usual=True)
    vocabulary.freeze()
    found = senses.of_question(read("ong khach nguoi duc qua doi", vocabulary))
    assert {"nước ngoài", "chết"} <= found.keys()


def test_two_senses_together_are_a_term_of_their_own() -> None:
    together = sense_features({"abroad": 1.0, "death": 1.0})
    assert together.keys() == {"{abroad}", "{death}", "abroad&death"}
    unsure = sense_features({"abroad": 1.0, "death": 0.5})
    assert unsure["abroad&death"] == together["abroad&death"] / 2
