"""Proofs in the chat: sending, correcting, my unit's table, reviewing, exemptions, groups.

``things`` reads what a message carries, ``places`` says where it can go and how that is
called, ``submitting`` takes it in at most two messages. Whoever is no official is answered
as a citizen before he comes here.
"""
