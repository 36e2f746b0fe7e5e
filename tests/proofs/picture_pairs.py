"""Pairs of pictures to be told apart, from any set of scenes and of changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from PIL import Image

Scene = Callable[[random.Random], Image.Image]
Change = Callable[[random.Random, Image.Image], Image.Image]


def pairs_of(
    scenes: Sequence[Scene], changes: Mapping[str, Change], count: int, seed: int
) -> Iterator[tuple[str, Image.Image, Image.Image, bool]]:
    """Half of them the same picture sent again, in every way by turns; half two pictures."""
    rng = random.Random(seed)
    names = list(changes)
    for number in range(count):
        draw = scenes[number % len(scenes)]
        one = draw(rng)
        if number % 2:
            yield "unrelated", one, draw(rng), False
            continue
        name = names[number // 2 % len(names)]
        other = changes[name](rng, one)
        # which of the two was there first must not matter
        first, second = (other, one) if number % 4 else (one, other)
        yield name, first, second, True
