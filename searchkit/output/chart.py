"""A comparison as a picture (SVG or PNG): lines over years, or bars, with Chinese text that can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from searchkit.compare.axes import Label
from searchkit.compare.comparison import CellValue, Comparison
from searchkit.errors import SearchkitError, UsageError
from searchkit.output.cells import MARKS, number_text
from searchkit.processes import ROOT
from searchkit.text.characters import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")

FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC"),
    *("Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "Heiti TC", "PingFang HK"),
    *("STHeiti", "Noto Sans CJK JP", "Noto Serif CJK SC", "SimSun", "Songti SC", "Arial Unicode MS"),
)
"""Families that are preferred, the best first. Noto Sans CJK JP: all that Matplotlib before 3.11 sees of the file that
holds the Chinese family too."""

_MAX_LINES = 12
"""More rows than colours: bars instead."""
_MAX_BARS = 400
_WIDTH, _HEIGHT, _BAR_HEIGHT = 9.0, 5.0, 0.22
"""Inches."""
_DPI = 150
_HAN = ("\u4e00", "\U000323af")
"""From the first to the last code point of Chinese characters."""


def draw(made: Comparison, path: Path) -> None:
    """Draw a comparison into the file `path`: lines when the columns are years and the rows few, else bars.

    Only what is in the unit of the table is drawn; hollow points and hatched bars (of the first value) are
    conflicts. Raises UsageError for a suffix that is none of `SUFFIXES` or a table too large to read, SearchkitError
    without Matplotlib, without a font that has the characters, or when the file cannot be written.
    """
    check_suffix(path)
    if len(made.filled) > _MAX_BARS:
        raise UsageError(f"{len(made.filled)} figures are too many for a chart, {_MAX_BARS} at the most; use filters")
    try:
        with _without_found_settings():
            from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        raise SearchkitError("charts need Matplotlib: pip install 'searchkit[chart]'") from None
    rows = [row for row in made.rows if any(_drawn(made, row))]
    title = f"{made.indicator or made.query}{f' ({made.unit})' if made.unit else ''}"
    with _style("".join(map(str, (title, *rows, *made.cols, MARKS["conflict"][1])))):
        has_course = any(sum(reading is not None for reading in _drawn(made, row)) > 1 for row in rows)
        is_lined = made.cols_by == "year" and has_course and len(rows) <= _MAX_LINES
        height = _HEIGHT if is_lined else max(_HEIGHT / 2, 1 + len(made.filled) * _BAR_HEIGHT + len(rows) * 0.1)
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        (_lines if is_lined else _bars)(axes, made, rows)
        axes.set_title(safe(title))
        axes.spines[["top", "right"]].set_visible(False)
        try:
            # Without a date, the same comparison gives the same file.
            figure.savefig(path, dpi=_DPI, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        except OSError as error:
            raise SearchkitError(f"{path}: cannot be written: {error}") from error


def check_suffix(path: Path) -> None:
    """Raise UsageError for a file that no chart can be written to."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a chart is written to a file that ends in {' or '.join(SUFFIXES)}")


def _drawn(made: Comparison, row: Label) -> list[CellValue | None]:
    """What is drawn of a row: the first reading of each cell, None where there is none in the unit of the table."""
    first = [next(iter(made.filled.get((row, col), ())), None) for col in made.cols]
    return [None if reading is None or reading.is_other_unit else reading for reading in first]


