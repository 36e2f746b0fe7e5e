"""What may be wrong with a campaign, as codes: an operator reads the sentence here, an
official the one in ``content/texts/campaigns.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.channel.zalo.messages import TEXT_LIMIT
from models import CampaignKind, Repeat


class Flaw(StrEnum):
    NO_TITLE = "no_title"
    NO_ARTICLE = "no_article"
    BROADCAST_WITH_TEXT = "broadcast_with_text"
    ARTICLE_IN_MESSAGE = "article_in_message"
    NOTHING_TO_SAY = "nothing_to_say"
    TOO_LONG = "too_long"
    TARGETS_OF_MESSAGE = "targets_of_message"
    EMERGENCY_BROADCAST = "emergency_broadcast"
    EMERGENCY_REPEATS = "emergency_repeats"
    REPEATS_FROM_NOWHERE = "repeats_from_nowhere"
    ENDS_WITHOUT_REPEAT = "ends_without_repeat"
    ENDS_BEFORE_START = "ends_before_start"
    AGES_CROSSED = "ages_crossed"


# The key of the file, and what to tell an operator.
SENTENCES = {
    Flaw.NO_TITLE: ("title", "must be a text in quotes: officials know it by that"),
    Flaw.NO_ARTICLE: ("article_id", "a broadcast needs the id of an own OA article"),
    Flaw.BROADCAST_WITH_TEXT: (
        "kind",
        "a broadcast carries its article and nothing else",
    ),
    Flaw.ARTICLE_IN_MESSAGE: (
        "article_id",
        "only a broadcast has one; a message has a link",
    ),
    Flaw.NOTHING_TO_SAY: ("text", "nothing to say: give a text, a picture or a file"),
    Flaw.TOO_LONG: ("text", f"with its link it has more than {TEXT_LIMIT} characters"),
    Flaw.TARGETS_OF_MESSAGE: (
        "targets",
        "are for a broadcast; a message has an [audience]",
    ),
    Flaw.EMERGENCY_BROADCAST: (
        "emergency",
        "Zalo takes half an hour and no nights for a broadcast: use a message",
    ),
    Flaw.EMERGENCY_REPEATS: ("repeat", "an emergency notice goes out once"),
    Flaw.REPEATS_FROM_NOWHERE: ("starts_at", "a campaign that repeats needs one"),
    Flaw.ENDS_WITHOUT_REPEAT: ("repeat_until", "without repeat it means nothing"),
    Flaw.ENDS_BEFORE_START: ("repeat_until", "is before starts_at"),
    Flaw.AGES_CROSSED: ("audience.known_days_max", "is below known_days_min"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a campaign must fit together, wherever it was written."""

    title: str
    kind: CampaignKind
    message: str  # the text with its link
    has_asset: bool
    article_id: str
    has_targets: bool
    is_emergency: bool
    starts_at: datetime | None
    repeat: Repeat
    repeat_until: datetime | None
    known_days_min: int | None
    known_days_max: int | None


def flaw_of(shape: Shape) -> Flaw | None:
    """The first thing that does not fit."""
    is_broadcast = shape.kind == CampaignKind.BROADCAST
    says = bool(shape.message) or shape.has_asset
    low, high, until = shape.known_days_min, shape.known_days_max, shape.repeat_until
    repeats = shape.repeat != Repeat.NEVER
    found = {
        Flaw.NO_TITLE: not shape.title,
        Flaw.NO_ARTICLE: is_broadcast and not shape.article_id,
        Flaw.BROADCAST_WITH_TEXT: is_broadcast and says,
        Flaw.ARTICLE_IN_MESSAGE: not is_broadcast and bool(shape.article_id),
        Flaw.NOTHING_TO_SAY: not is_broadcast and not says,
        Flaw.TOO_LONG: len(shape.message) > TEXT_LIMIT,
        Flaw.TARGETS_OF_MESSAGE: not is_broadcast and shape.has_targets,
        Flaw.EMERGENCY_BROADCAST: is_broadcast and shape.is_emergency,
        Flaw.EMERGENCY_REPEATS: repeats and shape.is_emergency,
        Flaw.REPEATS_FROM_NOWHERE: repeats and shape.starts_at is None,
        Flaw.ENDS_WITHOUT_REPEAT: not repeats and until is not None,
        Flaw.ENDS_BEFORE_START: bool(
            until and shape.starts_at and until < shape.starts_at
        ),
        Flaw.AGES_CROSSED: low is not None and high is not None and low > high,
    }
    return next((flaw for flaw, is_so in found.items() if is_so), None)


def message_text(text: str, link: str) -> str:
    """What people read: the link stands alone on the last line."""
    return "\n\n".join(part for part in (text.strip(), link) if part)
