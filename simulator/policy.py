"""Who may be written to, when, and what it costs: Zalo's windows and quotas.

Source: consultation policy of 2026 and government bots' logs. An interaction is writing,
following, pressing a query button or the chat button. Up to 48 hours free, to 7 days
paid, then closed; a new follower who has not written gets three welcome messages.
"""

from __future__ import annotations

from simulator.api import Call
from simulator.clock import DAY_MS, HOUR_MS, date_text, is_night, local
from simulator.content import Draft
from simulator.records import Account, JsonDict, Relation
from simulator.refusals import Refusal
from simulator.state import State

FREE_MS = 48 * HOUR_MS
OPEN_MS = 7 * DAY_MS
WELCOME_MESSAGES = 3
MESSAGE_PRICE_VND = 55  # published price of a paid consultation message
LEGACY_REPLIES = 8  # old rule: replies to one interaction
BROADCASTS_A_MONTH = {"basic": 1, "trial": 4, "advanced": 4, "premium": 6}


def generation_of(account: Account) -> str:
    """Which message endpoints the account may use: v2_only, v3_only, both or none."""
    if account.generation != "by_kind":
        return account.generation
    return "v2_only" if account.kind == "government" else "v3_only"


def check_generation(account: Account, version: str) -> None:
    """-235 on v3 for an account of the old endpoint, -240 on v2 for one of the new."""
    allowed = generation_of(account)
    if version == "v3" and allowed in ("v2_only", "none"):
        raise Refusal(-235)
    if version == "v2" and allowed in ("v3_only", "none"):
        raise Refusal(-235 if allowed == "none" else -240)


def check_template(account: Account, draft: Draft, version: str) -> None:
    """Interactive templates where the account is known to refuse them."""
    if draft.is_interactive and account.refuse_interactive and version == "v2":
        raise Refusal(-233)
    if draft.kind == "list" and account.refuse_lists:
        raise Refusal(-233)


def check_person(state: State, account: Account, relation: Relation, kind: str) -> None:
    """Blocked, offline for 45 days, refused kind, not following where that matters."""
    if relation.blocked:
        raise Refusal(-217)
    if state.people[relation.person].inactive:
        raise Refusal(-227)
    if kind in relation.refused_kinds:
        raise Refusal(-244)
    if account.send_needs_follow and not relation.follows:
        raise Refusal(-213)


def window_of(relation: Relation, now: int) -> str:
    """free, paid, closed or never."""
    if relation.last_interaction is None:
        return "never"
    age = now - relation.last_interaction
    if age <= FREE_MS:
        return "free"
    return "paid" if age <= OPEN_MS else "closed"


def charge(call: Call, relation: Relation) -> JsonDict:
    """Take one consultation message out of the right purse; its ``quota``."""
    window = window_of(relation, call.now)
    if window == "closed":
        raise Refusal(-230)
    if relation.follows and not relation.has_written:
        if relation.welcome_left > 0:
            relation.welcome_left -= 1
            return {"quota_type": "welcome_msg"}
        if call.account.strict_welcome:
            raise Refusal(-232)
    if window == "never":
        raise Refusal(-232)
    if window == "free":
        counters = {"remain": "8", "total": "8"}
        return {"quota_type": "reply"} | (
            counters if call.account.reply_counters else {}
        )
    return charge_paid(call.account, call.now)


def charge_paid(account: Account, now: int) -> JsonDict:
    """48 hours to 7 days: first the package, then the cloud account's money."""
    owner = {"owner_type": "OA", "owner_id": account.oa_id}
    if account.sub_quota_left > 0:
        account.sub_quota_left -= 1
        return {
            "quota_type": "sub_quota",
            "remain": str(account.sub_quota_left),
            "total": str(account.sub_quota_total),
            "expired_date": package_end(now),
        } | owner
    if not account.cloud_linked:
        raise Refusal(-320)
    if account.cloud_money_vnd < MESSAGE_PRICE_VND:
        raise Refusal(-321)
    account.cloud_money_vnd -= MESSAGE_PRICE_VND
    return {"quota_type": "purchase_quota"} | owner


def check_legacy_reply(call: Call, relation: Relation) -> None:
    """The old v2 rules, where the account still has them."""
    if not call.account.legacy_replies:
        return
    if window_of(relation, call.now) != "free":
        raise Refusal(-305)
    if relation.replies_used >= LEGACY_REPLIES:
        raise Refusal(-311)
    relation.replies_used += 1


def note_interaction(relation: Relation, now: int, wrote: bool = True) -> None:
    """The person did something that opens the window."""
    relation.last_interaction = now
    relation.replies_used = 0
    relation.has_written = relation.has_written or wrote


def package_end(now: int) -> str:
    """The account's package runs to the end of the year."""
    return f"31/12/{local(now).year}"


def charge_promotion(call: Call, relation: Relation) -> None:
    """Promotions: not at night, so many a day and month for one person."""
    if is_night(call.now):
        raise Refusal(-234)
    today = same_day(relation.promotions, call.now)
    month = same_month(relation.promotions, call.now)
    account = call.account
    if today >= account.promotion_daily or month >= account.promotion_monthly:
        raise Refusal(-218)
    relation.promotions.append(call.now)


def may_get_broadcast(account: Account, relation: Relation, now: int) -> bool:
    """A follower gets at most one broadcast a day and so many a month."""
    month = same_month(relation.broadcasts, now)
    return (
        relation.follows
        and not relation.blocked
        and "article" not in relation.refused_kinds
        and not same_day(relation.broadcasts, now)
        and month < BROADCASTS_A_MONTH[account.package]
    )


def same_day(instants: list[int], now: int) -> int:
    """How many of the instants lie on today's Vietnamese date."""
    return sum(date_text(at) == date_text(now) for at in instants)


def same_month(instants: list[int], now: int) -> int:
    """How many of the instants lie in this Vietnamese month."""
    return sum(date_text(at)[3:] == date_text(now)[3:] for at in instants)
