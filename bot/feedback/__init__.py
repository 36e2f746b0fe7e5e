"""Feedback (phản ánh, kiến nghị): from what a citizen reports to an answer, and the desk.

``areas`` reads the lists of content; ``tickets`` files one and moves it from state to state,
each step an entry of its course; ``inbox`` finds what an official looks for; ``telling``
writes to the citizen; ``pictures`` brings his picture here; ``counting`` adds up; ``forgetting``
takes words and pictures away again. ``desk`` knows what waits for the people of a unit, also
those who asked for a person, and writes to them that somebody waits.
"""
