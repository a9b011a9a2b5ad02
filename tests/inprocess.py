"""A replacement for child processes that runs the function in a thread, where patches of a test apply.

It exchanges messages like a real child and exits when it is asked to. It has no limits and cannot crash.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any


class InProcess:
    """Replacement for `processes.Child`."""

    def __init__(self, function: Callable[[Any], None], inbox: SimpleQueue[tuple[Any, bytes | None]]) -> None:
        self._inbox = inbox
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_exiting = False
        self._thread = Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[Any], None]) -> None:
        try:
            function(_Parent(self))
        except _ExitRequested:
            pass
        finally:
            self._inbox.put((self, None))

    def send(self, message: bytes) -> None:
        """Send a message to the function."""
        self._requests.put(message)

    def request_exit(self) -> None:
        """Make the function exit when it next sends a message, or asks for more messages than were sent before."""
        self._is_exiting = True
        self._requests.put(None)

    def wait_for_exit(self) -> int:
        """Wait until the function has returned. Return exit code 0."""
        self._thread.join()
        return 0

    def end(self) -> int:
        """Make the function exit, and wait for it. Return exit code 0."""
        self.request_exit()
        return self.wait_for_exit()


class _Parent:
    """Replacement for `processes.Parent`. The function gets it as its argument."""

    def __init__(self, child: InProcess) -> None:
        self._child = child

    def receive(self) -> bytes:
        """Wait for the next message, and return it."""
        message = self._child._requests.get()
        if message is None:
            raise _ExitRequested
        return message

    def send(self, message: bytes) -> None:
        """Send a message."""
        if self._child._is_exiting:
            raise _ExitRequested
        self._child._inbox.put((self._child, message))


class _ExitRequested(OSError):
    """The function is to exit. A real child gets an OSError too, because the pipe is closed."""
