"""The content of searchkit.toml. Only commands that find such a file import this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from searchkit.errors import UsageError
from searchkit.files import DataFile, decode_data_file, parse_toml, read_error_reason, read_regular_file
from searchkit.translation import LOCALES

_MAX_BYTES = 100_000
"""Maximum size of the file, in bytes."""
_CHOICES = {
    "format": ("table", "json", "jsonl", "csv", "tsv", "ids"),
    "lang": (*LOCALES,),
    "color": ("auto", "always", "never"),
}
"""Name of a setting that is one of some texts → these texts. A command that does not have a format ignores it."""
_MINIMA = {"limit": 0, "facet_limit": 0, "max_cells": 1}
"""Name of a setting that is a whole number → its minimum."""
_SETTINGS = ("index", *_CHOICES, *_MINIMA, "timeout")
"""The names of all settings."""


def read_settings_file(path: Path) -> dict[str, Any]:
    """Return the settings in a file by name.

    Raises UsageError if the file cannot be read, or has an unknown or invalid setting.
    """
    try:
        text = decode_data_file(read_regular_file(path, _MAX_BYTES))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {read_error_reason(error)}; correct or remove it") from None
    settings = parse_toml(DataFile(str(path), text))
    for name, value in settings.items():
        _check(path, name, value)
    return settings


def _check(path: Path, name: str, value: object) -> None:
    """Raise UsageError if there is no setting of this name, or if it cannot have this value."""
    if name not in _SETTINGS:
        raise UsageError(f"{path}: no setting {name!r}; there are: {', '.join(_SETTINGS)}")
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise UsageError(f"{path}: {name} is one of these texts: {', '.join(map(repr, _CHOICES[name]))}")
    elif name in _MINIMA:
        if type(value) is not int or value < _MINIMA[name]:
            raise UsageError(f"{path}: {name} is a whole number from {_MINIMA[name]}, without quotes")
    elif name == "timeout":
        if type(value) not in {int, float} or not value > 0:  # type: ignore[operator]
            raise UsageError(f"{path}: {name} is a number of seconds above 0, without quotes")
    elif not isinstance(value, str) or not value or "\0" in value:
        raise UsageError(f"{path}: {name} is the path of a folder in quotes")
