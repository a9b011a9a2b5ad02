"""Files for spreadsheets: --output, --bom and --format xlsx."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from running import TEXTS, Run

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_the_suffix_of_the_file_is_the_format(run: Run, small: Path, tmp_path: Path) -> None:
    """--output a.csv writes csv with a byte order mark, a.jsonl JSON Lines without one.

    --format takes precedence over the suffix, --no-bom and --bom over the defaults for the byte order mark.
    """
    index = small / "index"
    for suffix, beginning in (("csv", b"\xef\xbb\xbfid,"), ("jsonl", b'{"id"'), ("tsv", b"id\t"), ("xlsx", b"PK")):
        path = tmp_path / f"a.{suffix}"
        assert run("search", "立案", "--index", index, "--output", path) == (0, "", "")
        assert path.read_bytes().startswith(beginning)
    path = tmp_path / "ids.csv"
    run("search", "立案", "--index", index, "--output", path, "--format", "ids")
    assert path.read_text("utf-8").startswith("a.txt#")
    run("search", "立案", "--index", index, "--output", tmp_path / "b.csv", "--no-bom")
    assert (tmp_path / "b.csv").read_bytes().startswith(b"id,")
    assert run("search", "立案", "--index", index, "--format", "csv", "--bom").out.startswith("\ufeffid,")
    assert run("search", "立案", "--index", index, "--format", "csv").out.startswith("id,")


def test_wrong_uses_of_files(run: Run, small: Path, tmp_path: Path) -> None:
    """--format xlsx needs --output, and --bom needs csv or tsv. A file that cannot be written is a one-line error.

    So is a suffix of a spreadsheet that searchkit does not write.
    """
    index = small / "index"
    assert run("search", "立案", "--index", index, "--format", "xlsx").status == 2
    assert run("search", "立案", "--index", index, "--format", "json", "--bom").status == 2
    for name in ("a.xls", "a.ODS"):
        result = run("search", "立案", "--index", index, "--output", tmp_path / name)
        assert (result.status, "write .xlsx or .csv" in result.err, (tmp_path / name).exists()) == (2, True, False)
    for name in ("no/a.csv", "no/a.xlsx"):
        result = run("export", "documents", "--index", index, "--output", tmp_path / name)
        assert (result.status, result.out, result.err.count("\n")) == (3, "", 1)


def test_an_export_of_nothing_writes_no_file(run: Run, small: Path, tmp_path: Path) -> None:
    """If nothing passes the filters, the exit status is 1, and no file is written."""
    for what in ("documents", "paragraphs", "measures", "tables"):
        path = tmp_path / f"{what}.xlsx"
        result = run("export", what, "--index", small / "index", "--section", "计划", "--output", path)
        assert (result.status, result.out, path.exists()) == (1, "", False)
        assert result.err == f"searchkit: no {what} to export; `searchkit facets` lists what the index has\n"


@pytest.mark.parametrize("command", ["search", "measures"])
def test_a_file_with_other_results_than_asked_for_is_announced(
    run: Run, small: Path, tmp_path: Path, command: str
) -> None:
    """If the hits match only some words of the query, a message on standard error says so.

    A page or JSON on standard output says so itself; then there is no message.
    """
    arguments = (command, "立案 火星", "--index", small / "index")
    for options in (("--output", tmp_path / "a.xlsx"), ("--output", tmp_path / "a.json"), ("--format", "csv")):
        result = run(*arguments, *options)
        assert (result.status, "matches the whole query" in result.err) == (0, True)
    for output_format in ("table", "json"):
        assert run(*arguments, "--format", output_format).err == ""
    assert run(command, "立案", "--index", small / "index", "--output", tmp_path / "a.csv").err == ""


def sheet_xml(path: Path, number: int) -> ET.Element:
    """Return the XML of the sheet with a number, from 1, of a workbook."""
    with ZipFile(path) as book:
        return ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314 - made by the test


def test_workbook_of_measures(run: Run, small: Path, tmp_path: Path) -> None:
    """Values are numeric cells, linked to the sheet of sentences. The header is frozen. No cell is a formula.

    Columns have different widths, up to a limit.
    """
    path = tmp_path / "m.xlsx"
    assert run("export", "measures", "--index", small / "index", "--output", path).status == 0
    sheet = sheet_xml(path, 1)
    assert [item.get("state") for item in sheet.iter(f"{NAMESPACE}pane")] == ["frozen"]
    links = {item.get("ref"): item.get("location") for item in sheet.iter(f"{NAMESPACE}hyperlink")}
    cells = {item.get("r"): item for item in sheet.iter(f"{NAMESPACE}c")}
    assert links
    for cell, location in links.items():
        assert cells[cell or ""].get("t") is None  # a number
        assert re.fullmatch(r"'?sentences'?!A\d+", location or "")
    widths = [float(item.get("width", 0)) for item in sheet.iter(f"{NAMESPACE}col")]
    assert len({*widths}) > 3
    assert max(widths) < 62
    assert not list(sheet.iter(f"{NAMESPACE}f"))


def test_values_without_a_link_are_counted(
    run: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Excel drops links beyond a number. If there are more values, a message says so, and the workbook has them all."""
    arguments = ("export", "measures", "--index", small / "index", "--output", tmp_path / "m.xlsx")
    assert run(*arguments).err == ""
    measures = len([*sheet_xml(tmp_path / "m.xlsx", 1).iter(f"{NAMESPACE}hyperlink")])
    monkeypatch.setattr("searchkit.output.xlsx._MAX_LINKS", 2)
    result = run(*arguments)
    assert result.status == 0
    assert result.err.startswith(f"searchkit: the last {measures - 2} values have no link: ")
    sheet = sheet_xml(tmp_path / "m.xlsx", 1)
    assert (len([*sheet.iter(f"{NAMESPACE}hyperlink")]), len([*sheet.iter(f"{NAMESPACE}row")])) == (2, measures + 1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the profile of LibreOffice Calc. A test that needs it is skipped if Calc is not installed."""
    if shutil.which("soffice") is None or not any(Path("/usr/lib/libreoffice/program").glob("libsc[fl]*")):
        pytest.skip("LibreOffice Calc is not installed")
    return tmp_path_factory.mktemp("office")


def read_back(office: Path, *paths: Path, reader: str = "Calc MS Excel 2007 XML") -> list[list[list[str]]]:
    """Return the cells of the first sheet of each file, as LibreOffice shows them. `reader`: its import filter."""
    # Comma, quotation mark, UTF-8, from the first row; `true`: cells as shown.
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
    folder = office / "back"
    arguments = [
        "--headless",
        f"--infilter={reader}",
        "--convert-to",
        options,
        "--outdir",
        str(folder),
        *map(str, paths),
    ]
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{office}/profile", *arguments],  # noqa: S607
        check=True,
        capture_output=True,
        timeout=180,
    )
    return [[*csv.reader(io.StringIO((folder / f"{path.stem}.csv").read_text("utf-8-sig")))] for path in paths]


def test_libreoffice_shows_what_was_written(run: Run, small: Path, tmp_path: Path, office: Path) -> None:
    """A workbook and a csv file, opened and saved as csv again, have the same cells.

    Text that looks like a formula is text, a date is a date, and Chinese is right.
    """
    index = small / "index"
    names = {"paragraphs": "p.xlsx", "documents": "d.xlsx"}
    for what, name in names.items():
        run("export", what, "--index", index, "--output", tmp_path / name)
    run("export", "paragraphs", "--index", index, "--output", tmp_path / "q.csv")
    workbook, documents = read_back(office, *(tmp_path / name for name in names.values()))
    (text,) = read_back(office, tmp_path / "q.csv", reader="Text - txt - csv (StarCalc):44,34,76")  # 76 is UTF-8
    written = [*csv.reader((tmp_path / "q.csv").read_text("utf-8-sig").splitlines())]
    column = written[0].index("text")
    assert [row[column] for row in workbook[1:]][: len(TEXTS)] == [*TEXTS]
    assert text == [[cell.replace("True", "TRUE").replace("False", "FALSE") for cell in row] for row in written]
    # In csv files, ' stands before a text that looks like a formula.
    assert [row[column].removeprefix("'") for row in text[1:]] == [row[column] for row in workbook[1:]]
    assert documents[1][documents[0].index("published")] == "2024-01-05"
