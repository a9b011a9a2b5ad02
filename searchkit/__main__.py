"""Entry point of the command `searchkit` and of `python -m searchkit`.

It prepares the module path and the handler of Ctrl-C before anything else is imported. This module itself imports only
modules that Python has already loaded, because Ctrl-C prints a traceback until the handler is installed.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. Ctrl-C ends it with a one-line message."""
    _remove_current_folder()
    import signal  # noqa: PLC0415 - it is a Python file, which the current folder could have replaced

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # false if Ctrl-C is ignored
        signal.signal(signal.SIGINT, _handle_interrupt)
    from searchkit.cli.main import main as run  # noqa: PLC0415 - as above

    run()


def _remove_current_folder() -> None:
    """Remove the current folder from the module path, where `python -m` puts it. Its files are not trusted."""
    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:  # the folder was deleted
        return
    if sys.path[:1] in ([""], [current]):
        del sys.path[0]


def _handle_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Exit at once. An exception could be raised where it is only printed, such as in a destructor."""
    os.write(2, b"searchkit: interrupted\n")
    os._exit(3)


if __name__ == "__main__":
    main()
