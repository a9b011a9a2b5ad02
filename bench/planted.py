"""Known contradictions, planted in copies of real reports, and whether the audit finds them.

`python -m bench.planted` copies the reports that the plantings need from `../shared/corpus/gov` to a temporary folder,
changes some of them, builds an index of the copies, and prints for each planting whether the audit finds it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import searchkit
from searchkit.compare.findings import Finding

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "gov"
"""Folder of the real reports."""
_PROVINCES = "政府工作报告-省自治区"


@dataclass(frozen=True, slots=True)
class Planting:
    """A change of the text of a report that makes it contradict itself or another report, or repeat another one."""

    kind: str
    """Kind of the finding that it should cause."""
    report: str
    """The report that is changed: province and year, as in its path."""
    old: str
    """Text of the report, whose first occurrence is replaced. Empty if `kind` is `duplicate`."""
    new: str
    """Text that replaces `old`. Empty if `kind` is `duplicate`."""
    other: str | None = None
    """The other report that the change contradicts or copies, if any."""


PLANTINGS = (
    Planting("parts", "辽宁省/2013", "农村幼儿园1374所", "农村幼儿园1734所"),
    Planting("parts", "湖南省/2018", "10.7∶40.9∶48.4", "10.7∶40.9∶58.4"),
    Planting("rate", "内蒙古自治区/2017", "广播电视综合覆盖率达到99.2%", "广播电视综合覆盖率达到109.2%"),
    Planting("rate", "江苏省/2010", "完成8289亿元，占49.6%", "完成8289亿元，占59.6%"),
    Planting("change", "青海省/2016", "由33.6%下降到13.2%", "由13.2%下降到33.6%"),
    Planting("change", "甘肃省/2013", "增加到520.9亿元，年均增长22.2%", "增加到520.9亿元，年均增长32.2%"),
    Planting("change", "山东省/2007", "4048.8万吨，增加131.4万吨", "4048.8万吨，增加231.4万吨", "山东省/2006"),
    Planting(
        "change",
        "江西省/2010",
        "社会消费品零售总额2484.4亿元，增长19.3%",
        "社会消费品零售总额2484.4亿元，增长9.3%",
        "江西省/2009",
    ),
    Planting("change", "安徽省/2018", "财政收入从3026亿元增加", "财政收入从3626亿元增加"),
    Planting("conflict", "江西省/2008", "高速公路通车里程达到2206公里", "高速公路通车里程达到2306公里"),
    Planting("conflict", "西藏自治区/2009", "农牧民人均纯收入达到3170元", "农牧民人均纯收入达到3710元"),
    Planting("jump", "山东省/2000", "社会消费品零售总额2310.1亿元", "社会消费品零售总额2310.1万元", "山东省/1999"),
    Planting("copied", "福建省/2021", "农村居民人均可支配收入20880元", "农村居民人均可支配收入19568元", "福建省/2020"),
    Planting("copied", "海南省/2016", "一般公共预算收入627.7亿元", "一般公共预算收入3009.6亿元", "河南省/2016"),
    Planting("duplicate", "湖北省/2012", "", "", "湖南省/2012"),
)


def plant(planting: Planting, folder: Path) -> None:
    """Copy the reports of a planting to a folder unless they are there, and change one of them as the planting says.

    A duplicate is a copy of the other report in which the name of its province is replaced. Raises ValueError if the
    report does not contain the text that is to be replaced.
    """
    for name in filter(None, (planting.report, planting.other)):
        path = folder / f"{name}.md"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((CORPUS / _PROVINCES / f"{name}.md").read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / f"{planting.report}.md"
    text = path.read_text(encoding="utf-8")
    if planting.kind == "duplicate":
        copied = (folder / f"{planting.other}.md").read_text(encoding="utf-8")
        own, others = (name.partition("/")[0] for name in (planting.report, planting.other or ""))
        text = copied.replace(others, own).replace(others.rstrip("省"), own.rstrip("省"))
    elif planting.old not in text:
        raise ValueError(f"{planting.report} does not contain {planting.old}")
    else:
        text = text.replace(planting.old, planting.new, 1)
    path.write_text(text, encoding="utf-8")


def is_found(planting: Planting, findings: Sequence[Finding]) -> bool:
    """Return whether a finding of the planted kind is in the changed report, and about the changed text.

    A duplicate has no changed text, so any finding of its kind in the report counts. The audit may also report the
    changed text as a finding of another kind, which does not count.
    """
    planted = "".join(planting.new.split())
    return any(
        finding.kind == planting.kind
        and any(planting.report in document for document in finding.documents)
        and (not planted or any(_contains(sentence, planted) for sentence in finding.sentences))
        for finding in findings
    )


def _contains(sentence: str, planted: str) -> bool:
    """Return whether a sentence contains the planted text, which has no white space."""
    return planted in "".join(sentence.split())


def run() -> Iterator[tuple[Planting, bool]]:
    """Plant all contradictions, audit the copies, and yield each planting with whether it was found."""
    with tempfile.TemporaryDirectory() as name:
        corpus, index = Path(name) / "corpus", Path(name) / "index"
        for planting in PLANTINGS:
            plant(planting, corpus)
        searchkit.build(corpus, index)
        with searchkit.open(index) as opened:
            findings = opened.audit().findings
    for planting in PLANTINGS:
        yield planting, is_found(planting, findings)


if __name__ == "__main__":
    for each, found in run():
        sys.stdout.write(f"{'found ' if found else 'MISSED'} {each.kind:<10}{each.report} {each.new}\n")
