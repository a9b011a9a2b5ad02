"""The exceptions: that the drawn tree is the tree there is."""

from __future__ import annotations

import inspect
import re
from typing import Any, NamedTuple

import pytest

import searchkit
from searchkit import errors
from searchkit.errors import SearchkitError

LINE = re.compile(r"(?P<indent>[│ ]*)(?:[├└]── )?(?P<name>[A-Z]\w+) {2,}(?P<meaning>.+)")


class Drawn(NamedTuple):
    """One class as the docstring of the module draws it."""

    name: str
    parent: str | None
    exit_status: int


def drawn() -> list[Drawn]:
    """Read the tree in the docstring. An exit status that is not written is the parent's."""
    tree: list[Drawn] = []
    branch: list[Drawn] = []
    for line in (errors.__doc__ or "").splitlines():
        match = LINE.fullmatch(line)
        if match is None:
            continue
        depth = (match.start("name") - 4) // 4
        parent = branch[depth - 1] if depth else None
        status = re.search(r"exit status (\d)", match["meaning"])
        own = Drawn(
            match["name"],
            parent.name if parent else None,
            int(status[1]) if status else parent.exit_status if parent else -1,
        )
        branch[depth:] = [own]
        tree.append(own)
    return tree


def defined() -> dict[str, Any]:
    """Every exception of the module."""
    return {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, BaseException) and item.__module__ == errors.__name__
    }


def test_drawing_is_read() -> None:
    """The drawing has a root and several levels, so that the tests below compare something."""
    tree = drawn()
    assert tree[0] == Drawn("SearchkitError", None, 3)
    assert Drawn("UnknownFacet", "UsageError", 2) in tree
    assert Drawn("IndexLocked", "IndexUnusable", 3) in tree


def test_all_are_drawn() -> None:
    """Every exception of the module is in the drawing, and nothing else."""
    assert sorted(item.name for item in drawn()) == sorted(defined())


@pytest.mark.parametrize("item", drawn(), ids=lambda item: item.name)
def test_drawn_as_defined(item: Drawn) -> None:
    """Each class has the parent and the exit status that the drawing gives it, and says what it means."""
    found = defined()[item.name]
    assert found.__bases__ == (defined()[item.parent] if item.parent else Exception,)
    assert found.exit_status == item.exit_status
    assert found.__doc__


def test_root_is_public() -> None:
    """Whoever uses the library can catch everything by one public name."""
    assert searchkit.SearchkitError is SearchkitError
    assert all(issubclass(item, SearchkitError) for item in defined().values())
