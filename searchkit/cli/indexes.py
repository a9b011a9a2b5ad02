"""Commands about an index as a whole: make it, say what it holds, verify it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import format_option, index_option
from searchkit.cli.output import FAILED, FOUND, complain, emit

if TYPE_CHECKING:
    from searchkit.corpus.walk import Skipped
    from searchkit.index import Index
    from searchkit.indexing.build import BuildReport
    from searchkit.indexing.tasks import Progress

_SHOWN_PROBLEMS = 20
_PLACE = re.compile(r"^(?:line|page) \d+: ")
"""In which part of a file a problem is."""


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
    "--units", type=click.Path(path_type=Path), metavar="FILE", help="Units of measures instead of the built-in ones."
)
@click.option(
    "--fixed-names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Names with numbers that count nothing (双随机) instead of the built-in ones.",
)
@click.option("--full", is_flag=True, help="Read every file again, not only what has changed.")
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with status 3 if anything was not read. The index is built all the same, of what was.",
)
@format_option("table", "json")
def build(corpus: Path, index_path: Path, style: str, *, strict: bool, **options: Any) -> int:  # noqa: ANN401
    """Make an index of the reports in the folder CORPUS, or bring it up to date.

    Only files that have changed are read. Everything is read again when the engine or one of the
    files of words, synonyms, topics, units or fixed names has changed. Until a build is complete,
    searches see the index as it was.

    A file that cannot be read is named and left out, also when its reader crashes, takes too long
    or needs too much memory; it is tried again when it has changed, or with --full. If the system
    failed or the reader was ended from outside, the next build tries again by itself.
    """
    from searchkit.indexing.build import BuildOptions
    from searchkit.indexing.build import build as build_index
    from searchkit.manifest import current_data

    before = current_data(index_path)
    watch = _Watch()
    try:
        with _interrupts_raised(), watch.shown():
            report = build_index(corpus, index_path, BuildOptions(**options), watch)
    except KeyboardInterrupt:
        now = current_data(index_path)
        index = "is complete" if now != before else "is as it was" if now else "was not made"
        complain(f"interrupted: {watch.count}; the index {index}; run the same build again")
        return FAILED
    _print_report(report, style)
    if strict and report.skipped:
        complain(f"not everything was read (--strict): {_counted(report.skipped)}; the index is built of the rest")
        return FAILED
    return FOUND


@click.command()
@index_option
@click.option("--problems", is_flag=True, help="List all that was not read and all that could not be decided, and why.")
@format_option("table", "json", "jsonl", "csv")
def info(index_path: Path, style: str, *, problems: bool) -> int:
    """Say what an index holds, when and of what it was built, and what could not be read."""
    from searchkit.index import Index
    from searchkit.output.json import dumps
    from searchkit.output.records import records
    from searchkit.output.terminal import table
    from searchkit.text.characters import safe

    with Index(index_path) as index:
        if problems:
            emit(records(_problems(index), style))
            return FOUND
        facts, unread = _facts(index, index_path), index.problems()
    if style == "table":
        rows = {**facts, "facets": ", ".join(index.facet_names), "problems": len(unread)}
        emit([table(list(rows.items()), ["", ""])])
        lines = [f"not read: {item['path']}: {item['reason']}" for item in unread]
        emit(safe(f"{line}\n") for line in _first(lines, str(index_path)))
    elif style == "json":
        emit([dumps({**facts, "problems": unread}, indent=1), "\n"])
    else:
        emit(records([{**facts, "problems": len(unread)}], style))
    return FOUND


@click.command()
@index_option
def check(index_path: Path) -> int:
    """Verify every file of an index. A damaged file is named, with exit status 3."""
    from searchkit.index import Index

    with Index(index_path) as index:
        index.check()
        manifest = index.manifest
    held = f"{manifest.documents} documents, {manifest.paragraphs} paragraphs, {manifest.measures} measures"
    emit([f"{index_path} is whole: {held}, {len(manifest.files)} files\n"])
    return FOUND


@contextmanager
def _interrupts_raised() -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt: there is something to tidy up. Elsewhere it may end the process at once."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or current_thread() is not main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Watch:
    """Follows a build."""

    def __init__(self) -> None:
        self._done: Progress | None = None
        self._started = time.monotonic()
        self._bar: Any = None

    def __call__(self, done: Progress) -> None:
        """Take notice of how much is done."""
        self._done = done
        if self._bar is not None:
            self._bar.length = max(done.all_bytes, 1)
            self._bar.update(done.bytes - self._bar.pos, self._line(done))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show a bar meanwhile, if there is a terminal to show it on."""
        if not sys.stderr.isatty():
            yield
            return
        with click.progressbar(
            length=1,
            label="reading",
            show_eta=False,
            show_percent=False,
            item_show_func=lambda line: str(line or ""),
            file=sys.stderr,
            width=20,
        ) as self._bar:
            yield

    @property
    def count(self) -> str:
        """How many files are read."""
        return f"{self._done.files} of {self._done.all_files} files read" if self._done else "no file read"

    def _line(self, done: Progress) -> str:
        seconds = max(time.monotonic() - self._started, 0.001)
        left = round(seconds * (done.all_bytes - done.bytes) / max(done.bytes, 1))
        rate = f"{done.files / seconds:.0f} files/s, {done.bytes / seconds / 1_000_000:.1f} MB/s"
        return f"{done.files} of {done.all_files} files, {rate}, {left // 60}:{left % 60:02} left"


