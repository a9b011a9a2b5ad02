"""Fields of the OpenSearch index, and the documents that are indexed for a paragraph and for a corpus document."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import msgspec

from searchkit.engines.contract import own_heading_counts
from searchkit.engines.opensearch.columns import DocumentRow, pack_row
from searchkit.engines.ranking import HEADING_WEIGHT, TITLE_WEIGHT, count_all_grams, weighted_sum
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table, to_json
from searchkit.names import BUILT_IN_FACETS
from searchkit.query.facets import Facet, facet_values
from searchkit.query.tree import HAN_NUMERAL_CHARACTERS
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

DELIMITER = "\x01"
"""Separates a term from its frequency, and the name of a facet from a value. No term contains it."""
MAX_KEYWORD_LENGTH = 8000
"""Maximum length of a word, and of a heading that `vocabulary` counts, in code points. OpenSearch limits a keyword to
32,766 bytes. Longer words are cut: 20,000 letters of Katakana without a space are one word. No query is as long."""
DIGIT, NUMERAL, MARK = "\ufff9", "\ufffa", "\ufffb"
"""Terms for classes of characters. At the position of a character of a class, a field of strings has two terms: the
character and the term of its class. Texts and queries contain none of these code points
(`text.characters.INVISIBLE`)."""
_CLASSES = {DIGIT: "0123456789", NUMERAL: HAN_NUMERAL_CHARACTERS, MARK: ".,"}
"""Characters of each class."""
_MAX_DIGITS = 4000
"""Maximum number of digits of a facet value that ranges compare."""

Json = dict[str, Any]

_KEYWORD = {"type": "keyword", "doc_values": False}
"""Type of fields that are only searched, by whole values or ranges of them."""
_COLUMN = {"type": "keyword", "index": False}
"""Type of fields that are only counted or sorted by, as a column."""
_STRINGS = {
    "type": "text",
    "analyzer": "characters_with_classes",
    "search_analyzer": "characters",
    "norms": False,
    "fields": {"bigrams": {"type": "text", "analyzer": "bigrams", "norms": False}},
}
_WORDS = {"type": "keyword"}
"""Type of fields that are searched by whole values, and also counted or sorted by."""
_NUMBER = {"type": "long"}
_STORED = {"type": "object", "enabled": False}
"""Type of fields that are only stored."""


class StoredRecord(msgspec.Struct):
    """The record of a paragraph. It is stored as text, because OpenSearch would change the notation of numbers."""

    paragraph: Json
    measures: list[Json]
    own_headings: int
    """Number of headings, the last ones of the path, that begin at the paragraph and so belong to its passage."""
    lengths: tuple[int, ...]
    """Lengths of the paragraph (`ranking.Lengths`)."""
    key: int
    """Near-duplicate key, 0 if it has none."""


def index_body(fingerprint: str, shards: int) -> Json:
    """Return settings and mapping of a new state. `fingerprint`: that of the analyzer, for people who read the mapping.

    A string is found as a phrase of bigrams, a single character as a term. If the string must not be inside a longer
    number (`tree.Substring.whole_numbers`), it must also match as intervals of characters and of their classes
    (`DIGIT`). The field `label` has the headings and the title that belong to the passage of a paragraph. Words come
    from searchkit's analyzer. They are keywords for matching. For BM25F, the field `frequencies` has each word of a
    paragraph once, with its weighted frequency.
    """
    properties = {
        **dict.fromkeys(("text", "label", "heading", "title"), _STRINGS),
        "words": {"properties": dict.fromkeys(("text", "label", "heading", "title"), _WORDS)},
        "frequencies": {"type": "text", "analyzer": "frequencies", "index_options": "freqs"},
        **dict.fromkeys(("kind", "facet", "number"), _KEYWORD),
        **dict.fromkeys(("file", "order", "document"), _WORDS),
        **dict.fromkeys(("topic", "section", "of_year"), _COLUMN),
        "path": {**_COLUMN, "ignore_above": MAX_KEYWORD_LENGTH},
        "sort": {"type": "object", "dynamic": True},
        **dict.fromkeys(("uid", "key"), _NUMBER),
        "fold": {"type": "long", "index": False},
        "length": {"type": "integer", "index": False},
        "measured": {"type": "boolean", "doc_values": False},
        "record": _STORED,
        "columns": _STORED,
    }
    return {
        "settings": {
            "number_of_shards": shards,
            "auto_expand_replicas": "0-1",
            "refresh_interval": "-1",
            "max_result_window": 2_000_000_000,
            "max_terms_count": 1_000_000,
            "mapping.total_fields.limit": 5000,
            "analysis": {
                "tokenizer": {
                    "characters": {"type": "ngram", "min_gram": 1, "max_gram": 1},
                    "bigrams": {"type": "ngram", "min_gram": 2, "max_gram": 2},
                    "words": {"type": "whitespace", "max_token_length": 1_048_576},
                },
                "filter": {
                    "frequencies": {"type": "delimited_term_freq", "delimiter": DELIMITER},
                    # This filter takes one look-up per character.
                    "classes": {"type": "synonym", "synonyms": _class_synonyms()},
                },
                "analyzer": {
                    "characters_with_classes": {"type": "custom", "tokenizer": "characters", "filter": ["classes"]},
                    "characters": {"type": "custom", "tokenizer": "characters"},
                    "bigrams": {"type": "custom", "tokenizer": "bigrams"},
                    "frequencies": {"type": "custom", "tokenizer": "words", "filter": ["frequencies"]},
                },
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": {"analyzer": fingerprint},
            "_source": {"includes": ["record", "columns", "frequencies", "uid"]},
            "dynamic_templates": [{"sort": {"path_match": "sort.*", "mapping": _COLUMN}}],
            "properties": properties,
        },
    }


def _class_synonyms() -> list[str]:
    """Return a synonym rule for each character of the classes: its class is added at the same position."""
    written = {",": "\\,"}
    pairs = [(written.get(item, item), name) for name, characters in _CLASSES.items() for item in characters]
    return [f"{character} => {character}, {name}" for character, name in pairs]


def uid_of(paragraph_id: str) -> int:
    """Return the uid of a paragraph, a hash of its id, from 1 to 2⁶².

    The field `fold` contains the near-duplicate key of a paragraph or, if it has none, its negative uid.
    """
    digest = hashlib.sha256(paragraph_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % (1 << 62) + 1


def doc_id_of(kind: str, name: str) -> str:
    """Return the id of the OpenSearch document of a paragraph (`p`) or of a corpus document (`d`).

    `name`: the id of the paragraph or document. Its hash (`uid_of`) becomes part of the result.
    """
    return f"{kind}-{uid_of(name):016x}"


def sort_field(name: str) -> str:
    """Return the field with the value of a facet by which paragraphs are sorted."""
    return "sort." + quote(name, safe="").replace(".", "%2E")


def facet_term(name: str, value: str) -> str:
    """Return the term of the field `facet` of the paragraphs with a value of a facet."""
    return f"{name}{DELIMITER}{value}"


def number_term(name: str, value: int) -> str:
    """Return the term of the field `number`. Sorted as text, the terms of a facet are in the order of their numbers."""
    digits = str(value)
    return f"{name}{DELIMITER}{len(digits):04d}{digits}"


def document_docs(
    document: Document,
    paragraphs: Sequence[Paragraph],
    measures: Sequence[Sequence[ExtractedMeasure]],
    tables: Sequence[Table],
    keys: Sequence[int],
    analyzer: Analyzer,
) -> Iterator[tuple[str, Json]]:
    """Yield the id and the content of each OpenSearch document for a corpus document: its paragraphs, then itself.

    The content lacks the fields `file` and `order`, which `spool.read_spool` adds.
    """
    row = DocumentRow(to_json(document), has_tables=bool(tables))
    title = _terms(analyzer, document.title or "")
    for paragraph, found, own, key in zip(
        paragraphs, measures, own_heading_counts(paragraphs), keys or [0] * len(paragraphs), strict=True
    ):
        content, lengths = _paragraph_doc(paragraph, own, title, analyzer)
        record = StoredRecord(to_json(paragraph), [asdict(measure) for measure in found], own, lengths, key)
        content.update(record=_encode(record), measured=bool(found), fold=key or -content["uid"])
        if key:
            content["key"] = key
        row.add(content, lengths, paragraph, found)
        yield doc_id_of("p", paragraph.id), content
    stored = _encode({"document": row.record, "tables": list(map(to_json, tables))})
    content = {"kind": "document", "document": document.document, "record": stored, "columns": pack_row(row)}
    yield doc_id_of("d", document.document), content


def _paragraph_doc(
    paragraph: Paragraph, own_headings: int, title: list[str], analyzer: Analyzer
) -> tuple[Json, tuple[int, ...]]:
    """Return the content for a paragraph, and the lengths of the paragraph (`ranking.Lengths`).

    The content lacks the fields `record`, `measured`, `fold` and `key`, which `document_docs` adds.
    """
    labels = passage_labels(paragraph, own_headings)
    text, heading, label = (
        _terms(analyzer, item) for item in (paragraph.text, "\n".join(paragraph.path), "\n".join(labels))
    )
    folded = fold(paragraph.text)
    frequencies = Counter(text)
    for terms, weight in ((heading, HEADING_WEIGHT), (title, TITLE_WEIGHT)):
        for term in terms:
            frequencies[term] += weight
    lengths = (len(text), len(heading), len(title), *(count_all_grams(folded, size) for size in (1, 2)))
    values = {name: facet_values(paragraph, Facet(name)) for name in (*BUILT_IN_FACETS, *paragraph.facets)}
    content = {
        "kind": "paragraph",
        "document": paragraph.document,
        "uid": uid_of(paragraph.id),
        "text": folded,
        "label": [*map(fold, labels)],
        "heading": [*map(fold, paragraph.path)],
        "title": fold(paragraph.title or ""),
        "words": {
            "text": [*{*text}],
            "label": [*({*label} - {*text})],  # each word of the passage is either in `text` or in `label`
            "heading": [*{*heading}],
            "title": [*{*title}],
        },
        "frequencies": " ".join(f"{term}{DELIMITER}{count}" for term, count in frequencies.items()),
        "length": weighted_sum(*lengths[:3]),
        "facet": [facet_term(name, value) for name, value in _filter_values(paragraph, values)],
        "number": [
            number_term(name, int(value))
            for name, found in values.items()
            for value in found
            if value.isdecimal() and len(value) <= _MAX_DIGITS
        ],
        **{name: values[name] for name in ("topic", "section", "of_year")},
        "path": paragraph.path,
        "sort": {sort_field(name).removeprefix("sort."): found[0] for name, found in values.items() if found},
    }
    return content, lengths


def passage_labels(paragraph: Paragraph, own_headings: int) -> list[str]:
    """Return the labels of a paragraph: the headings and the title that belong to its passage."""
    headings = paragraph.path[len(paragraph.path) - own_headings :]
    return [*headings, *([paragraph.title] if paragraph.n == 1 and paragraph.title else [])]


def _filter_values(paragraph: Paragraph, values: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield facet and value for each value by which a filter admits the paragraph.

    For district, these are all runs of consecutive elements of the region.
    """
    region = paragraph.region
    for start in range(len(region)):
        for end in range(start + 1, len(region) + 1):
            yield "district", "/".join(region[start:end])
    yield from ((name, value) for name, found in values.items() if name != "district" for value in found)


def _terms(analyzer: Analyzer, text: str) -> list[str]:
    return [token.term[:MAX_KEYWORD_LENGTH] for token in analyzer.tokenize(text)]


def _encode(record: object) -> str:
    return msgspec.json.encode(record).decode()


def parse_frequencies(text: str, terms: Iterable[str]) -> dict[str, int]:
    """Return the weighted frequency of each given term that the stored field `frequencies` contains."""
    padded = f" {text} "
    starts = {term: padded.find(f" {term}{DELIMITER}") + len(term) + 2 for term in terms}
    return {
        term: int(padded[start : padded.index(" ", start)]) for term, start in starts.items() if start > len(term) + 1
    }
