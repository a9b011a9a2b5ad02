"""Text output: harmless in terminals and spreadsheets, and complete for programs."""

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

from searchkit.compare.coverage import Coverage, CoverageCell
from searchkit.engines.ranking import Explanation
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph, to_json
from searchkit.output import terminal
from searchkit.output.json import dumps
from searchkit.output.records import RECORD_FORMATS, format_records
from searchkit.query.facets import FacetCounts, FacetValue
from searchkit.search.lookup import MeasureHit, MeasureResults
from searchkit.search.results import Hit, Results
from searchkit.search.snippets import Snippet
from searchkit.text.characters import sanitize

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
"""First and last code point of each range of `CONTROLS`."""
CONTROLS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
"""C0 (except tab and line ends), DEL, C1, marks and overrides of direction, line and paragraph separators."""
HOSTILE = f"红{CONTROLS}\r\x1b[31m蓝\x1b]0;title\x07\x9b2J\u202e\ud800"
"""A text with all control characters, escape sequences of terminals, and a lone surrogate."""
ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.text("红a=+-@,;\"' \t\r\n\x1b\x85\u2028\u202e\ud800")
"""Texts of any characters, surrogates included, or of characters with a meaning in CSV, spreadsheets or terminals."""
NAMES = ("id", "text", "n", "path", "facets")
"""Fields of `RECORDS`."""
LISTS = st.lists(ANY_TEXT, max_size=3) | st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2)
VALUES = ANY_TEXT | st.none() | st.integers() | LISTS
RECORDS = st.lists(
    st.lists(VALUES, min_size=5, max_size=5).map(lambda cells: dict(zip(NAMES, cells, strict=True))), max_size=4
)


def render(records: list[dict[str, object]], output_format: str) -> str:
    """Return the output for records as one string."""
    return "".join(format_records(records, output_format))


def control_characters(output: str) -> str:
    """Return the control characters in an output: `CONTROLS`, carriage return, and the surrogate of `HOSTILE`."""
    return "".join(sorted({character for character in output if character in CONTROLS or character in "\r\ud800"}))


@pytest.fixture
def measure_hit() -> MeasureHit:
    """Return a measure with control characters in the fields that a page of measures shows."""
    sentence = f"{HOSTILE}立案5000余份{HOSTILE}"
    start = sentence.index("立案")
    measure = ExtractedMeasure(
        HOSTILE,
        5000,
        HOSTILE,
        5000,
        HOSTILE,
        "at_least",
        period=HOSTILE,
        part=HOSTILE,
        status=HOSTILE,
        start=start,
        end=start + 8,
    )
    paragraph = Paragraph(HOSTILE, HOSTILE, 1, sentence, agency=HOSTILE, region=(HOSTILE,), year=2023)
    return MeasureHit(measure, paragraph, 0.875, sentence)


@pytest.fixture
def hit() -> Hit:
    """Return a hit with control characters in every field that is a text."""
    paragraph = Paragraph(
        HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, (HOSTILE, HOSTILE), HOSTILE, (HOSTILE,), (2023,), 1, HOSTILE, 2023,
        HOSTILE, (HOSTILE,), HOSTILE, {HOSTILE: HOSTILE},
    )  # fmt: skip
    return Hit(paragraph, 1.25, Snippet(0, HOSTILE, ((0, 1), (3, 9))), 2, Explanation({HOSTILE: 1.25}))


# No control characters.


@pytest.mark.parametrize("character", CONTROLS + "\r\ud800\udfff", ids=lambda character: f"{ord(character):04X}")
def test_control_characters_are_replaced(character: str) -> None:
    """Each control character becomes one U+FFFD."""
    assert sanitize(f"红{character}蓝") == "红\ufffd蓝"


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_other_text_is_unchanged(text: str) -> None:
    """Letters, marks, numbers, punctuation, symbols, spaces, tabs and line feeds are unchanged."""
    assert sanitize(text) == text
    assert sanitize("红\t蓝\n绿") == "红\t蓝\n绿"


@pytest.mark.parametrize("output_format", RECORD_FORMATS)
def test_records_have_no_control_character(output_format: str) -> None:
    """No format prints a control character of a record, be it in text, in a list, or in a custom facet."""
    records: list[dict[str, object]] = [{"id": HOSTILE, "path": [HOSTILE, [HOSTILE]], "facets": {HOSTILE: HOSTILE}}]
    assert control_characters(render(records, output_format)) == ""


@pytest.mark.parametrize("output_format", RECORD_FORMATS)
def test_names_of_fields_have_no_control_character(output_format: str) -> None:
    """A custom facet can be a column. Its name is sanitized like any text."""
    assert control_characters(render([{"id": "a", HOSTILE: 1}], output_format)) == ""


