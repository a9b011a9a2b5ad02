"""The help of commands in languages other than English. Chinese has wide characters, and no spaces between words."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

from searchkit.text.characters import display_width
from searchkit.translation import gettext

_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_PIECE = re.compile(
    rf"\s+|[“‘「（《【]*(?:[{_WIDE}]|[^\s{_WIDE}“‘「（《【”’」）》】，。；：、？！…]+)[”’」）》】，。；：、？！…]*|\S"
)
"""Matches white space, or text inside of which no line ends: a Chinese character or a word, with the punctuation marks
that belong to it."""
_FIRST_SENTENCE = re.compile(r"[^。\n]*")
_Command = TypeVar("_Command", bound=click.Command)


def localize(command: _Command) -> _Command:
    """Return a copy of a command with its help, and that of its options, in the language in force."""
    localized = copy.copy(command)
    localized.context_class = _WideContext
    localized._help_option = None  # noqa: SLF001 - click caches --help, whose own help is in English
    localized.help = gettext(inspect.cleandoc(command.help or ""))
    first = _FIRST_SENTENCE.match(localized.help)
    localized.short_help = first[0] if first else None
    localized.params = [copy.copy(parameter) for parameter in command.params]
    for parameter in localized.params:
        if isinstance(parameter, click.Option):
            parameter.help = gettext(parameter.help or "")
            if isinstance(parameter.show_default, str):
                parameter.show_default = gettext(parameter.show_default)
    return localized


class _WideFormatter(click.HelpFormatter):
    """Wraps lines by the widths of their characters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that shows how a command is called."""
        super().write_usage(prog, args, prefix or gettext("Usage:"))

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        self.write(f"{' ' * self.current_indent}{heading}：\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = ("\n".join(_wrap(item, self.width - len(indent))) for item in text.split("\n\n"))
        self.write("".join(f"{indent}{line}".rstrip() + "\n" for line in "\n\n".join(paragraphs).split("\n")))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and their descriptions as two columns. `col_max`: maximum width of the first column."""
        pairs = list(rows)
        first = min(max(display_width(name) for name, _ in pairs), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, text in pairs:
            lines = list(_wrap(text, max(self.width - first - len(indent), 10)))
            room = first - display_width(name)
            gap = " " * room if room >= col_spacing else f"\n{indent}{' ' * first}"
            self.write(f"{indent}{name}{gap}" + f"\n{indent}{' ' * first}".join(lines) + "\n")


class _WideContext(click.Context):
    """The context of a command whose help has wide characters."""

    formatter_class = _WideFormatter


def _wrap(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, at most `width` columns wide unless a piece (`_PIECE`) is wider."""
    line = ""
    for piece in _PIECE.findall(text):
        is_space = piece.isspace()
        if line and not is_space and display_width(line + piece) > width:
            yield line.rstrip()
            line = ""
        if line or not is_space:
            line += " " if is_space else piece
    yield line.rstrip()
