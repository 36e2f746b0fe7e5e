"""Watching over ourselves: alarms, when they begin and end, and who is told by which way.

Any part of the program raises and ends alarms (``alarms``); one job tells people (``telling``).
"""
