"""The engines by name. The module of an engine is imported when it is first needed."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.engines.directory import CLUSTER_FILE, Directory, LocalDirectory
from searchkit.errors import IndexForeign, SearchkitError, UsageError, install_command

if TYPE_CHECKING:
    from searchkit.engines.contract import Engine, Writer
    from searchkit.text.analyzer import Analyzer

ENGINES = ("columnar", "whoosh", "opensearch")
"""Names for `--engine`. The first is the default."""
LOCAL_ENGINES = ENGINES[:2]
"""Engines whose searches compute in this process. With the others, this process waits for a cluster."""


def open_directory(index: Path) -> Directory:
    """Return where the states of the index in a folder are: in the folder, or on the cluster that it names.

    Raises IndexForeign if the folder has an invalid `cluster.json`, IndexUnusable if that file cannot be read, and
    SearchkitError if the folder has that file, but opensearch-py is not installed.
    """
    if not _is_on_cluster(index):
        return LocalDirectory(index)
    try:
        from searchkit.engines.opensearch.directory import ClusterDirectory  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _lacks_library(error) from None
    return ClusterDirectory(index)


def _is_on_cluster(index: Path) -> bool:
    """Return whether a folder names an index on a cluster. A folder that may not be read names none.

    Reading the manifest of such a folder then raises IndexUnusable.
    """
    return os.path.isfile(index / CLUSTER_FILE)  # noqa: PTH113 - up to Python 3.13, `Path.is_file` raises PermissionError


def create_directory(index: Path, engine: str, url: str | None = None) -> Directory:
    """Return where an engine, one of `ENGINES`, writes the index in a folder, which need not exist.

    `url`: address of the cluster, for the engine opensearch. A new index needs one, by default that in
    SEARCHKIT_OPENSEARCH_URL; an existing index keeps its address unless `url` is given. A new address is written to the
    folder when the lock is taken. Raises UsageError if there is no address for a new index, if the address is invalid
    or names another index, if `url` is given for another engine, and if the index in the folder is on a cluster but the
    engine is not, or the other way round. Also raises the exceptions of `open_directory`.
    """
    is_on_cluster = _is_on_cluster(index)
    if engine != "opensearch":
        if url is not None:
            raise UsageError(f"the engine {engine} has no cluster: --url goes with --engine opensearch")
        if is_on_cluster:
            raise UsageError(f"the index in {index} is on a cluster: build it with --engine opensearch")
        return LocalDirectory(index)
    if LocalDirectory(index).current() is not None:
        raise UsageError(f"{index} contains an index of another engine: choose another folder")
    url = url or (None if is_on_cluster else os.environ.get("SEARCHKIT_OPENSEARCH_URL"))
    if url is None and not is_on_cluster:
        raise UsageError("the engine opensearch needs the address of a cluster, for example --url https://host:9200")
    try:
        from searchkit.engines.opensearch.directory import ClusterDirectory  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _lacks_library(error) from None
    return ClusterDirectory(index, url)


def _lacks_library(error: ModuleNotFoundError) -> SearchkitError:
    return SearchkitError(f"an index on a cluster needs {error.name}: {install_command('opensearch-py')}")


def open_engine(name: str, folder: Path) -> Engine:
    """Open the index that a writer of the engine `name` committed to `folder`.

    Raises IndexForeign if there is no such engine or, for opensearch, if the parent of `folder` has no valid
    `cluster.json`. Raises IndexDamaged if the index cannot be read.
    """
    if name == "columnar":
        from searchkit.engines.columnar.engine import ColumnarEngine  # noqa: PLC0415

        return ColumnarEngine(folder)
    if name == "whoosh":
        from searchkit.engines.whoosh import WhooshEngine  # noqa: PLC0415

        return WhooshEngine(folder)
    if name == "opensearch":
        from searchkit.engines.opensearch.engine import OpenSearchEngine  # noqa: PLC0415

        return OpenSearchEngine(folder)
    raise IndexForeign(f"{folder}: written by the engine {name!r}, which this searchkit does not have")


def open_writer(name: str, folder: Path, analyzer: Analyzer, base: Path | None = None) -> Writer:
    """Start an index of the engine `name`, one of `ENGINES`, in an empty folder.

    `base`: the folder of an index of the same engine and analyzer. The new index contains its documents, except those
    that `Writer.remove` drops. The base index does not change; the new index may share its files by hard links. Raises
    IndexDamaged if the base index cannot be read.
    """
    if name == "columnar":
        from searchkit.engines.columnar.writer import ColumnarWriter  # noqa: PLC0415

        return ColumnarWriter(folder, analyzer, base)
    if name == "opensearch":
        from searchkit.engines.opensearch.writer import OpenSearchWriter  # noqa: PLC0415

        return OpenSearchWriter(folder, analyzer, base)
    from searchkit.engines.whoosh import WhooshWriter  # noqa: PLC0415

    return WhooshWriter(folder, analyzer, base)
