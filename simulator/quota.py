"""The account about itself, and what is left to send."""

from __future__ import annotations

from simulator.api import Call, Route
from simulator.clock import date_text
from simulator.policy import package_end, same_day, same_month, window_of
from simulator.records import JsonDict
from simulator.refusals import invalid

OA_TYPES = {"business": 2, "government": 4}
PACKAGE_NAMES = {
    "basic": "Basic",
    "trial": "Trial",
    "advanced": "Advanced",
    "premium": "Premium",
}


def getoa(call: Call) -> JsonDict:
    """``GET /v2.0/oa/getoa``; the id under both names that are in use."""
    account = call.account
    known = call.sim.state.known_users(account.oa_id)
    return {
        "oaid": account.oa_id,
        "oa_id": account.oa_id,
        "name": account.name,
        "description": account.description,
        "oa_alias": account.alias,
        "is_verified": account.verified,
        "oa_type": OA_TYPES[account.kind],
        "cate_name": account.category,
        "num_follower": sum(relation.follows for relation in known),
        "avatar": account.avatar,
        "cover": account.avatar,
        "package_name": PACKAGE_NAMES[account.package],
        "package_valid_through_date": package_end(call.now),
        "package_auto_renew_date": "",
        "linked_ZCA": "linked" if account.cloud_linked else "",
    }


def message_quota(call: Call) -> JsonDict | list[JsonDict]:
    """``POST /v3.0/oa/quota/message``: of one person, or of the account."""
    if "user_id" in call.body:
        return user_quota(call)
    if call.body.get("quota_owner") not in ("OA", "App"):
        raise invalid("quota_owner")
    account = call.account
    row = {
        "asset_id": f"quota-{account.oa_id[-4:]}",
        "product_type": "cs",
        "quota_type": "sub_quota",
        "valid_through": package_end(call.now),
        "total": account.sub_quota_total,
        "remain": account.sub_quota_left,
    }
    wanted = {k: call.body.get(k) or row[k] for k in ("product_type", "quota_type")}
    return [row] if all(row[k] == v for k, v in wanted.items()) else []


def user_quota(call: Call) -> JsonDict:
    """What may still be sent to one person."""
    relation, account = call.user(call.body["user_id"]), call.account
    replies = 8 if window_of(relation, call.now) == "free" else 0
    today = same_day(relation.promotions, call.now)
    month = same_month(relation.promotions, call.now)
    at = relation.last_interaction
    return {
        "last_interaction": str(at) if at is not None else "",
        "cs_reply": {"remain": replies, "total": replies},
        "promotion": {
            "daily_remain": max(account.promotion_daily - today, 0),
            "daily_total": account.promotion_daily,
            "monthly_remain": max(account.promotion_monthly - month, 0),
            "monthly_total": account.promotion_monthly,
        },
    }


def message_quota_v2(call: Call) -> JsonDict:
    """``POST /v2.0/oa/quota/message``: the old form, empty or about a message."""
    message_id = call.body.get("message_id")
    if message_id is not None and str(message_id) not in call.sim.state.messages:
        raise invalid("message_id")
    account = call.account
    return {
        "type": "active",
        "remain": account.sub_quota_left,
        "total": account.sub_quota_total,
    }


def group_quota(call: Call) -> list[JsonDict]:
    """``POST /v3.0/oa/quota/group``: the bought group packages."""
    assets = call.sim.state.group_assets.values()
    return [
        {
            "product_type": "gmf100",
            "quota_type": "sub_quota",
            "asset_id": asset.asset_id,
            "valid_through": asset.valid_through or date_text(call.now),
            "auto_renew": False,
            "status": "used" if asset.used_id else "available",
            "used_id": asset.used_id,
        }
        for asset in assets
        if asset.oa_id == call.account.oa_id
    ]


ROUTES = (
    Route("GET", "/v2.0/oa/getoa", getoa),
    Route("POST", "/v3.0/oa/quota/message", message_quota),
    Route("POST", "/v2.0/oa/quota/message", message_quota_v2),
    Route("POST", "/v3.0/oa/quota/group", group_quota),
)
