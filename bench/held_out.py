"""What the search makes of sentences it has not learnt from: ``python -m bench.held_out``.

Of every procedure with enough examples one in twelve is held back, the index is built from
the rest, and what was held back is asked, every other sentence without its marks. Weights
of the ranking are set here, not on the gold set; a seed is another draw.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace

from bench.search import CONTENT
from bot.catalogue.pack_entries import load_entries
from bot.search.finder import SearchIndex
from bot.search.fold import fold
from bot.search.lexicon import Lexicon

SHARE, ENOUGH = 12, 20


def main() -> None:
    """Print how often the right entry is first, and in the first three."""
    parser = argparse.ArgumentParser(prog="python -m bench.held_out")
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2])
    for seed in parser.parse_args().seeds:
        first, three, asked = measured(random.Random(seed))
        print(
            f"seed {seed}: first {first / asked:.1%}, top 3 {three / asked:.1%} of {asked}"
        )


def measured(chance: random.Random) -> tuple[int, int, int]:
    """Right at first, right in the first three, and asked."""
    lexicon = Lexicon.load(CONTENT / "lexicon.toml")
    kept, held = _divided(lexicon, chance)
    entries = load_entries(CONTENT)
    index = SearchIndex.build(entries, replace(lexicon, utterances=kept))
    first = three = 0
    for number, (meant, text) in enumerate(held):
        hits = index.find(fold(text) if number % 2 else text).hits[:3]
        right = [meant in (hit.id, hit.asked_for) for hit in hits]
        first += right[:1] == [True]
        three += any(right)
    return first, three, len(held)


def _divided(
    lexicon: Lexicon, chance: random.Random
) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, str]]]:
    """Examples to learn from, and pairs of meaning and sentence to ask."""
    kept: dict[str, tuple[str, ...]] = {}
    held: list[tuple[str, str]] = []
    for meant, texts in lexicon.utterances.items():
        shuffled = chance.sample(texts, len(texts))
        count = len(texts) // SHARE if len(texts) >= ENOUGH else 0
        held += [(meant, text) for text in shuffled[:count]]
        kept[meant] = tuple(shuffled[count:])
    return kept, held


if __name__ == "__main__":
    main()
