"""The first answer about any procedure fits on a small screen."""

from __future__ import annotations

import csv

from bot.conversation.preview import Preview
from bot.conversation.rendering import FIRST_ANSWER_LENGTH
from tests.chat import Chat
from tests.conftest import CONTENT


def test_no_first_answer_about_a_procedure_is_too_long(chat: Chat) -> None:
    preview = Preview(chat.conversations)
    with (CONTENT / "procedures.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    lengths = {code: len(preview.ask(code).replies[-1]) for code in codes}
    too_long = {c: n for c, n in lengths.items() if n > FIRST_ANSWER_LENGTH}
    assert len(lengths) == 196
    assert not too_long