@given(RECORDS, st.sampled_from(RECORD_FORMATS))
def test_random_records_have_no_control_character(records: list[dict[str, object]], output_format: str) -> None:
    """No format prints a control character of a random record."""
    assert control_characters(render(records, output_format)) == ""


@pytest.mark.parametrize("colour", [False, True])
def test_results_have_no_control_character(hit: Hit, colour: bool) -> None:  # noqa: FBT001
    """The only escape sequences on a page of hits are those of the colours, if colour is on."""
    facets = {HOSTILE: FacetCounts((FacetValue(HOSTILE, 3, selected=True),), 1, 2)}
    results = Results(HOSTILE, HOSTILE, 1, (hit,), facets, relaxed=True, notes=(HOSTILE,), documents=1)
    output = terminal.format_results(results, colour=colour)
    colours = re.compile("\x1b\\[(?:1;31|2|0)m")
    assert bool(colours.search(output)) == colour
    assert control_characters(colours.sub("", output)) == ""


def test_paragraphs_and_documents_have_no_control_character(hit: Hit) -> None:
    """The text output of a paragraph, a document and a facet contains no control character."""
    assert control_characters(terminal.format_paragraph(hit.paragraph)) == ""
    assert control_characters(terminal.format_paragraph(hit.paragraph, is_requested=False)) == ""
    assert (
        control_characters(
            terminal.format_document(Document(HOSTILE, HOSTILE, facets={HOSTILE: HOSTILE}, warnings=(HOSTILE,)))
        )
        == ""
    )
    assert control_characters(terminal.format_facet(HOSTILE, FacetCounts((FacetValue(HOSTILE, 1),)))) == ""


# JSON.


@pytest.mark.parametrize("output_format", ["json", "jsonl"])
@given(records=RECORDS)
def test_json_is_lossless(output_format: str, records: list[dict[str, object]]) -> None:
    """A program that reads the JSON gets the same records, control characters and quotes included.

    Two adjacent surrogates, which JSON reads as one character, are the exception.
    """
    output = render(records, output_format)
    parsed = json.loads(output) if output_format == "json" else [json.loads(line) for line in output.splitlines()]
    assert parsed == records or _has_surrogate_pair(records)


@given(RECORDS)
def test_json_lines_are_lines(records: list[dict[str, object]]) -> None:
    """Each record is one line, also for `splitlines`, which counts more characters than the line feed as line ends."""
    assert len(render(records, "jsonl").splitlines()) == len(records)


def test_json_keeps_chinese_readable() -> None:
    """Chinese is not escaped. Control characters are, also those above ASCII. `indent` adds line feeds and blanks."""
    assert dumps({"红": "蓝\x7f\u202e"}) == '{"红": "蓝\\u007f\\u202e"}'
    assert dumps([1], indent=1) == "[\n 1\n]"


# CSV and TSV.


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
@pytest.mark.parametrize("output_format", ["csv", "tsv"])
@pytest.mark.parametrize("make_value", [str, lambda text: [text], lambda text: [text, text], lambda text: {text: text}])
def test_no_cell_is_a_formula(output_format: str, start: str, make_value: Callable[[str], object]) -> None:
    """A cell that begins with = + - @ gets a ', so that spreadsheets read it as text. Lists and objects too."""
    output = render([{"id": "a", "x": make_value(f"{start}HYPERLINK(1)")}], output_format)
    (_, (_, cell)) = csv.reader(io.StringIO(output), delimiter="\t" if output_format == "tsv" else ",")
    assert cell[0] == "'"
    assert start in cell


@pytest.mark.parametrize("output_format", ["csv", "tsv"])
@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", " =1", "=1", "＝1"])
def test_no_cell_is_a_formula_after_white_space(output_format: str, text: str) -> None:
    """A cell is not a formula either if a spreadsheet strips white space from its beginning."""
    output = render([{"id": "a", "x": text}], output_format)
    (_, (_, cell)) = csv.reader(io.StringIO(output, newline=""), delimiter="\t" if output_format == "tsv" else ",")
    assert cell.lstrip("\t\r\n")[:1] not in {"=", "+", "-", "@"}


