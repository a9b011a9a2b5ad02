"""Entry point of the command `searchkit` and of `python -m searchkit`.

Before it imports the rest of searchkit, it prepares the module path and installs a handler for Ctrl-C. Until then,
Ctrl-C prints a traceback, so this module itself imports only modules that Python has already loaded.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # type checkers take it as true, as if it were imported from typing
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. Ctrl-C ends it with a message of one line and the exit status 3."""
    _remove_current_folder()
    import signal  # noqa: PLC0415 - before the line above, a signal.py in the current folder would be imported

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # false if Ctrl-C is ignored
        signal.signal(signal.SIGINT, _handle_interrupt)
    from searchkit.cli.main import main as run  # noqa: PLC0415 - as above

    run()


def _remove_current_folder() -> None:
    """Remove the current folder from the module path, where `python -m` puts it. Files in it are not trusted."""
    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:  # the folder was deleted
        return
    if sys.path[:1] in ([""], [current]):
        del sys.path[0]


def _handle_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once. An exception would not end the program if Python only prints it, as in a destructor."""
    os.write(2, b"searchkit: interrupted\n")
    os._exit(3)


if __name__ == "__main__":
    main()
