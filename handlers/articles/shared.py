"""What the dialogs about articles have in common."""

from __future__ import annotations

from sqlmodel import Session

from bot.conversation.dialogs import ANSWER, Done, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.articles.drafts import DraftError
from bot.outreach.articles.words import state_said
from bot.outreach.drawing.spec import SpecError
from bot.people import officials, units
from models import Account, OaArticle, Official, Role


def option(turn: Turn, key: str, value: str, **params: object) -> Option:
    """An option of a step, labelled by the text ``posts.key``."""
    return Option(turn.label(f"posts.{key}", **params), Command(ANSWER, value))


def chosen_id(turn: Turn) -> int | None:
    answer = answer_of(turn) or ""
    return int(answer) if answer.isdecimal() else None


def article_of(session: Session, article_id: int) -> OaArticle:
    return session.get_one(OaArticle, article_id)


def unit_name(session: Session, article: OaArticle) -> str:
    return units.name_of(session, article.unit_code)


def account_name(session: Session, article: OaArticle) -> str:
    account = session.get(Account, article.oa_id)
    return (account.name if account else "") or article.oa_id


def may_write(turn: Turn, official: Official, article: OaArticle) -> bool:
    """Still: he may have left the unit since the dialog began."""
    return officials.may(
        turn.session, official, Role.OFFICIAL, article.unit_code, turn.today
    )


def state_label(turn: Turn, article: OaArticle) -> str:
    return turn.label(state_said(article))


def not_any_more() -> Done:
    return Done([Reply("posts.not_any_more", remark=True)])


def cannot_draw(turn: Turn, error: SpecError | DraftError) -> Reply:
    what = turn.label(f"posts.field_{error.field}")
    return Reply("posts.cannot_draw", {"what": what}, remark=True)
