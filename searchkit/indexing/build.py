"""A corpus folder becomes an index, or brings the index that is there up to date.

A build writes a new data folder beside the one in use and then lets the manifest name it. It takes over what the old
one holds of files that have not changed; where anything else that decides the content has changed, such as the words or
the taxonomy, it takes over nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from searchkit.corpus.listing import Listing, list_corpus, nothing_read, reader_fingerprint
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import Writer
from searchkit.engines.opening import ENGINES, open_writer
from searchkit.errors import IndexDamaged, IndexForeign, IndexLocked, IndexMissing, IndexUnusable, UsageError
from searchkit.files import FIXED_NAMES, TOPICS, UNITS, read_data
from searchkit.indexing.changes import FILES, Changes, Entry, State, compare, read_state
from searchkit.indexing.messages import Settings
from searchkit.indexing.tasks import Indexed, Watch, Workers, remove_parts
from searchkit.manifest import (
    EXTRAS,
    Manifest,
    commit,
    current_data,
    diagnosing_damage,
    new_data_folder,
    read_manifest,
    remove_leftovers,
)
from searchkit.measures.vocabulary import RULES
from searchkit.query.facets import BUILT_IN
from searchkit.text.analyzer import Analyzer, Lexicon

if TYPE_CHECKING:
    from searchkit.corpus.reading import DocumentRead


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build."""

    engine: str = ENGINES[0]
    jobs: int = 1
    """Processes that read and index files."""
    words: Path | None = None
    """Domain words instead of those that come with searchkit."""
    synonyms: Path | None = None
    topics: Path | None = None
    units: Path | None = None
    """What measures count in."""
    fixed_names: Path | None = None
    """Names with numbers that count nothing: 双随机, 三项制度."""
    full: bool = False
    """Read everything again, also files that have not changed."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `documents`, `paragraphs`, `measures` and `skipped` are about the index as it is now."""

    index: str
    documents: int
    paragraphs: int
    measures: int
    seconds: float
    warned: tuple[tuple[str, str], ...] = ()
    """Document and warning: what could not be decided about documents that this build read."""
    skipped: tuple[Skipped, ...] = ()
    """What is not in the index, and why."""
    files: int = 0
    """Files that were read: new ones and changed ones."""
    removed: int = 0
    """Files that were in the index and are not any more."""
    unchanged: int = 0
    """Files that are in the index as they were."""
    full_because: str | None = None
    """Why an index that was there was not brought up to date but built again: `words changed`."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be built."""

    index: Path
    corpus: str
    settings: Settings
    analyzer: Analyzer
    jobs: int

    @classmethod
    def of(cls, index: str | Path, corpus: str | Path, options: BuildOptions) -> _Plan:
        """Make the plan of a build. Raises UsageError."""
        if options.engine not in ENGINES:
            message = f"no engine {options.engine!r}; there are: {', '.join(ENGINES)}"
            raise UsageError(message)
        lexicon = Lexicon.load(options.words, options.synonyms)
        settings = Settings(
            options.engine,
            lexicon,
            read_data("taxonomy", options.topics or TOPICS),
            read_data("unit list", options.units or UNITS),
            read_data("list of fixed names", options.fixed_names or FIXED_NAMES),
        )
        return cls(Path(index), str(corpus), settings, Analyzer(lexicon), options.jobs)

    def fingerprints(self) -> dict[str, str]:
        """What decides, besides the files, what is in the index."""
        texts = {
            **asdict(self.settings.lexicon),
            "topics": self.settings.topics.text,
            "units": self.settings.units.text,
            "fixed names": self.settings.fixed_names.text,
        }
        return {
            "engine": self.settings.engine,
            **{name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
            "analyzer": self.analyzer.fingerprint,
            "readers": reader_fingerprint(),
            "measures": f"rules {RULES}",
        }


@dataclass(frozen=True, slots=True)
class _Base:
    """An index that can be brought up to date."""

    manifest: Manifest
    state: State


@dataclass(slots=True)
class _Content:
    """What an index holds, summed up."""

    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: set[str] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)

    def add(self, files: Iterable[Entry]) -> None:
        """Count files."""
        for file in files:
            self.documents += file.documents
            self.paragraphs += file.paragraphs
            self.measures += file.measures
            self.facets.update(file.facets)
            self.skipped += file.skipped


