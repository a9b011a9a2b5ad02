"""A random sample of measures from real reports, with verdicts by a person.

A verdict is valid as long as an equal measure is extracted at the same position. `right`: a measure whose value, unit,
bound and change are right, and whose indicator names what is counted; `indicator`: all right except for the indicator;
`wrong`: anything else.
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
"""File of the sample, with the verdicts entered by hand."""
SEED = 2027
"""Seed of the random choice of measures."""
SAMPLE_SIZE = 200
"""Maximum number of measures in the sample."""
VERDICTS = ("right", "indicator", "wrong")
"""Possible verdicts. The docstring of this module explains them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A measure as it was when it was drawn, and the verdict on it."""

    id: str
    """Id of the measure: the id of its paragraph and the start of its quote."""
    start: int
    """Start of the quote in the text of the paragraph, in code points."""
    value: int | float
    unit: str | None
    indicator: str
    bound: str
    change: str | None
    verdict: str | None = None
    """One of `VERDICTS`, or None before a person has judged. Verdict, reason and failure are entered by hand."""
    reason: str | None = None
    """Why the measure is not right, in a few words."""
    failure: str | None = None
    """Kind of failure, by which failures are counted. None if the measure is right or not judged."""

    def is_valid(self, measures: Mapping[str, Measure]) -> bool:
        """Return whether there is a verdict, and `measures` (by id) still contains an equal measure."""
        current = measures.get(self.id)
        return self.verdict is not None and current is not None and _unjudged(current) == _without_verdict(self)


def draw(measures: Sequence[Measure], earlier: Sequence[Judged] = ()) -> list[Judged]:
    """Draw a sample with a fixed seed, in corpus order. Valid verdicts of an earlier sample are kept."""
    indexes = sorted(random.Random(SEED).sample(range(len(measures)), min(SAMPLE_SIZE, len(measures))))  # noqa: S311 - no secret
    by_id = {measure.id: measure for measure in measures}
    valid = {judged.id: judged for judged in earlier if judged.is_valid(by_id)}
    return [valid.get(measures[index].id, _unjudged(measures[index])) for index in indexes]


def load() -> list[Judged]:
    """Read the committed sample. Raises ValueError if a verdict is unknown or does not fit its failure."""
    judged = [Judged(**record) for record in json.loads(FILE.read_text(encoding="utf-8"))]
    for item in judged:
        if item.verdict is not None and (
            item.verdict not in VERDICTS or (item.verdict != "right") != bool(item.failure)
        ):
            raise ValueError(f"{FILE.name}: {item.id}: verdict must be right, or indicator or wrong with a failure")
    return judged


def save(judged: Sequence[Judged]) -> None:
    """Write the sample, one measure per line, so that verdicts can be entered by hand."""
    lines = ",\n".join(json.dumps(asdict(item), ensure_ascii=False) for item in judged)
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def summarise(judged: Sequence[Judged], measures: Sequence[Measure]) -> dict[str, Any]:
    """Return a JSON object with the number of verdicts, and the number of valid ones among them (`unchanged`).

    Verdicts and failures are also counted by kind. `stale` has the ids of the measures with verdicts that are no longer
    valid. Shares refer to all measures as they were judged. Verdicts on failures that have been fixed are no longer
    valid, so a share of the valid verdicts would rise by itself. `precision` is the share that is not wrong.
    """
    by_id = {measure.id: measure for measure in measures}
    decided = [item for item in judged if item.verdict is not None]
    valid = [item for item in decided if item.is_valid(by_id)]
    verdicts, unchanged = Counter(item.verdict for item in decided), Counter(item.verdict for item in valid)
    out: dict[str, Any] = {"seed": SEED, "drawn": len(judged), "judged": len(decided), "unchanged": len(valid)}
    out["verdicts"] = {verdict: {"judged": verdicts[verdict], "unchanged": unchanged[verdict]} for verdict in VERDICTS}
    if decided:
        out["precision"] = round(1 - verdicts["wrong"] / len(decided), 4)
        out["share_right"] = round(verdicts["right"] / len(decided), 4)
    failures = Counter((item.verdict, item.failure) for item in decided if item.failure)
    remaining = Counter((item.verdict, item.failure) for item in valid if item.failure)
    out["failures"] = [[*kind, count, remaining[kind]] for kind, count in failures.most_common()]
    out["stale"] = [item.id for item in decided if not item.is_valid(by_id)]
    return out


def _unjudged(measure: Measure) -> Judged:
    """Return a measure in the form of the sample, without a verdict."""
    return Judged(**{name: getattr(measure, name) for name in _MEASURE_FIELDS})


def _without_verdict(judged: Judged) -> Judged:
    """Return a judged measure as it was before the verdict."""
    return Judged(**{name: getattr(judged, name) for name in _MEASURE_FIELDS})


_MEASURE_FIELDS = tuple(field.name for field in fields(Judged) if field.name not in ("verdict", "reason", "failure"))
"""Attributes that `Judged` has in common with `Measure`."""
