"""The shipped calendar of the year (lịch tuyên truyền): drafts that officials make their own.

Each file of ``content/campaigns`` is a campaign as ``docs/examples/campaign.toml`` shows
it, with four tables more: ``[when]`` (which part of the year), ``[article]`` (the same at
length), ``[infographic]`` (the points of its picture) and ``[facts]`` (sources, and the day
they were checked). Nothing is sent from here: a draft goes through approval like any other.

``files`` (reading and checking), ``due`` (what a month asks for).
"""
