"""Fixtures and settings of all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from inprocess import InProcess
from local_engines import LOCAL_ENGINES

from searchkit import processes
from searchkit.compare.comparison import build_table
from searchkit.compare.table import Comparison
from searchkit.corpus import listing
from searchkit.corpus.reading import ParsedDocument
from searchkit.corpus.topics import Taxonomies
from searchkit.files import DataFile
from searchkit.index import Index
from searchkit.indexing import build as building
from searchkit.indexing import indexer, tasks, worker
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.indexing.namelists import read_name_lists
from searchkit.measures.extractor import Extractor
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph
from searchkit.query.naming import IndicatorNames
from searchkit.search.choosing import RankedMeasure, choose_indicator

ROOT = Path(__file__).parent.parent

# Tests expect English, whatever the locale of the machine is. Tests of other languages set a locale of their own.
for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
    if os.environ.get(variable, "").lower().startswith("zh"):
        os.environ[variable] = "C.UTF-8"

BINHAI = ("天津市", "滨海新区")

# Examples have no deadline, because tests run in parallel and the machine may be busy. Hypothesis usually generates 100
# examples. Here, 50 are enough for a run, because each run has other examples.
settings.register_profile(
    "parallel", settings.default, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("parallel")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Number of processes of `pytest --numprocesses auto`: one per core, at most four. 0 means no extra process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 4) if cores > 1 else 0


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """Turn the garbage collector off while pytest collects the tests. Then exempt what exists from it for good.

    Scanning ten thousand tests takes a third of the time of the collection, and the tests live until the end. While
    tests run, the garbage collector runs more rarely than by default, because many of their objects live long, such as
    indexes that several tests use.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _workers_in_process() -> Iterator[None]:
    """Make builds in this process start threads instead of worker processes: this is fast, and tests can patch them.

    The threads have no limits of processor time and memory.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "Child", InProcess)
        patch.setattr(worker, "limit_resources", lambda *_: nullcontext())
        patch.setattr(indexer, "exit_if_forked", lambda: None)  # tests may fork
        yield


@pytest.fixture(scope="session", autouse=True)
def _data_files_parsed_once() -> Iterator[None]:
    """Make builds in this process share what they parse from data files. Parsing takes half the time of a small build.

    The key of the cache is the content of the files, so changed content is parsed. Files that are given by path are
    always parsed. The version of an installed library is looked up once.
    """

    def shared(parse: Callable[..., Any]) -> Callable[..., Any]:
        cached = cache(parse)

        def parse_once(*files: Any, **paths: Any) -> Any:  # noqa: ANN401 - as `parse`
            is_known = not paths and all(isinstance(file, DataFile) for file in files)
            return cached(*files) if is_known else parse(*files, **paths)

        return parse_once

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "version", cache(listing.version))
        for owner, name in ((Taxonomies, "load"), (Extractor, "load"), (building, "read_name_lists")):
            patch.setattr(owner, name, staticmethod(shared(getattr(owner, name))))
        yield


@pytest.fixture(scope="session", autouse=True)
def _disk_not_awaited() -> Iterator[None]:
    """Make builds in this process not wait for the disk. Waiting takes longer than many tests and changes no result.

    What a power cut leaves is tested with processes whose synced data is recorded (`dying.py`, `attacks/power.py`).
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture
def _real_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make builds start real worker processes."""
    monkeypatch.setattr(tasks, "Child", processes.Child)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` of real reports next to the checkout. Tests that need it are skipped if it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "corpus" / "seeds").is_dir():
        pytest.skip("no folder of real reports next to the checkout")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the engine that needs a cluster."""
    parser.addoption("--cluster", metavar="URL", help="run the tests of engines on the OpenSearch node at URL")
    parser.addoption("--shards", type=int, default=1, help="number of shards of an index on the node")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the fixture `engine` on each of `LOCAL_ENGINES` or, with `--cluster`, on opensearch.

    A test that is parametrized by `engine` itself runs on the engines that it names.
    """
    names = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "engine" in metafunc.fixturenames and not any(item == "engine" or "engine" in [*item] for item in names):
        engines = ["opensearch"] if metafunc.config.getoption("--cluster") else LOCAL_ENGINES
        metafunc.parametrize("engine", engines, scope="session")


@pytest.fixture(scope="session", autouse=True)
def _cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    """If `--cluster` is given, make builds with opensearch write to its node, with `--shards` shards."""
    url = request.config.getoption("--cluster")
    with pytest.MonkeyPatch.context() as patch:
        if url:
            from searchkit.engines.opensearch import cluster

            patch.setenv("SEARCHKIT_OPENSEARCH_URL", url)
            patch.setattr(cluster, "DEFAULT_SHARDS", request.config.getoption("--shards"))
        yield


@pytest.fixture(autouse=True)
def _folder_of_cluster(request: pytest.FixtureRequest) -> None:
    """With `--cluster`, make the temporary folder of a test of engines the folder of an index on the cluster.

    A path in this folder then names a state of the index, which the test can write without a build.
    """
    url = request.config.getoption("--cluster")
    if url and {"engine", "tmp_path"} <= {*request.fixturenames}:
        from searchkit.engines.opensearch.cluster import Cluster

        Cluster.assign(request.getfixturevalue("tmp_path"), url)


@pytest.fixture(scope="session")
def index_of(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Index]]:
    """`index_of(documents)` builds an index with the engine under test and opens it until the end of all tests."""
    with ExitStack() as opened:

        def build(documents: Iterable[ParsedDocument]) -> Index:
            folder = tmp_path_factory.mktemp("index")
            write_index(documents, folder, BuildOptions(engine))
            return opened.enter_context(Index(folder))

        yield build


@pytest.fixture(scope="session")
def report() -> Callable[..., ParsedDocument]:
    """`report(name, *texts, year=…, …)` returns a document as `corpus.reading` does.

    A text is a string, or a pair of a string and the fields of the paragraph, including `measures` (default: none).
    """

    def make(name: str, *texts: str | tuple[str, dict[str, Any]], **fields: Any) -> ParsedDocument:  # noqa: ANN401
        common = {key: fields[key] for key in Paragraph.__dataclass_fields__ if key in fields}
        paragraphs, measures = [], []
        for n, item in enumerate(texts, 1):
            text, overrides = (item, {}) if isinstance(item, str) else (item[0], dict(item[1]))
            measures.append(overrides.pop("measures", ()))
            paragraphs.append(replace(Paragraph(f"{name}#{n}", name, n, text, **common), **overrides))
        document = Document(name, **fields, paragraphs=len(texts), measures=sum(map(len, measures)))
        return ParsedDocument(document, tuple(paragraphs), measures=measures)

    return make


@pytest.fixture
def collect_garbage() -> Iterator[None]:
    """Collect garbage after a test, while its warning filters are still active."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def make_measure() -> Callable[..., Measure]:
    """`make_measure("a#1", "立案", 129, "件", year=…, …)` returns a measure.

    Other arguments are `quote` and the fields of the measure and of its paragraph, by default 滨海新区 and 2023. The
    default start depends on the quote. `part_of` is the id of the total, of which only the start after @ is used.
    """

    def make(paragraph: str, indicator: str, value: float, unit: str | None, **fields: Any) -> Measure:  # noqa: ANN401
        quote = fields.pop("quote", f"{indicator}{value}{unit or ''}")
        start = fields.pop("start", sum(map(ord, quote)))
        overrides = {name: fields.pop(name) for name in [*fields] if name in ExtractedMeasure.__dataclass_fields__}
        if overrides.get("part_of") is not None:
            overrides["part_of"] = int(overrides["part_of"].rpartition("@")[2])
        measure_fields = {"base_value": value, "base_unit": unit, "end": start + len(quote), **overrides}
        measure = ExtractedMeasure(indicator, value, unit, start=start, **measure_fields)
        document, _, n = paragraph.partition("#")
        paragraph_fields = {"region": BINHAI, "year": 2023, **fields}
        return Measure(measure, Paragraph(paragraph, document, int(n or 0), " " * start + quote, **paragraph_fields))

    return make


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Comparison]:
    """`make_table(measures, *documents)` returns the comparison table of measures, which must be sorted, best first.

    Its documents are those that contain the measures, and the additional `documents`.
    """

    def make(measures: list[Measure], *more: Document, **axes: Any) -> Comparison:  # noqa: ANN401
        by_document = {item.document: item for item in reversed(measures)}
        documents = [
            Document(
                name, year=item.year, region=item.region, agency=item.agency, doctype=item.doctype, facets=item.facets
            )
            for name, item in sorted(by_document.items())
        ]
        names = IndicatorNames(read_name_lists())
        candidates = [RankedMeasure(item, names.name_of(item), 1 - rank / 100) for rank, item in enumerate(measures)]
        return build_table("立案", choose_indicator(candidates), candidates, [*documents, *more], **axes)

    return make
