"""Generates a folder of reports and changes it at random."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

WORDS = (
    "行政执法", "执法检查", "执法", "检查", "监督", "行政处罚", "处罚", "普法", "宣传", "培训", "案件", "行政复议",
    "调解", "法治", "政府", "建设", "服务", "整改", "卫生", "健康", "市场", "监管", "柔性", "双随机",
)  # fmt: skip
PLACES = ("东丽区", "西青区", "滨海新区", "临海市")
MIN_FILES, MAX_FILES = 20, 120
"""While there are at most `MIN_FILES` files, `Reports.change` only adds files. From `MAX_FILES` files on, it adds none.

Files that `rewrite_large` writes do not count.
"""
_LARGE_FILES, _PADDING_LENGTH = 10, 300_000
"""Number of large files, and number of line feeds appended to each."""


class Reports:
    """A folder of reports in several formats. The same state of `rng` creates the same folder."""

    def __init__(self, folder: Path, rng: random.Random, files: int) -> None:
        """Create the folder with this number of files. `rng` decides their formats and contents."""
        self.folder = folder
        self._rng = rng
        self._number = 0
        folder.mkdir()
        self.add(files)

    def add(self, files: int, lines: int | None = None) -> None:
        """Add files. `lines`: number of paragraphs per file, not counting title and headings; random if None."""
        for _ in range(files):
            self._number += 1
            suffix = self._rng.choice((".txt", ".txt", ".md", ".jsonl"))
            self._write(self.folder / f"{self._number:04d}{suffix}", lines)

    def rewrite_large(self) -> None:
        """Write large files, which consist mostly of line feeds, so that a build uses several processes."""
        folder = self.folder / "large"
        folder.mkdir(exist_ok=True)
        for n in range(_LARGE_FILES):
            self._write(folder / f"{n}.txt", padding="\n" * _PADDING_LENGTH)

    def change(self, files: int) -> None:
        """Add, rewrite or remove a file, `files` times, and sometimes write a new metadata.csv about some files."""
        for _ in range(files):
            existing = self._files()
            draw = self._rng.random()
            if len(existing) <= MIN_FILES or (draw < 1 / 3 and len(existing) < MAX_FILES):
                self.add(1)
            elif draw < 2 / 3:
                self._write(self._rng.choice(existing))
            else:
                self._rng.choice(existing).unlink()
        if self._rng.random() < 1 / 4:
            self._write_metadata(self._rng.sample(self._files(), 3))

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*"))

    def _write_metadata(self, files: Sequence[Path]) -> None:
        """Write a metadata.csv with the facet `batch` of these files."""
        rows = [f"{path.name},{self._rng.choice('一二三')}\n" for path in files]
        (self.folder / "metadata.csv").write_text("".join(["file,batch\n", *rows]), encoding="utf-8")

    def _write(self, path: Path, lines: int | None = None, padding: str = "") -> None:
        """Write a report, or a file of records. `lines`: number of paragraphs or records, random if None."""
        texts = [self._sentence() for _ in range(lines or self._rng.randint(3, 40))]
        year = self._rng.randint(2018, 2024)
        if path.suffix == ".jsonl":
            records = [{"id": n, "text": text, "year": year} for n, text in enumerate(texts)]
            content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        else:
            title = f"{self._rng.choice(PLACES)}司法局{year}年法治政府建设年度报告"
            middle = len(texts) // 2
            content = "\n\n".join([title, "一、工作情况", *texts[:middle], "二、存在的问题", *texts[middle:], ""])
        path.write_text(content + padding, encoding="utf-8")

    def _sentence(self) -> str:
        """Return a sentence of random words with two measures."""
        words = "".join(self._rng.choices(WORDS, k=self._rng.randint(4, 12)))
        count, money = self._rng.randint(1, 200), self._rng.randint(1, 99_999) / 10
        return f"{words}{count}件，罚款{money}万元。"
