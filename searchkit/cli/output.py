"""Standard output, files that commands write, error messages and exit statuses of all commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from searchkit.errors import SearchkitError, UsageError
from searchkit.translation import translate

if TYPE_CHECKING:
    from searchkit.model import Measure

FOUND, NOTHING_FOUND, WRONG_USAGE, FAILED = range(4)
"""Exit statuses 0 to 3. Commands that do not look for anything, such as build and check, succeed with FOUND."""
WORKBOOK = "xlsx"
"""Format that is not text, and needs a file."""
_OTHER_WORKBOOKS = frozenset({"xls", "xlsm", "xlsb", "ods", "et"})
"""Suffixes of spreadsheets that no format writes. .et is that of WPS."""
_BYTE_ORDER_MARK = "\ufeff"
"""Tells Excel that a file is in UTF-8."""

_T = TypeVar("_T")


class OutputClosed(Exception):
    """The reader of standard output has closed it, and needs no more output."""


def write_output(pieces: Iterable[str]) -> None:
    """Write text to standard output, piece by piece; on a terminal, through the pager if `start_pager` starts one.

    Nothing stays in the buffer, so that what `watch run` marks as seen was written. Raises OutputClosed, and
    SearchkitError if the text cannot be written, for example to a full disk.
    """
    if sys.stdout.isatty():
        from searchkit.cli.pager import start_pager

        if missing := start_pager():
            print_error(f"no pager {missing}: the output follows without one")
    for piece in pieces:  # an error while a piece is made is not one of standard output
        with _explain_output_errors():
            sys.stdout.write(piece)
    with _explain_output_errors():
        sys.stdout.flush()


@contextmanager
def _explain_output_errors() -> Iterator[None]:
    """Raise OutputClosed or SearchkitError instead of OSError."""
    try:
        yield
    except BrokenPipeError:  # click would exit with status 1
        raise OutputClosed from None
    except OSError as error:
        raise SearchkitError(f"standard output cannot be written: {error.strerror or error}") from error


class Target(NamedTuple):
    """Where a command writes, and how: the options `--format`, `--output` and `--bom`."""

    format: str
    """The output format."""
    path: Path | None = None
    """The file to write, or the folder for files of tables. None for standard output."""
    bom: bool = False
    """Whether the text begins with a byte order mark."""

    @property
    def width(self) -> int | None:
        """Number of columns of the terminal that is written to, maybe through a pager. None if there is no terminal."""
        return None if self.path is not None else terminal_width()

    @property
    def colour(self) -> bool:
        """Whether the text has colours. A file has no colours."""
        return self.path is None and is_colourful()

    def write(self, pieces: Iterable[str]) -> None:
        """Write text. Raises SearchkitError if the file cannot be written, OutputClosed as `write_output` does.

        The file appears when it is complete (`replacing_file`).
        """
        marked = chain([_BYTE_ORDER_MARK], pieces) if self.bom else pieces
        if self.path is None:
            write_output(marked)
            return
        from searchkit.output.writing import replacing_file

        try:
            with replacing_file(self.path) as path, path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(marked)
        except OSError as error:
            raise SearchkitError(f"{self.path}: cannot be written: {error.strerror}") from error

    def write_records(self, records: Iterable[Mapping[str, object]], name: str) -> None:
        """Write records in any format. `name`: name of the sheet of a workbook. Raises as `write` does."""
        if self.format == WORKBOOK and self.path is not None:
            from searchkit.output.xlsx import write_records

            write_records(records, name, self.path)
        else:
            from searchkit.output.records import format_records

            self.write(format_records(records, self.format, self.width))


def write_measures(measures: Iterable[Measure], target: Target) -> None:
    """Write a workbook of measures, each with a link to its paragraph. Raises as `Target.write` does.

    A message says how many links are missing, because Excel allows no more in a sheet.
    """
    from searchkit.output.xlsx import write_measures

    assert target.path is not None  # noqa: S101 - `read_target` requires it
    left_out = write_measures(measures, target.path)
    if left_out:
        print_error(
            f"the last {left_out} values have no link: a sheet cannot have more; their paragraphs are in `sentences`"
        )


def read_target(output_format: str, path: Path | None, *, bom: bool | None) -> Target:
    """Return the target of a command.

    The suffix of a file chooses the format, if the command has this format and `--format` is not on the command line.
    The suffix .xlsx does so even if `--format` is on the command line. Excel reads a .csv file without a byte order
    mark in the encoding of the system. So if `bom` is None, output in the format csv has a byte order mark if its path
    ends with .csv or has no suffix, such as a folder of .csv files. Raises UsageError for a workbook without a file,
    for the suffix of another spreadsheet without `--format`, which would get a table of text, and for a byte order mark
    in another format than csv or tsv.
    """
    context = click.get_current_context()
    suffix = path.suffix.lower().removeprefix(".") if path else ""
    option = next(item for item in context.command.params if item.name == "output_format")
    given = context.get_parameter_source("output_format") is click.core.ParameterSource.COMMANDLINE
    if isinstance(option.type, click.Choice) and suffix in option.type.choices and (suffix == WORKBOOK or not given):
        output_format = suffix
    if suffix in _OTHER_WORKBOOKS and not given:
        raise UsageError(f"{path}: write .xlsx or .csv; .{suffix} is no format of searchkit")
    if output_format == WORKBOOK and path is None:
        raise UsageError("--format xlsx needs --output FILE")
    if bom and output_format not in {"csv", "tsv"}:
        raise UsageError("--bom is only for csv and tsv")
    return Target(
        output_format,
        path,
        (output_format == "csv" and path is not None and suffix in {"csv", ""}) if bom is None else bom,
    )


def is_terminal() -> bool:
    """Return whether the output of the command goes to a terminal, maybe through a pager."""
    from searchkit.cli import pager

    return pager.is_running() or sys.stdout.isatty()


def terminal_width() -> int | None:
    """Return the number of columns of the terminal, None if the output does not go to a terminal."""
    if not is_terminal():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def is_colourful() -> bool:
    """Return whether output has colours: as `--color always` or `never` says, otherwise if it goes to a terminal.

    If the environment variable NO_COLOR is set and not empty, or if TERM is dumb, only `--color always` gives colours.
    """
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def peek(items: Iterator[_T]) -> tuple[bool, Iterator[_T]]:
    """Return whether an iterator has an element, and an iterator of the same elements. Consumes only the first."""
    first = list(islice(items, 1))
    return bool(first), chain(first, items)


def print_error(sentence: str) -> None:
    """Write a sentence of the library, which is in English, to standard error in the language in force."""
    print_message(translate(sentence))


def print_message(text: str) -> None:
    """Write a text to standard error as one line, without control characters.

    If nobody reads standard error any more, as in `searchkit … 2>&1 | head`, the text is lost. The exit status is not.
    """
    from searchkit.text.characters import sanitize

    with suppress(OSError):
        sys.stderr.write(f"searchkit: {sanitize(' '.join(text.split()))}\n")
