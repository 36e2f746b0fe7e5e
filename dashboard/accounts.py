"""The official accounts: connected by a link, and how each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import (
    Blueprint,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response

from bot.account_list import Checked
from bot.channel import groups
from bot.channel.money import BudgetState, budgets_of
from bot.connecting import LINK_LIFE
from bot.errors import OperatorError
from bot.people import audit, care, units
from bot.watching.alarms import open_alarms
from dashboard.office import Visitor, office, visitor
from models import Account, AccountGroup, AdminUnit, Contact, Role, WebhookEvent

accounts = Blueprint("accounts", __name__)


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group, and what became of the last message there."""

    group: AccountGroup
    unit: str
    last: groups.Delivered | None


@dataclass(frozen=True, slots=True)
class AccountShown:
    account: Account
    unit: str
    followers: int
    last_event_at: datetime | None
    budgets: tuple[BudgetState, ...]
    alarms: tuple[str, ...]
    token_hours: float | None
    is_paused: bool
    groups: tuple[GroupShown, ...]


@accounts.get("/accounts")
def show() -> str:
    return _page()


@accounts.post("/accounts/link")
def link() -> str:
    """A permission link, shown on the answer and never again."""
    him = visitor()
    unit_code = request.form.get("unit") or None
    try:
        made = office().connecting.link(unit_code)
    except OperatorError:
        return _page(problem="no_unit")
    with office().database.writing() as session:
        detail = {"unit": unit_code or ""}
        by = him.official.pseudonym
        audit.record(session, by, "account.link_made", "accounts", detail, him.now)
    return _page(link=made)


@accounts.post("/accounts/<oa_id>/check")
def check(oa_id: str) -> str:
    """What Zalo itself says of the account: kind, package, what may still be sent, the
    groups it is in."""
    checked = office().ask_zalo(oa_id)
    if checked.groups:
        with office().database.writing() as session:
            groups.note_listed(session, oa_id, checked.groups, office().now)
    return _page(checked=checked)


@accounts.post("/accounts/<oa_id>/group")
def tie_group(oa_id: str) -> Response:
    """Whose digests go to one of its groups from now on; "" nobody's."""
    him, unit_code = visitor(), request.form.get("unit", "")
    number = request.form.get("group", 0, type=int)
    with office().database.writing() as session:
        group = session.get(AccountGroup, number)
        seen = care.units_seen(session, him.official, Role.ADMINISTRATOR, him.today)
        is_his = group is not None and (
            group.unit_code is None or group.unit_code in seen
        )
        if (
            group is None
            or group.oa_id != oa_id
            or (unit_code and unit_code not in seen)
        ):
            abort(404)
        if not is_his:
            abort(403)
        groups.tie(session, group, unit_code or None, him.official.id, him.now)
        audit.record(
            session, him.official.pseudonym, "group.tied", f"group:{number}",
            {"unit": unit_code}, him.now,
        )  # fmt: skip
    flash("group_tied" if unit_code else "group_untied", "good")
    return redirect(f"{url_for('.show')}#oa-{oa_id}")


def _page(*, link: str = "", problem: str = "", checked: Checked | None = None) -> str:
    him = visitor()
    with office().database.reading() as session:
        seen = care.units_seen(session, him.official, Role.ADMINISTRATOR, him.today)
        sees_all = care.looks_after_all(
            session, him.official, Role.ADMINISTRATOR, him.today
        )
        rows = session.scalars(
            select(Account).order_by(col(Account.created_at), col(Account.oa_id))
        ).all()
        shown = [
            _shown(session, one, him)
            for one in rows
            if sees_all or one.unit_code in seen
        ]
        choices = [
            one
            for one in session.scalars(select(AdminUnit).order_by(col(AdminUnit.name)))
            if one.code in seen and units.is_in_force(one, him.today)
        ]
        return render_template(
            "dashboard/accounts.html",
            shown=shown,
            units=choices,
            link=link,
            link_minutes=int(LINK_LIFE.total_seconds() // 60),
            callback_url=office().connecting.callback_url,
            problem=problem,
            checked=checked,
            sees_all=sees_all,
        )


def _shown(session: Session, account: Account, him: Visitor) -> AccountShown:
    now, oa_id = him.now, account.oa_id
    unit = units.by_code(session, account.unit_code) if account.unit_code else None
    words = office().texts
    wrong = [one for one in open_alarms(session) if one.subject == oa_id]
    age = now - account.refreshed_at if account.refreshed_at else None
    return AccountShown(
        account=account,
        unit=unit.name if unit else "",
        followers=session.scalar(
            select(func.count())
            .select_from(Contact)
            .where(col(Contact.oa_id) == oa_id, col(Contact.is_follower).is_(True))
        )
        or 0,
        last_event_at=session.scalar(
            select(func.max(col(WebhookEvent.received_at))).where(
                col(WebhookEvent.oa_id) == oa_id
            )
        ),
        budgets=tuple(budgets_of(session, oa_id, now)),
        alarms=tuple(
            words.render(f"alarm_name.{one.kind}", {"name": account.name or oa_id})
            for one in wrong
        ),
        token_hours=age.total_seconds() / 3600 if age else None,
        is_paused=account.paused_until is not None and account.paused_until > now,
        groups=tuple(
            _group_shown(session, one) for one in groups.of_account(session, oa_id)
        ),
    )


def _group_shown(session: Session, group: AccountGroup) -> GroupShown:
    unit = units.by_code(session, group.unit_code) if group.unit_code else None
    last = groups.last_delivery(session, group)
    return GroupShown(group, unit.name if unit else "", last)
