"""The content of searchkit.toml. Only commands that find such a file import this module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from searchkit.errors import UsageError
from searchkit.files import DataFile, decode_data_file, read_error_reason, read_regular_file, read_toml

_MAX_BYTES = 100_000
"""Maximum size of the file, in bytes."""


class SettingsFile(Struct, forbid_unknown_fields=True):
    """All settings. A setting that is left out is None."""

    index: str | None = None
    """Folder of the index, relative to the folder of the file."""
    format: Literal["table", "json", "jsonl", "csv", "tsv", "ids"] | None = None
    """Output format. A command that does not have this format ignores it."""
    lang: Literal["zh", "en"] | None = None
    """Language of messages and help, and of the pages of `serve`."""
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


def read_settings_file(path: Path) -> dict[str, Any]:
    """Return the settings in a file by name.

    Raises UsageError if the file cannot be read, or has an unknown or invalid setting.
    """
    try:
        text = decode_data_file(read_regular_file(path, _MAX_BYTES))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {read_error_reason(error)}; correct or remove it") from None
    settings = asdict(read_toml(DataFile(str(path), text), SettingsFile))
    return {name: value for name, value in settings.items() if value is not None}
