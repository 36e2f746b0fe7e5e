"""``python -m bench.chaos``: many storms, one after the other, and a table of them.

Every storm is written to the state file when it is over; ``--resume`` goes on behind the
last one. ``--cut-lines N`` sends N messages instead, of which every twentieth loses its
answer. ``--clocks N`` lets four clocks go through N occurrences (10,000 are a good storm).
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.chaos import faults
from bench.chaos.clock import run_clocks
from bench.chaos.clock import table as clock_table
from bench.chaos.cut_lines import send_with_cut_lines
from bench.chaos.engines import engine_of
from bench.chaos.judge import Verdict
from bench.chaos.storm import Plan, storm
from bot import logs
from bot.db import Database
from bot.schema import upgrade

EVENTS, KILLS = 20_000, 200
EVENTS_A_STORM = 2_000
ENGINES = ("sqlite", "postgresql")
STATE_FILE = Path(tempfile.gettempdir()) / "chaos-state.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything that was promised was kept."""
    options = _options(arguments)
    if options.cut_lines:
        logs.set_up(level=logging.ERROR)
        result = send_with_cut_lines(options.cut_lines)
        print(result)
        return 1 if result.lost or result.twice else 0
    if options.clocks:
        return _clocks(options)
    if not options.resume:
        options.state.unlink(missing_ok=True)
    for engine in options.engine or ENGINES:
        _storms(engine, options)
    print(table(options.state))
    return 1 if any(_complaints(row) for row in _finished(options.state)) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--events", type=int, default=EVENTS, help="per engine")
    parser.add_argument("--kills", type=int, default=KILLS, help="per engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--without-proof", action="store_true", help="no echo, no history"
    )
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--state", type=Path, default=STATE_FILE)
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs")
    parser.add_argument("--cut-lines", type=int, metavar="N")
    parser.add_argument("--clocks", type=int, metavar="N", help="occurrences of a job")
    return parser.parse_args(arguments)


def _clocks(options: argparse.Namespace) -> int:
    """Four clocks on each engine."""
    logs.set_up(level=logging.ERROR)
    bad = 0
    for engine in options.engine or ENGINES:
        with (
            tempfile.TemporaryDirectory() as folder,
            engine_of(engine, Path(folder)) as found,
        ):
            database = Database(found.url)
            upgrade(database)
            verdict = run_clocks(database, options.clocks, options.seed)
            database.close()
        print(f"{engine}\n{clock_table(verdict)}", flush=True)
        bad += not verdict.is_clean
    return 1 if bad else 0


def _storms(engine: str, options: argparse.Namespace) -> None:
    count = max(1, round(options.events / EVENTS_A_STORM))
    done = {row["run"] for row in _finished(options.state) if row["engine"] == engine}
    for number in range(count):
        run = options.seed + number
        if run in done:
            continue
        plan = Plan(
            events=options.events // count,
            kills=_share(options.kills, number, count),
            run=run,
            faults=random.Random(run).sample(faults.ALL, len(faults.ALL)),
            proofs=not options.without_proof,
        )
        row = {"engine": engine, "run": run, "proofs": plan.proofs}
        row |= asdict(_one(engine, plan, options.keep))
        with options.state.open("a", encoding="utf-8") as state:
            state.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(f"{engine} {number + 1}/{count}: {_summary(row)}", flush=True)


def _share(total: int, number: int, count: int) -> int:
    return total * (number + 1) // count - total * number // count


def _one(engine: str, plan: Plan, keep: Path | None) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        place = keep / f"{engine}-{plan.run}" if keep else Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        with engine_of(engine, place) as found:
            return storm(place, found, plan)


def _finished(state: Path) -> list[dict[str, object]]:
    if not state.exists():
        return []
    return [json.loads(line) for line in state.read_text("utf-8").splitlines()]


def _verdict(row: dict[str, object]) -> Verdict:
    names = Verdict.__dataclass_fields__
    return Verdict(**{name: row[name] for name in names})  # type: ignore[arg-type]


def _complaints(row: dict[str, object]) -> dict[str, object]:
    return _verdict(row).complaints(proofs=bool(row["proofs"]))


def _summary(row: dict[str, object]) -> str:
    verdict = _verdict(row)
    said = _complaints(row) or "clean"
    return (
        f"{verdict.events} events, {sum(verdict.kills.values())} kills, "
        f"{sum(verdict.faults.values())} faults, {verdict.seconds:.0f} s: {said}"
    )


def table(state: Path) -> str:
    """One line an engine: sums over its storms."""
    head = (
        "events", "kills", "faults", "minutes", "lost events", "unanswered", "messages",
        "lost", "replies twice", "campaigns twice", "out of order", "looked up",
    )  # fmt: skip
    lines = [
        "## Chaos",
        "",
        "| engine | " + " | ".join(head) + " |",
        "| --- " * (len(head) + 1) + "|",
    ]
    rows = _finished(state)
    for engine in dict.fromkeys(row["engine"] for row in rows):
        verdicts = [_verdict(row) for row in rows if row["engine"] == engine]
        figures = (
            sum(v.events for v in verdicts),
            _counted([v.kills for v in verdicts]),
            sum(sum(v.faults.values()) for v in verdicts),
            round(sum(v.seconds for v in verdicts) / 60),
            sum(v.lost_events for v in verdicts),
            sum(v.unanswered_events for v in verdicts),
            sum(v.messages for v in verdicts),
            sum(len(v.lost_messages) for v in verdicts),
            sum(v.replies_twice for v in verdicts),
            sum(v.campaigns_twice for v in verdicts),
            sum(v.out_of_order for v in verdicts),
            sum(v.looked_up for v in verdicts),
        )
        lines.append(f"| {engine} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)


def _counted(kills: Sequence[dict[str, int]]) -> str:
    total: Counter[str] = Counter()
    for one in kills:
        for role, count in one.items():
            total[role.partition("-")[0]] += count
    return ", ".join(f"{count} {role}" for role, count in sorted(total.items()))


if __name__ == "__main__":
    sys.exit(main())
