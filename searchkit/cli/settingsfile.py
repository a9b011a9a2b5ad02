"""The content of searchkit.toml. Only commands that find such a file import this module."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class SettingsFile(Struct, forbid_unknown_fields=True):
    """All settings. A setting that is left out is None."""

    index: str | None = None
    """Folder of the index, relative to the folder of the file."""
    format: Literal["table", "json", "jsonl", "csv", "tsv", "ids"] | None = None
    """Output format of the commands that have it."""
    lang: Literal["zh", "en"] | None = None
    """Language of the pages of `serve`."""
    color: Literal["auto", "always", "never"] | None = None
    """When output has colours."""
    limit: Annotated[int, Meta(ge=0)] | None = None
    """Maximum number of hits of search, similar and measures."""
    facet_limit: Annotated[int, Meta(ge=0)] | None = None
    """Maximum number of values of a facet."""
    max_cells: Annotated[int, Meta(ge=1)] | None = None
    """Maximum number of cells of a comparison."""
    timeout: Annotated[float, Meta(gt=0)] | None = None
    """Seconds after which a command gives up."""