def build(
    corpus: str | Path, index: str | Path, options: BuildOptions | None = None, progress: Watch | None = None
) -> BuildReport:
    """Bring the index in the folder `index` up to date with the folder `corpus`, or make it.

    Only files that have changed are read. What cannot be read is named in the report, and costs no other file.
    `progress` is called again and again while files are read. The new state replaces the old one in one step when it is
    complete; until then, and if the build fails, the index stays as it is. If nothing has changed, nothing is written.

    Raises:
        CorpusError: no such folder, or nothing in it can be read.
        UsageError: an unknown engine, or a data file (words, synonyms, topics, units, fixed names) that cannot be read.
        IndexLocked: another process is writing to `index`.
        IndexUnusable: `index` cannot be written, or processes that read files die again and again.
    """
    started = time.perf_counter()
    options = options or BuildOptions()
    plan = _Plan.of(index, corpus, options)
    began = time.time_ns()
    listing = list_corpus(Path(corpus))
    now = State(plan.fingerprints(), began, listing.skipped)
    with _locked(plan.index):
        base, because = _find_base(plan.index, now.fingerprints, full=options.full)
        try:
            with diagnosing_damage(plan.index, base.manifest) if base else nullcontext():
                report = _bring_up_to_date(plan, listing, now, base, progress)
        except IndexDamaged:  # noticed only when the engine took over what the index holds
            if base is None:
                raise
            because = _DAMAGED
            report = _bring_up_to_date(plan, listing, now, None, progress)
    return replace(report, seconds=time.perf_counter() - started, full_because=because)


def write_index(
    results: Iterable[DocumentRead | Skipped],
    index: str | Path,
    options: BuildOptions | None = None,
    *,
    corpus: str = "",
) -> BuildReport:
    """Put documents that were read into the folder `index`, in place of what it holds; `build` without the reading.

    Measures are looked for in documents that come without. `results` in corpus order. Raises what `build` raises.
    """
    from searchkit.indexing.indexer import add  # noqa: PLC0415 - `build` leaves it to its workers, and starts sooner
    from searchkit.measures.extractor import Extractor  # noqa: PLC0415

    started = time.perf_counter()
    plan = _Plan.of(index, corpus, options or BuildOptions())
    content = _Content()
    extractor = Extractor.load(plan.settings.units, plan.settings.fixed_names)
    with _locked(plan.index), _new_index(plan, content) as (_, writer):
        for result in results:
            if isinstance(result, Skipped):
                content.skipped.append(result)
                continue
            document = add(result, writer, extractor)
            content.documents += 1
            content.paragraphs += len(result.paragraphs)
            content.measures += document.measures
            content.facets.update(document.facets)
            content.warned.extend((document.document, warning) for warning in document.warnings)
    return replace(_report(plan, content), seconds=time.perf_counter() - started)


class _NothingNew(Exception):
    """Of what was tried again nothing has become of what it was: the index stays as it is."""


_DAMAGED = "the index was damaged"


def _find_base(index: Path, fingerprints: Mapping[str, str], *, full: bool) -> tuple[_Base | None, str | None]:
    """Find the index that is there if it can be brought up to date, or why it cannot; neither where there is none."""
    try:
        manifest = read_manifest(index)
        if FILES not in manifest.files:
            return None, "the index was not made of a folder"
        base = _Base(manifest, read_state(index, manifest))
    except IndexMissing:
        return None, None
    except IndexForeign:
        return None, "the index had another format"
    except IndexUnusable:
        return None, _DAMAGED
    if full:
        return None, "a full build was asked for"
    changed = [name for name, value in fingerprints.items() if base.state.fingerprints.get(name) != value]
    return (None, f"{changed[0]} changed") if changed else (base, None)


