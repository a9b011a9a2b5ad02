"""Runs the tests that every engine passes, and the tests of a cluster, on OpenSearch nodes.

python tests/opensearch/everything.py [2|3]

The argument is the release of OpenSearch, 2 by default. `SUITES` run with one shard and with three, then `SECURITY`
runs. Exits with 1 if a test fails.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from node import running_node

ROOT = Path(__file__).parents[2]
SUITES = (
    "tests/engines/test_contract.py",
    "tests/engines/test_engines.py",
    "tests/engines/test_stored_tables.py",
    "tests/opensearch/test_cluster_state.py",
)
SECURITY = "tests/opensearch/test_security.py"
"""Tests of the plugin for security. They start a node of their own with that plugin, always of OpenSearch 2."""


def main() -> int:
    """Run the tests and return the exit status."""
    release = sys.argv[1] if len(sys.argv) > 1 else "2"
    with running_node(release) as node:
        statuses = [run(node.url, "--shards", str(shards), *SUITES) for shards in (1, 3)]
        statuses.append(run(node.url, SECURITY))
    return int(any(statuses))


def run(url: str, *arguments: str) -> int:
    """Run pytest with the address of a node and further arguments, and return its exit status."""
    command = [sys.executable, "-m", "pytest", "--cluster", url, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
