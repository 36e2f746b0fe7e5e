"""What becomes of a found item: whose, for what, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.duties import closing
from bot.duties.crediting import hiding, refusing
from bot.duties.crediting.items import Item
from bot.duties.crediting.taking import Doubt, Reading, take, take_all
from bot.duties.periods import parse_period
from bot.duties.proofs.verdict import DISAPPEARED
from models import (
    Account,
    Channel,
    EvidenceKind,
    FoundItem,
    FoundOutcome,
    Membership,
    PlanDuty,
    Proof,
    ProofCheck,
    ProofSource,
    ProofState,
    Role,
    UnitChannel,
    UnitSuccession,
)
from tests.duties.office import (
    IN_WEEK,
    WEEK,
    add_assignment,
    add_duty,
    add_official,
    add_plan,
    add_proof,
    add_unit,
    at,
)

FEED_A, FEED_B = "https://xa-a.example.vn/rss", "https://xa-b.example.vn/rss"
NOW = at("2026-11-18", 15)
FIRST = Reading(NOW)
AGAIN = Reading(NOW, at("2026-11-18", 14))
KEYWORDS = ["chuyển đổi số"]


def found_duty(session: Session, duty_id: str = "II-2.2", **values: Any) -> PlanDuty:
    own: dict[str, Any] = {
        "channels": [Channel.WEBSITE, Channel.ZALO_OA],
        "credits_found": True,
        "keywords": KEYWORDS,
    }
    duty = add_duty(session, duty_id, **own | values)
    for unit_code in ("xa_a", "xa_b"):
        add_assignment(session, duty, unit_code)
    return duty


@pytest.fixture
def duty(session: Session) -> PlanDuty:
    """Two communes with a site and a feed each, the first with an account."""
    add_plan(session)
    for letter in "ab":
        add_unit(session, f"xa_{letter}", f"Xã {letter.upper()}")
        session.add(channel_of(f"xa_{letter}", f"xa-{letter}.example.vn"))
    session.add(Account(oa_id="7", unit_code="xa_a", created_at=at("2026-01-01")))
    return found_duty(session)


def channel_of(unit_code: str, host: str, **values: Any) -> UnitChannel:
    own: dict[str, Any] = {
        "id": f"{unit_code}:{host}",
        "unit_code": unit_code,
        "channel": Channel.WEBSITE,
        "address": host,
        "feed_url": f"https://{host}/rss",
    }
    return UnitChannel(**own | values)


def item(number: int = 1, host: str = "xa-a.example.vn", **values: Any) -> Item:
    """A post of its own words on commune A's site, found in its feed."""
    link = f"https://{host}/tin/{number}"
    own: dict[str, Any] = {
        "source": ProofSource.FEED,
        "source_key": f"feed:{link}",
        "origin": f"feed:{FEED_A}",
        "channel": Channel.WEBSITE,
        "title": f"Chuyển đổi số, bài {number}",
        "url": link,
        "canonical_url": link,
        "published_on": IN_WEEK,
    }
    return Item(**own | values)


def article(number: int = 1, **values: Any) -> Item:
    own: dict[str, Any] = {
        "source": ProofSource.OWN_OA,
        "source_key": f"oa:7:{number}",
        "origin": "oa:7",
        "channel": Channel.ZALO_OA,
        "url": None,
        "canonical_url": None,
    }
    return item(number, **own | values)


def proof_of(session: Session, found: FoundItem) -> Proof:
    return session.get_one(Proof, found.proof_id)


def proofs(session: Session) -> list[Proof]:
    return list(session.exec(select(Proof).order_by(Proof.id)))  # type: ignore[arg-type]


# --- a credit --------------------------------------------------------------------------------


