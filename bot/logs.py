"""One line, one JSON object, nothing of a person: of our own code and of the libraries.

Of an exception its kind and the places in the code are written, never its message: messages
quote values (``KeyError: 'Nguyễn …'``, the row that PostgreSQL refused, an address with a
query). Of a library's line the template is written without what would be filled in, but for
the few libraries whose lines we know (``_KNOWN``).

Each process calls ``set_up`` once; granian, whose processes log before our code is loaded,
gets ``for_granian``.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

ROOT = Path(__file__).resolve().parent.parent
FRAMES = 12  # the innermost: where it broke, and how it came there
# Their lines hold addresses we listen on, numbers of processes, names of jobs.
_KNOWN = ("apscheduler", "granian", "_granian", "alembic")
# Of each occurrence of a job apscheduler tells at INFO; the others speak of requests.
_ONLY_WARNINGS = ("apscheduler", "alembic", "urllib3", "werkzeug", "requests", "redis")

log = structlog.get_logger(__name__)


def set_up(
    file: Path | None = None, level: int = logging.INFO, *, is_final: bool = True
) -> TextIO:
    """Write to the file, or to standard error; the stream. ``is_final`` lets loggers
    remember it; tests, which set up more than once, say no."""
    stream = _open(file)
    structlog.configure(
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=is_final,
    )
    root = logging.getLogger()
    root.handlers = [LibraryHandler(stream=stream)]
    root.setLevel(level)
    for name in _ONLY_WARNINGS:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    warnings.showwarning = _log_warning
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    return stream


def for_granian(file: Path | None = None) -> dict[str, Any]:
    """Its logging configuration: the same lines to the same place."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {},
        "handlers": {
            "json": {"()": LibraryHandler, "file": str(file) if file else None}
        },
        "root": {"handlers": ["json"], "level": "INFO"},
        "loggers": {
            "_granian": {"level": "INFO"},
            "granian.access": {"level": "WARNING"},
        },
    }


class LibraryHandler(logging.Handler):
    """Lines of libraries, in the form of ours."""

    def __init__(self, file: str | None = None, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or _open(Path(file) if file else None)
        self._render = _processors()

    def emit(self, record: logging.LogRecord) -> None:
        fields: Any = {"event": _words(record), "logger": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        for processor in self._render:
            fields = processor(None, record.levelname.lower(), fields)
        self._stream.write(f"{fields}\n")
        self._stream.flush()


def without_messages(_: object, __: str, fields: EventDict) -> EventDict:
    """Replace the exception by its kind and places, and those of its causes."""
    told = fields.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        fields["exception"] = _chain(error)
    return fields


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        without_messages,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _chain(error: BaseException) -> list[MutableMapping[str, Any]]:
    """The exception first, then what it came from."""
    found: list[MutableMapping[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        found.append(
            {
                "type": f"{kind.__module__}.{kind.__qualname__}".removeprefix(
                    "builtins."
                ),
                "at": _places(current.__traceback__),
            }
        )
        is_hidden = current.__suppress_context__
        current = current.__cause__ or (None if is_hidden else current.__context__)
    return found


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return str(path.relative_to(ROOT))
    return "/".join(path.parts[-3:])


def _words(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in _KNOWN:
        return record.getMessage()
    return str(record.msg)


def _open(file: Path | None) -> TextIO:
    if file is None:
        return sys.stderr
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a", encoding="utf-8")


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning(
        "python_warning", kind=category.__name__, at=f"{_short(filename)}:{lineno}"
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("uncaught", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else None
        log.critical("uncaught", thread=name, exc_info=args.exc_value)
