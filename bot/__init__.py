"""The library: rooms named for what they serve.

``channel`` (Zalo in and out), ``conversation`` (from event to replies), ``catalogue``
(procedures, documents, units), ``search`` (from a question to them), ``people``, ``watching``
(alarms), ``outreach`` (what leaves unasked). Beside them ``settings``, ``db``, ``clock`` and ``calendar``. May import ``models`` and read ``content/``; never handlers, scheduler,
dashboard, simulator or app. ``channel`` knows none of the other rooms.
"""

VERSION = "0.1.0"  # as in pyproject.toml
