"""Descriptions that the source lacks, for docs/generate.py: arguments of commands, exit statuses, fields of records."""

from __future__ import annotations

ARGUMENTS = {
    "build CORPUS": "Folder with the reports.",
    "search QUERY": "What to search for, in the query language of README.md. Not together with `--queries`.",
    "measures QUERY": "What to look up, written as for `search`. Not together with `--queries` or `--audit`.",
    "compare QUERY": "The measure to compare, written as for `search`.",
    "similar ID": "Id of a paragraph (`<document>#<n>`), or a unique end of it.",
    "show ID": "Id of a paragraph (`<document>#<n>`), document (its path in the corpus) or table (`<document>!<k>`), "
    "or a unique end of it.",
    "facets NAME": "Name of a facet; without a name, all facets but `document`.",
    "suggest PREFIX": "Beginning of a text, of its pinyin or of its initials.",
    "export WHAT": "The kind of record.",
    "watch add NAME": "Name of the watch: printable characters, at most 100.",
    "watch add QUERY": "What to search for, written as for `search`.",
    "watch remove NAME…": "Names of watches.",
    "watch run [NAME]…": "Names of watches; all watches if none is given.",
    "analyze TEXT": "Any text, or a query.",
}
"""Descriptions of arguments, by command and name. click has no help texts for arguments."""

STATUSES = (
    ("something found, shown or built", "searchkit search 立案 --format ids --limit 1"),
    (
        "nothing found: no match, no such id, no record to export, no contradiction",
        "searchkit search 量子计算 --format ids",
    ),
    (
        "wrong usage: an unknown option, a bad year, a facet that the index does not have",
        "searchkit search 立案 --year 99",
    ),
    (
        "anything else: no index, a damaged index, a file that `build --strict` could not read",
        "searchkit info --index none",
    ),
)
"""Meaning of the exit statuses 0 to 3, each with a command that exits with the status."""

FIELDS = {
    "snippet_start": "Code point of `text` at which the snippet starts, 0-based.",
    "note_codes": "Code of each of `notes` (`model.NOTE_CODES`).",
    "engine": "Name of the engine.",
    "index": "Folder of the index.",
    "seconds": "Duration of the build.",
    "settings": "The file `searchkit.toml` that applies, null if there is none.",
    "documents": "Number of documents in the index.",
    "paragraphs": "Number of paragraphs in the index.",
    "measures": "Number of measures in the index.",
    "verified": "Which files have been verified since the index was opened: `read` (what was read of them), `running` "
    "(a thread is verifying them), `all` or `damaged`.",
    "table_rows": "How the text of a table row is made of its cells and their column headers.",
    "Search result.facets": "Counts by facet as requested: `year`, `district:1`.",
    "Paragraph.measures": "Measures of the paragraph by position, without the fields of the paragraph.",
    "Paragraph.table": "The [table](#table) if the paragraph is its first row that is shown, otherwise null.",
    "Table.id": "`<document>!<table>`.",
    "Search hit.folded": "With `--fold`: `count`, the number of near-duplicates of the hit, and at most 100 `ids`.",
    "Search hit.measures": "Measures of the paragraph by position, without the fields of the paragraph.",
    "Search hit.matches": "Number of matching paragraphs of the document.",
    "Comparison table.rows": "`facet` and `values` of the rows, in order.",
    "Comparison table.cols": "`facet` and `values` of the columns, in order.",
    "Coverage table.rows": "`facet` and `values` of the rows, in order.",
    "Coverage table.cols": "`facet` and `values` of the columns, in order.",
    "Comparison table.cells": "All cells, row by row.",
    "Comparison cell.value": "Value of the first reading, null in an empty cell.",
    "Comparison cell.base_value": "Value of the first reading in `base_unit`. A decrease has a negative value.",
    "Comparison cell.bound": "Bound of `value`, one of `MEASURE_BOUNDS`. It is reversed for a decrease.",
    "Comparison cell.unit": "Unit of `value`.",
    "Comparison cell.id": "Id of the measure that states the value.",
    "Comparison cell.also": "Ids of other measures that state the same value.",
    "Comparison cell.other_unit": "Whether the report counts in another unit than the table.",
    "Comparison cell.origin": "Where the value is from: `own` (the report that reports on the year), `other_report` or "
    "`before` (the value before a change).",
    "Comparison cell.of_year": "Year of the value, or the last of several.",
    "Comparison cell.target": "The planned value as a [reading](#reading), with `--against target`; otherwise null.",
    "Comparison cell.ratio": "The value divided by the planned one.",
    "Comparison cell.revised": "Different values of the same year in later reports, as [readings](#reading).",
    "Comparison cell.others": "Values of the same name and year in the same reports that are too different to be a "
    "contradiction, as [readings](#reading). They are often of a smaller area.",
    "Comparison cell.places": "Number of places and bodies with a value.",
    "Comparison cell.readings": "All [readings](#reading), the one to quote first. `state` says what they are.",
    "Reading.value": "The value, in `unit`.",
    "Reading.base_value": "The value in `base_unit`. A decrease has a negative value.",
    "Reading.bound": "Bound of `value`, one of `MEASURE_BOUNDS`. It is reversed for a decrease.",
    "Reading.unit": "Unit of `value`.",
    "Reading.id": "Id of the first of `measures`.",
    "Reading.also": "Ids of the other `measures`.",
    "Reading.other_unit": "Whether the report counts in another unit than the table.",
    "Reading.origin": "Where the value is from: `own`, `other_report` or `before`.",
    "Reading.of_year": "Year of the value, or the last of several.",
    "Facet counts.values": "The values.",
    "Answer line.id": "Id of the query, or the number of its line.",
    "Answer line.total": "Number of matches, exact.",
    "Answer line.hits": "Hits as in the result of `search` or `measures`.",
    "Answer line.facets": "Counts by facet, if facets were requested.",
    "Answer line.next": "Cursor at which the next hits begin.",
    "Answer line.relaxed": "Whether the hits match only some words of the query, because nothing matches all parts.",
    "Answer line.understood_filters": "The filters that were understood from words of the query.",
    "Answer line.notes": "Messages about parts of the query and filters that were changed or ignored.",
    "Answer line.suggestions": "If little was found: similar searches that find more.",
    "Completions.prefix": "The prefix as given.",
    "Completions.suggestions": "Facet values, then words, then headings, each most frequent first.",
    "Answer line.error": "Why the query could not be answered. Such a line has only this field and `id`.",
    "Problem.kind": "`not read`, `duplicate`, `undecided` (any warning of a document) or `left out` (on purpose).",
    "Analysis.tokens": "The tokens by position: `term`, `start` and `end` in code points, and the `text` between them.",
    "Analysis.understood": "The query tree for `all` parts of the query, the one for `any` of its words, `notes`, and "
    "the `filters` that were understood from its words.",
    "Index facts.bytes": "Size of the index in bytes.",
    "Index facts.facets": "Names of all facets: the built-in ones, then your own.",
    "Index facts.problems": "`path` and `reason` of each file or part of a file that was not read.",
}
"""Descriptions of fields. A key `record.field` overrides the docstring in the source. A key `field` is used for fields
without a docstring."""
