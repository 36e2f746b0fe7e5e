"""The habits of this code base, checked: few, and each with its reason beside it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.conversation.texts import Texts
from bot.schema import newest
from bot.settings import Settings
from handlers import ROUTES
from handlers.conditions import anything
from scheduler import JOBS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "bot", "handlers", "scheduler", "dashboard", "simulator", "building", "commands"
)  # fmt: skip
PRODUCT = (*ROOMS, "models.py", "app.py")
# The simulator stands outside: it speaks as Zalo and people do.
OUR_SIDE = tuple(place for place in PRODUCT if place != "simulator")

# Who may import whom; what stands in no list may be imported by tests only.
MAY_IMPORT = {
    "models.py": set(),
    "bot": {"bot", "models"},
    "handlers": {"handlers", "bot", "models"},
    "scheduler": {"scheduler", "bot", "models"},
    "dashboard": {"dashboard", "bot", "models"},
    "simulator": {"simulator"},
    "building": {*ROOMS, "models"} - {"commands"},
    "commands": {*ROOMS, "models"},
    "app.py": {"bot", "building", "commands"},
}
OURS = {"models", "app", *ROOMS}
BOT_ROOMS = {
    "channel": {"channel"},
    "catalogue": {"catalogue"},
    "people": {"people"},
    "duties": {"duties", "people"},
    "watching": {"watching", "channel", "people"},
    "feedback": {"feedback", "channel", "conversation", "duties", "people"},
    "surveys": {"surveys", "channel", "conversation", "people"},
    "conversation": {
        "conversation",
        "catalogue",
        "channel",
        "duties",
        "outreach",
        "people",
    },
}
VIETNAMESE = re.compile(
    "[ăâđêôơưĂÂĐÊÔƠƯ\u00c0-\u00c3\u00c8-\u00ca\u00cc\u00cd\u00d2-\u00d5\u00d9\u00da\u00dd\u00e0-\u00e3\u00e8-\u00ea\u00ec\u00ed\u00f2-\u00f5\u00f9\u00fa\u00fd\u1ea0-\u1ef9]"
)


def python_files(*places: str) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported_modules(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("place", MAY_IMPORT)
def test_rooms_import_only_downwards(place: str) -> None:
    for file in python_files(place):
        ours = {name.split(".")[0] for name in imported_modules(file)} & OURS
        assert ours <= MAY_IMPORT[place], f"{file.relative_to(ROOT)} imports {ours}"


@pytest.mark.parametrize("room", BOT_ROOMS)
def test_rooms_of_the_library_keep_apart(room: str) -> None:
    for file in python_files(f"bot/{room}"):
        parts = [name.split(".") for name in imported_modules(file)]
        rooms = {p[1] for p in parts if p[0] == "bot" and len(p) > 1} & set(BOT_ROOMS)
        assert rooms <= BOT_ROOMS[room], f"{file.relative_to(ROOT)} imports {rooms}"


def test_only_settings_reads_the_environment() -> None:
    for file in python_files(*PRODUCT):
        if file != ROOT / "bot/settings.py":
            text = file.read_text(encoding="utf-8")
            assert "os.environ" not in text, file
            assert "getenv" not in text, file


# The Zalo client, the fetcher of links that people send, the alarms' own hook.
SPEAKS_HTTP = ("bot/channel/zalo", "bot/duties/fetching", "bot/watching/hook.py")


def test_only_few_rooms_speak_http_outward() -> None:
    for file in python_files(*OUR_SIDE):
        modules = {name.split(".")[0] for name in imported_modules(file)}
        if modules & {"requests", "requests_hardened"}:
            assert any(file.is_relative_to(ROOT / p) for p in SPEAKS_HTTP), file


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}


def test_no_vietnamese_text_stands_in_code() -> None:
    for file in python_files(*OUR_SIDE):
        for line, text in _literals(file):
            is_word = (
                len(text) > 2
            )  # a single letter is a matter of spelling, not a text
            place = f"{file.relative_to(ROOT)}:{line}"
            assert not (is_word and VIETNAMESE.search(text)), f"{place}: {text}"


def test_every_text_is_used_and_every_used_text_exists() -> None:
    texts = Texts.load(ROOT / "content/texts")
    sections = {key.split(".")[0] for key in texts.keys}
    used = set(_used_keys(sections))
    unknown = {key for key in used if "{" not in key} - texts.keys
    assert not unknown
    prefixes = tuple(key.split("{")[0] for key in used if "{" in key)
    included = _included_keys()
    unused = {
        key
        for key in texts.keys - used - included
        if not (prefixes and key.startswith(prefixes)) and not key.startswith(CODES)
    }
    assert not unused


def test_every_section_of_texts_says_where_it_is_read() -> None:
    """The dashboard shows the texts by section: content/text_sections.toml."""
    sections = {key.split(".")[0] for key in Texts.load(ROOT / "content/texts").keys}
    described = tomllib.loads((ROOT / "content/text_sections.toml").read_text("utf-8"))
    assert sections == set(described)


# Sentences for codes that a page shows; the code itself stands in an enum.
CODES = ("reason.", "status.", "import_reason.", "wording_flaw.")


def _used_keys(sections: set[str]) -> Iterator[str]:
    wanted = re.compile(rf"^({'|'.join(sections)})\.[a-z_{{}}]+$")
    places = (
        "building",
        "commands",
        "bot/conversation",
        "bot/duties",
        "bot/feedback",
        "bot/outreach",
        "bot/surveys",
        "bot/watching",
        "handlers",
        "scheduler",
    )
    for file in python_files(*places):
        is_table = file.parent.name in ("handlers", "scheduler")
        if is_table and file.name == "__init__.py":
            continue  # names of routes and jobs look like keys of texts
        for _, text in _literals(file, formatted=True):
            if wanted.match(text) and not text.endswith("_"):
                yield text


def _included_keys() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "content/texts").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"""include\s+["']([a-z_.]+)["']""", text))
    return found


def _literals(file: Path, *, formatted: bool = False) -> Iterator[tuple[int, str]]:
    """String constants that are no docstrings; f-strings with {} for their holes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if formatted and isinstance(node, ast.JoinedStr):
            parts = [
                p.value if isinstance(p, ast.Constant) else "{}" for p in node.values
            ]
            yield node.lineno, "".join(str(part) for part in parts)
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_routes_have_unique_names_and_the_last_accepts_everything() -> None:
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))
    assert ROUTES[-1].when is anything


def test_jobs_have_unique_names() -> None:
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))


def test_there_is_one_newest_migration_named_as_its_file() -> None:
    head = newest()
    assert (ROOT / f"migrations/versions/{head}.py").exists()


def test_every_folder_says_what_lives_there() -> None:
    for init in python_files(*ROOMS):
        if init.name == "__init__.py":
            assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), init
