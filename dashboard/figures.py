"""Figures: how well people are served and units report, as plots with a table beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from bot import figures as counted
from bot.duties.periods import Period, period_of, periods_up_to
from bot.duties.table import overview
from bot.duties.table.overview import Choice
from bot.duties.table.table import NoPlanError, Totals
from bot.feedback.areas import read_lists
from bot.feedback.counting import Month, month_of
from bot.figures import WeekServed
from bot.people import care
from dashboard.conversations import accounts_seen
from dashboard.office import office, visitor
from models import Cadence, Role

figures = Blueprint("figures", __name__)

MONTHS = 13  # this one, and the same of last year


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """Exactly what the template uses."""

    weeks: list[WeekServed]
    trend: list[tuple[Period, Totals]]
    has_questions: bool
    reported: Month  # what people reported in the chosen month
    months: list[Period]
    area_names: Mapping[str, str]


@figures.get("/figures")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
        accounts = accounts_seen(session, him)
        weeks = counted.weeks_served(
            session, him.now, office().settings.zone, set(accounts)
        )
        last = period_of(him.today, Cadence.WEEKLY).previous
        try:
            found = overview.overview(session, last, him.now, Choice(codes=seen))
            trend = list(found.trend)
        except NoPlanError:
            trend = []
        months = periods_up_to(period_of(him.today, Cadence.MONTHLY), MONTHS)
        reported = month_of(session, seen, _chosen(months), office().settings.zone)
    lists = read_lists(office().settings.content_dir)
    page = FiguresPage(
        weeks,
        trend,
        any(week.questions for week in weeks),
        reported,
        months,
        {one.area: lists.label(one.area) for one in reported.areas},
    )
    return render_template("dashboard/figures.html", page=page)


def _chosen(months: list[Period]) -> Period:
    """The month of the address, else the running one."""
    asked = request.args.get("month", "")
    return next((one for one in months if one.key == asked), months[-1])
