"""Input records from JSON Lines, tables and spreadsheets: documents of one paragraph, neither cleaned nor split.

A reader builds the records of a file one at a time. Several processes can each build a share of them. Every process
reads all lines before its share, too, because it must know which stated keys are used already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b

import numpy as np

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.text import normalise_text
from searchkit.errors import ReadError
from searchkit.text.characters import remove_invisible

TEXT_NAMES = ("text", "正文", "内容", "content", "全文", "文本", "段落", "paragraph", "body")
"""Names of the field that contains the text, by descending priority."""
ID_NAMES = ("id", "_id")
"""Names of the field that contains the key, by descending priority."""


class Records:
    """Builds the records of one file, and collects a problem for each entry that is not a valid record."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.count = 0
        """Number of records so far."""
        self._keys = _KeyPlaces()
        self._prefixes: list[str] = []
        """The values of `prefix` in the calls of `build` so far: one for each part of the file, such as a sheet."""

    def build(self, prefix: str, number: int, build: Callable[[], RawDocument]) -> RawDocument | None:
        """Return the record that the function `build` returns.

        If the function raises ReadError, or an earlier record has the same key, add a problem and return None.

        `prefix` and `number`: where the record is in the file, such as `line ` and 7. Messages leave out the number 0.
        """
        if not self._prefixes or self._prefixes[-1] != prefix:
            self._prefixes.append(prefix)
        try:
            document = build()
            first = self._keys.find_or_add(document.key or "", len(self._prefixes) - 1 << _NUMBER_BITS | number)
            if first is not None:
                location = _location(self._prefixes[first >> _NUMBER_BITS], first & (1 << _NUMBER_BITS) - 1)
                raise ReadError(f"the id {document.key!r} is already used by {location}")  # noqa: TRY301
        except ReadError as error:
            self.problems.append(f"{_location(prefix, number)}: {error}")
            return None
        self.count += 1
        return document

    def require_records(self, unit: str) -> None:
        """Raise ReadError if there are problems but no records.

        `unit` is the word for an entry of the file in the message: `line` or `row`.
        """
        if self.problems and not self.count:
            raise ReadError(f"no {unit} is a valid record; {self.problems[0]}")


def _location(prefix: str, number: int) -> str:
    return f"{prefix}{number or ''}"


_NUMBER_BITS = 40
"""A place in the file is one integer. Its low `_NUMBER_BITS` bits are the number of the line or row, the bits above
them the index of the prefix in `Records._prefixes`."""
_MAX_RECENT_KEYS = 1 << 16
"""Number of keys that `_KeyPlaces` collects in a dictionary before it sorts them into its arrays."""


class _KeyPlaces:
    """The places (`_NUMBER_BITS`) of the first occurrences of keys.

    A key takes 16 bytes. In a dictionary, it would take 200. Different keys with the same hash of 63 bits count as one
    key. Of 18 million files with a million keys each, about one file has such keys.
    """

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._hashes, self._places = np.empty(0, np.int64), np.empty(0, np.int64)
        """Hashes and places of the keys that are not in `_recent`, sorted by hash."""

    def find_or_add(self, key: str, place: int) -> int | None:
        """Return the place of a known key. For a new key, store `place` and return None."""
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        key_hash = int.from_bytes(digest, "big") >> 1
        if len(self._hashes):
            index = int(self._hashes.searchsorted(key_hash))
            if index < len(self._hashes) and self._hashes.item(index) == key_hash:
                return self._places.item(index)
        if key_hash in self._recent:
            return self._recent[key_hash]
        self._recent[key_hash] = place
        if len(self._recent) == _MAX_RECENT_KEYS:
            hashes = np.concatenate([self._hashes, np.fromiter(self._recent, np.int64)])
            order = hashes.argsort(kind="stable")
            self._hashes = hashes[order]
            self._places = np.concatenate([self._places, np.fromiter(self._recent.values(), np.int64)])[order]
            self._recent = {}
        return None


def build_record(fields: Mapping[str, object], key: str | None = None) -> RawDocument:
    """Build a record from its fields: the text, the id, and the others, which override detection or become facets.

    `key` replaces the id. If it is None, the fields must contain an id. Fields whose value is a blank string are left
    out. A line break in the text becomes a blank, since a record is one paragraph. Raises ReadError if there is no text
    or no key.
    """
    key = _record_key(fields) if key is None else key
    text_name = next((text_name for text_name in TEXT_NAMES if text_name in fields), "")
    text = fields.get(text_name)
    if not isinstance(text, str) or not (text := normalise_text(text).replace("\n", " ").strip()):
        raise ReadError(f"no text: a record needs a field `{text_name or TEXT_NAMES[0]}`")
    overrides = {
        name: value
        for name, value in fields.items()
        if name != text_name
        and name not in ID_NAMES
        and not (isinstance(value, str) and not value.strip())  # an empty cell
    }
    return RawDocument((Block(text),), overrides=overrides, key=key, is_record=True)


def _record_key(fields: Mapping[str, object]) -> str:
    """Return the id of a record as one line of text. Raises ReadError if it is not a string or integer, or is blank."""
    value = next((fields[name] for name in ID_NAMES if fields.get(name) is not None), None)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ReadError("no id: a record needs a string or an integer in `id` or `_id`")
    key = " ".join(remove_invisible(str(value)).split())
    if not key:
        raise ReadError("no id: `id` is empty")
    return key
