"""Figures of reports: how many of them are found, how well they are named and looked up, and how fast.

python -m bench.measures [--draw]

Measures against three reports annotated by hand and 773 government work reports, which lie beside the checkout (they
are not part of the project), against the labels in tests/measures and against the verdicts in
results/measures-sample.json; writes results/measures.json and MEASURES.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tabulate import tabulate

from bench import corpora, labels, machine, verdicts
from searchkit.corpus.reading import DocumentRead
from searchkit.measures.extractor import Extractor
from searchkit.measures.vocabulary import RULES
from searchkit.model import ExtractedMeasure, Measure

PAGE = Path(__file__).parent / "MEASURES.md"
RESULTS = Path(__file__).parent / "results" / "measures.json"
SHARED = corpora.REAL.parents[1]
"""Folder with the annotated reports and what scores them."""
TIMES = 3
"""How often extraction is timed; the median counts."""

_CODE = Path(__file__).parents[1] / "searchkit"
_SOURCES = ("measures/*.py", "numerals.py", "folding.py", "data/measure_units.toml", "data/fixed_names.txt")
_SEARCHKIT = [sys.executable, "-m", "searchkit"]
_LIBRARIES = ("searchkit", "numpy")  # those that take part
_MISSES = {
    "missed": r" measure missed: ",
    "not annotated": r" measure not in gold: ",
    "bound": r" bound ",
    "indicator": r" indicator ",
    "look-up": r"^look-up missed: ",
    "document or paragraph": r" (?:meta|paragraph|extra paragraph) ",
}
"""Kind of failure → what its lines in the scorer's list look like."""


def run(*, is_drawn: bool) -> dict[str, Any]:
    """Measure everything; draw figures to be judged if `is_drawn`. Needs the reports. Takes about two minutes.

    Raises RuntimeError if the rules were changed meanwhile.
    """
    code = _fingerprint()
    _say("annotated reports: index, score")
    record: dict[str, Any] = {"machine": machine.as_json(machine.describe())}
    today = datetime.now(timezone.utc).date().isoformat()
    record["settings"] = {"measured": today, "rules": RULES, "code": code, "times": TIMES}
    record["annotated"] = annotated()
    _say("real reports: read")
    documents = list(corpora.documents("gov"))
    extractor = Extractor.load()
    _say("labels")
    by_name = {read.document.document: read for read in documents}
    scores = {use: labels.score(use, by_name, extractor) for use in labels.USES}
    record["labels"] = {use: {**score.as_json(), "failures": _failed(use, score)} for use, score in scores.items()}
    _say("real reports: figures")
    found, record["real"] = real(documents, extractor)
    if _fingerprint() != code:
        raise RuntimeError("the rules were changed while they were measured: measure again")
    if is_drawn:
        verdicts.save(verdicts.draw(found, verdicts.load() if verdicts.FILE.exists() else ()))
    record["judged"] = verdicts.summary(verdicts.load(), found)
    return record


def annotated() -> dict[str, Any]:
    """What score_reports.py says of a fresh index of the annotated reports: its figures, and failures by kind."""
    with tempfile.TemporaryDirectory() as index:
        build = [*_SEARCHKIT, "build", str(SHARED / "corpus" / "seeds"), "--index", index]
        subprocess.run(build, check=True, capture_output=True)
        score = [sys.executable, str(SHARED / "tools" / "score_reports.py"), "--gold", str(SHARED / "gold")]
        score += ["--index", index, "--searchkit", shlex.join(_SEARCHKIT), "--json", "--misses"]
        *misses, figures = subprocess.run(score, check=True, capture_output=True, text=True).stdout.splitlines()
    kinds = Counter(next((kind for kind, line in _MISSES.items() if re.search(line, miss)), "other") for miss in misses)
    return {"figures": json.loads(figures), "failures": dict(kinds.most_common())}


def real(documents: Sequence[DocumentRead], extractor: Extractor) -> tuple[list[Measure], dict[str, Any]]:
    """The figures of documents in corpus order, and what there is to say of them: speed, kinds, periods, changes."""
    seconds, figures = [], [list[tuple[ExtractedMeasure, ...]]()]
    for _ in range(TIMES):
        started = time.process_time()
        figures = [extractor.extract(read.paragraphs) for read in documents]
        seconds.append(time.process_time() - started)
    found = [
        Measure(figure, paragraph)
        for read, of_document in zip(documents, figures, strict=True)
        for paragraph, of_paragraph in zip(read.paragraphs, of_document, strict=True)
        for figure in of_paragraph
    ]
    texts = [paragraph.text for read in documents for paragraph in read.paragraphs]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    return found, {
        "documents": len(documents),
        "paragraphs": len(texts),
        "text_mb": round(megabytes, 1),
        "figures": len(found),
        "mb_s": round(megabytes / statistics.median(seconds), 2),
        "kinds": dict(Counter(one.kind for one in found).most_common()),
        "with_period": _share(one.period is not None for one in found),
        "changes": _share(one.change is not None for one in found),
        "zeros": _share(one.zero for one in found),
    }


def render(record: Mapping[str, Any]) -> str:
    """The page of a record, as Markdown."""
    parts = [
        "# Figures of reports: what is found",
        "Written by `python -m bench.measures`, never by hand; needs the reports beside the checkout. "
        + _machine(record),
        *_annotated(record["annotated"]),
        *_labels(record["labels"]),
        *_real(record["real"]),
        *_judged(record["judged"]),
        *_failures(record),
    ]
    return "\n\n".join(parts) + "\n"


