"""SQLite FTS5: words by rjieba, `rank` for the best hits, GROUP BY for facets, snippets by its function `snippet`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.corpora import FACETS, Item
from bench.peers import LIMIT
from bench.pipelines import Page, Pipeline, Question, words

_FILE = "index.sqlite"
"""Name of the database in the folder of an index."""
_TOKENS = 40
"""Maximum number of words of a snippet, with which it is about as long as those of the other pipelines."""
_SINGLE = ("district", "year", "agency")
"""Single-valued facets, each a column of the table `facets`."""
_SCHEMA = """
    CREATE VIRTUAL TABLE paragraphs USING fts5(words);
    CREATE TABLE facets(id INTEGER PRIMARY KEY, district TEXT, year TEXT, agency TEXT);
    CREATE TABLE topics(id INTEGER, topic TEXT, PRIMARY KEY (id, topic)) WITHOUT ROWID;
"""


def build(items: Iterable[Item], folder: Path) -> None:
    """Index the items."""
    connection = sqlite3.connect(folder / _FILE)
    connection.executescript(_SCHEMA)
    for number, item in enumerate(items, 1):
        connection.execute("INSERT INTO paragraphs(rowid, words) VALUES (?, ?)", (number, " ".join(words(item.text))))
        connection.execute("INSERT INTO facets VALUES (?, ?, ?, ?)", (number, item.district, item.year, item.agency))
        connection.executemany("INSERT INTO topics VALUES (?, ?)", ((number, topic) for topic in set(item.topics)))
    connection.execute("INSERT INTO paragraphs(paragraphs) VALUES ('optimize')")
    connection.commit()
    connection.close()


def open_pipelines(folder: Path) -> dict[str, Pipeline]:
    """Open the index."""
    return {"fts5": _open(folder)}


def _open(folder: Path) -> Pipeline:
    """Open the index as a pipeline."""
    connection = sqlite3.connect(folder / _FILE)
    connection.execute("PRAGMA mmap_size=8000000000")
    connection.execute("PRAGMA cache_size=-1000000")

    def search(question: Question) -> Page:
        """Run one statement for the hits, and one for the total and all counts."""
        expression = _expression(question)
        conditions = {name: _condition(name) for name in question.filters}
        values = {"words": expression, **question.filters}
        hits = connection.execute(_hits_statement(conditions.values()), values).fetchall()
        facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
        total = 0
        for name, value, count in connection.execute(_count_statement(conditions), values):
            if name == "total":
                total = count
            elif value:
                facets[name][value] = count
        return Page(total, tuple(snippet for (snippet,) in hits), facets)

    return search


def _expression(question: Question) -> str:
    """Return the query in FTS5 syntax."""
    if question.phrase is not None:
        return '"' + " ".join(words(question.phrase)) + '"'
    return " AND ".join(f'"{word}"' for word in words(question.text))


def _condition(name: str) -> str:
    """Return a filter by the facet `name` as an SQL condition on `f`, a row of the table `facets` or of `matched`.

    The value of the filter is an SQL parameter with the name of the facet, such as `:district`.
    """
    if name == "topic":
        return "EXISTS (SELECT 1 FROM topics t WHERE t.id = f.id AND t.topic = :topic)"
    return f"f.{name} = :{name}"


def _hits_statement(conditions: Iterable[str]) -> str:
    """Return the statement for the snippets of the best hits."""
    return (
        f"SELECT snippet(paragraphs, 0, '<b>', '</b>', '…', {_TOKENS}) "  # noqa: S608 - no part comes from a user
        "FROM paragraphs JOIN facets f ON f.id = paragraphs.rowid "
        f"WHERE {_conjunction(['paragraphs MATCH :words', *conditions])} ORDER BY rank LIMIT {LIMIT}"
    )


def _count_statement(conditions: Mapping[str, str]) -> str:
    """Return the statement for the total and all facet counts.

    Its rows are facet, value and count; in the row of the total, the facet is `total` and the value is empty.
    """
    parts = [f"SELECT 'total', '', count(*) FROM matched f WHERE {_conjunction(conditions.values())}"]  # noqa: S608 - as above
    for name in FACETS:
        others = _conjunction(condition for filtered, condition in conditions.items() if filtered != name)
        table, column = (
            ("matched f", f"f.{name}") if name in _SINGLE else ("matched f JOIN topics o ON o.id = f.id", "o.topic")
        )
        parts.append(f"SELECT '{name}', {column}, count(*) FROM {table} WHERE {others} GROUP BY 2")  # noqa: S608 - as above
    matched = "SELECT f.* FROM paragraphs JOIN facets f ON f.id = paragraphs.rowid WHERE paragraphs MATCH :words"
    return f"WITH matched AS MATERIALIZED ({matched}) {' UNION ALL '.join(parts)}"


def _conjunction(conditions: Iterable[str]) -> str:
    """Join SQL conditions by AND. Without conditions, returns 1, which is true in SQL."""
    return " AND ".join(conditions) or "1"
