"""All of an article that people write."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outreach.drawing.spec import Layout, Palette
from models import ArticleState, OaArticle


@dataclass(frozen=True, slots=True)
class Words:
    """All that is written by people. ``points`` make the picture."""

    title: str
    body: str
    points: tuple[str, ...]
    link: str
    description: str = ""
    layout: Layout = Layout.CARDS
    palette: Palette = Palette.BLUE
    calendar_key: str | None = None


def words_of(article: OaArticle) -> Words:
    return Words(
        title=article.title,
        body=article.body,
        points=tuple(article.points),
        link=article.link,
        description=article.description,
        layout=Layout(article.layout),
        palette=Palette(article.palette),
        calendar_key=article.calendar_key,
    )


def state_said(article: OaArticle) -> str:
    """Key of the text that says where it stands; a change of what is out is told apart
    from a first draft."""
    state = ArticleState(article.state)
    if state == ArticleState.PUBLISHED and article.is_hidden:
        return "article_states.hidden"
    is_change = article.article_id is not None and state in _OF_CHANGES
    return f"article_states.{'change_' if is_change else ''}{state}"


_OF_CHANGES = (
    ArticleState.DRAFT, ArticleState.WAITING_APPROVAL, ArticleState.FAILED,
)  # fmt: skip
