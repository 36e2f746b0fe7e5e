"""The gold set: what citizens ask, and what they should be given.

Columns: ``question``, ``target`` (acceptable ids, comma-separated; ``OOS`` = not our
business, ``INFO`` = any topic or unit, ``NATIONAL`` ids are procedure codes as well),
``style`` (diacritics, none, typo, abbr), ``kind`` (service, document, info, oos,
national), ``origin`` (optional: who wrote it).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bot.search.entries import Entry, Kind
from bot.search.findings import Finding, Outcome
from bot.search.fold import words
from bot.search.lexicon import Lexicon

GOLD_DIR = Path(__file__).parents[1] / "tests" / "gold"
OUT_OF_SCOPE = "OOS"
ANY_INFO = "INFO"


@dataclass(frozen=True)
class Question:
    """One line of the gold set."""

    text: str
    targets: tuple[str, ...]
    style: str
    kind: str
    part: str  # name of the file, without suffix


def read_gold(path: Path) -> list[Question]:
    """The questions of one file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_question(row, path.stem) for row in rows]


def _question(row: dict[str, str], part: str) -> Question:
    raw = row.get("target") or row["target_code"]
    targets = tuple(text for t in raw.split(",") if (text := t.strip()))
    kind = row.get("kind") or _kind_of(targets)
    return Question(row["question"], targets, row["style"], kind, part)


def _kind_of(targets: tuple[str, ...]) -> str:
    if OUT_OF_SCOPE in targets:
        return "oos"
    return "info" if targets == (ANY_INFO,) else "service"


def with_successors(
    questions: Iterable[Question], entries: Iterable[Entry]
) -> list[Question]:
    """What was replaced is rightly answered by what replaced it: that is a target too."""
    successors = {entry.id: entry.successor for entry in entries if entry.successor}
    return [
        replace(
            question,
            targets=(
                *question.targets,
                *(successors[t] for t in question.targets if t in successors),
            ),
        )
        for question in questions
    ]


def place_of(question: Question, finding: Finding) -> int:
    """At which place an acceptable answer stands, from 1; 0 if nowhere.

    Of an out-of-scope question the right place is "not mine", which counts as first.
    """
    if question.kind == "oos":
        refused = finding.outcome in (Outcome.OUT_OF_SCOPE, Outcome.NOT_FOUND)
        return 1 if refused else 0
    for place, hit in enumerate(finding.hits, start=1):
        general = hit.kind in (Kind.INFO, Kind.UNIT) and ANY_INFO in question.targets
        same = {hit.id, hit.id.partition("@")[0], hit.asked_for or hit.id}
        if general or same & set(question.targets):
            return place
    return 0


def leaks(
    questions: Iterable[Question], entries: Iterable[Entry], lexicon: Lexicon
) -> list[str]:
    """Questions that equal or contain what is indexed word for word, or stand in it.

    Indexed so are the aliases and the examples of what people say.
    """
    indexed = {" ".join(words(a)) for e in entries for a in e.aliases}
    for texts in lexicon.utterances.values():
        indexed.update(" ".join(words(text)) for text in texts)
    return [
        question.text
        for question in questions
        if _leaks(" ".join(words(question.text)), indexed)
    ]


def _leaks(text: str, indexed: set[str]) -> bool:
    padded = f" {text} "
    return any(f" {alias} " in padded or padded in f" {alias} " for alias in indexed)


def median_overlap(questions: Sequence[Question], entries: Iterable[Entry]) -> float:
    """Median share of a question's words that stand in its target's title or aliases."""
    own: dict[str, set[str]] = {}
    for entry in entries:
        found = set(words(" ".join((entry.title, *entry.aliases))))
        own.setdefault(entry.id, set()).update(found)
    shares = []
    for question in questions:
        asked = set(words(question.text))
        known = [own[target] for target in question.targets if target in own]
        if asked and known:
            shares.append(max(len(asked & each) / len(asked) for each in known))
    return median(shares) if shares else 0.0