@pytest.mark.parametrize("output_format", ["csv", "tsv"])
@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-2.5, "-2.5"),
        (-129, "-129"),
        (-1e-07, "-1e-07"),
        ("+3.5%", "+3.5%"),
        ("-1,234.5", "-1,234.5"),
        ("-", "'-"),
        ("-1-2", "'-1-2"),
        ("-1+A1", "'-1+A1"),
        ("+1(2)", "'+1(2)"),
        ("-2.5万元", "'-2.5万元"),
        ("-２", "'-２"),
        ("=1", "'=1"),
        ("-1\n=1", None),
    ],
)
def test_a_number_is_no_formula(output_format: str, value: object, cell: str | None) -> None:
    """A number with a sign stays a number, which a spreadsheet can add. Any longer text gets a '."""
    output = render([{"id": "a", "x": value}], output_format)
    (_, (_, found)) = csv.reader(io.StringIO(output, newline=""), delimiter="\t" if output_format == "tsv" else ",")
    assert found[0] == "'" if cell is None else found == cell


def test_no_header_is_a_formula() -> None:
    """The name of a custom facet is escaped like any other cell."""
    header = render([{"id": "a", "=1+1": "b"}], "csv").splitlines()[0]
    assert next(csv.reader([header]))[1][0] == "'"


@given(RECORDS)
def test_csv_can_be_read(records: list[dict[str, object]]) -> None:
    """The csv module reads a header, and a row for each record with the sanitized text of each value.

    A value that would be a formula has a ' before it.
    """
    rows = list(csv.reader(io.StringIO(render(records, "csv"), newline="")))
    assert len(rows) == (len(records) + 1 if records else 0)
    for cells, record in zip(rows[1:], records, strict=True):
        assert len(cells) == len(NAMES)
        for cell, value in zip(cells, record.values(), strict=True):
            if isinstance(value, str):
                assert cell.removeprefix("'") == sanitize(value).removeprefix("'")
            elif isinstance(value, int):
                assert int(cell.removeprefix("'")) == value


@given(RECORDS)
def test_tsv_has_one_line_per_record(records: list[dict[str, object]]) -> None:
    """Cells contain no tabs and no line ends, because TSV has no quoting."""
    lines = render(records, "tsv").splitlines()
    assert len(lines) == (len(records) + 1 if records else 0)
    assert all(line.count("\t") == len(NAMES) - 1 for line in lines)


def test_cells() -> None:
    """None is an empty cell, lists are joined, objects are names and values."""
    record: dict[str, object] = {"a": None, "b": ["红", "蓝"], "c": {"甲": 1, "乙": None}, "d": 2.5, "e": True, "f": []}
    assert render([record], "csv") == "a,b,c,d,e,f\n,红 / 蓝,甲=1; 乙=,2.5,True,\n"
    assert render([record], "tsv") == "a\tb\tc\td\te\tf\n\t红 / 蓝\t甲=1; 乙=\t2.5\tTrue\t\n"


def test_records_are_streamed() -> None:
    """All formats except json and table write each record before they take the next one."""
    for output_format in ("jsonl", "csv", "tsv", "ids"):
        consumed: list[int] = []

        def records(consumed: list[int] = consumed) -> Iterator[dict[str, object]]:
            for n in range(3):
                consumed.append(n)
                yield {"id": str(n)}

        pieces = format_records(records(), output_format)
        next(pieces)
        assert consumed == [0], output_format


# Ids and tables.


def test_ids_are_the_first_field() -> None:
    """The format ids has one id per line and nothing else."""
    records: list[dict[str, object]] = [{"id": "a.txt#1", "n": 1}, {"id": "乙/b.txt#12", "n": 2}]
    assert render(records, "ids") == "a.txt#1\n乙/b.txt#12\n"


@given(st.lists(ANY_TEXT, max_size=4))
def test_ids_have_one_line_each(ids: list[str]) -> None:
    """An id with line ends, which names of files may contain, is still one line."""
    assert len(render([{"id": record_id} for record_id in ids], "ids").splitlines()) == len(ids)


@pytest.mark.parametrize(("output_format", "output"), [(s, "[]\n" if s == "json" else "") for s in RECORD_FORMATS])
def test_no_records(output_format: str, output: str) -> None:
    """Without records, json is an empty list. All other formats are empty, without a header."""
    assert render([], output_format) == output


def test_table_is_aligned() -> None:
    """A Chinese character is two columns wide. Numbers are not reformatted."""
    output = terminal.format_table([["红蓝", "1"], ["a", "0012"]], ["名", "n"])
    assert output == "名    n\n----  ----\n红蓝  1\na     0012\n"
    assert terminal.format_table([], ["名", "n"]) == ""


# Facets.


def _facet_rows(output: str) -> list[list[str]]:
    """Return the cells of a table of facet counts, without its header."""
    return [re.split(r"\s{2,}", line) for line in output.splitlines()[2:]]


