"""Which duty, channel and period a thing is a proof of: a guess, by table, never stored here.

Each rule narrows the candidates only where it leaves some; one left is clear, several are
asked about by number. In order:

1. the unit whose channel the link's host is registered for;
2. what the words name: a period, a channel, a duty ("2.3", or its title);
3. the channel that host or kind speak of (Zalo's hosts, sound), and duties that take this
   kind, those first for which it is enough without a link;
4. what is open. Of one duty the running period, and the one before it where that is still
   on time or the only open one: on Monday nobody can know which week is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from bot.duties.periods import Period
from bot.duties.proofs.hints import Hints
from bot.duties.table.cells import OPEN, CellState
from bot.search.fold import fold
from models import Cadence, Channel, EvidenceKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place a proof can go: a cell, or a duty without a quota in a period.

    ``channel`` "": the duty counts over all of ``channels``. ``state`` None: no quota.
    """

    plan_id: str
    unit_code: str
    unit_name: str
    duty_id: str
    title: str
    channel: str
    channels: tuple[str, ...]
    period: Period
    evidence: tuple[str, ...]
    needs_link: bool
    on_time_until: date
    state: CellState | None = None
    lacking: int = 0
    has_report: bool = False
    position: int = 0

    @property
    def key(self) -> str:
        """Short enough for the command behind a number."""
        return f"{self.unit_code}|{self.duty_id}|{self.channel}|{self.period.key}"

    @property
    def is_open(self) -> bool:
        """Still to be shown. Without a quota: nothing yet in this week."""
        if self.state is None:
            return self.period.cadence == Cadence.WEEKLY and not self.has_report
        return self.state in OPEN

    @property
    def row(self) -> tuple[str, str, str]:
        return self.unit_code, self.duty_id, self.channel


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of the thing itself. ``kind`` None: nothing was done, and that is
    reported. ``units``: owners of the link's host."""

    kind: EvidenceKind | None
    channel: Channel | None = None
    units: frozenset[str] = frozenset()


def guess(
    sent: Sent, hints: Hints, candidates: Sequence[Candidate], today: date
) -> list[Candidate]:
    """Where it may belong, the likeliest first; one: it is clear; none: nothing is owed."""
    left = _takes_kind(sent, candidates)
    left = _narrow(left, lambda one: one.unit_code in sent.units)
    left = _by_words(hints, left)
    left = _by_channel(hints.channel or sent.channel, left)
    if sent.kind not in (None, EvidenceKind.LINK, EvidenceKind.NUMBERS):
        left = _narrow(left, lambda one: not one.needs_link)
    if hints.when:
        left = _narrow(left, lambda one: one.is_open)
    else:
        left = _by_time(left, today)
    return sorted(left, key=_likeliest_first)


def matches(when: Period | date, period: Period) -> bool:
    return when == period if isinstance(when, Period) else when in period


# --- the rules ----------------------------------------------------------------------------


def _narrow(
    candidates: Sequence[Candidate], fits: Callable[[Candidate], bool]
) -> Sequence[Candidate]:
    return [one for one in candidates if fits(one)] or candidates


def _takes_kind(sent: Sent, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Numbers go nowhere else; any other thing may be shown for want of a better one."""
    if sent.kind is None:
        return [one for one in candidates if one.state is not None and one.is_open]
    taking = [one for one in candidates if sent.kind in one.evidence]
    return taking if taking or sent.kind == EvidenceKind.NUMBERS else candidates


def _by_words(hints: Hints, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    for when in hints.when:
        candidates = _narrow(candidates, lambda one, w=when: matches(w, one.period))  # type: ignore[misc]
    numbers = hints.duty_numbers
    candidates = _narrow(
        candidates, lambda one: one.duty_id.partition("-")[2] in numbers
    )
    if not numbers and hints.words:
        candidates = _narrow(candidates, lambda one: fold(one.title) in hints.words)
    return candidates


def _by_channel(
    channel: Channel | None, candidates: Sequence[Candidate]
) -> Sequence[Candidate]:
    """A cell of this very channel before one that counts over several."""
    if channel is None:
        return candidates
    own = [
        one
        for one in candidates
        if channel == one.channel or one.channels == (channel,)
    ]
    return own or _narrow(
        candidates, lambda one: not one.channel and channel in one.channels
    )


def _by_time(candidates: Sequence[Candidate], today: date) -> list[Candidate]:
    ordered = sorted(candidates, key=lambda one: (one.row, one.period.first))
    rows = [list(row) for _, row in groupby(ordered, key=lambda one: one.row)]
    wanted = [row for row in rows if any(one.is_open for one in row)] or rows
    return [one for row in wanted for one in _of_one_duty(row, today)]


def _of_one_duty(row: Sequence[Candidate], today: date) -> list[Candidate]:
    """The periods of one duty and channel, oldest first, that may be meant."""
    running = [one for one in row if today in one.period]
    before = [one for one in row if one.is_open and today not in one.period]
    if not running or not before:
        return running or list(row[-1:])
    on_time = [one for one in before if today <= one.on_time_until]
    if any(one.is_open for one in running):
        return [*running, *on_time]
    return [*running, *before]


def _likeliest_first(one: Candidate) -> tuple[bool, int, int, str, str]:
    newest_first = -one.period.first.toordinal()
    return not one.is_open, one.position, newest_first, one.unit_name, one.channel