def _machine(record: Mapping[str, Any]) -> str:
    found, settings = record["machine"], record["settings"]
    libraries = ", ".join(f"{name} {found['libraries'][name]}" for name in _LIBRARIES)
    return (
        f"Measured {settings['measured']}: {found['cpu']}, {found['cores']} cores, {found['memory_gb']:.0f} GB, "
        f"{found['system']}, Python {found['python']}; {libraries}, rules {settings['rules']} ({settings['code']})."
    )


def _annotated(part: Mapping[str, Any]) -> list[str]:
    head = (
        "`score_reports.py --gold gold --index INDEX` on an index that `searchkit build` made of the five reports they "
        "are among: shares between 0 and 1. `indicator` is the mean likeness of names (Dice's coefficient of character "
        "bigrams) to the nearer of two wordings; `lookup1`, `lookup3`: a wording as the query of `searchkit measures` "
        "brings its figure first, among the first three. The rules were written with these reports at hand."
    )
    rows = ((f"`{name}`", value) for name, value in part["figures"].items())
    return ["## Three annotated reports", head, _table(("", "share"), rows)]


def _labels(part: Mapping[str, Any]) -> list[str]:
    names = [name for name in part[labels.DEVELOP] if name != "failures"]
    head = (
        "[Labelled by hand](../tests/measures/labels/README.md), 1955 to 2024. Rules are written by `develop`; "
        "`hold-out` is only for measuring, so its failures are counted and not listed. `indicator` as above; it and "
        "all below it are of the labels found."
    )
    rows = ((name, *(part[use][name] for use in labels.USES)) for name in names)
    return ["## Labelled paragraphs of eight work reports", head, _table(("", *labels.USES), rows)]


def _real(part: Mapping[str, Any]) -> list[str]:
    kinds = ((f"of the kind {kind}", f"{count:,}") for kind, count in part["kinds"].items())
    rows = [
        ("work reports", f"{part['documents']:,}"),
        ("paragraphs", f"{part['paragraphs']:,}"),
        ("text, MB", part["text_mb"]),
        ("figures", f"{part['figures']:,}"),
        *kinds,
        ("share with a period", part["with_period"]),
        ("share of changes", part["changes"]),
        ("share of statements of zero", part["zeros"]),
        ("MB of text a second of one core", part["mb_s"]),
    ]
    head = f"CPU time of extraction alone, reading excluded; median of {TIMES}. MB are 10**6 bytes of UTF-8."
    return ["## Work reports of seventy years", head, _table(("", ""), rows)]


def _judged(part: Mapping[str, Any]) -> list[str]:
    head = (
        f"{part['judged']} of {part['drawn']} figures of the work reports, drawn with seed {part['seed']}, each read "
        "in its sentence by one reader: [verdicts](results/measures-sample.json). *right*: a figure, with value, unit, "
        "bound and change right, and a name that tells what is counted; *indicator*: all right but the name, which "
        "misleads or says too little; *wrong*: anything else. The period is not judged."
    )
    rows = [(verdict, counts["judged"], counts["unchanged"]) for verdict, counts in part["verdicts"].items()]
    table = _table(("verdict", "judged", "still found unchanged"), rows)
    shares = (
        f"Precision, the share that is not wrong, is {_cell(part.get('precision'))}; the share right is "
        f"{_cell(part.get('share_right'))}: of all as they were judged. Verdicts on figures that are found differently "
        f"now are stale ({len(part['stale'])}). Rules mended by these failures need other figures to be judged."
    )
    history = (
        "A first 200, drawn with seed 2026, had precision 0.945 and share right 0.705. The rules were mended by its "
        "failures, so the figures above were drawn anew, from the mended rules."
    )
    return ["## Figures judged by hand", head, table, shares, history]


def _failures(record: Mapping[str, Any]) -> list[str]:
    rows: list[Sequence[object]] = [
        (f"judged, {verdict}", failure, count, left) for verdict, failure, count, left in record["judged"]["failures"]
    ]
    for use in labels.USES:
        kinds = record["labels"][use]["failures"]["kinds"]
        rows += [(f"labels, {use}", kind, count, "") for kind, count in kinds.items()]
    rows += [("annotated", kind, count, "") for kind, count in record["annotated"]["failures"].items()]
    head = (
        f"By where they show. The indicator of a label or annotation fails when its likeness is below {labels.POOR}. "
        "Those of the labels for development are in [measures.json](results/measures.json), those of the figures "
        "judged, with the reason, in the verdicts."
    )
    return ["## Known failures", head, _table(("where", "kind", "how many", "unchanged"), rows)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [[_cell(cell) for cell in row] for row in rows]
    alignment = ["left", *("right" for _ in heads[1:])]
    return tabulate(cells, heads, tablefmt="pipe", disable_numparse=True, colalign=alignment)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _failed(use: str, score: labels.Score) -> dict[str, Any]:
    """Failures by kind; each of them only where rules may be written by them."""
    kinds = Counter(failure.kind for failure in score.failures)
    single = [asdict(failure) for failure in score.failures] if use == labels.DEVELOP else []
    return {"kinds": dict(kinds.most_common()), "single": single}


def _share(values: Iterable[bool]) -> float:
    return round(statistics.fmean(values), 4)


def _fingerprint() -> str:
    """What decides the figures of a paragraph, as hexadecimal: rules may change without a new number of theirs."""
    sources = sorted(path for pattern in _SOURCES for path in _CODE.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Measure, write the results and the page. See the module's text."""
    parser = argparse.ArgumentParser(description="Measure how figures are found, named and looked up.")
    parser.add_argument("--draw", action="store_true", help="draw figures to judge anew; verdicts that hold are kept")
    arguments = parser.parse_args()
    if not corpora.is_there("gov"):
        parser.exit(3, f"no reports in {corpora.REAL}: nothing can be measured\n")
    record = run(is_drawn=arguments.draw)
    RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(record), encoding="utf-8")


if __name__ == "__main__":
    main()
