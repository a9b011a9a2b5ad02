"""A comparison as a chart (SVG or PNG): lines over the years, or bars. Chinese text needs an installed Chinese font."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from searchkit.compare.axes import AxisLabel
from searchkit.compare.comparison import CellValue, Comparison
from searchkit.errors import SearchkitError, UsageError
from searchkit.output.cells import CELL_MARKS, number_text
from searchkit.processes import ROOT_FOLDER
from searchkit.text.characters import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHART_SUFFIXES = (".svg", ".png")
"""Suffixes of the files that a chart can be written to. They decide the format."""

PREFERRED_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC"),
    *("Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "Heiti TC", "PingFang HK"),
    *("STHeiti", "Noto Sans CJK JP", "Noto Serif CJK SC", "SimSun", "Songti SC", "Arial Unicode MS"),
)
"""Families of Chinese fonts in order of preference. Noto Sans CJK JP is in the list because a font file can contain
several families, and Matplotlib before 3.11 finds only the first: in the file that also contains Noto Sans CJK SC, the
first is Noto Sans CJK JP."""

_MAX_LINES = 12
"""Maximum number of rows that are drawn as lines. Matplotlib repeats its ten colours, so many lines look the same."""
_MAX_FILLED_CELLS = 400
"""Maximum number of filled cells in a chart. Drawn as bars, 400 cells are a chart 90 inches (230 cm) high."""
_WIDTH_INCHES, _HEIGHT_INCHES = 9.0, 5.0
"""Size of a chart with lines. A chart with bars has the same width, and is as high as its bars need."""
_BAR_HEIGHT_INCHES, _GROUP_GAP_INCHES = 0.22, 0.1
"""Height of a bar, and of the gap between the bars of two rows."""
_DPI = 150
"""Resolution of a PNG, in pixels per inch."""
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
"""Matches a Chinese character: Extension A, the basic block, compatibility ideographs, the later extensions."""


def draw_chart(comparison: Comparison, path: Path) -> None:
    """Draw a comparison into a file, as lines or as bars.

    A chart has lines if the columns are years, at least one row has values for two years, and there are at most
    `_MAX_LINES` rows. Otherwise it has bars. Only values in the unit of the table are drawn, and rows without such a
    value are left out. If a cell has several values, a line goes through the first, and a hollow point marks each of
    them; a bar shows the first and is hatched.

    Raises UsageError if the suffix is not in `CHART_SUFFIXES` or the table has more than `_MAX_FILLED_CELLS` filled
    cells. Raises SearchkitError if Matplotlib is not installed, if no installed font has more than half of the
    chart's Chinese characters, or if the file cannot be written.
    """
    check_suffix(path)
    count = len(comparison.cell_values)
    if count > _MAX_FILLED_CELLS:
        raise UsageError(f"{count} filled cells are too many for a chart (at most {_MAX_FILLED_CELLS}); use filters")
    try:
        with _without_local_settings():
            import matplotlib.figure  # noqa: F401, PLC0415 - an extra; the first import reads the settings
    except ImportError:
        raise SearchkitError("charts need Matplotlib: pip install 'searchkit[chart]'") from None
    rows = [row for row in comparison.rows if any(_row_values(comparison, row))]
    title = f"{comparison.indicator or comparison.query}{f' ({comparison.unit})' if comparison.unit else ''}"
    with _chart_style("".join(map(str, (title, *rows, *comparison.cols, CELL_MARKS["conflict"][1])))):
        figure = _draw_figure(comparison, rows)
        figure.axes[0].set_title(sanitize(title))
        try:
            # No date in an SVG, so that the same comparison gives the same file. A PNG has no date by default.
            figure.savefig(path, dpi=_DPI, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        except OSError as error:
            raise SearchkitError(f"{path}: cannot be written: {error}") from error


def _draw_figure(comparison: Comparison, rows: Sequence[AxisLabel]) -> Figure:
    """Return a figure of some rows, as lines or as bars, without a title."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    has_trend = any(sum(value is not None for value in _row_values(comparison, row)) > 1 for row in rows)
    has_lines = comparison.cols_by == "year" and has_trend and len(rows) <= _MAX_LINES
    bars_height = 1 + len(comparison.cell_values) * _BAR_HEIGHT_INCHES + len(rows) * _GROUP_GAP_INCHES
    height = _HEIGHT_INCHES if has_lines else max(_HEIGHT_INCHES / 2, bars_height)
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    axes = figure.add_subplot()
    (_draw_lines if has_lines else _draw_bars)(axes, comparison, rows)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def check_suffix(path: Path) -> None:
    """Raise UsageError if the suffix of a file is not in `CHART_SUFFIXES`."""
    if path.suffix.lower() not in CHART_SUFFIXES:
        raise UsageError(f"{path}: the name of a chart file must end in {' or '.join(CHART_SUFFIXES)}")


