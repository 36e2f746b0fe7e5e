"""What citizens ask about: procedures, documents, units, topics; packs and imports.

``packs`` reads the files of ``content/``, ``loading`` merges them into the database,
``importing`` takes an office's own tables, ``catalogue`` keeps the search index of
``bot.search`` in step with the rows.
"""
