"""What the demo's communes did before anybody opened it: some weeks of proofs, all invented.

Made by the functions that the chat and the dashboard use, at the times at which people would
have used them. In the running week two posts wait for the check of the worker; the second
one says what the first one said, so that it stays in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw
from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties import deciding
from bot.duties.periods import Period, period_of, periods_up_to
from bot.duties.proofs import keeping, outcomes, reviewing, submitting
from bot.duties.proofs.candidates import candidates
from bot.duties.proofs.guessing import Candidate
from bot.duties.proofs.submitting import Sender, Thing
from bot.duties.proofs.verdict import Check, Finding
from bot.files import Files
from bot.people import joining
from models import (
    Cadence,
    Channel,
    EvidenceKind,
    Official,
    Proof,
    ProofState,
    Role,
)

WEEKS = 6  # before the running one
# One letter a week, oldest first: + in time, - late, . nothing, r refused, e excused.
PAST = {
    "xa_can_duoc": {"website": "++++++", "zalo_oa": "+++++-", "radio": "++++++"},
    "xa_tan_lan": {"website": "+-+r+.", "zalo_oa": ".+++-.", "radio": "++++++"},
    "xa_long_huu": {"website": ".-+++.", "zalo_oa": "..++++", "radio": "+e++++"},
    "xa_my_le": {"website": "++++++", "zalo_oa": "+++.++", "radio": ".+++++"},
    "xa_rach_kien": {"website": ".....-", "zalo_oa": "....++", "radio": "++..+."},
    "xa_long_cang": {"website": "+++-++", "zalo_oa": "++++++", "radio": "++++++"},
}
# This week, until now.
NOW = {
    "xa_can_duoc": ("radio",),
    "xa_my_le": ("website", "zalo_oa", "radio"),
    "xa_long_cang": ("radio",),
}
DUTIES = {"website": "II-2.2", "zalo_oa": "II-2.2", "radio": "II-2.3"}
SECOND_CHECK_AFTER = timedelta(seconds=45)  # a demo starts within twenty
SHARED_POST = "nop-ho-so-truc-tuyen-tai-nha"
POSTS = (
    "to-cong-nghe-so-den-tung-nha",
    "cho-khong-dung-tien-mat",
    "canh-giac-lua-dao-truc-tuyen",
    "lop-hoc-binh-dan-hoc-vu-so",
    "chu-ky-so-cho-nguoi-dan",
)


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that is needed to have worked before. ``sites`` is the address above the
    simulated web sites, ``names`` whom the communes without a face in the cast get."""

    session: Session
    files: Files
    zone: ZoneInfo
    now: datetime
    supervisor: Official
    clerks: dict[str, Official]
    sites: str
    reason: str

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def at(self, day: date, hour: int) -> datetime:
        """That hour of that local day, never later than now."""
        then = datetime.combine(day, time(hour, 10), self.zone)
        return min(then, self.now.astimezone(self.zone))


def live_through(past: Past) -> int:
    """Once; proofs made."""
    if past.session.scalars(select(col(Proof.id)).limit(1)).first() is not None:
        return 0
    running = period_of(past.today, Cadence.WEEKLY)
    weeks = periods_up_to(running, WEEKS + 1)
    for place, week in enumerate(weeks[:-1]):
        for unit_code, channels in PAST.items():
            for channel, letters in channels.items():
                _week(past, unit_code, channel, week, letters[place])
    for unit_code, done in NOW.items():
        for channel in done:
            _prove(past, unit_code, channel, running, running.first, accepts=True)
    _waiting(past, running)
    return len(past.session.scalars(select(col(Proof.id))).all())


def enrolled(
    session: Session, unit_code: str, name: str, since: date, now: datetime
) -> Official:
    """An official of a commune who has no phone in the simulator."""
    known = session.scalars(select(Official).where(col(Official.name) == name)).first()
    if known is not None:
        return known
    person = joining.enrol(session, name, now)
    person.joined_at = now
    session.add(person)
    joining.appoint(session, person, unit_code, Role.OFFICIAL, since)
    return person


# --- one week ------------------------------------------------------------------------------------


def _week(past: Past, unit_code: str, channel: str, week: Period, letter: str) -> None:
    friday = week.first + timedelta(days=4)
    match letter:
        case "+":
            _prove(past, unit_code, channel, week, friday, accepts=True)
        case "-":
            late = week.last + timedelta(days=2)
            _prove(past, unit_code, channel, week, late, accepts=True)
        case "r":
            _prove(past, unit_code, channel, week, friday, accepts=False)
        case "e":
            deciding.exempt(
                past.session,
                unit_code=unit_code,
                duty_id=DUTIES[channel],
                period_key=week.key,
                official=past.supervisor,
                reason=past.reason,
                now=past.at(friday, 15),
            )


