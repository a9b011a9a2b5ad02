"""A folder of generated reports that changes at random."""

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
MIN_COUNT, MAX_COUNT = 20, 120
"""Files of the folder, while it changes."""
_LARGE_FILES, _LARGE = 10, 300_000


class Reports:
    """Some thousand paragraphs at the most, in files of several formats; the same for the same random numbers."""

    def __init__(self, folder: Path, chance: random.Random, files: int) -> None:
        """Make the folder, with so many files."""
        self.folder = folder
        self._chance = chance
        self._number = 0
        folder.mkdir()
        self.add(files)

    def add(self, files: int, lines: int | None = None) -> None:
        """Add files. `lines`: paragraphs of each, else at random."""
        for _ in range(files):
            self._number += 1
            suffix = self._chance.choice((".txt", ".txt", ".md", ".jsonl"))
            self._write(self.folder / f"{self._number:04d}{suffix}", lines)

    def rewrite_large(self) -> None:
        """Write some large files (blank for the most part): so much to read that a build starts processes for it."""
        folder = self.folder / "large"
        folder.mkdir(exist_ok=True)
        for n in range(_LARGE_FILES):
            self._write(folder / f"{n}.txt", padding="\n" * _LARGE)

    def change(self, files: int) -> None:
        """Add, rewrite or remove each of so many files, and now and then state something else about some of them."""
        for _ in range(files):
            there = self._files()
            what = self._chance.random()
            if len(there) <= MIN_COUNT or (what < 1 / 3 and len(there) < MAX_COUNT):
                self.add(1)
            elif what < 2 / 3:
                self._write(self._chance.choice(there))
            else:
                self._chance.choice(there).unlink()
        if self._chance.random() < 1 / 4:
            self._state(self._chance.sample(self._files(), 3))

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*"))

    def _state(self, files: Sequence[Path]) -> None:
        rows = [f"{path.name},{self._chance.choice('一二三')}\n" for path in files]
        (self.folder / "metadata.csv").write_text("".join(["file,batch\n", *rows]), encoding="utf-8")

    def _write(self, path: Path, lines: int | None = None, padding: str = "") -> None:
        texts = [self._sentence() for _ in range(lines or self._chance.randint(3, 40))]
        year = self._chance.randint(2018, 2024)
        if path.suffix == ".jsonl":
            records = [{"id": n, "text": text, "year": year} for n, text in enumerate(texts)]
            content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        else:
            title = f"{self._chance.choice(PLACES)}司法局{year}年法治政府建设年度报告"
            middle = len(texts) // 2
            content = "\n\n".join([title, "一、工作情况", *texts[:middle], "二、存在的问题", *texts[middle:], ""])
        path.write_text(content + padding, encoding="utf-8")

    def _sentence(self) -> str:
        words = "".join(self._chance.choices(WORDS, k=self._chance.randint(4, 12)))
        count, money = self._chance.randint(1, 200), self._chance.randint(1, 99_999) / 10
        return f"{words}{count}件，罚款{money}万元。"
