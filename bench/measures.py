"""Evaluates the extraction of measures: precision, recall, indicators, years, look-up, and speed.

    python -m bench.measures [--draw]

The measures that the extractor finds are compared with three reports annotated by hand, with the labels in
tests/measures, and with the verdicts in results/measures-sample.json. Its speed is measured on 773 government work
reports. These and the annotated reports are in a folder next to the checkout, and not part of the project. Writes
results/measures.json and MEASURES.md.
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

from bench import corpora, labels, machine, times, verdicts
from searchkit.corpus.reading import ParsedDocument
from searchkit.measures.extractor import Extractor
from searchkit.measures.vocabulary import EXTRACTION_VERSION
from searchkit.model import ExtractedMeasure, Measure, Paragraph

PAGE = Path(__file__).parent / "MEASURES.md"
RESULTS = Path(__file__).parent / "results" / "measures.json"
SHARED = corpora.REAL.parents[1]
"""Folder with the annotated reports and the script that scores them."""
RUNS = 3
"""Number of timed runs of the extraction, of which the median is reported."""

_CODE = Path(__file__).parents[1] / "searchkit"
_SOURCES = (
    "measures/*.py",
    "corpus/times/*.py",
    "text/numerals.py",
    "text/folding.py",
    "data/measure_units.toml",
    "data/fixed_names.txt",
)
"""Patterns of the files in `_CODE` that are the rules of extraction.

The modules that read and split the reports also affect the measures, and are not among them.
"""
_SEARCHKIT = [sys.executable, "-m", "searchkit"]
"""Command line of searchkit."""
_LIBRARIES = ("searchkit", "numpy")
"""Packages whose versions the page states."""
_MISSES = {
    "missed": r" measure missed: ",
    "not annotated": r" measure not in gold: ",
    "bound": r" bound ",
    "indicator": r" indicator ",
    "look-up": r"^look-up missed: ",
    "document or paragraph": r" (?:meta|paragraph|extra paragraph) ",
}
"""Patterns of the lines about failures in the output of the scoring script, by kind of failure.

