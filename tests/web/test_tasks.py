"""Ten tasks of a researcher, each done in at most five steps, with the answers of the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tasks import MAX_STEPS, TASKS, User, perform

import searchkit
from searchkit.index import Index

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_task_needs_few_steps(
    browser: Browser, address: str, index_path: Path, task: Callable[[User, Index], str]
) -> None:
    """A task takes at most `MAX_STEPS` steps. The task itself compares its answer with that of the library."""
    with searchkit.open(index_path) as index:
        result = perform(task, browser, address, index)
    assert result.answer
    assert 1 <= len(result.steps) <= MAX_STEPS
