"""What can be wrong, each with what its alarm is about.

The sentences of a kind stand in ``content/texts/alarms.toml`` under its value: ``[alarm]``
(what happened, what to do) and ``[alarm_name]`` (a few words).
"""

from __future__ import annotations

from enum import StrEnum


class AlarmKind(StrEnum):
    """``subject`` is an OA id unless another one stands beside the kind."""

    TOKEN_DEAD = "token_dead"  # only a new consent helps
    TOKEN_REFUSED = "token_refused"  # Zalo refuses the refresh, a setting is wrong
    CONSENT_ENDS_SOON = "consent_ends_soon"
    SILENCE = "silence"  # nobody has written for unusually long
    WEBHOOK_DISABLED = "webhook_disabled"
    SPOOL_WAITING = "spool_waiting"  # "": the database has been away
    DEAD_LETTERS = "dead_letters"  # "": events or messages gave up
    BUDGET_80 = "budget_80"
    BUDGET_100 = "budget_100"
    JOB_HANGS = "job_hangs"  # the job's name
    FEED_FAILS = "feed_fails"  # the feed's address


# People are not served until somebody acts: not ready. The others leave time.
SEVERE = frozenset(
    {AlarmKind.TOKEN_DEAD, AlarmKind.WEBHOOK_DISABLED, AlarmKind.JOB_HANGS}
)
