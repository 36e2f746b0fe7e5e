"""``python -m bot.search.building LEXICON FILE``: build an index of the entries on
standard input and save it (``shelf`` starts this)."""

from __future__ import annotations

import gc
import pickle
import sys
from pathlib import Path

from bot.search.finder import SearchIndex
from bot.search.lexicon import Lexicon
from bot.search.stored import save


def main() -> None:
    """Entries come pickled, from the process that started this one."""
    gc.disable()  # everything lives until the end
    lexicon, file = map(Path, sys.argv[1:])
    save(SearchIndex.build(pickle.load(sys.stdin.buffer), Lexicon.load(lexicon)), file)


if __name__ == "__main__":
    main()
