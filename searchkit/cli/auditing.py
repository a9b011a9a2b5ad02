"""The output of `measures --audit`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, write_output

if TYPE_CHECKING:
    from searchkit.index import Index


def print_audit(index: Index, filters: Mapping[str, Any], style: str) -> int:
    """Print each finding of the audit as soon as it is made. Returns the exit status: 1 if there are no findings.

    `style` is one of `records.RECORD_FORMATS`.
    """
    from searchkit.output.json import finding_to_json
    from searchkit.output.records import format_records
    from searchkit.text.characters import sanitize

    rest = index.audit(**filters)
    first = list(islice(rest, 1))
    findings = chain(first, rest)
    if style == "table":
        write_output(
            sanitize(f"{finding.kind:<10}{finding.message}\n{'':<10}{', '.join(finding.ids)}\n") for finding in findings
        )
    else:
        write_output(format_records(map(finding_to_json, findings), style))
    return FOUND if first else NOTHING_FOUND
