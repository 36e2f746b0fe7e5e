"""What units owe, what they have shown, and the one table of it.

* who owes what, until when: ``periods``, ``deadlines``, ``plans``, ``assigning``,
  ``exemptions`` with ``deciding``, ``reminding``; ``closing`` freezes a period;
* ``proofs``: what shows that a duty was done, from the chat to a decision; ``fetching`` reads
  pages for them, ``crediting`` finds posts that nobody sent;
* ``table``: how it stands, and how that is shown.

Functions take a session and never commit; ``now`` is in the zone of the reports. May import
``bot.people`` and ``models``; never ``channel``, ``conversation`` or ``catalogue``.
"""
