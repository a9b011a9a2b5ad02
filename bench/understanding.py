"""Evaluates how well places and years are understood in queries.

    python -m bench.understanding [--draw]

`understanding.json` contains queries made from the facet values of an index of 773 government work reports, queries
written by hand, and queries that name neither a place nor a year. Some of the queries that name neither are drawn from
the reports, and are stored as spans of paragraphs, because the reports are not part of the project. A query is right if
exactly the expected values are understood. `--draw` makes and draws queries again. Writes results/understanding.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import searchkit
from bench import corpora
from searchkit.index import Index
from searchkit.places.gazetteer import gazetteer

QUERIES = Path(__file__).parent / "understanding.json"
RESULTS = Path(__file__).parent / "results" / "understanding.json"
SEED = 17
MADE, DRAWN = 300, 220
"""Number of queries made from facet values, and number of queries drawn from reports."""

_TOPICS = (
    *(
        "就业",
        "老旧小区改造",
        "脱贫攻坚",
        "GDP",
        "财政收入",
        "高速公路里程",
        "粮食产量",
        "营商环境",
        "招商引资",
        "乡村振兴",
    ),
    *(
        "义务教育",
        "养老服务",
        "棚户区改造",
        "减税降费",
        "国企改革",
        "高新技术企业",
        "空气质量",
        "森林覆盖率",
        "城镇化率",
    ),
    *("居民可支配收入", "对外开放", "旅游", "水利建设", "安全生产", "医疗保障", "民营经济", "科技创新", "数字经济"),
    *("放管服改革", "环境保护", "进出口总额", "固定资产投资", "新能源汽车", "职业教育", "农村电商", "食品安全"),
)
_TEMPLATES = (
    *("{place}{topic}", "{topic} {place}", "{place}的{topic}", "{place} {topic}", "{place}和{other}的{topic}"),
    *("{year}年{topic}", "{topic} {year}", "{year}年的{topic}", "{year}年度{topic}", "{year}年至{last}年{topic}"),
    *("{place}{year}年{topic}", "{year}年{place}{topic}", "{topic} {place} {year}", "{place} {year}年 {topic}"),
    *("{place}{year}-{last}年{topic}", "{place} {other} {topic} {year}", "{year}至{last}年{place}{topic}"),
    *("{place}、{other}{year}年{topic}", "{year}年底{place}{topic}", "{place}{short}年{topic}"),
    "{place} {topic} {year}..{last}",
)
"""Forms of queries, in which `topic` is one of `_TOPICS`, and `short` a year of two digits."""
_FIRST_YEAR = 2001
"""First year of queries made from facet values."""
_YEAR = re.compile(r"(?:19|20)\d\d|\d\d年|[一二][〇○零九]")
_CLAUSE = re.compile(r"[^\W\d_]{4,14}")


def draw(index: Index, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lists of understanding.json with new queries from facet values and new spans of paragraphs.

    `data`: the earlier lists.
    """
    source = random.Random(SEED)  # noqa: S311 - no secrets
    return {**data, "made": list(_make(index, source)), "drawn": list(_draw_spans(index, source))}


def _make(index: Index, source: random.Random) -> Iterator[dict[str, Any]]:
    """Yield queries made from the facet values of an index, with the values that they name."""
    counts = index.facets(["district", "year"])
    places = [str(item.value) for item in counts["district"].values if item.value != "全国"]
    years = sorted(int(item.value) for item in counts["year"].values if int(item.value) >= _FIRST_YEAR)
    for n in range(MADE):
        template = _TEMPLATES[n % len(_TEMPLATES)]
        named = source.sample(places, 2)
        # 10年 and 20年 are ten and twenty years: no years of two digits.
        first, last = sorted(source.sample([year for year in years if "{short}" not in template or year % 10], 2))
        names = {key: _name(place, source) for key, place in zip(("place", "other"), named, strict=True)}
        numbers = {"year": first, "last": last, "short": f"{first % 100:02}"}
        districts = [place for key, place in zip(names, named, strict=True) if f"{{{key}}}" in template]
        has_year = "{year}" in template or "{short}" in template
        of_years = list(range(first, last + 1)) if "{last}" in template else [first] if has_year else []
        values = {"district": districts, "of_year": of_years}
        yield {
            "query": template.format(**names, **numbers, topic=source.choice(_TOPICS)),
            "values": {facet: items for facet, items in values.items() if items},
        }


def _name(place: str, source: random.Random) -> str:
    """Return a name of a place, chosen at random: the full name or a short one."""
    _, short_names = gazetteer().full_and_short_names([place])[place]
    return source.choice([place, *sorted(short_names)])


def _draw_spans(index: Index, source: random.Random) -> Iterator[dict[str, Any]]:
    """Yield `DRAWN` random spans of 4 to 14 letters, such as Chinese characters.

    Their texts contain neither a year nor a name of a place of the index.
    """
    names = {
        name for item in index.facets(["district"])["district"].values for name in gazetteer().names_of(str(item.value))
    }
    paragraphs = [*index.paragraphs()]
    drawn = 0
    while drawn < DRAWN:
        paragraph = source.choice(paragraphs)
        spans = [match.span() for match in _CLAUSE.finditer(paragraph.text)]
        if spans:
            start, end = source.choice(spans)
            text = paragraph.text[start:end]
            if not _YEAR.search(text) and not any(name in text for name in names):
                drawn += 1
                yield {"id": paragraph.id, "start": start, "end": end}


def score(index: Index, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the number of queries, the share of right ones and the wrong queries for each list."""
    lists: dict[str, Sequence[Mapping[str, Any]]] = {
        "made": data["made"],
        "by hand": data["by_hand"],
        "none": [{"query": query, "values": {}} for query in (*data["none"], *_read_spans(index, data["drawn"]))],
    }
    results: dict[str, Any] = {}
    for name, entries in lists.items():
        wrong = []
        for entry in entries:
            values: dict[str, list[Any]] = {}
            for item in index.understand(entry["query"]).filters:
                values[item.facet] = sorted({*values.get(item.facet, []), *item.values})
            if values != {facet: sorted(items) for facet, items in entry["values"].items()}:
                wrong.append({"query": entry["query"], "understood": values, "expected": entry["values"]})
        results[name] = {"queries": len(entries), "right": round(1 - len(wrong) / len(entries), 4), "wrong": wrong}
    return results


def _read_spans(index: Index, spans: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the texts of spans of paragraphs. Skips paragraphs that the index does not contain."""
    for span in spans:
        paragraph = index.paragraph(span["id"])
        if paragraph is not None:
            yield paragraph.text[span["start"] : span["end"]]


def main() -> None:
    """Draw queries if requested, then score all of them, and write the results.

    Wrong queries that name neither a place nor a year are only counted.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true")
    is_drawing = parser.parse_args().draw
    with tempfile.TemporaryDirectory() as folder:
        searchkit.build(corpora.REAL, folder)
        with searchkit.open(folder) as index:
            data = json.loads(QUERIES.read_text(encoding="utf-8"))
            if is_drawing:
                data = draw(index, data)
                lists = (f' "{name}": [\n  {_lines(items)}\n ]' for name, items in data.items())
                QUERIES.write_text("{\n" + ",\n".join(lists) + "\n}\n", encoding="utf-8")
            results = score(index, data)
    for result in results.values():
        result["wrong"] = len(result["wrong"]) if result is results["none"] else result["wrong"]
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print({name: (result["queries"], result["right"]) for name, result in results.items()})


def _lines(items: Sequence[Any]) -> str:
    """Return the elements of a list as JSON, one per line."""
    return ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in items)


if __name__ == "__main__":
    main()
