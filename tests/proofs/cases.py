"""What a labelled link is: pages on local sites, an earlier proof perhaps, the right verdict.

Policy of the labels (what a fair supervisor would say who sees only the page):

* ``ok``: a page of the unit's own site, about the subject, published in the week, new.
* ``failed``: no page there (404, "not found" in words, no such host, nobody listening), a
  private address, somebody else's site, published before the week, already counted for
  this duty.
* ``doubtful``: everything that needs eyes: no date, published after the week, off the
  subject, page not readable (slow, huge, 5xx, forbidden, robots, JavaScript, login, a
  file), the text of an earlier proof under a new address, a link counted for another duty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from models import ProofState
from tests.proofs.site import Page

OK, DOUBTFUL, FAILED = ProofState.OK, ProofState.DOUBTFUL, ProofState.FAILED

PRIVATE = "private"  # the group of links into private networks
UNIT, OTHER_UNIT = "xa_a", "xa_b"
HOST, OTHER_HOST, STRANGER = "xa-a.test", "xa-b.test", "bao-moi.test"
DUTY, OTHER_DUTY = "II-2.2", "II-3.3b"
# Week 47 of 2026; the link is sent on its Friday.
WEEK = "2026-W47"
MONDAY, SUNDAY, SENT_ON = date(2026, 11, 16), date(2026, 11, 22), date(2026, 11, 20)


@dataclass
class Earlier:
    """A proof that was accepted before: its page is on the site too."""

    host: str
    path: str
    unit: str = UNIT
    duty: str = DUTY


@dataclass
class Case:
    """One link to judge. ``url`` is a full link, or a path on the unit's own host."""

    name: str
    group: str
    verdict: ProofState
    url: str
    pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    earlier: list[Earlier] = field(default_factory=list)
