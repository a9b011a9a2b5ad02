"""A comparison as a chart file (SVG or PNG): lines over the years, or bars. Pages draw their chart in web/comparing.

Chinese text needs an installed Chinese font.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from logging import ERROR, getLogger
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from searchkit.compare.axes import AxisLabel
from searchkit.compare.table import CellValue, Comparison
from searchkit.errors import SearchkitError, UsageError, install_command
from searchkit.names import YEAR_FACETS
from searchkit.output.cells import CELL_MARKS, number_text
from searchkit.output.writing import replacing_file
from searchkit.processes import ROOT_FOLDER
from searchkit.text.characters import sanitize
from searchkit.translation import gettext, in_brackets

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

CHART_SIZES = ("print", "slide")
"""Names of the sizes of charts."""


@dataclass(frozen=True, slots=True)
class _Size:
    """A size of charts."""

    width: float
    """Width in inches."""
    height: float
    """Height in inches. In print, a chart with bars or small multiples is as high as they need, at least half of this
    height. On a slide, its text is smaller instead, down to `_MIN_FONT`."""
    font: float
    """Size of the text in points."""
    dpi: int
    """Resolution of a PNG, in pixels per inch."""
    is_slide: bool = False
    """Whether the height is fixed. It is exceeded only if the text would otherwise be smaller than `_MIN_FONT`."""


_SIZES = {"print": _Size(6.3, 4.0, 9, 300), "slide": _Size(13.33, 7.5, 16, 150, is_slide=True)}
"""The sizes by name: 16 cm wide for print, and a slide of 16:9."""
_MIN_FONT = 6
"""Smallest size, in points, to which text is reduced so that a chart fits a slide."""
_MAX_LINES = 12
"""Maximum number of rows that are lines of one chart. More rows are small multiples: a chart for each."""
_COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f3c8d", "#000000", "#a65628", "#66a61e"),
    *("#e7298a", "#666666"),
)
_MARKERS, _STYLES = "osD^vP", ("-", "--")
"""Colours, markers and styles of lines. No two of the first twelve lines have the same colour or the same marker and
style, so that they can be told apart in black and white."""
_MULTIPLES_PER_ROW = 4
"""Number of small multiples side by side."""
_MAX_FILLED_CELLS = 1500
"""Maximum number of filled cells in a chart."""
_MAX_MULTIPLES, _MAX_BARS = 60, 400
"""Maximum numbers of small multiples and of bars. More take minutes, or exceed the size of a PNG."""
_BAR_HEIGHT, _GROUP_GAP = 1.6, 0.7
"""Height of a bar, and of the gap between the bars of two rows, in lines of text."""
_SMALL = 0.8
"""Size of the line with the source and of the titles of small multiples, relative to other text. The labels of the axes
of small multiples are reduced by it twice."""
_MAX_NAMED_DOCTYPES = 3
"""Maximum number of kinds of reports that the source names."""
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
"""Matches a Chinese character: Extension A, the basic block, compatibility ideographs, the later extensions."""


_drawing = Lock()
"""Held while a chart is drawn, because Matplotlib is not thread-safe."""


def draw_chart(comparison: Comparison, path: Path, size: str = "print") -> None:
    """Draw a comparison into a file. The suffix of `path`, one of `CHART_SUFFIXES`, is the format. See `render_chart`.

    Raises UsageError for another suffix, SearchkitError if the file cannot be written, and the exceptions of
    `render_chart`.
    """
    check_suffix(path)
    content = render_chart(comparison, path.suffix.lower().removeprefix("."), size)
    try:
        with replacing_file(path) as file:
            file.write_bytes(content)
    except OSError as error:
        raise SearchkitError(f"{path}: cannot be written: {error.strerror}") from error


def render_chart(comparison: Comparison, chart_format: str = "svg", size: str = "print") -> bytes:
    """Draw a comparison as lines, as small multiples or as bars, and return the bytes of the SVG or PNG.

    `chart_format` is svg or png, `size` one of `CHART_SIZES`. Thread-safe: charts are drawn one after another.

    If the columns are years, and a row has values for two of them, rows are lines: in one chart, or if there are more
    than `_MAX_LINES`, in a chart for each. A year without a value is a gap. Otherwise rows have bars; if only one
    column has values, the largest value comes first. Only the values of cells are drawn: no plans, no totals of several
    years, no values in another unit, no cells of several places or bodies. Rows without a value are left out. If the
    values of a cell conflict, a line goes through the first, and a hollow point marks each of them; a bar shows the
    first and is hatched. A line below names the source.

    Settings in the current folder, the environment or the user's home change nothing. Raises UsageError for another
    format or size, or if the chart would have more than `_MAX_FILLED_CELLS` filled cells, `_MAX_MULTIPLES` small
    multiples or `_MAX_BARS` bars. Raises SearchkitError if Matplotlib is not installed, or if no installed font has
    more than half of the chart's Chinese characters.
    """
    if f".{chart_format}" not in CHART_SUFFIXES:
        raise UsageError(f"the format of a chart is svg or png, not {chart_format!r}")
    if size not in _SIZES:
        raise UsageError(f"the size of a chart is {' or '.join(CHART_SIZES)}, not {size!r}")
    _check_count("filled cells", len(comparison.filled), _MAX_FILLED_CELLS)
    try:
        with _without_local_settings():
            import matplotlib.figure  # noqa: F401, PLC0415 - an extra; the first import reads the settings
    except ImportError:
        raise SearchkitError(f"charts need Matplotlib: {install_command('matplotlib')}") from None
    rows = [row for row in comparison.rows if any(_row_values(comparison, row))]
    if _has_lines(comparison, rows):
        _check_count("rows", len(rows), _MAX_MULTIPLES)
    else:
        _check_count(
            "bars", sum(value is not None for row in rows for value in _row_values(comparison, row)), _MAX_BARS
        )
    title = f"{comparison.indicator or comparison.query}{in_brackets(comparison.unit or '')}"
    filled_cols = {cell.col for cell in comparison.filled.values() if cell.value}
    title += f", {next(iter(filled_cols))}" if len(filled_cols) == 1 else ""
    source = _source_line(comparison)
    texts = (title, source, *rows, *comparison.cols, gettext(CELL_MARKS["conflict"][1]))
    fitted = _fit_text(_SIZES[size], _count_lines(comparison, rows))
    with _drawing, _chart_style("".join(map(str, texts)), fitted):
        figure = _draw_figure(comparison, rows, fitted)
        figure.suptitle(sanitize(title), x=0.01, ha="left", fontsize="large", fontweight="bold")
        figure.supxlabel(sanitize(source), x=0.01, ha="left", fontsize=fitted.font * _SMALL, color="#555555")
        # No date in an SVG, so that the same comparison gives the same file. A PNG has no date by default.
        metadata = {"Date": None} if chart_format == "svg" else None
        content = BytesIO()
        figure.savefig(content, format=chart_format, dpi=fitted.dpi, metadata=metadata)
    return content.getvalue()


def _check_count(what: str, count: int, most: int) -> None:
    """Raise UsageError if a chart would have too many of something."""
    if count > most:
        raise UsageError(
            f"{count} {what} are too many for a chart (at most {most}); use filters", code="chart_too_large"
        )


def _source_line(comparison: Comparison) -> str:
    """Return the source of the values: the kinds, the number and the years of the reports. Empty without values."""
    measures = {
        item.document: item for cell in comparison.filled.values() if cell.value for item in cell.value.measures[:1]
    }
    if not measures:
        return ""
    doctypes = list(dict.fromkeys(item.doctype or "报告" for item in measures.values()))
    names = "、".join(doctypes[:_MAX_NAMED_DOCTYPES]) + "等" * (len(doctypes) > _MAX_NAMED_DOCTYPES)
    years = sorted({item.year for item in measures.values() if item.year is not None})
    span = "" if not years else f"{years[0]}年" if len(years) == 1 else f"{years[0]}—{years[-1]}年"
    return f"资料来源：{span}{names}（{len(measures)}份）"


def _has_lines(comparison: Comparison, rows: Sequence[AxisLabel]) -> bool:
    """Return whether a chart has lines over years, not bars."""
    has_trend = any(sum(value is not None for value in _row_values(comparison, row)) > 1 for row in rows)
    return comparison.cols_by in YEAR_FACETS and has_trend


def _filled_columns(comparison: Comparison, rows: Sequence[AxisLabel]) -> list[AxisLabel]:
    """Return the columns with a value."""
    return [col for col in comparison.cols if any(comparison.cell(row, col).value for row in rows)]


def _count_lines(comparison: Comparison, rows: Sequence[AxisLabel]) -> float:
    """Return the height of a chart with bars or small multiples, in lines of text; 0 for any other chart."""
    # The first summand of each sum is the height of what is around the bars or small charts: title, axis and source.
    if not _has_lines(comparison, rows):
        cols = _filled_columns(comparison, rows)
        bars = sum(comparison.cell(row, col).value is not None for row in rows for col in cols)
        return 6 + bars * _BAR_HEIGHT + len(rows) * _GROUP_GAP
    return 5 + 10 * -(-len(rows) // _MULTIPLES_PER_ROW) if len(rows) > _MAX_LINES else 0


def _fit_text(size: _Size, lines: float) -> _Size:
    """Return a size with text so small that `lines` lines of text fit a slide, but not smaller than `_MIN_FONT`.

    A size for print is returned unchanged.
    """
    if not size.is_slide or lines * size.font / 72 <= size.height:
        return size
    return replace(size, font=max(_MIN_FONT, size.height * 72 / lines))


def _draw_figure(comparison: Comparison, rows: Sequence[AxisLabel], size: _Size) -> Figure:
    """Return a figure of some rows, as lines, small multiples or bars, without a title."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    lines = _count_lines(comparison, rows)
    least = size.height if size.is_slide or not lines else size.height / 2
    figure = Figure(figsize=(size.width, max(least, lines * size.font / 72)), layout="constrained")
    if not _has_lines(comparison, rows):
        cols = _filled_columns(comparison, rows)
        _draw_bars(figure.add_subplot(), comparison, _rank(comparison, rows, cols), cols)
    elif lines:
        _draw_multiples(figure, comparison, rows, size)
    else:
        _draw_lines(figure.add_subplot(), comparison, rows)
    return figure


