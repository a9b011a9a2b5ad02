"""The exceptions of searchkit, each with the exit status of the command line.

    SearchkitError                 exit status 3
    ├── UsageError                 an invalid argument: exit status 2
    │   └── UnknownFacet           a facet that the index does not have
    ├── CorpusError                a corpus that cannot be read
    ├── ReadError                  a file that cannot be read; other files are not affected
    ├── TimedOut                   a call that reached its time limit
    └── IndexUnusable              an index that cannot be used
        ├── IndexMissing           no index in the folder
        ├── IndexForeign           another version of the format, or not an index
        ├── IndexStale             built with another analyzer: must be built again
        ├── IndexDamaged           a file is missing, truncated or altered
        ├── IndexClosed            the index was closed
        ├── IndexLocked            another process is writing
        └── IndexNotDurable        the new index is in place, but may not be on disk

The message of an exception is one line that states the problem and, if they are known, its place and what to do about
it. A module that calls a library converts the library's exceptions to these.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_NOT_IN_ARGUMENT = r"[^\w@%+=:,./\\~-]"  # compiled when it is used: every command imports this module
"""Matches a character that a shell may not take as part of an argument. ~ is the home folder only at the beginning."""
_SPECIAL_IN_QUOTES = r'["$`!\\]'
"""Matches a character that is special between double quotes."""


def install_command(packages: str) -> str:
    """Return the shell command that installs packages where searchkit is.

    pipx and `uv tool` give a program an environment of its own, to which `pip install` adds nothing.
    """
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx inject cn-report-search {packages}"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv pip install --python {quoted(prefix)} {packages}"
    return f"pip install {packages}"


def quoted(path: Path | str) -> str:
    """Return a path as an argument of a command that users can copy: in quotes if a shell would split or change it.

    Double quotes are the only ones of Windows.
    """
    text = str(path)
    if not re.search(_NOT_IN_ARGUMENT, text):
        return text
    if os.name != "nt" and re.search(_SPECIAL_IN_QUOTES, text):
        import shlex  # noqa: PLC0415 - few paths need it

        return shlex.quote(text)
    return f'"{text}"'


class SearchkitError(Exception):
    """Base class of all exceptions. `exit_status` is the exit status of the command line.

    `code` names the kind of error: the name of the class in lower case with underscores (`index_missing`), or a
    narrower one, see `UsageError`.
    """

    exit_status = 3

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        """Create the error. `code`: a narrower code than that of the class."""
        super().__init__(message)
        self.code = code or "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")


class UsageError(SearchkitError):
    """An invalid argument, such as a bad year, an unknown option value or an impossible filter.

    Its code is one of these, otherwise `usage_error`: `unknown_value` and `empty_value` of a filter, `invalid_year`,
    `unknown_option`, `invalid_cursor`, `stale_cursor` (the index has changed), `foreign_cursor` (of another search),
    `unknown_paragraph`, `unknown_watch`, `ambiguous_id`, `no_measure_named`, `same_facets`, `too_many_cells`,
    `chart_too_large`.
    """

    exit_status = 2


class UnknownFacet(UsageError):
    """A facet that this index does not have."""


class CorpusError(SearchkitError):
    """A corpus that is missing, is not a folder, or contains no readable file."""


class ReadError(SearchkitError):
    """A file that cannot be read. The message is the reason, without the name of the file."""

    def __init__(self, message: str, *, is_final: bool = True) -> None:
        """Create the error. If `is_final`, the content of the file is the cause, and another attempt would fail too."""
        super().__init__(message)
        self.is_final = is_final


class TimedOut(SearchkitError):
    """A call that reached its time limit. The index can be used as before."""


class IndexUnusable(SearchkitError):
    """Base class of the errors about an index."""


class IndexMissing(IndexUnusable):
    """The folder contains no index."""


class IndexForeign(IndexUnusable):
    """The folder, or the cluster that it names, has no index that this searchkit can read.

    The index has another version of the format or an unknown engine, or it is not an index of searchkit.
    """


class IndexStale(IndexUnusable):
    """The index was built with another analyzer, so its terms do not match those of queries."""


class IndexDamaged(IndexUnusable):
    """A file of the index is missing, truncated or altered."""


class IndexClosed(IndexUnusable):
    """The index was closed. It must be opened again."""


class IndexLocked(IndexUnusable):
    """Another process is writing to the index, or may be writing to it."""


class IndexNotDurable(IndexUnusable):
    """The new index is in place and can be used, but a power failure may undo it: syncing its folder failed.

    The same build, run again, syncs it.
    """
