"""Writes `RESULTS.md` from the results of all attacks.

python tests/attacks/report.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tally import RESULTS, VERDICTS

REPORT = Path(__file__).with_name("RESULTS.md")
ATTACKS: Mapping[str, tuple[str, str]] = {
    "faults": ("failing system calls, full disks, kills at each call", "builds"),
    "kills": ("signals to builds, workers and the group of processes", "builds"),
    "power": ("power failures: changes that had not been synced are missing", "states of the disk"),
    "tampering": ("damaged copies of an index", "copies"),
    "crafted": ("indexes that someone has changed on purpose, with right checksums", "copies"),
    "queries": ("hostile queries", "queries"),
    "addresses": ("hostile requests to a server", "requests"),
    "neighbours": ("readers, copies and writers beside builds; open indexes that are moved", "commands"),
}
"""Name of an attack → what it does, and what its cases are."""
_INTRODUCTION = """# Results of the attacks

`make attacks` writes this page from the last run of each attack; [results](results) has the counts of each class of
cases and the descriptions of the faults. *asked* is the number of cases that was requested (`--cases`). Time is
processor time of one case. Memory is the resident size of its process, including what searchkit takes once it is
loaded. `make storm` and `make mutations` have results of their own.

"""


def render() -> str:
    """Return the page. An attack without a result file is left out."""
    lines = [f"| attack | cases | asked | {' | '.join(VERDICTS)} | longest | memory | measured |"]
    lines.append("|---|" + "---:|" * (len(VERDICTS) + 4) + "---|")
    for name, (description, unit) in ATTACKS.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        verdicts = " | ".join(str(result[verdict]) for verdict in VERDICTS)
        cases = f"{sum(result['cases'].values()):,} {unit} | {result['cases_asked']:,}"
        usage = f"{result['longest_cpu_seconds']} s | {result['largest_memory_mb'] or '–'} MB"
        lines.append(
            f"| [{name}](results/{name}.json): {description} | {cases} | {verdicts} | {usage} | {result['measured']} |"
        )
    meanings = [f"- {verdict}: {meaning}" for verdict, meaning in VERDICTS.items()]
    return _INTRODUCTION + "\n".join([*lines, "", *meanings, ""])


if __name__ == "__main__":
    REPORT.write_text(render(), encoding="utf-8")
