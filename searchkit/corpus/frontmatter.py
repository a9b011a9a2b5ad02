"""Front matter: YAML at the start of a text file that states metadata.

It is parsed in one pass, with limits, and nothing in it can run code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from searchkit.corpus.reasons import quote_value

_FENCE = "---"
"""The line above front matter, the first of the text."""
_FENCE_ENDS = frozenset({"---", "..."})
"""Lines that may stand below front matter and end it."""
_MAX_FRONT_MATTER_LENGTH = 65_536
"""Number of code points at the start of a text that are searched for front matter."""
_MAX_FRONT_MATTER_DEPTH = 10
"""Maximum number of levels of lists and mappings in a value. Front matter with a deeper value is not read."""
_MAX_NAMES = 1000
"""Maximum number of names in front matter. Front matter with more names is not read."""
_YAML_KEY = re.compile(r"[^\s:#,，。][^:,，。]{0,60}:(?:\s|$)")
"""The start of a line `name: value`. A name has at most 61 characters and contains no comma and no 。, unlike many
sentences with a colon."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A text split into its front matter and the rest."""

    body: str
    """The text after the front matter."""
    values: Mapping[str, object] = field(default_factory=dict)
    """Values by name, as written: each is a string or a list of strings."""
    warnings: tuple[str, ...] = ()
    """Reasons why the front matter, or an entry of it, is not read."""


def split_front_matter(text: str) -> FrontMatter:
    """Split YAML front matter off a text whose line ends are line feeds.

    Front matter lies between `---` on the first line and the next line `---` or `...`. Its first line that is neither
    blank nor a comment must have the form `name: value`; otherwise all lines stay in the text. Front matter that cannot
    be parsed is removed, with a warning.
    """
    if not text.startswith(_FENCE):
        return FrontMatter(text)
    lines = text[:_MAX_FRONT_MATTER_LENGTH].split("\n")
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in _FENCE_ENDS), 0)
    yaml_lines = lines[1:end]
    first_line = next((line for line in yaml_lines if line.strip() and not line.startswith("#")), "")
    if lines[0].rstrip() != _FENCE or not end or not _YAML_KEY.match(first_line):
        return FrontMatter(text)
    body = text[sum(len(line) + 1 for line in lines[: end + 1]) :]
    return replace(_parse("\n".join(yaml_lines)), body=body)


def _parse(text: str) -> FrontMatter:
    """Parse front matter: a mapping whose values are scalars or lists of scalars. Every scalar is a string.

    Front matter that cannot be parsed yields no values and a warning. The text is parsed in one pass. It cannot run
    code, because tags are not applied. Aliases cannot multiply its values, because anchors are not expanded. Values
    such as numbers of documents stay as written (007, 2024-01, no).
    """
    import yaml  # noqa: PLC0415 - most files have no front matter

    try:
        # The C loader crashes on deep nesting. This pure-Python loader only takes time quadratic in the depth.
        return _FrontMatterParser(yaml.parse(text, Loader=yaml.BaseLoader)).read()
    except yaml.MarkedYAMLError as error:
        location = f" at line {error.problem_mark.line + 2}" if error.problem_mark else ""
        return _invalid_front_matter(f"not YAML{location}: {error.problem or 'cannot be read'}")
    except (yaml.YAMLError, RecursionError, ValueError):
        return _invalid_front_matter("not YAML that can be read")


def _invalid_front_matter(problem: str) -> FrontMatter:
    """Return front matter without values, and with a warning about the problem."""
    return FrontMatter("", {}, (f"front matter: {problem}",))


class _FrontMatterParser:
    """Reads a mapping from the events of a YAML parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._unsupported = ""
        """Unsupported construct in the current entry, such as `an anchor`; empty if there is none."""

    def read(self) -> FrontMatter:
        """Return the mapping as `values`, with a warning for each entry that is not supported and therefore left out.

        An anchor or a tag of the mapping itself counts as one of its first entry.
        """
        import yaml  # noqa: PLC0415 - as in `_parse`

        event = next(
            event for event in self._events if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent))
        )
        if not isinstance(event, yaml.MappingStartEvent):
            return _invalid_front_matter("not YAML in the form `name: value`")
        self._check_supported(event)
        values: dict[str, object] = {}
        warnings: list[str] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 2  # it counts from 0, and from the line below `---`
            key = self._read_value(event)
            value = self._read_value(next(self._events))
            if isinstance(key, str) and not self._unsupported:
                values[key] = value
            else:
                name = f" ({quote_value(key)})" if isinstance(key, str) else ""
                warnings.append(
                    f"front matter: line {line}{name}: {self._unsupported or 'a key that is not a scalar'} is not read"
                )
            self._unsupported = ""
            if len(values) + len(warnings) > _MAX_NAMES:
                return _invalid_front_matter(f"more than {_MAX_NAMES} names")
        return FrontMatter("", values, tuple(warnings))

    def _read_value(self, event: Any, depth: int = 0) -> object:  # noqa: ANN401 - the parser has no types
        """Return the value that begins with `event`: a string, a list (for a mapping too), or None for an alias.

        A value that is not supported is read to its end, so that the next entry can be read, and its kind is recorded
        in `_unsupported`. Raises ValueError if the value is nested deeper than `_MAX_FRONT_MATTER_DEPTH`.
        """
        import yaml  # noqa: PLC0415 - as in `_parse`

        self._check_supported(event)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.AliasEvent):
            return None
        if depth == _MAX_FRONT_MATTER_DEPTH:
            raise ValueError
        if depth or isinstance(event, yaml.MappingStartEvent):
            self._unsupported = self._unsupported or "a nested value"
        ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        items: list[object] = []
        while not isinstance(item := next(self._events), ends):
            items.append(self._read_value(item, depth + 1))
        return items

    def _check_supported(self, event: Any) -> None:  # noqa: ANN401 - as above
        """Record an anchor, alias or tag of the event as unsupported."""
        if event.anchor:
            self._unsupported = self._unsupported or "an anchor"
        elif getattr(event, "tag", None):
            self._unsupported = self._unsupported or "a tag"
