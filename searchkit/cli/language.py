"""The language of the command line: `--lang`, and the help of commands in the language in force."""

from __future__ import annotations

import gettext as standard_gettext
import os
import re
from collections.abc import Callable
from typing import TypeVar

import click

from searchkit.translation import CATALOGUE_FOLDER, DOMAIN, LOCALES, gettext, language, set_language, translate

LANGUAGE_GIVEN = "language_given"
"""Key in `click.Context.meta`: present if `--lang` is on the command line. searchkit.toml then does not count."""
_Command = TypeVar("_Command", bound=Callable[..., object])
_AnyCommand = TypeVar("_AnyCommand", bound=click.Command)


def use_language(name: str) -> None:
    """Set the language of texts for people, also of click's own texts. `name`: a key of `LOCALES`.

    Click looks up its texts in the default catalogue of the process. The command line may change which catalogue this
    is, because nothing else uses it in the process of a command. The library never changes it.
    """
    set_language(name)
    if name == "en" and standard_gettext.textdomain() != DOMAIN:
        return  # click's texts are English, unless another language was set before
    standard_gettext.bindtextdomain(DOMAIN, CATALOGUE_FOLDER)
    standard_gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = LOCALES[name] or name


def language_option(command: _Command) -> _Command:
    """Add `--lang`, which sets the language of everything that follows it on the command line."""

    def choose(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        """Set the language, if it is given."""
        if value is not None:
            context.meta[LANGUAGE_GIVEN] = True
            use_language(value)

    return click.option(
        "--lang",
        type=click.Choice([*LOCALES]),
        is_eager=True,
        expose_value=False,
        callback=choose,
        help="Language of messages and help. Default: searchkit.toml, otherwise zh in a Chinese locale, else en. "
        "Formats for programs do not depend on it.",
    )(command)


def click_message(error: click.ClickException) -> str:
    """Return the message of an error of click in the language in force.

    Messages of click contain errors of the operating system, which are translated here, and English punctuation between
    sentences and between the values of a list, which is replaced.
    """
    text = error.format_message()
    if language() == "en":
        return text
    if isinstance(error, click.BadParameter):
        text = text.replace(error.message, translate(error.message))
    text = re.sub(r"(?<=')\.(?= |$)", "。", text)
    return re.sub(r"(?<=[。：])\s+", "", text).replace("', '", gettext("', '")).replace(",\n\t", gettext(", "))


class LocalizedGroup(click.Group):
    """A group of commands whose help is in the language in force."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help."""
        if language() == "en":
            return super().get_help(ctx)
        localized = _localize(self)
        # The context was created with the formatter of click, which does not know that Chinese is two columns wide.
        ctx.formatter_class = localized.context_class.formatter_class
        return super(LocalizedGroup, localized).get_help(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name."""
        command = super().get_command(ctx, cmd_name)
        return command if command is None or language() == "en" else _localize(command)


def _localize(command: _AnyCommand) -> _AnyCommand:
    """Return a command with its help in the language in force."""
    from searchkit.cli.help import localize

    return localize(command)
