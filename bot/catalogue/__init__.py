"""What citizens ask about: procedures, documents, units, topics; packs, imports, search."""
