"""Finding what a citizen means: from a typed line to entries, best first, with reasons.

``finder`` is the way in; it reads the question (``fold``, ``reading``, ``lexicon``,
``intent``), looks for codes (``symbols``), and ranks entries by words, phrases and
examples (``ranking``, ``index``, ``examples``, ``learned``, over flat ``postings``). What is
learnt from all examples (``said``) is built once and kept in a file (``shelf``, ``stored``).
No database, no settings; the catalogue makes the ``entries``. May import ``bot.errors`` only.
"""