def test_facet_shows_values_and_the_sum_of_the_others() -> None:
    """Each listed value has a line. All others share one line; paragraphs without a value have another."""
    counts = FacetCounts((FacetValue("甲", 9, documents=3, all_documents=3), FacetValue("乙", 2, False, 1, 1)), 7, 40)  # noqa: FBT003
    rows = _facet_rows(terminal.format_facet("topic", counts))
    assert rows == [["甲", "9", "3"], ["乙", "2", "1"], ["(other values)", "40"], ["(no value)", "7"]]


def test_facet_shows_a_part_of_the_documents_with_its_share() -> None:
    """If not all documents with a value match, the number of all of them and the share that matches are shown."""
    counts = FacetCounts((FacetValue("甲", 9, documents=3, all_documents=3), FacetValue("乙", 2, False, 1, 8)), 7)  # noqa: FBT003
    output = terminal.format_facet("topic", counts)
    assert output.splitlines()[0].split() == ["topic", "paragraphs", "documents", "share"]
    assert _facet_rows(output) == [["甲", "9", "3 of 3", "100%"], ["乙", "2", "1 of 8", "12%"], ["(no value)", "7"]]


@given(st.lists(st.integers(1, 99), max_size=20), st.integers(0, 9), st.integers(0, 9))
def test_facet_loses_no_paragraph(values: list[int], missing: int, other: int) -> None:
    """The sum of the lines is the sum of all counts."""
    counts = FacetCounts(tuple(FacetValue(f"v{n}", count) for n, count in enumerate(values)), missing, other)
    rows = _facet_rows(terminal.format_facet("topic", counts))
    assert sum(int(row[1]) for row in rows) == sum(values) + missing + other


def test_facet_marks_selected_values() -> None:
    """A star marks the values that the search is filtered by. A facet without values has the line (none)."""
    counts = FacetCounts((FacetValue(2022, 3), FacetValue(2023, 5, selected=True)))
    assert _facet_rows(terminal.format_facet("year", counts)) == [["2022", "3", "0"], ["2023 *", "5", "0"]]
    assert _facet_rows(terminal.format_facet("year", FacetCounts(()))) == [["(none)", "0"]]


def test_coverage_shows_missing_reports() -> None:
    """A cell without a report has a hyphen. The last line counts the documents, and those that are in no cell."""
    cells = (CoverageCell("甲区", 2022, 3, 30), CoverageCell("甲区", 2023, 0, 0))
    cells += (CoverageCell(HOSTILE, 2022, 1, 2), CoverageCell(HOSTILE, 2023, 1, 1))
    coverage = Coverage("district", "year", ("甲区", HOSTILE), (2022, 2023), cells, 7, 2)
    output = terminal.format_coverage(coverage)
    assert control_characters(output) == ""
    lines = output.splitlines()
    assert [line.split() for line in (lines[0], lines[2])] == [["district", "2022", "2023"], ["甲区", "3", "-"]]
    assert lines[-1] == "7 documents, 2 of them in no cell"
    assert terminal.format_coverage(Coverage("district", "year", (), (), (), 0, 0)) == "\n0 documents\n"


# Pages.


def test_results_page() -> None:
    """A page has notes, a line if the query was relaxed, the totals, hits with facets and score, and facet counts."""
    text = "前" * 10 + "查处案件" + "后" * 200
    region = ("天津市", "滨海新区")
    record = Paragraph("a.txt#3", "a.txt", 3, text, year=2023, region=region, topics=("行政执法",), section="成效")
    hit = Hit(record, 12.345, Snippet(5, text[5:50], ((10, 14),)), 2, Explanation({"案件": 1.5}, 0.25, 0.125))
    facets = {"year": FacetCounts((FacetValue(2023, 1, documents=1, all_documents=1),))}
    results = Results("案件", "案件", 1, (hit,), facets, relaxed=True, notes=("a note",), documents=1, took_ms=3.7)
    page = terminal.format_results(results, colour=False)
    assert page.splitlines() == [
        "a note",
        "No paragraph matches the whole query; these match some of its words.",
        "1 paragraphs in 1 documents, 4 ms",
        "",
        f"  1  …{text[5:50]}…",
        "     a.txt#3  滨海新区 · 2023 · 成效 · 行政执法  12.35  (2 matches)",
        "     = words (案件 1.50) + bigrams 0.25 + characters 0.12",
        "",
        "year    paragraphs    documents",
        "------  ------------  -----------",
        "2023    1             1",
    ]


def test_colour_marks_the_matches(hit: Hit) -> None:
    """With colour, matches are bold and red. Without colour, the text is the same."""
    results = Results("蓝", "蓝", 1, (replace(hit, window=Snippet(0, "红蓝绿", ((1, 2),))),))
    assert "红\x1b[1;31m蓝\x1b[0m绿" in terminal.format_results(results, colour=True)
    assert "红蓝绿" in terminal.format_results(results, colour=False)


