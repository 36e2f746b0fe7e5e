"""What nobody tells us: messages the webhook never brought, silence, our own troubles."""

from __future__ import annotations

from datetime import datetime

from bot.watching.budgets import watch_budgets
from bot.watching.listening import accounts_to_learn, learn, listen, note_learnt
from bot.watching.ourselves import watch_dead_letters, watch_jobs, watch_spool
from scheduler.clockwork import Result, Workshop

LEARNT_AT_ONCE = 50  # accounts; a province's hundred are through after two runs


def catch_up(workshop: Workshop, now: datetime) -> Result:
    """Compare Zalo's history with what the webhook brought; each account looks at the
    time of its last comparison by itself."""
    return workshop.catching_up.run()


def listen_to_accounts(workshop: Workshop, now: datetime) -> Result:
    """Alarms about accounts of which nothing is heard."""
    database, zone = workshop.database, workshop.zone
    with database.reading() as session:
        due = accounts_to_learn(session, now, LEARNT_AT_ONCE)
    for oa_id in due:
        with database.reading() as session:
            usual = learn(session, oa_id, now, zone)
        with database.writing() as session:
            note_learnt(session, oa_id, usual, now)
    with database.writing() as session:
        return {"learnt": len(due)} | listen(session, now, zone)


def watch_ourselves(workshop: Workshop, now: datetime) -> Result:
    """Alarms about spool, dead letters, hanging jobs and money."""
    with workshop.database.writing() as session:
        return {
            "spool": int(watch_spool(session, workshop.spool, now)),
            "dead_letters": int(watch_dead_letters(session, now)),
            "jobs": watch_jobs(session, workshop.job_names, now, workshop.job_limits),
            "budgets": watch_budgets(session, now),
        }
