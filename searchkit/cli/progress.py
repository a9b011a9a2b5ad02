"""Progress of long work on standard error, with an estimate of the time left, and a message if it is interrupted."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any, TypeVar

import click

from searchkit.cli.output import FAILED, print_error
from searchkit.cli.pager import is_running
from searchkit.text.characters import display_width
from searchkit.translation import gettext as _

_QUIET_SECONDS = 0.5
"""The bar is not shown before the work has taken this long."""
_DEFAULT_COLUMNS = 80
"""Width of a terminal that does not tell its width."""
_MAX_BAR_WIDTH = 20
"""Maximum number of characters of a bar."""
_NUMBERS = "  100%  00:00:00"
"""What follows the bar of `Progress`."""
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals of Ctrl-C, of `kill`, `timeout` and a system that shuts down, and of a terminal that is closed."""
_Item = TypeVar("_Item")


class Progress:
    """A bar with the share of the work that is done and the time left, shown on a terminal if the work takes long.

    Nothing is drawn while the pager runs.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._started = time.monotonic()
        self._bar: Any = None
        self.done = 0
        """Amount of work that is done."""

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done. Costs little, so it can be called often."""
        self.done = done
        if is_running():  # the bar would be drawn over the page
            return
        if self._bar is None:
            if time.monotonic() - self._started < _QUIET_SECONDS or not sys.stderr.isatty():
                return
            self._bar = click.progressbar(
                length=max(total, 1), label=self._label, file=sys.stderr, width=bar_width(self._label, _NUMBERS)
            )
        self._bar.length = max(total, 1)
        self._bar.update(done - self._bar.pos)

    def end(self) -> None:
        """End the line of the bar, if it is shown."""
        if self._bar is not None:
            self._bar.render_finish()

    def count(self, items: Iterable[_Item], total: int) -> Iterator[_Item]:
        """Yield items, and show how many were yielded."""
        for done, item in enumerate(items, 1):
            yield item
            self(done, total)


def bar_width(*texts: str) -> int:
    """Return the number of characters that a bar can have beside other texts in the line of the terminal, at least 1.

    A line that is too long would be drawn below itself at each step.
    """
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or _DEFAULT_COLUMNS
    except (OSError, ValueError):
        columns = _DEFAULT_COLUMNS
    left = columns - len("  []") - sum(map(display_width, texts))
    return max(min(left, _MAX_BAR_WIDTH), 1)


@contextmanager
def long_work(label: str, stands: Callable[[Progress], str]) -> Iterator[Progress]:
    """Show the progress of the block. If it is interrupted, print one line about it, and exit with FAILED.

    `label`: what is done, such as `checking`. `stands`: a function that returns the end of this line: what was written
    or changed until the interruption, or that nothing was. Both texts are in the language in force.
    """
    progress = Progress(label)
    try:
        with raise_on_interrupt():
            yield progress
    except KeyboardInterrupt:
        progress.end()
        if is_running():  # a normal exit would wait until the user has left the pager
            os._exit(FAILED)
        print_error(f"interrupted: {stands(progress)}")
        sys.exit(FAILED)
    progress.end()


@contextmanager
def raise_on_interrupt() -> Iterator[None]:
    """Make Ctrl-C and the other `_SIGNALS` raise KeyboardInterrupt during the block, so that the block can clean up.

    By default, Ctrl-C ends the process at once (`searchkit.__main__`), and so do the others. Ignored signals stay
    ignored. Does nothing if this is not the main thread. If the block starts the pager, Ctrl-C stays a key of the
    pager.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    raising = [number for number, handler in before.items() if handler not in {signal.SIG_IGN, None}]
    for number in raising:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in raising:
            if signal.getsignal(number) is signal.default_int_handler:
                signal.signal(number, before[number])


def file_state(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is replaced. None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def describe_file(path: Path, before: tuple[int, int] | None) -> str:
    """Return whether an interrupted command has replaced a file. `before`: its state when the command began."""
    text = _("{path} was not written") if file_state(path) == before else _("{path} is complete")
    return text.format(path=path)
