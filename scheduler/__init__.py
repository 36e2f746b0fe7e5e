"""The clock's jobs, as one table.

APScheduler only ticks. At each tick every job says which occurrence is due now (its
*period*, from the planned time, never from "now"); the unique ``JobRun`` row makes that
occurrence happen once among all workers, and a worker that was down catches up by itself.
Jobs add rows; they never send. May import ``bot`` and ``models``; never handlers.
"""

from __future__ import annotations

from scheduler.clockwork import Job, daily, every_minutes
from scheduler.housekeeping import prune
from scheduler.tokens import refresh_ahead

JOBS = (
    Job("tokens.refresh_ahead", every_minutes(10), refresh_ahead),
    Job("housekeeping.prune", daily(hour=3), prune),
)
