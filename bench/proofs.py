"""What the check of proofs finds on labelled links and pictures, and how fast it looks up.

The sets that judge (``tests/proofs/held_out*.py``) were written apart from the rules; those
to tune with are printed beside them. Links are real pages on local sockets, judged by the
whole check: fetched, read, stored, compared. Wanted on the held-out part: of the links a
precision of 0.98 and a recall of 0.95, and nothing private ever read; of the pictures a
recall of 0.95 at no more than 1 % of false alarms; the like among 200,000 pictures found in
300 ms (p95), beside a plain scan over all of them, which must find the same.
"""

from __future__ import annotations

import logging
import random
import socket
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import insert, select
from sqlmodel import Session, col

from bot import logs
from bot.db import Database
from bot.duties.proofs.likeness import (
    ALIKE,
    BITS,
    Likeness,
    from_text,
    nearest,
    to_text,
)
from bot.duties.proofs.traces import (
    NEAREST,
    near_pictures,
    picture_traces,
    views_by_trace,
)
from bot.schema import upgrade
from models import EvidenceKind, Proof, ProofState, ProofTrace, StoredFile
from tests.proofs import (
    held_out,
    held_out_later,
    held_out_pictures,
    tuning,
    tuning_pictures,
)
from tests.proofs.cases import DUTY, PRIVATE, UNIT, WEEK, Case
from tests.proofs.court import NOW, Court, Judged, scores
from tests.proofs.site import Site, resolving

PAIRS = 320
HASHES, LOOKUPS, SCANS = 200_000, 200, 1
AT_ONCE = 5000
SEED = 20261125
WRONG_SHOWN = 12


def run() -> str:
    """The tables as text."""
    logs.set_up(level=logging.ERROR)
    judging = chain(held_out.cases(), held_out_later.cases())
    sets = (("held out", judging), ("tuning", tuning.cases()))
    rows = [f"{'links':<12}{'verdict':<10}{'cases':>7}{'precision':>11}{'recall':>8}"]
    for name, cases in sets:
        rows += link_rows(name, judge_links(cases))
    rows += ["", f"{'pictures':<12}{'pairs':>7}{'recall':>9}{'false alarms':>14}"]
    rows.append(picture_row("held out", held_out_pictures.pairs(PAIRS)))
    rows.append(picture_row("tuning", tuning_pictures.pairs(PAIRS)))
    rows += ["", *lookup_rows(HASHES, LOOKUPS, SCANS)]
    return "## The check of proofs\n\n```\n" + "\n".join(rows) + "\n```"


# --- links --------------------------------------------------------------------------------


def judge_links(cases: Iterable[Case]) -> list[Judged]:
    """Each through the whole check."""
    with _database() as (database, folder), _named_here(), Site().open() as site:
        return Court(database, folder, site).judge(cases)


def link_rows(name: str, judged: list[Judged]) -> Iterator[str]:
    for score in scores(judged):
        yield (
            f"{name:<12}{score.verdict:<10}{score.wanted:>7}"
            f"{score.precision:>11.3f}{score.recall:>8.3f}"
        )
    right = sum(one.is_right for one in judged)
    private = [one for one in judged if one.case.group == PRIVATE]
    blocked = sum(one.verdict == ProofState.FAILED for one in private)
    yield (
        f"{name:<12}{'all':<10}{len(judged):>7}{right / len(judged):>11.3f} right; "
        f"private addresses blocked {blocked}/{len(private)}"
    )
    groups = Counter(one.case.group for one in judged)
    yield "  " + ", ".join(f"{count} {group}" for group, count in groups.most_common())
    for one in [one for one in judged if not one.is_right][:WRONG_SHOWN]:
        said = ", ".join(str(f["code"]) for f in one.findings if f["ok"] is not True)
        yield f"  wrong: {one.case.name}: {one.verdict}, not {one.case.verdict} ({said})"


# --- pictures -----------------------------------------------------------------------------


def picture_row(
    name: str, pairs: Iterable[tuple[str, Image.Image, Image.Image, bool]]
) -> str:
    found: dict[bool, list[bool]] = {True: [], False: []}
    for _, one, other, is_same in pairs:
        found[is_same].append(is_found(Likeness(one), Likeness(other)))
    recall, alarms = (statistics.mean(found[is_same]) for is_same in (True, False))
    count = sum(map(len, found.values()))
    return f"{name:<12}{count:>7}{recall:>9.3f}{alarms:>13.2%}"


def is_found(earlier: Likeness, sent: Likeness) -> bool:
    """As the check goes about it: by a shared key, by nearness, by laying one over the
    other."""
    views = views_by_trace(sent)
    shared = picture_traces(earlier.fingerprints) & views.keys()
    near = (nearest(earlier.fingerprints, views[key]) <= ALIKE for key in shared)
    return any(near) and sent.is_of(earlier)


# --- the like among many ------------------------------------------------------------------


