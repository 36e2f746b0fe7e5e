"""Campaigns: what is said to many, planned, approved by a second person, and carried out.

``files`` reads what an operator wrote, ``editing`` keeps it, ``audience`` and ``verdicts``
say who is meant and what becomes of each, ``lists`` makes the list that is shown and sent,
``approving`` lets a second person decide, ``running`` carries the list out, ``broadcasts``
hands articles to Zalo, ``results`` tells what came of it, ``driving`` is the worker's part.

May import the rest of ``bot/outreach``, ``bot/channel``, ``bot/people``.
"""
