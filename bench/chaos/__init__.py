"""``kill -9`` at random moments of real processes, while citizens write and Zalo ails.

``python -m bench.chaos --help`` (``make chaos``). Two web and two worker processes stand in
front of the fake Zalo; signed events arrive as Zalo sends them: again and again until a
200, some twice, some late, some out of order. Meanwhile processes are killed and started
again, and all goes wrong that ``faults`` knows. The fake Zalo's ledger is the judge: what
was delivered to whom, how often, in which order.

* ``citizens``: what people write, and how it arrives;
* ``zalo``: the fake Zalo and its cast; ``engines``: the two databases, and how they fail;
* ``troupe``: the program's processes; ``faults``: what goes wrong; ``judge``: the verdict;
* ``storm``: one run of all this; ``cut_lines``: many sends whose answers are lost.
"""
