"""Pages for browsers, rendered on the server. Today: the public front page and health.

May import ``bot`` and ``models``; never handlers, scheduler or simulator.
"""
