"""A built index is kept in a file: the same again, and nothing else is taken for one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.search import shelf
from bot.search.entries import Entry, Kind
from bot.search.finder import SearchIndex
from bot.search.findings import Finding
from bot.search.lexicon import Lexicon
from bot.search.shelf import Shelf
from bot.search.stored import MAGIC, load, save
from tests.conftest import CONTENT

BIRTH = Entry(Kind.SERVICE, "1.001193", "Đăng ký khai sinh", ("làm giấy khai sinh",))
DEATH = Entry(Kind.SERVICE, "1.000656", "Đăng ký khai tử", ("báo tử",))
ONLY_A_NAME = Entry(Kind.SERVICE, "1.009999", "Cấp giấy phép nổ mìn", has_details=False)
ENTRIES = [BIRTH, DEATH, ONLY_A_NAME]


@pytest.fixture
def lexicon_file(tmp_path: Path) -> Path:
    """A small one, for the sake of time."""
    folder = tmp_path / "content"
    folder.mkdir()
    folder.joinpath("lexicon.toml").write_text(
        '[stop]\nwords = ["thì"]\nphrases = ["cho hỏi"]\n'
        '[scope]\nadmin = ["giấy tờ"]\n[scope.outside]\nweather = ["trời mưa"]\n',
        encoding="utf-8",
    )
    folder.joinpath("senses.toml").write_text(
        '[senses]\n"chết" = ["qua đời", "mất"]\n', encoding="utf-8"
    )
    folder.joinpath("utterances.csv").write_text(
        "id,text\n1.001193,vợ tôi mới sanh em bé\n1.000656,ông nội vừa qua đời\n",
        encoding="utf-8",
    )
    folder.joinpath("outside.csv").write_text(
        "theme,text\nweather,mai trời có mưa không\n", encoding="utf-8"
    )
    return folder / "lexicon.toml"


@pytest.fixture
def index(lexicon_file: Path) -> SearchIndex:
    return SearchIndex.build(ENTRIES, Lexicon.load(lexicon_file))


class Counted:
    """A shelf whose indexes are built in this process, to be quick, and counted."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder, self._build)
        self.built: list[Path] = []

    def _build(self, entries: Sequence[Entry], lexicon: Path, file: Path) -> None:
        save(SearchIndex.build(entries, Lexicon.load(lexicon)), file)
        self.built.append(file)


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "index")


def answers(index: SearchIndex) -> list[Finding]:
    questions = (
        "vo sanh em be",
        "ông mất rồi",
        "mai mưa không",
        "cấp giấy phép nổ mìn",
    )
    return [index.find(question) for question in questions]


def test_a_saved_index_answers_as_before(index: SearchIndex, tmp_path: Path) -> None:
    save(index, tmp_path / "one.index")
    opened = load(tmp_path / "one.index")
    assert opened is not None
    assert answers(opened) == answers(index)
    assert [file.name for file in tmp_path.glob("one*")] == ["one.index"]


def test_what_is_no_whole_index_opens_as_nothing(
    index: SearchIndex, tmp_path: Path
) -> None:
    file = tmp_path / "one.index"
    save(index, file)
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for content in (b"", MAGIC, whole[:-64], bytes(changed), b"x" * 4096):
        file.write_bytes(content)
        assert load(file) is None
    assert load(tmp_path / "none.index") is None


def test_a_file_makes_no_foreign_objects(tmp_path: Path) -> None:
    """Although its digest is right."""
    file = tmp_path / "evil.index"
    save(print, file)  # type: ignore[arg-type]
    with pytest.raises(pickle.UnpicklingError, match="print"):
        load(file)


def test_the_index_is_built_once_for_all(counted: Counted, lexicon_file: Path) -> None:
    found = [
        counted.shelf.index_of(lambda: iter(ENTRIES), lexicon_file) for _ in range(3)
    ]
    assert len(counted.built) == 1
    assert answers(found[0]) == answers(found[2])


def test_another_entry_or_word_is_another_index(
    counted: Counted, lexicon_file: Path, tmp_path: Path
) -> None:
    counted.shelf.index_of(lambda: ENTRIES, lexicon_file)
    counted.shelf.index_of(lambda: ENTRIES[:2], lexicon_file)
    with lexicon_file.with_name("utterances.csv").open("a", encoding="utf-8") as file:
        file.write("1.000656,ba tôi đi rồi\n")
    counted.shelf.index_of(lambda: ENTRIES, lexicon_file)
    assert len({*counted.built}) == 3
    assert len([*tmp_path.glob("index/*.index")]) == shelf.KEPT


def test_entries_that_change_while_they_are_read_are_filed_as_what_they_are(
    counted: Counted, lexicon_file: Path
) -> None:
    states = iter([ENTRIES, [BIRTH]])
    counted.shelf.index_of(lambda: next(states), lexicon_file)
    wanted = shelf.fingerprint([BIRTH], lexicon_file)
    assert [file.stem for file in counted.built] == [wanted]


def test_a_folder_that_cannot_be_written_costs_time_only(
    lexicon_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "index").write_text("a file, no folder")
    index = Shelf(tmp_path / "index").index_of(lambda: ENTRIES, lexicon_file)
    assert index.find("vo sanh em be").hits[0].id == BIRTH.id


def test_building_is_left_to_a_process_of_its_own(
    lexicon_file: Path, tmp_path: Path
) -> None:
    def entries() -> Iterator[Entry]:
        yield from ENTRIES

    index = Shelf(tmp_path / "index").index_of(entries, lexicon_file)
    assert len([*tmp_path.glob("index/*.index")]) == 1
    assert index.find("vo sanh em be").hits[0].id == BIRTH.id


def test_the_real_content_is_told_apart_by_all_its_files(tmp_path: Path) -> None:
    real = CONTENT / "lexicon.toml"
    for name in ("lexicon.toml", "senses.toml", "utterances.csv", "outside.csv"):
        tmp_path.joinpath(name).write_bytes((CONTENT / name).read_bytes())
    copy = tmp_path / "lexicon.toml"
    assert shelf.fingerprint(ENTRIES, copy) == shelf.fingerprint(ENTRIES, real)
    for name in ("senses.toml", "utterances.csv", "outside.csv"):
        with tmp_path.joinpath(name).open("a", encoding="utf-8") as file:
            file.write("\n")
        assert shelf.fingerprint(ENTRIES, copy) != shelf.fingerprint(ENTRIES, real)
        tmp_path.joinpath(name).write_bytes((CONTENT / name).read_bytes())
