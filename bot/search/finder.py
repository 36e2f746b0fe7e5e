"""Finding what a citizen asks for, and knowing when there is nothing to find.

How a hit is ranked, in this order:

1. *Named exactly*: a procedure code or a document's symbol, in any shape (``symbols``).
2. *Read*: the question is folded, its spelling repaired, abbreviations and everyday
   words expanded (``reading``, ``lexicon``); the polite frame loses its weight and tells
   the aspect (``intent``). Words that only ask for price, time or place are not heard by
   what follows; who would be sent away is heard once more with them.
3. *Score* of a detailed entry = ``words`` + ``phrase`` + ``said`` (``ranking``).
   ``words`` is the share of the question, weighed by rarity, that stands in the entry's
   fields (pairs of neighbours count beside single words). ``phrase`` is the best single
   alias, title or lexicon pattern that the question fulfils: rarity of its parts
   times the square of the share met. ``said`` is how much the question sounds like what
   people say who mean this entry: hint by hint (``examples``), and by what all examples
   teach together about telling entries apart (``learned``, over words and their
   ``senses``, and over letters side by side, which survive slips and endings).
4. *National index*: a name without details comes first only when the question all but
   spells it, closer than any detailed name; else it follows.
5. *Several procedures in one question* come in the order of mention; near twins that
   nothing tells apart are offered as a choice.
6. *Nothing fits*: judged by the share of the question that the catalogue's words cover,
   the strength of the best phrase, words of other worlds (``intent``), and by whose
   examples the question sounds like: those of an entry, or of a matter that is not ours.

Every hit carries its reasons in ``why``. Pure functions over immutable indexes: safe
to share between threads.
"""

from __future__ import annotations

import gc
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bot.search.entries import Entry, Kind
from bot.search.findings import Finding, Hit, Outcome
from bot.search.fold import fold, words
from bot.search.intent import Intent, strongest
from bot.search.lexicon import Lexicon
from bot.search.ranking import DetailedIndex, NameIndex, NameMatch, Ranking, Scored
from bot.search.reading import (
    Reading,
    Term,
    Vocabulary,
    read,
    read_concept,
    without_asking,
)
from bot.search.said import Said
from bot.search.symbols import SymbolIndex

NAMED = 100.0  # score of a thing named by its code: above anything found by words
SPELT = 0.80  # closeness from which a question spells a name
NOTHING_ELSE = 0.8  # share of the question's words, weighed, that stand in that name
SURE = 4.0  # phrase score of one clear everyday expression
LIKELY = 0.2  # chance from which half a question is a request of its own
SAME_MATTER = 0.4  # share of a piece's best score from which it may go on with another
ADDED = 1.5  # times the phrase score of a piece: more comes from the other pieces
OUTDONE = 1.1  # times the scores of the pieces' own hits
NEAR = 4  # places among which a commune that is named in full may stand
WEAK = 2.2  # phrase score below which a hit may be chance
# A question that sounds this much like other people's matters is not ours; the longer it
# is, the more it must: idle talk is short, a citizen's story is long.
ALIEN, TALE, SHORT = 0.75, 0.02, 8
# So much likelier one of their matters than the likeliest of ours, unless the language
# of the question is clearly ours.
STRANGE, DOUBTED = 0.7, 0.4
COVERED = 0.5  # share of a question's words that should be ours

# What joins two requests. "rồi" and "xong" also end a clause ("mất rồi"), so they join
# only before a verb; a comma joins nothing: most begin an explanation.
_VERB = (
    r"(?=\s+(?:lam|nhap|dang|dk|xin|doi|cap|xoa|chuyen|khai|tach|sang|mua|mo|cong|nop"
    r"|cat)\b)"
)
_JOINTS = re.compile(
    r"\s*(?:[;+&]|\b(?:va|voi|vs|kem|dong thoi|cung voi)\b"
    rf"|\b(?:roi|xong|sau do)\b{_VERB})\s*"
)


