"""Measurements, run by hand on an idle machine: ``make bench``.

Each module measures one thing and returns rows; figures that carry a promise are ratios to
something run side by side, or are read here and committed with their date under
``docs/results/``. Tests never assert a time.
"""
