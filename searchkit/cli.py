"""The command line. A command reads its options, calls the library and prints; nothing else happens here.

Modules are imported by the commands that need them, so that `searchkit --help` starts at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from searchkit import __version__
from searchkit.errors import SearchkitError, UsageError
from searchkit.facets import BUILT_IN

if TYPE_CHECKING:
    from searchkit.indexing import BuildReport
    from searchkit.searching import Index, SearchOptions

# NumPy's linear algebra, which nothing here uses, would start a thread for each core: some 20 ms of every command.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FOUND, NOTHING_FOUND, WRONG_USAGE, FAILED = range(4)
"""Exit statuses."""

_SHOWN_PROBLEMS = 20

_Command = TypeVar("_Command", bound=Callable[..., object])


def _index_option(command: _Command) -> _Command:
    return click.option(
        "--index",
        "index_path",
        metavar="DIR",
        default="index",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Folder of the index.",
    )(command)


def _format_option(*styles: str) -> Callable[[_Command], _Command]:
    return click.option(
        "--format", "style", type=click.Choice(styles), default=styles[0], show_default=True, help="How to print."
    )


def _filter_options(command: _Command) -> _Command:
    """Add the filters. An option given twice means OR, different options mean AND."""
    hints = {
        "district": "Place at any level (滨海新区, 天津市), or a path (福建省/福州市/鼓楼区).",
        "year": "Year reported on: 2023, 2021..2023, 2020.. or ..2019.",
        "agency": "Kind of body, such as 卫生健康委员会.",
        "topic": "Topic, such as 行政执法.",
        "section": "Part of a report: 成效, 问题, 计划, 履职 or 其他.",
        "doctype": "Kind of report, such as 法治政府建设年度报告.",
        "document": "Document id (its path in the corpus).",
    }
    where = click.option("--where", multiple=True, metavar="NAME=VALUE", help="Value of a facet of your own.")
    command = where(command)
    for name in reversed(BUILT_IN):
        command = click.option(f"--{name}", multiple=True, help=hints[name])(command)
    return command


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="searchkit", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Search Chinese government reports: every word, exact phrases, numbers as numbers, exact facet counts.

    Exit status: 0 something found, 1 nothing found, 2 wrong usage, 3 anything else.
    """
    if context.invoked_subcommand is None:
        _print([context.get_help(), "\n"])


@cli.command()
@click.argument("corpus", default="corpus", type=click.Path(path_type=Path))
@_index_option
@click.option(
    "--engine", default="columnar", show_default=True, metavar="NAME", help="columnar or whoosh (slow, the reference)."
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="one a core",
    metavar="N",
    help="Processes that read and index.",
)
@click.option(
    "--words", type=click.Path(path_type=Path), metavar="FILE", help="Domain words instead of the built-in ones."
)
@click.option(
    "--synonyms", type=click.Path(path_type=Path), metavar="FILE", help="Synonyms instead of the built-in ones."
)
@click.option(
    "--topics", type=click.Path(path_type=Path), metavar="FILE", help="Taxonomy of topics instead of the built-in one."
)
@click.option("--full", is_flag=True, help="Read every file again, not only what has changed.")
@_format_option("table", "json")
def build(corpus: Path, index_path: Path, style: str, **options: Any) -> int:  # noqa: ANN401
    """Make an index of the reports in the folder CORPUS, or bring it up to date.

    Only files that have changed are read. Everything is read again when words, synonyms, topics or
    the engine have changed. Until a build is complete, searches see the index as it was.
    """
    from searchkit.indexing import BuildOptions
    from searchkit.indexing import build as build_index

    chosen = BuildOptions(**options)
    if not sys.stderr.isatty():
        report = build_index(corpus, index_path, chosen)
    else:
        with click.progressbar(length=0, label="reading", file=sys.stderr) as bar:

            def advance(done: int, total: int) -> None:
                """Move the bar to so many files of all."""
                bar.length = total
                bar.update(done - bar.pos)

            report = build_index(corpus, index_path, chosen, advance)
    _print_report(report, style)
    return FOUND


