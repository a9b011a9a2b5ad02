"""The indexes that a server has, each under its URL path, and the table of their pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from searchkit import __version__
from searchkit.errors import IndexUnusable
from searchkit.index import Index, IndexState
from searchkit.web.comparing import compare_page
from searchkit.web.faceting import facets_page
from searchkit.web.frame import Frame
from searchkit.web.measures import measures_page
from searchkit.web.parameters import State
from searchkit.web.reading import document_page, paragraph_page
from searchkit.web.searching import search_page
from searchkit.web.surveys import about_page, audit_page, coverage_page
from searchkit.web.watches import watches_page, watches_state
from searchkit.web.words import Words

PAGES: Mapping[str, Callable[[Frame], tuple[str, dict[str, Any]]]] = {
    "search": search_page,
    "document": document_page,
    "paragraph": paragraph_page,
    "facets": facets_page,
    "measures": measures_page,
    "compare": compare_page,
    "coverage": coverage_page,
    "audit": audit_page,
    "watches": watches_page,
    "about": about_page,
}
"""Endpoints that are pages, each with the function that returns the name of the template and its values."""


class Site:
    """An index of a server, whose URLs begin with `root`."""

    def __init__(  # noqa: PLR0913 - what distinguishes an index of a server
        self,
        name: str,
        path: Path,
        root: str,
        title: str,
        words: Words,
        *,
        is_private: bool = False,
        verify: bool = False,
    ) -> None:
        """Open the index at `path`. Raises IndexUnusable.

        `root`: path that its URLs begin with. `is_private`: whether only the user can reach the server, so that it
        shows the watches of the user. `verify`: whether all files are verified before this returns. Otherwise a thread
        verifies them in the background. A thread also verifies each later build when it is opened.
        """
        self.name, self.root, self.title, self.words, self.is_private = name, root, title, words, is_private
        self.look = f"{crc32(repr((title, words.language, is_private)).encode()):08x}"
        """Digest of what all pages show besides the content of the index: title, language, and whether the server is
        private. Equal in all processes of a server."""
        self._index = Index(path, verify=verify)
        self._index.verify_in_background()

    def view(self) -> IndexState:
        """Return the state of the latest build, for all queries of a request.

        If the latest build cannot be opened, returns the state that is open.
        """
        with suppress(IndexUnusable):
            self._index.refresh()
        return self._index.snapshot()

    def frame(self, view: IndexState, state: State, assets: str) -> Frame:
        """Return what a page is made from."""
        return Frame(view, state, self.words, self.root, self.title, token_of(view), assets, self.is_private)

    def close(self) -> None:
        """Close the index."""
        self._index.close()


def token_at(view: IndexState, endpoint: str) -> str:
    """Return `token_of`, and for the endpoint `watches` also the state of the file of watches."""
    return f"{token_of(view)}-{watches_state()}" if endpoint == "watches" else token_of(view)


def token_of(view: IndexState) -> str:
    """Return a text that changes if answers from the index can change: its state, and the version of searchkit."""
    return f"{view.state}-{__version__}"
