"""The table of Zalo's codes, compared with the recorded one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.channel.zalo.errors import Action, Surface, action_for

ACTION_OF_CLASS = {
    "retry": Action.RETRY,
    "retry_careful": Action.RETRY_CAREFULLY,
    "refresh": Action.REFRESH_TOKEN,
    "reconsent": Action.RECONSENT,
    "terminal": Action.GIVE_UP,
    "reupload": Action.REUPLOAD,
    "drop_recipient": Action.STOP_RECIPIENT,
    "drop_until_interaction": Action.PARK,
    "drop_recipient_for_type": Action.STOP_KIND,
    "defer": Action.DEFER,
    "defer_recipient": Action.DEFER,
    "human": Action.HUMAN,
    "fallback_v2": Action.SWITCH_TO_V2,
    "fallback_v3": Action.SWITCH_TO_V3,
}
REFINED = {
    (Surface.OA, -32): Action.NEXT_MINUTE,
    # a group is a recipient: nothing more is sent there until it is seen again
    (Surface.OA, -237): Action.STOP_RECIPIENT,
    (Surface.OA, -403): Action.STOP_RECIPIENT,
}


def test_every_recorded_code_has_the_action_of_its_class(
    samples: Callable[[str], Any],
) -> None:
    entries = [entry for entry in samples("error_codes")["codes"] if entry["code"]]
    assert len(entries) > 120
    for entry in entries:
        key = (Surface(entry["surface"]), entry["code"])
        expected = REFINED.get(key, ACTION_OF_CLASS[entry["class"]])
        assert (key, action_for(*key, entry.get("message", ""))) == (key, expected)


@pytest.mark.parametrize("surface", Surface)
def test_unknown_code_is_never_repeated(surface: Surface) -> None:
    assert action_for(surface, -987654, "retry please") == Action.GIVE_UP


@pytest.mark.parametrize(
    ("code", "text", "action"),
    [
        (-201, "quote_message_id is invalid!", Action.DROP_QUOTE),
        (-201, "buttons is invalid!", Action.DROP_BUTTONS),
        (-201, "user_id is invalid!", Action.GIVE_UP),
        (-223, "Official Account has not authorized this API", Action.HUMAN),
        (-223, "Article quota is reached", Action.DEFER),
    ],
)
def test_text_decides_where_a_code_has_several_meanings(
    code: int, text: str, action: Action
) -> None:
    assert action_for(Surface.OA, code, text) == action


def test_same_number_means_different_things_on_different_hosts() -> None:
    assert action_for(Surface.OA, -100) == Action.REUPLOAD
    assert action_for(Surface.PHONE, -100) == Action.RETRY
    assert action_for(Surface.OAUTH, -100) == Action.GIVE_UP
