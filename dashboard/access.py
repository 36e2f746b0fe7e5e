"""Who may open what: one table, and nothing that does not stand in it can be opened.

A rule is a role and how far it must reach. ``Scope.UNIT``: the unit that the address leads
to (by its code, or by a proof, an exemption, an account) must be in the visitor's care in
that role. ``Scope.ALL``: the whole installation must be. ``Scope.OWN``: no single unit is in
question, and the page shows only what is in his care.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from bot.people import care, officials
from dashboard.office import Visitor
from models import (
    Account,
    AdminUnit,
    Exemption,
    Feedback,
    Handover,
    OaArticle,
    Proof,
    Role,
    Survey,
    UnansweredQuestion,
)


class Scope(StrEnum):
    PUBLIC = "public"  # before the door
    OWN = "own"
    UNIT = "unit"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    role: Role
    scope: Scope


class Refusal(StrEnum):
    FORBIDDEN = "forbidden"
    NOT_THERE = "not_there"


_PUBLIC = Rule(Role.OFFICIAL, Scope.PUBLIC)

TABLE: Mapping[str, Rule] = {
    # the door
    "dashboard.static": _PUBLIC,
    "dashboard.door.knock": _PUBLIC,
    "dashboard.door.show": _PUBLIC,
    "dashboard.door.enter": _PUBLIC,
    "dashboard.door.leave": Rule(Role.OFFICIAL, Scope.OWN),
    # the week
    "dashboard.week.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.week.sheet": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.week.course": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.cells.show": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.cells.exempt": Rule(Role.SUPERVISOR, Scope.UNIT),
    # several units at once: each is asked for in bot/duties/deciding
    "dashboard.cells.exempt_many": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.cells.decide_exemption": Rule(Role.SUPERVISOR, Scope.UNIT),
    "dashboard.cells.close": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.proofs.show": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.proofs.file": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.proofs.page_picture": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.proofs.decide": Rule(Role.SUPERVISOR, Scope.UNIT),
    # several at once: each is asked for in bot/duties/proofs/reviewing
    "dashboard.proofs.decide_many": Rule(Role.SUPERVISOR, Scope.OWN),
    # the queue of what waits for a supervisor
    "dashboard.review.show": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.review.take_next": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.review.item": Rule(Role.SUPERVISOR, Scope.UNIT),
    "dashboard.review.decide": Rule(Role.SUPERVISOR, Scope.UNIT),
    "dashboard.review.undo": Rule(Role.SUPERVISOR, Scope.OWN),
    # people and units; up to which role somebody invites is asked in officials.may_invite
    "dashboard.people.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.people.unit": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.people.invite": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.people.new_code": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.people.change_role": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.people.leave": Rule(Role.LEADER, Scope.UNIT),
    # a list may name many units: each line is asked for in bot/roster_files.beyond
    "dashboard.people.roster": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.people.compare_roster": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.people.apply": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.territory.form": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.territory.preview": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.territory.apply": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.accounts.show": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.accounts.link": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.accounts.check": Rule(Role.ADMINISTRATOR, Scope.UNIT),
    "dashboard.accounts.tie_group": Rule(Role.ADMINISTRATOR, Scope.UNIT),
    # operations
    "dashboard.operations.show": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.operations.settle_dead": Rule(Role.ADMINISTRATOR, Scope.ALL),
    "dashboard.operations.deliveries": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.operations.audit_log": Rule(Role.ADMINISTRATOR, Scope.ALL),
    # what the bot knows; the catalogue is one for all units, a desk is of one
    "dashboard.content.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.content.listing": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.content.record": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.content.save": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.content.undo": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.content.preview": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.content.mark_checked": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.content.undo_batch": Rule(Role.SUPERVISOR, Scope.ALL),
    # sheets; those that change the map are for who may change it (dashboard/imports)
    "dashboard.imports.show": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.upload": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.sheet": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.difference": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.apply": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.discard": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.imports.undo": Rule(Role.SUPERVISOR, Scope.ALL),
    # the texts are the same for all units
    "dashboard.texts.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.texts.listing": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.texts.item": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.texts.save": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.texts.back_to_shipped": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.texts.keep": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.texts.undo": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.texts.drop": Rule(Role.SUPERVISOR, Scope.ALL),
    "dashboard.content.desk": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.content.save_desk": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.figures.show": Rule(Role.OFFICIAL, Scope.OWN),
    # campaigns: whose units they are meant for is asked for in bot/outreach/campaigns
    "dashboard.campaigns.show": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.item": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.live": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.picture": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.not_reached": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.dry_run": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.act": Rule(Role.SUPERVISOR, Scope.OWN),
    "dashboard.campaigns.new": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.edit": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.count": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.save": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.copy": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.calendar": Rule(Role.ADMINISTRATOR, Scope.OWN),
    "dashboard.campaigns.from_calendar": Rule(Role.ADMINISTRATOR, Scope.OWN),
    # articles of the units' accounts; who approves is asked for in bot/outreach/articles
    "dashboard.articles.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.articles.new": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.articles.create": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.articles.item": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.articles.live": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.articles.edit": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.articles.save": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.articles.act": Rule(Role.OFFICIAL, Scope.UNIT),
    # people who asked for a person, questions without an answer
    "dashboard.conversations.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.conversations.live": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.conversations.chat": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.chat_live": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.take": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.give_back": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.reply": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.done": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.reopen": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.conversations.waiting": Rule(Role.OFFICIAL, Scope.OWN),
    # what people reported
    "dashboard.feedback.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.feedback.item": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.picture": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.take": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.give_back": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.transfer": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.answer": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.feedback.close": Rule(Role.OFFICIAL, Scope.UNIT),
    # surveys and contests
    "dashboard.surveys.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.surveys.item": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.surveys.sheet": Rule(Role.OFFICIAL, Scope.UNIT),
    # for which unit is asked in dashboard/surveys
    "dashboard.surveys.new": Rule(Role.LEADER, Scope.OWN),
    "dashboard.surveys.create": Rule(Role.LEADER, Scope.OWN),
    "dashboard.surveys.edit": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.surveys.save": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.surveys.act": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.surveys.write": Rule(Role.LEADER, Scope.UNIT),
    "dashboard.questions.show": Rule(Role.OFFICIAL, Scope.OWN),
    "dashboard.questions.item": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.questions.alias": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.questions.not_ours": Rule(Role.OFFICIAL, Scope.UNIT),
    "dashboard.questions.reopen": Rule(Role.OFFICIAL, Scope.UNIT),
}


# --- what an address leads to ---------------------------------------------------------------


def _unit_itself(session: Session, code: str) -> str | None:
    unit = session.get(AdminUnit, code)
    return unit.code if unit else None


def _of_proof(session: Session, number: int) -> str | None:
    proof = session.get(Proof, number)
    return proof.unit_code if proof else None


def _of_exemption(session: Session, number: int) -> str | None:
    exemption = session.get(Exemption, number)
    return exemption.unit_code if exemption else None


def _of_account(session: Session, oa_id: str) -> str | None:
    account = session.get(Account, oa_id)
    return account.unit_code or "" if account else None


def _of_handover(session: Session, number: int) -> str | None:
    handover = session.get(Handover, number)
    return _of_account(session, handover.oa_id) if handover else None


def _of_question(session: Session, number: int) -> str | None:
    question = session.get(UnansweredQuestion, number)
    return _of_account(session, question.oa_id) if question else None


def _of_article(session: Session, number: int) -> str | None:
    article = session.get(OaArticle, number)
    return article.unit_code if article else None


def _of_feedback(session: Session, number: int) -> str | None:
    feedback = session.get(Feedback, number)
    return feedback.unit_code if feedback else None


def _of_survey(session: Session, number: int) -> str | None:
    survey = session.get(Survey, number)
    return survey.unit_code if survey else None


# Every part of an address that leads to a unit; None: there is no such thing.
SUBJECTS: Mapping[str, Callable[[Session, Any], str | None]] = {
    "unit_code": _unit_itself,
    "proof_id": _of_proof,
    "exemption_id": _of_exemption,
    "oa_id": _of_account,
    "handover_id": _of_handover,
    "question_id": _of_question,
    "article_id": _of_article,
    "feedback_id": _of_feedback,
    "survey_id": _of_survey,
}


def refusal(
    session: Session, visitor: Visitor, rule: Rule, view_args: Mapping[str, Any]
) -> Refusal | None:
    """Why this page stays closed to this visitor; None lets him in."""
    official, today = visitor.official, visitor.today
    if not visitor.is_at_least(rule.role):
        return Refusal.FORBIDDEN
    if rule.scope == Scope.ALL and not care.looks_after_all(
        session, official, rule.role, today
    ):
        return Refusal.FORBIDDEN
    if rule.scope != Scope.UNIT:
        return None
    found = [SUBJECTS[name](session, view_args[name]) for name in _subjects(view_args)]
    if None in found:
        return Refusal.NOT_THERE
    if all(
        officials.may(session, official, rule.role, code, today) for code in found
    ):  # fmt: skip
        return None
    return Refusal.FORBIDDEN


def _subjects(view_args: Mapping[str, Any]) -> list[str]:
    return [name for name in view_args if name in SUBJECTS]
