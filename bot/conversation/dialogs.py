"""Conversations of several steps: nothing waits in memory, a restart loses nothing.

A step is a plain function ``(Turn, draft) -> Stay | Go | Done``. The engine keeps dialog,
step and draft in the person's row of ``conversation``, until ``expires_after`` has passed
since the last step. Guarantees:

* whatever is written while a dialog is in progress goes to its step, which answers the
  unexpected with ``Stay``: what it waits for, and how to stop;
* the words for stopping are routed before every dialog, so no step can swallow them;
* a dialog or a step that the code no longer knows (a new version in between) ends with a
  sentence, and so does an answer that comes after the dialog has expired;
* an answer by number, button or word is the command ``answer:VALUE`` (``turn.option(key,
  "answer", VALUE)``): no word that a person could mean otherwise.

```mermaid
stateDiagram-v2
    [*] --> step: start
    step --> step: Stay, Go
    step --> [*]: Done, cancel, expired, unknown step
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.channel.event_kinds import EventKind
from bot.conversation.state import save_progress
from bot.conversation.turn import Progress, Reply, Turn

ANSWER = "answer"
# Words that stop a dialog; outside of one "stop" is about news.
_STOPPING = ("cancel", "stop")

Draft = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stay:
    """Still waiting for the same; the replies say for what."""

    replies: Sequence[Reply]


@dataclass(frozen=True, slots=True)
class Go:
    """On to another step, with what is known by now (JSON values only)."""

    step: str
    draft: Draft
    replies: Sequence[Reply]


@dataclass(frozen=True, slots=True)
class Done:
    """The end; whatever the dialog was for has been done, or is not wanted any more."""

    replies: Sequence[Reply]


Outcome = Stay | Go | Done
StepFunction = Callable[[Turn, Draft], Outcome]


@dataclass(frozen=True, slots=True)
class Dialog:
    """``steps`` by their names; the names are stored, so rename them with care."""

    name: str
    steps: Mapping[str, StepFunction]
    expires_after: timedelta = timedelta(minutes=30)

    def start(self, turn: Turn, first: Go | Done) -> list[Reply]:
        """Begin; another dialog in progress is dropped. ``Done``: there was nothing to ask."""
        return self._apply(turn, first)

    def advance(self, turn: Turn) -> list[Reply]:
        """Hand the turn to the step this person is at."""
        progress = turn.context.progress
        function = self._function(progress.step) if progress else None
        if progress is None or function is None:
            return outdated(turn)
        return self._apply(turn, function(turn, progress.draft))

    def _function(self, step: str) -> StepFunction | None:
        return next((run for name, run in self.steps.items() if name == step), None)

    def _apply(self, turn: Turn, outcome: Outcome) -> list[Reply]:
        match outcome:
            case Stay():
                self._keep(turn, turn.context.progress)
            case Go(step=step, draft=draft):
                self._keep(turn, Progress(self.name, str(step), draft))
            case Done():
                self._keep(turn, None)
        return list(outcome.replies)

    def _keep(self, turn: Turn, progress: Progress | None) -> None:
        until = turn.now + self.expires_after
        save_progress(turn.session, turn.contact.id or 0, progress, until)


# --- conditions and handlers of the route table ---------------------------------------------


def in_dialog(dialog: Dialog) -> Callable[[Turn], bool]:
    """The person wrote something, and is in this dialog."""
    return lambda turn: _name(turn) == dialog.name


def in_any_dialog(turn: Turn) -> bool:
    return _name(turn) is not None


def asks_to_cancel(turn: Turn) -> bool:
    wants = turn.command is not None and turn.command.name in _STOPPING
    return wants and in_any_dialog(turn)


def cancel(turn: Turn) -> list[Reply]:
    """Stop; nothing of the draft is kept."""
    end(turn)
    return [Reply("dialogs.cancelled")]


def end(turn: Turn) -> None:
    """Leave whatever dialog this person is in, without a word."""
    if turn.context.progress is not None:
        save_progress(turn.session, turn.contact.id or 0, None, turn.now)


def nothing_to_cancel(turn: Turn) -> list[Reply]:
    return [Reply("dialogs.nothing_to_cancel", remark=True)]


def outdated(turn: Turn) -> list[Reply]:
    """The dialog has ended by itself, or is one the program no longer knows."""
    end(turn)
    return [Reply("dialogs.outdated")]


def answer_of(turn: Turn) -> str | None:
    """The value of the option chosen in this step, by number, button or word."""
    if turn.command is None or turn.command.name != ANSWER:
        return None
    return turn.command.argument


def _name(turn: Turn) -> str | None:
    progress = turn.context.progress
    if progress is None or turn.event.kind != EventKind.MESSAGE:
        return None
    return progress.dialog
