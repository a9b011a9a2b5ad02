"""Output: nothing in it that a terminal or a spreadsheet would obey, and nothing lost for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.ranking import Explanation
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph, to_json
from searchkit.output import terminal
from searchkit.output.json import dumps
from searchkit.output.records import FORMATS, records
from searchkit.output.terminal import SHOWN_VALUES
from searchkit.query.facets import FacetCounts, FacetValue
from searchkit.search.lookup import MeasureHit, MeasureResults
from searchkit.search.results import Hit, Results
from searchkit.search.snippets import Snippet
from searchkit.text.characters import safe

_RANGES = (
    (0, 8),
    (0xB, 0xC),
    (0xE, 0x1F),
    (0x7F, 0x9F),
    (0x61C, 0x61C),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2066, 0x2069),
)
CONTROLS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
"""C0 (but for tab and line ends), DEL, C1, marks and overrides of direction, line and paragraph separators."""
HOSTILE = f"红{CONTROLS}\r\x1b[31m蓝\x1b]0;title\x07\x9b2J\u202e\ud800"
ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.text("红a=+-@,;\"' \t\r\n\x1b\x85\u2028\u202e\ud800")
NAMES = ("id", "text", "n", "path", "facets")
LISTS = st.lists(ANY_TEXT, max_size=3) | st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2)
VALUES = ANY_TEXT | st.none() | st.integers() | LISTS
ROWS = st.lists(
    st.lists(VALUES, min_size=5, max_size=5).map(lambda cells: dict(zip(NAMES, cells, strict=True))), max_size=4
)


def rendered(rows: list[dict[str, object]], style: str) -> str:
    """Give the output for records in one piece."""
    return "".join(records(rows, style))


def obeyed(output: str) -> str:
    """Give the characters of an output that a terminal would obey; line feeds are the output's own."""
    return "".join(sorted({character for character in output if character in CONTROLS or character in "\r\ud800"}))


@pytest.fixture
def found_measure() -> MeasureHit:
    """Give a measure with something hostile in every field."""
    sentence = f"{HOSTILE}立案5000余份{HOSTILE}"
    start = sentence.index("立案")
    measure = ExtractedMeasure(
        HOSTILE, 5000, HOSTILE, 5000, HOSTILE, "at_least", period=HOSTILE, start=start, end=start + 8
    )
    paragraph = Paragraph(HOSTILE, HOSTILE, 1, sentence, agency=HOSTILE, region=(HOSTILE,), year=2023)
    return MeasureHit(measure, paragraph, 0.875, sentence)


@pytest.fixture
def hit() -> Hit:
    """Give a hit with something hostile in every field."""
    paragraph = Paragraph(
        HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, (HOSTILE, HOSTILE), HOSTILE, (HOSTILE,), 1, HOSTILE, 2023, HOSTILE,
        (HOSTILE,), HOSTILE, {HOSTILE: HOSTILE},
    )  # fmt: skip
    return Hit(paragraph, 1.25, Snippet(0, HOSTILE, ((0, 1), (3, 9))), 2, Explanation({HOSTILE: 1.25}))


# Nothing that a terminal would obey.


@pytest.mark.parametrize("character", CONTROLS + "\r\ud800\udfff", ids=lambda character: f"{ord(character):04X}")
def test_control_characters_are_replaced(character: str) -> None:
    """Each becomes U+FFFD, one for one."""
    assert safe(f"红{character}蓝") == "红\ufffd蓝"


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_text_is_left_alone(text: str) -> None:
    """Letters, marks, numbers, punctuation, symbols and spaces stay as they are; so do tabs and line feeds."""
    assert safe(text) == text
    assert safe("红\t蓝\n绿") == "红\t蓝\n绿"


@pytest.mark.parametrize("style", FORMATS)
def test_records_hold_no_control_character(style: str) -> None:
    """In no format, wherever in a record it stands: text, lists, names and values of the user's own facets."""
    rows: list[dict[str, object]] = [{"id": HOSTILE, "path": [HOSTILE, [HOSTILE]], "facets": {HOSTILE: HOSTILE}}]
    assert obeyed(rendered(rows, style)) == ""


@pytest.mark.parametrize("style", FORMATS)
def test_names_of_fields_hold_no_control_character(style: str) -> None:
    """A facet of the user's own can be a column; its name is made safe like any text."""
    assert obeyed(rendered([{"id": "a", HOSTILE: 1}], style)) == ""


@given(ROWS, st.sampled_from(FORMATS))
def test_random_records_hold_no_control_character(rows: list[dict[str, object]], style: str) -> None:
    """The same for any records."""
    assert obeyed(rendered(rows, style)) == ""