def _pieces(query: str) -> list[str]:
    """The question cut at its joints, as it was written."""
    text = unicodedata.normalize("NFKC", query)  # so that folding keeps every position
    starts, ends = [0], []
    for joint in _JOINTS.finditer(fold(text)):
        ends.append(joint.start())
        starts.append(joint.end())
    cut = zip(starts, [*ends, len(text)], strict=True)
    return [piece for start, end in cut if (piece := text[start:end].strip())]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of objects are made and kept: to look among them for garbage again and again
    takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class SearchIndex:
    """The whole search over one state of the catalogue."""

    def __init__(self, entries: Sequence[Entry], lexicon: Lexicon) -> None:
        detailed = [entry for entry in entries if entry.has_details]
        said = Said(detailed, lexicon)
        self._concepts_of = lexicon.concepts
        self._twins = lexicon.twins
        self._entries = [entry.brief() for entry in entries]
        self._all = {(entry.kind, entry.id): entry for entry in self._entries}
        self._detailed = DetailedIndex(detailed, said, lexicon)
        services = [one for one in self._entries if one.kind is Kind.SERVICE]
        self._names = NameIndex(services, lexicon.stop_words)
        self._symbols = SymbolIndex(entries)
        self._intent = Intent(lexicon)
        self._vocabulary = _vocabulary(entries, said, lexicon)

    @classmethod
    def build(cls, entries: Iterable[Entry], lexicon: Lexicon) -> SearchIndex:
        """Index the entries; seconds, for it learns from all examples."""
        with _uncollected():
            return cls(list(entries), lexicon)

    def find(self, query: str, limit: int = 10) -> Finding:
        """What fits the question, best first."""
        reading = read(query, self._vocabulary)
        self._intent.mark_frame(reading)
        aspect = self._intent.aspect(reading)
        finding = self._named(query, limit)
        if finding is None:
            finding = self._searched(query, reading, limit)
        is_bare = aspect is not None and len(reading.stopped) == len(reading.words)
        return replace(finding, query=query, aspect=aspect, is_bare=is_bare)

    def named_here(self, finding: Finding, named: Sequence[tuple[str, str]]) -> Finding:
        """The same question where officials have said what is meant by it (kind, id)."""
        entries = [
            self._all[Kind(kind), id_]
            for kind, id_ in named
            if kind in set(Kind) and (Kind(kind), id_) in self._all
        ]
        if not entries:
            return finding
        firsts = [self._hit(entry, NAMED, {"named": "here"}) for entry in entries]
        known = {(hit.kind, hit.id) for hit in firsts}
        rest = [hit for hit in finding.hits if (hit.kind, hit.id) not in known]
        outcome = Outcome.ANSWERED if len(firsts) == 1 else Outcome.CHOICE
        hits = tuple([*firsts, *rest][:10])
        return replace(
            finding, outcome=outcome, hits=hits, nearest=(), mentioned=(), is_bare=False
        )

    # -- named exactly

    def _named(self, query: str, limit: int) -> Finding | None:
        codes = self._symbols.codes_in(query)
        if codes:
            hits = [
                self._hit(self._entries[i], NAMED, {"named": "code"}) for i in codes
            ]
            return self._finding(Outcome.ANSWERED, hits[:limit])
        named = self._symbols.documents_in(query)
        if not named:
            return None
        best = [item for item in named if item.score >= 0.9 * named[0].score]
        hits = [
            self._hit(self._entries[i.entry], NAMED * i.score, {"named": "symbol"})
            for i in named
        ]
        outcome = Outcome.CHOICE if len(best) > 1 else Outcome.ANSWERED
        ids = {hit.id for hit in hits}
        hits += [hit for hit in self._by_words(query, limit) if hit.id not in ids]
        return self._finding(outcome, hits[:limit])

    def _by_words(self, query: str, limit: int) -> list[Hit]:
        return self._hits(self._ranked_text(query).found, limit)

    def _ranked_text(self, text: str) -> Ranking:
        reading = read(text, self._vocabulary)
        self._intent.mark_frame(reading)
        return self._ranked(reading)

    # -- by words

    def _ranked(self, reading: Reading) -> Ranking:
        heard = without_asking(reading, self._vocabulary)
        if heard is not reading:
            self._intent.mark_frame(heard)
        return self._detailed.ranked(heard, self._concepts(heard), reading)

    def _concepts(self, reading: Reading) -> dict[str, Term]:
        """Official words for the everyday expressions in the question."""
        added: dict[str, Term] = {}
        for text, meanings in self._concepts_of.items():
            term = reading.terms.get(text)
            if term is not None:
                for meaning in meanings:
                    added.update(read_concept(meaning, term))
        return added

    def _searched(self, query: str, reading: Reading, limit: int) -> Finding:
        names = self._names.closest([w.plain for w in reading.words], query, 40)
        ranking = self._ranked(reading)
        outcome, why = self._judge(reading, ranking, names)
        if outcome is not Outcome.ANSWERED and reading.asking:
            ranking, outcome, why = self._heard_whole(reading, names) or (
                ranking, outcome, why,
            )  # fmt: skip
        ranked = self._named_unit_first(ranking.found)
        hits = self._merged(ranked, names, limit)
        several: list[Hit] = []
        if outcome is Outcome.ANSWERED:
            several = self._several(query, replace(ranking, found=ranked))
            if several:
                firsts = {hit.id for hit in several}
                hits = [*several, *(hit for hit in hits if hit.id not in firsts)]
            elif self._are_twins(hits):
                outcome = Outcome.CHOICE
        if outcome in (Outcome.ANSWERED, Outcome.CHOICE):
            found = self._finding(outcome, hits[:limit], why)
            return replace(found, mentioned=tuple(several))
        nearest = tuple(hits[:3]) if outcome is Outcome.NOT_FOUND else ()
        return Finding("", outcome, (), nearest, explanation=why)

    def _heard_whole(
        self, reading: Reading, names: list[NameMatch]
    ) -> tuple[Ranking, Outcome, dict[str, object]] | None:
        """The answer to the question with the words that ask, if there is one: nobody is
        sent away who is understood either way."""
        ranking = self._detailed.ranked(reading, self._concepts(reading), reading)
        outcome, why = self._judge(reading, ranking, names)
        return (ranking, outcome, why) if outcome is Outcome.ANSWERED else None

    def _named_unit_first(self, ranked: list[Scored]) -> list[Scored]:
        """Whoever names a commune in full does not want the talk about communes."""
        near = ranked[:NEAR]
        kinds = [self._detailed.entries[one.entry].kind for one in near]
        if kinds[:1] != [Kind.INFO] or Kind.UNIT not in kinds:
            return ranked
        unit = near[kinds.index(Kind.UNIT)]
        if unit.match is None or unit.match.coverage < 1:
            return ranked
        return [unit, *(one for one in ranked if one is not unit)]

    def _judge(
        self, reading: Reading, ranking: Ranking, names: list[NameMatch]
    ) -> tuple[Outcome, dict[str, object]]:
        """Is there an answer, and is it our business at all?"""
        ranked = ranking.found
        phrase = max((s.match.score for s in ranked[:3] if s.match), default=0.0)
        share = ranked[0].words if ranked else 0.0
        covered = self._detailed.explained(reading, ranked)
        admin = self._intent.administration(reading)
        world, foreign = strongest(self._intent.other_worlds(reading))
        name = names[0].closeness if names else 0.0
        why: dict[str, object] = {
            "phrase": round(phrase, 2),
            "share": round(share, 2),
            "covered": round(covered, 2),
            "admin": admin,
            "outside": world,
            "outside_words": foreign,
            "ours": round(ranking.ours, 1),
            "foreign": round(ranking.foreign, 1),
            "theme": ranking.theme,
            "strangeness": round(ranking.strangeness, 2),
            "name": round(name, 2),
        }
        ours = phrase / SURE + admin * 0.5 + share
        if names and _is_spelt(names[0]):
            return Outcome.ANSWERED, why
        if foreign and foreign > ours * 1.2:
            return Outcome.OUT_OF_SCOPE, why
        doubted = ranking.foreign > ranking.ours * DOUBTED
        if ranking.strangeness >= STRANGE and doubted:
            return Outcome.OUT_OF_SCOPE, why
        tale = max(0, len(reading.words) - SHORT)
        if ranking.foreign > ranking.ours * (ALIEN + TALE * tale):
            return Outcome.OUT_OF_SCOPE, why
        if phrase >= WEAK or (share >= 0.4 and covered >= COVERED):
            return Outcome.ANSWERED, why
        if name >= 0.6 and names[0].coverage >= 0.7:
            return Outcome.ANSWERED, why
        if admin and share >= 0.2:
            return Outcome.ANSWERED if share >= 0.3 else Outcome.NOT_FOUND, why
        return (Outcome.NOT_FOUND if admin else Outcome.OUT_OF_SCOPE), why

    def _merged(
        self, ranked: list[Scored], names: list[NameMatch], limit: int
    ) -> list[Hit]:
        """Detailed hits, before them the name that the question spells."""
        hits = self._hits(ranked, limit)
        spelt = [
            self._hit(
                self._names.entries[match.entry],
                NAMED * match.closeness / 2,
                {"name": round(match.closeness, 3)},
            )
            for match in names
            if _is_spelt(match)
        ]
        others = [
            self._hit(
                self._names.entries[match.entry],
                match.closeness,
                {"name": round(match.closeness, 3)},
            )
            for match in names
            if match.closeness >= 0.45 and not _is_spelt(match)
        ]
        merged: dict[tuple[Kind, str], Hit] = {}
        for hit in (*spelt, *hits, *others):
            merged.setdefault((hit.kind, hit.id), hit)
        return list(merged.values())[:limit]

    def _hits(self, ranked: Sequence[Scored], limit: int) -> list[Hit]:
        hits: dict[tuple[Kind, str], Hit] = {}
        for scored in ranked[: limit * 3]:
            why: dict[str, float | str] = {"words": round(scored.words, 3)}
            if scored.match is not None:
                why["phrase"] = round(scored.match.score, 3)
                why["said"] = scored.match.text
            entry = self._detailed.entries[scored.entry]
            hit = self._hit(entry, scored.score, why)
            hits.setdefault((hit.kind, hit.id), hit)
        return list(hits.values())[:limit]

    def _hit(self, entry: Entry, score: float, why: dict[str, float | str]) -> Hit:
        """A hit; what was replaced is answered by what replaced it."""
        if entry.successor is None:
            return Hit(entry.kind, entry.id, entry.title, round(score, 3), None, why)
        successor = self._all.get((entry.kind, entry.successor))
        title = successor.title if successor is not None else entry.title
        return Hit(entry.kind, entry.successor, title, round(score, 3), entry.id, why)

    # -- several at once

    def _several(self, query: str, whole: Ranking) -> list[Hit]:
        """Two procedures asked for in one breath, in the order of mention."""
        pieces = _pieces(query)
        if not 2 <= len(pieces) <= 4 or not whole.found:
            return []
        parts = [self._ranked_text(piece) for piece in pieces]
        if _spans(whole.found[0], parts) or _outdoes(whole, parts):
            return []
        firsts: list[Hit] = []
        leading: list[Scored] = []
        for part in parts:
            match = part.found[0].match if part.found else None
            if match is None or match.coverage < 1 or part.found[0].chance < LIKELY:
                continue
            hit = self._hits(part.found, 1)[0]
            if any(self._goes_on(first, part) for first in leading):
                continue
            if hit.kind is Kind.SERVICE and hit.id not in {f.id for f in firsts}:
                firsts.append(hit)
                leading.append(part.found[0])
        if len(firsts) < 2 or self._akin(firsts):
            return []
        return firsts

    def _goes_on(self, earlier: Scored, piece: Ranking) -> bool:
        """Whether a piece is about as likely the rest of an earlier request: "mua xe và
        sang tên" is the car's, although "sang tên" alone means land."""
        same = self._answer_of(earlier)
        again = max(
            (o.score for o in piece.found if self._answer_of(o) == same), default=0.0
        )
        return again >= SAME_MATTER * piece.found[0].score

    def _answer_of(self, scored: Scored) -> str:
        entry = self._detailed.entries[scored.entry]
        return entry.successor or entry.id

    def _akin(self, hits: Sequence[Hit]) -> bool:
        """Twins are one matter, not two."""
        ids = {hit.id for hit in hits}
        return any(len(ids & set(twins.ids)) > 1 for twins in self._twins)

    def _are_twins(self, hits: Sequence[Hit]) -> bool:
        """Whether the first two are twins that the question did not tell apart."""
        if len(hits) < 2 or hits[0].score <= 0:
            return False
        share = hits[1].score / hits[0].score
        pair = {hits[0].id, hits[1].id}
        return any(
            pair <= set(twins.ids) and share >= twins.margin for twins in self._twins
        )

    def _finding(
        self,
        outcome: Outcome,
        hits: Sequence[Hit],
        why: dict[str, object] | None = None,
    ) -> Finding:
        return Finding("", outcome, tuple(hits), explanation=why or {})


