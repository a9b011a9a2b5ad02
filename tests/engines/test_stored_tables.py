"""Tables and the cells of measures in every engine: storing, filters, updates, and documents of several segments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.columnar import writer as columnar_writer
from searchkit.engines.opening import open_engine, open_writer
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Cell, Document, ExtractedMeasure, Paragraph, Table, TableCell, to_json
from searchkit.text.analyzer import Analyzer, Lexicon


def cells(*texts: str) -> tuple[Cell, ...]:
    """Return cells that cover one row and one column."""
    return tuple(map(Cell, texts))


def report(name: str, rows: int = 2, *, section: str = "成效") -> ParsedDocument:
    """Return a document with a paragraph, a table with merged cells, a paragraph, and a table without a header.

    The first paragraph and each of the `rows` rows of the first table have a measure. The last of these rows is marked
    as the total of the others.
    """
    body = tuple(cells(f"街道{n}", str(n), str(n * 10)) for n in range(1, rows + 1))
    header = ((Cell("街道", row_span=2), Cell("收件", col_span=2)), cells("许可", "处罚"))
    first = Table(name, 1, "表1 收件情况", header, body, 1, first_paragraph=2)
    second = Table(name, 2, None, (), (cells("合计", "9"),), 1, first_paragraph=rows + 3)
    texts = ["前言。", *(f"街道 {row[0].text} ｜ 收件 许可 {row[1].text}" for row in body), "后记。", "合计 9"]
    paragraphs = tuple(Paragraph(f"{name}#{n}", name, n, text, section=section) for n, text in enumerate(texts, 1))
    measures: list[list[ExtractedMeasure]] = [[] for _ in texts]
    total = f"街道{rows}"
    for n, row in enumerate(body, 1):
        start, end = len(texts[n]) - len(row[1].text), len(texts[n])
        is_total = n == rows
        # The total is in paragraph `rows + 1`, and its number starts after the text that `part_of` counts.
        cell = TableCell(1, (row[0].text,), ("收件", "许可"), is_total, None if is_total else rows + 1)
        part_of = None if is_total else len(f"街道 {total} ｜ 收件 许可 ")
        measures[n] = [
            ExtractedMeasure("收件 许可", n, "件", n, "件", start=start, end=end, part_of=part_of, cell=cell)
        ]
    measures[0] = [ExtractedMeasure("前言", 1, None, 1, None, start=0, end=1)]
    document = Document(name, paragraphs=len(texts), measures=rows + 1)
    return ParsedDocument(document, paragraphs, measures=measures, tables=(first, second))


def plain(name: str) -> ParsedDocument:
    """Return a document without tables."""
    return ParsedDocument(Document(name, paragraphs=1), (Paragraph(f"{name}#1", name, 1, "检查。"),), measures=[[]])


def test_tables_are_stored_in_corpus_order(engine: str, tmp_path: Path) -> None:
    """All tables are returned as they were written, in corpus order. `table` returns the table with an id, or None."""
    documents = [report("a.txt"), plain("b.txt"), report("c.txt", 40)]
    write_index(documents, tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        index.check()
        assert list(index.tables()) == [*documents[0].tables, *documents[2].tables]
        assert index.table("c.txt!2") == documents[2].tables[1]
        assert index.table("c.txt!3") is index.table("b.txt!1") is index.table("c.txt") is None


def test_a_table_is_admitted_by_one_of_its_rows(engine: str, tmp_path: Path) -> None:
    """A table is admitted if a filter admits one of its rows. It is returned with all its rows."""
    one, other = report("a.txt"), report("b.txt", section="问题")
    paragraphs = list(one.paragraphs)
    paragraphs[2] = replace(paragraphs[2], section="计划")
    one = replace(one, paragraphs=tuple(paragraphs))
    write_index([one, other, plain("c.txt")], tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        assert list(index.tables(section="计划")) == [one.tables[0]]
        assert list(index.tables(section="问题")) == list(index.tables(document="b.txt")) == [*other.tables]
        assert list(index.tables(section="履职")) == list(index.tables(document="c.txt")) == []


def test_cells_of_measures_are_stored(engine: str, tmp_path: Path) -> None:
    """A measure has its table, row and column, whether it is a total, and the id of the total that it is part of."""
    write_index([report("a.txt", 3)], tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        outside, first, _, total = index.every_measure()
    assert outside.extracted.cell is None
    assert [to_json(outside)[name] for name in ("table", "row", "column", "total")] == [None, [], [], False]
    values = {"table": 1, "row": ["街道1"], "column": ["收件", "许可"], "total": False, "part_of": total.id}
    assert to_json(first).items() >= values.items()
    assert (total.total, total.part_of, total.paragraph) == (True, None, "a.txt#4")


def test_an_updated_index_equals_a_new_one(engine: str, tmp_path: Path) -> None:
    """An index that was updated several times has the same tables and measures as a new index of the same documents.

    The updates add and remove documents, so that the columnar engine merges and rewrites segments.
    """
    analyzer = Analyzer(Lexicon.load(None, None))
    documents = {name: report(name, rows) for name, rows in (("a", 3), ("b", 2), ("c", 5), ("d", 1), ("e", 4))}

    def write(state: int, names: str, base: int | None, *, removed: str = "") -> None:
        """Write an index: the documents of the state `base` except `removed`, and the documents `names`.

        Each letter of `names` and `removed` is the name of a document.
        """
        folder_of(state).mkdir()
        writer = open_writer(engine, folder_of(state), analyzer, folder_of(base) if base else None)
        writer.remove(list(removed))
        for name in names:
            item = documents[name]
            assert item.measures is not None
            writer.add(item.document, item.paragraphs, item.measures, item.file, item.tables)
        writer.commit()

    def folder_of(state: int) -> Path:
        """Return the data folder of a state."""
        return tmp_path / f"data-{state:06}"

    write(1, "b", None)
    for state, (name, removed) in enumerate([("d", ""), ("c", ""), ("a", ""), ("e", "b"), ("b", "c")], 2):
        write(state, name, state - 1, removed=removed)
    write(7, "abde", None)
    updated, new = open_engine(engine, folder_of(6)), open_engine(engine, folder_of(7))
    updated.check()
    assert list(updated.tables()) == list(new.tables()) == [t for name in "abde" for t in documents[name].tables]
    ids = [paragraph.id for paragraph in new.paragraphs()]
    assert updated.measures(ids) == new.measures(ids)


def test_a_table_of_several_segments_is_complete(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table whose rows are in several segments is returned with all rows, also if a filter admits only one row."""
    monkeypatch.setattr(columnar_writer, "MAX_SEGMENT_DOCS", 7)
    item = report("a.txt", 30)
    paragraphs = list(item.paragraphs)
    paragraphs[25] = replace(paragraphs[25], section="计划")
    item = replace(item, paragraphs=tuple(paragraphs))
    write_index([report("0.txt"), item, report("b.txt")], tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        index.check()
        assert list(index.tables(document="a.txt")) == [*item.tables]
        assert list(index.tables(section="计划")) == [item.tables[0]]
