"""Credits without work: posts on units' own accounts and pages become proofs by themselves.

Promises:

* an item is judged once, under its ``source_key`` (an article's id, a feed's guid or the
  link): renamed, it is no second credit; refused, it is not found again;
* the same words of one unit on one channel count once, under whatever id they come again;
* an item belongs to the unit that its account or host belonged to on the day it was
  published; where that is not one unit for certain, it is nobody's;
* one item fills one duty of the plan, by itself: one that still lacks something, else the
  first that takes it. Letting it count for another one too is for a supervisor to say;
* what has no date, one in the future, or a closed period is never credited: it waits for a
  supervisor.

``items`` (what was found), ``feeds`` and ``pages`` (RSS, Atom, sitemaps), ``owners``
(whose it is), ``placing`` (what it counts for), ``taking`` (the judgement), ``hiding``
(what is shown no more), ``refusing`` (undo), ``reading`` (when to read what).
"""