@pytest.mark.parametrize("colour", [False, True])
def test_results_hold_no_control_character(hit: Hit, colour: bool) -> None:  # noqa: FBT001
    """A page of hits has no escape sequences but our own, and those only when colour is wanted."""
    facets = {HOSTILE: FacetCounts((FacetValue(HOSTILE, 3, selected=True),), 1, 2)}
    found = Results(HOSTILE, HOSTILE, 1, (hit,), facets, relaxed=True, notes=(HOSTILE,), documents=1)
    output = terminal.results(found, colour=colour)
    ours = re.compile("\x1b\\[(?:1;31|2|0)m")
    assert bool(ours.search(output)) == colour
    assert obeyed(ours.sub("", output)) == ""


def test_paragraphs_and_documents_hold_no_control_character(hit: Hit) -> None:
    """A paragraph in full, a document's fields and a facet are as safe as a page of hits."""
    assert obeyed(terminal.paragraph(hit.paragraph)) == ""
    assert obeyed(terminal.paragraph(hit.paragraph, is_asked_for=False)) == ""
    assert obeyed(terminal.document(Document(HOSTILE, HOSTILE, facets={HOSTILE: HOSTILE}, warnings=(HOSTILE,)))) == ""
    assert obeyed(terminal.facet(HOSTILE, FacetCounts((FacetValue(HOSTILE, 1),)))) == ""


# JSON.


@pytest.mark.parametrize("style", ["json", "jsonl"])
@given(rows=ROWS)
def test_json_gives_back_what_went_in(style: str, rows: list[dict[str, object]]) -> None:
    """Control characters, quotes and all: what a program reads is equal to the records."""
    output = rendered(rows, style)
    read = json.loads(output) if style == "json" else [json.loads(line) for line in output.splitlines()]
    assert read == rows or _has_surrogate_pair(rows)


@given(ROWS)
def test_json_lines_are_lines(rows: list[dict[str, object]]) -> None:
    """One record a line, for every idea of what ends a line."""
    assert len(rendered(rows, "jsonl").splitlines()) == len(rows)


def test_json_keeps_chinese_readable() -> None:
    """Chinese stands as it is; control characters, those above ASCII too, are escaped."""
    assert dumps({"红": "蓝\x7f\u202e"}) == '{"红": "蓝\\u007f\\u202e"}'
    assert dumps([1], indent=1) == "[\n 1\n]"


# CSV and TSV.


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
@pytest.mark.parametrize("style", ["csv", "tsv"])
@pytest.mark.parametrize("make", [str, lambda text: [text], lambda text: [text, text], lambda text: {text: text}])
def test_no_cell_begins_a_formula(style: str, start: str, make: Callable[[str], object]) -> None:
    """A leading = + - @ is taken for text by a spreadsheet, in a value or at the head of a list."""
    output = rendered([{"id": "a", "x": make(f"{start}HYPERLINK(1)")}], style)
    (_, (_, cell)) = csv.reader(io.StringIO(output), delimiter="\t" if style == "tsv" else ",")
    assert cell[0] == "'"
    assert start in cell


@pytest.mark.parametrize("style", ["csv", "tsv"])
@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", " =1", "=1", "＝1"])
def test_what_stands_before_a_formula_does_not_set_it_free(style: str, text: str) -> None:
    """White space before the sign does not help: no cell is a formula once the ends are stripped of tabs and lines."""
    output = rendered([{"id": "a", "x": text}], style)
    (_, (_, cell)) = csv.reader(io.StringIO(output, newline=""), delimiter="\t" if style == "tsv" else ",")
    assert cell.lstrip("\t\r\n")[:1] not in {"=", "+", "-", "@"}


def test_header_cells_begin_no_formula() -> None:
    """The name of a user's own facet is a cell like any other."""
    header = rendered([{"id": "a", "=1+1": "b"}], "csv").splitlines()[0]
    assert next(csv.reader([header]))[1][0] == "'"


@given(ROWS)
def test_csv_is_read_back(rows: list[dict[str, object]]) -> None:
    """The csv module reads the rows that were written: as many, as wide, with the text of each cell, made safe."""
    read = list(csv.reader(io.StringIO(rendered(rows, "csv"), newline="")))
    assert len(read) == (len(rows) + 1 if rows else 0)
    for cells, row in zip(read[1:], rows, strict=True):
        assert len(cells) == len(NAMES)
        for cell, value in zip(cells, row.values(), strict=True):
            if isinstance(value, str):
                assert cell.removeprefix("'") == safe(value).removeprefix("'")
            elif isinstance(value, int):
                assert int(cell.removeprefix("'")) == value


