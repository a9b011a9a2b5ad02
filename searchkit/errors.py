"""The exceptions of searchkit, each with the exit status of the command line.

    SearchkitError                 exit status 3
    ├── UsageError                 an invalid argument; exit status 2
    │   └── UnknownFacet           a facet that the index does not have
    ├── CorpusError                a corpus that cannot be read
    ├── ReadError                  a file that cannot be read; other files are not affected
    └── IndexUnusable              an index that cannot be used
        ├── IndexMissing           no index in the folder
        ├── IndexForeign           another format version or product
        ├── IndexStale             built with another analyzer; must be rebuilt
        ├── IndexDamaged           a file is missing, truncated or altered
        ├── IndexClosed            the index was closed
        └── IndexLocked            another process is writing

A message is one line that states the problem, the place and the remedy. A module that calls a library converts the
library's exceptions to these.
"""

from __future__ import annotations


class SearchkitError(Exception):
    """Base class. `exit_status` is the exit status of the command line."""

    exit_status = 3


class UsageError(SearchkitError):
    """An invalid argument, such as a bad year, an unknown option value or an impossible filter."""

    exit_status = 2


class UnknownFacet(UsageError):
    """A facet that this index does not have."""


class CorpusError(SearchkitError):
    """A corpus that is missing, is not a folder, or contains no readable file."""


class ReadError(SearchkitError):
    """A file that cannot be read. The message gives the reason without the file's name."""

    def __init__(self, message: str, *, is_final: bool = True) -> None:
        """`is_final` tells whether the file's content is the cause, so that another attempt would fail too."""
        super().__init__(message)
        self.is_final = is_final


class IndexUnusable(SearchkitError):
    """Base class of the errors about an index."""


class IndexMissing(IndexUnusable):
    """The folder contains no index."""


class IndexForeign(IndexUnusable):
    """The folder contains an index of another format version or product."""


class IndexStale(IndexUnusable):
    """The index was built with another analyzer, so its terms do not match those of queries."""


class IndexDamaged(IndexUnusable):
    """A file of the index is missing, truncated or altered."""


class IndexClosed(IndexUnusable):
    """The index was closed and must be opened again."""


class IndexLocked(IndexUnusable):
    """Another process is writing to the index."""
