"""SQLite FTS5 on searchkit's tokens joined by spaces; ranking by its bm25, facets by GROUP BY.

The terms are in a contentless FTS5 table with positions. Texts, facets (as integer codes) and topics are in tables that
refer to its row ids. A search consists of one statement for the ten best hits, and one for all counts, which
materialises the matches once. A filtered facet is counted under the other filters, in the same statement.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.corpora import FACETS, Item, analyzer, batched, items
from bench.peers import LIMIT, Answer, Peer, Prepared
from bench.queries import Query

_FILE = "index.sqlite"
"""Name of the database in the folder of an index."""
_SINGLE = ("district", "year", "agency")
"""Single-valued facets, each a column of the table `facets`."""
_BATCH = 10_000
"""Number of items that are added at once."""
_CACHE = 1_000_000
"""Maximum size in KiB of the pages that SQLite keeps in memory. Eight times as much of the file can be mapped."""
_SCHEMA = """
    CREATE VIRTUAL TABLE words USING fts5(terms, content='', tokenize="ascii tokenchars '.%-/_'");
    CREATE TABLE texts(id INTEGER PRIMARY KEY, text TEXT);
    CREATE TABLE facets(id INTEGER PRIMARY KEY, district INTEGER, year INTEGER, agency INTEGER);
    CREATE TABLE topics(id INTEGER, topic INTEGER, PRIMARY KEY (id, topic)) WITHOUT ROWID;
    CREATE TABLE names(id INTEGER PRIMARY KEY, value TEXT UNIQUE);
"""
"""Tables of an index. `names` maps the codes of facet values to the values."""


def build(name: str, data: Path, folder: Path) -> None:
    """Index the items of a corpus."""
    connection = _connect(folder)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.executescript(_SCHEMA)
    names: dict[str, int] = {}
    first = 1
    for batch in batched(items(name, data), _BATCH):
        _add(connection, batch, first, names)
        first += len(batch)
    connection.executemany("INSERT INTO names VALUES (?, ?)", ((code, value) for value, code in names.items()))
    connection.execute("INSERT INTO words(words) VALUES ('optimize')")
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()


def _add(connection: sqlite3.Connection, batch: Iterable[Item], first: int, names: dict[str, int]) -> None:
    """Add items with row ids from `first`. `names` maps the facet values so far to their codes, and is extended."""

    def code(value: str) -> int:
        """Return the code of a facet value."""
        return names.setdefault(value, len(names) + 1)

    rows = list(enumerate(batch, first))
    connection.executemany("INSERT INTO words(rowid, terms) VALUES (?, ?)", ((n, item.terms) for n, item in rows))
    connection.executemany("INSERT INTO texts VALUES (?, ?)", ((n, item.text) for n, item in rows))
    facets = ((n, code(item.district), code(item.year), code(item.agency)) for n, item in rows)
    connection.executemany("INSERT INTO facets VALUES (?, ?, ?, ?)", facets)
    topics = ((n, code(topic)) for n, item in rows for topic in item.topics)
    connection.executemany("INSERT INTO topics VALUES (?, ?)", topics)


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - needs only the folder
    """Open the index as the only peer: an engine that searchkit is compared with."""
    return {"SQLite FTS5": _Fts5Peer(_connect(folder))}


def _connect(folder: Path) -> sqlite3.Connection:
    """Open the database of an index, or create it. Up to 8 GB of the file are mapped into memory."""
    connection = sqlite3.connect(folder / _FILE)
    connection.execute(f"PRAGMA cache_size=-{_CACHE}")
    connection.execute(f"PRAGMA mmap_size={_CACHE * 1024 * 8}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


class _Fts5Peer:
    """An open index, with the codes of all facet values in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._codes = {value: code for code, value in connection.execute("SELECT id, value FROM names")}
        self._values = {code: value for value, code in self._codes.items()}

    def prepare(self, query: Query) -> Prepared:
        """Build the statement for the best hits, and that for the total and the facet counts."""
        expression = _match_expression(query)
        conditions = {name: self._condition(name, value) for name, value in query.filters}
        counts = _count_statement(expression is not None, conditions)
        hits = _hits_statement(expression is not None, list(conditions.values()))
        parameters = () if expression is None else (expression,)

        def run() -> tuple[list[Any], list[Any]]:
            """Run both statements."""
            texts = self._connection.execute(hits, parameters).fetchall()
            return texts, self._connection.execute(counts, parameters).fetchall()

        return Prepared(run, self._read)

    def _condition(self, name: str, value: str) -> str:
        """Return a filter as an SQL condition on `f`, a row of the table `facets` or of `matched`."""
        code = self._codes[value]
        if name == "topic":
            return f"EXISTS (SELECT 1 FROM topics t WHERE t.id = f.id AND t.topic = {code})"  # noqa: S608 - a number
        return f"f.{name} = {code}"

    def _read(self, results: tuple[list[Any], list[Any]]) -> Answer:
        """Convert the rows of both statements to an answer."""
        texts, rows = results
        facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
        total = 0
        for name, code, count in rows:
            if name == "total":
                total = count
            elif self._values[code]:  # an item without a value has an empty text
                facets[name][self._values[code]] = count
        return Answer(total, tuple(text for (text,) in texts), facets)


def _hits_statement(has_words: bool, conditions: list[str]) -> str:  # noqa: FBT001 - private
    """Return the statement for the texts of the best hits; without words, for those of the first matches."""
    where = " AND ".join([*(["words MATCH ?"] if has_words else []), *conditions]) or "1"
    source = "words JOIN facets f ON f.id = words.rowid" if has_words else "facets f"
    order = "ORDER BY words.rank" if has_words else "ORDER BY f.id"
    inner = f"SELECT f.id FROM {source} WHERE {where} {order} LIMIT {LIMIT}"  # noqa: S608 - no part comes from a user
    return f"SELECT text FROM ({inner}) AS best JOIN texts ON texts.id = best.id"  # noqa: S608 - no part comes from a user


def _count_statement(has_words: bool, conditions: Mapping[str, str]) -> str:  # noqa: FBT001 - private
    """Return the statement for the total and all facet counts.

    Its rows are facet, code and count of a value; in the row of the total, the facet is `total` and the code is 0.
    """
    source = "words JOIN facets f ON f.id = words.rowid WHERE words MATCH ?" if has_words else "facets f"
    parts = [f"SELECT 'total', 0, count(*) FROM matched f WHERE {_conjunction(conditions.values())}"]  # noqa: S608 - no part comes from a user
    for name in FACETS:
        others = _conjunction(condition for filtered, condition in conditions.items() if filtered != name)
        table, column = (
            ("matched f", name) if name in _SINGLE else ("matched f JOIN topics o ON o.id = f.id", "o.topic")
        )
        parts.append(f"SELECT '{name}', {column}, count(*) FROM {table} WHERE {others} GROUP BY 2")  # noqa: S608 - no part comes from a user
    return f"WITH matched AS MATERIALIZED (SELECT f.* FROM {source}) {' UNION ALL '.join(parts)}"  # noqa: S608 - no part comes from a user


def _conjunction(conditions: Iterable[str]) -> str:
    """Join SQL conditions by AND. Without conditions, returns 1, which is true in SQL."""
    return " AND ".join(conditions) or "1"


def _match_expression(query: Query) -> str | None:
    """Return the query in FTS5 syntax; None matches everything."""
    if query.kind == "everything":
        return None
    words = query.words
    if query.kind == "phrase":
        return '"' + " ".join(token.term for token in analyzer().tokenize(words[0])) + '"'
    return (" OR " if query.kind == "any" else " AND ").join(f'"{word}"' for word in words)
