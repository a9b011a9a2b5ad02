"""The language of texts for people, and the catalogue of their translations.

English is the source: a text without a translation is shown as it is. The catalogue of another language is
`locale/<locale>/LC_MESSAGES/searchkit.po`, in the format of GNU gettext; the `.mo` file beside it is compiled from it.
A catalogue is read when a text is first needed in its language, so English costs nothing.

There are two kinds of texts. Those that the program puts together for people are looked up by `gettext`, `ngettext` and
`pgettext`, and then formatted. Sentences of the library (errors, notes, warnings, reasons) are always English, because
programs read them, and indexes store some of them. `translate` finds the template that a finished sentence was made
from, and puts its values into the translation.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # type checkers treat this name as true; importing it from typing would cost time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LOCALES = {"en": "", "zh": "zh_CN"}
"""Languages, each with the locale of its catalogue. English has none."""
DOMAIN = "searchkit"
"""Name of the catalogues, as GNU gettext calls it."""
CATALOGUE_FOLDER = os.path.join(os.path.dirname(__file__), "locale")  # noqa: PTH118, PTH120 - pathlib is not loaded yet
"""Folder of the catalogues."""
SENTENCE, FACET, COLUMN, FINDING = "sentence", "facet", "column", "finding"
"""Contexts of messages: templates of sentences of the library, names of facets, names of fields as heads of columns,
kinds of findings."""
LIST = "list"
"""What a translation says of a value that is a list of names."""
SEPARATORS = (", ", " or ")
"""What is between the names in a list of the library."""
_MAX_TRANSLATED = 4096
"""Maximum number of translated sentences that are kept. Those of a server can contain anything."""
MAX_DEPTH = 4
"""Maximum depth to which sentences that are values in a sentence are translated. Without a maximum, a translation could
take long."""
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Environment variables with the locale of messages. The first one that is set is used (POSIX)."""


class Catalogue:
    """The texts of one language."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        """Create a catalogue.

        `messages`: as in a file of GNU gettext, where U+0004 ends a context, and U+0000 comes before a plural.
        """
        self._messages = messages
        self._templates: list[_Template] | None = None
        self._translated: dict[str, str] = {}

    def gettext(self, message: str) -> str:
        """Return the translation of a text, or the text if there is none."""
        return self._messages.get(message, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the translation of the text for `n` things. Chinese has one form for all numbers."""
        return self._messages.get(f"{singular}\0{plural}") or (singular if n == 1 else plural)

    def pgettext(self, context: str, message: str) -> str:
        """Return the translation of a text in a context, or the text if there is none."""
        return self._messages.get(f"{context}\4{message}", message)

    def translate(self, sentence: str) -> str:
        """Return a sentence of the library in this language, or as it is if no template fits.

        Several templates can fit, because a value may hold anything. The one that leaves least ASCII is used, of
        these the one with most characters outside of places for values. A template without a word is used only
        if one of its values is translated. Values that are sentences are translated too, to `MAX_DEPTH` levels. Takes
        time in proportion to the length of the sentence for each template that begins like it.
        """
        if self._templates is None:
            start = f"{SENTENCE}\4"
            templates = (
                _Template(message[len(start) :], translation)
                for message, translation in self._messages.items()
                if message.startswith(start)
            )
            self._templates = sorted(templates, key=lambda template: -template.length)
        if sentence not in self._translated:
            if len(self._translated) >= _MAX_TRANSLATED:
                self._translated.clear()
            self._translated[sentence] = self._translate(sentence, MAX_DEPTH, self._templates, {})
        return self._translated[sentence]

    def _translate(
        self, sentence: str, depth: int, templates: list[_Template], known: dict[tuple[str, int], str]
    ) -> str:
        """Return a sentence in this language. `known`: translations of what has been translated, with its depth."""

        def translate(part: str) -> str:
            """Return a value in this language, unless it is nested too deeply."""
            return self._translate(part, depth - 1, templates, known) if depth else part

        if (sentence, depth) not in known:
            found = []
            for template in templates if _count_ascii(sentence) else ():
                values = template.match(sentence) if template.longest in sentence else None
                if values is not None:
                    text, as_it_is = (
                        template.translation.format(
                            **{name: _Value(value, self, use) for name, value in values.items()}
                        )
                        for use in (translate, str)
                    )
                    if text != as_it_is or not template.is_frame:
                        found.append(text)
            known[sentence, depth] = min(found, key=_count_ascii, default=sentence)
        return known[sentence, depth]


