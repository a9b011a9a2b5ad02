"""Watches, which are stored searches: which of their hits are new, by content, and the file that keeps the watches."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import searchkit
from searchkit.errors import SearchkitError, UsageError
from searchkit.search.watching import News, Watch, WatchFile, find_news

REPORT = "天津市东丽区司法局{year}年法治政府建设年度报告\n\n{texts}\n"

Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A function that replaces the corpus and builds the index: `build({"a.txt": (2023, ["text"])})`."""

    def build(reports: dict[str, tuple[int, list[str]]]) -> Path:
        corpus = tmp_path / "corpus"
        corpus.mkdir(exist_ok=True)
        for path in corpus.iterdir():
            path.unlink()
        for name, (year, texts) in reports.items():
            (corpus / name).write_text(REPORT.format(year=year, texts="\n\n".join(texts)), encoding="utf-8")
        searchkit.build(corpus, tmp_path / "index")
        return tmp_path / "index"

    return build


def run(file: WatchFile, index: Path) -> list[str]:
    """Return the texts of the new paragraphs of the first watch, and mark these as seen."""
    with searchkit.open(index) as opened:
        news = find_news(opened.snapshot(), file.watches()[0])
    file.mark_seen([news])
    return [hit.text for hit in news.hits]


def add(file: WatchFile, index: Path, name: str = "甲", query: str = "立案", **options: object) -> Watch:
    """Add a watch of an index, and return it."""
    with searchkit.open(index) as opened:
        return file.add(opened.snapshot(), Watch(name, query, str(index), options))


def test_only_new_content_is_new(build: Build, tmp_path: Path) -> None:
    """A paragraph is new once. One that was there before is not new under another number or in a renamed file.

    The same text in a report of another year is new.
    """
    file = WatchFile(tmp_path / "watches.json")
    index = build({"a.txt": (2023, ["全年立案3件。"])})
    assert len(add(file, index).seen) == 1
    assert run(file, index) == []
    build({"b.txt": (2023, ["新增一段。", "全年立案3件。", "罚款案件立案9件。"])})
    assert run(file, index) == ["罚款案件立案9件。"]
    assert run(file, index) == []
    build({"b.txt": (2023, ["新增一段。"])})
    assert run(file, index) == []
    build({"b.txt": (2023, ["全年立案3件。"]), "c.txt": (2024, ["全年立案3件。", "全年立案3件。"])})
    assert run(file, index) == ["全年立案3件。"]  # that of 2024, once


def test_filters_hold_and_nothing_is_relaxed(build: Build, tmp_path: Path) -> None:
    """A watch keeps its filters. A watch of two words has no news until a paragraph contains both."""
    file = WatchFile(tmp_path / "watches.json")
    index = build({"a.txt": (2023, ["全年立案3件。"])})
    assert len(add(file, index, query="立案 听证").seen) == 0
    assert run(file, index) == []
    build({"a.txt": (2023, ["全年立案3件。", "立案并举行听证2次。"])})
    assert run(file, index) == ["立案并举行听证2次。"]
    file.remove(["甲"])
    add(file, index, year=["2024"])
    build({"a.txt": (2023, ["全年立案4件。"]), "b.txt": (2024, ["全年立案5件。"])})
    assert run(file, index) == ["全年立案5件。"]


@pytest.mark.parametrize("query", ["2024年立案", "2024年立案 听证"])
@pytest.mark.parametrize("match", ["auto", "all", "any"])
def test_the_year_in_a_query_is_never_dropped(build: Build, tmp_path: Path, query: str, match: str) -> None:
    """A search drops the year that its words name if it finds nothing otherwise. Hits of another year are not news."""
    file = WatchFile(tmp_path / "watches.json")
    index = build({"a.txt": (2023, ["全年立案3件，听证1次。"]), "b.txt": (2024, ["新增一段。"])})
    assert len(add(file, index, query=query, match=match).seen) == 0
    assert run(file, index) == []
    build({"a.txt": (2023, ["全年立案4件，听证2次。"]), "b.txt": (2024, ["全年立案5件，听证3次。"])})
    assert run(file, index) == ["全年立案5件，听证3次。"]


def test_the_file_is_private_and_keeps_all_watches(build: Build, tmp_path: Path) -> None:
    """Only the user can read the file. Watches that are added at the same time are all kept. No other files stay."""
    path = tmp_path / "folder" / "watches.json"
    index = build({"a.txt": (2023, ["全年立案3件。"])})
    names = [f"名{n}" for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: add(WatchFile(path), index, name), names))
    assert {watch.name for watch in WatchFile(path).watches()} == {*names}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir() if item.suffix != ".lock"] == ["watches.json"]


def test_names_of_watches_are_unique_and_printable(build: Build, tmp_path: Path) -> None:
    """Names of watches are unique, printable, not empty and not too long. `mark_seen` adds no watch.

    If one of several names is unknown, no watch is removed.
    """
    file = WatchFile(tmp_path / "watches.json")
    index = build({"a.txt": (2023, ["全年立案3件。"])})
    add(file, index)
    for name in ("甲", "", "\x1b[2J", "长" * 101):
        with pytest.raises(UsageError):
            add(file, index, name)
    with pytest.raises(UsageError, match="no watch '乙'; there are: 甲"):
        file.remove(["甲", "乙"])
    assert [watch.name for watch in file.choose(["甲"])] == ["甲"]
    file.mark_seen([News(Watch("乙", "", ""), ())])
    assert len(file.watches()) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"version": 2, "watches": []}',
        '{"version": 1, "watches": [{"name": 1}]}',
        r'{"version": 1, "watches": [{"name": "甲", "query": "立案", "index": "in\u0000dex"}]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    """A file that is no file of watches, or one of another version, is an error that names it, and is not changed."""
    path = tmp_path / "watches.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SearchkitError, match=r"watches\.json"):
        WatchFile(path).watches()
    with pytest.raises(SearchkitError, match=r"watches\.json"):
        WatchFile(path).mark_seen([])
    assert path.read_text(encoding="utf-8") == content


def test_options_of_an_edited_file(build: Build) -> None:
    """`limit` and `beyond` are not options of a watch: all paragraphs of the total are reported. Others are errors."""
    index = searchkit.open(build({"a.txt": (2023, ["全年立案3件。", "新增立案4件。"])}))
    edited = Watch("甲", "立案", "index", {"limit": 1, "beyond": True})
    assert len(find_news(index, edited).hits) == 2
    with pytest.raises(UsageError, match="no option 'nothing'"):
        find_news(index, Watch("甲", "立案", "index", {"nothing": 1}))


def test_a_link_to_the_file_stays_a_link(build: Build, tmp_path: Path) -> None:
    """If the file is a link, such as one to a folder that is kept in version control, its target is replaced."""
    target, link = tmp_path / "kept.json", tmp_path / "watches.json"
    link.symlink_to(target)
    add(WatchFile(link), build({"a.txt": (2023, ["全年立案3件。"])}))
    assert link.is_symlink()
    assert [watch.name for watch in WatchFile(target).watches()] == ["甲"]


def test_the_file_is_readable_json(build: Build, tmp_path: Path) -> None:
    """The file is JSON in which Chinese is not escaped."""
    file = WatchFile(tmp_path / "watches.json")
    add(file, build({"a.txt": (2023, ["全年立案3件。"])}))
    (record,) = json.loads(file.path.read_text(encoding="utf-8"))["watches"]
    assert (record["name"], record["query"], len(record["seen"])) == ("甲", "立案", 1)
    assert "立案" in file.path.read_text(encoding="utf-8")
