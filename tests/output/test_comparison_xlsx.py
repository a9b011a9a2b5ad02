"""Comparisons as workbooks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

import pytest

from searchkit.compare.table import Comparison
from searchkit.errors import SearchkitError
from searchkit.model import Measure
from searchkit.output.xlsx import write_workbook

MakeMeasure, MakeTable = Callable[..., Measure], Callable[..., Comparison]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(path: Path, sheet: int) -> dict[str, object]:
    """Return the values of a sheet (from 1) by the name of the cell: str or float.

    Fails on a formula or an external link.
    """
    with ZipFile(path) as archive:
        texts = ["".join(item.itertext()) for item in fromstring(archive.read("xl/sharedStrings.xml"))]  # noqa: S314 - searchkit wrote it
        tree: Element = fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314
    assert tree.find(f".//{MAIN}f") is None
    assert all(link.get("location", "").startswith("'sentences'!") for link in tree.iter(f"{MAIN}hyperlink"))
    values: dict[str, object] = {}
    for cell in tree.iter(f"{MAIN}c"):
        value = cell.findtext(f"{MAIN}v")
        if value is not None:
            values[cell.get("r", "")] = texts[int(value)] if cell.get("t") == "s" else float(value)
    return values


@pytest.fixture(autouse=True)
def needs_xlsxwriter() -> None:
    """Skip the tests if the extra `xlsx` is not installed."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")


def test_a_sheet_with_the_table_and_a_sheet_of_sources(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path
) -> None:
    """Values in the table are numeric cells. The second sheet has the id, the quote and the bound of values."""
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 99.5, "件", year=2022, bound="at_least"),
    ]
    write_workbook(make_table(measures), tmp_path / "a.xlsx")
    table, sources = cells(tmp_path / "a.xlsx", 1), cells(tmp_path / "a.xlsx", 2)
    assert [table[name] for name in ("A1", "A3", "B3", "C3", "A4", "B4", "C4")] == [
        "立案 (件)", "district", 2022, 2023, "滨海新区", 99.5, 129,
    ]  # fmt: skip
    assert {measures[0].id, "立案129件", "at_least"} <= set(sources.values())


def test_conflicts_and_empty_cells_are_text(make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path) -> None:
    """A cell with a conflict has all values. The marks (≠, —) are those of the text table."""
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 130, "件"),
        make_measure("c#1", "立案", 1, "件", year=2022, region=("北京市",)),
    ]
    write_workbook(make_table(measures), tmp_path / "a.xlsx")
    table = cells(tmp_path / "a.xlsx", 1)
    assert (table["B4"], table["C4"], table["B5"], table["C5"]) == ("—", "129 ≠ 130", 1, "—")


def test_a_number_shows_its_year(make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path) -> None:
    """In a table of districts and bodies, a value is a number whose format has its year."""
    measure = make_measure("a#1", "立案", 129, "件", year=2022, agency="司法局", bound="at_least")
    write_workbook(make_table([measure], cols="agency"), tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx", 1)["B4"] == 129
    with ZipFile(tmp_path / "a.xlsx") as archive:
        assert "&quot;≥&quot;General&quot; (2022)&quot;" in archive.read("xl/styles.xml").decode()


@pytest.mark.parametrize("text", ["=1+1", "{=1+1}", "+1", "@SUM(A1)", "http://example.org", "\x00\x1b[2J\ud800"])
def test_text_of_reports_is_never_a_formula_or_a_link(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path, text: str
) -> None:
    """Indicators, units, quotes, places and ids are strings, whatever they begin with."""
    measure = make_measure(f"{text}#1", text, 1, text, quote=text, region=(text,))
    write_workbook(make_table([measure]), tmp_path / "a.xlsx")
    expected = text.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
    assert cells(tmp_path / "a.xlsx", 1)["A4"] == expected
    assert expected in cells(tmp_path / "a.xlsx", 2).values()


def test_a_file_that_cannot_be_written_is_an_error(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path
) -> None:
    """If the folder of the file is missing, writing raises SearchkitError with the name of the file and the reason."""
    path = tmp_path / "no" / "a.xlsx"
    with pytest.raises(SearchkitError) as caught:
        write_workbook(make_table([make_measure("a#1", "立案", 1, "件")]), path)
    assert str(caught.value) == f"{path}: cannot be written: No such file or directory"


def test_without_xlsxwriter_the_error_says_how_to_install_it(
    make_table: MakeTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains the command that installs XlsxWriter."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(SearchkitError, match=r"pip install XlsxWriter"):
        write_workbook(make_table([]), tmp_path / "a.xlsx")


def test_an_interrupt_keeps_the_old_file(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook replaces a file when it is complete. If writing is interrupted, the file is as it was."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"before")

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ZipFile, "writestr", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_workbook(make_table([make_measure("a#1", "立案", 129, "件")]), path)
    assert [item.name for item in tmp_path.iterdir()] == ["a.xlsx"]
    assert path.read_bytes() == b"before"
