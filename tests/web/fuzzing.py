"""Calls the API with values that fit its description and values that do not, by schemathesis."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """\
[checks.negative_data_rejection]
# A long value makes a long address, which is refused before its parameters are read.
expected-statuses = [400, 404, 414]

[checks.positive_data_acceptance]
# A schema cannot say whether the index has a value, or whether a query can be parsed.
enabled = false
"""


@dataclass(frozen=True)
class Calls:
    """What a run of schemathesis found."""

    statuses: dict[int, int]
    """Number of responses by status."""
    is_clean: bool
    """Whether all checks passed: there was no server error; statuses, types, headers and JSON were as described; values
    that do not fit the description were refused."""
    log: str
    """What schemathesis printed."""

    @property
    def server_errors(self) -> int:
        """Number of responses with a status of 500 and more."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def call_api(address: str, folder: Path, options: Sequence[str]) -> Calls:
    """Call the operations of openapi.json, all unless `options` select some.

    `folder`: for files of the run. `options`: of `schemathesis run`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration, report = folder / "schemathesis.toml", folder / "calls.json"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    schemathesis = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)]
    command = [*schemathesis, "run", f"{address}openapi.json", "--no-color", "--report=har", *options]
    run = subprocess.run(
        [*command, f"--report-har-path={report}"], capture_output=True, text=True, check=False, cwd=folder
    )
    entries = json.loads(report.read_text(encoding="utf-8"))["log"]["entries"]
    statuses = Counter(entry["response"]["status"] for entry in entries)
    return Calls(dict(sorted(statuses.items())), run.returncode == 0, run.stdout + run.stderr)
