"""The records and their JSON form."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.model import (
    MEASURE_FIELDS,
    Document,
    ExtractedMeasure,
    Measure,
    Paragraph,
    document_from_json,
    paragraph_from_json,
    to_json,
)
from searchkit.names import SECTIONS
from searchkit.search.lookup import MeasureHit

TEXT = st.text(max_size=20)
NAMES = st.lists(TEXT, max_size=4).map(tuple)
FACETS = st.dictionaries(TEXT, TEXT, max_size=3)
COMMON = {
    "title": st.none() | TEXT,
    "year": st.none() | st.integers(1949, 2100),
    "agency": st.none() | TEXT,
    "region": NAMES,
    "doctype": st.none() | TEXT,
    "facets": FACETS,
}
DOCUMENTS = st.builds(
    Document,
    TEXT,
    published=st.none() | st.dates().map(str),
    issuer=st.none() | TEXT,
    doc_number=st.none() | TEXT,
    index_number=st.none() | TEXT,
    source=st.none() | TEXT,
    sha256=TEXT,
    paragraphs=st.integers(0, 99),
    measures=st.integers(0, 99),
    warnings=NAMES,
    **COMMON,
)
PARAGRAPHS = st.builds(
    Paragraph,
    TEXT,
    TEXT,
    st.integers(1, 999),
    st.text(max_size=200),
    number=st.none() | TEXT,
    path=NAMES,
    section=st.sampled_from(SECTIONS),
    topics=NAMES,
    of_year=st.lists(st.integers(1900, 2100), max_size=3).map(tuple),
    page=st.none() | st.integers(1, 99),
    **COMMON,
)


@given(DOCUMENTS)
def test_document_round_trip(document: Document) -> None:
    """A document is equal to the one rebuilt from its JSON."""
    assert document_from_json(json.loads(json.dumps(to_json(document)))) == document


@given(PARAGRAPHS)
def test_paragraph_round_trip(paragraph: Paragraph) -> None:
    """A paragraph is equal to the one rebuilt from its JSON."""
    assert paragraph_from_json(json.loads(json.dumps(to_json(paragraph)))) == paragraph


@given(DOCUMENTS | PARAGRAPHS)
def test_json_has_every_field_and_the_district(record: Document | Paragraph) -> None:
    """The JSON object has the fields of the record in their order, and `district` directly after `region`."""
    keys = list(to_json(record))
    assert [key for key in keys if key != "district"] == [item.name for item in fields(record)]
    assert keys.index("district") == keys.index("region") + 1


def test_every_json_field_of_a_measure_is_an_attribute() -> None:
    """Every field of the JSON object, including `district`, is an attribute of the measure with the same value.

    A tuple is a list in JSON. The JSON object of a hit also has its score, its snippet and the start of the snippet.
    """
    paragraph = Paragraph("a#1", "a", 1, "立案3件，其中2件。", title="报告", year=2023, region=("天津市", "东丽区"))
    extracted = ExtractedMeasure("其中", 2, "件", 2, "件", start=5, end=9, part_of=0)
    measure = Measure(extracted, paragraph)
    data = to_json(measure)
    assert [name for name in data if name != "district"] == [*MEASURE_FIELDS]
    assert list(data).index("district") == list(data).index("region") + 1
    assert {name: list(value) if isinstance(value := getattr(measure, name), tuple) else value for name in data} == data
    assert (measure.id, measure.paragraph, measure.quote, measure.part_of) == ("a#1@5", "a#1", "其中2件", "a#1@0")
    assert to_json(MeasureHit(extracted, paragraph, 0.5, "其中2件", 5)) == {
        **data, "score": 0.5, "snippet": "其中2件", "snippet_start": 5,
    }  # fmt: skip


@given(DOCUMENTS | PARAGRAPHS)
def test_json_shares_nothing_with_the_record(record: Document | Paragraph) -> None:
    """Lists and objects of the JSON can be changed without changing the record."""
    before = json.dumps(to_json(record))
    data = to_json(record)
    for value in data.values():
        if isinstance(value, dict | list):
            value.clear()
    assert json.dumps(to_json(record)) == before


@pytest.mark.parametrize("record", [Document("a.txt"), Paragraph("a.txt#1", "a.txt", 1, "")])
def test_undetermined_fields_are_in_the_json(record: Document | Paragraph) -> None:
    """An undetermined field is null or empty in the JSON. It is never omitted."""
    data = to_json(record)
    assert data["year"] is data["agency"] is data["district"] is data["title"] is data["doctype"] is None
    assert data["region"] == []
    assert data["facets"] == {}


@pytest.mark.parametrize(
    ("region", "district"),
    [((), None), (("天津市", "滨海新区"), "滨海新区"), (("浙江省", "台州市", "临海市"), "临海市"), (("全国",), "全国")],
)
def test_the_district_is_the_last_element_of_the_region(region: tuple[str, ...], district: str | None) -> None:
    """The district is the last element of the region, or None."""
    document, paragraph = Document("a.txt", region=region), Paragraph("a.txt#1", "a.txt", 1, "", region=region)
    assert document.district == paragraph.district == to_json(document)["district"] == district


def test_the_district_in_json_is_ignored() -> None:
    """A district in the JSON does not override the region."""
    data = {**to_json(Document("a.txt", region=("甲省",))), "district": "乙市"}
    assert document_from_json(data).district == "甲省"


@pytest.mark.parametrize("rebuild", [document_from_json, paragraph_from_json])
def test_an_unknown_field_is_an_error(rebuild: type) -> None:
    """A field that the record does not have raises a TypeError with its name."""
    with pytest.raises(TypeError, match="colour"):
        rebuild({"colour": "red"})


@pytest.mark.parametrize("record", [Document("a.txt"), Paragraph("a.txt#1", "a.txt", 1, "")])
def test_records_are_frozen(record: Document | Paragraph) -> None:
    """A field of a record cannot be assigned."""
    with pytest.raises(AttributeError):
        record.year = 2023  # type: ignore[misc]