The first pattern that matches a line decides.
"""


def run(*, is_drawn: bool) -> dict[str, Any]:
    """Run all evaluations, and return the record for measures.json. Draws a new sample for verdicts if `is_drawn`.

    Needs the reports, and takes about two minutes. Raises RuntimeError if the rules change during the evaluation.
    """
    code = _fingerprint()
    _say("annotated reports: index, score")
    record: dict[str, Any] = {"machine": machine.as_json(machine.describe())}
    today = datetime.now(timezone.utc).date().isoformat()
    record["settings"] = {"measured": today, "rules": EXTRACTION_VERSION, "code": code, "times": RUNS}
    record["annotated"] = evaluate_annotated()
    _say("real reports: read")
    documents = list(corpora.documents("gov"))
    extractor = Extractor.load()
    _say("labels")
    by_name = {parsed.document.document: parsed for parsed in documents}
    scores = {use: labels.score_extractor(use, by_name, extractor) for use in labels.USES}
    record["labels"] = {
        use: {**score.as_json(), "failures": _count_failures(use, score)} for use, score in scores.items()
    }
    _say("real reports: measures")
    measures, record["real"] = evaluate_real(documents, extractor)
    if _fingerprint() != code:
        raise RuntimeError("the rules were changed during the evaluation: run it again")
    if is_drawn:
        verdicts.save(verdicts.draw(measures, verdicts.load() if verdicts.FILE.exists() else ()))
    record["judged"] = verdicts.summarise(verdicts.load(), measures)
    record["years"] = evaluate_years(documents, measures)
    return record


def evaluate_annotated() -> dict[str, Any]:
    """Run score_reports.py on a new index of five reports, the annotated ones among them.

    Returns the scores, and the number of failures by kind.
    """
    with tempfile.TemporaryDirectory() as index:
        build = [*_SEARCHKIT, "build", str(SHARED / "corpus" / "seeds"), "--index", index]
        subprocess.run(build, check=True, capture_output=True)
        score = [sys.executable, str(SHARED / "tools" / "score_reports.py"), "--gold", str(SHARED / "gold")]
        score += ["--index", index, "--searchkit", shlex.join(_SEARCHKIT), "--json", "--misses"]
        *misses, scores = subprocess.run(score, check=True, capture_output=True, text=True).stdout.splitlines()
    kinds = Counter(next((kind for kind, line in _MISSES.items() if re.search(line, miss)), "other") for miss in misses)
    return {"scores": json.loads(scores), "failures": dict(kinds.most_common())}


def evaluate_real(documents: Sequence[ParsedDocument], extractor: Extractor) -> tuple[list[Measure], dict[str, Any]]:
    """Return the measures of documents in corpus order, and statistics.

    The statistics are numbers of records, the speed, the number of measures of each kind, and the shares of measures
    that have a period, are changes or are statements of zero.
    """
    seconds, extracted = [], [list[tuple[ExtractedMeasure, ...]]()]
    for _ in range(RUNS):
        started = time.process_time()
        extracted = [extractor.extract(parsed.paragraphs, parsed.tables) for parsed in documents]
        seconds.append(time.process_time() - started)
    measures = [
        Measure(measure, paragraph)
        for parsed, of_document in zip(documents, extracted, strict=True)
        for paragraph, of_paragraph in zip(parsed.paragraphs, of_document, strict=True)
        for measure in of_paragraph
    ]
    texts = [paragraph.text for parsed in documents for paragraph in parsed.paragraphs]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    return measures, {
        "documents": len(documents),
        "paragraphs": len(texts),
        "text_mb": round(megabytes, 1),
        "measures": len(measures),
        "mb_s": round(megabytes / statistics.median(seconds), 2),
        "kinds": dict(Counter(measure.kind for measure in measures).most_common()),
        "with_period": _share(measure.period is not None for measure in measures),
        "changes": _share(measure.change is not None for measure in measures),
        "zeros": _share(measure.zero for measure in measures),
    }


def evaluate_years(documents: Sequence[ParsedDocument], measures: Sequence[Measure]) -> dict[str, Any]:
    """Return the scores of `times.score` for each use of the labels. Only labels of these documents are counted."""
    paragraphs = {paragraph.id: paragraph for parsed in documents for paragraph in parsed.paragraphs}
    of_paragraph: dict[str, list[Measure]] = {}
    for measure in measures:
        of_paragraph.setdefault(measure.source.id, []).append(measure)

    def read(paragraph_id: str) -> tuple[Paragraph, Sequence[Measure]] | None:
        """Return a paragraph and its measures, or None if no document has the paragraph."""
        paragraph = paragraphs.get(paragraph_id)
        return None if paragraph is None else (paragraph, of_paragraph.get(paragraph_id, ()))

    return {use: times.score(use, read) for use in labels.USES}


def render(record: Mapping[str, Any]) -> str:
    """Return the page of a record as Markdown."""
    parts = [
        "# Evaluation of extracted measures",
        "Generated by `python -m bench.measures`, which needs the reports next to the checkout. Do not edit. "
        + _machine(record),
        *_annotated(record["annotated"]),
        *_labels(record["labels"]),
        *_years(record["years"]),
        *_real(record["real"]),
        *_judged(record["judged"]),
        *_failures(record),
    ]
    return "\n\n".join(parts) + "\n"


def _machine(record: Mapping[str, Any]) -> str:
    """Return a sentence about the date, the machine and the versions of an evaluation."""
    host, settings = record["machine"], record["settings"]
    libraries = ", ".join(f"{name} {host['libraries'][name]}" for name in _LIBRARIES)
    return (
        f"Measured {settings['measured']}: {host['cpu']}, {host['cores']} cores, {host['memory_gb']:.0f} GB, "
        f"{host['system']}, Python {host['python']}; {libraries}, rules {settings['rules']} ({settings['code']})."
    )


def _annotated(part: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about the annotated reports: heading, introduction, table."""
    head = (
        "Output of `score_reports.py --gold gold --index INDEX`, for an index that `searchkit build` made of five "
        "reports, these three among them. All values are shares between 0 and 1. `meta`: share of document fields "
        "that are right; `path`, `section`, `topic_top1`: shares of the paragraphs found whose heading path, section "
        "or first topic is right; `base`, `bound`, `change`: shares of the measures found whose field is right. "
        "`indicator` is the mean similarity (Dice's coefficient of character bigrams) of the indicator to the nearest "
        "labelled wording (one or two). `lookup1` and `lookup3`: with the first wording as the query, filtered by "
        "district, year and kind of report, `searchkit measures` returns the measure first, or among the first three. "
        "The rules were developed with these reports."
    )
    rows = ((f"`{name}`", value) for name, value in part["scores"].items())
    return ["## Three annotated reports", head, _table(("", "share"), rows)]