def _bring_up_to_date(
    plan: _Plan, listing: Listing, now: State, base: _Base | None, watch: Watch | None
) -> BuildReport:
    """Make an index of what `base` holds of unchanged files and of all others; nothing if `base` is as it should be."""
    changes = compare(listing, base.state) if base else Changes(listing.documents)
    content = _Content(skipped=[*listing.skipped])
    indexed = Indexed()
    is_known = base and (base.state.skipped, base.manifest.corpus) == (now.skipped, plan.corpus)
    if base and is_known and changes.are_none:
        content.add(changes.unchanged.values())
    else:
        unread = [(found, listing.stated(found)) for found in changes.unread]
        with (
            suppress(_NothingNew),
            Workers(unread, plan.settings, plan.jobs) as workers,
            _new_index(plan, content, base) as (folder, writer),
        ):
            writer.remove(changes.outdated.keys())
            indexed = workers.index(writer, folder, watch)
            entries = {**changes.unchanged, **indexed.files}
            files = {found.name: entries[found.name] for found in listing.documents}
            content.add(files.values())
            content.warned += indexed.warned
            if base and is_known and changes.were_in_vain(indexed.files):
                raise _NothingNew
            replace(now, files=files).write(folder)
    held = {name for name, entry in indexed.files.items() if entry.documents}
    return replace(
        _report(plan, content),
        files=len(held),
        removed=sum(1 for name, entry in changes.outdated.items() if entry.documents and name not in held),
        unchanged=sum(1 for entry in changes.unchanged.values() if entry.documents),
    )


def _report(plan: _Plan, content: _Content) -> BuildReport:
    held = content.documents, content.paragraphs, content.measures
    return BuildReport(str(plan.index), *held, 0.0, tuple(content.warned), tuple(content.skipped))


@contextmanager
def _new_index(plan: _Plan, content: _Content, base: _Base | None = None) -> Iterator[tuple[Path, Writer]]:
    """Give a new data folder and a writer to it; when the block ends they become the index, if it fails they go.

    `content` is taken at the end of the block. Raises CorpusError if that is nothing.
    """
    folder = new_data_folder(plan.index)
    try:
        old = plan.index / base.manifest.data if base else None
        writer = open_writer(plan.settings.engine, folder, plan.analyzer, old)
        try:
            yield folder, writer
            if not content.documents:
                raise nothing_read(Path(plan.corpus), content.skipped)  # noqa: TRY301 - as if the block had raised it
        except BaseException:
            writer.rollback()
            raise
        writer.commit()
        remove_parts(folder)
        extras = {**asdict(plan.settings.lexicon), "problems": [asdict(item) for item in content.skipped]}
        (folder / EXTRAS).write_text(json.dumps(extras, ensure_ascii=False, indent=1), encoding="utf-8")
        commit(plan.index, _manifest(plan, folder, content), base.manifest if base else None)
    except BaseException:
        if current_data(plan.index) != folder.name:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _manifest(plan: _Plan, folder: Path, content: _Content) -> Manifest:
    return Manifest(
        engine=plan.settings.engine,
        analyzer=plan.analyzer.fingerprint,
        data=folder.name,
        built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        corpus=plan.corpus,
        documents=content.documents,
        paragraphs=content.paragraphs,
        measures=content.measures,
        facets=tuple(sorted(content.facets - set(BUILT_IN))),
    )


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Hold the folder for writing, without what builds that died left in it.

    Raises IndexLocked naming the holder, IndexUnusable if the folder or anything in it cannot be written.
    """
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
        holder.write_text(who, encoding="utf-8")
        remove_leftovers(index)
        yield
    except OSError as error:
        raise _cannot_write(index, error) from error
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
