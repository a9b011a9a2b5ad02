"""The audit: passes the measures of an index, and their paragraphs, to all checks, and lists the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from searchkit.compare.arithmetic import check_table
from searchkit.compare.breakdowns import check_breakdowns, check_directions, check_growth, check_rates, check_ratios
from searchkit.compare.contradictions import Contradictions
from searchkit.compare.copies import Copies
from searchkit.compare.findings import FINDING_KINDS, Finding
from searchkit.model import Measure, Paragraph, Table
from searchkit.query.facets import Filter
from searchkit.query.naming import IndicatorNames
from searchkit.search.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings of an audit. Iterating yields them."""

    findings: tuple[Finding, ...]
    """By kind in the order of `FINDING_KINDS`; within a kind, in corpus order of their first documents."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings of each kind that has any, in the order of `FINDING_KINDS`."""
        counts = Counter(finding.kind for finding in self.findings)
        return {kind: counts[kind] for kind in FINDING_KINDS if counts[kind]}


def audit_snapshot(
    snapshot: Snapshot, filters: tuple[Filter, ...], on_progress: Callable[[int, int], None] | None = None
) -> Audit:
    """Check the measures of an index that pass the filters, and their paragraphs. See `audit`.

    `on_progress` is called for each measure, with the number of measures read so far and the number of all.
    """

    def tables_of(document: str) -> Iterator[Table]:
        """Return the tables of the document with an id."""
        return snapshot.tables(snapshot.filters({"document": document}, None))

    with snapshot.use_engine():
        columns = snapshot.measure_columns(filters)
        measures = snapshot.every_measure(filters)
        if on_progress is not None:
            measures = _with_progress(measures, len(columns.scores), on_progress)
        return audit(measures, snapshot.names, columns.fetch, tables_of)


def _with_progress(
    measures: Iterable[Measure], total: int, on_progress: Callable[[int, int], None]
) -> Iterator[Measure]:
    """Yield measures, and call a function with the number of those that were yielded and `total`."""
    for done, measure in enumerate(measures, 1):
        yield measure
        on_progress(done, total)


def audit(
    measures: Iterable[Measure],
    names: IndicatorNames,
    fetch: Callable[[Sequence[int]], list[Measure]] | None = None,
    tables_of: Callable[[str], Iterable[Table]] | None = None,
) -> Audit:
    """Find measures that contradict each other, and documents that repeat each other.

    Only paragraphs with measures are compared. `measures` are in corpus order. `names` decides which indicators are the
    same. `fetch` returns the measures at some positions of `measures`; without it, all of them are kept in memory.
    `tables_of` returns the tables of the document with an id; without it, `check_table` is left out.

    Time is linear in the number of measures and paragraphs. Memory: about 400 bytes for each measure that another
    report can contradict, 200 for each sentence, plus the measures of one document.
    """
    if fetch is None:
        kept = list(measures)
        measures, fetch = kept, lambda ordinals: [kept[ordinal] for ordinal in ordinals]
    contradictions, copies = Contradictions(names), Copies()
    findings: list[Finding] = []
    order: dict[str, int] = {}
    identities: dict[str, object] = {}
    first = 0
    for document, group in groupby(measures, key=lambda measure: measure.document):
        report = list(group)
        order[document], source = len(order), report[0].source
        is_known = all((source.region, source.year, source.agency, source.doctype))
        identities[document] = (source.region, source.year, source.agency, source.doctype) if is_known else document
        findings += _check_report(report, names, tables_of)
        contradictions.add(order[document], first, report)
        for ordinal, paragraph in _paragraphs_of(report, first):
            copies.add(ordinal, paragraph)
            findings += check_ratios(paragraph)
        first += len(report)
    duplicates = list(copies.find(lambda ordinals: [measure.source for measure in fetch(ordinals)]))
    # A change that contradicts values in its own sentence is not reported again with values of other reports.
    known = {measure_id for finding in findings if finding.kind == "change" for measure_id in finding.ids}
    findings += (item for item in contradictions.find(fetch) if item.kind != "change" or item.ids[0] not in known)
    # Values that a report copies are not reported if the report as a whole repeats the other one.
    pairs = {frozenset(finding.documents) for finding in duplicates}
    findings = [item for item in findings if item.kind != "copied" or frozenset(item.documents) not in pairs]
    findings = [*_without_versions(findings, identities), *duplicates]
    findings.sort(key=lambda item: (FINDING_KINDS.index(item.kind), order.get(item.documents[0], len(order))))
    return Audit(tuple(findings))


def _check_report(
    report: Sequence[Measure], names: IndicatorNames, tables_of: Callable[[str], Iterable[Table]] | None
) -> Iterator[Finding]:
    """Yield the findings about the measures of one report in its paragraphs and tables."""
    prose = [measure for measure in report if measure.table is None]
    yield from check_breakdowns(prose)
    yield from check_rates(report)
    yield from check_directions(prose)
    yield from check_growth(prose)
    if tables_of is None or len(prose) == len(report):
        return
    by_table: dict[int | None, list[Measure]] = {}
    for measure in report:
        by_table.setdefault(measure.table, []).append(measure)
    for table in tables_of(report[0].document):
        yield from check_table(table, by_table.get(table.table, ()), names, prose)


def _paragraphs_of(report: Sequence[Measure], first: int) -> Iterator[tuple[int, Paragraph]]:
    """Yield the ordinal of the first measure of each paragraph with measures, and the paragraph.

    `report`: the measures of a document, in the order of the text. `first`: the ordinal of the first of them.
    """
    previous = None
    for ordinal, measure in enumerate(report, first):
        if measure.source is not previous:
            yield ordinal, measure.source
        previous = measure.source


def _without_versions(findings: Iterable[Finding], identities: dict[str, object]) -> Iterator[Finding]:
    """Yield each finding only once if several versions of a report have it.

    `identities`: by id of a document, what all versions of its report have in common: place, year, agency and kind of
    report. If one of these is unknown, it is the id itself: the document counts as the only version.
    """
    seen = set()
    for finding in findings:
        key = finding.kind, finding.message, tuple(identities[document] for document in finding.documents)
        if key not in seen:
            seen.add(key)
            yield finding
