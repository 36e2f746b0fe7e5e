"""Zalo in and out: webhook, intake, outbox, sender, accounts and the client.

Knows no procedures, no duties, no texts: it moves events in and messages out, and states
its guarantees in ``intake`` and ``sender``.
"""