def _labels(part: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about the labelled paragraphs: heading, introduction, table."""
    names = [name for name in part[labels.DEVELOP] if name != "failures"]
    head = (
        "[Labelled by hand](../tests/measures/labels/README.md), reports from 1955 to 2024. The rules are developed "
        "with `develop`. `hold-out` is for evaluation only, so its failures are counted but not listed. `indicator` is "
        "defined as above; it and the rows below it refer to the found labels."
    )
    rows = ((name, *(part[use][name] for use in labels.USES)) for name in names)
    return ["## Labelled paragraphs of eight work reports", head, _table(("", *labels.USES), rows)]


def _years(part: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about years and statuses: heading, introduction, table."""
    head = (
        "[Labelled by hand](../tests/measures/times/README.md) before the rules existed. `random` and `paragraphs` are "
        "random samples. `indicators` are the labels that also state an indicator. The other samples are measures next "
        "to rare wordings, which `bench/times.py` finds by a pattern. The columns after `labels` are shares of the "
        "labels: those whose field is right and, for `indicators`, those whose indicator is a right wording (`equal`), "
        "contains a right wording and more words (`longer`), or is another (`other`). "
        "[docs/times.md](../docs/times.md) describes the fields."
    )
    names = ("labels", *times.FIELDS, *times.JUDGEMENTS)
    rows = [
        (f"{sample}, {use}", *(shares.get(name, "") for name in names))
        for use, scores in part.items()
        for sample, shares in scores.items()
    ]
    return ["## Years and statuses", head, _table(("", *names), rows)]


def _real(part: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about all measures of the work reports: heading, introduction, table."""
    kinds = ((f"of the kind {kind}", f"{count:,}") for kind, count in part["kinds"].items())
    rows = [
        ("work reports", f"{part['documents']:,}"),
        ("paragraphs", f"{part['paragraphs']:,}"),
        ("text, MB", part["text_mb"]),
        ("measures", f"{part['measures']:,}"),
        *kinds,
        ("share with a period", part["with_period"]),
        ("share of changes", part["changes"]),
        ("share of statements of zero", part["zeros"]),
        ("MB of text per second on one core", part["mb_s"]),
    ]
    head = (
        f"CPU time of the extraction, without reading the reports; median of {RUNS} runs. MB are 10**6 bytes of UTF-8."
    )
    return ["## Work reports of seventy years", head, _table(("", ""), rows)]


def _judged(part: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about the judged sample: heading, introduction, table, two paragraphs."""
    head = (
        f"{part['judged']} of {part['drawn']} measures of the work reports, drawn with seed {part['seed']}, each "
        "judged in its sentence by one person: [verdicts](results/measures-sample.json). *right*: a measure whose "
        "value, unit, bound and change are right, and whose indicator names what is counted; *indicator*: all right "
        "except for the indicator, which is misleading or too vague; *wrong*: anything else. The period is not judged."
    )
    rows = [(verdict, counts["judged"], counts["unchanged"]) for verdict, counts in part["verdicts"].items()]
    table = _table(("verdict", "judged", "still extracted unchanged"), rows)
    shares = (
        f"Precision, the share that is not wrong, is {_cell(part.get('precision'))}; the share that is right is "
        f"{_cell(part.get('share_right'))}. Both refer to all measures as they were judged. A verdict is stale if its "
        f"measure is extracted differently now ({len(part['stale'])} are). After these failures have been used to "
        "improve the rules, a new sample must be judged."
    )
    history = (
        "A first sample of 200, drawn with seed 2026, had a precision of 0.945 and a share of 0.705 right. Its "
        "failures were used to improve the rules, so the sample above was drawn anew from the improved rules."
    )
    return ["## Measures judged by hand", head, table, shares, history]


def _failures(record: Mapping[str, Any]) -> list[str]:
    """Return the section of the page about the failures in all evaluations: heading, introduction, table."""
    rows: list[Sequence[object]] = [
        (f"judged, {verdict}", failure, count, unchanged)
        for verdict, failure, count, unchanged in record["judged"]["failures"]
    ]
    for use in labels.USES:
        kinds = record["labels"][use]["failures"]["kinds"]
        rows += [(f"labels, {use}", kind, count, "") for kind, count in kinds.items()]
    rows += [("annotated", kind, count, "") for kind, count in record["annotated"]["failures"].items()]
    head = (
        "Failures are counted by evaluation and kind. `unchanged`: the judged measures that are still extracted as "
        f"they were judged. The indicator of a label or an annotation fails if its similarity is below "
        f"{labels.MIN_SIMILARITY}. Failures of the labels for development are listed in "
        "[measures.json](results/measures.json), failures of the judged measures, with reasons, in the verdicts."
    )
    return ["## Known failures", head, _table(("evaluation", "kind", "number", "unchanged"), rows)]


def _table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table. All columns but the first are aligned to the right."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    alignment = ["left", *("right" for _ in headers[1:])]
    return tabulate(cells, headers, tablefmt="pipe", disable_numparse=True, colalign=alignment)


def _cell(value: object) -> str:
    """Format a value. A float has at most four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _count_failures(use: str, score: labels.Score) -> dict[str, Any]:
    """Return the number of failures by kind. For the labels for development, return each failure too."""
    kinds = Counter(mismatch.kind for mismatch in score.mismatches)
    single = [asdict(mismatch) for mismatch in score.mismatches] if use == labels.DEVELOP else []
    return {"kinds": dict(kinds.most_common()), "single": single}


def _share(values: Iterable[bool]) -> float:
    """Return the share of true values, rounded."""
    return round(statistics.fmean(values), 4)


def _fingerprint() -> str:
    """Return a hexadecimal digest of the rules of extraction (`_SOURCES`).

    Unlike `EXTRACTION_VERSION`, it changes with every edit of these files.
    """
    sources = sorted(path for pattern in _SOURCES for path in _CODE.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _say(text: str) -> None:
    """Print a line about the progress."""
    print(text, flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Evaluate the extraction and the look-up of measures.")
    parser.add_argument("--draw", action="store_true", help="draw a new sample for verdicts; valid verdicts are kept")
    arguments = parser.parse_args()
    if not corpora.is_available("gov"):
        parser.exit(3, f"no reports in {corpora.REAL}: nothing can be evaluated\n")
    record = run(is_drawn=arguments.draw)
    RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(record), encoding="utf-8")


if __name__ == "__main__":
    main()
