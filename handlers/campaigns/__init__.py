"""chiến dịch: composing, approving and following messages to many, in the chat.

``overview`` lists and acts, ``composing`` is the dialog, ``saying`` what both say.
"""
