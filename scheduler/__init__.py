"""The clock's jobs, as one table.

APScheduler only ticks. At each tick every job's schedule says which occurrence is due now
(``schedules``), and ``clockwork`` sees to it that each happens once among all workers, or is
written down as skipped. Jobs add rows; they never send. May import ``bot`` and ``models``; never handlers.
"""

from __future__ import annotations

from scheduler.alarms import tell
from scheduler.articles import publish
from scheduler.campaigns import drive
from scheduler.clockwork import Job
from scheduler.credit_news import TOLD_FROM_HOUR, tell_credits
from scheduler.credits import read_credits
from scheduler.desk import tell_desks
from scheduler.digests import SENT_AT, has_digest, send_digests
from scheduler.housekeeping import prune
from scheduler.own_reminders import remind
from scheduler.periods import close_periods
from scheduler.reminders import plan_reminders, release_reminders
from scheduler.schedules import daily, every_minutes, on_days
from scheduler.tokens import refresh_ahead
from scheduler.watching import catch_up, listen_to_accounts, watch_ourselves

JOBS = (
    Job("alarms.tell", every_minutes(1), tell),
    Job("channel.catch_up", every_minutes(1), catch_up),
    Job("watching.listen", every_minutes(5), listen_to_accounts),
    Job("watching.ourselves", every_minutes(5), watch_ourselves),
    Job("desk.tell", every_minutes(1), tell_desks),
    Job("tokens.refresh_ahead", every_minutes(10), refresh_ahead),
    Job("campaigns.drive", every_minutes(1), drive),
    Job("housekeeping.prune", daily(hour=3), prune),
    Job("outreach.own_reminders", every_minutes(1), remind),
    Job("articles.publish", every_minutes(1), publish),
    Job("duties.read_credits", every_minutes(5), read_credits),
    Job("duties.tell_credits", daily(hour=TOLD_FROM_HOUR), tell_credits),
    Job("reminders.plan", every_minutes(30), plan_reminders),
    Job(
        "digests.send", on_days(has_digest, SENT_AT.hour, SENT_AT.minute), send_digests
    ),
    Job("reminders.release", every_minutes(1), release_reminders),
    Job("duties.close_periods", daily(hour=4), close_periods),
)
