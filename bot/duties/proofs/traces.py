"""Finding the like among all proofs: the same link, file, text, or nearly the same one.

The database finds candidates by exact values: canonical links, digests, and *traces*, of
which like things share some. A text leaves sixteen: the smallest hashes of its groups of
four words (a bottom sketch), so that the share of common ones estimates how much of two
texts is common. A picture leaves the keys of its fingerprints (``likeness``).

"Used" is a proof that came before, or that was judged before although it came later: of two
checked at the same time the second one sees the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from bot.duties.proofs.likeness import ALIKE, Likeness, from_text, keys_of, nearest
from bot.search.fold import words
from models import Proof, ProofState, ProofTrace, StoredFile

SHINGLE = 4  # words: shorter groups are phrases that everybody uses
SKETCH = 16
ALIKE_TEXTS = (
    6  # common traces of sixteen: more than a third of the text (bench/proofs.py)
)
# Kinds of traces; what follows is below 2 ** 32.
_TEXT, _PICTURE = 1 << 40, 2 << 40
_AT_ONCE = 5000  # values in one statement: SQLite takes 32,766
NEAREST = 8  # pictures that are worth opening
# A refused proof may be sent again; one that was withdrawn never was.
LIVE = (ProofState.RECEIVED, ProofState.OK, ProofState.DOUBTFUL, ProofState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Used:
    """An earlier proof that shows the same."""

    proof_id: int
    unit_code: str
    duty_id: str
    channel: str
    period: str

    def to_json(self) -> dict[str, Any]:
        return {
            "proof": self.proof_id,
            "unit": self.unit_code,
            "duty": self.duty_id,
            "period": self.period,
        }


# --- what a thing leaves ------------------------------------------------------------------


def text_digest(text: str) -> str | None:
    """Of the words alone, so layout and punctuation change nothing; None without words."""
    plain = " ".join(words(text))
    return sha256(plain.encode()).hexdigest() if plain else None


def text_traces(text: str) -> set[int]:
    plain = words(text)
    groups = {
        " ".join(plain[at : at + SHINGLE]) for at in range(len(plain) - SHINGLE + 1)
    }
    hashes = sorted(
        int.from_bytes(blake2b(group.encode(), digest_size=4).digest(), "big")
        for group in groups
    )
    return {_TEXT | one for one in hashes[:SKETCH]}


def picture_traces(fingerprints: Iterable[int]) -> set[int]:
    return {_PICTURE | key for one in fingerprints for key in keys_of(one)}


def leave(session: Session, proof: Proof, traces: Iterable[int]) -> None:
    """Store them; those that are there already stay."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    rows = [{"value": value, "proof_id": proof.id} for value in sorted(traces)]
    if rows:
        session.execute(insert(ProofTrace).on_conflict_do_nothing(), rows)


# --- what was there before ----------------------------------------------------------------


def same_links(session: Session, proof: Proof, links: Iterable[str]) -> list[Used]:
    """Of this duty first, then the oldest."""
    return _used(session, proof, col(Proof.canonical_url).in_(list(links)))


def same_files(session: Session, proof: Proof) -> list[Used]:
    if proof.file_sha256 is None:
        return []
    return _used(session, proof, col(Proof.file_sha256) == proof.file_sha256)


def same_texts(session: Session, proof: Proof, traces: Iterable[int]) -> list[Used]:
    """Texts that are the same or nearly so."""
    near = session.scalars(
        select(col(ProofTrace.proof_id))
        .where(col(ProofTrace.value).in_(list(traces)))
        .group_by(col(ProofTrace.proof_id))
        .having(func.count() >= ALIKE_TEXTS)
    )
    ids = set(near)
    if proof.text_sha256 is not None:
        same = select(col(Proof.id)).where(col(Proof.text_sha256) == proof.text_sha256)
        ids |= {number for number in session.scalars(same) if number is not None}
    # by number: asked in one with the state, databases go through all proofs of a state
    return _used(session, proof, col(Proof.id).in_(sorted(ids)[:_AT_ONCE]))


def near_pictures(session: Session, proof: Proof, seen: Likeness) -> list[str]:
    """Digests of stored pictures that may be this one, the nearest first."""
    views = views_by_trace(seen)
    shared = _sharing(session, views)
    near: dict[str, int] = {}
    for proof_id, digest, stored in _shown(session, proof, shared):
        wanted = {view for value in shared[proof_id] for view in views[value]}
        bits = nearest(from_text(stored), wanted)
        if bits <= ALIKE:
            near[digest] = min(bits, near.get(digest, bits))
    return sorted(near, key=lambda digest: (near[digest], digest))[:NEAREST]


def _sharing(session: Session, asked: Iterable[int]) -> dict[int, list[int]]:
    """Proofs with any of these traces, and which. By itself, so that the database goes by
    the traces and never through all proofs."""
    found: dict[int, list[int]] = {}
    values = sorted(asked)
    for start in range(0, len(values), _AT_ONCE):
        rows = session.execute(
            select(col(ProofTrace.proof_id), col(ProofTrace.value)).where(
                col(ProofTrace.value).in_(values[start : start + _AT_ONCE])
            )
        )
        for proof_id, value in rows:
            found.setdefault(proof_id, []).append(value)
    return found


def _shown(
    session: Session, proof: Proof, proof_ids: Iterable[int]
) -> Iterator[tuple[int, str, str]]:
    """Proof, digest and fingerprints of other pictures that were there before."""
    ids = sorted(proof_ids)
    for start in range(0, len(ids), _AT_ONCE):
        rows = session.execute(
            select(col(Proof.id), col(StoredFile.sha256), col(StoredFile.picture_hash))
            .join(StoredFile, col(StoredFile.sha256) == col(Proof.file_sha256))
            .where(
                col(Proof.id).in_(ids[start : start + _AT_ONCE]),
                _is_before(proof),
                col(StoredFile.picture_hash).is_not(None),
                col(Proof.file_sha256) != (proof.file_sha256 or ""),
            )
        )
        yield from (tuple(row) for row in rows)


def views_by_trace(seen: Likeness) -> dict[int, list[int]]:
    """The ways to look at a picture, under each key by which an earlier one may be found."""
    found: dict[int, list[int]] = {}
    for view in seen.views:
        for trace in picture_traces([view]):
            found.setdefault(trace, []).append(view)
    return found


def proofs_with(session: Session, proof: Proof, digests: Sequence[str]) -> list[Used]:
    """Who showed one of these files."""
    return _used(session, proof, col(Proof.file_sha256).in_(digests))


def _used(session: Session, proof: Proof, same: ColumnElement[bool]) -> list[Used]:
    rows = session.execute(
        select(
            col(Proof.id),
            col(Proof.unit_code),
            col(Proof.duty_id),
            col(Proof.channel),
            col(Proof.period),
        )
        .where(same, _is_before(proof))
        .order_by(col(Proof.duty_id) != proof.duty_id, col(Proof.id))
        .limit(NEAREST)
    )
    return [Used(*row) for row in rows]


def _is_before(proof: Proof) -> ColumnElement[bool]:
    return and_(
        col(Proof.state).in_(LIVE),
        col(Proof.id) != proof.id,
        or_(col(Proof.id) < proof.id, col(Proof.checks_done) > 0),
    )