def test_a_post_of_the_unit_becomes_an_accepted_proof(
    session: Session, duty: PlanDuty
) -> None:
    found = take(session, item(), FIRST)
    proof = proof_of(session, found)
    assert found.outcome == FoundOutcome.CREDITED
    assert (proof.state, proof.decided_by) == (ProofState.ACCEPTED, "rule")
    assert (proof.unit_code, proof.duty_id, proof.channel, proof.period) == (
        "xa_a", "II-2.2", Channel.WEBSITE, WEEK,
    )  # fmt: skip
    assert (proof.source, proof.kind) == (ProofSource.FEED, EvidenceKind.LINK)
    assert proof.published_on == IN_WEEK


def test_an_article_of_the_own_account_counts_on_its_own_channel(
    session: Session, duty: PlanDuty
) -> None:
    take(session, item(text="Một"), FIRST)
    found = take(session, article(text="Một"), FIRST)
    assert found.outcome == FoundOutcome.CREDITED
    assert proof_of(session, found).channel == Channel.ZALO_OA


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"title": "Giải bóng đá"}, FoundOutcome.OUT_OF_SCOPE),
        ({"published_on": date(2025, 12, 31)}, FoundOutcome.OLD),
        ({"published_on": date(2026, 11, 8)}, FoundOutcome.OUT_OF_SCOPE),
        ({"published_on": None}, FoundOutcome.OLD),
        ({"url": "https://bao.example.com/1"}, FoundOutcome.FOREIGN),
    ],
)
def test_what_is_no_credit_is_remembered_with_the_reason(
    session: Session, duty: PlanDuty, change: dict[str, Any], outcome: FoundOutcome
) -> None:
    found = take(session, replace(item(), **change), FIRST)
    assert (found.outcome, found.proof_id) == (outcome, None)


def test_more_than_asked_for_is_recorded_too(session: Session, duty: PlanDuty) -> None:
    for number in range(3):
        take(session, item(number), FIRST)
    assert [proof.state for proof in proofs(session)] == [ProofState.ACCEPTED] * 3


def test_one_post_fills_one_duty_and_the_next_the_one_that_lacks(
    session: Session, duty: PlanDuty
) -> None:
    monthly = {"cadence": "monthly", "channels": [Channel.WEBSITE], "position": 9}
    found_duty(session, "II-3.3b", **monthly)
    for number in range(3):
        take(session, item(number), FIRST)
    places = [(proof.duty_id, proof.period) for proof in proofs(session)]
    assert places == [("II-2.2", WEEK), ("II-3.3b", "2026-11"), ("II-2.2", WEEK)]


# --- once --------------------------------------------------------------------------------------


def test_a_renamed_post_is_no_second_credit(session: Session, duty: PlanDuty) -> None:
    renamed = replace(item(), title="Chuyển đổi số, tên mới")
    take_all(session, [item()], FIRST)
    take_all(session, [renamed], AGAIN)
    assert len(proofs(session)) == 1


def test_a_post_renamed_into_scope_is_credited(
    session: Session, duty: PlanDuty
) -> None:
    take_all(session, [replace(item(), title="Tin mới")], FIRST)
    assert proofs(session) == []
    counts = take_all(session, [item()], AGAIN)
    assert counts == {"credited": 1}


def test_the_same_words_under_a_new_id_count_once(
    session: Session, duty: PlanDuty
) -> None:
    words = "xã làm chuyển đổi số " * 20
    first = take(session, article(1, text=words), FIRST)
    again = take(
        session, article(2, text=words, title="Chuyển đổi số, đăng lại"), AGAIN
    )
    assert again.outcome == FoundOutcome.REPUBLISHED
    assert again.proof_id == first.proof_id
    assert len(proofs(session)) == 1


def test_a_link_that_somebody_sent_is_not_credited_again(
    session: Session, duty: PlanDuty
) -> None:
    add_proof(session, duty, canonical_url=item().canonical_url)
    assert take(session, item(), FIRST).outcome == FoundOutcome.KNOWN


