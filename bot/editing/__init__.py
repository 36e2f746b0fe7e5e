"""What officials change of the content on pages, each change with its history and undo.

``records`` edits one record of the catalogue, ``batches`` writes and takes back several at
once, ``imports`` takes whole sheets, ``wordings`` the texts of the bot. May import
``catalogue``, ``conversation`` and ``people``.
"""