def _row_values(comparison: Comparison, row: AxisLabel) -> list[CellValue | None]:
    """Return the value to draw for each cell of a row: the first value, or None if there is nothing to draw.

    There is nothing to draw for an empty cell, and for a value in another unit than the table.
    """
    values = [next(iter(comparison.cell_values.get((row, col), ())), None) for col in comparison.cols]
    return [None if value is None or value.has_other_unit else value for value in values]


def _draw_lines(axes: Axes, comparison: Comparison, rows: Sequence[AxisLabel]) -> None:
    """Draw a line for each row. A year without a value breaks the line.

    The axis goes from the first to the last year with a value in any row.
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    values_of = {row: dict(zip(comparison.cols, _row_values(comparison, row), strict=True)) for row in rows}
    filled_years = [int(col) for row in values_of.values() for col, value in row.items() if value is not None]
    years = range(min(filled_years), max(filled_years) + 1)
    for row, values in values_of.items():
        by_year = [values.get(year) for year in years]
        points = [float("nan") if value is None else value.value for value in by_year]  # NaN breaks the line
        (line,) = axes.plot(years, points, marker="o", label=_legend_label(row))
        _draw_conflicts(axes, comparison, row, line.get_color())
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    _explain_conflicts(axes, comparison, "○")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _draw_conflicts(axes: Axes, comparison: Comparison, row: AxisLabel, colour: object) -> None:
    """Draw a hollow point for each value of the cells of a row with several values."""
    for col in comparison.cols:
        values = _values_in_unit(comparison.cell_values.get((row, col), ()))
        if len(values) > 1:  # Matplotlib leaves the label _ out of the legend
            axes.plot([col] * len(values), values, "o", color=colour, markerfacecolor="white", label="_")


def _draw_bars(axes: Axes, comparison: Comparison, rows: Sequence[AxisLabel]) -> None:
    """Draw a group of bars for each row, the first row on top, with a bar for each column that has a value."""
    values_of = {row: dict(zip(comparison.cols, _row_values(comparison, row), strict=True)) for row in rows}
    cols = [col for col in comparison.cols if any(values[col] for values in values_of.values())]
    height = 0.8 / (len(cols) or 1)
    for n, col in enumerate(cols):  # row y has its bars at y, y + height, y + 2 * height …
        cells = [(y, values_of[row][col], row) for y, row in enumerate(rows)]
        filled = [(y + n * height, value.value, row) for y, value, row in cells if value is not None]
        bars = axes.barh([y for y, _, _ in filled], [value for _, value, _ in filled], height, label=_legend_label(col))
        axes.bar_label(bars, [number_text(value) for _, value, _ in filled], padding=3, fontsize="small")
        for bar, (_, _, row) in zip(bars, filled, strict=True):
            bar.set_hatch("///" if len(_values_in_unit(comparison.cell_values[row, col])) > 1 else "")
    axes.set_yticks([y + (len(cols) - 1) * height / 2 for y in range(len(rows))], list(map(_legend_label, rows)))
    axes.margins(y=0.02)
    axes.invert_yaxis()
    _explain_conflicts(axes, comparison, "/")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _explain_conflicts(axes: Axes, comparison: Comparison, mark: str) -> None:
    """Explain the mark of conflicts below the chart, if any are drawn."""
    if any(len(_values_in_unit(values)) > 1 for values in comparison.cell_values.values()):
        axes.set_xlabel(f"{mark} {CELL_MARKS['conflict'][1]}", fontsize="small", loc="left")


def _values_in_unit(values: Sequence[CellValue]) -> list[int | float]:
    """Return the numbers of the values that are in the unit of the table."""
    return [value.value for value in values if not value.has_other_unit]


def _legend_label(label: AxisLabel) -> str:
    """Return the text of a label. A label that begins with _ gets a space before it, or Matplotlib would hide it."""
    text = sanitize(str(label))
    return f" {text}" if text.startswith("_") else text


@contextmanager
def _without_local_settings() -> Iterator[None]:
    """Make Matplotlib ignore a file `matplotlibrc` in the current folder, which is not trusted.

    Matplotlib reads the file when it is imported. If there is one, the block runs in the root folder.
    """
    if not os.path.lexists("matplotlibrc"):
        yield
        return
    current_folder = os.getcwd()  # noqa: PTH109 - the counterpart of os.chdir
    os.chdir(ROOT_FOLDER)
    try:
        yield
    finally:
        os.chdir(current_folder)


@contextmanager
def _chart_style(text: str) -> Iterator[None]:
    """Use the default settings of Matplotlib and the best font for the Chinese characters of `text`.

    Characters that this font lacks are drawn in DejaVu Sans. Raises SearchkitError as `_find_font` does.
    """
    from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415

    settings = {
        "font.family": [_find_font(set(map(ord, _HAN.findall(text)))), "DejaVu Sans"],
        "svg.fonttype": "path",  # outlines instead of text, so that a viewer needs no font
        "svg.hashsalt": "searchkit",  # a fixed one, so that the ids in the file are always the same
        "text.parse_math": False,  # $ has no special meaning
        "axes.unicode_minus": False,  # Chinese fonts may lack U+2212
    }
    log = getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(ERROR)  # no warnings that a font has only one weight
    try:
        with rc_context(), catch_warnings():
            rcdefaults()
            rcParams.update(settings)
            simplefilter("ignore", UserWarning)  # no warnings that both fonts lack a character, which becomes a box
            yield
    finally:
        log.setLevel(level)


def _find_font(code_points: set[int]) -> str:
    """Return the installed font family that has the most of the code points.

    Of several such families, the first of `PREFERRED_FONTS` is returned, or else the first by name. Raises
    SearchkitError if the best family lacks at least half of the code points.
    """
    missing, name = _best_listed_font(code_points)
    if code_points and missing >= len(code_points) / 2:
        _list_new_fonts()
        missing, name = _best_listed_font(code_points)
    if code_points and missing >= len(code_points) / 2:
        raise SearchkitError("charts need a font with Chinese characters; install one, such as Noto Sans CJK")
    return name


def _best_listed_font(code_points: set[int]) -> tuple[int, str]:
    """Return the number of code points that the best family in Matplotlib's list lacks, and the name of the family."""
    from matplotlib.font_manager import fontManager, get_font  # noqa: PLC0415

    files = {entry.name: entry.fname for entry in sorted(fontManager.ttflist, key=lambda entry: str(entry.name))}
    families = {  # without Last Resort of macOS, which has a placeholder for every code point
        name: files[name] for name in (*PREFERRED_FONTS, *files) if name in files and "Last Resort" not in name
    }
    best = (len(code_points) + 1, "DejaVu Sans")
    for name, path in families.items():
        missing = len(code_points - get_font(path).get_charmap().keys())
        best = min(best, (missing, name), key=lambda family: family[0])
        if best[0] == 0:
            break
    return best


def _list_new_fonts() -> None:
    """Add the fonts to Matplotlib's list that were installed after Matplotlib wrote the list. Skips damaged files."""
    from matplotlib.font_manager import findSystemFonts, fontManager  # noqa: PLC0415

    listed_files = {str(entry.fname) for entry in fontManager.ttflist}
    for path in findSystemFonts():
        if path not in listed_files:
            with suppress(OSError, RuntimeError):
                fontManager.addfont(path)
