"""Builds or updates an index from a corpus folder: takes the lock, lets workers index files, commits.

A build writes a new data folder next to the one in use. Then the manifest is replaced by one that names the new data
folder. Documents of unchanged files are reused from the old index. If an input other than the files and metadata.csv
has changed, such as the words or the taxonomy, nothing is reused and all files are read again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.corpus.listing import Listing, list_corpus, no_documents_error, reader_fingerprint
from searchkit.corpus.metadata.names import NAMES_VERSION
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import Writer
from searchkit.engines.directory import Directory, LocalDirectory, diagnose_damage
from searchkit.engines.opening import ENGINES, create_directory, open_engine, open_writer
from searchkit.errors import IndexDamaged, IndexForeign, IndexMissing, IndexUnusable, UsageError
from searchkit.files import (
    FIXED_NAMES_FILE,
    INDICATORS_FILE,
    TOPICS_FILE,
    UNITS_FILE,
    WORK_TOPICS_FILE,
    DataFile,
    read_data_file,
)
from searchkit.indexing.aliases import collect_aliases
from searchkit.indexing.changes import BuildState, Changes, FileEntry, find_changes, read_state
from searchkit.indexing.duplicates import IndexedFile, find_duplicates, identify_report
from searchkit.indexing.messages import Settings
from searchkit.indexing.namelists import read_name_lists
from searchkit.indexing.suggestions import collect_suggestions
from searchkit.indexing.tasks import IndexingResult, ProgressCallback, WorkerPool, remove_parts
from searchkit.manifest import (
    ALIASES_FILE,
    EXTRAS_FILE,
    PROBLEMS_FILE,
    STATE_FILE,
    SUGGESTIONS_FILE,
    Manifest,
)
from searchkit.measures.vocabulary import EXTRACTION_VERSION
from searchkit.names import BUILT_IN_FACETS
from searchkit.query.aliases import Aliases
from searchkit.query.naming import NameLists
from searchkit.text.analyzer import Analyzer, Lexicon

if TYPE_CHECKING:
    from searchkit.corpus.reading import ParsedDocument
    from searchkit.model import Document


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Options of a build."""

    engine: str = ENGINES[0]
    jobs: int = 1
    """Maximum number of processes that read and index files."""
    words: Path | None = None
    """File that replaces the built-in domain words."""
    synonyms: Path | None = None
    """File that replaces the built-in synonyms."""
    topics: Path | None = None
    """File that replaces the built-in taxonomy of topics, for all reports except work reports."""
    work_topics: Path | None = None
    """File that replaces the built-in taxonomy of topics of governments' work reports."""
    units: Path | None = None
    """File that replaces the built-in units of measures."""
    fixed_names: Path | None = None
    """File that replaces the built-in names that contain a number but are not measures: 双随机, 三项制度."""
    indicators: Path | None = None
    """File that replaces the built-in names that mean the same measure: GDP, 地区生产总值."""
    full: bool = False
    """Read all files again, also unchanged ones."""
    url: str | None = None
    """Address of the cluster, for the engine opensearch: `https://host:9200`, or with a name `https://host:9200/NAME`.
    The first build of an index needs it, unless SEARCHKIT_OPENSEARCH_URL has it. Later builds find it in the index
    folder."""


_FILE_OPTIONS = ("words", "synonyms", "topics", "work_topics", "units", "fixed_names", "indicators")
"""Options of a build that are files."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Report of a build. `documents`, `paragraphs`, `measures` and `skipped` describe the index after the build."""

    index: str
    documents: int
    paragraphs: int
    measures: int
    seconds: float
    warned: tuple[tuple[str, str], ...] = ()
    """Pairs of a document and a fact about it that could not be decided, for the documents that this build read."""
    skipped: tuple[Skipped, ...] = ()
    """Files and parts of files that are not in the index, with reasons."""
    duplicates: tuple[tuple[str, str], ...] = ()
    """Pairs of a file or a document and the reason why it is a duplicate of an earlier one. The duplicate is in the
    index, too."""
    files: int = 0
    """Number of files that this build read and that have documents in the index. Skipped files do not count."""
    removed: int = 0
    """Number of files that had documents in the old index and have none in the new one. 0 if all files were read
    again."""
    unchanged: int = 0
    """Number of files that have documents in the index and were not read again."""
    full_because: str | None = None
    """Why all files were read again although there was an index, such as `words changed`. None for an update, and for
    the first build of an index."""


