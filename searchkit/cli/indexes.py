"""Commands about an index as a whole: make it, say what it holds, verify it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import format_option, index_option
from searchkit.cli.output import FOUND, emit

if TYPE_CHECKING:
    from searchkit.indexing import BuildReport

_SHOWN_PROBLEMS = 20


@click.command()
@click.argument("corpus", default="corpus", type=click.Path(path_type=Path))
@index_option
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
@click.option(
    "--units", type=click.Path(path_type=Path), metavar="FILE", help="Units of figures instead of the built-in ones."
)
@click.option(
    "--fixed-names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Names with numbers that count nothing (双随机) instead of the built-in ones.",
)
@click.option("--full", is_flag=True, help="Read every file again, not only what has changed.")
@format_option("table", "json")
def build(corpus: Path, index_path: Path, style: str, **options: Any) -> int:  # noqa: ANN401
    """Make an index of the reports in the folder CORPUS, or bring it up to date.

    Only files that have changed are read. Everything is read again when the engine or one of the
    files of words, synonyms, topics, units or fixed names has changed. Until a build is complete,
    searches see the index as it was.
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


@click.command()
@index_option
@format_option("table", "json")
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
        "measures": manifest.measures,
        "bytes": size,
        "analyzer": manifest.analyzer,
        "facets": list(names),
    }
    if style == "json":
        emit([render.to_json({**facts, "problems": problems}, indent=1), "\n"])
        return FOUND
    shown = {**facts, "facets": ", ".join(names), "problems": len(problems)}
    emit([render.table(list(shown.items()), ["", ""])])
    emit(render.safe(f"not read: {item['path']}: {item['reason']}\n") for item in problems)
    return FOUND


@click.command()
@index_option
def check(index_path: Path) -> int:
    """Verify every file of an index. A damaged file is named, with exit status 3."""
    from searchkit.searching import Index

    with Index(index_path) as index:
        index.check()
        manifest = index.manifest
    held = f"{manifest.documents} documents, {manifest.paragraphs} paragraphs, {manifest.measures} measures"
    emit([f"{index_path} is whole: {held}, {len(manifest.files)} files\n"])
    return FOUND


def _print_report(report: BuildReport, style: str) -> None:
    from searchkit import render

    if style == "json":
        emit([render.to_json(asdict(report), indent=1), "\n"])
        return
    if report.full_because:
        emit([f"{report.full_because}: everything was built again\n"])
    counts = [f"{report.files} files read"]
    counts += [f"{report.removed} removed"] if report.removed else []
    counts += [f"{report.unchanged} unchanged"] if report.unchanged else []
    done = ", ".join(counts) if report.files or report.removed else "nothing changed"
    held = f"{report.documents} documents, {report.paragraphs} paragraphs, {report.measures} measures"
    emit([f"{done}: {held} in {report.index} ({report.seconds:.1f} s)\n"])
    for title, rows in (
        ("not read", [(item.path, item.reason) for item in report.skipped]),
        ("undecided", report.warned),
    ):
        if rows:
            emit(
                [
                    f"{title}: {len(rows)}\n",
                    *(render.safe(f"  {name}: {reason}\n") for name, reason in rows[:_SHOWN_PROBLEMS]),
                ]
            )
        if len(rows) > _SHOWN_PROBLEMS:
            emit([f"  … and {len(rows) - _SHOWN_PROBLEMS} more: searchkit info; searchkit export documents\n"])