def _rank(comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]) -> list[AxisLabel]:
    """Return the rows by descending value if there is one column, otherwise in their order."""
    if len(cols) != 1:
        return list(rows)
    values = {row: comparison.cell(row, cols[0]).value for row in rows}
    return sorted(rows, key=lambda row: -value.value if (value := values[row]) else 0)


def check_suffix(path: Path) -> None:
    """Raise UsageError if the suffix of a file is not in `CHART_SUFFIXES`."""
    if path.suffix.lower() not in CHART_SUFFIXES:
        raise UsageError(f"{path}: the name of a chart file must end in {' or '.join(CHART_SUFFIXES)}")


def _row_values(comparison: Comparison, row: AxisLabel) -> list[CellValue | None]:
    """Return the value to draw for each cell of a row: `Cell.value`."""
    return [comparison.cell(row, col).value for col in comparison.cols]


def _filled_years(comparison: Comparison, rows: Sequence[AxisLabel]) -> range:
    """Return the years from the first to the last with a value in any row."""
    years = [
        int(col)
        for row in rows
        for col, value in zip(comparison.cols, _row_values(comparison, row), strict=True)
        if value is not None
    ]
    return range(min(years), max(years) + 1)


def _points(comparison: Comparison, row: AxisLabel, years: range) -> list[float]:
    """Return the value of a row for each year. It is NaN, which breaks a line, for a year without a value."""
    values = dict(zip(comparison.cols, _row_values(comparison, row), strict=True))
    return [float("nan") if (value := values.get(year)) is None else value.value for year in years]


