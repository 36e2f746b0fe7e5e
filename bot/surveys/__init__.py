"""Surveys (khảo sát) and contests (cuộc thi): what is asked, of whom, and what came of it.

``questions`` reads what a survey asks, and what an answer to it is; ``templates`` are those
that content ships; ``editing`` writes one down and opens and closes it; ``answering`` keeps a
person's sheet while he goes through it; ``results`` adds up, with small counts hidden;
``ranking`` orders a contest, ``awarding``
writes to who stands in it; ``inviting`` makes the campaign that invites.
"""
