"""The JSON records of docs/records.md, and the commands that print an example of each."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from source import class_at

from searchkit import (
    AggregateGroup,
    BuildReport,
    Completion,
    Document,
    Hit,
    Index,
    Measure,
    MeasureHit,
    MeasureResults,
    Paragraph,
    Results,
    Suggestion,
    Table,
    UnderstoodFilter,
)
from searchkit.cli.main import main
from searchkit.corpus.reading import ParsedDocument
from searchkit.indexing.build import write_index
from searchkit.model import table_from_json
from searchkit.search.conditions import Condition
from searchkit.search.outlining import Excerpt, OutlineEntry, ReportOfYear
from searchkit.search.records import Records
from searchkit.tabular import Tabular

REPORTS = Path(__file__).parents[1] / "corpus" / "reports"

CONTRADICTORY_REPORT = (
    "某区卫生健康委2023年法治政府建设年度报告\n\n全年接到投诉举报共20件，分别为医疗卫生12件、公共卫生7件。\n"
)
"""A made-up report that contradicts itself. None of the sample reports does."""
TABLE = {
    "document": "report.txt",
    "table": 1,
    "caption": "表1 投诉举报情况",
    "header": [[{"text": "类别"}, {"text": "件数"}]],
    "rows": [[{"text": "医疗卫生"}, {"text": "12"}]],
    "header_columns": 1,
    "first_paragraph": 1,
}
"""A table of a made-up report."""
QUERIES = (
    'q1\t说理式执法\nq2\t听证 扫码\n{"id": "q3", "query": "立案", "year": "99"}\n'
    '{"id": "q4", "query": "东丽区 火星", "match": "all", "year": "2023..2022"}\n'
)
"""A file of queries: q1 has matches, q2 is relaxed, q3 has an error, q4 has no match."""
FIXED_VALUES = {
    "took_ms": 0.0,
    "seconds": 0.0,
    "bytes": 0,
    "built": "2024-01-31T12:00:00+00:00",
    "analyzer": "0123456789abcdef",
    "next": "0123456789ab-0123456789ab-1",
}
"""The value that examples show, by field. The real values of these fields differ between runs or versions."""

Objects = list[dict[str, Any]]

# `class_at` returns the class in the type of a member: here the class of what `Index.compare` returns. The name `*`
# stands for the first member that has a class of searchkit in its type.
COMPARISON = class_at(Index, "compare")
CELL = class_at(COMPARISON, "cell")
READING = class_at(CELL, "*")
FINDING = class_at(Index, "audit", "*")
MANIFEST = class_at(Index, "manifest")
FACET_COUNTS = class_at(Index, "facets")
FACET_VALUE = class_at(FACET_COUNTS, "*")
COVERAGE = class_at(Index, "coverage")
COVERAGE_CELL = class_at(COVERAGE, "cells")
SKIPPED = class_at(BuildReport, "skipped")
EXPLANATION = class_at(Hit, "explanation")
SNIPPET = class_at(Hit, "window")
TABLE_CELL = class_at(Table, "header")
HIGHLIGHTS = class_at(Index, "highlight")
OTHER_CLASSES = (
    Records,
    Tabular,
    Condition,
    OutlineEntry,
    ReportOfYear,
    Excerpt,
    HIGHLIGHTS,
    class_at(HIGHLIGHTS, "paragraph"),
    SNIPPET,
    EXPLANATION,
    FACET_COUNTS,
    FACET_VALUE,
    COVERAGE,
    COVERAGE_CELL,
    COMPARISON,
    CELL,
    READING,
    FINDING,
    SKIPPED,
    MANIFEST,
    TABLE_CELL,
)
"""Classes that `searchkit` does not export, but that its public classes return or contain."""


class Workspace:
    """A folder with the sample reports, a made-up report, a made-up table, an index of each, and a file of queries.

    Beside the made-up report, there is an empty file `photo.jpg`, which a build skips.
    """

    def __init__(self, folder: Path) -> None:
        """Fill the empty folder `folder`. Raises RuntimeError if an index cannot be built."""
        self._folder = folder
        self._printed: dict[str, Any] = {}
        shutil.copytree(REPORTS, folder / "corpus" / "reports")
        (folder / "made-up").mkdir()
        (folder / "made-up" / "report.txt").write_text(CONTRADICTORY_REPORT, encoding="utf-8")
        (folder / "made-up" / "photo.jpg").write_bytes(b"")
        (folder / "queries.txt").write_text(QUERIES, encoding="utf-8")
        for command in ("searchkit build corpus/reports", "searchkit build made-up --index made-up-index"):
            _, errors, status = self.run(command)
            if status:
                raise RuntimeError(f"{command}: {errors}")
        texts = ("类别 医疗卫生 ｜ 件数 12", "全年立案130件。")
        paragraphs = tuple(Paragraph(f"report.txt#{n}", "report.txt", n, text) for n, text in enumerate(texts, 1))
        document, tables = Document("report.txt", paragraphs=len(texts)), (table_from_json(TABLE),)
        write_index([ParsedDocument(document, paragraphs, tables=tables)], folder / "table-index")

    def run(self, command: str) -> tuple[str, str, int]:
        """Run a `searchkit` command in this process, and return its standard output, standard error and exit status.

        The pages need about a hundred commands. To start as many processes would take most of the time.
        """
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        folder, arguments, status = Path.cwd(), sys.argv, 0
        os.chdir(self._folder)
        sys.argv = shlex.split(command)
        try:
            with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
                main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os.chdir(folder)
            sys.argv = arguments
        for stream in streams:
            stream.seek(0)
        output, errors = (stream.read() for stream in streams)
        return output, errors, status

    def json(self, command: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the JSON that a command prints; for `--queries`, a list of its lines. Runs each command only once."""
        if command not in self._printed:
            text = self.run(command)[0]
            is_lines = "--queries" in command
            self._printed[command] = list(map(json.loads, text.splitlines())) if is_lines else json.loads(text)
        return self._printed[command]