@dataclass(frozen=True, slots=True)
class _BuildConfig:
    """The options of a build, with the contents of the data files that they name, or of the built-in ones."""

    directory: Directory
    corpus: str
    settings: Settings
    analyzer: Analyzer
    jobs: int
    indicators: DataFile
    """The data file with the names of measures."""
    names: NameLists
    """The parsed content of `indicators`."""

    @classmethod
    def resolve(cls, index: str | Path, corpus: str | Path, options: BuildOptions) -> _BuildConfig:
        """Check the options, and read the data files.

        Raises UsageError, and the exceptions of `create_directory`.
        """
        if options.engine not in ENGINES:
            message = f"no engine {options.engine!r}; there are: {', '.join(ENGINES)}"
            raise UsageError(message)
        lexicon = Lexicon.load(options.words, options.synonyms)
        settings = Settings(
            options.engine,
            lexicon,
            read_data_file("taxonomy", options.topics or TOPICS_FILE),
            read_data_file("taxonomy of work reports", options.work_topics or WORK_TOPICS_FILE),
            read_data_file("unit list", options.units or UNITS_FILE),
            read_data_file("list of fixed names", options.fixed_names or FIXED_NAMES_FILE),
        )
        indicators = read_data_file("list of indicators", options.indicators or INDICATORS_FILE)
        names = read_name_lists(indicators)
        directory = create_directory(Path(index), options.engine, options.url)
        return cls(directory, _recorded_path(corpus), settings, Analyzer(lexicon), options.jobs, indicators, names)

    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprints of all inputs other than the files. The names are used in `full_because`."""
        texts = {
            **asdict(self.settings.lexicon),
            "topics": self.settings.topics.text,
            "work topics": self.settings.work_topics.text,
            "units": self.settings.units.text,
            "fixed names": self.settings.fixed_names.text,
            "indicators": self.indicators.text,
        }
        return {
            "engine": self.settings.engine,
            **{name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
            "analyzer": self.analyzer.fingerprint,
            "readers": reader_fingerprint(),
            "measures": f"rules {EXTRACTION_VERSION}",
            "aliases": f"rules {NAMES_VERSION}",
        }


def _recorded_path(corpus: str | Path) -> str:
    """Return the path of a corpus as a manifest records it: as given, or absolute if it is `.`, has `..` or is a link.

    Such a path does not have the names of the folder, by which it is known when another folder is the current one.
    """
    path, resolved = Path(corpus), Path(corpus).resolve()
    has_its_names = path.parts and resolved.parts[-len(path.parts) :] == path.parts
    return str(corpus) if path.is_absolute() or has_its_names else str(resolved)


@dataclass(frozen=True, slots=True)
class _BaseIndex:
    """An existing index that the build updates."""

    manifest: Manifest
    state: BuildState


@dataclass(slots=True)
class _IndexSummary:
    """Totals, facets and problems of a new index. The warnings are those of the files that the build read."""

    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: set[str] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)

    def add(self, files: Mapping[str, FileEntry]) -> None:
        """Add the totals, facets, skipped files and parts, and duplicates of all files of the corpus."""
        indexed = {name: entry for name, entry in files.items() if entry.documents}
        self.duplicates += find_duplicates(
            IndexedFile(name, entry.digest, entry.reports) for name, entry in indexed.items()
        )
        for entry in files.values():
            self.documents += entry.documents
            self.paragraphs += entry.paragraphs
            self.measures += entry.measures
            self.facets.update(entry.facets)
            self.skipped += entry.skipped

    def add_document(self, document: Document, paragraphs: int) -> None:
        """Add the totals, facets and warnings of a document. `paragraphs`: its number of paragraphs."""
        self.documents += 1
        self.paragraphs += paragraphs
        self.measures += document.measures
        self.facets.update(document.facets)
        self.warnings.extend((document.document, warning) for warning in document.warnings)


def build(
    corpus: str | Path,
    index: str | Path,
    options: BuildOptions | None = None,
    progress: ProgressCallback | None = None,
    **arguments: object,
) -> BuildReport:
    """Update the index in the folder `index` from the folder `corpus`, or create it.

    Keyword arguments are the fields of `BuildOptions`: `build("corpus", "index", jobs=2)`. They override `options`.

    Only new and changed files are read, and files whose last failure may have been temporary. All files are read if
    `full` is True, or if an input such as the words has changed (`BuildReport.full_because`). A file that cannot be
    read is skipped and named in the report; all other files are indexed. `progress` is called after each file. When the
    new index is complete, it replaces the old one atomically. Until then, and if the build fails, the old index stays.
    If nothing has changed, no new index is written.

    Raises:
        CorpusError: `corpus` does not exist or is not a folder, or no file in it can be read.
        UsageError: an unknown option or engine, an option of the wrong type, a data file (words, synonyms, topics,
            work topics, units, fixed names, indicators) that cannot be used, or an address of a cluster that cannot be
            used.
        IndexLocked: another process is writing to `index`.
        IndexNotDurable: the new index is in place, but a power failure may undo it.
        IndexUnusable: `index` cannot be written, or worker processes cannot be started or die repeatedly.
    """
    started = time.perf_counter()
    options = _read_options(options or BuildOptions(), arguments)
    config = _BuildConfig.resolve(index, corpus, options)
    began = time.time_ns()  # stored in the index; `started` is for the duration of this build
    listing = list_corpus(Path(corpus))
    state = BuildState(config.fingerprints(), began, listing.skipped)
    with config.directory.lock():
        base, full_because = _find_base(config.directory, state.fingerprints, full=options.full)
        try:
            with diagnose_damage(config.directory, base.manifest) if base else nullcontext():
                report = _update(config, listing, state, base, progress)
        except IndexDamaged:  # damage in the files of the engine is found only when the engine reuses the old documents
            if base is None:
                raise
            full_because = _DAMAGED
            report = _update(config, listing, state, None, progress)
    return replace(report, seconds=time.perf_counter() - started, full_because=full_because)


def _read_options(defaults: BuildOptions, arguments: Mapping[str, object]) -> BuildOptions:
    """Return options with some of them replaced. Raises UsageError for an unknown name or a wrong type."""
    for name, value in arguments.items():
        if name not in defaults.__dataclass_fields__:
            message = f"there is no option {name!r} of build; options are: {', '.join(defaults.__dataclass_fields__)}"
            raise UsageError(message)
        if name == "jobs" and (type(value) is not int or value < 1):
            raise UsageError(f"jobs must be a whole number, 1 or more, not {value!r}")
        if name == "full" and not isinstance(value, bool):
            raise UsageError(f"full must be true or false, not {value!r}")
        if name == "engine" and not isinstance(value, str):
            raise UsageError(f"engine must be one of {', '.join(ENGINES)}, not {value!r}")
        if name == "url" and not isinstance(value, str | None):
            raise UsageError(f"url must be the address of a cluster, not {value!r}")
        if name in _FILE_OPTIONS and not isinstance(value, str | Path | None):
            raise UsageError(f"{name} must be the path of a file, not {value!r}")
    paths = {name: Path(value) for name, value in arguments.items() if name in _FILE_OPTIONS and isinstance(value, str)}
    return replace(defaults, **{**arguments, **paths})  # type: ignore[arg-type]


def committed_state(index: Path, options: BuildOptions) -> str | None:
    """Return a string that each commit of a build changes, None if the folder has no index that can be read.

    An index on a cluster is looked for at the address of the build. Raises the exceptions of `create_directory`.
    """
    return create_directory(index, options.engine, options.url).current()


def write_index(
    results: Iterable[ParsedDocument | Skipped],
    index: str | Path,
    options: BuildOptions | None = None,
    *,
    corpus: str = "",
) -> BuildReport:
    """Create or replace the index in the folder `index` from documents that were read before.

    `results` must be in corpus order. Measures are extracted from documents whose `measures` are None. `corpus` is
    stored as the name of the corpus folder. Raises the exceptions of `build`.
    """
    from searchkit.indexing.indexer import add_document  # noqa: PLC0415 - `build` starts sooner without these modules
    from searchkit.measures.extractor import Extractor  # noqa: PLC0415

    started = time.perf_counter()
    config = _BuildConfig.resolve(index, corpus, options or BuildOptions())
    summary = _IndexSummary()
    extractor = Extractor.load(config.settings.units, config.settings.fixed_names)
    files: list[IndexedFile] = []
    with config.directory.lock(), _new_index(config, summary) as (_, writer):
        for result in results:
            if isinstance(result, Skipped):
                summary.skipped.append(result)
                continue
            document = add_document(result, writer, extractor)
            summary.add_document(document, len(result.paragraphs))
            identity = "" if result.is_record else identify_report(document)
            reports = ((document.document, identity),) if identity else ()
            files.append(IndexedFile(result.file, document.sha256, reports))
        summary.duplicates += find_duplicates(files)
    return replace(_report(config, summary), seconds=time.perf_counter() - started)


class _NothingChanged(Exception):
    """Raised to abandon a new index that would equal the old one, because all retried files failed as before."""


_DAMAGED = "the index was damaged"
"""Value of `BuildReport.full_because` if the old index or its documents could not be read."""


def _find_base(
    directory: Directory, fingerprints: Mapping[str, str], *, full: bool
) -> tuple[_BaseIndex | None, str | None]:
    """Return the existing index and None if it can be updated, or None and the reason why all files are read.

    Returns None and None if there is no index. Raises IndexUnusable if a cluster does not answer, because its index may
    be intact.
    """
    try:
        manifest = directory.read_manifest()
        if STATE_FILE not in manifest.files:
            return None, "the index was not built from a folder"
        base = _BaseIndex(manifest, read_state(directory, manifest))
    except IndexMissing:
        return None, None
    except IndexForeign:
        return None, "the index had another format"
    except IndexUnusable as error:
        if not isinstance(error, IndexDamaged) and not isinstance(directory, LocalDirectory):
            raise
        return None, _DAMAGED
    if full:
        return None, "a full build was requested"
    changed = [name for name, value in fingerprints.items() if base.state.fingerprints.get(name) != value]
    return (None, f"{changed[0]} changed") if changed else (base, None)


def _update(
    config: _BuildConfig,
    listing: Listing,
    state: BuildState,
    base: _BaseIndex | None,
    on_progress: ProgressCallback | None,
) -> BuildReport:
    """Read the new and changed files, and write an index with their documents and the unchanged ones of `base`.

    Writes nothing if nothing has changed. `state`: the state of the new index, without `files`.
    """
    changes = find_changes(listing, base.state) if base else Changes(listing.documents)
    summary = _IndexSummary(skipped=[*listing.skipped])
    result = IndexingResult()
    is_same_corpus = base and (base.state.skipped, base.manifest.corpus) == (state.skipped, config.corpus)
    if base and is_same_corpus and changes.is_empty:
        config.directory.sync()  # the build that committed the index may have failed to sync it
        summary.add(changes.unchanged)
    else:
        unread = [(file, listing.stated_metadata(file)) for file in changes.unread]
        with (
            suppress(_NothingChanged),
            WorkerPool(unread, config.settings, config.jobs) as workers,
            _new_index(config, summary, base) as (folder, writer),
        ):
            writer.remove(changes.outdated.keys())
            result = workers.index(writer, folder, on_progress)
            entries = {**changes.unchanged, **result.entries}
            files = {file.name: entries[file.name] for file in listing.documents}
            summary.add(files)
            summary.warnings += result.warnings
            if base and is_same_corpus and changes.has_only_repeated_failures(result.entries):
                raise _NothingChanged  # `suppress` ends the block
            replace(state, files=files).write(folder)
    return _count_files(_report(config, summary), changes, result)


def _count_files(report: BuildReport, changes: Changes, result: IndexingResult) -> BuildReport:
    """Return the report with the numbers of files."""
    indexed = {name for name, entry in result.entries.items() if entry.documents}
    return replace(
        report,
        files=len(indexed),
        removed=sum(1 for name, entry in changes.outdated.items() if entry.documents and name not in indexed),
        unchanged=sum(1 for entry in changes.unchanged.values() if entry.documents),
    )


def _report(config: _BuildConfig, summary: _IndexSummary) -> BuildReport:
    """Return a report without the seconds and the numbers of files."""
    totals = summary.documents, summary.paragraphs, summary.measures
    problems = tuple(summary.warnings), tuple(summary.skipped), tuple(summary.duplicates)
    return BuildReport(str(config.directory.path), *totals, 0.0, *problems)


@contextmanager
def _new_index(
    config: _BuildConfig, summary: _IndexSummary, base: _BaseIndex | None = None
) -> Iterator[tuple[Path, Writer]]:
    """Yield a new data folder and a writer to this folder.

    After the block, commits the index with the totals in `summary`, which the block fills in. Raises CorpusError if
    `summary` has no document. Removes the data folder if the block or the commit raises, unless the manifest names it.
    """
    folder = config.directory.create()
    try:
        old = config.directory.path / base.manifest.data if base else None
        writer = open_writer(config.settings.engine, folder, config.analyzer, old)
        try:
            yield folder, writer
            if not summary.documents:
                raise no_documents_error(Path(config.corpus), summary.skipped)  # noqa: TRY301 - rolls back as if the block raised
        except BaseException:
            writer.rollback()
            raise
        writer.commit()
        remove_parts(folder)
        extras = {**asdict(config.settings.lexicon), "indicators": asdict(config.names)}
        (folder / EXTRAS_FILE).write_text(json.dumps(extras, ensure_ascii=False, indent=1), encoding="utf-8")
        problems = {"problems": [asdict(item) for item in summary.skipped], "duplicates": summary.duplicates}
        (folder / PROBLEMS_FILE).write_text(json.dumps(problems, ensure_ascii=False), encoding="utf-8")
        manifest = _new_manifest(config, folder, summary)
        _write_names(config, folder, manifest.facets, base.manifest if base else None)
        config.directory.commit(manifest, base.manifest if base else None)
    except BaseException:
        config.directory.discard(folder)
        raise


def _write_names(config: _BuildConfig, folder: Path, facets: Sequence[str], base: Manifest | None) -> None:
    """Write the names of the facet values of a new index, and its suggestions, to its data folder.

    `facets`: names of the user-defined facets. `base`: the manifest of the index that is updated.
    """
    previous = Aliases.from_json(config.directory.read_file(base, ALIASES_FILE)) if base else None
    engine = open_engine(config.settings.engine, folder)
    try:
        taxonomies = (config.settings.topics.text, config.settings.work_topics.text)
        aliases = collect_aliases(engine, config.analyzer, taxonomies, previous)
        suggestions = collect_suggestions(engine, aliases, facets)
    finally:
        engine.close()
    (folder / ALIASES_FILE).write_bytes(aliases.to_json())
    (folder / SUGGESTIONS_FILE).write_bytes(suggestions)


def _new_manifest(config: _BuildConfig, folder: Path, summary: _IndexSummary) -> Manifest:
    return Manifest(
        engine=config.settings.engine,
        analyzer=config.analyzer.fingerprint,
        data=folder.name,
        built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        corpus=config.corpus,
        documents=summary.documents,
        paragraphs=summary.paragraphs,
        measures=summary.measures,
        facets=tuple(sorted(summary.facets - set(BUILT_IN_FACETS))),
    )
