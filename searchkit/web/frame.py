"""What all pages share: the header with its tabs, the links to other pages, the filters that are set, the footer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from searchkit import __version__
from searchkit.index import IndexState
from searchkit.names import BUILT_IN_FACETS, YEAR_FACETS
from searchkit.web.parameters import FILTER_NAMES, USED_BY, State
from searchkit.web.words import Words

_MAX_PLACES = 300
"""Maximum number of places that a form suggests."""
TABS = ("search", "measures", "compare", "coverage", "audit", "about")
"""Endpoints of the tabs, in order."""
OF_MEASURES = ("measures", "compare")
"""Endpoints whose filters by year are by the year of the measure."""
_HOMES = {"document": "search", "paragraph": "search", "facets": "search", "watches": "about"}
"""Tab that is marked as the current one on a page that is not a tab itself."""


class Link(NamedTuple):
    """A link of a page."""

    text: str
    url: str
    is_current: bool = False
    title: str = ""


class Chip(NamedTuple):
    """A filter that is set, and the link that removes it."""

    label: str
    text: str
    url: str
    words: str = ""
    """The words of the query that it was understood from."""
    is_loose: bool = False
    """Whether it was understood, but is not required, so that its words only add to the score."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is made from: a request, the state of the index that answers it, and the words of the pages."""

    index: IndexState
    """State of the index."""
    state: State
    """Endpoint and parameters of the request."""
    words: Words
    root: str
    """Path that the URLs of this index begin with, with `/` at its end."""
    title: str
    """Name of the index."""
    token: str
    """Names the state of the index and the version of searchkit (`site.token_of`)."""
    assets: str
    """Path of the static files, with `/` at its end."""
    is_private: bool = False
    """Whether only the user can reach the server."""
    _toggles: dict[tuple[str, str], str] = field(default_factory=dict)
    """Cache of `toggle_url`. The hits of a page share a few topics and sections, which the facets list too."""

    def url(self, endpoint: str | None = None, suffix: str = "", /, **changes: str | Sequence[str] | None) -> str:
        """Return the URL of an endpoint (`State.url`)."""
        return self.state.url(self.root, endpoint, suffix, **changes)

    def toggle_url(self, facet: str, value: str) -> str:
        """Return the URL of the search with a value added to a filter, or removed if the filter has it."""
        url = self._toggles.get((facet, value))
        if url is None:
            url = self._toggles[facet, value] = self.url("search", **self.state.toggled(facet, value))
        return url

    def page_context(self, page_title: str, **more: object) -> dict[str, Any]:
        """Return the values of a template: those of all pages, and `more`."""
        state, words = self.state, self.words
        manifest = self.index.manifest
        current = _HOMES.get(state.endpoint, state.endpoint)
        tabs = [Link(words[f"tab_{name}"], self.tab_url(name), name == current) for name in TABS]
        target = current if current in {"search", "measures", "compare"} else "search"
        shown = [name for name in FILTER_NAMES if name in USED_BY[target]]
        return {
            "t": words,
            "state": state,
            "frame": self,
            "page_title": page_title,
            "app_title": self.title,
            "home": self.root + "search",
            "root": self.root,
            "assets": self.assets,
            "tabs": tabs,
            "token": self.token,
            "query": state["query"],
            "form_action": self.root + target,
            "hidden": [(name, value) for name in shown for value in state.all(name)],
            "footer": words(
                "footer",
                documents=manifest.documents,
                paragraphs=manifest.paragraphs,
                measures=manifest.measures,
                built=manifest.built[:10],
            ),
            "api_url": self.root + "about#api",
            "version": __version__,
            **more,
        }

    def tab_url(self, endpoint: str) -> str:
        """Return the URL of a tab with the query and the filters.

        Endpoints of `OF_MEASURES` filter by the year of the measure (`of_year`), the others by that of the report
        (`year`). From a page of one kind to a tab of the other, a filter by year is passed on under the name that the
        tab uses; from the page `about`, under the name that it has.
        """
        state, changes = self.state, dict[str, Sequence[str]]()
        named, other = ("of_year", "year") if endpoint in OF_MEASURES else ("year", "of_year")
        if state.endpoint not in {endpoint, "about"} and (state.endpoint in OF_MEASURES) != (endpoint in OF_MEASURES):
            changes = {named: state.all(named) or state.all(other), other: ()}
        return self.url(endpoint, **changes)

    def chips(self, understood: Sequence[Any] = ()) -> list[Chip]:
        """Return the filters that are set, those understood from words of the query, and `literal` if it is set.

        The parameter `literal` lists facets, or is `all`. Values of these facets in the query are read as plain words,
        not as filters. The link of an understood filter adds its facet to `literal`.
        """
        state = self.state
        chips = []
        for facet, values in state.filters.items():
            for value in values:
                changes = state.toggled(facet, value)
                chips.append(Chip(self.words.facet(facet), value_label(facet, value), self.url(**changes)))
        for item in understood:
            values_text = self.words.join(_year_ranges(item.values))
            literal = sorted({*state["literal"].split(","), item.facet} - {""})
            url = self.url(literal=",".join(literal))
            chips.append(Chip(self.words.facet(item.facet), values_text, url, item.words, not item.strict))
        if state["literal"]:
            chips.append(Chip(self.words["as_words"], self._literal_label(), self.url(literal=None)))
        return chips

    def _literal_label(self) -> str:
        """Return the names of the facets that `literal` lists, as a text. If it lists none, return the word for any."""
        names = [name for name in self.state["literal"].split(",") if name in BUILT_IN_FACETS]
        return self.words.join([self.words.facet(name) for name in names]) or self.words["any"]

    @property
    def clear_url(self) -> str:
        """URL of the page without filters."""
        return self.url(**dict.fromkeys((*FILTER_NAMES, "literal")))

    def narrowing(self) -> dict[str, Any]:
        """Return the values of the form that narrows measures to places and years."""
        state = self.state
        bounds, kept = self.year_fields("of_year")
        places = self.index.facets("district", limit=_MAX_PLACES)["district"].values
        carried = [name for name in state.values if name not in {"of_year", "offset", "cell"}]
        return {
            "places": [item.value for item in places],
            "bounds": bounds,
            "kept_years": kept,
            "narrow_carried": [(name, value) for name in carried for value in state.all(name)],
        }

    def year_fields(self, facet: str) -> tuple[tuple[str, str], list[tuple[str, str]]]:
        """Return the two fields of a form of years, the first and the last year, and the parameters to pass on.

        The fields can state one year or one range. If the filter has several values, the fields are empty, and these
        values are passed on; if the user fills the fields, the server drops these values.
        """
        values = self.state.all(facet)
        if len(values) > 1:
            return ("", ""), [(facet, value) for value in values]
        first, dots, last = (values or ("",))[0].partition("..")
        return (first, last if dots else first), []

    def downloads(self, **changes: str) -> list[Link]:
        """Return the links to the data of the page. `changes`: parameters to set, such as `limit="all"`.

        The data begins with the first record, also if the page does not.
        """
        lines = "jsonl" if self.state.endpoint in {"search", "measures"} else "json"
        suffixes = (("CSV", "csv"), ("Excel", "xlsx"), ("JSON", lines))
        return [
            Link(name, self.url(None, f".{suffix}", offset=None, after=None, **changes)) for name, suffix in suffixes
        ]


def value_label(facet: str, value: str) -> str:
    """Return a facet value as a page shows it: a path with › between its elements, a range of years with a dash."""
    if facet == "district":
        return " › ".join(value.split("/"))
    if facet in YEAR_FACETS:
        return value.replace("..", "–")
    return value


def _year_ranges(values: Sequence[str | int]) -> list[str]:
    """Return values as texts. If the values are consecutive years, returns one range."""
    years = [value for value in values if isinstance(value, int)]
    if len(years) > 1 and years == list(range(years[0], years[-1] + 1)):
        return [f"{years[0]}–{years[-1]}"]
    return [str(value) for value in values]
