"""Plots as pictures (SVG) for templates: words and figures come from there, and each stands
beside a table that says the same for who does not see it."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask
from markupsafe import Markup, escape

if TYPE_CHECKING:
    import pygal

# Readable in print and apart for who sees no colours: dark first, then the lighter ones.
_STYLE: dict[str, Any] = {
    "background": "transparent",
    "plot_background": "transparent",
    "foreground": "#1d2b36",
    "foreground_strong": "#1d2b36",
    "foreground_subtle": "#5a6a76",
    "colors": ("#0d5273", "#b45309", "#4f9d69", "#8c6bb1"),
    "font_family": "system-ui, sans-serif",
    "label_font_size": 16,
    "major_label_font_size": 16,
    "legend_font_size": 16,
    "value_font_size": 16,
    "value_label_font_size": 16,
    "no_data_font_size": 20,
}
MOST_TICKS = 6  # more would run into each other
_COMMON: dict[str, Any] = {
    "width": 720,
    "js": [],
    "explicit_size": True,
    "disable_xml_declaration": True,
    "print_values": True,
    "margin": 12,
}


def set_up(app: Flask) -> None:
    app.jinja_env.globals.update(plot_steps=steps, plot_weeks=weeks)


def steps(title: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """A funnel: one bar a step, from all people to those who saw it."""
    chart = _empty("HorizontalBar", height=70 + 52 * len(rows), show_legend=False)
    chart.x_labels = [name for name, _ in reversed(rows)]
    chart.y_labels = _whole_ticks(max((count for _, count in rows), default=0))
    chart.add("", [count for _, count in reversed(rows)])
    return _picture(chart, title)


def _empty(kind: str, **options: Any) -> pygal.Graph:
    """The library is loaded by the first plot; pages without one do without it."""
    import pygal
    from pygal.style import Style

    # it puts a finder of its plugins, which Python no longer takes, before later imports
    sys.meta_path[:] = [
        one for one in sys.meta_path if type(one).__name__ != "PluginImportFixer"
    ]
    chart: pygal.Graph = getattr(pygal, kind)(
        style=Style(**_STYLE), **_COMMON, **options
    )
    return chart


def _whole_ticks(most: int) -> list[int]:
    """Half a person is nobody."""
    step = max(-(-most // MOST_TICKS), 1)
    return list(range(0, max(most, 1) + step, step))


def weeks(
    title: str,
    labels: Sequence[str],
    lines: Sequence[tuple[str, Sequence[float | None]]],
    most: float | None = None,
) -> Markup:
    """Lines over the weeks; a week without data is a gap, not a zero."""
    chart = _empty(
        "Line",
        height=320,
        show_legend=len(lines) > 1,
        legend_at_bottom=True,
        x_label_rotation=30,
        range=(0, most) if most is not None else None,
        include_x_axis=True,
    )
    chart.x_labels = list(labels)
    for name, values in lines:
        chart.add(name, list(values), allow_interruptions=True)
    return _picture(chart, title)


def _picture(chart: pygal.Graph, title: str) -> Markup:
    """Within an ``<img>``: what the picture brings along cannot touch the page."""
    content = base64.b64encode(chart.render(is_unicode=True).encode()).decode()
    return Markup(
        f'<img class="plot" alt="{escape(title)}" src="data:image/svg+xml;base64,{content}">'
    )
