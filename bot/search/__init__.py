"""Finding what a citizen means: from a typed line to entries, best first, with reasons.

``finder`` is the way in; it reads the question (``fold``, ``reading``, ``lexicon``,
``intent``), looks for codes (``symbols``), and ranks entries by words, phrases and
examples (``ranking``, ``index``, ``examples``). Pure: no database, no settings; the
catalogue makes the ``entries`` and keeps the index. May import ``bot.errors`` only.
"""
