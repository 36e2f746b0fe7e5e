"""How well and how fast the search answers: ``python -m bench.search``.

Prints, per part and style of the gold set, how often the right thing is first and in
the first three, how often in-scope questions are refused and out-of-scope ones
recognised; the leak rate; names of the national index; speed and memory; and two plain
engines over the same records in the same run. ``--show-misses`` lists the misses of the
tune part, ``--show-test-misses`` those of the others (do not tune on them).
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from rapidfuzz.fuzz import WRatio
from rapidfuzz.process import extract

from bench.gold import (
    GOLD_DIR,
    Question,
    leaks,
    median_overlap,
    place_of,
    read_gold,
    with_successors,
)
from bot.catalogue.pack_entries import load_entries
from bot.search.entries import Entry, Kind
from bot.search.finder import SearchIndex
from bot.search.findings import Outcome
from bot.search.fold import fold, words
from bot.search.lexicon import Lexicon

CONTENT = Path(__file__).parents[1] / "content"
STYLES = ("diacritics", "none", "typo", "abbr")
NAMES_TRIED = 400  # names of the national index, drawn with a fixed seed
HEADER = f"{'part / style':<26}{'n':>5}{'first':>8}{'top 3':>8}{'refused':>9}"


def run() -> str:
    """The tables as text."""
    printed = StringIO()
    with redirect_stdout(printed):
        main([])
    return "## Search\n\n```\n" + printed.getvalue().strip() + "\n```"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and print the tables."""
    options = _options(arguments)
    before = _rss_mb()
    entries = load_entries(CONTENT)
    lexicon = Lexicon.load(CONTENT / "lexicon.toml")
    loaded = _rss_mb()
    started = time.perf_counter()
    index = SearchIndex.build(entries, lexicon)
    built = time.perf_counter() - started
    memory = _rss_mb() - loaded
    parts = {
        path.stem: with_successors(read_gold(path), entries) for path in options.gold
    }
    for name, questions in parts.items():
        _print_part(name, questions, index, options)
        _print_honesty(name, questions, entries, lexicon)
    everything = [question for part in parts.values() for question in part]
    _print_alone(everything, index, entries, lexicon)
    _print_names(index, entries)
    _print_rivals(everything, entries)
    _print_speed(everything, index)
    print(
        f"\nbuild {built:.2f} s for {len(entries)} entries, index +{memory:.0f} MB, "
        f"entries +{loaded - before:.0f} MB RSS"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.search")
    parser.add_argument("gold", nargs="*", type=Path)
    parser.add_argument("--show-misses", action="store_true")
    parser.add_argument("--show-test-misses", action="store_true")
    options = parser.parse_args(arguments)
    options.gold = options.gold or sorted(GOLD_DIR.glob("*.tsv"))
    return options


def _rss_mb() -> float:
    """Highest resident memory so far; it only grows while things are built."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print_part(
    name: str,
    questions: Sequence[Question],
    index: SearchIndex,
    options: argparse.Namespace,
) -> None:
    places = {
        question: place_of(question, index.find(question.text))
        for question in questions
    }
    print(f"\n{HEADER}")
    ours = [question for question in questions if question.kind != "oos"]
    for style in STYLES:
        _print_row(
            f"{name} {style}", [q for q in ours if q.style == style], places, index
        )
    for kind in sorted({question.kind for question in ours}):
        _print_row(
            f"{name} kind {kind}", [q for q in ours if q.kind == kind], places, index
        )
    _print_row(f"{name} all in scope", ours, places, index)
    _print_outside(name, [q for q in questions if q.kind == "oos"], index)
    show = options.show_misses if name == "tune" else options.show_test_misses
    if show:
        for question, place in places.items():
            if place != 1:
                _print_miss(question, place, index)


def _print_row(
    label: str,
    questions: Sequence[Question],
    places: dict[Question, int],
    index: SearchIndex,
) -> None:
    if not questions:
        return
    first = sum(places[q] == 1 for q in questions)
    three = sum(1 <= places[q] <= 3 for q in questions)
    refused = sum(not index.find(q.text).hits for q in questions)
    print(
        f"{label:<26}{len(questions):>5}"
        + "".join(f"{100 * n / len(questions):>7.1f}%" for n in (first, three))
        + f"{100 * refused / len(questions):>8.1f}%"
    )


def _print_outside(
    name: str, questions: Sequence[Question], index: SearchIndex
) -> None:
    if not questions:
        return
    outcomes = [index.find(question.text).outcome for question in questions]
    outside = outcomes.count(Outcome.OUT_OF_SCOPE) / len(outcomes)
    refused = outside + outcomes.count(Outcome.NOT_FOUND) / len(outcomes)
    print(
        f"{name + ' out of scope':<26}{len(outcomes):>5}  recognised {refused:.1%}, "
        f"as out_of_scope {outside:.1%}"
    )


def _print_miss(question: Question, place: int, index: SearchIndex) -> None:
    finding = index.find(question.text)
    hits = [f"{hit.id}({hit.score:.1f})" for hit in finding.hits[:4]]
    print(
        f"  {place or '-'} [{question.style}] {question.text} -> "
        f"{','.join(question.targets)}; {finding.outcome} {' '.join(hits)}"
    )


def _print_honesty(
    name: str,
    questions: Sequence[Question],
    entries: Sequence[Entry],
    lexicon: Lexicon,
) -> None:
    ours = [q for q in questions if q.kind in ("service", "document")]
    leaked = leaks(ours, entries, lexicon)
    if ours:
        print(
            f"{name}: leak rate {len(leaked) / len(ours):.1%} ({len(leaked)}), "
            f"median word overlap {median_overlap(ours, entries):.0%}"
        )


def _print_alone(
    questions: Sequence[Question],
    index: SearchIndex,
    entries: Sequence[Entry],
    lexicon: Lexicon,
) -> None:
    """What the national index costs the detailed procedures."""
    alone = SearchIndex.build([e for e in entries if e.has_details], lexicon)
    ours = [q for q in questions if q.kind == "service"]
    if not ours:
        return
    with_it = sum(place_of(q, index.find(q.text)) == 1 for q in ours)
    without = sum(place_of(q, alone.find(q.text)) == 1 for q in ours)
    print(
        f"\nservices first: {with_it / len(ours):.1%} with the national index, "
        f"{without / len(ours):.1%} without"
    )


def _print_names(index: SearchIndex, entries: Sequence[Entry]) -> None:
    """Names known only from the national index, as printed and folded."""
    national = [entry for entry in entries if not entry.has_details]
    if not national:
        return
    tried = random.Random(20).sample(national, min(NAMES_TRIED, len(national)))
    same: dict[str, set[str]] = {}
    for entry in entries:
        if entry.kind is Kind.SERVICE:
            same.setdefault(entry.title.lower(), set()).add(entry.id)
    for label, shape in (("as printed", str), ("folded", fold)):
        right = sum(
            _first_id(index, shape(entry.title)) in same[entry.title.lower()]
            for entry in tried
        )
        print(f"national names {label}: first {right / len(tried):.1%} of {len(tried)}")


def _first_id(index: SearchIndex, text: str) -> str:
    hits = index.find(text).hits
    return hits[0].id if hits else ""


def _print_speed(questions: Sequence[Question], index: SearchIndex) -> None:
    texts = [question.text for question in questions]
    taken = []
    for text in texts:
        started = time.perf_counter()
        index.find(text)
        taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    print(
        f"\nspeed over {len(taken)} questions: p50 {statistics.median(taken):.2f} ms, "
        f"p95 {taken[int(0.95 * len(taken))]:.2f} ms, worst {taken[-1]:.2f} ms"
    )


def _print_rivals(questions: Sequence[Question], entries: Sequence[Entry]) -> None:
    """Plain engines over the same detailed records, folded, nothing else."""
    detailed = [entry for entry in entries if entry.has_details]
    ours = [q for q in questions if q.kind in ("service", "document")]
    texts = [fold(" ; ".join((e.title, *e.aliases))) for e in detailed]
    bm25 = _bm25([words(text) for text in texts])

    def fuzzy(text: str) -> list[int]:
        found = extract(fold(text), texts, scorer=WRatio, limit=3)
        return [place for _, _, place in found]

    print(f"\n{'same records, same run':<26}{'n':>5}{'first':>8}{'top 3':>8}")
    for label, engine in (("BM25 words", bm25), ("rapidfuzz WRatio", fuzzy)):
        found = [_ids(engine(q.text), detailed) for q in ours]
        first = sum(
            bool(ids[:1] and ids[0] & set(q.targets))
            for ids, q in zip(found, ours, strict=True)
        )
        three = sum(
            any(each & set(q.targets) for each in ids[:3])
            for ids, q in zip(found, ours, strict=True)
        )
        total = max(1, len(ours))
        print(
            f"{label:<26}{len(ours):>5}{100 * first / total:>7.1f}%"
            f"{100 * three / total:>7.1f}%"
        )


def _ids(places: Iterable[int], entries: Sequence[Entry]) -> list[set[str]]:
    return [
        {entries[p].id, entries[p].id.partition("@")[0], entries[p].successor or ""}
        for p in places
    ]


def _bm25(documents: Sequence[list[str]]) -> Callable[[str], list[int]]:
    """Textbook BM25 (k1 1.5, b 0.75) over words."""
    average = sum(map(len, documents)) / len(documents)
    holders: dict[str, dict[int, int]] = {}
    for number, document in enumerate(documents):
        for word in document:
            counts = holders.setdefault(word, {})
            counts[number] = counts.get(number, 0) + 1

    def search(text: str) -> list[int]:
        scores: dict[int, float] = {}
        for word in words(text):
            counts = holders.get(word, {})
            idf = math.log(
                1 + (len(documents) - len(counts) + 0.5) / (len(counts) + 0.5)
            )
            for number, count in counts.items():
                length = 0.25 + 0.75 * len(documents[number]) / average
                gain = idf * count * 2.5 / (count + 1.5 * length)
                scores[number] = scores.get(number, 0.0) + gain
        return sorted(scores, key=lambda number: -scores[number])[:3]

    return search


if __name__ == "__main__":
    main()