def _vocabulary(entries: Iterable[Entry], said: Said, lexicon: Lexicon) -> Vocabulary:
    vocabulary = Vocabulary(lexicon)
    for entry in entries:
        for text in (entry.title, *entry.aliases):
            vocabulary.learn(words(text), usual=entry.has_details)
        vocabulary.learn(words(entry.context), usual=False)
    phrases = [*lexicon.concepts, *lexicon.stop_phrases, *lexicon.admin_words]
    for patterns in lexicon.situations.values():
        phrases += [text for p in patterns for part in p.parts for text in part]
    phrases += [text for texts in lexicon.aspects.values() for text in texts]
    phrases += [text for texts in lexicon.outside.values() for text in texts]
    for text in phrases:
        vocabulary.learn(words(text), usual=True)
    for typed in said.typed:
        vocabulary.learn_said([word for word, _ in typed])
    vocabulary.freeze()
    return vocabulary


def _is_spelt(match: NameMatch) -> bool:
    """A name all of it, and hardly a word beside it: "mất" before it is another matter."""
    return match.closeness >= SPELT and match.coverage >= NOTHING_ELSE


def _outdoes(whole: Ranking, parts: Sequence[Ranking]) -> bool:
    """Whether one thing fits the whole clearly better than what each piece means: there
    are procedures that do two things at once."""
    meant = {part.found[0].entry for part in parts if part.found}
    rival = max((float(whole.scores[entry]) for entry in meant), default=0.0)
    best = whole.found[0]
    is_meant = best.match is not None and best.match.coverage == 1
    return is_meant and best.entry not in meant and best.score > OUTDONE * rival


def _says_as_much(piece: Scored, whole: Scored) -> bool:
    """Whether a piece alone means the same, and the rest of the question adds nothing."""
    if piece.entry != whole.entry or piece.match is None or whole.match is None:
        return False
    return whole.match.score <= ADDED * piece.match.score


def _spans(best: Scored, parts: Sequence[Ranking]) -> bool:
    """Whether the best phrase of the whole question needs words of several pieces."""
    match = best.match
    if match is None or match.coverage < 1:
        return False
    if any(_says_as_much(part.found[0], best) for part in parts if part.found):
        return False
    said = {
        one.match.text
        for part in parts
        for one in part.found[:5]
        if one.match and one.match.coverage == 1
    }
    return match.text not in said
