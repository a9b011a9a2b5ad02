"""The output of `measures --audit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, peek, write_output

if TYPE_CHECKING:
    from searchkit.index import Index


def print_audit(index: Index, filters: Mapping[str, Any], output_format: str) -> int:
    """Print the findings of an audit. Returns the exit status: NOTHING_FOUND if there are no findings.

    `output_format` is one of `output.records.RECORD_FORMATS`. Every format except json prints each finding as soon as
    the audit yields it.
    """
    from searchkit.output.json import finding_to_json
    from searchkit.output.records import format_records
    from searchkit.text.characters import sanitize

    has_findings, findings = peek(index.audit(**filters))
    if output_format == "table":
        write_output(
            sanitize(f"{finding.kind:<10}{finding.message}\n{'':<10}{', '.join(finding.ids)}\n") for finding in findings
        )
    else:
        write_output(format_records(map(finding_to_json, findings), output_format))
    return FOUND if has_findings else NOTHING_FOUND
