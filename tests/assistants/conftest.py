"""An index of the sample reports and of the report `PARTS`, and a client of a server of this index."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import searchkit

pytest.importorskip("mcp", reason="the server for assistants needs the extra mcp")

from asking import Asker

from searchkit.assistants.server import AssistantServer

ROOT = Path(__file__).parents[2]
PARTS = """---
district: 宁河区
year: 2023
agency: 司法局
doctype: 行政执法工作报告
---
# 一、工作情况

全年检查企业1200家，其中食品企业500家、药品企业900家。

| 类别 | 检查次数 |
|---|---|
| 食品 | 12次 |
| 药品 | 30次 |
"""
"""A report with a table, and with parts that do not add up to their total."""


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the sample reports and of the report `PARTS`."""
    folder = tmp_path_factory.mktemp("assistants")
    shutil.copytree(ROOT / "corpus" / "reports", folder / "corpus")
    (folder / "corpus" / "parts.md").write_text(PARTS, encoding="utf-8")
    searchkit.build(folder / "corpus", folder / "index")
    return folder / "index"


@pytest.fixture(scope="session")
def index(index_path: Path) -> Iterator[searchkit.Index]:
    """The index, open."""
    with searchkit.open(index_path) as index:
        yield index


@pytest.fixture(scope="session")
def asker(index_path: Path) -> Iterator[Asker]:
    """A client of a server of this index."""
    server = AssistantServer([("index", index_path)])
    yield Asker(server)
    server.close()