def _lines(axes: Axes, made: Comparison, rows: Sequence[Label]) -> None:
    """A line for each row over the years, from the first to the last that has a value; it breaks where one has none."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    drawn = {row: dict(zip(made.cols, _drawn(made, row), strict=True)) for row in rows}
    filled = [int(col) for own in drawn.values() for col, reading in own.items() if reading is not None]
    years = range(min(filled), max(filled) + 1)
    for row, own in drawn.items():
        readings = [own.get(year) for year in years]
        values = [float("nan") if reading is None else reading.value for reading in readings]
        (line,) = axes.plot(years, values, marker="o", label=_name(row))
        for col in made.cols:
            said = [reading.value for reading in made.filled.get((row, col), ()) if not reading.is_other_unit]
            if len(said) > 1:
                axes.plot([col] * len(said), said, "o", color=line.get_color(), markerfacecolor="white", label="_")
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    _explain(axes, made, "○")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _bars(axes: Axes, made: Comparison, rows: Sequence[Label]) -> None:
    """A group of bars for each row, the first row on top, a bar for each column."""
    drawn = {row: dict(zip(made.cols, _drawn(made, row), strict=True)) for row in rows}
    cols = [col for col in made.cols if any(own[col] for own in drawn.values())]
    height = 0.8 / (len(cols) or 1)
    for number, col in enumerate(cols):
        places = [(y, drawn[row][col], row) for y, row in enumerate(rows)]
        filled = [(y + number * height, reading.value, row) for y, reading, row in places if reading is not None]
        bars = axes.barh([y for y, _, _ in filled], [value for _, value, _ in filled], height, label=_name(col))
        axes.bar_label(bars, [number_text(value) for _, value, _ in filled], padding=3, fontsize="small")
        for bar, (_, _, row) in zip(bars, filled, strict=True):
            bar.set_hatch("///" if len(made.filled[row, col]) > 1 else "")
    axes.set_yticks([y + (len(cols) - 1) * height / 2 for y in range(len(rows))], list(map(_name, rows)))
    axes.margins(y=0.02)
    axes.invert_yaxis()
    _explain(axes, made, "/")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _explain(axes: Axes, made: Comparison, mark: str) -> None:
    """Say below what conflicts are drawn as, if there are any."""
    if any(len(readings) > 1 for readings in made.filled.values()):
        axes.set_xlabel(f"{mark} {MARKS['conflict'][1]}", fontsize="small", loc="left")


def _name(label: Label) -> str:
    """A label as Matplotlib shows it: it would leave one that begins with _ out of a legend."""
    text = safe(str(label))
    return f" {text}" if text.startswith("_") else text


@contextmanager
def _without_found_settings() -> Iterator[None]:
    """Import Matplotlib from another folder where the current one, which may be anybody's, has settings for it."""
    if not os.path.lexists("matplotlibrc"):
        yield
        return
    here = os.getcwd()  # noqa: PTH109 - as bytes of the system
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(here)


@contextmanager
def _style(text: str) -> Iterator[None]:
    """Draw as Matplotlib does by itself, in a font with the characters of `text`, as outlines in SVG, $ as it is."""
    from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415

    settings = {
        "font.family": [
            _font({ord(character) for character in text if _HAN[0] <= character <= _HAN[1]}),
            "DejaVu Sans",
        ],
        "svg.fonttype": "path",
        "svg.hashsalt": "searchkit",
        "text.parse_math": False,
        "axes.unicode_minus": False,
    }
    log = getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(ERROR)  # it tells that a font which has but one weight is drawn in that one
    try:
        with rc_context(), catch_warnings():
            rcdefaults()
            rcParams.update(settings)
            simplefilter("ignore", UserWarning)  # a rare character that even the best font lacks is drawn as a box
            yield
    finally:
        log.setLevel(level)


def _font(needed: set[int]) -> str:
    """The installed family that has most of the code points, the preferred ones first. Raises SearchkitError."""
    from matplotlib.font_manager import findSystemFonts, fontManager, get_font  # noqa: PLC0415

    def best() -> tuple[int, str]:
        """How many code points the best family that is known lacks, and its name."""
        files = {entry.name: entry.fname for entry in sorted(fontManager.ttflist, key=lambda entry: str(entry.name))}
        named = {name: files[name] for name in (*FONTS, *files) if name in files and "Last Resort" not in name}
        least = (len(needed) + 1, "DejaVu Sans")
        for name, path in named.items():
            least = min(least, (len(needed - get_font(path).get_charmap().keys()), name), key=lambda found: found[0])
            if least[0] == 0:
                break
        return least

    lacks, name = best()
    if needed and lacks >= len(needed) / 2:  # perhaps it was installed after Matplotlib had listed all fonts
        known = {str(entry.fname) for entry in fontManager.ttflist}
        for path in findSystemFonts():
            if path not in known:
                with suppress(OSError, RuntimeError):
                    fontManager.addfont(path)
        lacks, name = best()
    if needed and lacks >= len(needed) / 2:
        raise SearchkitError("charts need a font with Chinese characters; install one, such as Noto Sans CJK")
    return name