def lookup_rows(hashes: int, lookups: int, scans: int) -> Iterator[str]:
    """One line of the lookup, one of the plain scan. Every other picture looked for is
    there."""
    rng = random.Random(SEED)
    scenes = [
        rng.choice(held_out_pictures.SCENES)(rng) for _ in range(min(lookups, 40))
    ]
    asked = [Likeness(scene) for scene in scenes]
    for one in asked:  # what it shows is computed once, before it is looked up
        assert one.views
    proof = Proof(id=hashes + 1, **_PLACE)
    with _database() as (database, _):
        with database.writing() as session:
            _fill(session, hashes, rng, [one.fingerprints for one in asked[::2]])
        with database.reading() as session:
            found, times = _timed(
                asked, lookups, partial(near_pictures, session, proof)
            )
            stored = session.execute(
                select(col(StoredFile.sha256), col(StoredFile.picture_hash))
            ).all()
            scanned, slow = _timed(asked, scans, partial(_scan, stored))
    there = [f"{number // 2 + 1:064x}" for number in range(0, len(asked), 2)]
    first = sum(
        one[:1] == [there[at]] for at, one in enumerate(found[: len(asked) : 2])
    )
    same = sum(one[:1] == other[:1] for one, other in zip(found, scanned, strict=False))
    clock, processor = ([one[place] for one in times] for place in (0, 1))
    plain = statistics.median(one[0] for one in slow)
    yield (
        f"the like among {hashes:,} pictures: median {_ms(statistics.median(clock))}, "
        f"p95 {_ms(_p95(clock))} (wanted: 300 ms), of the processor {_ms(_p95(processor))}"
    )
    yield f"  of {len(there)} that are there {first} found first"
    yield (
        f"a plain scan of them: median {_ms(plain)}, {plain / statistics.median(clock):.0f} "
        f"times as long; the same first {same}/{len(scanned)}"
    )


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _timed(
    asked: Sequence[Likeness], count: int, look_up: Callable[[Likeness], list[str]]
) -> tuple[list[list[str]], list[tuple[float, float]]]:
    found, times = [], []
    for number in range(count):
        started, began = time.perf_counter(), time.process_time()
        found.append(look_up(asked[number % len(asked)]))
        times.append((time.perf_counter() - started, time.process_time() - began))
    return found, times


def _scan(stored: Iterable[Any], seen: Likeness) -> list[str]:
    """As ``near_pictures``, from every picture there is."""
    near = {
        digest: bits
        for digest, text in stored
        if (bits := nearest(from_text(text), seen.views)) <= ALIKE
    }
    return sorted(near, key=lambda digest: (near[digest], digest))[:NEAREST]


_PLACE: dict[str, Any] = {
    "plan_id": "2026", "duty_id": DUTY, "unit_code": UNIT, "period": WEEK,
    "received_at": NOW, "kind": EvidenceKind.PICTURE, "state": ProofState.ACCEPTED,
}  # fmt: skip


def _fill(
    session: Session, hashes: int, rng: random.Random, first: Sequence[list[int]]
) -> None:
    """The first ones, then as many pictures, of two fingerprints each as most have; bits
    lean as those of photographs do, so that keys collide as theirs."""
    for start in range(0, hashes, AT_ONCE):
        files, proofs, traces = [], [], []
        for number in range(start + 1, min(start + AT_ONCE, hashes) + 1):
            known = first[number - 1] if number <= len(first) else None
            prints = known or [_fingerprint(rng), _fingerprint(rng)]
            digest = f"{number:064x}"
            files.append({
                "sha256": digest, "media_type": "image/jpeg", "size_bytes": 1,
                "created_at": NOW, "picture_hash": to_text(prints),
            })  # fmt: skip
            proofs.append(
                {"id": number, "file_sha256": digest, "checks_done": 1} | _PLACE
            )
            traces += [
                {"value": value, "proof_id": number} for value in picture_traces(prints)
            ]
        for table, rows in ((StoredFile, files), (Proof, proofs), (ProofTrace, traces)):
            session.execute(insert(table), rows)


def _fingerprint(rng: random.Random) -> int:
    """Neighbouring pairs of a photograph agree: bits come in runs."""
    drawn = rng.getrandbits(BITS + 2)
    one, two, three = drawn, drawn >> 1, drawn >> 2
    return (one & two | two & three | one & three) & ((1 << BITS) - 1)


# --- a place to measure in ----------------------------------------------------------------


@contextmanager
def _database() -> Iterator[tuple[Database, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'bench.db'}")
        upgrade(database)
        yield database, folder
        database.close()


@contextmanager
def _named_here() -> Iterator[None]:
    """Hosts under ``.test`` are this machine."""
    real = socket.getaddrinfo
    socket.getaddrinfo = resolving({}, real)
    try:
        yield
    finally:
        socket.getaddrinfo = real
