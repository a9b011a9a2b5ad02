"""What `measures --audit` prints."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from searchkit.cli.output import FOUND, NOTHING_FOUND, emit

if TYPE_CHECKING:
    from searchkit.index import Index


def print_audit(index: Index, filters: Mapping[str, Any], style: str) -> int:
    """Print the measures that contradict each other, as they are found. Gives the exit status: 1 if there are none.

    `style`: table, or one of `records.FORMATS`.
    """
    from searchkit.output.json import finding_to_json
    from searchkit.output.records import records
    from searchkit.text.characters import safe

    rest = index.audit(**filters)
    first = list(islice(rest, 1))
    findings = chain(first, rest)
    if style == "table":
        emit(safe(f"{item.kind:<10}{item.message}\n{'':<10}{', '.join(item.ids)}\n") for item in findings)
    else:
        emit(records(map(finding_to_json, findings), style))
    return FOUND if first else NOTHING_FOUND
