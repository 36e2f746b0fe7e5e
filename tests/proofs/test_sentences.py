"""Whatever a check finds has a sentence: with its details for people, without for reports."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.conversation.texts import Texts
from bot.duties.crediting.taking import Doubt
from bot.duties.fetching import Refusal
from bot.duties.proofs.keeping import FileRefusal
from bot.duties.proofs.verdict import DISAPPEARED, Check, Finding, Gone
from bot.duties.table.wording import proof_reason

TEXTS = Texts.load(Path(__file__).resolve().parents[2] / "content/texts")
# Said of the proof itself, not of its page's being there.
NOT_OF_A_PAGE = (Refusal.ROBOTS, Refusal.NOT_MODIFIED)
WHYS: dict[Check, tuple[str, ...]] = {
    Check.ALIVE: (*(r for r in Refusal if r not in NOT_OF_A_PAGE), *Gone),
    Check.IN_PERIOD: ("before", "after"),
    Check.LINK_USED_BEFORE: ("other_unit", "other_duty"),
    Check.FILE_USED_BEFORE: ("other_unit", "other_duty"),
    Check.FILE_MISSING: tuple(FileRefusal),
    Check.QUANTITY_TOO_HIGH: ("more_than_all", "far_more"),
}
# What each check may say without a why.
SAYS: dict[Check, tuple[bool | None, ...]] = {
    Check.ALIVE: (True, False),
    Check.REDIRECTED: (True,),
    Check.OWN_HOST: (True, False, None),
    Check.TITLE: (True,),
    Check.PUBLISHED_ON: (True,),
    Check.IN_PERIOD: (True,),
    Check.BEFORE_PLAN: (False,),
    Check.SUBJECT: (True, None),
    Check.LINK_USED_BEFORE: (False,),
    Check.FILE_USED_BEFORE: (False,),
    Check.EXIF_DATE: (True, None),
    Check.QUANTITY_TOO_HIGH: (True,),
}
DETAIL = {
    "date": date(2026, 11, 18), "title": "Tin", "url": "https://xa-a.vn/1", "proof": 7,
    "unit": "Xã A", "duty": "2.2", "done": 61, "total": 60, "usual": 5, "status": 404,
}  # fmt: skip
FOUND = [
    *(Finding(check, None, why) for check, whys in WHYS.items() for why in whys),
    *(Finding(check, ok) for check in Check for ok in SAYS.get(check, (None,))),
]


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.key)
def test_every_finding_has_a_sentence(found: Finding) -> None:
    bare = TEXTS.render(f"checks.{found.key}")
    full = TEXTS.render(f"checks.{found.key}", DETAIL)
    for said in (bare, full):
        assert said
        assert said == said.strip()
        assert not said.endswith(".")
        assert not said[0].isupper() or said.startswith("Xã")
    assert proof_reason(TEXTS, found.key) == bare


@pytest.mark.parametrize("code", [*Doubt, *FileRefusal, DISAPPEARED, "media_lost"])
def test_codes_of_other_places_have_one_too(code: str) -> None:
    assert proof_reason(TEXTS, code) not in ("", code)


@pytest.mark.parametrize("said", ["", "Bài không thuộc kỳ này", "sai", "trung.bai"])
def test_the_words_of_a_supervisor_stay_as_they_are(said: str) -> None:
    assert proof_reason(TEXTS, said) == said


def test_no_sentence_is_left_over() -> None:
    codes = {*Doubt, *FileRefusal, DISAPPEARED, "media_lost"}
    written = {
        key.removeprefix("checks.") for key in TEXTS.keys if key.startswith("checks.")
    }
    assert written == {found.key for found in FOUND} | codes
