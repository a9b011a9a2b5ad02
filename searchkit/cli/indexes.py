"""Commands that build, describe or verify an index: build (with its progress bar and its report), info, check."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import FolderPath, format_option, index_option, output_options
from searchkit.cli.output import FAILED, FOUND, Target, print_error, write_output
from searchkit.cli.progress import bar_width, long_work, raise_on_interrupt
from searchkit.cli.settings import SettingsCommand, applying_settings
from searchkit.errors import quoted
from searchkit.translation import COLUMN, FACET, in_brackets, join, ngettext, pgettext, translate
from searchkit.translation import gettext as _

if TYPE_CHECKING:
    from searchkit.corpus.walk import Skipped
    from searchkit.indexing.build import BuildReport
    from searchkit.indexing.tasks import Progress
    from searchkit.manifest import Manifest

_MAX_SHOWN_PROBLEMS = 20
"""Maximum number of unread files and parts, of duplicates, and of warnings that are named. The others are counted."""
_MIN_BAR_WIDTH = 5
"""Minimum width of a bar that is shown together with the speed."""
_LOCATION = re.compile(r"^(?:line|pages?) \d+(?: to \d+)?: ")
"""Matches the location inside a file at the beginning of a reason: `line 7: `, `pages 2 to 5: `."""


@click.command(cls=SettingsCommand)
@click.argument("corpus", default="corpus", type=FolderPath())
@index_option
@click.option(
    "--engine",
    default="columnar",
    show_default=True,
    metavar="NAME",
    help="columnar, whoosh (the slow reference implementation), or opensearch (on a cluster).",
)
@click.option(
    "--url",
    metavar="URL",
    help="Address of the cluster, for --engine opensearch: https://host:9200, or https://host:9200/NAME with the "
    "name of the index. Only needed for the first build.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="one per core",
    metavar="N",
    help="Number of processes that read and index files.",
)
@click.option(
    "--words",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the domain words in FILE instead of the built-in ones.",
)
@click.option(
    "--synonyms",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the synonyms in FILE instead of the built-in ones.",
)
@click.option(
    "--topics",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the topics in FILE instead of the built-in ones, for all reports but work reports.",
)
@click.option(
    "--work-topics",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the topics in FILE instead of the built-in ones for governments' work reports (政府工作报告).",
)
@click.option(
    "--units",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the units of measures in FILE instead of the built-in ones.",
)
@click.option(
    "--fixed-names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the fixed names in FILE instead of the built-in ones: names whose number is not a measure (双随机).",
)
@click.option(
    "--indicators",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use the list of indicator names in FILE instead of the built-in one. "
    "It groups the names of one measure (GDP, 地区生产总值).",
)
@click.option("--full", is_flag=True, help="Read all files again, not only new and changed ones.")
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with status 3 if anything could not be read. The index is still built, from everything else.",
)
@format_option("table", "json")
def build(corpus: Path, index_path: Path, output_format: str, *, strict: bool, **options: Any) -> int:  # noqa: ANN401
    """Build or update an index of the reports in CORPUS, a folder.

    Only new and changed files are read. All files are read again after a change of searchkit, of a
    library that reads files, of the engine, or of a file of words, synonyms, topics, units, fixed
    names or indicators; also if LibreOffice was installed or removed. Until a build is complete,
    searches use the old index.

    A file that cannot be read is named and left out. So is a file whose reader crashes, takes too
    long or needs too much memory. Such a file is read again when it has changed, or with --full. If
    the operating system failed, or the reader was killed from outside, the next build reads the
    file again.
    """
    from searchkit.indexing.build import BuildOptions, committed_state
    from searchkit.indexing.build import build as build_index

    chosen = BuildOptions(**options)
    before = committed_state(index_path, chosen)
    progress = _ProgressDisplay()
    try:
        with raise_on_interrupt(), progress.show_bar():
            report = build_index(corpus, index_path, chosen, progress)
    except KeyboardInterrupt:
        after = committed_state(index_path, chosen)
        if after != before:
            outcome = "the index is complete; the next build removes what is left over"
        else:
            outcome = f"the index {'is unchanged' if after else 'was not created'}; run the same build again"
        print_error(f"interrupted: {progress.summary}; {outcome}")
        return FAILED
    _print_report(report, output_format)
    if strict and report.skipped:
        print_error(
            f"not everything was read (--strict): {_count_skipped(report.skipped)}; the index contains the rest"
        )
        return FAILED
    return FOUND


@click.command(cls=SettingsCommand)
@index_option
@click.option(
    "--problems",
    is_flag=True,
    help="List everything that was not read, is a duplicate or could not be decided, with the reasons.",
)
@output_options("table", "json", "jsonl", "csv", "tsv", "xlsx")
def info(index_path: Path, target: Target, *, problems: bool) -> int:
    """Show what an index contains, and what could not be read.

    Shows the number of records, the facets, when and from which folder the index was built, and the
    files and parts of files that could not be read: the first twenty in a table, all in json, and
    only their number in the other formats. `settings` is the file searchkit.toml that applies.
    """
    from searchkit.index import Index
    from searchkit.output.json import dumps, problem_records

    settings = applying_settings(click.get_current_context())
    with Index(index_path) as index:
        if problems:
            records = problem_records(index.problems(), index.duplicates(), index.documents())
            if target.format == "table":
                records = (
                    {"file": item["path"], "reason": translate(str(item["reason"])), "kind": _(str(item["kind"]))}
                    for item in records
                )
            target.write_records(records, "problems")
            return FOUND
        facts, unread = index.info(), index.problems()
    facts["settings"] = str(settings.path) if settings else None
    if target.format == "table":
        facet_names = join(pgettext(FACET, name) for name in index.facet_names)
        texts = {name: _(str(facts[name])) for name in ("verified", "table_rows")}
        shown = {**facts, "facets": facet_names, **texts}
        target.write(_format_facts(shown, unread, index_path, target.width))
    elif target.format == "json":
        target.write([dumps({**facts, "problems": unread}, indent=1), "\n"])
    else:
        target.write_records([{**facts, "problems": len(unread)}], "index")
    return FOUND


@click.command(cls=SettingsCommand)
@index_option
def check(index_path: Path) -> int:
    """Verify all files of an index. If a file is damaged, name it and exit with status 3."""
    from searchkit.index import Index

    with Index(index_path) as index:
        with long_work(
            _("checking"), lambda _progress: _("the index was not checked to the end; nothing was changed")
        ) as progress:
            index.check(progress)
        manifest = index.manifest
    counts = _count_records(manifest)
    text = _("{index} is intact: {counts}, {files} files")
    write_output([text.format(index=index_path, counts=counts, files=len(manifest.files)) + "\n"])
    return FOUND


class _ProgressDisplay:
    """Shows the progress of a build as a bar. It is a `ProgressCallback`."""

    def __init__(self) -> None:
        self._latest: Progress | None = None
        self._started = time.monotonic()
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Update the display."""
        self._latest = progress
        if self._bar is not None:
            status = self._status_line(progress)
            self._bar.length = max(progress.all_bytes, 1)
            self._bar.width = bar_width(self._bar.label, "  ", status)
            self._bar.update(progress.bytes - self._bar.pos, status)

    @contextmanager
    def show_bar(self) -> Iterator[None]:
        """Show a progress bar during the block, if standard error is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        with click.progressbar(
            length=1,
            label=_("reading"),
            show_eta=False,
            show_percent=False,
            item_show_func=lambda line: str(line or ""),
            file=sys.stderr,
            width=20,
        ) as self._bar:
            yield

    @property
    def summary(self) -> str:
        """Number of files read so far, as text: `3 of 14 files read`, or `no file read`."""
        if self._latest is None:
            return _("no file read")
        return _("{n} of {all} files read").format(n=self._latest.files, all=self._latest.all_files)

    def _status_line(self, progress: Progress) -> str:
        """Return the number of files, the speed, and the time left, which is estimated from the bytes left.

        The speed is left out on a narrow terminal.
        """
        seconds = max(time.monotonic() - self._started, 0.001)
        left = round(seconds * (progress.all_bytes - progress.bytes) / max(progress.bytes, 1))
        numbers = {"files": progress.files, "all": progress.all_files, "time": f"{left // 60}:{left % 60:02}"}
        text = _("{files} of {all} files, {rate} files/s, {speed} MB/s, {time} left").format(
            **numbers,
            rate=f"{progress.files / seconds:.0f}",
            speed=f"{progress.bytes / seconds / 1_000_000:.1f}",
        )
        is_narrow = bar_width(_("reading"), "  ", text) < _MIN_BAR_WIDTH
        return _("{files}/{all} files, {time} left").format(**numbers) if is_narrow else text


def _format_facts(
    facts: Mapping[str, object], unread: Sequence[Mapping[str, str]], index_path: Path, width: int | None
) -> Iterator[str]:
    """Yield a table of facts about an index, and below it the files and parts that were not read (`_truncate`).

    `width`: maximum width of the table in columns; None = no limit.
    """
    from searchkit.output.cells import value_text
    from searchkit.output.terminal import format_table
    from searchkit.text.characters import sanitize

    shown = {**facts, "problems": len(unread)}
    rows = [(pgettext(COLUMN, name), value_text(value)) for name, value in shown.items() if value is not None]
    yield format_table(rows, ["", ""], width=width)
    text = _("not read: {path}: {reason}")
    lines = [text.format(path=problem["path"], reason=translate(problem["reason"])) for problem in unread]
    yield from (sanitize(f"{line}\n") for line in _truncate(lines, str(index_path)))


def _print_report(report: BuildReport, output_format: str) -> None:
    """Print the report of a build as text (table) or JSON (json).

    The text omits the warnings about text that was left out on purpose (`LEFT_OUT`), because nearly every file with
    pages has running heads or feet.
    """
    from searchkit.model import LEFT_OUT
    from searchkit.output.json import dumps
    from searchkit.text.characters import sanitize

    if output_format == "json":
        write_output([dumps(asdict(report), indent=1), "\n"])
        return
    if report.full_because:
        text = _("{reason}: the index was built again in full")
        write_output([text.format(reason=translate(report.full_because)) + "\n"])
    text = _("{changes}: {counts} in {index} ({seconds} s)").format(
        changes=_describe_changes(report),
        counts=_count_records(report),
        index=report.index,
        seconds=f"{report.seconds:.1f}",
    )
    write_output([f"{text}\n"])
    if report.skipped:
        write_output([_("not read: {counts}").format(counts=_count_skipped(report.skipped)) + "\n"])
        write_output(sanitize(f"{line}\n") for line in _group_by_reason(report.skipped, report.index))
    undecided = [(name, reason) for name, reason in report.warned if not reason.startswith(LEFT_OUT)]
    for heading, problems in ((_("duplicates: {n}"), report.duplicates), (_("undecided: {n}"), undecided)):
        if problems:
            write_output([heading.format(n=len(problems)) + "\n"])
            lines = ["  " + _("{name}: {reason}").format(name=name, reason=translate(why)) for name, why in problems]
            write_output(sanitize(f"{line}\n") for line in _truncate(lines, report.index))


def _describe_changes(report: BuildReport) -> str:
    """Return the numbers of files that were read, removed and unchanged as text.

    Returns `nothing changed` if no file was read or removed. Otherwise, a number of 0 removed or unchanged files is
    left out.
    """
    if not report.files and not report.removed:
        return _("nothing changed")
    counts = [_("{n} files read").format(n=report.files)]
    counts += [_("{n} removed").format(n=report.removed)] * bool(report.removed)
    counts += [_("{n} unchanged").format(n=report.unchanged)] * bool(report.unchanged)
    return join(counts)


def _count_records(counts: BuildReport | Manifest) -> str:
    """Return the numbers of documents, paragraphs and measures as text."""
    text = _("{documents} documents, {paragraphs} paragraphs, {measures} measures")
    return text.format(documents=counts.documents, paragraphs=counts.paragraphs, measures=counts.measures)


def _count_skipped(skipped: Sequence[Skipped]) -> str:
    """Return the numbers of skipped files and parts as text: `3 files, 1 part of a file`."""
    files = sum(item.files for item in skipped)
    parts = sum(not item.files for item in skipped)
    counts = [ngettext("{n} file", "{n} files", files).format(n=files)] if files else []
    counts += [ngettext("{n} part of a file", "{n} parts of files", parts).format(n=parts)] if parts else []
    return join(counts)


def _group_by_reason(skipped: Sequence[Skipped], index: str) -> Iterator[str]:
    """Yield lines with the skipped items (files, parts of files …) grouped by reason: the most frequent reason first.

    The first `_MAX_SHOWN_PROBLEMS` items are named. After them, a reason with several items still has a line with their
    number, a reason with one item has none, and a last line has the number of all items that are not named.
    """
    groups: dict[str, list[Skipped]] = {}
    for item in skipped:
        groups.setdefault(_LOCATION.sub("", item.reason), []).append(item)
    left = _MAX_SHOWN_PROBLEMS
    for reason, items in sorted(groups.items(), key=lambda group: -sum(max(item.files, 1) for item in group[1])):
        if len(items) > 1:
            yield "  " + _("{reason}: {counts}").format(reason=translate(reason), counts=_count_skipped(items))
            yield from (f"    {item.path}{_location_suffix(item)}" for item in items[:left])
        elif left:
            text = _("{name}: {reason} ({n} files)") if items[0].files > 1 else _("{name}: {reason}")
            yield "  " + text.format(name=items[0].path, reason=translate(items[0].reason), n=items[0].files)
        left = max(left - len(items), 0)
    yield from _more_line(len(skipped), index)


def _location_suffix(item: Skipped) -> str:
    """Return the location of a skipped part in its file, ` (line 2)`; an empty string if the reason states none."""
    location = _LOCATION.match(item.reason)
    return in_brackets(translate(location[0].rstrip(": "))) if location else ""


def _truncate(lines: Sequence[str], index: str) -> Iterator[str]:
    """Yield the first `_MAX_SHOWN_PROBLEMS` lines and, if there are more, a line with the number of the others."""
    yield from lines[:_MAX_SHOWN_PROBLEMS]
    yield from _more_line(len(lines), index)


def _more_line(count: int, index: str) -> Iterator[str]:
    """If not all of `count` problems are shown, yield a line with the number of the others and how to list all."""
    if count > _MAX_SHOWN_PROBLEMS:
        text = _("… and {n} more: searchkit info --problems --index {index}")
        yield "  " + text.format(n=count - _MAX_SHOWN_PROBLEMS, index=quoted(index))
