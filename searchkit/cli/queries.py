"""Commands that answer a query, or a file of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from searchkit.cli.auditing import print_audit
from searchkit.cli.options import filter_options, format_option, index_option, paging_options, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, WRONG_USAGE, complain, emit
from searchkit.errors import UsageError
from searchkit.query.facets import BUILT_IN


@click.command()
@click.argument("query", required=False)
@index_option
@filter_options
@click.option(
    "--facet", "facets", multiple=True, metavar="NAME[:DEPTH]", help="Count a facet; district:1 counts provinces."
)
@click.option(
    "--sort", default="score", show_default=True, metavar="score|FACET|-FACET", help="Order; - means descending."
)
@click.option("--group", type=click.Choice(["document"]), help="Show only the best paragraph of each document.")
@click.option("--explain", is_flag=True, help="Show where each score comes from.")
@paging_options
def search(query: str | None, index_path: Path, queries: Iterable[str] | None, style: str, **options: Any) -> int:  # noqa: ANN401
    """Find paragraphs that answer QUERY, best first.

    Space is AND; OR or |, NOT or -, brackets, "exact phrase" (also “ ” and 「 」), field:value,
    year:[2021 TO 2023], title:, heading:, word^2, prefix*. A bare run of characters is found as it
    stands, or by all of its words; a number is found however it is written. * matches everything.
    """
    from searchkit.index import Index
    from searchkit.output import terminal
    from searchkit.output.json import hit_to_json, results_to_json
    from searchkit.search.options import SearchOptions

    _check_either(query, queries)
    filters, rest = split_options(options)
    search_options = SearchOptions(**rest)
    with Index(index_path) as index:
        if queries is not None:

            def answer(query: str, own: dict[str, Any]) -> dict[str, object]:
                """Total, hits, and facets where they are asked for."""
                shown = results_to_json(index.search(query, search_options, **{**filters, **own}))
                return {name: shown[name] for name in ("total", "hits", "relaxed", "facets") if name in shown}

            return _answer_all(queries, answer)
        found = index.search(query or "", search_options, **filters)
    _print(
        style,
        lambda: results_to_json(found),
        lambda: terminal.results(found, colour=sys.stdout.isatty()),
        lambda: (hit_to_json(hit, with_measures=style == "jsonl") for hit in found.hits),
    )
    return FOUND if found.total else NOTHING_FOUND


@click.command()
@click.argument("query", required=False)
@index_option
@filter_options
@click.option("--unit", metavar="UNIT", help="Only measures in this unit, such as 件; 万元 and 元 are the same.")
@click.option("--min", metavar="QUANTITY", help="Only measures from this one on: 50, 10万元, 90%.")
@click.option("--max", metavar="QUANTITY", help="Only measures up to this one. A bare number counts base units: 元.")
@click.option("--audit", is_flag=True, help="No QUERY: show the measures that contradict each other.")
@paging_options
def measures(query: str | None, index_path: Path, queries: Iterable[str] | None, style: str, **options: Any) -> int:  # noqa: ANN401
    """Find the measures that answer QUERY, best first: how many, of what, where, when, and in which words.

    QUERY is written as for search; its parts may stand in the sentence, the headings or the title. The
    last word says what is counted, those before it of what: "投诉举报 医疗卫生". * finds all measures.
    """
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output import terminal
    from searchkit.output.json import measures_to_json
    from searchkit.search.options import MeasureOptions

    is_audit = options.pop("audit")
    if is_audit and (query, queries) != (None, None):
        message = "--audit goes without QUERY and --queries"
        raise click.UsageError(message)
    if not is_audit:
        _check_either(query, queries)
    filters, rest = split_options(options)
    measure_options = MeasureOptions(**rest)
    with Index(index_path) as index:
        if is_audit:
            return print_audit(index, filters, style)
        if queries is not None:

            def answer(query: str, own: dict[str, Any]) -> dict[str, object]:
                """Total and hits."""
                shown = measures_to_json(index.measures(query, measure_options, **{**filters, **own}))
                return {name: shown[name] for name in ("total", "hits", "relaxed")}

            return _answer_all(queries, answer)
        found = index.measures(query or "", measure_options, **filters)
    _print(
        style,
        lambda: measures_to_json(found),
        lambda: terminal.measure_results(found, colour=sys.stdout.isatty()),
        lambda: map(to_json, found.hits),
    )
    return FOUND if found.total else NOTHING_FOUND


@click.command()
@click.argument("text")
@index_option
@format_option("table", "json")
def analyze(text: str, index_path: Path, style: str) -> int:
    """Show how TEXT is cut into tokens, and how it is understood as a query.

    Uses the words and synonyms of the index, or the built-in ones where there is no index.
    """
    from searchkit.errors import IndexMissing
    from searchkit.index import Index
    from searchkit.output.json import dumps
    from searchkit.output.records import records
    from searchkit.query.parsing import parse
    from searchkit.text.analyzer import Analyzer
    from searchkit.text.characters import safe

    try:
        with Index(index_path) as index:
            analyzer, names = index.analyzer, index.facet_names
    except IndexMissing:
        analyzer, names = Analyzer(), BUILT_IN
    tokens = [
        {"term": token.term, "start": token.start, "end": token.end, "text": text[token.start : token.end]}
        for token in analyzer.tokens(text)
    ]
    query = parse(text, analyzer, names)
    if style == "json":
        understood = {"all": str(query.all), "any": str(query.any), "notes": list(query.notes)}
        emit([dumps({"tokens": tokens, "understood": understood}, indent=1), "\n"])
    else:
        emit(records(tokens, "table"))
        emit([safe(f"\nas a query: {query.all}\n"), *(safe(f"{note}\n") for note in query.notes)])
    return FOUND if tokens else NOTHING_FOUND


def _print(
    style: str,
    whole: Callable[[], object],
    page: Callable[[], str],
    rows: Callable[[], Iterable[Mapping[str, object]]],
) -> None:
    """Print results as one JSON object, as a page for people, or as records."""
    from searchkit.output.json import dumps
    from searchkit.output.records import records

    if style == "json":
        emit([dumps(whole(), indent=1), "\n"])
    elif style == "table":
        emit([page()])
    else:
        emit(records(rows(), style))


def _check_either(query: str | None, queries: Iterable[str] | None) -> None:
    if (query is None) == (queries is None):
        message = "give either QUERY or --queries FILE"
        raise click.UsageError(message)


def _answer_all(lines: Iterable[str], answer: Callable[[str, dict[str, Any]], dict[str, object]]) -> int:
    """Answer one query a line, in order. A line that cannot be answered says why and the others go on."""
    from searchkit.output.json import dumps

    status = NOTHING_FOUND
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        shown: dict[str, object] = {"id": str(number), "total": 0, "hits": []}
        try:
            shown["id"], query, own = _query_line(line)
            shown |= {name: value for name, value in answer(query, own).items() if value or name in shown}
            status = FOUND if shown["total"] and status != WRONG_USAGE else status
        except UsageError as error:
            shown["error"] = str(error)
            complain(f"line {number}: {error}")
            status = WRONG_USAGE
        emit([dumps(shown), "\n"])
    return status


def _query_line(line: str) -> tuple[object, str, dict[str, Any]]:
    """Id, query and own options of a line of a queries file."""
    if not line.lstrip().startswith("{"):
        name, tab, query = line.rstrip("\r\n").partition("\t")
        if not tab:
            message = 'write {"id": …, "query": …} or id<TAB>query'
            raise UsageError(message)
        return name, query, {}
    try:
        data = json.loads(line)
        name, query = data.pop("id"), data.pop("query")
    except (ValueError, KeyError, RecursionError):
        message = 'not a JSON object with "id" and "query"'
        raise UsageError(message) from None
    asked = data.pop("facet", None)
    if asked is not None:
        data["facets"] = asked if isinstance(asked, list) else [asked]
    return name, str(query), data
