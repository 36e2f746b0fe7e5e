"""Minh chứng: what shows that a duty was done, from the chat to a decision.

* it comes in: ``hints`` (what the words say), ``candidates``, ``guessing`` (where it
  belongs), ``submitting``, ``keeping`` (files);
* it is checked: ``claims``, ``checking``, ``looking`` with ``pages``, ``blocks``, ``dates``,
  ``phrases``, ``pictures`` and ``likeness``, then ``judging`` with ``links``, ``owners`` and
  ``traces``, and ``outcomes``; ``verdict`` is what was found;
* a supervisor decides: ``reviewing``.

May import what ``bot.duties`` may, ``table`` for what still counts, and ``fetching``.
"""
