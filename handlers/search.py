"""Free text: search the catalogue, answer one thing clearly or ask back briefly."""

from __future__ import annotations

from bot.conversation.turn import Command, Option, Reply, Turn
from bot.people import privacy
from bot.search.findings import Finding, Hit, Outcome
from handlers import documents, menu, procedures, topics, units
from models import UnansweredQuestion

# Few enough to read on a small screen; more come with "thêm".
CHOICES = 5


def answer(turn: Turn) -> list[Reply]:
    """The question as asked; nothing but "vậy hết bao nhiêu tiền em" is about the last one."""
    if turn.event.masked_kinds:
        return menu.with_notice(turn, [Reply("privacy.sensitive", remark=True)])
    finding = turn.catalogue.find(turn.text)
    replies = _about_last_answer(turn, finding) or _answer(turn, finding)
    return menu.with_notice(turn, replies)


def more_choices(turn: Turn) -> list[Reply]:
    """ "thêm" after a choice: the command carries the question and where to go on."""
    if turn.command is None:
        return []
    question, _, offset = turn.command.argument.rpartition("@")
    finding = turn.catalogue.find(question)
    return [_choice(turn, finding, int(offset) if offset.isdigit() else 0)]


def _about_last_answer(turn: Turn, finding: Finding) -> list[Reply]:
    focus = turn.context.focus
    if not finding.is_bare or focus is None or focus.name != "service":
        return []
    return procedures.show_code(turn, focus.argument, aspect=finding.aspect)


def _answer(turn: Turn, finding: Finding) -> list[Reply]:
    match finding.outcome:
        case Outcome.ANSWERED if len(finding.mentioned) > 1:
            return _both(turn, finding)
        case Outcome.ANSWERED:
            return _show(turn, finding.hits[0], finding)
        case Outcome.CHOICE:
            return [_choice(turn, finding, 0)]
        case Outcome.OUT_OF_SCOPE:
            _keep(turn, finding)
            theme = {"theme": finding.explanation.get("theme", "")}
            return [Reply("search.out_of_scope", theme, options=menu.options(turn))]
        case _:
            _keep(turn, finding)
            return [_not_found(turn, finding)]


def _show(turn: Turn, hit: Hit, finding: Finding) -> list[Reply]:
    match hit.kind:
        case "service":
            return procedures.show_code(turn, hit.id, hit.asked_for, finding.aspect)
        case "document":
            return documents.show_public_id(turn, hit.id)
        case "unit":
            return units.show_code(turn, hit.id)
        case _:
            return topics.show_id(turn, hit.id)


def _both(turn: Turn, finding: Finding) -> list[Reply]:
    """A question that names two things: both, in the order they were named."""
    offers = tuple(_option(turn, hit) for hit in finding.mentioned)
    return [Reply("search.both", {"count": len(offers)}, options=offers)]


def _choice(turn: Turn, finding: Finding, offset: int) -> Reply:
    hits = finding.hits[offset : offset + CHOICES]
    rest = len(finding.hits) - offset - len(hits)
    following = None
    if rest > 0:
        argument = f"{finding.query[:150]}@{offset + len(hits)}"
        following = Command("more_choices", argument)
    key = "search.choice" if offset == 0 else "search.choice_more"
    return Reply(
        key,
        {"remaining": max(rest, 0)},
        options=tuple(_option(turn, hit) for hit in hits),
        more=following,
    )


def _not_found(turn: Turn, finding: Finding) -> Reply:
    offers = [_option(turn, hit) for hit in finding.nearest[:3]]
    offers.append(turn.option("menu.person", "person"))
    key = "search.not_found" if finding.nearest else "search.nothing_near"
    return Reply(key, options=tuple(offers))


def _option(turn: Turn, hit: Hit) -> Option:
    match hit.kind:
        case "service":
            return procedures.option_for_hit(turn, hit)
        case "document":
            return documents.option_for_public_id(turn, hit.id)
        case "unit":
            return units.option_for_code(turn, hit.id)
        case _:
            return Option(hit.title, Command("topic", hit.id))


def _keep(turn: Turn, finding: Finding) -> None:
    """For the weekly review: the masked words, no name; unless the person refused."""
    if not privacy.may_keep_questions(turn.contact):
        return
    turn.session.add(
        UnansweredQuestion(
            oa_id=turn.contact.oa_id,
            text=turn.text[:500],
            outcome=finding.outcome,
            asked_at=turn.now,
        )
    )
