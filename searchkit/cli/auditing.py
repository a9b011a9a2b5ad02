"""The option `measures --audit`: runs the audit, and prints the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, WORKBOOK, Target
from searchkit.translation import gettext as _

if TYPE_CHECKING:
    from searchkit.index import Index


def print_audit(index: Index, filters: Mapping[str, Any], target: Target) -> int:
    """Audit the measures that pass the filters, and print the findings or write them to a file.

    `filters` are keyword arguments of `Index.audit`, also `timeout`. A workbook also has the number of findings of each
    kind. Returns the exit status: FOUND, or NOTHING_FOUND if there are no findings. Raises the exceptions of
    `Index.audit`, and SearchkitError if the file cannot be written.
    """
    from searchkit.cli.progress import long_work
    from searchkit.output.findings import format_findings
    from searchkit.output.json import finding_to_json

    with long_work(_("auditing"), lambda _progress: _("nothing was written")) as progress:
        audit = index.audit(on_progress=progress, **filters)
    if target.format == WORKBOOK and target.path is not None:
        from searchkit.output.xlsx import write_findings

        write_findings(audit, target.path)
    elif target.format == "table":
        target.write(format_findings(audit))
    else:
        target.write_records(map(finding_to_json, audit), "findings")
    return FOUND if audit.findings else NOTHING_FOUND