def test_the_same_words_on_another_units_site_wait_for_a_supervisor(
    session: Session, duty: PlanDuty
) -> None:
    words = "xã làm chuyển đổi số " * 20
    take(session, item(1, text=words), FIRST)
    copied = take(session, item(2, "xa-b.example.vn", text=words), FIRST)
    proof = proof_of(session, copied)
    assert (proof.unit_code, proof.state) == ("xa_b", ProofState.DOUBTFUL)
    assert proof.reason == Doubt.TEXT_USED_BEFORE


# --- whose -------------------------------------------------------------------------------------


def test_a_post_counts_for_the_unit_whose_host_it_is_whichever_feed_names_it(
    session: Session, duty: PlanDuty
) -> None:
    theirs = replace(item(1, "www.xa-b.example.vn"), origin=f"feed:{FEED_A}")
    assert proof_of(session, take(session, theirs, FIRST)).unit_code == "xa_b"
    take_all(session, [replace(theirs, origin=f"feed:{FEED_B}")], AGAIN)
    assert len(proofs(session)) == 1


def test_on_a_shared_host_the_feed_tells_the_unit(
    session: Session, duty: PlanDuty
) -> None:
    for unit_code in ("xa_a", "xa_b"):
        feed = f"https://cong.example.vn/{unit_code}/rss"
        shared = channel_of(unit_code, "cong.example.vn", feed_url=feed)
        session.add(shared)
    feed = "feed:https://cong.example.vn/xa_b/rss"
    post = replace(item(1, "cong.example.vn"), origin=feed)
    assert proof_of(session, take(session, post, FIRST)).unit_code == "xa_b"
    unknown = replace(item(2, "cong.example.vn"), origin=f"feed:{FEED_A}")
    assert take(session, unknown, FIRST).outcome == FoundOutcome.FOREIGN


def test_a_host_counts_only_from_the_day_it_belongs_to_the_unit(
    session: Session, duty: PlanDuty
) -> None:
    later = channel_of("xa_a", "moi.example.vn", valid_from=date(2026, 11, 18))
    session.add(later)
    before = item(1, "moi.example.vn", published_on=date(2026, 11, 17))
    assert take(session, before, FIRST).outcome == FoundOutcome.FOREIGN
    assert take(session, item(2, "moi.example.vn"), FIRST).outcome == "credited"


def test_a_post_of_before_the_merger_is_the_old_units(session: Session) -> None:
    add_plan(
        session, id="2025", valid_from=date(2025, 1, 1), valid_to=date(2025, 6, 30)
    )
    add_unit(session, "cu", "Xã Cũ", valid_to=date(2025, 6, 30))
    add_unit(session, "moi", "Xã Mới", valid_from=date(2025, 7, 1))
    session.add(UnitSuccession(predecessor_code="cu", successor_code="moi"))
    session.add(Account(oa_id="7", unit_code="moi", created_at=at("2025-01-01")))
    weekly = add_duty(
        session, "II-2.2", plan_id="2025", channels=[Channel.ZALO_OA],
        credits_found=True, keywords=KEYWORDS,
    )  # fmt: skip
    add_assignment(session, weekly, "cu", valid_from=date(2025, 1, 1))
    look = Reading(at("2025-07-02"), at("2025-06-19"))
    found = take(session, article(published_on=date(2025, 6, 20)), look)
    assert proof_of(session, found).unit_code == "cu"

    # of two old units nobody can say which one it was
    add_unit(session, "cu_2", "Xã Cũ Hai", valid_to=date(2025, 6, 30))
    session.add(UnitSuccession(predecessor_code="cu_2", successor_code="moi"))
    session.flush()
    found = take(session, article(2, published_on=date(2025, 6, 20)), look)
    assert found.outcome == FoundOutcome.FOREIGN


# --- doubts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "doubt"),
    [(None, Doubt.DATE_MISSING), (date(2026, 11, 25), Doubt.FUTURE_DATE)],
)
def test_a_day_that_cannot_be_believed_waits_for_a_supervisor(
    session: Session, duty: PlanDuty, day: date | None, doubt: Doubt
) -> None:
    found = take(session, replace(item(), published_on=day), AGAIN)
    proof = proof_of(session, found)
    assert (proof.state, proof.reason) == (ProofState.DOUBTFUL, doubt)
    assert proof.decided_by is None


