"""Entry point of the command `searchkit` and of `python -m searchkit`.

This module prepares the module path, installs a handler for Ctrl-C, and then imports the rest of searchkit. Before the
handler is installed, Ctrl-C prints a traceback. To install it soon, this module imports, besides `signal`, only modules
that are compiled into Python or that Python has loaded already.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

TYPE_CHECKING = False  # type checkers treat this name as true; importing it from typing would cost time
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. By default, Ctrl-C ends it with a message of one line and the exit status 3."""
    gc.set_threshold(200_000, 20, 100)  # most objects of a command live until it ends
    statuses: list[int] = []
    atexit.register(_end, statuses)  # runs after all functions that are registered later
    _remove_current_folder()
    import signal  # noqa: PLC0415 - above that call, Python would import a signal.py in the current folder

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # false in a process that ignores Ctrl-C
        signal.signal(signal.SIGINT, _handle_interrupt)
    from searchkit.cli.main import main as run  # noqa: PLC0415 - after the handler is installed

    try:
        run()
    except SystemExit as end:
        statuses += [end.code] if isinstance(end.code, int) else []
        raise


def _end(statuses: list[int]) -> None:
    """End the process at once with the exit status in `statuses`, unless this list is empty.

    A normal exit would also release every object, which takes 20 ms. All output has been flushed before.
    """
    if statuses:
        os._exit(statuses[0])


def _remove_current_folder() -> None:
    """Remove the current folder from the module path, where `python -m` puts it. Files in it are not trusted."""
    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:  # the folder was deleted
        return
    if sys.path[:1] in ([""], [current]):
        del sys.path[0]


def _handle_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once. Raising an exception is not enough: if a destructor is running, Python prints it and goes on."""
    try:
        message = sys.modules["searchkit.translation"].translate("interrupted")
    except (KeyError, AttributeError, ImportError):  # that module, or one that it imports, is not ready
        message = "interrupted"
    os.write(2, f"searchkit: {message}\n".encode())
    os._exit(3)


if __name__ == "__main__":
    main()
