"""The words of the pages in English, the labels of facets and findings, and all of them in each language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from searchkit.translation import FACET, FINDING, catalogue

LANGUAGES = {"zh": "zh-CN", "en": "en"}
"""Languages of the pages, each with its tag in HTML."""
PAGE = "page"
"""Prefix of the contexts of the words in the catalogue: the context of `search` is `page.search`."""

WORDS_OF_PAGES = {
    "app": "Report search",
    "tab_search": "Paragraphs",
    "tab_measures": "Figures",
    "tab_compare": "Compare",
    "tab_coverage": "Coverage",
    "tab_audit": "Audit",
    "tab_about": "Index",
    "skip": "Skip to the content",
    "search": "Search",
    "placeholder": "Words, exact text, numbers, as in: 双随机 处罚",
    "theme": "Switch between dark and light",
    "filters": "Filters",
    "active_filters": "Active filters",
    "remove": "Remove",
    "clear_all": "Clear all",
    "any": "Any",
    "show_all": "All {n}",
    "find_in": "Find {label}",
    "missing": "Not stated",
    "from": "First year",
    "to": "Last year",
    "apply": "Apply",
    "by_year": "Year by year",
    "paragraphs": "paragraphs",
    "in_reports": "reports",
    "ms": "ms",
    "all_words": "with all words",
    "some_words": "{n} with some words",
    "each_paragraph": "Paragraphs",
    "by_report": "Reports",
    "relevance": "Best",
    "newest": "Newest",
    "oldest": "Oldest",
    "order": "Order",
    "view": "View",
    "download": "Download all results",
    "understood": "Understood as",
    "taken_from_query": "from the query",
    "loosened": "could not narrow",
    "take_back": "Search for the words instead",
    "as_words": "read as words",
    "relaxed": "No paragraph has all words; these have some of them.",
    "lacks": "Lacks: {words}",
    "same": "{n} more say the same",
    "matches_in_report": "{n} paragraphs of this report",
    "context": "Context",
    "cite": "Cite",
    "cited": "Copied",
    "figures": "Figures",
    "paragraph_n": "paragraph {n}",
    "page_n": "page {n}",
    "previous": "Previous",
    "next": "Next",
    "page_of": "{first}–{last}",
    "nothing": "Nothing found: {query}",
    "nothing_passes": "No paragraph passes the filters",
    "loosen": "One condition less finds something:",
    "nothing_hint": "Every word of the text is found. Quotes mean exactly this text. "
    "Numbers match by value: 3件 is not 13件.",
    "did_you_mean": "Did you mean",
    "drop": "Without “{text}”",
    "drop_filter": "Without {text}",
    "drop_quotes": "Without the quotes",
    "match_any": "With any of the words",
    "instead": "{text} instead of “{words}”",
    "parts": "Each part alone:",
    "start_title": "Find words, figures and sentences in government reports",
    "start_text": "{documents} reports, {paragraphs} paragraphs, {measures} figures. "
    "Every result leads back to its sentence.",
    "start_examples": "Try",
    "start_browse": "Browse",
    "how_title": "How to search",
    "how_words": "All words must occur; places and years narrow: 东丽区 2022年 立案",
    "how_quotes": "Quotes mean exactly this: “首违不罚”",
    "how_or": "OR for either, NOT to leave out: 柔性执法 OR 首违不罚",
    "how_numbers": "Numbers match by value: 129件, 一百二十九件",
    "back": "Back to the results",
    "outline": "Contents",
    "report_year": "Year",
    "place_hint": "such as 江西、湖北",
    "place": "Place",
    "body": "Body",
    "kind": "Kind",
    "length": "Length",
    "length_of": "{paragraphs} paragraphs · {measures} figures",
    "published": "Published",
    "doc_number": "Document number",
    "index_number": "Index number",
    "source": "Source",
    "file": "File",
    "warnings": "Undecided",
    "same_kind": "Same place, same kind",
    "in_document": "in {n} paragraphs of this report",
    "not_in_document": "No paragraph of this report has all words",
    "previous_match": "Previous match",
    "next_match": "Next match",
    "permalink": "Link to this paragraph",
    "similar": "Similar paragraphs",
    "figures_of_report": "Figures of this report",
    "value": "Value",
    "indicator": "Indicator",
    "of_year": "Year",
    "status": "Status",
    "sentence": "Sentence",
    "untitled": "Untitled",
    "footer": "{documents} reports · {paragraphs} paragraphs · {measures} figures · built {built}",
    "api": "API",
    "keys": "Keys",
    "keys_title": "Keyboard",
    "keys_off": "Switch single keys off",
    "key_box": "search box",
    "key_hits": "next / previous result",
    "key_open": "open",
    "key_cite": "copy the citation",
    "key_matches": "next / previous match in a report",
    "key_help": "this list",
    "close": "Close",
    "updated": "The index has been updated.",
    "reload": "Reload",
    "loading": "Searching",
    "error_title": "That did not work",
    "error_usage": "Check the address or the conditions:",
    "error_missing": "There is no such record. It may have been updated or removed.",
    "error_address": "There is no such page.",
    "error_busy": "Too many requests at a time. Try again in some seconds.",
    "error_deadline": "This took too long and was stopped. Narrow it by filters.",
    "error_index": "The index cannot be used at the moment. It may have to be built again.",
    "error_failed": "The server failed. Try again, or tell its administrator.",
    "go_home": "Go to the start page",
    "retry": "Try again",
    "all_values": "All values of {label}",
    "values_n": "{n} values",
    "no_values": "No such value",
    "reports_n": "{n} reports",
    "indexes": "Choose an index",
    # figures
    "measures_n": "figures",
    "unit": "Unit",
    "min": "At least",
    "max": "At most",
    "to_compare": "Compare by place and year",
    "score_order": "Best",
    "value_order": "Largest",
    "value_asc": "Smallest",
    "latest_order": "Newest",
    "cumulative": "Without totals of several years",
    "measures_start": "Name what is counted, such as 粮食产量 or 行政处罚案件",
    "no_measures": "No such figure",
    "names_meant": "Also counts",
    "left_out": "Left out",
    "figure_of": "of {name}",
    # comparison
    "compare_start": "Name an indicator to tabulate it by place and year, such as 粮食产量",
    "actual": "Actual",
    "target": "Target",
    "rule": "Rule",
    "before": "Before",
    "any_status": "Any",
    "transpose": "Swap rows and columns",
    "legend": "Marks",
    "silent_rows": "Rows without a value: {names}",
    "silent_cols": "Columns without a value: {names}",
    "unplaced": "{n} more figures have no place or year, and are not shown.",
    "draw": "Draw",
    "draw_hint": "Tick at most 6 rows to draw them as lines",
    "draw_row": "Draw {name}",
    "chart_of": "Chart of {indicator}; the values are in the table",
    "bars_of": "{year}",
    "open_cell": "Show the sentences",
    "sentences_of": "{row} · {col}",
    "no_comparison": "There is nothing to tabulate",
    "more_cells": "The table is large; the first {rows} rows and {cols} columns are shown. The downloads have all.",
    # coverage
    "coverage_title": "Which reports there are",
    "coverage_text": "Cells have the numbers of reports. A gap means that no report "
    "is here, not that nothing was done.",
    "rows": "Rows",
    "cols": "Columns",
    "show": "Show",
    "gaps": "{n} gaps",
    "gap": "no report",
    "unplaced_reports": "{n} reports lack a value of the rows or the columns, and are in no cell.",
    # audit
    "audit_title": "What contradicts or repeats itself",
    "audit_text": "Figures that do not agree, and sentences that repeat. Check the "
    "sources before you call it a mistake.",
    "no_findings": "Nothing was found.",
    "findings_n": "{n} findings",
    # watches
    "watches_title": "Watches",
    "watches_text": "New since the last report, as searchkit watch run would report "
    "it. This page marks nothing as seen.",
    "watch_new": "{n} new since {since}",
    "no_watches": "No search of this index is watched. Add one with: searchkit watch add NAME QUERY.",
    # about
    "about_title": "State of the index",
    "engine": "Engine",
    "format": "Format",
    "built": "Built",
    "corpus": "Corpus",
    "size": "Size",
    "analyzer": "Analyzer",
    "verified": "Verified",
    "verified_read": "what was read",
    "verified_running": "all files are being verified",
    "verified_all": "all files are intact",
    "verified_damaged": "a file is damaged; build the index again",
    "version": "Version",
    "facets": "Facets",
    "not_read": "Files that could not be read",
    "duplicates": "Duplicates",
    "undecided": "What could not be decided",
    "none": "None",
    "vocabulary": "Words and synonyms in use",
    "words_n": "{n} domain words",
    "synonyms_n": "{n} groups of synonyms",
    "api_title": "API",
    "api_text": "The address of every page with .json, .jsonl, .csv or .xlsx gives the "
    "same as data. All parameters are in",
    "more_n": "{n} more in",
    # operators in a query tree
    "operator_and": " AND ",
    "operator_or": " OR ",
    "operator_not": "NOT ",
    "operator_to": " TO ",
    # marks in the cells of comparisons (`output.cells.CELL_MARKS`)
    "mark_missing": "no report",
    "mark_silent": "report without such a figure",
    "mark_conflict": "reports disagree",
    "mark_several": "several places or bodies",
    "mark_target": "planned",
    "mark_cumulative": "total or mean of several years",
    "mark_part": "part of the year",
    "mark_near": "similar indicator",
    "mark_approx": "about",
    "mark_at_least": "at least",
    "mark_at_most": "at most",
    "mark_unit": "counted in another unit",
    "mark_other_report": "from a report on another year",
    "mark_before": "value before a change",
    "mark_revised": "a later report differs",
    "mark_others": "also another value of this name",
}
"""Texts by key. A whole number in a placeholder such as `{n}` gets thousands separators."""
_FACET_LABELS = {
    "year": "Year",
    "of_year": "Year of the content",
    "district": "Place",
    "section": "Part",
    "topic": "Topic",
    "agency": "Agency",
    "doctype": "Kind",
    "document": "Report",
}
"""Labels of the built-in facets. The label of a user-defined facet is its name."""
_FINDINGS = {
    "parts": "parts and total",
    "rate": "rates",
    "conflict": "conflicting values",
    "change": "changes and values",
    "jump": "jumps by a power of ten",
    "copied": "copied values",
    "duplicate": "repeated sentences",
}
"""Names of the kinds of findings of an audit."""
EXAMPLES = ("双随机 处罚", "“首违不罚”", "粮食产量", "柔性执法 OR 包容审慎", "下一步 优化营商环境")
"""Queries on the start page."""
_OPERATORS = ("operator_and", "operator_or", "operator_not", "operator_to")
_OF_TREE = re.compile(
    r'"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』'
    rf"|(?<![^\s(])(?P<facet>{'|'.join(_FACET_LABELS)}):"
    rf"|{'|'.join(WORDS_OF_PAGES[name] for name in _OPERATORS)}"
)
"""Matches one of these in the text of a query tree: (1) a quoted text, which is not translated; (2) the name of a facet
before its value (year:, but not the end of of_year:); (3) an operator."""


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """`language`: a key of `LANGUAGES`."""
        self.language = language
        self.tag = LANGUAGES[language]
        self._catalogue = catalogue(language)
        self._words = {key: self._catalogue.pgettext(f"{PAGE}.{key}", text) for key, text in WORDS_OF_PAGES.items()}

    def __getitem__(self, name: str) -> str:
        """Return a text."""
        return self._words[name]

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with values for its placeholders. Whole numbers get thousands separators."""
        return self._words[name].format(
            **{key: f"{value:,}" if isinstance(value, int) else value for key, value in values.items()}
        )

    def facet(self, name: str) -> str:
        """Return the label of a facet, also of `district:1`."""
        facet = name.partition(":")[0]
        if facet not in _FACET_LABELS:
            return name
        return _FACET_LABELS[facet] if self.language == "en" else self._catalogue.pgettext(FACET, facet)

    def mark(self, name: str) -> str:
        """Return what a mark in a cell of a comparison means."""
        return self._words[f"mark_{name}"]

    def finding(self, kind: str) -> str:
        """Return the name of a kind of findings."""
        return _FINDINGS.get(kind, kind) if self.language == "en" else self._catalogue.pgettext(FINDING, kind)

    def tree(self, understood: str) -> str:
        """Return the text of a query tree with the operators and facets in this language."""
        if self.language == "en":
            return understood
        operators = {WORDS_OF_PAGES[name]: self._words[name] for name in _OPERATORS}

        def translate(match: re.Match[str]) -> str:
            """Return what stands for a match of `_OF_TREE` in this language."""
            return f"{self.facet(match['facet'])}：" if match["facet"] else operators.get(match[0], match[0])

        return _OF_TREE.sub(translate, understood)

    def message(self, sentence: str) -> str:
        """Return a sentence of the library in this language."""
        return self._catalogue.translate(sentence)

    def join(self, texts: Sequence[str]) -> str:
        """Return several texts as a list in a sentence."""
        return self._catalogue.gettext(", ").join(texts)

    def example_queries(self) -> Sequence[str]:
        """Return queries for the start page."""
        return EXAMPLES


WORDS: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}
