"""Figures of real reports judged by hand: which were drawn, what was said of them, what still holds.

A verdict holds as long as the same figure is found at the same place. `right`: a figure, with value, unit, bound and
change right, and a name that tells what is counted; `indicator`: all right but the name; `wrong`: anything else.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from searchkit.model import Measure

FILE = Path(__file__).parent / "results" / "measures-sample.json"
SEED = 2027
DRAWN = 200
"""Figures that are judged."""
VERDICTS = ("right", "indicator", "wrong")


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure as it was when it was judged, and what was said of it."""

    id: str
    """As a measure's: paragraph, then where the quote begins."""
    start: int
    value: int | float
    unit: str | None
    indicator: str
    bound: str
    change: str | None
    verdict: str | None = None
    """One of `VERDICTS`; None = not judged yet. It, reason and failure are written by hand."""
    reason: str | None = None
    """Why it is not right, in a few words."""
    failure: str | None = None
    """The kind of failure that it is one of."""

    def holds(self, measures: Mapping[str, Measure]) -> bool:
        """Whether it was judged and the figure is still found as it was. `measures`: by id."""
        found = measures.get(self.id)
        return self.verdict is not None and found is not None and _unjudged(found) == _without_verdict(self)


def draw(measures: Sequence[Measure], known: Sequence[Judged] = ()) -> list[Judged]:
    """Draw figures by a fixed seed, in the order of the corpus; of those that did not change the verdicts are kept."""
    places = sorted(random.Random(SEED).sample(range(len(measures)), min(DRAWN, len(measures))))  # noqa: S311 - no secret
    by_id = {measure.id: measure for measure in measures}
    kept = {judged.id: judged for judged in known if judged.holds(by_id)}
    return [kept.get(measures[place].id, _unjudged(measures[place])) for place in places]


def load() -> list[Judged]:
    """The verdicts of the committed file. Raises ValueError if one of them is none of `VERDICTS`."""
    judged = [Judged(**record) for record in json.loads(FILE.read_text(encoding="utf-8"))]
    for item in judged:
        if item.verdict is not None and (
            item.verdict not in VERDICTS or (item.verdict != "right") != bool(item.failure)
        ):
            raise ValueError(f"{FILE.name}: {item.id}: a verdict is right, or indicator or wrong with a failure")
    return judged


def save(judged: Sequence[Judged]) -> None:
    """Write the file, one figure a line, so that verdicts can be written into it."""
    lines = ",\n".join(json.dumps(asdict(item), ensure_ascii=False) for item in judged)
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def summary(judged: Sequence[Judged], measures: Sequence[Measure]) -> dict[str, Any]:
    """Count the verdicts, and how many of each still hold.

    Shares are of all that were judged, as they were then: failures that are mended no longer hold, so a share of those
    that do would rise by itself. `precision` is the share that is not wrong.
    """
    by_id = {measure.id: measure for measure in measures}
    given = [item for item in judged if item.verdict is not None]
    holding = [item for item in given if item.holds(by_id)]
    verdicts, still = Counter(item.verdict for item in given), Counter(item.verdict for item in holding)
    out: dict[str, Any] = {"seed": SEED, "drawn": len(judged), "judged": len(given), "unchanged": len(holding)}
    out["verdicts"] = {verdict: {"judged": verdicts[verdict], "unchanged": still[verdict]} for verdict in VERDICTS}
    if given:
        out["precision"] = round(1 - verdicts["wrong"] / len(given), 4)
        out["share_right"] = round(verdicts["right"] / len(given), 4)
    failures = Counter((item.verdict, item.failure) for item in given if item.failure)
    remaining = Counter((item.verdict, item.failure) for item in holding if item.failure)
    out["failures"] = [[*kind, count, remaining[kind]] for kind, count in failures.most_common()]
    out["stale"] = [item.id for item in given if not item.holds(by_id)]
    return out


def _unjudged(measure: Measure) -> Judged:
    return Judged(**{name: getattr(measure, name) for name in _FIGURE})


def _without_verdict(judged: Judged) -> Judged:
    return Judged(**{name: getattr(judged, name) for name in _FIGURE})


_FIGURE = tuple(field.name for field in fields(Judged) if field.name not in ("verdict", "reason", "failure"))
