"""Looking at what a proof shows, outside of any transaction: the page, or the file.

Nothing here knows other proofs; that is ``judging``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from bot.duties.fetching import PICTURES, Fetched, Fetcher, Refusal, Refused
from bot.duties.fetching.addresses import BadLinkError
from bot.duties.fetching.answers import PASSING
from bot.duties.proofs.keeping import Examined, examine
from bot.duties.proofs.links import canonical, declared_by_page, through_doors
from bot.duties.proofs.pages import Page, PageKind, read_page, went_to_front
from bot.duties.proofs.phrases import PageWords
from bot.duties.proofs.traces import picture_traces, text_digest, text_traces
from bot.duties.proofs.verdict import Check, Finding, Gone
from bot.files import Files
from models import EvidenceKind, Proof

# What speaks against a link for good; the others are doubts: a server may be down, slow,
# closed to robots, or show what only a browser can read.
_AGAINST = {
    Refusal.BAD_LINK,
    Refusal.PRIVATE_ADDRESS,
    Refusal.FOREIGN_HOST,
    Refusal.NO_SUCH_HOST,
    Refusal.NOT_FOUND,
    Refusal.TOO_MANY_REDIRECTS,
}


def is_passing(finding: Finding) -> bool:
    """It may well be over when asked again."""
    return finding.check == Check.ALIVE and finding.why in PASSING


@dataclass(slots=True)
class Seen:
    """What was seen, ready to be judged and stored. ``links`` are the page's canonical
    addresses, the surest first."""

    findings: list[Finding] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    end: str | None = None
    page: Page | None = None
    title: str = ""
    text: str = ""
    text_sha256: str | None = None
    traces: set[int] = field(default_factory=set)
    file: Examined | None = None
    page_picture: Examined | None = None
    snapshot_sha256: str | None = None
    picture_sha256: str | None = None

    def add(
        self, check: Check, ok: bool | None, why: str = "", **detail: object
    ) -> None:
        self.findings.append(Finding(check, ok, why, dict(detail)))


@dataclass(frozen=True, slots=True)
class Looker:
    """``mask`` takes ID numbers out of a text before it is kept."""

    fetcher: Fetcher
    files: Files
    words: PageWords
    zone: ZoneInfo
    mask: Callable[[str], str]

    def look(self, proof: Proof) -> Seen:
        if proof.kind == EvidenceKind.NUMBERS:
            return Seen()
        if proof.kind == EvidenceKind.LINK:
            return self._look_at_link(proof.url or "")
        return self._look_at_file(proof)

    def is_there(self, url: str) -> Finding:
        """Whether a page can still be read (the later checks)."""
        seen = self._look_at_link(url, is_later=True)
        return seen.findings[0]

    # --- a page ---------------------------------------------------------------------------

    def _look_at_link(self, url: str, *, is_later: bool = False) -> Seen:
        seen = Seen()
        try:
            wanted = through_doors(url)
            seen.links = [canonical(wanted)]
        except BadLinkError:
            seen.add(Check.ALIVE, False, Refusal.BAD_LINK)
            return seen
        found = self.fetcher.fetch(wanted if "://" in wanted else f"https://{wanted}")
        seen.end = found.url
        if isinstance(found, Refused):
            _refused(seen, found)
            return seen
        page = read_page(found, self.words, self.zone)
        if page.kind == PageKind.NOT_FOUND:
            seen.add(Check.ALIVE, False, Gone.SAYS_SO)
        elif found.redirects and went_to_front(wanted, found.url):
            seen.add(Check.ALIVE, False, Gone.FRONT_PAGE)
        else:
            seen.add(Check.ALIVE, True)
        if not is_later:
            self._note_page(seen, page, found)
        return seen

    def _note_page(self, seen: Seen, page: Page, found: Fetched) -> None:
        end = canonical(found.url)
        if end not in seen.links:
            seen.add(Check.REDIRECTED, True, url=found.url)
            seen.links.insert(0, end)
        if not seen.findings[0].ok:
            return
        declared = page.declared_url and declared_by_page(found.url, page.declared_url)
        if declared and declared not in seen.links:
            seen.links.append(declared)
        seen.page = page
        if page.kind == PageKind.SCRIPTED:
            seen.add(Check.JAVASCRIPT_ONLY, None)
        elif page.kind == PageKind.LOGIN:
            seen.add(Check.LOGIN_WALL, None)
        else:
            self._note_article(seen, page)

    def _note_article(self, seen: Seen, page: Page) -> None:
        seen.title = self.mask(page.title)
        seen.add(Check.TITLE, True, title=seen.title)
        seen.text = self.mask(f"{page.title}\n\n{page.text}")
        seen.text_sha256 = text_digest(page.text)
        seen.traces = text_traces(page.text)
        if page.picture_url:
            seen.page_picture = self._picture_of_page(page.picture_url)

    def _picture_of_page(self, url: str) -> Examined | None:
        """The picture the page shows of itself: a keepsake, missing without harm."""
        found = self.fetcher.fetch(url, PICTURES)
        if isinstance(found, Refused):
            return None
        examined = examine(found.content, EvidenceKind.PICTURE, self.zone)
        return examined if isinstance(examined, Examined) else None

    # --- a file ---------------------------------------------------------------------------

    def _look_at_file(self, proof: Proof) -> Seen:
        seen = Seen()
        try:
            content = self.files.read(proof.file_sha256 or "")
        except (FileNotFoundError, ValueError):
            seen.add(Check.FILE_MISSING, None)
            return seen
        examined = examine(content, EvidenceKind(proof.kind), self.zone)
        if not isinstance(examined, Examined):
            seen.add(Check.FILE_MISSING, False, examined)
            return seen
        seen.file = examined
        if examined.picture:
            seen.traces = picture_traces(examined.picture.likeness.fingerprints)
        return seen


def _refused(seen: Seen, found: Refused) -> None:
    if found.reason == Refusal.ROBOTS:
        seen.add(Check.ROBOTS_REFUSED, None)
        return
    ok = False if found.reason in _AGAINST else None
    status = {"status": found.status} if found.status else {}
    seen.add(Check.ALIVE, ok, found.reason, **status)
