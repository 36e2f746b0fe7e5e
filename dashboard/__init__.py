"""Pages for browsers, rendered on the server: the dashboard of officials, the public front
page, health, the consent of accounts.

The dashboard: ``building`` puts it together, ``access`` is the one table of who may open
what, ``door`` lets people in, ``guard`` stands before every page; then one module a topic,
with its templates in ``templates/dashboard``. A view parses, calls the library, renders.
May import ``bot`` and ``models``; never handlers, scheduler or simulator.
"""
