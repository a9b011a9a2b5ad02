"""What tests of the command line share: the result of a command, and texts of paragraphs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

TEXTS = ("全年立案129件。", "=1+1 是公式，立案3件。", "@SUM(A1) 与 +1。", "-1 罚款5万元。", '逗号，和"引号"，立案7件。')
"""Texts of paragraphs, some of which a spreadsheet could read as formulas."""


class CommandResult(NamedTuple):
    """The exit status of a command, and what it printed on standard output and standard error."""

    status: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        """Return standard output as a JSON object."""
        value: dict[str, object] = json.loads(self.out)
        return value


Run = Callable[..., CommandResult]
