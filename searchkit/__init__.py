"""Full-text search with facets for Chinese government reports.

    import searchkit

    searchkit.build("corpus", "index")
    with searchkit.open("index") as index:
        results = index.search("双随机 处罚", district="滨海新区", year=2023, facets=["topic"])
        measures = index.measures("立案", district="滨海新区", year=2023)

A name is imported when it is first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers treat this name as true; importing it from typing would cost time
if TYPE_CHECKING:
    from searchkit.engines.timing import time_limit
    from searchkit.errors import SearchkitError
    from searchkit.index import Index, IndexState
    from searchkit.index import Index as open  # noqa: A004, N813 - the public name is `searchkit.open`
    from searchkit.indexing.build import BuildOptions, BuildReport, build
    from searchkit.model import Document, Measure, Paragraph, Table
    from searchkit.output.chart import render_chart
    from searchkit.query.suggester import Completion
    from searchkit.query.tree import Clause
    from searchkit.query.understanding import Understanding
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.lookup import AggregateGroup, MeasureHit, MeasureResults
    from searchkit.search.options import MeasureOptions, SearchOptions
    from searchkit.search.results import Hit, Results
    from searchkit.search.suggestions import Suggestion

__version__ = "0.1.0"

__all__ = [
    "AggregateGroup",
    "BuildOptions",
    "BuildReport",
    "Clause",
    "Completion",
    "Document",
    "Hit",
    "Index",
    "IndexState",
    "Measure",
    "MeasureHit",
    "MeasureOptions",
    "MeasureResults",
    "Paragraph",
    "Results",
    "SearchOptions",
    "SearchkitError",
    "Suggestion",
    "Table",
    "Understanding",
    "UnderstoodFilter",
    "build",
    "open",
    "render_chart",
    "time_limit",
]

# The module of each public name, below searchkit. The name `open` is the class `Index` there.
_MODULES = {
    "AggregateGroup": "search.lookup",
    "BuildOptions": "indexing.build",
    "BuildReport": "indexing.build",
    "Clause": "query.tree",
    "Completion": "query.suggester",
    "Document": "model",
    "Hit": "search.results",
    "Index": "index",
    "IndexState": "index",
    "Measure": "model",
    "MeasureHit": "search.lookup",
    "MeasureOptions": "search.options",
    "MeasureResults": "search.lookup",
    "Paragraph": "model",
    "Results": "search.results",
    "SearchOptions": "search.options",
    "SearchkitError": "errors",
    "Suggestion": "search.suggestions",
    "Table": "model",
    "Understanding": "query.understanding",
    "UnderstoodFilter": "query.understood",
    "build": "indexing.build",
    "open": "index",
    "render_chart": "output.chart",
    "time_limit": "engines.timing",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = import_module(f"{__name__}.{_MODULES[name]}")
    return getattr(module, "Index" if name == "open" else name)
