"""How the two roles are put together from the rooms: ``web`` and ``worker``.

``parts`` builds what both share, ``web`` the application, ``worker`` the worker, ``demo``
the web role with the simulated Zalo beside it and the cast that plays in it. The only place
that knows every room but ``commands``; only ``app.py``, ``commands`` and tests import it.
Heavy libraries are imported inside the functions: most processes need few of them.
"""
