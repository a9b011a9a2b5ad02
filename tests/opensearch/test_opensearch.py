"""Runs a part of the contract and of `test_cluster_state.py` on an OpenSearch node. `make opensearch` runs all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from node import running_node, why_unavailable

ROOT = Path(__file__).parents[2]
CONTRACT_FILES = "exact_phrases or numbers or facets or folding or ranking or measures or beyond"
"""The contract files that are tested here, as an expression of pytest. Only some: each needs an index of its own, which
takes more time than the cases."""
STATE_TESTS = "folder_contains_only or keeps_its_state or lost_its_lock or update_equals or finds_a_removed_paragraph"
"""The tests of `test_cluster_state.py` that are run here, by parts of their names, as an expression of pytest."""
FILES = ("tests/engines/test_contract.py", "tests/opensearch/test_cluster_state.py")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of a node."""
    pytest.importorskip("opensearchpy")
    if reason := why_unavailable():
        pytest.skip(f"no OpenSearch node: {reason}")
    with running_node() as node:
        yield node.url


def test_selected_tests_pass_on_a_node(url: str) -> None:
    """The selected tests pass on the node, with three shards."""
    chosen = ("--shards", "3", "-k", f"{CONTRACT_FILES} or {STATE_TESTS}", *FILES)
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "--cluster", url, *chosen]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:]
