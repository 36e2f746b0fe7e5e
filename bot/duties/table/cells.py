"""The cell: unit × duty × channel × period, and what is to be said of it.

States: ``on_time`` (quota reached by what was published in the period and received in
time), ``late`` (reached otherwise), ``waiting_review`` (would be reached if all that waits
is accepted), ``not_due`` and ``missing`` (below quota before and after the due day),
``exempt`` (whatever was shown). From the due day's end to the end of the grace a cell is
``missing`` and can still become ``on_time``: ``on_time_until`` says until when.

``credited`` never exceeds ``quota``; what goes beyond is ``extra``, so that no rate can
exceed 100 %. Only duties with a quota have cells. ``now`` is always in the zone of the
reports (``clock.now().astimezone(settings.zone)``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from bot.duties import exemptions
from bot.duties.deadlines import due_on, end_of, last_report_on, zone_of
from bot.duties.periods import Period, parse_period, period_of, periods_up_to
from bot.duties.plans import Obligation, obligations
from bot.duties.table.tallies import CellKey, Numbers, Tally, scope_of, tallies
from models import Cadence, Counting, PlanDuty

FULL = 100  # per cent


class CellState(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    EXEMPT = "exempt"
    WAITING_REVIEW = "waiting_review"
    NOT_DUE = "not_due"


MET = (CellState.ON_TIME, CellState.LATE)
OPEN = (CellState.MISSING, CellState.NOT_DUE)
_CADENCES = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.YEARLY)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one unit owes and has shown. Of a ratio, quota and credits are percent, and
    ``done`` of ``total`` is the newest accepted report. ``channel`` is "" where a duty counts
    over all of them."""

    plan_id: str
    unit_code: str
    unit_name: str
    duty_id: str
    channel: str
    period: str
    quota: int
    credited: int
    extra: int
    waiting: int
    state: CellState
    reported_zero: bool
    has_report: bool
    due_on: date
    on_time_until: date
    done: int | None = None
    total: int | None = None
    exempt_by: str | None = None  # pseudonym
    exempt_reason: str = ""

    @property
    def lacking(self) -> int:
        """How many are still to be sent, if what waits is accepted."""
        return max(0, self.quota - self.credited - self.waiting)


def week_table(
    session: Session,
    period: Period,
    now: datetime,
    unit_codes: Sequence[str] | None = None,
) -> list[Cell]:
    """All cells of a period (a week, or any other), by unit, duty, channel; as it is now,
    closed or not."""
    owed = {period: obligations(session, period, unit_codes)}
    return cells_of(session, owed, now, unit_codes)


def cells_of(
    session: Session,
    owed: Mapping[Period, Sequence[Obligation]],
    now: datetime,
    unit_codes: Sequence[str] | None = None,
) -> list[Cell]:
    """The cells of several periods, counted at once; ``owed`` by these units in each."""
    with_cells = {
        period: [one for one in ones if one.has_cells] for period, ones in owed.items()
    }
    return list(_cells(session, with_cells, now, unit_codes))


def open_cells(session: Session, unit_code: str, now: datetime) -> list[Cell]:
    """What this unit can still prove: of each cadence the period now running and the one
    before it, without what is reached, exempt or waits for a supervisor. Oldest first."""
    today = now.astimezone(zone_of(now)).date()
    owed = {
        period: obligations(session, period, [unit_code])
        for cadence in _CADENCES
        for running in [period_of(today, cadence)]
        for period in (running.previous, running)
    }
    found = cells_of(session, owed, now, [unit_code])
    return sorted(
        (cell for cell in found if cell.state in OPEN), key=lambda cell: cell.due_on
    )


def cell_of(
    session: Session,
    unit_code: str,
    duty_id: str,
    channel: str,
    period_key: str,
    now: datetime,
) -> Cell | None:
    """The one cell a proof of this channel counts for; None if nothing is owed there."""
    for cell in week_table(session, parse_period(period_key), now, [unit_code]):
        if cell.duty_id == duty_id and cell.channel in (channel, ""):
            return cell
    return None


def unit_history(
    session: Session, unit_code: str, weeks: int, now: datetime
) -> list[tuple[Period, list[Cell]]]:
    """The last so many weeks of a unit, this one included, oldest first."""
    return histories(session, [unit_code], weeks, now)[unit_code]


def histories(
    session: Session, unit_codes: Sequence[str], weeks: int, now: datetime
) -> dict[str, list[tuple[Period, list[Cell]]]]:
    """``unit_history`` of many, asked for at once."""
    running = period_of(now.astimezone(zone_of(now)).date(), Cadence.WEEKLY)
    periods = periods_up_to(running, weeks)
    owed = {one: obligations(session, one, unit_codes) for one in periods}
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells_of(session, owed, now, unit_codes):
        found.setdefault((cell.unit_code, cell.period), []).append(cell)
    return {
        code: [(one, found.get((code, one.key), [])) for one in periods]
        for code in unit_codes
    }


def streak(history: Iterable[tuple[Period, Sequence[Cell]]]) -> int:
    """Weeks in a row, up to now, in which everything was on time. A week that is not over
    does not break it, nor does one without a duty or exempt from all."""
    length = 0
    for _, cells in reversed(list(history)):
        states = {cell.state for cell in cells} - {CellState.EXEMPT}
        if states & {CellState.LATE, CellState.MISSING, CellState.WAITING_REVIEW}:
            break
        length += states == {CellState.ON_TIME}
    return length