def _prove(
    past: Past,
    unit_code: str,
    channel: str,
    week: Period,
    day: date,
    *,
    accepts: bool,
) -> None:
    proof = _submit(past, unit_code, channel, week, day)
    _check(past, proof, week, past.at(day, 10))
    decide = reviewing.accept if accepts else reviewing.reject
    shown = ProofState(proof.state)
    when = past.at(day, 16)
    decide(
        past.session,
        proof,
        shown,
        past.supervisor,
        when,
        "" if accepts else past.reason,
    )


def _check(past: Past, proof: Proof, week: Period, at: datetime) -> None:
    """What the check of a post that is right would have found."""
    findings = [Finding(Check.LINK_WANTED, None)]
    if proof.kind == EvidenceKind.LINK:
        proof.published_on = week.first
        published = {"date": week.first.isoformat()}
        findings = [
            Finding(Check.ALIVE, True),
            Finding(Check.OWN_HOST, True),
            Finding(Check.PUBLISHED_ON, True, detail=published),
            Finding(Check.IN_PERIOD, True),
            Finding(Check.SUBJECT, True),
        ]
    elif proof.channel == Channel.RADIO:
        findings = [Finding(Check.EXIF_DATE, True)]  # no link is wanted of it
    outcomes.settle(past.session, proof, findings, at, accept_ok=False)
    proof.next_check_at = None  # nothing to look at again
    past.session.add(proof)
    past.session.flush()


def _submit(past: Past, unit_code: str, channel: str, week: Period, day: date) -> Proof:
    """A link for what is written, a picture for loudspeakers and the account."""
    sent_at = past.at(day, 9)
    sender = Sender(past.clerks[unit_code], None, sent_at)
    place = _place(past, unit_code, channel, week, sent_at)
    if channel == Channel.WEBSITE:
        thing = Thing(EvidenceKind.LINK, url=_link(past, unit_code, week))
        return submitting.submit(past.session, place, channel, thing, sender)
    thing = Thing(EvidenceKind.PICTURE, title=f"{week.key}.png")
    proof = submitting.submit(past.session, place, channel, thing, sender)
    proof.file_sha256 = _picture(past, f"{unit_code} {channel} {week.key}", sent_at)
    past.session.add(proof)
    past.session.flush()
    return proof


def _place(
    past: Past, unit_code: str, channel: str, week: Period, at: datetime
) -> Candidate:
    found = candidates(past.session, [unit_code], at, (week,))
    return next(
        one
        for one in found
        if (one.duty_id, one.period.key) == (DUTIES[channel], week.key)
        and one.channel in (channel, "")
    )


def _link(past: Past, unit_code: str, week: Period, post: str = "") -> str:
    post = post or POSTS[week.first.isocalendar().week % len(POSTS)]
    site = unit_code.replace("_", "-")
    return f"{past.sites}/{site}/{week.first.isoformat()}/{post}"


def _picture(past: Past, words: str, at: datetime) -> str:
    """A page of a diary that differs from every other one."""
    image = Image.new("RGB", (480, 300), "#f3f1ea")
    draw = ImageDraw.Draw(image)
    for line in range(10):
        draw.line((0, 30 * line, 480, 30 * line), fill="#c9d4dc")
    draw.text((24, 40), words, fill="#17212b")
    for place, sign in enumerate(words):
        height = 10 + ord(sign) % 60
        left = 20 + place * 14
        draw.rectangle((left, 250 - height, left + 9, 250), fill="#0b4f6c")
    content = BytesIO()
    image.save(content, "PNG")
    examined = keeping.examine(content.getvalue(), EvidenceKind.PICTURE, past.zone)
    if isinstance(examined, keeping.FileRefusal):
        raise ValueError(f"demo picture refused: {examined}")
    digest = past.files.keep(examined.content)
    keeping.note(past.session, digest, examined, at)
    return digest


def _waiting(past: Past, running: Period) -> None:
    """Two communes publish the same words; the worker finds it when it starts."""
    for unit_code in ("xa_can_duoc", "xa_tan_lan"):
        sent_at = past.at(running.first, 8)
        thing = Thing(
            EvidenceKind.LINK, url=_link(past, unit_code, running, SHARED_POST)
        )
        place = _place(past, unit_code, Channel.WEBSITE, running, sent_at)
        sender = Sender(past.clerks[unit_code], None, sent_at)
        proof = submitting.submit(past.session, place, Channel.WEBSITE, thing, sender)
        if unit_code != "xa_can_duoc":  # checked after the first one
            proof.check_lease_until = past.now + SECOND_CHECK_AFTER
            past.session.add(proof)


def clerks_of(
    session: Session, names: dict[str, str], since: date, now: datetime
) -> Iterator[tuple[str, Official]]:
    for unit_code, name in names.items():
        yield unit_code, enrolled(session, unit_code, name, since, now)
