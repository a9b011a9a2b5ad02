"""Everything that searchkit raises on purpose.

    SearchkitError                 exit status 3
    ├── UsageError                 the caller asked for something impossible; exit status 2
    │   └── UnknownFacet           a facet that the index does not hold
    ├── CorpusError                a corpus that cannot be read at all
    ├── ReadError                  one file that cannot be read; the others go on
    └── IndexUnusable              an index that cannot be used as it is
        ├── IndexMissing           there is none
        ├── IndexForeign           another format version, another product
        ├── IndexStale             built with another analyzer: rebuild
        ├── IndexDamaged           a file is missing, short or altered
        ├── IndexClosed            it was closed
        └── IndexLocked            another process is writing

Messages are one line: what is wrong, where, and what to do about it. Exceptions of the libraries
underneath are turned into these at the module that calls the library.
"""

from __future__ import annotations


class SearchkitError(Exception):
    """Base of all errors raised on purpose; `exit_status` is what the command line returns for it."""

    exit_status = 3


class UsageError(SearchkitError):
    """A wrong argument: a bad year, an unknown option value, a filter that cannot be."""

    exit_status = 2


class UnknownFacet(UsageError):
    """A facet name that this index does not hold."""


class CorpusError(SearchkitError):
    """A corpus folder that is missing, is not a folder, or holds nothing that can be read."""


class ReadError(SearchkitError):
    """One file that cannot be read. The message says why and does not repeat the file's name."""

    def __init__(self, message: str, *, is_settled: bool = True) -> None:
        """`is_settled`: whether it is for the file's content, so that trying again would give the same."""
        super().__init__(message)
        self.is_settled = is_settled


class IndexUnusable(SearchkitError):
    """Base of what can be wrong with an index."""


class IndexMissing(IndexUnusable):
    """No index in the folder."""


class IndexForeign(IndexUnusable):
    """The folder holds an index of another format version or product."""


class IndexStale(IndexUnusable):
    """The index was built with another analyzer, so its terms are not the query's terms."""


class IndexDamaged(IndexUnusable):
    """A file of the index is missing, truncated or altered."""


class IndexClosed(IndexUnusable):
    """The index was closed: open it again."""


class IndexLocked(IndexUnusable):
    """Another process is writing to the index."""
