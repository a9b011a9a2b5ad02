"""Fixtures and settings of all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from inprocess import InProcess

from searchkit import processes
from searchkit.compare.choosing import Candidate
from searchkit.compare.comparison import Comparison, tabulate
from searchkit.corpus.reading import DocumentRead
from searchkit.engines.opening import ENGINES
from searchkit.index import Index
from searchkit.indexing import indexer, tasks, worker
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph

ROOT = Path(__file__).parent.parent

BINHAI = ("天津市", "滨海新区")

# Several tests run at once, and the machine may have other work: that an example takes long proves nothing.
settings.register_profile(
    "beside others", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("beside others")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Processes of `pytest --numprocesses auto`: one for each core, four at the most; 0, all tests in this one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 4) if cores > 1 else 0


@pytest.fixture(scope="session", autouse=True)
def _workers_in_process() -> Iterator[None]:
    """Builds start threads instead of processes, which is quick and lets tests patch what workers do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "Child", InProcess)
        patch.setattr(worker, "limited", lambda *_: nullcontext())
        patch.setattr(indexer, "end_if_forked", lambda: None)  # tests may fork
        yield


@pytest.fixture
def _real_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds start processes, as they do for users."""
    monkeypatch.setattr(tasks, "Child", processes.Child)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real reports beside the checkout; tests that need it are skipped where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "corpus" / "seeds").is_dir():
        pytest.skip("no folder of real reports beside the checkout")
    return folder


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Name of an engine; a test that takes it runs on every engine there is."""
    return str(request.param)


@pytest.fixture(scope="session")
def index_of(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Index]]:
    """`index_of(documents)`: an open index of documents, made by the engine under test, closed at the end."""
    with ExitStack() as opened:

        def make(documents: Iterable[DocumentRead]) -> Index:
            folder = tmp_path_factory.mktemp("index")
            write_index(documents, folder, BuildOptions(engine))
            return opened.enter_context(Index(folder))

        yield make


@pytest.fixture(scope="session")
def report() -> Callable[..., DocumentRead]:
    """`report(name, *texts, year=…, …)`: a document as the reading of a corpus gives it.

    A text is a string or a pair of a string and the paragraph's own fields, `measures` (none unless given) among them.
    """

    def make(name: str, *texts: str | tuple[str, dict[str, Any]], **fields: Any) -> DocumentRead:  # noqa: ANN401
        common = {key: fields[key] for key in Paragraph.__dataclass_fields__ if key in fields}
        paragraphs, measures = [], []
        for n, given in enumerate(texts, 1):
            text, own = (given, {}) if isinstance(given, str) else (given[0], dict(given[1]))
            measures.append(own.pop("measures", ()))
            paragraphs.append(replace(Paragraph(f"{name}#{n}", name, n, text, **common), **own))
        document = Document(name, **fields, paragraphs=len(texts), measures=sum(map(len, measures)))
        return DocumentRead(document, tuple(paragraphs), measures=measures)

    return make


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what a test leaves behind while its own filters of warnings are in force."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def said() -> Callable[..., Measure]:
    """`said("a#1", "立案", 129, "件", year=…, …)`: a measure; where it starts follows from its quote unless given."""

    def make(paragraph: str, indicator: str, value: float, unit: str | None, **own: Any) -> Measure:  # noqa: ANN401
        quote = own.pop("quote", f"{indicator}{value}{unit or ''}")
        start = own.pop("start", sum(map(ord, quote)))
        of_measure = {name: own.pop(name) for name in [*own] if name in ExtractedMeasure.__dataclass_fields__}
        if of_measure.get("part_of") is not None:
            of_measure["part_of"] = int(of_measure["part_of"].rpartition("@")[2])
        fields = {"base_value": value, "base_unit": unit, "end": start + len(quote), **of_measure}
        measure = ExtractedMeasure(indicator, value, unit, start=start, **fields)
        document, _, n = paragraph.partition("#")
        of_paragraph = {"region": BINHAI, "year": 2023, **own}
        return Measure(measure, Paragraph(paragraph, document, int(n or 0), " " * start + quote, **of_paragraph))

    return make


@pytest.fixture(scope="session")
def tabled() -> Callable[..., Comparison]:
    """`tabled(measures)`: the table of measures, best first, with a document for each that they come from."""

    def make(measures: list[Measure], *more: Document, **axes: str) -> Comparison:
        names = {item.document: item for item in reversed(measures)}
        documents = [
            Document(
                name, year=item.year, region=item.region, agency=item.agency, doctype=item.doctype, facets=item.facets
            )
            for name, item in sorted(names.items())
        ]
        candidates = [Candidate(item, 1 - place / 100) for place, item in enumerate(measures)]
        return tabulate("立案", candidates, [*documents, *more], **axes)

    return make
