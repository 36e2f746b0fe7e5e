"""khảo sát, cuộc thi: questions one after the other, kept as they are answered.

Whoever stops, or is away for too long, goes on later where he was.

```mermaid
stateDiagram-v2
    [*] --> question
    question --> question
    question --> guess: a contest that asks how many take part
    question --> name: a contest
    guess --> name
    question --> [*]: finished
    name --> [*]: finished
```
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.conversation import dialogs
from bot.conversation.dialogs import (
    ANSWER,
    Dialog,
    Done,
    Draft,
    Go,
    Outcome,
    answer_of,
    in_dialog,
)
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.caps import same_person
from bot.people import units
from bot.search.fold import fold
from bot.surveys import answering, ranking
from bot.surveys.answering import LONGEST_NAME
from bot.surveys.editing import is_over, is_running
from bot.surveys.questions import (
    SCALE,
    Question,
    QuestionKind,
    questions_of,
    read_answer,
)
from handlers import menu
from models import Survey, SurveyKind, SurveySheet

_SKIPS = ("bo qua", "skip", "khong tra loi", "cau khac")
_NUMBER = re.compile(r"(?:khoang )?(\d{1,7})(?: nguoi)?")
TOP = 10  # places that are published


class Step(StrEnum):
    QUESTION = "question"
    GUESS = "guess"
    NAME = "name"


# --- where to begin ---------------------------------------------------------------------------


def surveys(turn: Turn) -> list[Reply]:
    return menu.with_notice(turn, _offered(turn, SurveyKind.SURVEY, "surveys.none"))


def contests(turn: Turn) -> list[Reply]:
    key = "surveys.no_contest"
    return menu.with_notice(turn, _offered(turn, SurveyKind.CONTEST, key))


def _offered(turn: Turn, kind: SurveyKind, none: str) -> list[Reply]:
    found = answering.open_for(turn.session, turn.contact, kind, turn.local_now)
    if not found:
        return [Reply(none, remark=True)]
    if len(found) == 1:
        return _introduced(turn, found[0])
    options = tuple(
        Option(_line(turn, one), Command("survey", str(one.id))) for one in found
    )
    return [Reply("surveys.choose", options=options)]


def _line(turn: Turn, survey: Survey) -> str:
    sheets = answering.sheets_of(turn.session, survey, turn.contact)
    is_begun = bool(sheets) and sheets[-1].finished_at is None
    return turn.label("surveys.line", title=survey.title, is_begun=is_begun)


def show(turn: Turn) -> list[Reply]:
    """The one that was chosen of several, or by a button."""
    survey = _named(turn)
    if survey is None:
        return [Reply("surveys.closed", remark=True)]
    return _introduced(turn, survey)


def _introduced(turn: Turn, survey: Survey) -> list[Reply]:
    """A contest says first how it goes; a survey begins."""
    if survey.kind == SurveyKind.SURVEY:
        return _started(turn, survey)
    params = {
        "title": survey.title,
        "intro": survey.intro,
        "count": len(survey.questions),
        "tries": survey.tries,
        "closes_at": _local(turn, survey.closes_at),
    }
    options = (
        turn.option("surveys.start", "survey_start", str(survey.id)),
        turn.option("surveys.rules_short", "survey_rules", str(survey.id)),
    )
    return [Reply("surveys.begin_contest", params, options, inline=True)]


def rules(turn: Turn) -> list[Reply]:
    """Of the one that was chosen, or of the contest that is open."""
    survey = _named(turn)
    if survey is None:
        kind = SurveyKind.CONTEST
        found = answering.open_for(turn.session, turn.contact, kind, turn.local_now)
        survey = found[0] if found else None
    if survey is None or not survey.rules:
        return [Reply("surveys.no_rules", remark=True)]
    params = {"title": survey.title, "rules": survey.rules}
    options = (turn.option("surveys.start", "survey_start", str(survey.id)),)
    return [Reply("surveys.rules", params, options, inline=True)]


def start(turn: Turn) -> list[Reply]:
    survey = _named(turn)
    if survey is None:
        return [Reply("surveys.closed", remark=True)]
    return _started(turn, survey)


def _started(turn: Turn, survey: Survey) -> list[Reply]:
    sheet = answering.begin(turn.session, survey, turn.contact, turn.now)
    if sheet is None:
        return [_over_already(turn, survey)]
    asked = answering.next_question(survey, sheet)
    number = _number(survey, asked)
    if number > 1:
        params = {"title": survey.title, "number": number}
        hello = Reply("surveys.go_on", params, remark=True)
    else:
        params = {
            "title": survey.title,
            "intro": survey.intro,
            "count": len(survey.questions),
        }
        hello = Reply("surveys.begin_survey", params, remark=True)
    replies = SURVEYING.start(turn, _next(turn, survey, sheet))
    is_contest = survey.kind == SurveyKind.CONTEST
    return replies if is_contest and number == 1 else [hello, *replies]


def _over_already(turn: Turn, survey: Survey) -> Reply:
    if survey.kind == SurveyKind.SURVEY:
        return Reply("surveys.done_already", {"title": survey.title}, remark=True)
    sheets = answering.sheets_of(turn.session, survey, turn.contact)
    params = {
        "title": survey.title,
        "score": max((one.score or 0 for one in sheets), default=0),
        "most": len(survey.questions),
    }
    return Reply("surveys.tries_over", params, remark=True)


# --- one question after the other -------------------------------------------------------------


def _next(turn: Turn, survey: Survey, sheet: SurveySheet) -> Go | Done:
    """On to what is missing; the end when nothing is."""
    draft = {"sheet": sheet.id}
    asked = answering.next_question(survey, sheet)
    if asked is not None:
        return Go(Step.QUESTION, draft, [_question(survey, asked)])
    if survey.kind == SurveyKind.CONTEST:
        if survey.guesses_count and sheet.guess is None:
            guess = Reply("surveys.guess", {"unclear": False})
            return Go(Step.GUESS, draft, [guess])
        if not sheet.name:
            return Go(Step.NAME, draft, [Reply("surveys.name")])
    return Done([_finished(turn, survey, sheet)])


def _question(survey: Survey, asked: Question, *, unclear: bool = False) -> Reply:
    labels = asked.options or (
        tuple(map(str, SCALE)) if asked.kind == QuestionKind.NUMBER else ()
    )
    options = tuple(
        Option(label, Command(ANSWER, str(number)))
        for number, label in enumerate(labels, 1)
    )
    params = {
        "number": _number(survey, asked),
        "count": len(survey.questions),
        "text": asked.text,
        "kind": asked.kind.value,
        "options": options,
        "unclear": unclear,
    }
    is_scale = asked.kind == QuestionKind.NUMBER
    return Reply("surveys.question", params, () if is_scale else options)


def _number(survey: Survey, asked: Question | None) -> int:
    keys = [one.key for one in questions_of(survey.questions)]
    return keys.index(asked.key) + 1 if asked is not None else len(keys) + 1


def _answered(turn: Turn, draft: Draft) -> Outcome:
    found = _in_hand(turn, draft)
    if found is None:
        return Done([Reply("surveys.closed", remark=True)])
    survey, sheet = found
    asked = answering.next_question(survey, sheet)
    if asked is None:
        return _next(turn, survey, sheet)
    given = None if _skips(turn) else read_answer(asked, answer_of(turn), turn.text)
    if given is None and not _skips(turn):
        return Go(Step.QUESTION, draft, [_question(survey, asked, unclear=True)])
    answering.put(turn.session, sheet, asked, given)
    return _masked(turn, _next(turn, survey, sheet))


def _guessed(turn: Turn, draft: Draft) -> Outcome:
    found = _in_hand(turn, draft)
    if found is None:
        return Done([Reply("surveys.closed", remark=True)])
    survey, sheet = found
    number = _NUMBER.fullmatch(fold(turn.text).strip(" ."))
    if number is None and not _skips(turn):
        return Go(Step.GUESS, draft, [Reply("surveys.guess", {"unclear": True})])
    sheet.guess = int(number[1]) if number else -1  # -1: he did not want to
    return _next(turn, survey, sheet)


def _named_himself(turn: Turn, draft: Draft) -> Outcome:
    found = _in_hand(turn, draft)
    if found is None:
        return Done([Reply("surveys.closed", remark=True)])
    survey, sheet = found
    if not _skips(turn):
        sheet.name = " ".join(turn.text.split())[:LONGEST_NAME]
    return _masked(turn, Done([_finished(turn, survey, sheet)]))


def _masked(turn: Turn, outcome: Go | Done) -> Go | Done:
    """Says that a number was masked, if one was."""
    if not turn.event.masked_kinds:
        return outcome
    said = [Reply("surveys.masked", remark=True), *outcome.replies]
    if isinstance(outcome, Go):
        return Go(outcome.step, outcome.draft, said)
    return Done(said)


def _finished(turn: Turn, survey: Survey, sheet: SurveySheet) -> Reply:
    answering.finish(turn.session, survey, sheet, turn.now)
    if survey.kind == SurveyKind.SURVEY:
        return Reply("surveys.thanks", {"thanks": survey.thanks}, remark=True)
    left = survey.tries - sheet.attempt
    params = {
        "thanks": survey.thanks,
        "score": sheet.score,
        "most": len(survey.questions),
        "left": left,
        "closes_at": _local(turn, survey.closes_at),
    }
    again = turn.option("surveys.again", "survey_start", str(survey.id))
    return Reply("surveys.score", params, (again,) if left else (), inline=True)


def _skips(turn: Turn) -> bool:
    return fold(turn.text).strip(" .!") in _SKIPS


def _in_hand(turn: Turn, draft: Draft) -> tuple[Survey, SurveySheet] | None:
    """None when it was closed, or erased, meanwhile."""
    sheet = turn.session.get(SurveySheet, draft["sheet"])
    survey = turn.session.get(Survey, sheet.survey_id) if sheet else None
    if sheet is None or survey is None or not is_running(survey, turn.now):
        return None
    return survey, sheet


SURVEYING = Dialog(
    "survey",
    {
        Step.QUESTION: _answered,
        Step.GUESS: _guessed,
        Step.NAME: _named_himself,
    },
)


def pauses(turn: Turn) -> bool:
    return in_dialog(SURVEYING)(turn) and dialogs.asks_to_cancel(turn)


def pause(turn: Turn) -> list[Reply]:
    """What he has answered so far is kept."""
    progress = turn.context.progress
    found = _in_hand(turn, progress.draft) if progress else None
    dialogs.end(turn)
    is_contest = found is not None and found[0].kind == SurveyKind.CONTEST
    return [Reply("surveys.paused", {"is_contest": is_contest}, remark=True)]


# --- the order of a contest -------------------------------------------------------------------


def show_ranking(turn: Turn) -> list[Reply]:
    """The newest one of his units that is over."""
    over = _contests_over(turn)
    if not over:
        return [Reply("surveys.no_ranking", remark=True)]
    survey = over[0]
    places = ranking.ranking_of(turn.session, survey)
    own = ranking.place_of(places, same_person(turn.session, turn.contact))
    params: dict[str, Any] = {
        "title": survey.title,
        "people": len(places),
        "top": places[:TOP],
        "own": own,
    }
    return [Reply("surveys.ranking", params, remark=True)]


def _contests_over(turn: Turn) -> Sequence[Survey]:
    codes: set[str] = set()
    for code in (turn.contact.unit_code, turn.account.unit_code):
        if code:
            codes |= set(units.above(turn.session, code, turn.today))
    found = answering.contests_of(turn.session, codes)
    return [one for one in found if is_over(one, turn.now)]


def _named(turn: Turn) -> Survey | None:
    """The one in the command, as long as it is open to him."""
    argument = turn.command.argument if turn.command else ""
    if not argument.isdecimal() or len(argument) > 9:
        return None
    for kind in SurveyKind:
        for one in answering.open_for(turn.session, turn.contact, kind, turn.local_now):
            if one.id == int(argument):
                return one
    return None


def _local(turn: Turn, at: datetime | None) -> datetime | None:
    return at.astimezone(turn.zone) if at else None
