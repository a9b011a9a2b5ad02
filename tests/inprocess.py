"""A stand-in for child processes: the function runs in a thread of this process, where what a test has patched holds.

It talks as a real child does and ends as one that was asked to. It has no limits, and nothing can crash in it.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any


class InProcess:
    """Has the methods of `processes.Child` and those of `processes.Parent`."""

    def __init__(self, function: Callable[[Any], None], inbox: SimpleQueue[tuple[Any, bytes | None]]) -> None:
        self._inbox = inbox
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        self._has_ended = False
        self._thread = Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[Any], None]) -> None:
        try:
            function(_ParentSide(self))
        except _Ended:
            pass
        finally:
            self._inbox.put((self, None))

    def send(self, message: bytes) -> None:
        """Send a message to the function."""
        self._requests.put(message)

    def ask_to_end(self) -> None:
        """Let the function end where it next says or hears something."""
        self._has_ended = True
        self._requests.put(None)

    def exit_code(self) -> int:
        """Wait for its end."""
        self._thread.join()
        return 0

    def end(self) -> int:
        """End it."""
        self.ask_to_end()
        return self.exit_code()


class _ParentSide:
    """What the function sees."""

    def __init__(self, child: InProcess) -> None:
        self._child = child

    def receive(self) -> bytes:
        """Wait for a message."""
        message = self._child._requests.get()
        if message is None:
            raise _Ended
        return message

    def send(self, message: bytes) -> None:
        """Send a message."""
        if self._child._has_ended:
            raise _Ended
        self._child._inbox.put((self._child, message))


class _Ended(OSError):
    """The function is to end: nobody is there any more, which is what a real one would hear."""
