"""Templates and static files. Both are files of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file."""

    content: bytes
    media_type: str


class Assets:
    """The static files, under a URL that changes with their content, so that browsers keep them for ever."""

    def __init__(self) -> None:
        paths = sorted(path for path in (_FOLDER / "assets").iterdir() if path.suffix in _TYPES)
        self._files = {path.name: Asset(path.read_bytes(), _TYPES[path.suffix]) for path in paths}
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.content)
        self.digest = digest.hexdigest()[:12]
        """Digest of the names and contents of all files."""

    def get(self, digest: str, name: str) -> Asset | None:
        """Return a file, or None if there is none or the digest is another."""
        return self._files.get(name) if digest == self.digest else None


class Templates:
    """The templates. All values are escaped: no template marks a text as safe."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["grouped"] = lambda number: f"{number:,}"

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """Return a page."""
        return self._environment.get_template(f"{name}.html").render(context)
