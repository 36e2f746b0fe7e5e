"""Where a proof of an official can go, and what duties, periods and things are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from bot.conversation import naming
from bot.conversation.naming import host_of
from bot.conversation.turn import Turn
from bot.duties.periods import Period, parse_period
from bot.duties.proofs import hints
from bot.duties.proofs.candidates import candidates, owners_of_host
from bot.duties.proofs.guessing import Candidate, Sent
from bot.duties.proofs.hints import Hints
from bot.duties.proofs.submitting import Thing
from bot.duties.table.cells import CellState
from bot.people import officials
from handlers.choosing import Choice
from models import Channel, EvidenceKind, Exemption, Official, Proof

SIGNS = {
    CellState.ON_TIME: "✓",
    CellState.LATE: "±",
    CellState.MISSING: "✗",
    CellState.WAITING_REVIEW: "…",
    CellState.NOT_DUE: "–",
    CellState.EXEMPT: "○",
}


def places_of(
    turn: Turn, official: Official, named: Iterable[Period | date] = ()
) -> list[Candidate]:
    """Everywhere his units may prove something now, and in the periods named."""
    codes = unit_codes(turn, official)
    return candidates(turn.session, codes, turn.local_now, tuple(named))


def unit_codes(turn: Turn, official: Official) -> list[str]:
    served = officials.units_of(turn.session, official.id or 0, turn.today)
    return list(dict.fromkeys(unit.code for unit in served))


def places_at(turn: Turn, official: Official, keys: Iterable[str]) -> list[Candidate]:
    """The places with these keys, as far as they are still his, in the same order."""
    keys = list(keys)
    named = {parse_period(key.rpartition("|")[2]) for key in keys}
    known = {one.key: one for one in places_of(turn, official, named)}
    return [known[key] for key in keys if key in known]


def sent_of(turn: Turn, thing: Thing, said: Hints) -> Sent:
    """What the thing itself tells: the host of a link, sound."""
    if thing.kind == EvidenceKind.AUDIO:
        return Sent(thing.kind, Channel.RADIO)
    if thing.url is None:
        return Sent(thing.kind)
    host = host_of(thing.url)
    owners = owners_of_host(turn.session, host, turn.today)
    return Sent(thing.kind, said.channel or hints.channel_of_host(host), owners)


# --- what things are called ---------------------------------------------------------------


def place_label(
    turn: Turn, place: Candidate, *, with_unit: bool = False, with_channel: bool = True
) -> str:
    """ "2.2 Tin trên trang web và Zalo OA (Zalo OA), tuần 48 (23/11–29/11)"."""
    channel = place.channel if with_channel else ""
    return turn.label(
        "proofs.place",
        duty=duty_label(turn, place.duty_id, place.title, channel, place.channels),
        unit=place.unit_name if with_unit else "",
        period=period_label(turn, place.period),
    )


def duty_label(
    turn: Turn, duty_id: str, title: str, channel: str, channels: Sequence[str]
) -> str:
    """The channel is said where the duty has several."""
    return naming.duty_label(turn.label, duty_id, title, channel, channels)


def duty_of(turn: Turn, row: Proof | Exemption) -> str:
    """The label of what a stored row is about."""
    return naming.duty_of(turn.session, turn.label, row)


def period_label(turn: Turn, period: Period) -> str:
    return naming.period_label(turn.label, period)


def thing_label(turn: Turn, proof: Proof) -> str:
    """ "liên kết canduoc.tayninh.gov.vn", "ảnh", "số liệu 45/60"."""
    return naming.thing_label(turn.label, proof)


def place_of_proof(turn: Turn, proof: Proof) -> str:
    """ "2.3 Phát thanh …, tuần 48 (23–29/11)" of a stored proof."""
    return naming.place_of(turn.session, turn.label, proof)


def place_choices(
    turn: Turn,
    places: Sequence[Candidate],
    *,
    with_need: bool = False,
    with_channel: bool = True,
) -> list[Choice]:
    """Numbered lines; the unit is named where there are several."""
    several = len({one.unit_code for one in places}) > 1
    found = []
    for one in places:
        label = place_label(turn, one, with_unit=several, with_channel=with_channel)
        if with_need and one.state is not None:
            label = f"{label}: {turn.label(_need(turn, one), count=one.lacking)}"
        found.append(Choice(one.key, label))
    return found


def _need(turn: Turn, place: Candidate) -> str:
    if not place.is_open:
        return "proofs.need_nothing"
    is_late = turn.today > place.on_time_until
    return "proofs.need_late" if is_late else "proofs.need_missing"


def still_open(turn: Turn, places: Sequence[Candidate]) -> list[Candidate]:
    """What a plan's quota still waits for in the periods now running, weeks first."""
    found = [
        one
        for one in places
        if one.state is not None and one.is_open and turn.today in one.period
    ]
    return sorted(found, key=lambda one: (one.on_time_until, one.position, one.channel))
