"""What `measures --audit` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, emit

if TYPE_CHECKING:
    from searchkit.auditing import Finding
    from searchkit.searching import Index


def print_audit(index: Index, filters: Mapping[str, Any], style: str) -> int:
    """Print the figures that contradict each other, as they are found. Gives the exit status: 1 if there are none.

    `style`: table, or one of `render.FORMATS`.
    """
    from searchkit import render
    from searchkit.auditing import audit_index, finding_to_json

    status = NOTHING_FOUND

    def noted() -> Iterator[Finding]:
        """The findings; remembers that there is one."""
        nonlocal status
        for finding in audit_index(index, **filters):
            status = FOUND
            yield finding

    if style == "table":
        emit(render.safe(f"{item.kind:<10}{item.message}\n{'':<10}{', '.join(item.ids)}\n") for item in noted())
    else:
        emit(render.records(map(finding_to_json, noted()), style))
    return status
