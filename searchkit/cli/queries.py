"""Commands that take a query or a paragraph: search, similar, measures, analyze."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from searchkit.cli.auditing import print_audit
from searchkit.cli.completing import complete_facet_list, complete_facet_name
from searchkit.cli.options import (
    MAX_SHOWN_VALUES,
    QueryCommand,
    facet_options,
    filter_options,
    fold_option,
    format_option,
    index_option,
    literal_option,
    paging_options,
    query_options,
    split_options,
    status_option,
    verify_option,
)
from searchkit.cli.output import (
    FOUND,
    NOTHING_FOUND,
    WORKBOOK,
    WRONG_USAGE,
    Target,
    print_error,
    print_message,
    terminal_width,
    write_measures,
    write_output,
)
from searchkit.cli.settings import SettingsCommand
from searchkit.errors import TimedOut, UsageError
from searchkit.files import decode_data_file
from searchkit.names import AGGREGATES, BUILT_IN_FACETS, MAX_FACET_VALUES
from searchkit.translation import gettext as _
from searchkit.translation import translate

if TYPE_CHECKING:
    from searchkit.index import IndexState
    from searchkit.query.understanding import Understanding

_LINE_END = re.compile("\r\n|\r|\n")
"""Matches the end of a line in a queries file: that of Windows, of old Macs or of Unix."""
_EXPORT_FORMATS = frozenset({"csv", "tsv", "ids", WORKBOOK})
"""Formats in which a search writes only the hits that count in its total: no paragraphs with only some of the words."""
_ANSWER_FIELDS = (
    *("total", "hits", "total_any", "next", "relaxed", "understood_filters", "notes", "suggestions", "facets"),
    *("indicator", "left_out", "aggregate", "groups"),
)
"""Fields of the answer to a line of a queries file, after `id`. Only answers with measures have the last four fields
(from `indicator` on), and only answers with paragraphs have `facets` and `next`."""


_after_option = click.option(
    "--after",
    metavar="CURSOR",
    help="Continue a list where it ended: CURSOR is the field next of the last answer in JSON. The search must be the "
    "same, except --limit.",
)


@click.command(cls=QueryCommand)
@click.argument("query", required=False)
@index_option
@verify_option
@filter_options
@literal_option
@facet_options
@click.option(
    "--sort",
    default="score",
    show_default=True,
    metavar="KEY,…",
    help="Order of the hits: score (best first) or a facet, - means descending. Ties are in the order of the next key, "
    "as in year,-score.",
)
@click.option("--group", type=click.Choice(["document"]), help="Show only the best paragraph of each document.")
@click.option(
    "--without",
    multiple=True,
    metavar="TEXT",
    help="Leave out the paragraphs that hold TEXT, written like a part of QUERY. With --group document, leave out all "
    "documents that hold it anywhere.",
)
@_after_option
@click.option("--explain", is_flag=True, help="Show the parts of each score.")
@click.option(
    "--all",
    "is_all",
    is_flag=True,
    help="All hits, whatever --limit. jsonl, csv, tsv and ids write each as soon as it is loaded.",
)
@click.option(
    "--highlight",
    is_flag=True,
    help="Put the matches between » and «. All formats but tables have the snippet with these marks in the field "
    "highlighted.",
)
@fold_option
@query_options
def search(
    query: str | None,
    index_path: Path,
    queries: BinaryIO | None,
    target: Target,
    highlight: bool,  # noqa: FBT001 - click passes options by name
    is_all: bool,  # noqa: FBT001
    **options: Any,  # noqa: ANN401
) -> int:
    """Find paragraphs that answer QUERY, best first.

    The words of QUERY must all match, except question words and particles. The list goes on with
    paragraphs that have only some of the words, and says which they lack; the formats csv, tsv,
    ids and xlsx leave those out. If no paragraph has all words, one word is enough (see --match). OR (or |),
    NOT (or -) and brackets combine parts in other ways. "…" (also “…” and 「…」) is an exact phrase.
    title:, heading:, text: and the names of facets restrict a part to a field, as in title:年度报告
    or year:[2021 TO 2023]. 处罚^2 doubles the weight of a part. covid* matches words that begin with
    covid. * matches everything.

    Any other run of characters matches as a phrase, or if all of its words occur, in a paragraph or
    in a heading or title, which belongs to the first paragraph under it. A number matches however
    it is written.
    """
    from searchkit.index import Index
    from searchkit.output import terminal
    from searchkit.output.json import hit_to_json, results_to_json

    _check_one_source(query, queries, target)
    verify = options.pop("verify")
    filters, search_options = split_options(options)
    _set_defaults(search_options, is_page=queries is None and target.format == "table")
    is_export = queries is None and target.format in _EXPORT_FORMATS
    arguments = {**filters, **search_options, "beyond": not is_export}
    is_streamed = is_all and queries is None and target.format not in {"table", "json"}
    if is_all:
        arguments["limit"] = 0 if is_streamed else None
    with Index(index_path, verify=verify) as index:
        if queries is not None:
            return _answer_all(
                index,
                queries,
                lambda text, line: results_to_json(index.search(text, **{**arguments, **line}), highlight=highlight),
            )
        results = index.search(query or "", **arguments)
        first = results.offset + 1
        with_measures = target.format == "jsonl"
        hits = index.every_hit(query or "", **arguments) if is_streamed else results.hits
        if results.total or not is_export:  # an export without hits writes nothing, not even the names of the columns
            _print_results(
                target,
                lambda: results_to_json(results, highlight=highlight),
                lambda: terminal.format_results(
                    results, colour=target.colour, first=first, highlight=highlight, width=target.width
                ),
                lambda: (hit_to_json(hit, with_measures=with_measures, highlight=highlight) for hit in hits),
            )
    suggestions = terminal.suggestion_lines(results.suggestions, "paragraphs")
    if results.total:
        if results.relaxed:
            _print_hints(target, [terminal.relaxed_line("paragraphs"), *suggestions])
        return FOUND
    _print_hints(target, [*map(translate, results.notes), *suggestions])
    return NOTHING_FOUND


def _set_defaults(options: dict[str, Any], *, is_page: bool) -> None:
    """Set the options of a search whose defaults depend on the format. `is_page`: whether a page for people is printed.

    By default, only the hits of a page are folded. They are not folded if `group` is set, or if a cursor continues a
    list (`after`): the cursor comes from an answer in JSON, whose hits are not folded by default.
    """
    if options["fold"] is None:
        options["fold"] = is_page and not options.get("group") and options["after"] is None
    if options["facet_limit"] is None:
        options["facet_limit"] = MAX_SHOWN_VALUES if is_page else MAX_FACET_VALUES


@click.command(cls=SettingsCommand)
@click.argument("paragraph_id", metavar="ID")
@index_option
@verify_option
@filter_options
@facet_options
@_after_option
@fold_option
@paging_options
def similar(
    paragraph_id: str,
    index_path: Path,
    target: Target,
    **options: Any,  # noqa: ANN401
) -> int:
    """Find paragraphs like the paragraph with this ID, best first.

    They have words that distinguish the paragraph from others, and are ranked like the hits of a
    search for these words. The paragraphs of its document, and those that say the same, are left
    out. A unique end of the ID is enough: a.txt#13 for 2023/a.txt#13.
    """
    from searchkit.index import Index
    from searchkit.output import terminal
    from searchkit.output.json import hit_to_json, results_to_json

    verify = options.pop("verify")
    filters, search_options = split_options(options)
    _set_defaults(search_options, is_page=target.format == "table")
    with Index(index_path, verify=verify) as index:
        if index.paragraph(index.resolve_id(paragraph_id)) is None:
            print_error(f"no paragraph {paragraph_id} in {index_path}")
            return NOTHING_FOUND
        results = index.similar(paragraph_id, **filters, **search_options)
    _print_results(
        target,
        lambda: results_to_json(results),
        lambda: terminal.format_results(results, colour=target.colour, first=results.offset + 1, width=target.width),
        lambda: (hit_to_json(hit, with_measures=target.format == "jsonl") for hit in results.hits),
    )
    return FOUND if results.total else NOTHING_FOUND


@click.command(cls=QueryCommand)
@click.argument("query", required=False)
@index_option
@verify_option
@filter_options
@literal_option
@click.option("--unit", metavar="UNIT", help="Only measures in this unit, such as 件. 万元 and 元 mean the same.")
@click.option(
    "--min",
    metavar="QUANTITY",
    help="Smallest value, inclusive: 50, 10万元, 90%. A bare number is in base units: 元, not 万元.",
)
@click.option("--max", metavar="QUANTITY", help="Largest value, inclusive. Written like --min.")
@status_option
@click.option("--no-cumulative", is_flag=True, help="Leave out totals of several years.")
@click.option(
    "--sort",
    default="score",
    show_default=True,
    metavar="score|[-]value|[-]of_year|[-]year",
    help="Order of the measures. - means descending. Values are compared in base units.",
)
@click.option(
    "--one-per",
    multiple=True,
    metavar="FACET,…",
    shell_complete=complete_facet_list,
    help="Only one measure for each value of district, document, … or for each combination: district,of_year. Without "
    "of_year, that of the latest year.",
)
@click.option(
    "--aggregate",
    type=click.Choice(AGGREGATES),
    help="Calculate a number from the measures instead of listing them.",
)
@click.option(
    "--by",
    metavar="FACET",
    shell_complete=complete_facet_name,
    help="Calculate a number for each value of FACET; district:1 are provinces. Needs --aggregate.",
)
@click.option(
    "--audit",
    is_flag=True,
    help="List what contradicts or repeats each other. Takes no QUERY. Only filters, --timeout, --format and --output "
    "have an effect.",
)
@query_options
def measures(
    query: str | None,
    index_path: Path,
    queries: BinaryIO | None,
    target: Target,
    **options: Any,  # noqa: ANN401
) -> int:
    """Find the measures that answer QUERY, best first. A measure is a number with what it counts.

    QUERY is written as for search. Its parts may match in the paragraph, the headings of the
    paragraph or the title of the report. The last word says what is counted, and the words before
    it narrow it down, as in "投诉举报 医疗卫生". * finds all measures. of_year: is the year of the
    measure itself or, if it has none, of its report.

    Actual values of one year come first, then targets, rules, values before a change and totals of
    several years, unless QUERY asks for them (目标, 累计, 2016至2020年). Words that ask for a number
    (是多少, 多少公里) are no words of QUERY.

    --sort (except by score), --one-per and --aggregate take the measures that can be quoted: of the
    indicator that QUERY names, in one kind of unit, actual values of one year (see --status), one
    for each place, body and year. A line counts those that are left out, by reason.
    """
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output import terminal
    from searchkit.output.json import group_to_json, measures_to_json

    is_audit = options.pop("audit")
    _check_one_source(query, queries, target, is_audit=is_audit)
    if options["aggregate"] is not None and target.format == "ids":
        message = "--aggregate has no ids; choose another --format"
        raise UsageError(message)
    verify = options.pop("verify")
    filters, search_options = split_options(options)
    arguments = {**filters, **search_options}
    with Index(index_path, verify=verify) as index:
        if is_audit:
            return print_audit(index, {**filters, "timeout": search_options["timeout"]}, target)
        if queries is not None:
            return _answer_all(
                index, queries, lambda text, line: measures_to_json(index.measures(text, **{**arguments, **line}))
            )
        results = index.measures(query or "", **arguments)
    records = map(to_json, results.hits) if results.aggregate is None else map(group_to_json, results.groups)
    if target.format == WORKBOOK and results.aggregate is None:
        write_measures(results.hits, target)
    else:
        _print_results(
            target,
            lambda: measures_to_json(results),
            lambda: terminal.format_measure_results(
                results, colour=target.colour, first=search_options["offset"] + 1, width=target.width
            ),
            lambda: records,
            results.aggregate or "measures",
        )
    suggestions = terminal.suggestion_lines(results.suggestions, "measures")
    if results.total:
        if results.relaxed:
            _print_hints(target, [terminal.relaxed_line("measures"), *suggestions])
        return FOUND
    _print_hints(target, [*map(translate, results.notes), *suggestions])
    return NOTHING_FOUND


@click.command(cls=SettingsCommand)
@click.argument("text")
@index_option
@format_option("table", "json")
def analyze(text: str, index_path: Path, output_format: str) -> int:
    """Show the tokens of TEXT, and how TEXT is understood as a query.

    Uses the words, synonyms and facets of the index, or the built-in ones if there is no index.
    """
    from searchkit.errors import IndexMissing
    from searchkit.index import Index
    from searchkit.output.json import analysis_to_json
    from searchkit.query.parsing import parse
    from searchkit.query.understanding import describe_query
    from searchkit.text.analyzer import Analyzer

    try:
        with Index(index_path) as index:
            analyzer, understanding = index.analyzer, index.understand(text)
    except IndexMissing:
        analyzer = Analyzer()
        understanding = describe_query(text, parse(text, analyzer, BUILT_IN_FACETS))
    analysis = analysis_to_json(text, analyzer, understanding)
    _print_analysis(analysis, understanding, output_format)
    return FOUND if analysis["tokens"] else NOTHING_FOUND


def _print_analysis(analysis: Mapping[str, Any], understanding: Understanding, output_format: str) -> None:
    """Print tokens and how a query is understood, as JSON or as text."""
    from searchkit.output.json import dumps
    from searchkit.output.records import format_records
    from searchkit.text.characters import sanitize

    if output_format == "json":
        write_output([dumps(analysis, indent=1), "\n"])
    else:
        write_output(format_records(analysis["tokens"], "table", terminal_width()))
        text = _("as a query: {tree}").format(tree=understanding.understood)
        write_output([sanitize(f"\n{text}\n"), *(sanitize(f"{translate(note)}\n") for note in understanding.notes)])


def _print_hints(target: Target, hints: Iterable[str]) -> None:
    """Print hints to standard error: why nothing was found, or that the hits match only some words.

    A page or JSON on standard output contains the hints; then nothing is printed.
    """
    if target.path is not None or target.format not in {"table", "json"}:
        for hint in hints:
            print_message(hint)


def _print_results(
    target: Target,
    json_object: Callable[[], object],
    page: Callable[[], str],
    records: Callable[[], Iterable[Mapping[str, object]]],
    name: str = "paragraphs",
) -> None:
    """Print results as one JSON object (json), as a page for the terminal (table), or as records (all other formats).

    `json_object`, `page` and `records` are functions that return the results in these three forms. Only one of them is
    called. `name`: name of the sheet of a workbook.
    """
    if target.format == "json":
        from searchkit.output.json import dumps

        target.write([dumps(json_object(), indent=1), "\n"])
    elif target.format == "table":
        target.write([page()])
    else:
        target.write_records(records(), name)


def _check_one_source(query: str | None, queries: BinaryIO | None, target: Target, *, is_audit: bool = False) -> None:
    """Raise UsageError unless there is either a query or a file of queries, or neither for an audit.

    Also raises it if the answers to a file of queries are to go to a file: they are JSON Lines on standard output.
    """
    if queries is not None and target.path is not None:
        message = "--output does not go with --queries"
        raise UsageError(message)
    if is_audit and (query, queries) != (None, None):
        message = "--audit takes neither QUERY nor --queries"
        raise UsageError(message)
    if not is_audit and (query is None) == (queries is None):
        message = "give either QUERY or --queries FILE"
        raise UsageError(message)


_Answer = Callable[[str, dict[str, Any]], Mapping[str, object]]
"""A function that takes a query and the options in its line, and returns the JSON object of the results."""


def _answer_all(index: IndexState, queries: BinaryIO, answer: _Answer) -> int:
    """Print a line of JSON for each line of a queries file: the answer to its query, or an error. Skips blank lines.

    Returns the exit status: if there are errors, the highest of them (FAILED for a time limit, otherwise WRONG_USAGE),
    otherwise FOUND if a query has a match, otherwise NOTHING_FOUND.
    """
    from searchkit.output.json import dumps

    status = NOTHING_FOUND
    lines = ((number, line) for number, line in enumerate(_read_lines(queries), 1) if line.strip())
    calls = (partial(_answer_line, number, line, answer) for number, line in lines)
    # The lines of a pipe are answered one by one: it may come from a program that waits for each answer.
    answers = index.run_together(calls) if queries.seekable() else (call() for call in calls)
    for number, out, error in answers:
        if error is not None:
            print_error(f"line {number}: {error}")
            status = max(error.exit_status, status)
        elif out["total"] and status < WRONG_USAGE:
            status = FOUND
        write_output([dumps(out), "\n"])
    return status


def _answer_line(
    number: int, line: bytes | str, answer: _Answer
) -> tuple[int, dict[str, object], UsageError | TimedOut | None]:
    """Return the number of a line, the JSON object to print for it, and the error, or None if there is none.

    The object has the id of the line (its number, if the line cannot be parsed), and the fields of `_ANSWER_FIELDS` or
    the error as text.
    """
    out: dict[str, object] = {"id": str(number), "total": 0, "hits": []}
    try:
        out["id"], query, line_options = _parse_query_line(_decode_line(line))
        results = answer(query, line_options)
    except (UsageError, TimedOut) as error:
        return number, {"id": out["id"], "error": str(error)}, error
    # Empty and false fields are left out, except total and hits.
    return number, out | {name: results[name] for name in _ANSWER_FIELDS if results.get(name) or name in out}, None


def _read_lines(queries: BinaryIO) -> Iterator[bytes | str]:
    """Yield the lines of a queries file: as bytes in UTF-8, or as text if the file is in UTF-16 or GBK.

    Lines in UTF-8 are yielded as they arrive, because standard input may be a program that waits for each answer. The
    first line that is not ASCII, or has a zero byte, shows the encoding. Later lines of a file in UTF-8 are checked by
    `_decode_line`. Raises UsageError if `decode_data_file` cannot decode the file.
    """
    for line in queries:
        if line.isascii() and b"\0" not in line:  # a zero byte means UTF-16
            yield from line.splitlines()
        elif _is_utf_8(line):
            yield from line.removeprefix(codecs.BOM_UTF8).splitlines()
            for following in queries:
                yield from following.splitlines()
        else:
            try:
                text = decode_data_file(line + queries.read())
            except ValueError as error:
                raise UsageError(f"{queries.name} cannot be read: {error}; give queries in UTF-8") from None
            yield from _LINE_END.split(text)


def _is_utf_8(line: bytes) -> bool:
    """Return whether a line is in UTF-8, and not in another encoding whose bytes are valid UTF-8 too."""
    try:
        return decode_data_file(line) == line.decode("utf-8-sig")
    except ValueError:
        return False


def _decode_line(line: bytes | str) -> str:
    """Return a line as text. Raises UsageError for a line that is not UTF-8, in a file whose first lines were."""
    try:
        return line if isinstance(line, str) else line.decode("utf-8")
    except UnicodeDecodeError:
        message = "not UTF-8"
        raise UsageError(message) from None


def _parse_query_line(line: str) -> tuple[object, str, dict[str, Any]]:
    """Return the id, the query and the options in a line of a queries file.

    A line that begins with { is a JSON object, which may contain options. Any other line is id<TAB>query. Raises
    UsageError for a line in neither form.
    """
    if not line.lstrip().startswith("{"):
        query_id, tab, query = line.rstrip("\r\n").partition("\t")
        if not tab:
            message = 'write {"id": …, "query": …} or id<TAB>query'
            raise UsageError(message)
        return query_id, query, {}
    try:
        data = json.loads(line)
        query_id, query = data.pop("id"), data.pop("query")
    except (ValueError, KeyError, RecursionError):
        message = 'not a JSON object with "id" and "query"'
        raise UsageError(message) from None
    data = {name.replace("-", "_"): value for name, value in data.items()}
    facets = data.pop("facet", None)
    if facets is not None:
        data["facets"] = facets if isinstance(facets, list) else [facets]
    return query_id, str(query), data
