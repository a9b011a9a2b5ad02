"""Full-text search with facets for Chinese government reports.

    import searchkit

    searchkit.build("corpus", "index")
    with searchkit.open("index") as index:
        results = index.search("双随机 处罚", district="滨海新区", year=2023, facets=["topic"])
        figures = index.measures("立案", district="滨海新区", year=2023)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing is not loaded for this name alone
if TYPE_CHECKING:
    from searchkit.arguments import MeasureOptions, SearchOptions
    from searchkit.errors import SearchkitError
    from searchkit.indexing import BuildOptions, BuildReport, build
    from searchkit.lookup import MeasureHit, MeasureResults
    from searchkit.model import Document, Measure, Paragraph
    from searchkit.searching import Hit, Index, Results
    from searchkit.searching import Index as open  # noqa: A004, N813 - searchkit.open() reads as what it does

__version__ = "0.1.0"

__all__ = [
    "BuildOptions",
    "BuildReport",
    "Document",
    "Hit",
    "Index",
    "Measure",
    "MeasureHit",
    "MeasureOptions",
    "MeasureResults",
    "Paragraph",
    "Results",
    "SearchOptions",
    "SearchkitError",
    "build",
    "open",
]

_HOME = {
    "BuildOptions": "indexing",
    "BuildReport": "indexing",
    "Document": "model",
    "Hit": "searching",
    "Index": "searching",
    "Measure": "model",
    "MeasureHit": "lookup",
    "MeasureOptions": "arguments",
    "MeasureResults": "lookup",
    "Paragraph": "model",
    "Results": "searching",
    "SearchOptions": "arguments",
    "SearchkitError": "errors",
    "build": "indexing",
    "open": "searching",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = import_module(f"{__name__}.{_HOME[name]}")
    return getattr(module, "Index" if name == "open" else name)
