"""Bảng: how units stand in a period, and how that is shown.

* counted: ``tallies`` (proofs), ``cells``, ``progress``, ``table``, ``overview``; many periods
  at once: ``heat`` with ``sums``;
* shown: ``grid``, ``wording``, ``reporting`` (text, JSON), ``sheets`` and ``workbook`` (XLSX),
  ``picture`` (PNG).

May import what ``bot.duties`` may; of ``proofs`` only ``verdict``.
"""