def test_a_closed_period_gets_no_credit_by_itself(
    session: Session, duty: PlanDuty
) -> None:
    closing.close(session, parse_period(WEEK), "program", at("2026-11-24"))
    found = take(session, item(), Reading(at("2026-11-24", 10)))
    proof = proof_of(session, found)
    assert (proof.state, proof.reason) == (ProofState.DOUBTFUL, Doubt.PERIOD_CLOSED)


# --- shown no more, undo ---------------------------------------------------------------------


def compare(session: Session, shown: set[str], now: datetime = NOW) -> int:
    credited = hiding.credited_since(session, "oa:7", date(2026, 10, 1))
    return hiding.compare(session, credited, shown, now)


def test_a_hidden_article_is_flagged_until_it_is_shown_again(
    session: Session, duty: PlanDuty
) -> None:
    proof = proof_of(session, take(session, article(), FIRST))
    assert compare(session, {"oa:7:1"}) == 0
    assert compare(session, set()) == 1
    assert (proof.state, proof.reason) == (ProofState.ACCEPTED, DISAPPEARED)
    assert compare(session, set()) == 0
    assert compare(session, {"oa:7:1"}) == 0
    assert (proof.state, proof.reason) == (ProofState.ACCEPTED, "")
    verdicts = [one.verdict for one in session.exec(select(ProofCheck))]
    assert verdicts == [ProofState.DOUBTFUL, ProofState.OK]


def test_an_article_that_was_published_anew_is_not_gone(
    session: Session, duty: PlanDuty
) -> None:
    proof = proof_of(session, take(session, article(1, text="Một hai"), FIRST))
    same = {"text": "Một hai", "title": article(1).title}
    take(session, article(2, **same), AGAIN)
    assert compare(session, {"oa:7:2"}) == 0
    assert proof.state == ProofState.ACCEPTED


def test_a_hidden_article_stays_in_a_closed_period(
    session: Session, duty: PlanDuty
) -> None:
    proof = proof_of(session, take(session, article(), FIRST))
    closing.close(session, parse_period(WEEK), "program", at("2026-11-24"))
    assert compare(session, set(), at("2026-11-25")) == 1
    assert proof.state == ProofState.ACCEPTED
    assert len(session.exec(select(ProofCheck)).all()) == 1


def test_what_was_refused_is_not_found_again_and_can_be_given_back(
    session: Session, duty: PlanDuty
) -> None:
    lan, supervisor = add_official(session), add_official(session, "Hoa")
    for who, role in ((lan, Role.OFFICIAL), (supervisor, Role.SUPERVISOR)):
        session.add(
            Membership(
                official_id=who.id or 0, unit_code="xa_a", role=role,
                since_on=date(2026, 1, 1),
            )
        )  # fmt: skip
    proof = proof_of(session, take(session, item(), FIRST))
    assert refusing.refusable(session, lan, NOW) == [proof]
    assert refusing.refuse(session, proof, lan, NOW)
    assert proof.state == ProofState.WITHDRAWN
    assert not refusing.refuse(session, proof, lan, NOW)
    take_all(session, [item()], AGAIN)
    assert take(session, replace(item(), source_key="other"), AGAIN).outcome == "known"
    assert len(proofs(session)) == 1

    assert refusing.restorable(session, lan, NOW) == []
    assert refusing.restorable(session, supervisor, NOW) == [proof]
    assert refusing.restore(session, proof, supervisor, NOW)
    assert (proof.state, proof.decided_by) == (
        ProofState.ACCEPTED, supervisor.pseudonym,
    )  # fmt: skip
    assert refusing.refusable(session, lan, NOW) == []  # a person has decided
