"""The output of `measures --audit`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, write_text

if TYPE_CHECKING:
    from searchkit.index import Index


def print_audit(index: Index, filters: Mapping[str, Any], output_format: str, output: Path | None) -> int:
    """Print the findings of an audit, or write them to the file `output`, as a workbook if its name ends with .xlsx.

    `output_format` is one of `output.records.RECORD_FORMATS`. Returns the exit status: NOTHING_FOUND if there are no
    findings. Raises SearchkitError if the file cannot be written.
    """
    from searchkit.output.findings import format_findings
    from searchkit.output.json import finding_to_json
    from searchkit.output.records import format_records

    audit = index.audit(**filters)
    if output is not None and output.suffix.lower() == ".xlsx":
        from searchkit.output.xlsx import write_findings

        write_findings(audit, output)
    elif output_format == "table":
        write_text(format_findings(audit), output)
    else:
        write_text(format_records(map(finding_to_json, audit), output_format), output)
    return FOUND if audit.findings else NOTHING_FOUND
