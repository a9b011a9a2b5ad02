"""Input records from JSON Lines, tables and spreadsheets: documents of one paragraph, neither cleaned nor split."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import normalise_text
from searchkit.errors import ReadError
from searchkit.text.characters import remove_invisible

TEXT_NAMES = ("text", "正文", "内容", "content", "全文", "文本", "段落", "paragraph", "body")
"""Names of the field that contains the text, by descending priority."""
ID_NAMES = ("id", "_id")
"""Names of the field that contains the key, by descending priority."""


class Records:
    """Collects the records of one file, and a problem for each entry that is not a valid record."""

    def __init__(self) -> None:
        self.documents: list[RawDocument] = []
        self.problems: list[str] = []
        self._locations: dict[str | None, str] = {}

    def add(self, location: str, build: Callable[[], RawDocument]) -> None:
        """Add the record that `build` returns. If `build` raises ReadError, or the key is a duplicate, add a problem.

        `location`: where the record is in the file, such as `line 7`.
        """
        try:
            document = build()
            if document.key in self._locations:
                raise ReadError(f"the id {document.key!r} is already used by {self._locations[document.key]}")  # noqa: TRY301
        except ReadError as error:
            self.problems.append(f"{location}: {error}")
        else:
            self._locations[document.key] = location
            self.documents.append(document)

    def file_contents(self, unit: str, warnings: tuple[str, ...] = ()) -> FileContents:
        """Return the collected records. Raises ReadError if there are problems but no records.

        `unit` is the word for an entry of the file in the message: `line` or `row`.
        """
        if self.problems and not self.documents:
            raise ReadError(f"no {unit} is a valid record; {self.problems[0]}")
        return FileContents(tuple(self.documents), tuple(self.problems), warnings)


def build_record(fields: Mapping[str, object], key: str | None = None) -> RawDocument:
    """Build a record from its fields: the text, the id, and the others, which override detection or become facets.

    `key` replaces the id. If it is None, the fields must contain an id. A line break in the text becomes a blank, since
    a record is one paragraph. Raises ReadError if there is no text or no key.
    """
    key = _record_key(fields) if key is None else key
    text_name = next((text_name for text_name in TEXT_NAMES if text_name in fields), "")
    text = fields.get(text_name)
    if not isinstance(text, str) or not (text := normalise_text(text).replace("\n", " ").strip()):
        raise ReadError(f"no text: a record needs a field `{text_name or TEXT_NAMES[0]}`")
    overrides = {
        name: value
        for name, value in fields.items()
        if name not in {*ID_NAMES, text_name} and not (isinstance(value, str) and not value.strip())  # an empty cell
    }
    return RawDocument((Block(text),), overrides=overrides, key=key, is_record=True)


def _record_key(fields: Mapping[str, object]) -> str:
    """Return the id of a record as one line of text. Raises ReadError if there is none."""
    value = next((fields[name] for name in ID_NAMES if fields.get(name) is not None), None)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ReadError("no id: a record needs a string or an integer in `id` or `_id`")
    key = " ".join(remove_invisible(str(value)).split())
    if not key:
        raise ReadError("no id: `id` is empty")
    return key
