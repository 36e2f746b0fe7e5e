"""Articles in the chat: written and previewed (``posting``), approved by a second person
(``approving``), looked after (``managing``); ``shared`` is what these have in common.

May import what handlers may.
"""