@cli.command()
@click.argument("query", required=False)
@_index_option
@_filter_options
@click.option(
    "--facet", "facets", multiple=True, metavar="NAME[:DEPTH]", help="Count a facet; district:1 counts provinces."
)
@click.option("--limit", type=click.IntRange(0), default=10, show_default=True, help="Hits shown.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Hits left out before the first.")
@click.option(
    "--sort", default="score", show_default=True, metavar="score|FACET|-FACET", help="Order; - means descending."
)
@click.option(
    "--match",
    type=click.Choice(["all", "any", "auto"]),
    default="auto",
    show_default=True,
    help="All parts, any word, or all and if that finds nothing any.",
)
@click.option("--group", type=click.Choice(["document"]), help="Show only the best paragraph of each document.")
@click.option("--explain", is_flag=True, help="Show where each score comes from.")
@click.option(
    "--queries",
    type=click.File(encoding="utf-8-sig", errors="replace"),
    metavar="FILE",
    help='Many queries, lines of {"id", "query", filters…} or id<TAB>query (- is standard input). Prints JSON Lines.',
)
@_format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def search(query: str | None, index_path: Path, queries: Iterable[str] | None, style: str, **options: Any) -> int:  # noqa: ANN401
    """Find paragraphs that answer QUERY, best first.

    Space is AND; OR or |, NOT or -, brackets, "exact phrase" (also “ ” and 「 」), field:value,
    year:[2021 TO 2023], title:, heading:, word^2, prefix*. A bare run of characters is found as it
    stands, or by all of its words; a number is found however it is written. * matches everything.
    """
    from searchkit import render
    from searchkit.searching import Index, hit_to_json, results_to_json

    if (query is None) == (queries is None):
        message = "give either QUERY or --queries FILE"
        raise click.UsageError(message)
    filters, search_options = _split(options)
    with Index(index_path) as index:
        if queries is not None:
            return _answer_all(index, queries, search_options, filters)
        found = index.search(query or "", search_options, **filters)
    if style == "json":
        _print([render.to_json(results_to_json(found), indent=1), "\n"])
    elif style == "table":
        _print([render.results(found, colour=sys.stdout.isatty())])
    else:
        _print(render.records(map(hit_to_json, found.hits), style))
    return FOUND if found.total else NOTHING_FOUND


@cli.command()
@click.argument("record_id", metavar="ID")
@_index_option
@click.option("--context", type=click.IntRange(0), default=0, metavar="N", help="Paragraphs shown before and after.")
@_format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def show(record_id: str, index_path: Path, context: int, style: str) -> int:
    """Show a paragraph, or a whole document, with where it stands."""
    from searchkit import render
    from searchkit.model import to_json
    from searchkit.searching import Index

    with Index(index_path) as index:
        paragraph = index.paragraph(record_id)
        document = index.document(paragraph.document if paragraph else record_id)
        if document is None:
            _complain(f"no paragraph or document {record_id} in {index_path}")
            return NOTHING_FOUND
        records = list(index.paragraphs(document=document.document))
    if paragraph is not None:
        records = [record for record in records if abs(record.n - paragraph.n) <= context]
    if style != "table":
        _print(render.records(map(to_json, records), style))
        return FOUND
    is_single = paragraph is not None
    _print([render.document(document), "\n"] if not is_single else [])
    _print(
        render.paragraph(record, is_asked_for=is_single and record.id == record_id, colour=sys.stdout.isatty()) + "\n"
        for record in records
    )
    return FOUND


