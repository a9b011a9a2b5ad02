"""Names that users write and that records have: facets, sections, and the values of fields of measures.

The command line offers them in its options. This module imports nothing, so that help and completion load no records.
"""

from __future__ import annotations

BUILT_IN_FACETS = ("district", "year", "of_year", "agency", "topic", "section", "doctype", "document")
"""Facets of every index. An index can have user-defined facets in addition."""

YEAR_FACETS = ("year", "of_year")
"""Facets whose values are years: the reporting year, and the years that a paragraph is about."""

PARAGRAPH_FACETS = ("of_year", "topic", "section")
"""Built-in facets whose values can differ between the paragraphs of a document."""

UNDERSTOOD_FACETS = ("district", "of_year", "agency", "section", "doctype")
"""Facets whose values are understood in the words of a query."""

MAX_FACET_VALUES = 100
"""Maximum number of values of a facet that a search lists, in addition to selected values. `FacetCounts.other` is the
sum of the counts of all other values."""

SECTIONS = ("成效", "问题", "计划", "履职", "其他")
"""Sections of a report: achievements, shortcomings, plans, duties of the head, other."""

MEASURE_BOUNDS = ("exact", "approx", "at_least", "at_most")
"""Relation of the printed number to the actual one: equal, near, a lower bound, an upper bound."""
MEASURE_KINDS = ("count", "money", "percent", "duration", "other")
"""Kinds of units: things, people and events; money; percentages; durations; everything else."""
MEASURE_CHANGES = ("increase", "decrease")
"""Directions of a change: growth and decline."""

MEASURE_STATUSES = ("actual", "target", "rule", "before")
"""What a measure says: what was reached, what is planned, a threshold or legal figure, the value before a change."""
ANY_STATUS = "any"
"""Stands for every status where measures are selected by status."""

AGGREGATES = ("sum", "mean", "median", "min", "max", "count")
"""Numbers that can be calculated from measures."""