def _facts(index: Index, path: Path) -> dict[str, object]:
    manifest = index.manifest
    return {
        "index": str(path),
        "engine": manifest.engine,
        "format": manifest.format,
        "built": manifest.built,
        "corpus": manifest.corpus,
        "documents": manifest.documents,
        "paragraphs": manifest.paragraphs,
        "measures": manifest.measures,
        "bytes": sum(size for size, _ in manifest.files.values()),
        "analyzer": manifest.analyzer,
        "facets": list(index.facet_names),
    }


def _problems(index: Index) -> Iterator[dict[str, object]]:
    """What was not read, then what is undecided about documents."""
    for item in index.problems():
        yield {"path": item["path"], "reason": item["reason"], "kind": "not read"}
    for document in index.documents():
        for warning in document.warnings:
            yield {"path": document.document, "reason": warning, "kind": "undecided"}


def _print_report(report: BuildReport, style: str) -> None:
    from searchkit.output.json import dumps
    from searchkit.text.characters import safe

    if style == "json":
        emit([dumps(asdict(report), indent=1), "\n"])
        return
    if report.full_because:
        emit([f"{report.full_because}: everything was built again\n"])
    counts = [f"{report.files} files read"]
    counts += [f"{report.removed} removed"] if report.removed else []
    counts += [f"{report.unchanged} unchanged"] if report.unchanged else []
    done = ", ".join(counts) if report.files or report.removed else "nothing changed"
    held = f"{report.documents} documents, {report.paragraphs} paragraphs, {report.measures} measures"
    emit([f"{done}: {held} in {report.index} ({report.seconds:.1f} s)\n"])
    if report.skipped:
        emit([f"not read: {_counted(report.skipped)}\n"])
        emit(safe(f"{line}\n") for line in _grouped(report.skipped, report.index))
    if report.warned:
        emit([f"undecided: {len(report.warned)}\n"])
        lines = [f"  {name}: {reason}" for name, reason in report.warned]
        emit(safe(f"{line}\n") for line in _first(lines, report.index))


def _counted(skipped: Sequence[Skipped]) -> str:
    """`3 files, 1 part of a file`."""
    files = sum(item.files for item in skipped)
    parts = sum(not item.files for item in skipped)
    counts = [f"{files} {'file' if files == 1 else 'files'}"] if files else []
    return ", ".join(counts + ([f"{parts} {'part of a file' if parts == 1 else 'parts of files'}"] if parts else []))


def _grouped(skipped: Sequence[Skipped], index: str) -> Iterator[str]:
    """What was not read, by reason, the most frequent first; names up to a number, and how many more there are."""
    groups: dict[str, list[Skipped]] = {}
    for item in skipped:
        groups.setdefault(_PLACE.sub("", item.reason), []).append(item)
    left = _SHOWN_PROBLEMS
    for reason, items in sorted(groups.items(), key=lambda group: -sum(max(item.files, 1) for item in group[1])):
        if len(items) > 1:
            yield f"  {reason}: {_counted(items)}"
            yield from (f"    {item.path}{_part(item)}" for item in items[:left])
        elif left:
            several = f" ({items[0].files} files)" if items[0].files > 1 else ""
            yield f"  {items[0].path}: {items[0].reason}{several}"
        left = max(left - len(items), 0)
    yield from _more(len(skipped), index)


def _part(item: Skipped) -> str:
    place = _PLACE.match(item.reason)
    return f" ({place[0].rstrip(': ')})" if place else ""


def _first(lines: Sequence[str], index: str) -> Iterator[str]:
    """Give lines up to a number, and how many more there are."""
    yield from lines[:_SHOWN_PROBLEMS]
    yield from _more(len(lines), index)


def _more(count: int, index: str) -> Iterator[str]:
    if count > _SHOWN_PROBLEMS:
        yield f"  … and {count - _SHOWN_PROBLEMS} more: searchkit info --problems --index {quote(index)}"
