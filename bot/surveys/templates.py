"""The surveys and contests that content ships (``content/surveys/*.toml``): a beginning for a
draft of one's own, never asked as they are."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.errors import OperatorError
from bot.surveys.questions import Question, flaw_of, questions_of
from models import SurveyKind


class TemplateError(OperatorError):
    """A file is wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class Template:
    """``why`` is the place in the plan that asks for it."""

    key: str
    kind: SurveyKind
    title: str
    intro: str
    thanks: str
    rules: str
    why: str
    questions: tuple[Question, ...]
    tries: int
    guesses_count: bool


def read_templates(content_dir: Path) -> Sequence[Template]:
    """All, by title."""
    files = sorted((content_dir / "surveys").glob("*.toml"))
    found = [_read(file, file.stat().st_mtime_ns) for file in files]
    return sorted(found, key=lambda one: (one.kind != SurveyKind.SURVEY, one.title))


def template_named(content_dir: Path, key: str) -> Template | None:
    return next((one for one in read_templates(content_dir) if one.key == key), None)


@lru_cache(maxsize=50)
def _read(file: Path, changed: int) -> Template:
    """``changed`` makes another file of it."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        found = Template(
            key=file.stem,
            kind=SurveyKind(raw["kind"]),
            title=raw["title"],
            intro=raw["intro"].strip(),
            thanks=raw.get("thanks", "").strip(),
            rules=raw.get("rules", "").strip(),
            why=raw.get("why", ""),
            questions=questions_of(raw["questions"]),
            tries=raw.get("tries", 1),
            guesses_count=raw.get("guesses_count", False),
        )
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise TemplateError(f"{file}: {error}") from error
    flaw = flaw_of(found.questions, is_contest=found.kind == SurveyKind.CONTEST)
    if flaw:
        raise TemplateError(f"{file}: {flaw}")
    return found
