"""Random samples of measures and paragraphs of real reports, whose years and statuses are labelled by a person.

    python -m bench.times --draw INDEX…            # write the samples from indexes of the reports, and keep the labels
    python -m bench.times --show develop INDEX…    # print the labels for a use, with their text
    python -m bench.times --score hold-out INDEX…  # print how many labels for a use equal the extracted measures

The use of a label is the development of rules (`develop`) or only their evaluation (`hold-out`).
tests/measures/times/README.md describes the samples and the labels.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tabulate import tabulate

import searchkit
from bench.labels import USES
from searchkit.index import Index
from searchkit.model import Document, Measure, Paragraph

FILE = Path(__file__).parents[1] / "tests" / "measures" / "times" / "labels.json"
SEED = 1954
SIZES = {"国务院": (10, 11), "人民政府": (19, 17), "": (32, 24)}
"""Maximum number of measures, and of paragraphs, that are drawn from each stratum (`_stratum`), by agency. `""` stands
for all other reports."""
PATTERNS = {
    "part": (
        r"上半年|下半年|季度|[至到—－~～-]\s*(?:\d+|[一二三四五六七八九十]+)月|[截到]至?[^，。；|]{0,8}月(?:[底末份]|\d)",
        60,
    ),
    "before": (r"[从由](?!此)[^，。；|]{0,15}\||比[^，。；|]{2,6}的\||(?:上年|去年)(?:同期)?的?\|", 40),
    "rule": (r"(?:过|不足|低于)\|[^|]*\|的|以[上下内]\|的|(?:罚款|不得)[^，。；|]{0,10}\||起征[^，。；|]{0,6}\|", 30),
    "years": (r"(?:[三四五六七八九十]|\b\d)年[来间内]?[^，。；|]{0,20}\||累计[^，。；]*\||期间|年均", 30),
    "months": (
        r"(?:[上下]半年|[一二三四]季度|[至到—－~～-]\s*(?:\d+|[一二三四五六七八九十]+)月|[截到][^，。；|每]{0,8}月)[^。；|]{0,20}\|",
        40,
    ),
}
"""For each sample of measures except `random`, the pattern of the text around a measure, and the maximum number of
measures drawn. In the text, the quote of the measure is between two bars."""
_REACH = 40, 8
"""Number of characters before and after a measure in which a pattern is searched."""
_SPARSE = {("国务院", 1960), ("国务院", 1970)}  # strata with few reports: a third of `SIZES` is drawn
_CHANGE = re.compile("(?:[同环]比)?(?:增长|增加|提高|上升|扩大|翻番?|下降|降低|减少)(?:率|幅度)?$")
"""Matches words for a change at the end of an indicator, which comparisons of indicators ignore."""
_CONTEXT = 350
"""Maximum number of characters printed before a measure. After it, at most a third as many are printed."""

FIELDS = ("of_year", "since", "part", "stock", "status")
"""Labelled fields of a measure."""
JUDGEMENTS = ("equal", "longer", "other")
"""What `judge` returns."""

Label = dict[str, Any]
Reader = Callable[[str], "tuple[Paragraph, Sequence[Measure]] | None"]
"""Returns a paragraph with its measures, or None if there is none with the id."""
Stratum = tuple[str, int, int]  # agency, first year of the decade, half of the report (0 or 1)


def use_of(document: str) -> str:
    """Return the use of the labels of a document: by the parity of the first byte of the SHA-256 of its id."""
    return USES[hashlib.sha256(document.encode()).digest()[0] % 2]


def load() -> dict[str, list[Label]]:
    """Read the labels: lists named `measures` and `paragraphs`, which are empty if there is no file."""
    if not FILE.exists():
        return {"measures": [], "paragraphs": []}
    labels: dict[str, list[Label]] = json.loads(FILE.read_text(encoding="utf-8"))
    return labels


def save(labels: dict[str, list[Label]]) -> None:
    """Write the labels, one per line, so that a person can complete them."""
    lists = (
        f' "{name}": [\n' + ",\n".join("  " + json.dumps(label, ensure_ascii=False) for label in items) + "\n ]"
        for name, items in labels.items()
    )
    FILE.write_text("{\n" + ",\n".join(lists) + "\n}\n", encoding="utf-8")


def draw(indexes: Sequence[Index]) -> dict[str, list[Label]]:
    """Draw measures and paragraphs with a fixed seed. Returns labels that name them by their ids in the indexes.

    The sample `random` of the measures, and the paragraphs, are in random order.
    """
    measures: dict[Stratum, list[Measure]] = defaultdict(list)
    paragraphs: dict[Stratum, list[Paragraph]] = defaultdict(list)
    windows: dict[str, str] = {}
    for index in indexes:
        documents = {document.document: document for document in index.documents()}
        for paragraph in index.paragraphs():
            stratum = _stratum(documents[paragraph.document], paragraph.n)
            paragraphs[stratum].append(paragraph)
            for measure in index.measures_of([paragraph.id])[0]:
                measures[stratum].append(measure)
                windows[measure.id] = _window(paragraph.text, measure)
    chance = random.Random(SEED)  # noqa: S311 - no secret
    drawn = list(_sample(measures, 0, chance)), list(_sample(paragraphs, 1, chance))
    for items in drawn:
        chance.shuffle(items)
    chosen = {item.id for item in drawn[0]}
    windows = {key: window for key, window in windows.items() if key not in chosen}
    taken: set[str] = set()
    samples = {"random": drawn[0]} | {name: _match(name, measures, windows, taken, chance) for name in PATTERNS}
    return {
        "measures": [
            {
                "id": item.id,
                "end": item.end,
                "sample": name,
                "use": use_of(item.document),
                "value": item.value,
                "unit": item.unit,
            }
            for name, items in samples.items()
            for item in items
        ],
        "paragraphs": [{"id": item.id, "use": use_of(item.document)} for item in drawn[1]],
    }


def show(label: Label, index: Index) -> Iterator[str]:
    """Yield lines with the text that a label is about: headings, both ends of the paragraph before, the text itself.

    For a label of a paragraph, the text itself is the paragraph. For a label of a measure, it is the text around the
    quote of the measure, which is between 【【 and 】】. Yields nothing if the index does not contain the paragraph.
    """
    paragraph_id, _, start = label["id"].partition("@")
    paragraph = index.paragraph(paragraph_id)
    if paragraph is None:
        return
    yield f"=== {label['id']} · {paragraph.year} {paragraph.doctype}"
    yield json.dumps({key: value for key, value in label.items() if key != "id"}, ensure_ascii=False)
    yield f"[{' > '.join(paragraph.path)}] {paragraph.section}"
    before = index.paragraph(f"{paragraph.document}#{paragraph.n - 1}")
    if before is not None:
        yield f"… {before.text[:60]} … {before.text[-60:]}"
    text = paragraph.text
    if start:
        begin, end = int(start), label["end"]
        before_quote, after = text[max(begin - _CONTEXT, 0) : begin], text[end : end + _CONTEXT // 3]
        opening = text[: min(60, max(begin - _CONTEXT, 0))]
        text = f"{opening}…{before_quote}【【{text[begin:end]}】】{after}"
    yield text


def score(use: str, read: Reader) -> dict[str, dict[str, Any]]:
    """Compare the labels for a use with what was extracted.

    Returns, for each sample, the number of labels, and the share of labels for which a field is right, by field. For
    the sample `indicators`, it is the share of labels with each of `JUDGEMENTS`. Labels of measures with `skip` do not
    count.

    `read` returns a paragraph with its measures, or None if its report is missing. Labels of missing reports are
    skipped. The measure of a label is the one with the end and value of the label, or else the one with its start. If
    there is no such measure, all fields are wrong.
    """
    labels = load()
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for label in (label for label in labels["measures"] if label["use"] == use and not label.get("skip")):
        paragraph_id, _, start = label["id"].partition("@")
        found = read(paragraph_id)
        if found is not None:
            measure = _find_measure(label, int(start), found[1])
            right[label["sample"]] += Counter(name for name in FIELDS if measure and _is_right(label, name, measure))
            right[label["sample"]]["labels"] += 1
            if label.get("indicators"):
                right["indicators"] += Counter(
                    ("labels", judge(measure.indicator if measure else "", label["indicators"]))
                )
    for label in (label for label in labels["paragraphs"] if label["use"] == use):
        found = read(label["id"])
        if found is not None:
            answers = [label["of_year"], *(other["of_year"] for other in label.get("accept", ()))]
            right["paragraphs"] += Counter(labels=1, of_year=int(list(found[0].of_year) in answers))
    names = {"paragraphs": ("of_year",), "indicators": JUDGEMENTS}
    return {
        sample: {"labels": counts["labels"]}
        | {name: round(counts[name] / counts["labels"], 4) for name in names.get(sample, FIELDS)}
        for sample, counts in right.items()
    }


def read_indexes(indexes: Sequence[Index]) -> Reader:
    """Return a function that looks for a paragraph in some indexes, as `Reader` says."""

    def read(paragraph_id: str) -> tuple[Paragraph, Sequence[Measure]] | None:
        """Return the paragraph with an id, and its measures, or None if no index has it."""
        for index in indexes:
            paragraph = index.paragraph(paragraph_id)
            if paragraph is not None:
                return paragraph, index.measures_of([paragraph_id])[0]
        return None

    return read


def _find_measure(label: Label, start: int, measures: Sequence[Measure]) -> Measure | None:
    """Return the measure that a label is about, or None."""
    same_number = [item for item in measures if (item.end, item.value) == (label["end"], label["value"])]
    return next(iter([*same_number, *(item for item in measures if item.start == start)]), None)


def _is_right(label: Label, name: str, measure: Measure) -> bool:
    """Return whether a field of a measure equals that of the label, or of one of its alternatives."""
    value = getattr(measure, name)
    return value == label[name] or any(name in other and other[name] == value for other in label.get("accept", ()))


def judge(indicator: str, wordings: Iterable[str]) -> str:
    """Compare an indicator with the right wordings: it is `equal` to a wording, `longer` than a wording, or `other`.

    Marks, blanks, 的 and a word for a change at the end (`_CHANGE`) are ignored. A longer indicator contains all words
    of the wording, in their order. Whether it is right depends on its other words, which only a person can judge.
    """
    name = "".join(_words(indicator))
    expected = [_words(wording) for wording in wordings]
    if name in map("".join, expected):
        return "equal"
    return "longer" if any(re.search(".*".join(words), name) for words in expected) else "other"


def _words(indicator: str) -> list[str]:
    return re.sub(r"[^\w\s]|的", "", _CHANGE.sub("", indicator)).split()


def _stratum(document: Document, number: int) -> Stratum:
    """Return the stratum of paragraph `number`, from 1, of a document.

    A stratum has the first or the second halves of the reports of an agency in a decade. All years of 人民政府 before
    1990 count as one decade. A report without an agency has the agency `""`. Reports of agencies that `SIZES` does not
    name share one stratum.
    """
    agency = document.agency or ""
    if agency not in SIZES:
        return "", 0, 0
    decade = (document.year or 0) // 10 * 10
    if agency == "人民政府":
        decade = max(decade, 1980)
    return agency, decade, int(number > document.paragraphs / 2)


def _sample(strata: dict[Stratum, list[Any]], position: int, chance: random.Random) -> Iterator[Any]:
    """Draw items from each stratum, at most as many as `SIZES` says, or a third of them for `_SPARSE`.

    `position`: 0 for measures, 1 for paragraphs, the index of their number in `SIZES`.
    """
    for stratum in sorted(strata):
        size = SIZES[stratum[0]][position]
        if stratum[:2] in _SPARSE:
            size //= 3
        yield from chance.sample(strata[stratum], min(size, len(strata[stratum])))


def _window(text: str, measure: Measure) -> str:
    """Return the text around a measure in which patterns are searched, with bars around the quote."""
    begin, end = measure.start, measure.end
    return f"{text[max(begin - _REACH[0], 0) : begin]}|{text[begin:end]}|{text[end : end + _REACH[1]]}"


def _match(
    name: str,
    measures: dict[Stratum, list[Measure]],
    windows: dict[str, str],
    taken: set[str],
    chance: random.Random,
) -> list[Measure]:
    """Draw measures in whose window the pattern `name` is found, from the strata in turn, one per document.

    Documents in `taken` are skipped. The documents of the drawn measures are added to `taken`.
    """
    pattern, size = re.compile(PATTERNS[name][0]), PATTERNS[name][1]
    lists = [
        [item for item in items if pattern.search(windows.get(item.id, ""))] for _, items in sorted(measures.items())
    ]
    for items in lists:
        chance.shuffle(items)
    drawn: list[Measure] = []
    for item in (item for row in zip_longest(*lists) for item in row if item is not None):
        if len(drawn) < size and item.document not in taken:
            drawn.append(item)
            taken.add(item.document)
    return drawn


def main(arguments: Iterable[str] | None = None) -> None:
    """Draw the samples, print the scores, or print labels with their text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true", help="add the samples, without labels")
    parser.add_argument("--show", choices=USES, help="print the labels for a use, with their text")
    parser.add_argument("--score", choices=USES, help="print the shares of right fields, for a use")
    parser.add_argument("indexes", nargs="+", type=Path)
    options = parser.parse_args(None if arguments is None else list(arguments))
    with ExitStack() as stack:
        indexes = [stack.enter_context(searchkit.open(path)) for path in options.indexes]
        if options.draw:
            drawn, earlier = draw(indexes), load()
            kept = {name: {label["id"]: label for label in items} for name, items in earlier.items()}
            save({name: [kept[name].get(label["id"], label) for label in items] for name, items in drawn.items()})
        if options.score:
            scores = score(options.score, read_indexes(indexes))
            print(tabulate([{"sample": sample, **shares} for sample, shares in scores.items()], "keys"))
        if options.show:
            for label in (label for items in load().values() for label in items if label["use"] == options.show):
                print(*(line for index in indexes for line in show(label, index)), sep="\n")


if __name__ == "__main__":
    main()
