"""What came of a survey: sums only. A count so small that it may point at somebody is hidden,
and so is a second one where the first could be worked out from the rest."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO

from sqlalchemy import select
from sqlmodel import Session, col

from bot.surveys.questions import SCALE, Question, QuestionKind, questions_of
from models import Survey, SurveySheet

SMALLEST = 5  # people: fewer are not shown
MOST_TEXTS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One option; ``count`` None is hidden."""

    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One question: ``people`` answered it, None if so few that it is not said."""

    question: Question
    people: int | None
    rows: tuple[Row, ...]
    average: float | None
    texts: tuple[str, ...]

    @property
    def is_hidden(self) -> bool:
        return self.people is None


@dataclass(frozen=True, slots=True)
class Results:
    """``finished`` and ``begun`` are people; a sheet that was not finished counts nowhere
    else."""

    finished: int
    begun: int
    answered: tuple[Answered, ...]

    @property
    def is_too_small(self) -> bool:
        return self.finished < SMALLEST


def results_of(session: Session, survey: Survey) -> Results:
    """Of a contest the first tries, so that each person counts once."""
    sheets = session.scalars(
        select(SurveySheet).where(
            col(SurveySheet.survey_id) == survey.id, col(SurveySheet.attempt) == 1
        )
    ).all()
    done = [one for one in sheets if one.finished_at is not None]
    questions = questions_of(survey.questions)
    return Results(
        finished=len(done),
        begun=len(sheets),
        answered=tuple(_answered(question, done) for question in questions),
    )


def _answered(question: Question, sheets: Sequence[SurveySheet]) -> Answered:
    given = [one.answers.get(question.key) for one in sheets]
    said = [one for one in given if one is not None]
    if len(said) < SMALLEST:
        return Answered(question, None, (), None, ())
    if question.kind == QuestionKind.TEXT:
        texts = sorted(str(one) for one in said)  # in no order that tells who
        return Answered(question, len(said), (), None, tuple(texts[:MOST_TEXTS]))
    if question.kind == QuestionKind.NUMBER:
        counts = Counter(int(one) for one in said)
        rows = [(str(number), counts[number]) for number in SCALE]
        average = round(sum(said) / len(said), 1)
        return Answered(question, len(said), _hidden(rows), average, ())
    chosen = Counter(place for one in said for place in one)
    rows = [(label, chosen[place]) for place, label in enumerate(question.options)]
    return Answered(question, len(said), _hidden(rows), None, ())


def _hidden(rows: Sequence[tuple[str, int]]) -> tuple[Row, ...]:
    """Small ones are not said; a single one would be the rest of the sum, so the next
    smallest is not said either. Nobody at all may be said."""
    small = {place for place, (_, count) in enumerate(rows) if 0 < count < SMALLEST}
    others = [place for place, (_, count) in enumerate(rows) if count >= SMALLEST]
    if len(small) == 1 and others:
        small.add(min(others, key=lambda place: rows[place][1]))
    return tuple(
        Row(label, None if place in small else count)
        for place, (label, count) in enumerate(rows)
    )


def to_csv(results: Results, label: Callable[[str], str]) -> str:
    """One line an option; ``label`` gives the headings, and what stands for a hidden count.
    Free texts are not in it."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            label("survey_csv.question"),
            label("survey_csv.answer"),
            label("survey_csv.count"),
        ]
    )
    writer.writerow([label("survey_csv.sheets"), "", results.finished])
    for one in results.answered:
        if one.is_hidden:
            writer.writerow([one.question.text, "", label("survey_csv.hidden")])
        elif one.question.kind == QuestionKind.TEXT:
            writer.writerow([one.question.text, label("survey_csv.texts"), one.people])
        for row in one.rows:
            shown = label("survey_csv.hidden") if row.count is None else row.count
            writer.writerow([one.question.text, row.label, shown])
    return file.getvalue()