def _draw_lines(axes: Axes, comparison: Comparison, rows: Sequence[AxisLabel]) -> None:
    """Draw a line for each row. A year without a value breaks the line."""
    years = _filled_years(comparison, rows)
    for n, row in enumerate(rows):
        colour, marker = _COLOURS[n % len(_COLOURS)], _MARKERS[n % len(_MARKERS)]
        style = _STYLES[n // len(_MARKERS) % len(_STYLES)]
        points = _points(comparison, row, years)
        axes.plot(years, points, color=colour, marker=marker, linestyle=style, markersize=4, label=_legend_label(row))
        _draw_conflicts(axes, comparison, row, colour)
    _scale_years(axes, years, [value for row in rows for value in _row_values(comparison, row) if value])
    _explain_conflicts(axes, comparison, "○")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _draw_multiples(figure: Figure, comparison: Comparison, rows: Sequence[AxisLabel], size: _Size) -> None:
    """Draw a small chart for each row, all on the same scale. Each shows the other rows in grey."""
    years = _filled_years(comparison, rows)
    grid = figure.subplots(
        -(-len(rows) // _MULTIPLES_PER_ROW), _MULTIPLES_PER_ROW, sharex=True, sharey=True, squeeze=False
    )
    values = [value for row in rows for value in _row_values(comparison, row) if value]
    points = {row: _points(comparison, row, years) for row in rows}
    # In each chart, all rows are drawn as one grey line with gaps: a line for each row would take far longer to draw.
    gap = float("nan")
    everywhere = [x for _ in rows for x in (*years, gap)], [y for row in rows for y in (*points[row], gap)]
    for n, axes in enumerate(grid.flat):
        if n >= len(rows):
            axes.set_axis_off()
            continue
        row = rows[n]
        axes.plot(*everywhere, color="#dddddd", linewidth=0.5, label="_")
        axes.plot(years, points[row], color=_COLOURS[0], marker="o", markersize=2, linewidth=1.2, label="_")
        _draw_conflicts(axes, comparison, row, _COLOURS[0])
        axes.set_title(sanitize(str(row)), fontsize=size.font * _SMALL, loc="left", pad=2)
        axes.tick_params(labelsize=size.font * _SMALL * _SMALL)
        axes.spines[["top", "right"]].set_visible(False)
        _scale_years(axes, years, values)


def _scale_years(axes: Axes, years: range, values: Sequence[CellValue]) -> None:
    """Set the scales: years with a margin, values from 0. If there are negative values, draw a line at 0 instead."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if all(value.value >= 0 for value in values):
        axes.set_ylim(bottom=0)
    else:
        axes.axhline(0, color="#888888", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_conflicts(axes: Axes, comparison: Comparison, row: AxisLabel, colour: object) -> None:
    """Draw a hollow point for each value of each cell of a row that has a conflict."""
    for col in comparison.cols:
        cell = comparison.cell(row, col)
        if cell.state == "conflict":  # Matplotlib leaves the label _ out of the legend
            values = [value.value for value in cell.values]
            axes.plot([col] * len(values), values, "o", color=colour, markerfacecolor="white", label="_")


def _draw_bars(axes: Axes, comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]) -> None:
    """Draw a group of bars for each row, the first row on top, with a bar for each column that has a value."""
    height = 0.8 / (len(cols) or 1)
    for n, col in enumerate(cols):  # row y has its bars at y, y + height, y + 2 * height …
        cells = [(y, comparison.cell(row, col)) for y, row in enumerate(rows)]
        filled = [(y + n * height, value.value, cell.state) for y, cell in cells if (value := cell.value) is not None]
        colour = _COLOURS[n % len(_COLOURS)]
        places, numbers = [y for y, _, _ in filled], [value for _, value, _ in filled]
        bars = axes.barh(places, numbers, height, label=_legend_label(col), color=colour)
        axes.bar_label(bars, [number_text(value) for value in numbers], padding=3, fontsize="small")
        for bar, (_, _, state) in zip(bars, filled, strict=True):
            bar.set_hatch("///" if state == "conflict" else "")
    axes.set_yticks([y + (len(cols) - 1) * height / 2 for y in range(len(rows))], list(map(_legend_label, rows)))
    axes.margins(x=0.12, y=0.02)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    _explain_conflicts(axes, comparison, "/")
    if len(cols) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _explain_conflicts(axes: Axes, comparison: Comparison, mark: str) -> None:
    """Explain the mark of conflicts below the chart, if there are conflicts."""
    if any(cell.state == "conflict" for cell in comparison.filled.values()):
        axes.set_xlabel(f"{mark} {gettext(CELL_MARKS['conflict'][1])}", fontsize="small", loc="left")


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
def _chart_style(text: str, size: _Size) -> Iterator[None]:
    """Use the default settings of Matplotlib and the best font for the Chinese characters of `text`.

    Characters that this font lacks are drawn in DejaVu Sans. Raises SearchkitError as `_find_font` does.
    """
    from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415

    settings = {
        "font.family": [_find_font(set(map(ord, _HAN.findall(text)))), "DejaVu Sans"],
        "font.size": size.font,
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
