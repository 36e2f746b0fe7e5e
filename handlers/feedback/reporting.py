"""phản ánh, góp ý, kiến nghị: what, about what, where, a picture if there is one, and a yes.

Whoever writes it all at once ("phản ánh: đèn đường ấp 3 tắt") is only asked what is
missing. A picture or a place is taken at any step.

```mermaid
stateDiagram-v2
    [*] --> commune: not known whose it is
    [*] --> area
    commune --> area
    area --> words
    words --> more
    more --> confirm
    confirm --> area: another area
    confirm --> words: other words
    confirm --> commune: another commune
    confirm --> [*]: filed
```
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from bot.conversation.dialogs import (
    ANSWER,
    Dialog,
    Done,
    Draft,
    Go,
    Outcome,
    Stay,
    answer_of,
)
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.feedback import tickets
from bot.feedback.areas import OTHER, Area, Lists, read_lists
from bot.feedback.tickets import LONGEST, MOST_A_DAY, SHORTEST, Report, number_of
from bot.people import units
from bot.search.fold import fold
from handlers import menu
from handlers.proofs.things import is_message
from models import Feedback, UnitLevel

# "tôi muốn phản ánh …", "phản ánh: …"; a question about reporting is left to the search.
_WISH = r"(?:(?:toi|tui|minh|em|chau|con|da|ad|cho|xin|muon|can|nho|gui|duoc) )+"
_ASKS = re.compile(
    rf"(?:{_WISH}(?:phan anh|kien nghi|gop y)|(?:phan anh|kien nghi|gop y)\s*:)"
    r"(?: (?:voi|toi|cho|den) (?:xa|uy ban|ubnd|chinh quyen|lanh dao|can bo))?"
    r"\s*(?:la|ve|rang|viec)?\s*[:,.-]*\s*"
)
_QUESTION = re.compile(
    r"\?|\b(?:o dau|the nao|lam sao|ra sao|nhu nao|gi|ai|nao|khong|may|bao lau|bao gio|thu tuc"
    r"|don|ho so|quy che|van ban|quyet dinh|khieu nai|to cao|thu hoi|bia|so do)\b"
)
_NO_MORE = ("khong", "khong co", "het", "het roi", "xong", "gui", "gui di", "khoi")


class Step(StrEnum):
    COMMUNE = "commune"
    AREA = "area"
    WORDS = "words"
    MORE = "more"
    CONFIRM = "confirm"


class Answer(StrEnum):
    """What can be chosen where something else than the thing itself is chosen."""

    NO_MORE = "no_more"
    SEND = "send"
    WORDS = "words"
    AREA = "area"
    COMMUNE = "commune"


def asks(turn: Turn) -> bool:
    if not is_message(turn) or turn.command is not None:
        return False
    folded = " ".join(fold(turn.text).split())
    return _ASKS.match(folded) is not None and _QUESTION.search(folded) is None


def begin(turn: Turn) -> list[Reply]:
    """With what was said already, by the words or by the command behind an option."""
    said = _said(turn)
    area = _lists(turn).guess(said) if said else None
    draft = {"unit": _unit_code(turn), "area": area.key if area else "", "text": said}
    hello = Reply("feedback.notice", remark=True)
    return menu.with_notice(
        turn, [hello, *REPORTING.start(turn, _next(turn, _absorbed(turn, draft)))]
    )


def _said(turn: Turn) -> str:
    """What is to be reported; "" when only the wish was said."""
    if turn.command is not None:
        said = turn.command.argument
    else:
        found = _ASKS.match(" ".join(fold(turn.text).split()))
        words = turn.text.split()
        said = " ".join(words[len(found.group().split()) if found else 0 :])
    return said.strip() if len(said.strip()) >= SHORTEST else ""


def _unit_code(turn: Turn) -> str:
    """Whose it is, as far as it is known: his commune, or that of the account."""
    for code in (turn.contact.unit_code, turn.account.unit_code):
        unit = units.by_code(turn.session, code) if code else None
        if (
            unit
            and unit.level == UnitLevel.COMMUNE
            and units.is_in_force(unit, turn.today)
        ):
            return unit.code
    return ""


# --- what comes next --------------------------------------------------------------------------


def _next(turn: Turn, draft: Draft) -> Go:
    """On to the first thing that is missing."""
    if not draft["unit"]:
        return Go(Step.COMMUNE, draft, [_commune_question(turn)])
    if not draft["area"]:
        return Go(Step.AREA, draft, [_area_question(turn)])
    if not draft["text"]:
        return Go(Step.WORDS, draft, [Reply("feedback.words")])
    if not draft.get("is_whole") and not draft.get("picture"):
        return Go(Step.MORE, draft, [_more_question(turn)])
    return Go(Step.CONFIRM, draft, [_confirm_question(turn, draft)])


def _commune_question(turn: Turn) -> Reply:
    communes = units.communes_on(turn.session, turn.today)
    options = tuple(Option(one.name, Command(ANSWER, one.code)) for one in communes)
    return Reply("feedback.commune", options=options)


def _area_question(turn: Turn) -> Reply:
    options = tuple(
        Option(one.label, Command(ANSWER, one.key)) for one in _lists(turn).areas
    )
    return Reply("feedback.area", options=options)


def _more_question(turn: Turn) -> Reply:
    return Reply("feedback.more", options=(_choice(turn, Answer.NO_MORE),), inline=True)


def _confirm_question(turn: Turn, draft: Draft) -> Reply:
    unit = units.by_code(turn.session, draft["unit"])
    params = {
        "unit": unit.name if unit else "",
        "area": _lists(turn).label(draft["area"]),
        "text": draft["text"],
        "has_picture": bool(draft.get("picture")),
        "has_place": draft.get("latitude") is not None,
    }
    choices = (Answer.SEND, Answer.WORDS, Answer.AREA, Answer.COMMUNE)
    options = tuple(_choice(turn, one) for one in choices)
    return Reply("feedback.confirm", params, options)


def _choice(turn: Turn, answer: Answer) -> Option:
    return turn.option(f"feedback.choose_{answer}", ANSWER, answer)


def _absorbed(turn: Turn, draft: Draft) -> dict[str, Any]:
    """With the picture and the place of this message, if it carries any."""
    found = dict(draft)
    for one in turn.event.attachments:
        if one.kind == "image" and one.url:
            found["picture"] = one.url
        if one.latitude is not None and one.longitude is not None:
            # four decimals are ten metres: enough to find it
            found["latitude"] = round(one.latitude, 4)
            found["longitude"] = round(one.longitude, 4)
    return found


# --- the steps --------------------------------------------------------------------------------


def _commune(turn: Turn, draft: Draft) -> Outcome:
    draft = _absorbed(turn, draft)
    named = units.by_code(turn.session, answer_of(turn) or "")
    if named is None and turn.text:
        named = units.commune_named_in(turn.session, turn.text, turn.today)
    if named is None:
        return Go(Step.COMMUNE, draft, [_commune_question(turn)])
    return _next(turn, draft | {"unit": named.code})


def _area(turn: Turn, draft: Draft) -> Outcome:
    """By number or name; whoever describes it right away has said what it is about."""
    draft = _absorbed(turn, draft)
    chosen = _area_named(turn)
    if chosen is not None:
        return _next(turn, draft | {"area": chosen.key})
    said = _words_in(turn)
    if not said:
        return Go(Step.AREA, draft, [_area_question(turn)])
    guessed = _lists(turn).guess(said)
    return _next(
        turn, draft | {"text": said, "area": guessed.key if guessed else OTHER}
    )


def _area_named(turn: Turn) -> Area | None:
    key = answer_of(turn)
    return next((one for one in _lists(turn).areas if one.key == key), None)


def _words(turn: Turn, draft: Draft) -> Outcome:
    draft = _absorbed(turn, draft)
    said = _words_in(turn)
    if not said:
        got = "picture" in draft or "latitude" in draft
        return Go(Step.WORDS, draft, [Reply("feedback.words_short", {"got": got})])
    asked = _next(turn, draft | {"text": said})
    masked = [Reply("feedback.masked", remark=True)] if turn.event.masked_kinds else []
    return Go(asked.step, asked.draft, [*masked, *asked.replies])


def _words_in(turn: Turn) -> str:
    text = turn.text.strip()
    if turn.command is not None or len(text) < SHORTEST:
        return ""
    return text[:LONGEST]


def _more(turn: Turn, draft: Draft) -> Outcome:
    """A picture, a place, further words, or nothing more."""
    found = _absorbed(turn, draft)
    said = _words_in(turn)
    is_over = answer_of(turn) == Answer.NO_MORE or fold(turn.text) in _NO_MORE
    if said and not is_over:
        found["text"] = f"{found['text']}\n{said}"[:LONGEST]
    if found == dict(draft) and not is_over:
        return Stay([_more_question(turn)])
    return _next(turn, found | {"is_whole": True})


def _confirm(turn: Turn, draft: Draft) -> Outcome:
    found = _absorbed(turn, draft)
    match answer_of(turn):
        case Answer.SEND:
            return Done([_filed(turn, found)])
        case Answer.WORDS:
            return _next(turn, found | {"text": "", "is_whole": True})
        case Answer.AREA:
            return _next(turn, found | {"area": "", "is_whole": True})
        case Answer.COMMUNE:
            return _next(turn, found | {"unit": "", "is_whole": True})
    return Go(Step.CONFIRM, found, [_confirm_question(turn, found)])


def _filed(turn: Turn, draft: Draft) -> Reply:
    report = Report(
        unit_code=draft["unit"],
        area=draft["area"],
        text=draft["text"],
        picture_url=draft.get("picture"),
        latitude=draft.get("latitude"),
        longitude=draft.get("longitude"),
    )
    version = turn.label("feedback.notice_version")
    feedback = tickets.file_report(
        turn.session, turn.contact, report, version, turn.now
    )
    if feedback is None:
        options = (turn.option("menu.person", "person"),)
        return Reply("feedback.too_many", {"most": MOST_A_DAY}, options)
    return _receipt(turn, feedback)


def _receipt(turn: Turn, feedback: Feedback) -> Reply:
    params = {
        "number": number_of(feedback),
        "unit": units.name_of(turn.session, feedback.unit_code),
    }
    options = (
        turn.option("feedback.mine", "my_feedback"),
        turn.option("feedback.withdraw", "feedback_withdraw", str(feedback.id)),
    )
    return Reply("feedback.filed", params, options, inline=True)


def _lists(turn: Turn) -> Lists:
    return read_lists(turn.catalogue.content_dir)


REPORTING = Dialog(
    "feedback",
    {
        Step.COMMUNE: _commune,
        Step.AREA: _area,
        Step.WORDS: _words,
        Step.MORE: _more,
        Step.CONFIRM: _confirm,
    },
)
