"""Script that child processes run in tests instead of `processes.py`. It adds the reader of `hostile_reader.py`."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent

spec = spec_from_file_location("processes", HERE.parents[1] / "searchkit" / "processes.py")
assert spec
assert spec.loader
processes = module_from_spec(spec)
spec.loader.exec_module(processes)


def import_and_install(name: str) -> ModuleType:
    """Import a module, as `_bootstrap` does after locating the package, and install the reader."""
    module = import_module(name)
    sys.path.append(str(HERE))
    import_module("hostile_reader").install(setattr)
    return module


processes.import_module = import_and_install  # type: ignore[attr-defined]
processes._bootstrap(*sys.argv[1:])
