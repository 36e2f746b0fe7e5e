"""One labelled link after the other through the real check: fetched, judged, stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, delete, select

from bot.clock import Clock
from bot.db import Database
from bot.duties.fetching import Fetcher
from bot.duties.proofs.checking import Checker
from bot.duties.proofs.looking import Looker
from bot.duties.proofs.phrases import PageWords
from bot.files import Files
from models import (
    AuditEntry,
    Cadence,
    Channel,
    EvidenceKind,
    Plan,
    PlanDuty,
    Proof,
    ProofCheck,
    ProofState,
    ProofTrace,
    UnitChannel,
)
from tests.proofs.cases import (
    DUTY,
    HOST,
    OTHER_DUTY,
    OTHER_HOST,
    OTHER_UNIT,
    PRIVATE,
    SENT_ON,
    UNIT,
    WEEK,
    Case,
    Earlier,
)
from tests.proofs.site import Page, Site

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PAGE_WORDS = Path(__file__).resolve().parents[2] / "content/pages.toml"
NOW = datetime(SENT_ON.year, SENT_ON.month, SENT_ON.day, 17, tzinfo=ZONE)


class StandingClock(Clock):
    """Always the Friday of the week, unless moved."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__()
        self.time = now

    def now(self) -> datetime:
        return self.time


@dataclass
class Judged:
    case: Case
    verdict: ProofState
    state: ProofState
    findings: list[dict[str, object]]

    @property
    def is_right(self) -> bool:
        return self.verdict == self.case.verdict


class Court:
    """A plan with two duties, two communes with a site each, and a checker."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        site: Site,
        clock: StandingClock | None = None,
        *,
        seconds: float = 2.0,
    ) -> None:
        self.database = database
        self.site = site
        self.clock = clock or StandingClock()
        self.files = Files(folder)
        fetcher = Fetcher(
            "https://oa.example.vn",
            allow_loopback=True,
            pause_seconds=0,
            total_seconds=seconds,
        )
        words = PageWords.load(PAGE_WORDS)
        self.looker = Looker(fetcher, self.files, words, ZONE, mask=lambda text: text)
        self.checker = Checker(database, self.clock, self.looker)
        # as in production: private addresses are judged by nothing else
        strict = Fetcher(
            "https://oa.example.vn", pause_seconds=0, total_seconds=seconds
        )
        self._strict = replace(
            self.checker, looker=replace(self.looker, fetcher=strict)
        )
        with database.writing() as session:
            found_office(session)

    def judge(self, cases: Iterable[Case]) -> list[Judged]:
        return [self._judge(case) for case in cases]

    def submit(self, url: str, **values: Any) -> int:
        """A link as an official sends it; the number of its proof."""
        with self.database.writing() as session:
            own: dict[str, Any] = {
                "plan_id": "2026",
                "duty_id": DUTY,
                "unit_code": UNIT,
                "channel": Channel.WEBSITE,
                "period": WEEK,
                "kind": EvidenceKind.LINK,
                "url": url,
                "received_at": self.clock.now(),
            }
            proof = Proof(**own | values)
            session.add(proof)
            session.flush()
            return proof.id or 0

    def check_all(self) -> None:
        while self.checker.run_once():
            pass

    def proof(self, number: int) -> Proof:
        with self.database.reading() as session:
            return session.get_one(Proof, number)

    def checks(self, number: int) -> list[ProofCheck]:
        with self.database.reading() as session:
            rows = session.exec(
                select(ProofCheck)
                .where(ProofCheck.proof_id == number)
                .order_by(col(ProofCheck.number))
            )
            return list(rows)

    def _judge(self, case: Case) -> Judged:
        self._clear()
        for (host, path), page in case.pages.items():
            self.site.put(host, path, self._placed(page))
        for earlier in case.earlier:
            self._accept(earlier)
        number = self.submit(self._link(case.url))
        if case.group == PRIVATE:
            self._strict.run_once()
        self.check_all()
        proof, check = self.proof(number), self.checks(number)[0]
        return Judged(case, ProofState(check.verdict), proof.state, check.findings)

    def _accept(self, earlier: Earlier) -> None:
        url = self.site.url(earlier.host, earlier.path)
        number = self.submit(url, unit_code=earlier.unit, duty_id=earlier.duty)
        self.check_all()
        with self.database.writing() as session:
            session.get_one(Proof, number).state = ProofState.ACCEPTED

    def _link(self, url: str) -> str:
        """ "/tin/1" on the unit's host, "//host/tin/1", or a whole link as it is."""
        if url.startswith("//"):
            host, _, path = url[2:].partition("/")
            return self.site.url(host, f"/{path}")
        return self.site.url(HOST, url) if url.startswith("/") else url

    def _placed(self, page: Page) -> Page:
        port = str(self.site.port)
        page.headers = {
            name: value.replace("{port}", port).replace("//bao", "http://bao", 1)
            if name == "Location"
            else value
            for name, value in page.headers.items()
        }
        return page

    def _clear(self) -> None:
        self.site.pages.clear()
        self.looker.fetcher.forget_robots()
        with self.database.writing() as session:
            for table in (ProofTrace, ProofCheck, AuditEntry, Proof):
                session.execute(delete(table))


@dataclass(frozen=True)
class Score:
    """Of one verdict: how often it was right, and how many of its cases it found."""

    verdict: ProofState
    said: int
    wanted: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def scores(judged: Sequence[Judged]) -> list[Score]:
    """For each verdict."""
    return [
        Score(
            verdict,
            said=sum(one.verdict == verdict for one in judged),
            wanted=sum(one.case.verdict == verdict for one in judged),
            right=sum(one.is_right for one in judged if one.verdict == verdict),
        )
        for verdict in (ProofState.OK, ProofState.DOUBTFUL, ProofState.FAILED)
    ]


def found_office(session: Session) -> None:
    session.add(
        Plan(
            id="2026",
            title="Kế hoạch 2026",
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 12, 31),
        )
    )
    for duty, cadence in ((DUTY, Cadence.WEEKLY), (OTHER_DUTY, Cadence.MONTHLY)):
        session.add(
            PlanDuty(
                plan_id="2026",
                duty_id=duty,
                cadence=cadence,
                quota=1,
                channels=[Channel.WEBSITE, Channel.ZALO_OA],
                evidence=[EvidenceKind.LINK],
                keywords=["chuyển đổi số"],
            )
        )
    for unit, host in ((UNIT, HOST), (OTHER_UNIT, OTHER_HOST)):
        session.add(UnitChannel(id=f"{unit}:web", unit_code=unit, address=host))
    session.flush()
