"""Draws the plot of README.md: search times by class of queries, one panel per corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.figures import Record, groups, milliseconds, searched_corpora

_ENGINES = {
    "searchkit": ("#1b6ca8", "o"),
    "searchkit, product": ("#7fb3d5", "o"),
    "tantivy": ("#c0392b", "D"),
    "tantivy, bigrams": ("#e6a19a", "D"),
    "SQLite FTS5": ("#7d8a2e", "s"),
    "whoosh": ("#8e6bb0", "^"),
}
"""Colour and marker of the points of each engine, or configuration of an engine, by its name in README.md.

`searchkit` is the engine with prepared queries, `searchkit, product` a whole search from the typed query to the hits
with snippets. `tantivy` indexes words, `tantivy, bigrams` pairs of adjacent characters for phrases.
"""


def draw(record: Record, path: Path) -> None:
    """Draw the plot of the record of a run (`bench.run`) as SVG. The output is deterministic."""
    mpl.rcParams["svg.hashsalt"] = "searchkit"
    corpora = searched_corpora(record)
    legend: dict[str, Any] = {}
    figure, panels = plt.subplots(1, len(corpora), figsize=(4 + 3 * len(corpora), 5.5), sharey=True, squeeze=False)
    for panel, (name, part) in zip(panels[0], corpora.items(), strict=True):
        classes = [*groups(part, phrases=False), *groups(part, phrases=True)]
        for engine, (colour, marker) in _ENGINES.items():
            points = [(time, y) for y, group in enumerate(classes) if (time := milliseconds(part, group, engine))]
            if points:
                x, y = zip(*points, strict=True)
                legend[engine] = panel.scatter(x, y, c=colour, marker=marker, s=26, zorder=3)
        panel.set(xscale="log", xlabel="milliseconds", title=f"{name}: {part['paragraphs']:,} paragraphs")
        panel.set_yticks(range(len(classes)), classes)
        panel.grid(axis="both", color="#dddddd", linewidth=0.6)
    panels[0][0].invert_yaxis()
    figure.legend(legend.values(), legend, loc="lower center", ncols=len(legend), frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
