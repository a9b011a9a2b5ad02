"""The pager: a program that shows long output page by page, started as git does it.

Standard output becomes a pipe to the pager. The pager is started when a command first writes to a terminal, so a
command that writes to a file or a pipe does not start it.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from subprocess import Popen

PAGER_VARIABLES = ("SEARCHKIT_PAGER", "PAGER")
"""Environment variables with the command of the pager. The first that is set counts; empty or `cat` means no pager."""
NO_PAGER = "no_pager"
"""Key in `click.Context.meta` of the option `--no-pager`."""
_UNPAGED = frozenset({"build", "check", "serve"})
"""Commands that do not page their output."""
_DEFAULT_PAGER = "less"
_LESS_OPTIONS = "FRX"
"""Options of less if LESS is not set. Git uses the same: exit if all fits on one screen, keep colours, leave the text
on the screen."""
_NAME = r"[\w./+-]+"  # compiled when it is used: every command imports this module
"""Matches the name or the path of a program, and nothing else that a shell knows: variables, brackets, quotes."""

_state = {"running": False, "tried": False}
"""`running`: whether a pager runs. `tried`: whether it has been decided if a pager is started, which happens once."""


def is_running() -> bool:
    """Return whether standard output is a pipe to a pager."""
    return _state["running"]


def start_pager() -> str | None:
    """Start the pager, if the current command pages its output, and a pager is set or less is installed.

    Returns the name of a pager that is set but not installed, otherwise None. With `--no-pager`, none is started. Later
    calls do nothing. While the pager runs, Ctrl-C is a key of the pager, and does not end the command. At exit, the
    process waits until the user has left the pager.
    """
    context = click.get_current_context(silent=True)
    if _state["tried"] or context is None or context.info_name in _UNPAGED or context.meta.get(NO_PAGER):
        return None
    _state["tried"] = True
    command = next((os.environ[name] for name in PAGER_VARIABLES if name in os.environ), None)
    import shutil
    import subprocess

    if command is None:
        command = _DEFAULT_PAGER if shutil.which(_DEFAULT_PAGER) else ""
    if command.strip() in {"", "cat"}:
        return None
    program = command.split()[0]
    is_program = re.fullmatch(_NAME, program) and program not in {"command", "eval", "exec"}
    if is_program and shutil.which(program) is None:  # a shell would read nothing, and all would be lost
        return program
    # LV has the options of the pager lv: -c keeps colours.
    environment = {"LESS": _LESS_OPTIONS, "LV": "-c", **os.environ}
    try:
        # As in git, the variable is a shell command, because it often has options and pipes.
        pager = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)  # noqa: S602
    except OSError:
        return None
    assert pager.stdin is not None  # noqa: S101 - it is a pipe
    os.environ["COLUMNS"] = str(shutil.get_terminal_size().columns)  # the pipe to the pager has no width
    sys.stdout.flush()
    os.dup2(pager.stdin.fileno(), sys.stdout.fileno())
    pager.stdin.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _state["running"] = True
    atexit.register(_wait, pager)
    return None


def _wait(pager: Popen[bytes]) -> None:
    """Close the pipe, and wait until the user has left the pager."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError):
        os.close(sys.stdout.fileno())
    pager.wait()