@given(ROWS)
def test_tsv_has_one_line_a_row(rows: list[dict[str, object]]) -> None:
    """No quoting, so no tab or line end in a cell: splitting lines and tabs gives the table back."""
    lines = rendered(rows, "tsv").splitlines()
    assert len(lines) == (len(rows) + 1 if rows else 0)
    assert all(line.count("\t") == len(NAMES) - 1 for line in lines)


def test_cells() -> None:
    """Null is empty, lists are joined, objects show names and values."""
    row: dict[str, object] = {"a": None, "b": ["红", "蓝"], "c": {"甲": 1, "乙": None}, "d": 2.5, "e": True, "f": []}
    assert rendered([row], "csv") == "a,b,c,d,e,f\n,红 / 蓝,甲=1; 乙=,2.5,True,\n"
    assert rendered([row], "tsv") == "a\tb\tc\td\te\tf\n\t红 / 蓝\t甲=1; 乙=\t2.5\tTrue\t\n"


def test_rows_are_written_as_they_come() -> None:
    """All formats but json and table write each record before they ask for the next."""
    for style in ("jsonl", "csv", "tsv", "ids"):
        taken: list[int] = []

        def rows(taken: list[int] = taken) -> Iterator[dict[str, object]]:
            for n in range(3):
                taken.append(n)
                yield {"id": str(n)}

        pieces = records(rows(), style)
        next(pieces)
        assert taken == [0], style


# Ids and tables.


def test_ids_are_the_first_field() -> None:
    """One id a line, nothing else."""
    rows: list[dict[str, object]] = [{"id": "a.txt#1", "n": 1}, {"id": "乙/b.txt#12", "n": 2}]
    assert rendered(rows, "ids") == "a.txt#1\n乙/b.txt#12\n"


@given(st.lists(ANY_TEXT, max_size=4))
def test_ids_have_one_line_each(ids: list[str]) -> None:
    """An id that holds line ends, as names of files can, is still one line."""
    assert len(rendered([{"id": name} for name in ids], "ids").splitlines()) == len(ids)


@pytest.mark.parametrize(("style", "output"), [(s, "[]\n" if s == "json" else "") for s in FORMATS])
def test_no_rows(style: str, output: str) -> None:
    """Nothing found is an empty list in JSON and no output elsewhere, not even a header."""
    assert rendered([], style) == output


def test_table_is_aligned() -> None:
    """Chinese characters take two columns; numbers are shown as they are given."""
    output = terminal.table([["红蓝", "1"], ["a", "0012"]], ["名", "n"])
    assert output == "名    n\n----  ----\n红蓝  1\na     0012\n"
    assert terminal.table([], ["名", "n"]) == ""


# Facets.


def _facet_rows(output: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line) for line in output.splitlines()[2:]]


def test_facet_shows_values_and_sums_up_the_rest() -> None:
    """The first values, then one line for all others, listed or not, and one for paragraphs without a value."""
    counts = FacetCounts(tuple(FacetValue(f"v{n}", 100 - n) for n in range(SHOWN_VALUES + 3)), 7, 1000)
    rows = _facet_rows(terminal.facet("topic", counts))
    assert rows[:SHOWN_VALUES] == [[f"v{n}", str(100 - n)] for n in range(SHOWN_VALUES)]
    assert rows[SHOWN_VALUES:] == [["(other values)", str(90 + 89 + 88 + 1000)], ["(no value)", "7"]]


@given(st.lists(st.integers(1, 99), max_size=20), st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(1, 30))
def test_facet_loses_no_paragraph(numbers: list[int], missing: int, other: int, most: int | None) -> None:
    """Whatever is cut, the lines add up to all counts."""
    counts = FacetCounts(tuple(FacetValue(f"v{n}", count) for n, count in enumerate(numbers)), missing, other)
    rows = _facet_rows(terminal.facet("topic", counts, most))
    assert sum(int(count) for _, count in rows) == sum(numbers) + missing + other
    assert len(rows) <= (len(numbers) if most is None else most) + 2 or not numbers


def test_facet_marks_what_is_selected() -> None:
    """A star says which values the search is filtered by; no line says nothing."""
    counts = FacetCounts((FacetValue(2023, 5, selected=True), FacetValue(2022, 3)))
    assert _facet_rows(terminal.facet("year", counts)) == [["2023 *", "5"], ["2022", "3"]]
    assert _facet_rows(terminal.facet("year", FacetCounts(()))) == [["(none)", "0"]]


# Pages for people.


