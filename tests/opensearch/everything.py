"""Runs the tests of all engines on an OpenSearch node, with one shard and with three. Exits with 1 if one fails."""

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


def main() -> int:
    """Run the tests and return the exit status."""
    with running_node() as node:
        statuses = [
            subprocess.run(
                [sys.executable, "-m", "pytest", "--cluster", node.url, "--shards", str(shards), *SUITES],
                cwd=ROOT,
                check=False,
            ).returncode
            for shards in (1, 3)
        ]
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main())
