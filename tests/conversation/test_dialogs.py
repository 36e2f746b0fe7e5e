"""A dialog of the tests' own, through the front door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import pytest
from sqlmodel import select

from bot.conversation import dialogs
from bot.conversation.dialogs import Dialog, Done, Draft, Go, Stay
from bot.conversation.turn import Command, Option, Reply, Route, Turn
from handlers import ROUTES
from models import Conversation
from tests.chat import Chat, Town

LASTS = timedelta(minutes=20)


class Step(StrEnum):
    COLOUR = "colour"
    NOTE = "note"


OPTIONS = (
    Option("Đỏ", Command(dialogs.ANSWER, "red")),
    Option("Xanh", Command(dialogs.ANSWER, "blue")),
)


def say(text: str, *options: Option) -> list[Reply]:
    """Any text there is; what it says in full is not the matter here."""
    return [Reply("search.choice_more", {"remaining": text}, options=options)]


def ask_colour(turn: Turn) -> list[Reply]:
    return COLOURS.start(turn, Go(Step.COLOUR, {}, say("?", *OPTIONS)))


def colour(turn: Turn, draft: Draft) -> Stay | Go:
    chosen = dialogs.answer_of(turn)
    if chosen is None:
        return Stay([Reply("dialogs.nothing_to_cancel", remark=True)])
    return Go(Step.NOTE, {**draft, "colour": chosen}, say("note"))


def note(turn: Turn, draft: Draft) -> Done:
    return Done([Reply("menu.no_such_number", {"last": f"{draft}{turn.text}"})])


COLOURS = Dialog("colours", {Step.COLOUR: colour, Step.NOTE: note}, LASTS)


def begins(turn: Turn) -> bool:
    return turn.text == "chọn màu"


@pytest.fixture
def talk(town: Town) -> Chat:
    """A phone in front of a program that also has this dialog."""
    town.worker.conversations = replace(
        town.worker.conversations, routes=with_colours(ROUTES)
    )
    chat = town.chat_of("ba-tam")
    chat.says("chào")
    return chat


def with_colours(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    unknown = next(
        i for i, route in enumerate(routes) if route.name == "dialog.unknown"
    )
    ours = (
        Route("colours.begin", begins, ask_colour),
        Route("colours.step", dialogs.in_dialog(COLOURS), COLOURS.advance),
    )
    return (*routes[:unknown], *ours, *routes[unknown:])


@pytest.mark.parametrize("answer", ["2", "số 2", "xanh", "Xanh"])
def test_a_dialog_goes_on_by_number_or_word_and_keeps_what_was_said(
    talk: Chat, answer: str
) -> None:
    talk.says("chọn màu")
    talk.says(answer)
    (end,) = talk.says("lệ phí")  # a word that means something elsewhere
    assert "{'colour': 'blue'}lệ phí" in end


def test_a_question_in_between_is_told_what_is_expected(talk: Chat) -> None:
    talk.says("chọn màu")
    (told,) = talk.says("đăng ký khai sinh")
    assert "1.001193" not in told
    talk.says("1")
    assert "'red'" in talk.says("xong")[0]


def test_after_the_end_questions_are_answered_again(talk: Chat) -> None:
    for text in ("chọn màu", "1", "xong"):
        talk.says(text)
    assert "1.001193" in talk.says("đăng ký khai sinh")[0]


@pytest.mark.parametrize("word", ["thôi", "HỦY", "huy", "dừng"])
def test_words_for_stopping_end_it_and_mean_nothing_else_there(
    talk: Chat, word: str
) -> None:
    talk.says("chọn màu")
    (said,) = talk.says(word)
    assert "đã dừng việc đang làm dở" in said
    assert "1.001193" in talk.says("đăng ký khai sinh")[0]
    assert "tin tuyên truyền" in talk.says("HỦY")[0]


def test_the_menu_ends_it_too(talk: Chat) -> None:
    talk.says("chọn màu")
    assert "Anh/chị cần gì" in talk.says("menu")[0]
    assert "1. Hộ tịch (" in talk.says("1")[0]


def test_an_answer_after_it_expired_is_told_so(talk: Chat) -> None:
    talk.says("chọn màu")
    talk.post_control("/clock", {"move_seconds": LASTS.total_seconds() + 60})
    (said,) = talk.says("2")
    assert "để lâu quá" in said
    assert "1.001193" in talk.says("đăng ký khai sinh")[0]


@pytest.mark.parametrize("changed", [{"step": "gone"}, {"dialog": "gone"}])
def test_a_step_the_program_no_longer_knows_ends_politely(
    talk: Chat, town: Town, changed: dict[str, str]
) -> None:
    talk.says("chọn màu")
    with town.database.writing() as session:
        row = session.exec(select(Conversation)).one()
        for name, value in changed.items():
            setattr(row, name, value)
    assert "đã kết thúc" in talk.says("2")[0]
    assert "1.001193" in talk.says("đăng ký khai sinh")[0]


def test_a_dialog_survives_a_restart(talk: Chat, town: Town) -> None:
    talk.says("chọn màu")
    talk = town.restarted_chat("ba-tam")
    town.worker.conversations = replace(
        town.worker.conversations, routes=with_colours(ROUTES)
    )
    talk.conversations = town.worker.conversations
    talk.says("1")
    assert "'red'" in talk.says("xong")[0]


def test_stopping_when_nothing_is_in_progress_is_answered(talk: Chat) -> None:
    assert "không có việc gì" in talk.says("thôi")[0]
