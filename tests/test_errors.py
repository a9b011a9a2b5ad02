"""The exceptions: the tree in the docstring of the module is the class hierarchy."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import searchkit
from searchkit import errors
from searchkit.errors import SearchkitError, install_command, quoted

LINE = re.compile(r"(?P<indent>[│ ]*)(?:[├└]── )?(?P<name>[A-Z]\w+) {2,}(?P<meaning>.+)")
"""Matches a line of the tree: `    ├── CorpusError                a corpus that cannot be read`."""


class Entry(NamedTuple):
    """A class in the tree of the docstring."""

    name: str
    parent: str | None
    exit_status: int


def parse_tree() -> list[Entry]:
    """Parse the tree in the docstring. A class without an exit status inherits the exit status of its parent."""
    tree: list[Entry] = []
    branch: list[Entry] = []
    for line in (errors.__doc__ or "").splitlines():
        match = LINE.fullmatch(line)
        if match is None:
            continue
        depth = (match.start("name") - 4) // 4
        parent = branch[depth - 1] if depth else None
        status = re.search(r"exit status (\d)", match["meaning"])
        entry = Entry(
            match["name"],
            parent.name if parent else None,
            int(status[1]) if status else parent.exit_status if parent else -1,
        )
        branch[depth:] = [entry]
        tree.append(entry)
    return tree


def find_exceptions() -> dict[str, Any]:
    """Return every exception of the module by name."""
    return {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, BaseException) and item.__module__ == errors.__name__
    }


def test_the_tree_is_parsed() -> None:
    """The tree has a root and several levels, so that the tests below are not vacuous."""
    tree = parse_tree()
    assert tree[0] == Entry("SearchkitError", None, 3)
    assert Entry("UnknownFacet", "UsageError", 2) in tree
    assert Entry("IndexLocked", "IndexUnusable", 3) in tree


def test_the_tree_contains_every_exception() -> None:
    """The tree contains every exception of the module and nothing else."""
    assert sorted(item.name for item in parse_tree()) == sorted(find_exceptions())


@pytest.mark.parametrize("item", parse_tree(), ids=lambda item: item.name)
def test_the_tree_matches_the_classes(item: Entry) -> None:
    """Each class has the parent and the exit status of the tree, and a docstring."""
    exception = find_exceptions()[item.name]
    assert exception.__bases__ == (find_exceptions()[item.parent] if item.parent else Exception,)
    assert exception.exit_status == item.exit_status
    assert exception.__doc__


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pyvenv.cfg", "pip install mcp"),
        ("pipx_metadata.json", "pipx inject cn-report-search mcp"),
        ("uv-receipt.toml", "uv pip install --python {prefix} mcp"),
    ],
)
def test_packages_are_installed_where_searchkit_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, command: str
) -> None:
    """Pipx and `uv tool` keep searchkit in an environment of its own, to which `pip install` adds nothing."""
    (tmp_path / file).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert install_command("mcp") == command.format(prefix=tmp_path)


def test_a_path_in_a_command_can_be_copied() -> None:
    """A path that a shell would split is in quotes, and others are as they are."""
    assert [*map(quoted, ("a/索引-1", r"C:\a", "我的 索引", "报告(2023)"))] == [
        "a/索引-1",
        r"C:\a",
        '"我的 索引"',
        '"报告(2023)"',
    ]
    with pytest.raises(SearchkitError, match=r'--index "no index"$'):
        searchkit.open("no index")


def test_the_base_class_is_public() -> None:
    """Users of the library can catch all errors with one public name."""
    assert searchkit.SearchkitError is SearchkitError
    assert all(issubclass(item, SearchkitError) for item in find_exceptions().values())
