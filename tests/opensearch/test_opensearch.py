"""The engine on an OpenSearch cluster: the contract and the look-ups on a real node, with one shard and with three."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from node import missing_program, running_node

ROOT = Path(__file__).parents[2]
SUITES = ("tests/engines/test_contract.py", "tests/engines/test_stored_tables.py")
"""The tests of all engines that run on the node here. `make opensearch` runs more of them."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of a node."""
    pytest.importorskip("opensearchpy")
    reason = missing_program()
    if reason:
        pytest.skip(f"no OpenSearch node: {reason}")
    with running_node() as node:
        yield node.url


@pytest.mark.parametrize("shards", [1, 3])
def test_contract(url: str, shards: int) -> None:
    """Every case of the contract holds on the cluster."""
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "--cluster", url, "--shards", str(shards), *SUITES]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:]