# --- how a cell comes about --------------------------------------------------------------


def channels_of(duty: PlanDuty) -> tuple[str, ...]:
    """The channels that have a cell of their own; ("",) where all share one."""
    return tuple(duty.channels) if duty.counts_per_channel and duty.channels else ("",)


def judge(quota: int, tally: Tally, *, is_exempt: bool, is_past_due: bool) -> CellState:
    """The state of a cell; ``tally`` of a ratio counts percent."""
    if is_exempt:
        return CellState.EXEMPT
    if tally.timely >= quota:
        return CellState.ON_TIME
    if tally.counted >= quota:
        return CellState.LATE
    if tally.counted + tally.waiting >= quota:
        return CellState.WAITING_REVIEW
    return CellState.MISSING if is_past_due else CellState.NOT_DUE


def percentages(tally: Tally) -> Tally:
    """The tally of a ratio, in percent: of each kind the newest report counts."""
    accepted = [one for one in tally.numbers if one.is_accepted]
    timely = [one for one in accepted if one.is_timely]
    waiting = [one for one in tally.numbers if not one.is_accepted]
    counted = percent(accepted)
    return Tally(
        counted=counted,
        timely=min(counted, percent(timely)),
        waiting=max(0, percent(waiting) - counted),
        reports=tally.reports,
        numbers=tally.numbers,
    )


def percent(reports: Sequence[Numbers]) -> int:
    """Whole percent of the newest report, rounded down: 99,9 % is not all of them."""
    if not reports or not reports[-1].total:
        return 0
    done, total = reports[-1].done or 0, reports[-1].total or 0
    return min(FULL, FULL * done // total)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all cells of a duty in a period have in common, read once: a province has tens
    of thousands of cells."""

    plan_id: str
    quota: int
    channels: tuple[str, ...]
    is_ratio: bool
    due_on: date
    on_time_until: date
    is_past_due: bool


def _frame(duty: PlanDuty, period: Period, now: datetime) -> _Frame:
    due = due_on(duty, period)
    return _Frame(
        plan_id=duty.plan_id,
        quota=duty.quota or 0,
        channels=channels_of(duty),
        is_ratio=duty.counting == Counting.RATIO,
        due_on=due,
        on_time_until=last_report_on(duty, period),
        is_past_due=now >= end_of(due, zone_of(now)),
    )


def _cells(
    session: Session,
    owed: Mapping[Period, Sequence[Obligation]],
    now: datetime,
    unit_codes: Sequence[str] | None,
) -> Iterator[Cell]:
    zone = zone_of(now)
    duties = {
        period: {one.duty.duty_id: one.duty for one in ones}
        for period, ones in owed.items()
    }
    scopes = [
        scope_of(duty, period, zone)
        for period, of_period in duties.items()
        for duty in of_period.values()
    ]
    counted = tallies(session, scopes, unit_codes)
    by_unit = _without_channel(counted)
    exempt = exemptions.granted(session, [one.key for one in owed], unit_codes)
    nothing = Tally()
    for period, ones in owed.items():
        period_key = period.key
        frames = {
            duty_id: _frame(duty, period, now)
            for duty_id, duty in duties[period].items()
        }
        for one in ones:
            duty_id = one.duty.duty_id
            frame = frames[duty_id]
            exemption = exempt.get((one.unit_code, duty_id, period_key))
            for channel in frame.channels:
                key = CellKey(one.unit_code, duty_id, channel, period_key)
                tally = (counted if channel else by_unit).get(key, nothing)
                yield _cell(one.unit_name, key, frame, tally, exemption)


def _without_channel(counted: Mapping[CellKey, Tally]) -> dict[CellKey, Tally]:
    found: dict[CellKey, Tally] = {}
    for key, tally in counted.items():
        whole = key._replace(channel="")
        found[whole] = found.get(whole, Tally()) + tally
    return found


def _cell(
    unit_name: str,
    key: CellKey,
    frame: _Frame,
    tally: Tally,
    exemption: exemptions.Granted | None,
) -> Cell:
    if frame.is_ratio:
        tally = percentages(tally)
    accepted = [numbers for numbers in tally.numbers if numbers.is_accepted]
    newest = accepted[-1] if accepted else None
    is_exempt = exemption is not None
    return Cell(
        plan_id=frame.plan_id,
        unit_code=key.unit_code,
        unit_name=unit_name,
        duty_id=key.duty_id,
        channel=key.channel,
        period=key.period,
        quota=frame.quota,
        credited=min(frame.quota, tally.counted),
        extra=max(0, tally.counted - frame.quota),
        waiting=tally.waiting,
        state=judge(
            frame.quota, tally, is_exempt=is_exempt, is_past_due=frame.is_past_due
        ),
        reported_zero=any(numbers.done == 0 for numbers in tally.numbers),
        has_report=tally.reports > 0,
        due_on=frame.due_on,
        on_time_until=frame.on_time_until,
        done=newest.done if newest else None,
        total=newest.total if newest else None,
        exempt_by=exemption.decided_by if exemption else None,
        exempt_reason=exemption.reason if exemption else "",
    )
