"""Zalo's OpenAPI over HTTP: calls, answers and the table of errors. Keeps no state."""