def test_paragraph_in_full() -> None:
    """A paragraph has its id, facets, headings and text. ▶ marks the one that was requested."""
    record = Paragraph("a.txt#3", "a.txt", 3, "查处案件。", path=("执法", "处罚"), year=2023, region=("天津市",))
    assert terminal.format_paragraph(record) == "▶ a.txt#3  天津市 · 2023 · 其他\n  执法 › 处罚\n  查处案件。\n"
    assert terminal.format_paragraph(record, is_requested=False).startswith("  a.txt#3")


@pytest.mark.parametrize(
    ("of_year", "end"), [((2022, 2023), " · about 2022, 2023\n"), ((2024,), "其他\n"), ((), "其他\n")]
)
def test_years_of_a_paragraph(of_year: tuple[int, ...], end: str) -> None:
    """A paragraph is shown with the years that it is about, unless they are the year of its report."""
    paragraph = Paragraph("a#1", "a", 1, "执法", of_year=of_year, year=2024)
    head, _ = terminal.format_paragraph(paragraph).split("  执法")
    assert head.endswith(end)


def test_document_fields() -> None:
    """Each field of a document is a line. Empty fields are left out."""
    output = terminal.format_document(Document("a.txt", "报告", 2023, region=("天津市",), warnings=("no agency",)))
    fields = dict(re.split(r"\s{2,}", line) for line in output.splitlines()[2:])
    assert fields["document"] == "a.txt"
    assert fields["region"] == fields["district"] == "天津市"
    assert fields["warnings"] == "no agency"
    assert "agency" not in fields


def _has_surrogate_pair(value: object) -> bool:
    """Return whether a text contains two adjacent surrogates. JSON cannot tell them from one character."""
    texts = [value] if isinstance(value, str) else []
    if isinstance(value, Mapping):
        return any(map(_has_surrogate_pair, [*value, *value.values()]))
    if isinstance(value, list):
        return any(map(_has_surrogate_pair, value))
    return any(re.search("[\ud800-\udbff][\udc00-\udfff]", text) for text in texts)


@pytest.mark.parametrize("colour", [True, False])
def test_measures_page(measure_hit: MeasureHit, *, colour: bool) -> None:
    """A page has value, indicator, facets, sentence and id, all sanitized. With colour, the quote is highlighted."""
    results = MeasureResults("x", "x", 7, (measure_hit,), relaxed=True, notes=(HOSTILE,), took_ms=1.6)
    page = terminal.format_measure_results(results, colour=colour)
    assert "7 measures, 2 ms" in page
    assert "some of its words" in page
    assert page.count("红") == 10  # the page shows ten texts `HOSTILE`, each with one 红
    assert "≥5000红" in page
    assert "2023" in page
    assert "0.88" in page
    quote = "\x1b[1;31m立案5000余份\x1b[0m" if colour else "立案5000余份"
    assert quote in page
    assert control_characters(page.replace(quote, "").replace("\x1b[2m", "").replace("\x1b[0m", "")) == ""
    assert control_characters(render([to_json(measure_hit)], "csv").replace("\n", "")) == ""


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, ""),
        ({"of_year": 2022}, "(2022)"),
        ({"of_year": 2022, "since": 2018}, "(2018–2022)"),
        ({"of_year": 2023, "part": "01-06", "status": "target"}, "(2023 01-06, target)"),
        ({"of_year": 2023, "stock": True}, "(2023)"),
        ({"status": "rule"}, "(rule)"),
        ({"status": "before", "of_year": 2021}, "(2021, before)"),
    ],
)
def test_times(fields: dict[str, object], text: str) -> None:
    """The time of a measure is in brackets, with its status unless it is actual."""
    extracted = ExtractedMeasure("立案", 3, "件", 3, "件", end=1)
    measure = Measure(replace(extracted, **fields), Paragraph("a#1", "a", 1, "x"))  # type: ignore[arg-type]
    assert terminal.format_time(measure).strip() == text


@pytest.mark.parametrize(
    ("fields", "text"),
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
def test_quantities(fields: dict[str, object], text: str) -> None:
    """A quantity is value and unit as written, with an arrow for a change and a sign for a bound."""
    extracted = ExtractedMeasure("罚没款", 93.7182, "万元", 937182, "元", kind="money", end=1)
    measure = Measure(replace(extracted, **fields), Paragraph("a#1", "a", 1, "x"))  # type: ignore[arg-type]
    assert terminal.format_quantity(measure) == text