@cli.command()
@click.argument("name", required=False)
@_index_option
@_filter_options
@click.option("--contains", metavar="TEXT", help="Only values that hold TEXT.")
@_format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def facets(name: str | None, index_path: Path, contains: str | None, style: str, **options: Any) -> int:  # noqa: ANN401
    """List the values of the facet NAME (or of all facets) with their numbers of paragraphs.

    Every value is listed, however many there are.
    """
    from searchkit import render
    from searchkit.searching import Index, facet_to_json

    filters, _ = _split(options)
    with Index(index_path) as index:
        counted = index.facets([name] if name else [], **filters)
    if contains is not None:
        counted = {facet: counts.containing(contains) for facet, counts in counted.items()}
    if style == "json":
        _print([render.to_json({facet: facet_to_json(counts) for facet, counts in counted.items()}, indent=1), "\n"])
    elif style == "table":
        _print("\n".join(render.facet(facet, counts, None) for facet, counts in counted.items()))
    else:
        rows: Iterator[Mapping[str, object]] = (
            {"value": item.value, "facet": facet, "count": item.count}
            for facet, counts in counted.items()
            for item in counts.values
        )
        _print(render.records(rows, style))
    return FOUND if any(counts.values for counts in counted.values()) else NOTHING_FOUND


@cli.command()
@click.argument("what", type=click.Choice(["documents", "paragraphs", "measures"]))
@_index_option
@_filter_options
@_format_option("jsonl", "json", "csv", "tsv", "table", "ids")
def export(what: str, index_path: Path, style: str, **options: Any) -> int:  # noqa: ANN401
    """Write all documents, paragraphs or measures to standard output, one record after the other."""
    from searchkit import render
    from searchkit.model import to_json
    from searchkit.searching import Index

    filters, _ = _split(options)
    with Index(index_path) as index:
        if what == "measures":  # the record is fixed, its extraction is not there yet
            _complain(f"{index_path} holds no measures: this version does not extract figures")
            return FOUND
        found = index.documents(**filters) if what == "documents" else index.paragraphs(**filters)
        _print(render.records(map(to_json, found), style))
    return FOUND


@cli.command()
@_index_option
@_format_option("table", "json")
def info(index_path: Path, style: str) -> int:
    """Say what an index holds, when and of what it was built, and what could not be read."""
    from searchkit import render
    from searchkit.searching import Index

    with Index(index_path) as index:
        manifest, problems, names = index.manifest, index.problems(), index.facet_names
    size = sum(size for size, _ in manifest.files.values())
    facts = {
        "index": str(index_path),
        "engine": manifest.engine,
        "format": manifest.format,
        "built": manifest.built,
        "corpus": manifest.corpus,
        "documents": manifest.documents,
        "paragraphs": manifest.paragraphs,
        "bytes": size,
        "analyzer": manifest.analyzer,
        "facets": list(names),
    }
    if style == "json":
        _print([render.to_json({**facts, "problems": problems}, indent=1), "\n"])
        return FOUND
    shown = {**facts, "facets": ", ".join(names), "problems": len(problems)}
    _print([render.table(list(shown.items()), ["", ""])])
    _print(render.safe(f"not read: {item['path']}: {item['reason']}\n") for item in problems)
    return FOUND


@cli.command()
@_index_option
def check(index_path: Path) -> int:
    """Verify every file of an index. A damaged file is named, with exit status 3."""
    from searchkit.searching import Index

    with Index(index_path) as index:
        index.check()
        manifest = index.manifest
    held = f"{manifest.documents} documents, {manifest.paragraphs} paragraphs, {len(manifest.files)} files"
    _print([f"{index_path} is whole: {held}\n"])
    return FOUND


@cli.command()
@click.argument("text")
@_index_option
@_format_option("table", "json")
def analyze(text: str, index_path: Path, style: str) -> int:
    """Show how TEXT is cut into tokens, and how it is understood as a query.

    Uses the words and synonyms of the index, or the built-in ones where there is no index.
    """
    from searchkit import render
    from searchkit.analysis import Analyzer
    from searchkit.errors import IndexMissing
    from searchkit.searching import Index
    from searchkit.syntax import parse

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
        _print([render.to_json({"tokens": tokens, "understood": understood}, indent=1), "\n"])
    else:
        _print(render.records(tokens, "table"))
        _print([render.safe(f"\nas a query: {query.all}\n"), *(render.safe(f"{note}\n") for note in query.notes)])
    return FOUND if tokens else NOTHING_FOUND