def test_results_page() -> None:
    """Notes, total, hits with their place, the reason when words were dropped, facets below."""
    text = "前" * 10 + "查处案件" + "后" * 200
    place = ("天津市", "滨海新区")
    record = Paragraph("a.txt#3", "a.txt", 3, text, year=2023, region=place, topics=("行政执法",), section="成效")
    shown = Hit(record, 12.345, Snippet(5, text[5:50], ((10, 14),)), 2, Explanation({"案件": 1.5}, 0.25, 0.125))
    facets = {"year": FacetCounts((FacetValue(2023, 1),))}
    found = Results("案件", "案件", 1, (shown,), facets, relaxed=True, notes=("a note",), documents=1, took_ms=3.7)
    page = terminal.results(found, colour=False)
    assert page.splitlines() == [
        "a note",
        "Nothing holds all of the query; these hold some of its words.",
        "1 paragraphs in 1 documents, 4 ms",
        "",
        f"  1  …{text[5:50]}…",
        "     a.txt#3  滨海新区 · 2023 · 成效 · 行政执法  12.35  (2 matches)",
        "     = words (案件 1.50) + bigrams 0.25 + characters 0.12",
        "",
        "year    paragraphs",
        "------  ------------",
        "2023    1",
    ]


def test_colour_marks_the_matches(hit: Hit) -> None:
    """Matches are bold, the rest is not; without colour the text is the same."""
    shown = replace(hit, window=Snippet(0, "红蓝绿", ((1, 2),)))
    found = Results("蓝", "蓝", 1, (shown,))
    assert "红\x1b[1;31m蓝\x1b[0m绿" in terminal.results(found, colour=True)
    assert "红蓝绿" in terminal.results(found, colour=False)


def test_paragraph_in_full() -> None:
    """Id and place, path of headings, text; a mark at the one that was asked for."""
    record = Paragraph("a.txt#3", "a.txt", 3, "查处案件。", path=("执法", "处罚"), year=2023, region=("天津市",))
    assert terminal.paragraph(record) == "▶ a.txt#3  天津市 · 2023 · 其他\n  执法 › 处罚\n  查处案件。\n"
    assert terminal.paragraph(record, is_asked_for=False).startswith("  a.txt#3")


def test_document_fields() -> None:
    """What is known of a document, one field a line; what is not known is left out."""
    output = terminal.document(Document("a.txt", "报告", 2023, region=("天津市",), warnings=("no agency",)))
    fields = dict(re.split(r"\s{2,}", line) for line in output.splitlines()[2:])
    assert fields["document"] == "a.txt"
    assert fields["region"] == fields["district"] == "天津市"
    assert fields["warnings"] == "no agency"
    assert "agency" not in fields


def _has_surrogate_pair(value: object) -> bool:
    """Whether two surrogates stand side by side somewhere: JSON has no way to say that they are two."""
    texts = [value] if isinstance(value, str) else []
    if isinstance(value, Mapping):
        return any(map(_has_surrogate_pair, [*value, *value.values()]))
    if isinstance(value, list):
        return any(map(_has_surrogate_pair, value))
    return any(re.search("[\ud800-\udbff][\udc00-\udfff]", text) for text in texts)


@pytest.mark.parametrize("colour", [True, False])
def test_measures_for_people(found_measure: MeasureHit, *, colour: bool) -> None:
    """Value, indicator, place, sentence and id stand there disarmed; the quote is highlighted where there is colour."""
    found = MeasureResults("x", "x", 7, (found_measure,), relaxed=True, notes=(HOSTILE,), took_ms=1.6)
    shown = terminal.measure_results(found, colour=colour)
    assert "7 measures, 2 ms" in shown
    assert "some of its words" in shown
    assert shown.count("红") == 8
    assert "≥5000红" in shown
    assert "2023" in shown
    assert "0.88" in shown
    quote = "\x1b[1;31m立案5000余份\x1b[0m" if colour else "立案5000余份"
    assert quote in shown
    assert obeyed(shown.replace(quote, "").replace("\x1b[2m", "").replace("\x1b[0m", "")) == ""
    assert obeyed(rendered([to_json(found_measure)], "csv").replace("\n", "")) == ""


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "93.7182万元"),
        ({"bound": "at_least"}, "≥93.7182万元"),
        ({"bound": "at_most"}, "≤93.7182万元"),
        ({"bound": "approx"}, "≈93.7182万元"),
        ({"change": "decrease", "value": 66.67, "unit": "%"}, "↓66.67%"),
        ({"change": "increase", "value": 31, "unit": "件", "bound": "at_least"}, "↑≥31件"),
        ({"value": 0, "unit": None}, "0"),
    ],
)
def test_quantities(fields: dict[str, object], shown: str) -> None:
    """A value with its unit as written, a change with its direction, what is not exact with its sign."""
    measure = ExtractedMeasure("罚没款", 93.7182, "万元", 937182, "元", kind="money", end=1)
    measure = Measure(replace(measure, **fields), Paragraph("a#1", "a", 1, "x"))  # type: ignore[arg-type]
    assert terminal.quantity(measure) == shown
