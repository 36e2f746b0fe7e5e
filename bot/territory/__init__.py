"""How the map of units changes: the file that says so, the change, what moves along."""