def main() -> NoReturn:
    """Run the command line: one line on standard error and an exit status for whatever goes wrong."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _complain(error.format_message())
        status = error.exit_code
    except SearchkitError as error:
        _complain(str(error))
        status = error.exit_status
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        status = FAILED
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    except Exception as error:
        if os.environ.get("SEARCHKIT_DEBUG"):
            raise
        _complain(f"{type(error).__name__}: {error} (a mistake in searchkit; SEARCHKIT_DEBUG=1 shows where)")
        status = FAILED
    sys.exit(status)


def _split(options: Mapping[str, Any]) -> tuple[dict[str, Any], SearchOptions]:
    """Options of the command line → arguments for filters, and search options."""
    from searchkit.searching import SearchOptions

    filters: dict[str, Any] = {name: list(options[name]) for name in BUILT_IN if options.get(name)}
    where: dict[str, list[str]] = {}
    for text in options.get("where", ()):
        name, equals, value = text.partition("=")
        if not (name and equals):
            message = f"--where {text!r}: write NAME=VALUE"
            raise UsageError(message)
        where.setdefault(name, []).append(value)
    rest = {name: value for name, value in options.items() if name not in {*BUILT_IN, "where"}}
    return {**filters, "where": where}, SearchOptions(**rest)


def _answer_all(index: Index, lines: Iterable[str], options: SearchOptions, filters: Mapping[str, Any]) -> int:
    """Answer one query a line, in order. A line that cannot be answered says why and the others go on."""
    from searchkit import render
    from searchkit.searching import facet_to_json, hit_to_json

    status = NOTHING_FOUND
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        answer: dict[str, object] = {"id": str(number), "total": 0, "hits": []}
        try:
            answer["id"], query, own = _query_line(line)
            found = index.search(query, options, **{**filters, **own})
            answer |= {"total": found.total, "hits": list(map(hit_to_json, found.hits))}
            if found.relaxed:
                answer["relaxed"] = True
            if found.facets:
                answer["facets"] = {name: facet_to_json(counts) for name, counts in found.facets.items()}
            status = FOUND if found.total and status != WRONG_USAGE else status
        except UsageError as error:
            answer["error"] = str(error)
            _complain(f"line {number}: {error}")
            status = WRONG_USAGE
        _print([render.to_json(answer), "\n"])
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


def _print(pieces: Iterable[str]) -> None:
    for piece in pieces:
        sys.stdout.write(piece)


def _complain(message: str) -> None:
    from searchkit.render import safe

    sys.stderr.write(f"searchkit: {safe(' '.join(message.split()))}\n")


def _print_report(report: BuildReport, style: str) -> None:
    from searchkit import render

    if style == "json":
        _print([render.to_json(asdict(report), indent=1), "\n"])
        return
    if report.full_because:
        _print([f"{report.full_because}: everything was built again\n"])
    counts = [f"{report.files} files read"]
    counts += [f"{report.removed} removed"] if report.removed else []
    counts += [f"{report.unchanged} unchanged"] if report.unchanged else []
    done = ", ".join(counts) if report.files or report.removed else "nothing changed"
    held = f"{report.documents} documents, {report.paragraphs} paragraphs"
    _print([f"{done}: {held} in {report.index} ({report.seconds:.1f} s)\n"])
    for title, rows in (
        ("not read", [(item.path, item.reason) for item in report.skipped]),
        ("undecided", report.warned),
    ):
        if rows:
            _print(
                [
                    f"{title}: {len(rows)}\n",
                    *(render.safe(f"  {name}: {reason}\n") for name, reason in rows[:_SHOWN_PROBLEMS]),
                ]
            )
        if len(rows) > _SHOWN_PROBLEMS:
            _print([f"  … and {len(rows) - _SHOWN_PROBLEMS} more: searchkit info; searchkit export documents\n"])


if __name__ == "__main__":
    main()
