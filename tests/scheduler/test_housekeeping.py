"""What is over goes, what may still matter stays."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from models import Alarm, AlarmNotice, ConsentRequest, JobRun
from scheduler.clockwork import Workshop
from scheduler.housekeeping import prune


def test_links_alarms_and_quick_jobs_go_in_their_time(workshop: Workshop) -> None:
    now = workshop.clock.now()
    with workshop.database.writing() as session:
        for days, state in ((1, "young"), (8, "old")):
            at = now - timedelta(days=days)
            session.add(
                ConsentRequest(
                    state_sha256=state, verifier_sealed="", created_at=at, expires_at=at
                )
            )
            session.add(
                JobRun(job="quick", period=f"{at:%Y-%m-%dT%H:%M}", started_at=at)
            )
            session.add(JobRun(job="daily", period=f"{at:%Y-%m-%d}", started_at=at))
        for number, ended in ((1, now - timedelta(days=366)), (2, now), (3, None)):
            session.add(
                Alarm(id=number, kind="silence", subject=str(number),
                      raised_at=now - timedelta(days=400), ended_at=ended)
            )  # fmt: skip
            session.flush()
            session.add(AlarmNotice(alarm_id=number, way="log", recipient=""))
    counts = prune(workshop, now)
    assert (counts["consent_requests"], counts["alarms"], counts["job_runs"]) == (
        1,
        1,
        1,
    )
    with workshop.database.reading() as session:
        assert session.exec(select(ConsentRequest.state_sha256)).all() == ["young"]
        assert session.exec(select(Alarm.id).order_by(col(Alarm.id))).all() == [2, 3]
        jobs = session.exec(select(JobRun.job).order_by(JobRun.job)).all()
    assert jobs == ["daily", "daily", "quick"]