def _as_list(printed: Any) -> Objects:  # noqa: ANN401 - any JSON
    """Return the printed list of objects, or a list of the only printed object."""
    return cast("Objects", printed if isinstance(printed, list) else [printed])


def _field(name: str) -> Callable[[Any], Objects]:
    """Return a function that returns the objects in a field of the printed object."""
    return lambda printed: cast("Objects", printed[name])


@dataclass(frozen=True)
class Record:
    """A kind of JSON object that a command prints."""

    title: str
    """Heading of the section about the record."""
    about: str
    """First sentences of the section."""
    command: str
    """Command that prints such records."""
    pick: Callable[[Any], Objects] = _as_list
    """Returns the records from the JSON that the command prints."""
    classes: tuple[type, ...] = ()
    """Classes whose docstrings describe the fields. If several describe a field, the first is used."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """By each option or other command that adds fields, the full command whose records have these fields."""
    elided: Sequence[str] = ()
    """Fields whose records the example replaces by `["…"]`, because they have sections of their own."""
    is_shown: Callable[[dict[str, Any]], object] = bool
    """Returns whether a record can be the example. The first record that can is the example."""

    def all(self, workspace: Workspace) -> Objects:
        """Return all records that `command` and the commands of `variants` print."""
        return [
            item for command in (self.command, *self.variants.values()) for item in self.pick(workspace.json(command))
        ]

    def fields(self, workspace: Workspace) -> dict[str, list[object]]:
        """Return the values of each field in all records. Fields are in the order of the JSON."""
        values: dict[str, list[object]] = {}
        for item in self.all(workspace):
            for name, value in item.items():
                values.setdefault(name, []).append(value)
        return values

    def variant_of(self, name: str, workspace: Workspace) -> str:
        """Return the key of `variants` that adds a field, or an empty string if records of `command` have the field."""
        if any(name in item for item in self.pick(workspace.json(self.command))):
            return ""
        return next(key for key, command in self.variants.items() if name in self.pick(workspace.json(command))[0])

    def example(self, workspace: Workspace) -> object:
        """Return the record to show, with `["…"]` for fields in `elided` and with `FIXED_VALUES`."""
        return self._with_fixed_values(next(filter(self.is_shown, self.pick(workspace.json(self.command)))))

    def _with_fixed_values(self, value: object) -> object:
        if isinstance(value, list):
            return list(map(self._with_fixed_values, value))
        if not isinstance(value, dict):
            return value
        return {
            name: ["…"] if name in self.elided and item else FIXED_VALUES.get(name, self._with_fixed_values(item))
            for name, item in value.items()
        }


SEARCH = "searchkit search 听证 --limit 1 --facet year --format json"
MEASURES = "searchkit measures 立案 --limit 1 --format json"
COVERAGE_COMMAND = "searchkit facets --matrix district,year --format json"
COMPARE = "searchkit compare 立案 --district 天津市 --format json"

RECORDS = (
    Record(
        "Document",
        "A report, as `export documents` prints it.",
        "searchkit export documents --format json",
        classes=(Document,),
        is_shown=lambda item: item["published"],
    ),
    Record(
        "Paragraph",
        "The unit that is indexed, filtered and returned, as `export paragraphs` and `show` print it.",
        "searchkit export paragraphs --format json",
        classes=(Paragraph, Document),
        variants={"show": "searchkit show report.txt --index table-index --format json"},
        is_shown=lambda item: item["path"],
    ),
    Record(
        "Measure",
        "A number in a report with its indicator (the thing counted), as `export measures` prints it.",
        "searchkit export measures --format json",
        classes=(Measure, Document),
        is_shown=lambda item: item["unit"] == "万元",
    ),
    Record(
        "Table",
        "A table of a report. Each of its rows is a paragraph. `export tables` prints it, and `show` with its id. "
        "A cell that covers several rows or columns is only in the first of them.",
        "searchkit export tables --index table-index --format json",
        classes=(Table,),
    ),
    Record(
        "Search result",
        "The object that `search --format json` and `similar --format json` print.",
        SEARCH,
        classes=(Results,),
        variants={"--group document": f"{SEARCH} --group document"},
        elided=("hits",),
    ),
    Record(
        "Search hit",
        "An element of `hits` in a search result: score and snippet, then the fields of the paragraph. "
        "A line of `search --format jsonl` is the same; a row of `csv` and `tsv` has no `measures`.",
        SEARCH,
        _field("hits"),
        (Hit, Document),
        variants={"--explain": f"{SEARCH} --explain", "--group document": f"{SEARCH} --group document"},
    ),
    Record(
        "Understood filter",
        "An element of `understood_filters` in a search result, a measure result and a comparison table: a place, a "
        "year, a body, a section or a kind of report that words of the query name.",
        "searchkit search 东丽区2022年立案 --format json",
        _field("understood_filters"),
        (UnderstoodFilter,),
    ),
    Record(
        "Suggestion",
        "An element of `suggestions` in a search result, a measure result and a comparison table with few or no hits.",
        'searchkit search "立案 火星" --match all --format json',
        _field("suggestions"),
        (Suggestion,),
    ),
    Record(
        "Completions",
        "The object that `suggest --format json` prints.",
        "searchkit suggest xz --limit 4 --format json",
        elided=("suggestions",),
    ),
    Record(
        "Completion",
        "An element of `suggestions` in completions. A line of `suggest --format jsonl` is the same.",
        "searchkit suggest xz --limit 4 --format json",
        _field("suggestions"),
        (Completion,),
    ),
    Record(
        "Explanation",
        "The parts of a score. The score is their sum.",
        f"{SEARCH} --explain",
        lambda printed: [hit["explanation"] for hit in printed["hits"]],
        (EXPLANATION,),
    ),
    Record(
        "Facet counts",
        "The counts of a facet in a search result. `facets --format json` prints them by name of the facet.",
        SEARCH,
        lambda printed: list(printed["facets"].values()),
        (FACET_COUNTS,),
    ),
    Record(
        "Facet value",
        "An element of `values` in facet counts.",
        SEARCH,
        lambda printed: cast("Objects", printed["facets"]["year"]["values"]),
        (FACET_VALUE,),
    ),
    Record(
        "Coverage table",
        "The object that `facets --matrix ROWS,COLS --format json` prints: numbers of reports by two facets.",
        COVERAGE_COMMAND,
        classes=(COVERAGE,),
        elided=("cells",),
    ),
    Record(
        "Coverage cell",
        "An element of `cells` in a coverage table. A line of `facets --matrix ROWS,COLS --format jsonl` is the same.",
        COVERAGE_COMMAND,
        _field("cells"),
        (COVERAGE_CELL,),
    ),
    Record(
        "Answer line",
        "A line that `search --queries FILE` and `measures --queries FILE` print for each query, in order. "
        "All fields but `id`, `total` and `hits` are left out when they are empty or false.",
        "searchkit search --queries queries.txt --limit 1 --facet year",
        elided=("hits",),
    ),
    Record(
        "Measure result",
        "The object that `measures --format json` prints.",
        MEASURES,
        classes=(MeasureResults,),
        elided=("hits",),
    ),
    Record(
        "Measure hit",
        "An element of `hits` in a measure result, and a line of `measures --format jsonl`: the fields of the measure, "
        "then score and snippet.",
        MEASURES,
        _field("hits"),
        (MeasureHit, Document),
    ),
    Record(
        "Aggregate group",
        "An element of `groups` in a measure result, and a line of `measures --aggregate … --format jsonl`: a number "
        "calculated from the measures that can be quoted.",
        "searchkit measures 立案 --aggregate max --by district --format json",
        _field("groups"),
        (AggregateGroup,),
    ),
    Record(
        "Comparison table",
        "The object that `compare --format json` prints: a table of one indicator in one unit.",
        COMPARE,
        classes=(COMPARISON,),
        elided=("cells",),
    ),
    Record(
        "Comparison cell",
        "An element of `cells` in a comparison table. The fields from `value` to `quote` are those of the first "
        "reading; they are null for several places or bodies. Only a cell whose `state` is value has a value that can "
        "be quoted as it is. `compare --format csv` prints a row for each reading and each empty cell, and one for "
        "each value in `revised`, `others` and `target` (`note`).",
        COMPARE,
        _field("cells"),
        (READING, CELL, Measure, Document),
        elided=("readings",),
        is_shown=lambda item: item["value"],
    ),
    Record(
        "Reading",
        "An element of `readings` in a comparison cell: one value, with the measures that state it.",
        COMPARE,
        lambda printed: [reading for cell in printed["cells"] for reading in cell["readings"]],
        (READING, Measure, Document),
        elided=("measures",),
    ),
    Record(
        "Finding",
        "A finding of the audit. `measures --audit --format json` prints all of them. The sample reports have none. "
        f"The example is in a made-up report: “{CONTRADICTORY_REPORT.split()[1]}”",
        "searchkit measures --audit --index made-up-index --format json",
        classes=(FINDING,),
    ),
    Record(
        "Build report",
        "The object that `build --format json` prints.",
        "searchkit build corpus/reports --index new-index --format json",
        classes=(BuildReport,),
    ),
    Record(
        "Skipped file",
        "An element of `skipped` in a build report. The example is of a made-up folder with a photo in it.",
        "searchkit build made-up --index made-up-index --full --format json",
        _field("skipped"),
        (SKIPPED,),
    ),
    Record(
        "Index facts",
        "The object that `info --format json` prints.",
        "searchkit info --format json",
        classes=(MANIFEST,),
    ),
    Record(
        "Problem",
        "A file or part of a file that was not read, a duplicate, an undecided fact, or text that was left out on "
        "purpose, such as running heads. `info --problems --format json` prints all of them.",
        "searchkit info --problems --format json",
        classes=(SKIPPED,),
    ),
    Record("Analysis", "The object that `analyze --format json` prints.", "searchkit analyze 129件 --format json"),
)
