"""The way in: a corpus folder becomes an index."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from searchkit.analysis import Analyzer, Lexicon
from searchkit.corpus import DocumentRead, Progress, ReadOptions, Skipped, list_corpus, nothing_read, read_corpus
from searchkit.engines import ENGINES, open_writer
from searchkit.errors import IndexLocked, IndexUnusable, UsageError
from searchkit.facets import BUILT_IN
from searchkit.manifest import EXTRAS, Manifest, checksums, is_committed, new_data_folder, write_manifest


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build."""

    engine: str = ENGINES[0]
    jobs: int = 1
    """Processes that read files. With more than one, the calling script needs the usual
    `if __name__ == "__main__":`, as for anything that starts processes."""
    words: Path | None = None
    """Domain words instead of those that come with searchkit."""
    synonyms: Path | None = None
    topics: Path | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    index: str
    documents: int
    paragraphs: int
    seconds: float
    warned: tuple[tuple[str, str], ...] = ()
    """Document and warning: what could not be decided."""
    skipped: tuple[Skipped, ...] = ()
    """What was not read, and why."""
    files: int = 0
    """Files that were read."""


@dataclass(slots=True)
class _Tally:
    documents: int = 0
    paragraphs: int = 0
    facets: set[str] = field(default_factory=set)
    warned: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, read: DocumentRead) -> None:
        """Count a document that was written."""
        self.documents += 1
        self.paragraphs += len(read.paragraphs)
        self.facets.update(read.document.facets)
        self.warned.extend((read.document.document, warning) for warning in read.document.warnings)


def build(
    corpus: str | Path, index: str | Path, options: BuildOptions | None = None, progress: Progress | None = None
) -> BuildReport:
    """Read the folder `corpus` and put an index of it into the folder `index`.

    An older index there is replaced in one step when the new one is complete; until then, and if the build
    fails, it stays as it is.

    Raises:
        CorpusError: no such folder, or nothing in it can be read.
        UsageError: an unknown engine, or a words, synonyms or topics file that cannot be read.
        IndexLocked: another process is writing to `index`.
        IndexUnusable: `index` cannot be written.
    """
    options = options or BuildOptions()
    listing = list_corpus(Path(corpus))
    results = read_corpus(listing, ReadOptions(options.topics, options.jobs), progress)
    report = write_index(results, index, options, corpus=str(corpus))
    lost = sum(item.files for item in report.skipped) - sum(item.files for item in listing.skipped)
    return replace(report, files=len(listing.documents) - lost)


def write_index(
    results: Iterable[DocumentRead | Skipped],
    index: str | Path,
    options: BuildOptions | None = None,
    *,
    corpus: str = "",
) -> BuildReport:
    """Put documents that were read, in the order given, into the folder `index`; `build` without the reading.

    Raises what `build` raises.
    """
    started = time.perf_counter()
    options = options or BuildOptions()
    if options.engine not in ENGINES:
        message = f"no engine {options.engine!r}; there are: {', '.join(ENGINES)}"
        raise UsageError(message)
    analyzer = Analyzer(Lexicon.load(options.words, options.synonyms))
    with _locked(Path(index)):
        folder = new_data_folder(Path(index))
        try:
            tally = _write(results, folder, analyzer, options.engine)
            if not tally.documents:
                raise nothing_read(Path(corpus), tally.skipped)  # noqa: TRY301 - the folder must go as for any other failure
            _write_extras(folder, analyzer.lexicon, tally)
            write_manifest(Path(index), _manifest(corpus, folder, options.engine, analyzer, tally))
        except BaseException as error:
            if not is_committed(Path(index), folder.name):
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _cannot_write(Path(index), error) from error
            raise
    seconds = time.perf_counter() - started
    return BuildReport(
        str(index), tally.documents, tally.paragraphs, seconds, tuple(tally.warned), tuple(tally.skipped)
    )


def _write(results: Iterable[DocumentRead | Skipped], folder: Path, analyzer: Analyzer, engine: str) -> _Tally:
    tally = _Tally()
    writer = open_writer(engine, folder, analyzer)
    try:
        for result in results:
            if isinstance(result, Skipped):
                tally.skipped.append(result)
            else:
                writer.add(result.document, result.paragraphs)
                tally.add(result)
    except BaseException:
        writer.abandon()
        raise
    writer.commit()
    return tally


def _write_extras(folder: Path, lexicon: Lexicon, tally: _Tally) -> None:
    """What an index keeps besides the engine's files: the lexicon it was made with, and what was not read."""
    extras = {**asdict(lexicon), "problems": [asdict(item) for item in tally.skipped]}
    (folder / EXTRAS).write_text(json.dumps(extras, ensure_ascii=False, indent=1), encoding="utf-8")


def _manifest(corpus: str, folder: Path, engine: str, analyzer: Analyzer, tally: _Tally) -> Manifest:
    return Manifest(
        engine=engine,
        analyzer=analyzer.fingerprint,
        data=folder.name,
        built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        corpus=corpus,
        documents=tally.documents,
        paragraphs=tally.paragraphs,
        facets=tuple(sorted(tally.facets - set(BUILT_IN))),
        files=checksums(folder),
    )


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Hold the folder for writing. Raises IndexLocked naming the holder, IndexUnusable if it cannot be written."""
    holder = index / "writer.json"
    try:
        index.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index / "writer.lock")
        lock.acquire(timeout=0)
    except Timeout:
        message = f"{index} is being written by {_holder(holder)}; wait for it or stop it"
        raise IndexLocked(message) from None
    except OSError as error:
        raise _cannot_write(index, error) from None
    try:
        since = datetime.now(timezone.utc).isoformat(timespec="seconds")
        who = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
        try:
            holder.write_text(who, encoding="utf-8")
        except OSError as error:
            raise _cannot_write(index, error) from None
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _cannot_write(index: Path, error: OSError) -> IndexUnusable:
    return IndexUnusable(f"cannot write to {index}: {error.strerror or error}")


def _holder(path: Path) -> str:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return f"process {int(data['pid'])} on {data['host']} since {data['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
