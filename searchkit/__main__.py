"""The command `searchkit`, also as `python -m searchkit`: what must hold before anything else is imported.

Nothing is imported here that Python has not loaded by itself: until the handler stands, Ctrl-C would be a traceback.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; Ctrl-C ends it with one line."""
    _leave_current_folder_out()
    import signal  # noqa: PLC0415 - a part of Python is written in Python: it comes after the line above

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where Ctrl-C is ignored
        signal.signal(signal.SIGINT, _stop)
    from searchkit.cli.main import main as run  # noqa: PLC0415 - as above

    run()


def _leave_current_folder_out() -> None:
    """Look for no module in the current folder, where `python -m` would: it may hold what somebody else put there."""
    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:  # it is gone
        return
    if sys.path[:1] in ([""], [current]):
        del sys.path[0]


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """End at once: an exception could arise anywhere, also where it would be printed and forgotten."""
    os.write(2, b"searchkit: interrupted\n")
    os._exit(3)


if __name__ == "__main__":
    main()