class _Template:
    """A sentence with places for values, and its translation. Both are written as for `str.format`."""

    __slots__ = ("_empty", "_literals", "_names", "is_frame", "length", "longest", "translation")

    def __init__(self, text: str, translation: str) -> None:
        pieces = list(_parse_format(text))
        # If two places are adjacent, nothing tells where the first value ends. The first place gets both values, the
        # second place an empty one.
        apart = [(literal, name) for number, (literal, name) in enumerate(pieces) if literal or not number]
        self._literals = [literal for literal, _ in apart]
        self._names = [name for _, name in apart if name]
        self._empty = {name: "" for _, name in pieces if name and name not in self._names}
        if apart[-1][1]:
            self._literals.append("")
        self.longest = max(self._literals, key=len)
        """The longest text between places. Most templates are ruled out quickly by looking for it."""
        self.length = sum(map(len, self._literals))
        """Number of characters outside of places."""
        self.is_frame = not any(map(str.isalpha, "".join(self._literals)))
        """Whether it has no word, as in `{name}: {error}`. Such a template is used only if a value is translated."""
        self.translation = translation

    def match(self, sentence: str) -> dict[str, str] | None:
        """Return the value in each place, by name, or None if the sentence is not made from this template.

        A value ends at the first occurrence of the text that follows its place in the template. The last value ends
        before the text at the end of the template, with which the sentence must end.
        """
        first, *rest = self._literals
        if not sentence.startswith(first):
            return None
        if not rest:
            return {} if sentence == first else None
        values, start = [], len(first)
        for literal in rest[:-1]:
            end = sentence.find(literal, start)
            if end < 0:
                return None
            values.append(sentence[start:end])
            start = end + len(literal)
        end = len(sentence) - len(rest[-1])
        if end < start or not sentence.endswith(rest[-1]):
            return None
        return {**self._empty, **dict(zip(self._names, [*values, sentence[start:end]], strict=True))}


class _Value(str):
    """A value in a sentence.

    In a translation, `{hint:sentence}` translates a sentence, `{names:list}` what is between names, and `{name:facet}`
    the name of a facet.
    """

    __slots__ = ("_catalogue", "_translate")
    _catalogue: Catalogue
    _translate: Callable[[str], str]

    def __new__(cls, text: str, catalogue: Catalogue, translate: Callable[[str], str]) -> _Value:  # noqa: PYI034 - typing.Self is 3.11
        value = super().__new__(cls, text)
        value._catalogue, value._translate = catalogue, translate
        return value

    def __format__(self, spec: str) -> str:
        text = str(self)
        if spec not in {SENTENCE, LIST}:
            return self._catalogue.pgettext(spec, text) if spec else text
        if spec == SENTENCE or " " in text:  # a single name of a list stays as it is
            text = self._translate(text)
        for separator in SEPARATORS if spec == LIST else ():
            text = text.replace(separator, self._catalogue.gettext(separator))
        return text


def _count_ascii(text: str) -> int:
    """Return the number of characters of ASCII in a text, other than blanks."""
    return sum(map(str.isascii, text)) - text.count(" ")


def _parse_format(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the parts of a template: a text, and the name of the place after it, if any."""
    from string import Formatter  # noqa: PLC0415 - only sentences in other languages need it

    before = ""
    for literal, name, _, _ in Formatter().parse(text):
        before += literal
        if name is not None:
            yield before, name
            before = ""
    if before:
        yield before, None


_ENGLISH = Catalogue({})
_catalogues: dict[str, Catalogue] = {"en": _ENGLISH}
_in_force = {"language": "en"}


def catalogue(language: str) -> Catalogue:
    """Return the texts of a language of `LOCALES`. Reads its file once. Without the file, texts are in English."""
    if language not in _catalogues:
        path = os.path.join(CATALOGUE_FOLDER, LOCALES[language], "LC_MESSAGES", f"{DOMAIN}.mo")  # noqa: PTH118
        try:
            messages = dict(_read_messages(path))
        except OSError:
            messages = {}
        _catalogues[language] = Catalogue(messages)
    return _catalogues[language]


def _read_messages(path: str) -> Iterator[tuple[str, str]]:
    """Yield the messages of a compiled catalogue with their translations.

    `gettext.GNUTranslations` of the standard library does not list its messages, which `Catalogue.translate` needs.
    """
    from struct import unpack_from  # noqa: PLC0415 - English needs no catalogue

    with open(path, "rb") as file:  # noqa: PTH123 - pathlib may not be loaded
        data = file.read()
    count, messages, translations = unpack_from("<3I", data, 8)
    for number in range(count):
        texts = []
        for table in (messages, translations):
            length, start = unpack_from("<2I", data, table + 8 * number)
            texts.append(data[start : start + length].decode())
        if texts[0]:  # the message "" is the header
            yield texts[0], texts[1]


def set_language(language: str) -> None:
    """Set the language of texts for people in this process. Only the command line does so: a library stays English."""
    _in_force["language"] = language


def language() -> str:
    """Return the language in force, a key of `LOCALES`."""
    return _in_force["language"]


def preferred_language(environment: Mapping[str, str]) -> str:
    """Return the language that the locale of an environment asks for: zh for every Chinese one, otherwise en."""
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def gettext(message: str) -> str:
    """Return the translation of a text into the language in force, or the text if there is none."""
    return message if _in_force["language"] == "en" else catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the text for `n` things in the language in force."""
    return catalogue(language()).ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """Return the translation of a text in a context into the language in force, or the text if there is none."""
    return message if _in_force["language"] == "en" else catalogue(language()).pgettext(context, message)


def translate(sentence: str) -> str:
    """Return a sentence of the library in the language in force."""
    return sentence if _in_force["language"] == "en" else catalogue(language()).translate(sentence)


def in_brackets(text: str) -> str:
    """Return a text in brackets that follow another text, in the language in force. Empty for an empty text."""
    return gettext(" ({text})").format(text=text) if text else ""


def join(texts: Iterable[str]) -> str:
    """Return several texts as a list in a sentence, in the language in force."""
    return gettext(", ").join(texts)
