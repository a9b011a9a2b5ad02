"""Coverage: the numbers of reports of an index by two facets. They tell a missing report from one without a measure.

The numbers are facet counts: one search for each value of one facet counts the values of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from searchkit.compare.axes import AxisKey, AxisLabel, label_keys
from searchkit.engines.sharing import share_matches
from searchkit.errors import UsageError
from searchkit.query.facets import Facet, FacetValue, Filter
from searchkit.query.tree import And, Everything, Node
from searchkit.search.paragraphs import find_total
from searchkit.search.snapshot import Snapshot

MAX_CELLS = 250_000
"""Maximum number of cells of a coverage."""
_FULL_DEPTH = 99
"""Depth of the facet district at which whole paths are counted (江苏省/南京市/鼓楼区), because several cities have a
鼓楼区. It is larger than the length of any path."""


class CoverageCell(NamedTuple):
    """The numbers of reports and paragraphs that have the facet value of a row and that of a column."""

    row: AxisLabel
    """Label of the row."""
    col: AxisLabel
    """Label of the column."""
    documents: int
    """Number of documents. 0 if no report has both values."""
    paragraphs: int
    """Number of their paragraphs that have both values, pass the filters and match the query."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The numbers of reports of an index by two facets."""

    rows_by: str
    """Facet of the rows."""
    cols_by: str
    """Facet of the columns."""
    rows: tuple[AxisLabel, ...]
    """Labels of the rows, in order: facet values. A place that shares its name with another one is a path."""
    cols: tuple[AxisLabel, ...]
    """Labels of the columns, in order."""
    cells: tuple[CoverageCell, ...]
    """A cell for each row and column, row by row."""
    documents: int
    """Number of all documents with a paragraph that passes the filters and matches the query."""
    unplaced: int
    """Number of documents that `documents` counts and no cell does: none of their paragraphs that pass the filters and
    match the query has a value of both facets."""


@share_matches()
def cover_snapshot(
    snapshot: Snapshot,
    rows: str,
    cols: str,
    filters: tuple[Filter, ...],
    query: str | None = None,
    literal: object = False,  # noqa: FBT002 - the option's default
) -> Coverage:
    """Count the reports of an index by two facets, in the paragraphs that pass all filters and that a query finds.

    `literal`: as in `SearchOptions`. Runs one search for each value of one facet. Raises UsageError if the facets are
    the same, or if there are more than `MAX_CELLS` cells, and UnknownFacet if the index lacks a facet.
    """
    facets = snapshot.parse_facets((rows, cols))
    if facets[0].name == facets[1].name:
        raise UsageError(f"rows and columns are both {facets[0].name}; choose two facets", code="same_facets")
    complete = [Facet("district", _FULL_DEPTH) if str(facet) == "district" else facet for facet in facets]
    tree: Node = Everything()
    if query is not None:
        tree, _ = find_total(snapshot, query, filters, literal)
    return _Counter(snapshot, complete, (tree, *filters)).count(rows, cols)


class _Counter:
    """Counts the reports of one coverage."""

    def __init__(self, snapshot: Snapshot, facets: Sequence[Facet], conditions: tuple[Node, ...]) -> None:
        """`conditions`: trees that the counted paragraphs match."""
        self._snapshot, self._facets, self._conditions = snapshot, facets, conditions
        self._values = [[item.value for item in values] for values in self._count_values(facets)]

    def count(self, rows: str, cols: str) -> Coverage:
        """Return the coverage of the two facets. `rows` and `cols`: their names as the caller gave them."""
        labels = [self._label(facet, values) for facet, values in zip(self._facets, self._values, strict=True)]
        cell_count = len(labels[0]) * len(labels[1])
        if cell_count > MAX_CELLS:
            message = f"{rows} × {cols} has {cell_count} cells, at most {MAX_CELLS} are counted"
            hint = "narrow it by filters, or choose facets with fewer values"
            raise UsageError(f"{message}; {hint}", code="too_many_cells")
        counts = self._count_cells()
        cells = [
            CoverageCell(row, col, *counts.get((row_value, col_value), (0, 0)))
            for row_value, row in labels[0].items()
            for col_value, col in labels[1].items()
        ]
        documents = self._count_documents()
        unplaced = documents - self._count_documents(*self._have_values())
        names = tuple(tuple(item.values()) for item in labels)
        return Coverage(rows, cols, names[0], names[1], tuple(cells), documents, unplaced)

    def _count_values(self, facets: Sequence[Facet], *conditions: Node) -> list[tuple[FacetValue, ...]]:
        """Return the values of each facet with counts, over the counted paragraphs that meet further conditions."""
        response = self._snapshot.count(And((*self._conditions, *conditions)), facets)
        return [response.facets[str(facet)].values for facet in facets]

    def _count_cells(self) -> dict[tuple[str | int, str | int], tuple[int, int]]:
        """Return the numbers of documents and paragraphs of each pair of values that occurs."""
        # If one facet is district, the filters are by the values of the other, because a filter by a district also
        # admits the districts inside it. Otherwise, they are by the values of the facet with fewer values.
        is_nested = [facet.name == "district" for facet in self._facets]
        searched = 0 if (is_nested[0], len(self._values[0])) < (is_nested[1], len(self._values[1])) else 1
        counts = {}
        for value in self._values[searched]:
            condition = Filter(self._facets[searched].name, (str(value),))
            (others,) = self._count_values([self._facets[1 - searched]], condition)
            for item in others:
                pair = (item.value, value) if searched else (value, item.value)
                counts[pair] = (item.documents, item.count)
        return counts

    def _count_documents(self, *conditions: Node) -> int:
        """Return the number of documents with a counted paragraph that meets further conditions."""
        return self._snapshot.count(And((*self._conditions, *conditions))).documents or 0

    def _have_values(self) -> list[Filter]:
        """Return a filter for each of the two facets, which admits all counted paragraphs with a value of the facet."""
        filters = []
        for facet, values in zip(self._facets, self._values, strict=True):
            names = map(str, values)
            is_place = facet.name == "district"  # the last element of a path admits every region with the path
            filters.append(Filter(facet.name, tuple(name.rpartition("/")[2] if is_place else name for name in names)))
        return filters

    @staticmethod
    def _label(facet: Facet, values: Sequence[str | int]) -> dict[str | int, AxisLabel]:
        """Return the label of each value, in the order of the table."""
        if facet.name != "district":
            return {
                value: label for value, label in label_keys(facet.name, values).items() if isinstance(value, str | int)
            }
        regions: dict[AxisKey, str | int] = {tuple(str(value).split("/")): value for value in sorted(values, key=str)}
        return {regions[key]: label for key, label in label_keys("district", regions).items()}
