"""Records: documents of one finished paragraph, as JSON Lines, tables and spreadsheets hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import tidy
from searchkit.errors import ReadError
from searchkit.text.characters import visible

TEXT_NAMES = ("text", "正文", "内容", "content", "全文", "文本", "段落", "paragraph", "body")
"""Names of the field that holds the text, the best first."""
ID_NAMES = ("id", "_id")
"""Names of the field that holds the key, the best first."""


class Records:
    """Gathers the records of one file, and names those that are none."""

    def __init__(self) -> None:
        self.documents: list[RawDocument] = []
        self.problems: list[str] = []
        self._places: dict[str | None, str] = {}

    def add(self, place: str, make: Callable[[], RawDocument]) -> None:
        """Take in the record that `make` gives. A ReadError of it, or a key that there is already, is a problem.

        `place`: where in the file it is, as `line 7`.
        """
        try:
            document = make()
            if document.key in self._places:
                raise ReadError(f"the id {document.key!r} is that of {self._places[document.key]}")  # noqa: TRY301
        except ReadError as error:
            self.problems.append(f"{place}: {error}")
        else:
            self._places[document.key] = place
            self.documents.append(document)

    def contents(self, what: str, warnings: tuple[str, ...] = ()) -> FileContents:
        """Give what was gathered. Raises ReadError if that is problems only: no `what` (`line`, `row`) is a record."""
        if self.problems and not self.documents:
            raise ReadError(f"no {what} is a record; {self.problems[0]}")
        return FileContents(tuple(self.documents), tuple(self.problems), warnings)


def record(fields: Mapping[str, object], key: str | None = None) -> RawDocument:
    """Make a record of its fields: the text, the id, and what is left, which overrides detection or becomes facets.

    `key`: stands in for the id; None = the fields must have one. A line break in the text becomes a blank: a record
    is one paragraph. Raises ReadError if there is no text or no key.
    """
    key = _key(fields) if key is None else key
    name = next((name for name in TEXT_NAMES if name in fields), "")
    text = fields.get(name)
    if not isinstance(text, str) or not (text := tidy(text).replace("\n", " ").strip()):
        raise ReadError(f"no text: a record needs a field `{name or TEXT_NAMES[0]}`")
    rest = {
        other: value
        for other, value in fields.items()
        if other not in {*ID_NAMES, name} and not (isinstance(value, str) and not value.strip())  # an empty cell
    }
    return RawDocument((Block(text),), overrides=rest, key=key, is_record=True)


def _key(fields: Mapping[str, object]) -> str:
    value = next((fields[name] for name in ID_NAMES if fields.get(name) is not None), None)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ReadError("no id: a record needs a text or a whole number in `id` or `_id`")
    key = " ".join(visible(str(value)).split())
    if not key:
        raise ReadError("no id: `id` is empty")
    return key
