"""Findings of the audit drawn at random from real reports, with verdicts by a person.

`python -m bench.findings INDEX` audits an index of the real reports, and prints the share of true findings in the
judged sample, and how many judged and how many true findings the audit still yields. With `--draw`, it replaces the
sample by a new one without verdicts.

A finding is true if its sentences cannot all be right as they are printed, or if a value is copied or a report
repeated. A finding about a revised value is true, too: the reports do not agree.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import searchkit
from searchkit.compare.findings import Finding

FILE = Path(__file__).parent / "results" / "findings-sample.json"
"""The sample. Verdicts are entered by hand: the string `true` or `false`, and a reason in a few words."""
SEED = 1815
"""Seed of the random choice."""
SAMPLE_SIZE = 50
"""Maximum number of findings in the sample."""


def draw(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return a random sample of the findings without verdicts. The ids stand for the sentences, which are left out."""
    chosen = sorted(random.Random(SEED).sample(range(len(findings)), min(SAMPLE_SIZE, len(findings))))  # noqa: S311 - no secret
    return [
        {"kind": item.kind, "ids": item.ids, "values": item.values, "verdict": None, "reason": None}
        for item in (findings[number] for number in chosen)
    ]


def main() -> None:
    """Report on the judged sample, or draw a new one."""
    with searchkit.open(sys.argv[1]) as index:
        findings = index.audit().findings
    if "--draw" in sys.argv:
        lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in draw(findings))
        FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        return
    judged = json.loads(FILE.read_text(encoding="utf-8"))
    true = [item for item in judged if item["verdict"] == "true"]
    current = {(item.kind, *item.ids) for item in findings}
    for name, items in (("judged", judged), ("true", true)):
        unchanged = sum((item["kind"], *item["ids"]) in current for item in items)
        sys.stdout.write(f"{name}: {len(items)}, of which the audit still yields {unchanged}\n")
    sys.stdout.write(f"precision {len(true) / len(judged):.2f}\n")


if __name__ == "__main__":
    main()
