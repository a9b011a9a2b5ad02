"""Files that commands write: they appear when they are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield another path to write, and rename it to `path` if the block succeeds. Otherwise, remove it.

    So a file appears when it is complete, and what was there before stays until then. A device or a pipe is written
    directly: then the block gets `path`. Raises OSError if the file cannot be renamed.
    """
    if path.exists() and not path.is_file():  # a device or a pipe
        yield path
        return
    target = path.resolve()
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
