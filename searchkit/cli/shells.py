"""Completion in bash, zsh and fish where the classes of click fall short.

They use the words of bash, which splits NAME=VALUE. They insert values into bash unquoted, so that a blank would end a
value, and a `$(…)` that others wrote into a report would be executed. They cut values at a comma in fish, drop the
option of --OPTION=VALUE, and in zsh ignore that the cursor is not at the end.
"""

from __future__ import annotations

import os
import re
import sys
from io import StringIO

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

COMPLETE_VARIABLE = "_SEARCHKIT_COMPLETE"
"""Environment variable with what a shell asks for: `bash_source`, its script, or `bash_complete`, completions."""
_BASH_SCRIPT = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                COMPREPLY+=("$value")
                [[ $value == *= ]] && compopt -o nospace
                ;;
        esac
    done < <(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$2" COMP_QUOTE="${COMP_WORDS[COMP_CWORD]:0:1}" \\
        %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
"""COMP_WORDS is the line up to the cursor, COMP_CWORD what a completion replaces, COMP_QUOTE the first character of the
word: a quotation mark, if one is open."""
_SPECIAL = {
    "": re.compile(r"[\s!\"#$&'()*;<>?\[\\\]^`{|}~]"),
    '"': re.compile(r'[!"$\\`]'),
}
"""Open quotation mark → characters before which bash needs a backslash."""


class _Complete(ShellComplete):
    """Completion that keeps the option of --OPTION=VALUE."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the completions of a word."""
        items = super().get_completions(args, incomplete)
        option, equals, _value = incomplete.partition("=")
        if option.startswith("--") and equals:
            for item in items:
                item.value = f"{option}={item.value}"
        return items


class _Bash(_Complete, BashComplete):
    """Completion in bash."""

    source_template = _BASH_SCRIPT
    _kept = ""
    """Beginning of the word that stays, because bash replaces only what follows the last = or :."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the word at the cursor."""
        *words, marked = split_arg_string(f"{os.environ['COMP_WORDS']}x")  # with an x, even an empty word is a word
        incomplete = marked[:-1]
        replaced = os.environ["COMP_CWORD"]
        if os.environ.get("COMP_QUOTE", "") not in {"'", '"'}:
            replaced = split_arg_string(f"{replaced}x")[0][:-1]
        self._kept = incomplete.removesuffix(replaced)
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line for the script: the type of a completion and, quoted, what replaces the word."""
        value = str(item.value).removeprefix(self._kept)
        quote = os.environ.get("COMP_QUOTE", "")
        if quote == "'":
            value = value.replace("'", r"'\''")
        else:
            value = _SPECIAL[quote if quote in _SPECIAL else ""].sub(r"\\\g<0>", value)
        return f"{item.type},{value}"


class _Zsh(_Complete, ZshComplete):
    """Completion in zsh."""

    source_template = ZshComplete.source_template.replace("${words[*]}", "${words[1,CURRENT]}")


class _Fish(_Complete, FishComplete):
    """Completion in fish."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


def use_shells() -> None:
    """Make click use the classes of this module. While it completes a word, print no error.

    The shell would show the error in the middle of the line that is being typed.
    """
    if os.environ[COMPLETE_VARIABLE].endswith("_complete"):
        sys.stderr = StringIO()
    for name, shell in (("bash", _Bash), ("zsh", _Zsh), ("fish", _Fish)):
        add_completion_class(shell, name)
