"""Files that appear when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAX_NAME_LENGTH = 40
"""Maximum number of code points of the name of a file in the name that it has while it is written."""


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to, whose file becomes `path` if the block succeeds.

    Otherwise this file is removed, and what was at `path` stays. A device or a pipe is written directly: yields `path`.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    part = path.with_name(f".{path.name[:_MAX_NAME_LENGTH]}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
