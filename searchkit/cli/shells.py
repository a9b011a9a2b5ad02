"""Completion in bash, zsh and fish where the classes of click fall short.

They use the words of bash, which splits NAME=VALUE. They insert values into bash unquoted, so that a blank would end a
value, and a `$(…)` that others wrote into a report would be executed. They cut values at a comma in fish, drop the
option of --OPTION=VALUE, and in zsh ignore that the cursor is not at the end.
"""

from __future__ import annotations

import os
import re
import shlex
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
    done < <(env _SEARCHKIT_LINE="${COMP_LINE:0:COMP_POINT}" _SEARCHKIT_WORD="$2" \\
        _SEARCHKIT_QUOTE="${COMP_WORDS[COMP_CWORD]:0:1}" %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
"""_SEARCHKIT_LINE is the line up to the cursor, _SEARCHKIT_WORD what a completion replaces, _SEARCHKIT_QUOTE the first
character of the word: a quotation mark, if one is open. A closed one can begin a word, too: "京"."""
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
    _quote = ""
    """Quotation mark that is open at the cursor."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the word at the cursor."""
        line, replaced = os.environ["_SEARCHKIT_LINE"], os.environ["_SEARCHKIT_WORD"]
        *words, marked = split_arg_string(f"{line}x")  # with an x, even an empty word is a word
        incomplete = marked[:-1]
        try:
            shlex.split(line)
        except ValueError:  # a quotation mark is open
            self._quote = os.environ.get("_SEARCHKIT_QUOTE", "")
        if self._quote not in {"'", '"'}:
            self._quote = ""
            replaced = split_arg_string(f"{replaced}x")[0][:-1]
        self._kept = incomplete.removesuffix(replaced)
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line for the script: the type of a completion and, quoted, what replaces the word."""
        value = str(item.value).removeprefix(self._kept)
        value = value.replace("'", r"'\''") if self._quote == "'" else _SPECIAL[self._quote].sub(r"\\\g<0>", value)
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
