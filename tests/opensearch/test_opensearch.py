"""The contract on a real OpenSearch node, with three shards. `make opensearch` runs more, and with one shard, too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from node import missing_program, running_node

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of a node."""
    pytest.importorskip("opensearchpy")
    reason = missing_program()
    if reason:
        pytest.skip(f"no OpenSearch node: {reason}")
    with running_node() as node:
        yield node.url


def test_contract(url: str) -> None:
    """Every case of the contract holds on the cluster."""
    options = ["-p", "no:xdist", "--cluster", url, "--shards", "3"]
    command = [sys.executable, "-m", "pytest", *options, "tests/engines/test_contract.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:]
