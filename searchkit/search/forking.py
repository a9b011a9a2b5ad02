"""Forks: an open index works in a child of `os.fork`, even if other threads use it at that moment.

A child has only the thread that forked. A lock that another thread held stays locked in the child, and a module that
another thread was importing stays half imported. So before a fork, everything that searches import later is imported,
and the locks that are variables of modules are acquired, so that no other thread is in a critical section. After the
fork, the parent releases the locks, and the child replaces them.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

_PACKAGES = ("text", "query", "search", "compare")
"""Packages whose modules are imported when they are first needed."""
_WAIT_SECONDS = 1.0
"""Maximum number of seconds to wait for each lock before a fork."""
_held: list[tuple[ModuleType, str]] = []
"""Locks that the forking thread holds. A lock is named by a module and one of its variables."""


@functools.cache
def keep_forks_safe() -> None:
    """Prepare all later forks of this process. Does nothing where processes cannot fork (Windows)."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_release, after_in_child=_renew)


def _before() -> None:
    """Import what searches can need, and acquire the locks, so that no other thread is in a critical section.

    A lock that is not free within `_WAIT_SECONDS` is not acquired. Does nothing if there are no other threads.
    """
    if threading.active_count() == 1:
        return
    from pkgutil import iter_modules  # noqa: PLC0415 - only before a fork

    package = __name__.partition(".")[0]
    for name in _PACKAGES:
        paths = import_module(f"{package}.{name}").__path__
        for found in iter_modules(paths, f"{package}.{name}."):
            import_module(found.name)
    for module, name in _locks():
        if getattr(module, name).acquire(timeout=_WAIT_SECONDS):
            _held.append((module, name))


def _release() -> None:
    """Release the locks in the parent process."""
    while _held:
        module, name = _held.pop()
        getattr(module, name).release()


def _renew() -> None:
    """Replace the locks in the child process. Before Python 3.12, also those that cached properties have."""
    _held.clear()
    for module, name in list(_locks()):
        setattr(module, name, threading.Lock())
    if sys.version_info < (3, 12):
        for module in _modules():
            for cls in [item for item in vars(module).values() if isinstance(item, type)]:
                for item in vars(cls).values():
                    if isinstance(item, functools.cached_property):
                        vars(item)["lock"] = threading.RLock()


def _modules() -> list[ModuleType]:
    """Return the modules of searchkit that are loaded."""
    package = __name__.partition(".")[0]
    return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == package]


def _locks() -> Iterator[tuple[ModuleType, str]]:
    """Yield the locks that are variables of modules of searchkit, by module and name."""
    kind = type(threading.Lock())
    for module in _modules():
        yield from ((module, name) for name, value in list(vars(module).items()) if isinstance(value, kind))
