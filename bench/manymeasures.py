"""Measures look-ups, comparisons and the audit on the real reports, and on at least 450,000 measures.

    python -m bench.manymeasures [gov] [many] [--data FOLDER]

`gov` consists of the government work reports (`bench.corpora.REAL`). `many` consists of four copies of each of the
newest reports of provinces. In a copy, the name of a city of the province replaces that of the province. Numbers of
things are scaled by a factor that differs between the four copies of a report, so that values of a copy agree with each
other, but not with those of the other copies. Some words are replaced by others, differently in each line of a copy, so
that copies differ in their sentences and indicators. Both corpora are indexed unless their index exists. Each corpus is
measured in a process of its own. Times are medians of the processor time, after a first run; a slow question is run
only once (`_SLOW_SECONDS`). Writes results/manymeasures.json, and prints a table.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

import searchkit
from bench import corpora, machine
from searchkit.index import Index
from searchkit.places.gazetteer import Region, gazetteer

RESULTS = Path(__file__).parent / "results" / "manymeasures.json"
DATA = Path(__file__).parent / "data" / "manymeasures"
"""Default folder of corpora and indexes."""
MIN_MEASURES = 450_000
"""Minimum number of measures of the corpus `many`."""
COPIES = 4
"""Maximum number of copies of a report."""
ROUNDS = 9
"""Maximum number of timed runs of a question."""
_MIN_ROUNDS, _MAX_SECONDS = 3, 2.0
"""After its first run, a question is run as often as fits into `_MAX_SECONDS`, but at least `_MIN_ROUNDS` and at most
`ROUNDS` times."""
_SLOW_SECONDS = 10.0
"""A question whose first run takes more seconds than this is not run again."""
_COUNTED = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?=[万亿]|公里|平方米|个|家|户|件|人(?!均))")
"""Matches a number of things, which is scaled: one before 万, 亿 or a unit such as 公里. Percentages and years do not
match, and neither does a number before 人均."""
_REPLACED = (
    *(("项目", "工程"), ("建设", "修建"), ("企业", "公司"), ("农村", "乡村"), ("重点", "主要"), ("改造", "整修")),
    *(("创新", "革新"), ("综合", "全面"), ("中心", "总部"), ("开工", "动工"), ("示范", "样板"), ("基地", "园区")),
    *(("设施", "设备"), ("资金", "经费"), ("补助", "补贴"), ("培训", "训练"), ("困难", "贫困"), ("群众", "居民")),
    *(("推进", "推动"), ("加快", "加速"), ("实施", "开展"), ("发展", "成长"), ("服务", "保障"), ("完成", "办成")),
)
"""Pairs of a word and its replacement. Each pair is applied to about half of the lines of a copy."""

Question = Callable[[Index], object]

LOOKUPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "named indicator": ("地区生产总值", {}),
    "named indicator, other name": ("GDP", {"limit": 20}),
    "free words": ("老旧小区改造", {}),
    "several words": ("新建 改建 农村公路", {}),
    "frequent word": ("投资", {}),
    "of a place": ("粮食产量", {"district": "浙江省"}),
    "of a place and a year, in words": ("河南2019年粮食产量", {}),
    "of a year": ("城镇新增就业", {"of_year": 2020}),
    "with a unit and a minimum": ("高速公路里程", {"unit": "公里", "min": 3000}),
    "sorted by value": ("城镇新增就业", {"sort": "-value", "limit": 20}),
    "sorted by value, free words": ("老旧小区改造", {"sort": "-value", "limit": 20}),
    "one per place": ("地区生产总值", {"one_per": "district", "limit": 50}),
    "mean by year": ("城镇新增就业", {"aggregate": "mean", "by": "of_year"}),
    "relaxed": ("海洋牧场 区块链 养老床位", {}),
    "relaxed, one rare word": ("稻谷 元宇宙 产量", {}),
    "any": ("财政 收入 增长", {"match": "any"}),
    "any, frequent words": ("企业 发展 项目 建设", {"match": "any"}),
}
"""Look-ups by name: query and options."""
COMPARISONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "compare, all places and years": ("地区生产总值", {}),
    "compare, a name of no list": ("老旧小区改造", {}),
    "compare, two filters": ("城镇新增就业", {"district": "浙江省", "of_year": "2015..2020"}),
    "compare, a year": ("粮食产量", {"of_year": 2020}),
    "compare, changes": ("固定资产投资增速", {}),
}
"""Comparisons by name: query and options."""


def questions() -> Iterator[tuple[str, Question]]:
    """Yield the name of each question, and the question."""
    for name, (query, options) in LOOKUPS.items():
        yield name, lambda index, q=query, o=options: index.measures(q, **o)  # type: ignore[misc]
    for name, (query, options) in COMPARISONS.items():
        yield name, lambda index, q=query, o=options: index.compare(q, **o)  # type: ignore[misc]
    yield "audit", lambda index: index.audit()


def write_copies(index: Path, folder: Path) -> None:
    """Write copies of the newest reports of provinces in the index of `gov`, with at least `MIN_MEASURES` measures.

    Raises ValueError if there are too few reports.
    """
    with searchkit.open(index) as opened:
        reports = [document for document in opened.documents() if document.region in gazetteer().provinces]
    reports.sort(key=lambda document: -(document.year or 0))
    measures = 0
    for report in reports:
        text = (corpora.REAL / report.document).read_text(encoding="utf-8")
        for number, city in enumerate(_cities(report.region)):
            name = report.document.replace(report.region[0], city[-1])
            path = folder / report.region[0] / Path(name).relative_to(Path(name).parts[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_rename(text, city, number, report.year), encoding="utf-8")
            measures += report.measures
        if measures >= MIN_MEASURES * 1.02:  # a copy has slightly fewer measures than its report
            return
    message = f"{corpora.REAL} has too few reports for {MIN_MEASURES} measures"
    raise ValueError(message)


def _cities(province: Region) -> list[Region]:
    """Return the first `COPIES` places within a province that still exist, one for each copy."""
    known = gazetteer()
    inside: list[Region] = [region for region in known.codes.values() if region[:-1] == province]
    return [region for region in dict.fromkeys(inside) if known.resolve("/".join(region)) == region][:COPIES]


def _rename(text: str, city: Region, number: int, year: int | None) -> str:
    """Return the text of a province's report as that of a city: with its names, other words and scaled numbers.

    The front matter has the title of the province's report, the region of the city, and the year. `number`: that of the
    copy, from 0.
    """
    _, matter, body = text.split("---\n", 2) if text.startswith("---\n") else ("", "", text)
    short_names = [name[:-1] if len(name) == 3 else name.rstrip("省市") for name in city]  # noqa: PLR2004
    for old, new in ((city[0], city[-1]), (short_names[0], short_names[1]), ("全省", "全市"), ("我省", "我市")):
        body = body.replace(old, new)
    body = "\n".join(_replace_words(line, f"{city[-1]}{line}") for line in body.split("\n"))
    body = _COUNTED.sub(lambda match: _scale(match[0], (number + 2) / 13), body)
    title = next((line for line in matter.splitlines() if line.startswith("title:")), "")
    return f"---\n{title}\nregion: {'/'.join(city)}\nyear: {year}\n---\n{body}"


def _replace_words(line: str, seed: str) -> str:
    """Return a line with some of the words of `_REPLACED` replaced. The seed decides which."""
    digest = zlib.crc32(seed.encode())
    for bit, (old, new) in enumerate(_REPLACED):
        if digest >> bit & 1:
            line = line.replace(old, new)
    return line


def _scale(number: str, factor: float) -> str:
    """Return a number multiplied by a factor, with as many decimals. A number that would become 0 does not change."""
    decimals = len(number.partition(".")[2])
    scaled = f"{float(number) * factor:.{decimals}f}"
    return scaled if float(scaled) else number


def prepare(corpus: str, data: Path) -> Path:
    """Build the index of a corpus unless it exists. Returns the folder of the index.

    The copies of `many` are made of reports in the index of `gov`, which is built first.
    """
    folder = data / corpus
    if not (folder / "index.json").exists():
        source = corpora.REAL
        if corpus == "many":
            source = data / "copies"
            write_copies(prepare("gov", data), source)
        searchkit.build(source, folder)
    return folder


def measure(folder: Path) -> dict[str, Any]:
    """Time all questions to an index.

    Returns milliseconds by question, their median over the look-ups, number of measures, and peak memory in MB.
    """
    with searchkit.open(folder) as index:
        times = {name: round(1000 * statistics.median(_time(index, question)), 2) for name, question in questions()}
        count = sum(document.measures for document in index.documents())
    return {
        "measures": count,
        "ms": times,
        "median look-up": statistics.median(times[name] for name in LOOKUPS),
        "peak_mb": machine.peak_memory() // 1_000_000,
    }


def _time(index: Index, question: Question) -> Sequence[float]:
    """Return the processor times of the runs of a question in seconds, without that of the first run.

    If the first run is slow, it is the only one, and its time is returned.
    """
    first = _seconds(index, question)
    if first > _SLOW_SECONDS:
        return [first]
    rounds = min(ROUNDS, max(_MIN_ROUNDS, int(_MAX_SECONDS / max(first, 1e-6))))
    return [_seconds(index, question) for _ in range(rounds)]


def _seconds(index: Index, question: Question) -> float:
    """Ask a question, and return the processor time of this process in seconds."""
    started = time.process_time()
    question(index)
    return time.process_time() - started


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure look-ups, comparisons and the audit on many measures.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=["gov", "many", []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    parser.add_argument("--index", type=Path, help="measure this index only, and print JSON")
    arguments = parser.parse_args()
    if arguments.index:
        print(json.dumps(measure(arguments.index), ensure_ascii=False))
        return
    if not corpora.REAL.is_dir():
        sys.exit(f"{corpora.REAL} is missing: the reports are not part of the project")
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record["machine"] = machine.as_json(machine.describe())
    for corpus in arguments.corpus or ["gov", "many"]:
        command = [sys.executable, "-m", "bench.manymeasures", "--index", str(prepare(corpus, arguments.data))]
        record.setdefault("corpora", {})[corpus] = json.loads(subprocess.check_output(command))
    RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    measured = record["corpora"]
    rows = [[name, *(item["ms"][name] for item in measured.values())] for name, _ in questions()]
    rows += [[name, *(item[name] for item in measured.values())] for name in ("median look-up", "measures", "peak_mb")]
    print(
        tabulate(
            rows, headers=["ms", *measured], disable_numparse=True, colalign=("left", *("right" for _ in measured))
        )
    )


if __name__ == "__main__":
    main()
