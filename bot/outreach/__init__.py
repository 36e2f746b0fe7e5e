"""Speaking first: hours, consent, campaigns, articles, reminders people set for themselves.

``hours`` is pure, ``consent`` reads and writes wishes, ``caps`` counts, and ``choke`` is the
one place that decides, when a message is planned and again right before it is sent.
``campaigns`` are messages to many. May import ``channel`` and ``people``; never ``duties``
or ``catalogue``. The channel knows nothing of this room: ``building`` hands it
``Choke.objection``.
"""
