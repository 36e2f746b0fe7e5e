"""What a page says after a change, and what becomes of a decision that does not hold.

A flash holds a code; its sentence stands in ``templates/dashboard/_said.html``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, flash, request

from bot.duties.exemptions import NotOpenError
from bot.duties.proofs.reviewing import NotAllowedError, ReasonNeededError

# As in the chat: shorter says nothing, longer nobody reads on a phone.
SHORTEST_REASON = 5
LONGEST_REASON = 300


def done(code: str) -> None:
    flash(code, "good")


def said(name: str = "reason") -> str:
    """The reason of a form: chosen from the list, or written beside it; "" if neither."""
    written = " ".join(request.form.get(name, "").split())[:LONGEST_REASON]
    if len(written) >= SHORTEST_REASON:
        return written
    return " ".join(request.form.get(f"{name}_chosen", "").split())[:LONGEST_REASON]


@contextmanager
def undecided() -> Iterator[None]:
    """Somebody was quicker, or the reason is missing: said on the next page, nothing
    changed. Who may not at all is refused."""
    try:
        yield
    except NotAllowedError:
        abort(403)
    except ReasonNeededError:
        flash("reason_needed", "warning")
    except NotOpenError:
        flash("decided_already", "warning")
