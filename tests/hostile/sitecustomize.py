"""Python imports this when it starts with the folder on its path, so that every process has the readers."""

from __future__ import annotations

import hostile_reader

hostile_reader.install(setattr)
