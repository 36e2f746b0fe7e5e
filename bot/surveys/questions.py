"""What a survey asks, and what an answer to it is. Pure.

A question is stored as JSON: ``key``, ``kind``, ``text``, ``options`` (of a choice) and
``right`` (of a contest: the numbers of the right options, from 0). An answer is a list of
such numbers, a number from 1 to 5, or a text; None where somebody left the question out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.search.fold import fold

MOST = 10  # questions: more nobody answers on a phone
MOST_OPTIONS = 8
LONGEST_QUESTION, LONGEST_OPTION, LONGEST_TEXT = 300, 90, 500
SCALE = range(1, 6)

Answer = list[int] | int | str


class QuestionKind(StrEnum):
    ONE = "one"  # one of the options
    SEVERAL = "several"
    NUMBER = "number"  # 1 to 5
    TEXT = "text"


CHOICES = (QuestionKind.ONE, QuestionKind.SEVERAL)


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    kind: QuestionKind
    text: str
    options: tuple[str, ...] = ()
    right: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind.value,
            "text": self.text,
            "options": list(self.options),
            "right": list(self.right),
        }


def question_from(raw: Mapping[str, Any], number: int) -> Question:
    """From JSON or a pack; ``number`` makes the key where it has none."""
    return Question(
        key=str(raw.get("key") or f"q{number}"),
        kind=QuestionKind(raw["kind"]),
        text=str(raw["text"]).strip(),
        options=tuple(str(one).strip() for one in raw.get("options", ())),
        right=tuple(int(one) for one in raw.get("right", ())),
    )


def questions_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    return tuple(question_from(one, number) for number, one in enumerate(stored, 1))


def flaw_of(questions: Sequence[Question], *, is_contest: bool) -> str:
    """The code of what does not fit together; "" if all does."""
    if not questions:
        return "no_questions"
    if len(questions) > MOST:
        return "many_questions"
    flaws = (_flaw(one, is_contest=is_contest) for one in questions)
    return next((flaw for flaw in flaws if flaw), "")


def _flaw(one: Question, *, is_contest: bool) -> str:
    if not one.text or len(one.text) > LONGEST_QUESTION:
        return "question_text"
    if one.kind not in CHOICES:
        return "not_countable" if is_contest else ""
    if not 2 <= len(one.options) <= MOST_OPTIONS:
        return "few_options"
    if len(set(map(fold, one.options))) < len(one.options):
        return "same_options"
    if any(not option or len(option) > LONGEST_OPTION for option in one.options):
        return "option_text"
    if is_contest and not _has_right(one):
        return "no_right"
    return ""


def _has_right(one: Question) -> bool:
    is_inside = all(number in range(len(one.options)) for number in one.right)
    few = len(one.right) == 1 if one.kind == QuestionKind.ONE else bool(one.right)
    return is_inside and few


def read_answer(question: Question, chosen: str | None, text: str) -> Answer | None:
    """What somebody answered, by the option he chose or by his words; None: not clear."""
    match question.kind:
        case QuestionKind.TEXT:
            written = text.strip()[:LONGEST_TEXT]
            return written if len(written) > 1 else None
        case QuestionKind.NUMBER:
            numbers = _numbers(chosen or text)
            is_one = len(numbers) == 1 and numbers[0] in SCALE
            return numbers[0] if is_one else None
        case QuestionKind.ONE:
            return _chosen(question, chosen, text, most=1)
        case _:
            return _chosen(question, chosen, text, most=len(question.options))


def _chosen(
    question: Question, chosen: str | None, text: str, *, most: int
) -> list[int] | None:
    """``chosen`` counts from 1, as the lines on the screen."""
    named = [
        place
        for place, option in enumerate(question.options)
        if fold(option) == fold(text)
    ]
    found = named or [number - 1 for number in _numbers(chosen or text)]
    if not found or any(one not in range(len(question.options)) for one in found):
        return None
    once = sorted(set(found))
    return once if len(once) <= most else None


def _numbers(text: str) -> list[int]:
    """ "1, 3" and "1 va 3", but nothing where other words stand."""
    folded = fold(text).strip(" .")
    if not re.fullmatch(r"\d{1,2}(?:(?:\s|,|;|\.|va|voi)+\d{1,2})*", folded):
        return []
    return [int(one) for one in re.findall(r"\d+", folded)]


def score_of(questions: Sequence[Question], answers: Mapping[str, Any]) -> int:
    """How many are right: all the right options, and no other."""
    return sum(
        set(answers.get(one.key) or ()) == set(one.right)
        for one in questions
        if one.kind in CHOICES
    )
