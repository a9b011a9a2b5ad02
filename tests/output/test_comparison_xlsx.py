"""Comparisons as .xlsx files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

import pytest

from searchkit.compare.comparison import Comparison
from searchkit.errors import SearchkitError
from searchkit.model import Measure
from searchkit.output.xlsx import write

Said, Tabled = Callable[..., Measure], Callable[..., Comparison]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(path: Path, sheet: int) -> dict[str, object]:
    """Values by cell of a sheet (from 1): strings as text, numbers as numbers. Fails if there is a formula."""
    with ZipFile(path) as archive:
        texts = ["".join(item.itertext()) for item in fromstring(archive.read("xl/sharedStrings.xml"))]  # noqa: S314 - our own
        tree: Element = fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314
    assert tree.find(f".//{MAIN}f") is None
    assert tree.find(f".//{MAIN}hyperlink") is None
    found: dict[str, object] = {}
    for cell in tree.iter(f"{MAIN}c"):
        value = cell.findtext(f"{MAIN}v")
        if value is not None:
            found[cell.get("r", "")] = texts[int(value)] if cell.get("t") == "s" else float(value)
    return found


@pytest.fixture(autouse=True)
def needs_xlsxwriter() -> None:
    """Skip where the extra is not installed."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")


def test_a_wide_sheet_and_a_sheet_of_sources(said: Said, tabled: Tabled, tmp_path: Path) -> None:
    """Numbers are numbers in the table; the second sheet has id and words of each."""
    found = [said("a#1", "立案", 129, "件"), said("b#1", "立案", 99.5, "件", year=2022, bound="at_least")]
    write(tabled(found), tmp_path / "a.xlsx")
    wide, sources = cells(tmp_path / "a.xlsx", 1), cells(tmp_path / "a.xlsx", 2)
    assert [wide[name] for name in ("A1", "A3", "B3", "C3", "A4", "B4", "C4")] == [
        "立案 (件)", "district", 2022, 2023, "滨海新区", 99.5, 129,
    ]  # fmt: skip
    assert {found[0].id, "立案129件", "at_least"} <= set(sources.values())


def test_conflicts_and_empty_cells_are_text(said: Said, tabled: Tabled, tmp_path: Path) -> None:
    """Values that contradict each other stand side by side; the marks are those of the table on screen."""
    found = [
        said("a#1", "立案", 129, "件"),
        said("b#1", "立案", 130, "件"),
        said("c#1", "立案", 1, "件", year=2022, region=("北京市",)),
    ]
    write(tabled(found), tmp_path / "a.xlsx")
    wide = cells(tmp_path / "a.xlsx", 1)
    assert (wide["B4"], wide["C4"], wide["B5"], wide["C5"]) == ("—", "129 ≠ 130", 1, "—")


@pytest.mark.parametrize("text", ["=1+1", "{=1+1}", "+1", "@SUM(A1)", "http://example.org", "\x00\x1b[2J\ud800"])
def test_text_of_reports_is_never_a_formula_or_a_link(said: Said, tabled: Tabled, tmp_path: Path, text: str) -> None:
    """Whatever a report, a place or a file is called, its cell is a string."""
    one = said(f"{text}#1", text, 1, text, quote=text, region=(text,))
    write(tabled([one]), tmp_path / "a.xlsx")
    shown = text.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
    assert cells(tmp_path / "a.xlsx", 1)["A4"] == shown
    assert shown in cells(tmp_path / "a.xlsx", 2).values()


def test_a_file_that_cannot_be_written_is_named(said: Said, tabled: Tabled, tmp_path: Path) -> None:
    """A folder that is not there is one clear error."""
    with pytest.raises(SearchkitError, match="cannot be written"):
        write(tabled([said("a#1", "立案", 1, "件")]), tmp_path / "no" / "a.xlsx")


def test_without_the_library_the_extra_is_named(
    tabled: Tabled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(SearchkitError, match=r"pip install 'searchkit\[xlsx\]'"):
        write(tabled([]), tmp_path / "a.xlsx")
