"""Codes of notes, warnings and errors, which programs read instead of the sentences."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from searchkit import errors
from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import SearchkitError
from searchkit.index import Index
from searchkit.model import NOTE_CODES, Document, Note
from searchkit.output.json import measures_to_json, results_to_json

ROOT = Path(__file__).parent.parent / "searchkit"


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index of two reports."""
    return index_of(
        [
            report("a.txt", "全年立案129件。", year=2023, region=("天津市", "滨海新区"), agency="司法局"),
            report("b.txt", "执法检查。", year=2022, region=("天津市", "东丽区"), agency="公安局"),
        ]
    )


@pytest.mark.parametrize(
    ("query", "arguments", "codes"),
    [
        ("立" * 1001, {}, ["query_too_long"]),
        ("立案 or 检查", {}, ["lower_case_operator"]),
        ("立案 (检查", {}, ["invalid_syntax"]),
        ("district:火星 立案", {}, ["unknown_value"]),
        ("2099年立案", {}, ["unknown_year"]),
        ("立案", {"year": "2023..2022"}, ["years_swapped"]),
        ("立案", {"year": 1950}, ["unknown_year"]),
        ("立案", {"agency": ["司法局", "公安局"]}, ["value_without_hit"]),
        ("立案", {}, []),
    ],
)
def test_notes_have_codes(index: Index, query: str, arguments: dict[str, Any], codes: list[str]) -> None:
    """A note is a sentence with a code. In JSON, sentences and codes are two lists."""
    results = index.search(query, **arguments)
    assert [note.code for note in results.notes] == codes
    answer = results_to_json(results)
    assert (answer["notes"], answer["note_codes"]) == (list(results.notes), codes)


def test_notes_of_measures_have_codes(index: Index) -> None:
    """The notes of a look-up have codes, too."""
    assert measures_to_json(index.measures("2099年立案"))["note_codes"] == ["unknown_year"]


def test_all_codes_of_notes_are_listed() -> None:
    """`NOTE_CODES` has the codes that the modules use, and no others."""
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))
    assert set(re.findall(r'Note\(\s*"(\w+)"', sources)) == set(NOTE_CODES)


def test_a_note_is_a_string_that_can_be_copied() -> None:
    """A note is a string with a code, which copies of the note keep."""
    note = Note("no_cell", "nothing fits")
    for other in (copy.copy(note), copy.deepcopy(note)):
        assert (other, other.code) == ("nothing fits", "no_cell")
    assert isinstance(note, str)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda index: index.search("立案", district="火星"), "unknown_value"),
        (lambda index: index.search("立案", district=" "), "empty_value"),
        (lambda index: index.search("立案", year="x"), "invalid_year"),
        (lambda index: index.search("立案", limt=1), "unknown_option"),
        (lambda index: index.search("立案", after="x"), "invalid_cursor"),
        (lambda index: index.search("立案", after="0" * 12 + "-" + "0" * 12 + "-1"), "stale_cursor"),
        (lambda index: index.search("立案", after=f"{index.state}-{'0' * 12}-1"), "foreign_cursor"),
        (lambda index: index.search("立案", sort="colour"), "unknown_facet"),
        (lambda index: index.search("立案", limit=-1), "usage_error"),
        (lambda index: index.similar("x.txt#1"), "unknown_paragraph"),
        (lambda index: index.resolve_id(".txt"), "ambiguous_id"),
        (lambda index: index.compare("2023年"), "no_measure_named"),
        (lambda index: index.compare("立案", rows="year", cols="year"), "same_facets"),
        (lambda index: index.coverage("year", "year"), "same_facets"),
        (lambda index: index.search("立案", timeout=1e-9), "timed_out"),
        (lambda _: Index("no such folder"), "index_missing"),
    ],
)
def test_errors_have_codes(index: Index, call: Callable[[Index], object], code: str) -> None:
    """An error has the code of its class, or a narrower one that the docstring of UsageError lists."""
    with pytest.raises(SearchkitError) as caught:
        call(index)
    assert caught.value.code == code
    classes = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in vars(errors)}
    assert code in classes or f"`{code}`" in (errors.UsageError.__doc__ or "")


def test_warnings_have_codes() -> None:
    """The code of a warning names the field and the kind, or the kind alone. An unknown warning has `other`."""
    warnings = (
        "year 2011 inferred from the headings",
        "issuer undecided: neither title, head nor text states it",
        "left out: 12 running heads",
        'source: "x" is not an address',
        "something else",
    )
    assert Document("a.txt", warnings=warnings).warning_codes == (
        "year_inferred",
        "issuer_undecided",
        "left_out",
        "source_invalid",
        "other",
    )
