"""Comparisons as charts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from searchkit.compare.table import Comparison
from searchkit.errors import SearchkitError, UsageError
from searchkit.model import Measure
from searchkit.output import chart
from searchkit.output.chart import draw_chart, render_chart
from searchkit.translation import set_language

MakeMeasure, MakeTable = Callable[..., Measure], Callable[..., Comparison]
FAMILY = "Searchkit Test Boxes"
"""Name of the font family of `font_file`."""


@pytest.fixture(autouse=True)
def matplotlib_only() -> None:
    """Skip the tests if the extra `chart` is not installed."""
    pytest.importorskip("matplotlib", reason="the extra chart is not installed")


@pytest.fixture(scope="module")
def font_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font in which the Chinese characters of these charts are squares: no installed font is needed."""
    builder = pytest.importorskip("fontTools.fontBuilder", reason="no fontTools").FontBuilder(1000, isTTF=True)
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 700), (750, 700), (750, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = {
        ord(character): f"g{n}"
        for n, character in enumerate("立案件滨海新区东丽监督检查临市万元一二三数据不致甲乙丙资料来源")
    }
    glyphs = [".notdef", *names.values()]
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(glyphs, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (800, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    path = tmp_path_factory.mktemp("font") / "boxes.ttf"
    builder.save(path)
    return path


@pytest.fixture
def only_font(font_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the font of squares the only font with Chinese characters."""
    from matplotlib import font_manager

    hide_installed_fonts(monkeypatch)
    font_manager.fontManager.addfont(font_file)
    yield
    font_manager.fontManager._findfont_cached.cache_clear()


def hide_installed_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave Matplotlib only DejaVu Sans, which it comes with and which has no Chinese characters."""
    from matplotlib import font_manager

    bundled = [entry for entry in font_manager.fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", bundled)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


@pytest.fixture
def by_years(make_measure: MakeMeasure, make_table: MakeTable) -> Comparison:
    """A comparison of two districts over three years, with a conflict."""
    dongli = {"region": ("天津市", "东丽区")}
    return make_table(
        [
            *(make_measure(f"a{year}#1", "立案", 100 + year % 10, "件", year=year) for year in (2021, 2022, 2023)),
            *(make_measure(f"b{year}#1", "立案", 50 + year % 10, "件", year=year, **dongli) for year in (2021, 2023)),
            make_measure("c#1", "立案", 130, "件"),
        ]
    )


@pytest.mark.usefixtures("only_font")
def test_chinese_is_drawn_as_outlines(by_years: Comparison, tmp_path: Path) -> None:
    """An SVG contains the outlines of its characters, so that viewers need no font."""
    draw_chart(by_years, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<text" not in text
    assert "L 4800 4480" in text  # a corner of the test font's squares
    for name in ("立案 (件)", "滨海新区", "东丽区"):
        assert f"<!-- {name} -->" in text


@pytest.mark.usefixtures("only_font")
def test_the_same_comparison_gives_the_same_file(by_years: Comparison, tmp_path: Path) -> None:
    """An SVG contains no date and no random names."""
    for name in ("a.svg", "b.svg"):
        draw_chart(by_years, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.usefixtures("only_font")
@pytest.mark.parametrize("year", [2022, 2023], ids=["lines", "bars"])
def test_lines_and_bars_are_written_as_png(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path, year: int
) -> None:
    """Lines and bars are written as PNG, also if the unit looks like an invalid formula ($), and a name begins with _.

    The legend of lines and the axis of bars show the name, after a blank: Matplotlib leaves names that begin with _ out
    of a legend.
    """
    measures = [
        make_measure("a#1", "立案", 129, r"$\件$"),
        make_measure("b#1", "立案", 7, r"$\件$", region=("_区",)),
        make_measure("c#1", "立案", 8, r"$\件$", region=("_区",), year=year),
    ]
    table = make_table(measures)
    draw_chart(table, tmp_path / "a.PNG")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    axes = chart._draw_figure(table, table.rows, chart._SIZES["print"]).axes[0]
    legend = axes.get_legend()
    labels = legend.get_texts() if legend else axes.get_yticklabels()
    assert bool(legend) == (year == 2022)
    assert " _区" in [label.get_text() for label in labels]


@pytest.mark.usefixtures("only_font")
def test_values_in_another_unit_are_not_drawn(make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path) -> None:
    """A district that counts 户 has no bar in a chart of 件."""
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 9, "户", region=("天津市", "东丽区")),
    ]
    draw_chart(make_table(measures), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<!-- 滨海新区 -->" in text
    assert "<!-- 东丽区 -->" not in text


@pytest.mark.usefixtures("only_font")
@pytest.mark.parametrize("years", [(2023,), (2022, 2023)], ids=["bars", "lines"])
@pytest.mark.parametrize(("unit", "is_explained"), [("户", False), ("件", True)])
def test_only_conflicts_that_are_drawn_are_explained(
    make_measure: MakeMeasure,
    make_table: MakeTable,
    tmp_path: Path,
    years: tuple[int, ...],
    unit: str,
    *,
    is_explained: bool,
) -> None:
    """A chart explains the mark of a conflict only if it draws the values that conflict.

    It does not draw values in another unit.
    """
    dongli = {"region": ("天津市", "东丽区"), "unit": unit}
    measures = [
        *(make_measure(f"{name}{year}#1", "立案", 129, "件", year=year) for name in "ab" for year in years),
        *(make_measure(f"{name}#1", "立案", value, **dongli) for name, value in (("c", 9), ("d", 7))),
    ]
    draw_chart(make_table(measures), tmp_path / "a.svg")
    assert ("reports disagree" in (tmp_path / "a.svg").read_text(encoding="utf-8")) == is_explained


@pytest.mark.usefixtures("only_font")
def test_only_values_are_drawn(make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path) -> None:
    """A plan and a total of several years are not points. A year without a value is a gap."""
    measures = [
        *(make_measure(f"{year}#1", "立案", 100 + year, "件", year=year) for year in (2018, 2019, 2023)),
        make_measure("a#1", "立案", 9, "件", year=2020, status="target"),
        make_measure("b#1", "立案", 900, "件", year=2021, of_year=2021, since=2017),
    ]
    table = make_table(measures)
    assert [value and value.value for value in chart._row_values(table, "滨海新区")] == [2118, 2119, None, None, 2123]
    points = chart._points(table, "滨海新区", range(2018, 2024))
    assert [point == point for point in points] == [True, True, False, False, False, True]  # noqa: PLR0124 - NaN
    draw_chart(table, tmp_path / "a.svg")


@pytest.mark.usefixtures("only_font")
@pytest.mark.parametrize(("count", "axes"), [(12, 1), (13, 16)])
def test_many_rows_are_small_multiples(make_measure: MakeMeasure, make_table: MakeTable, count: int, axes: int) -> None:
    """Up to twelve rows are lines that differ by colour, and by marker and line style.

    More rows have a chart each, four side by side.
    """
    measures = [
        make_measure(f"{n}-{year}#1", "立案", 100 + n, "件", year=year, region=(f"{n}区",))
        for n in range(count)
        for year in (2022, 2023)
    ]
    table = make_table(measures)
    figure = chart._draw_figure(table, table.rows, chart._SIZES["print"])
    assert len(figure.axes) == axes
    if axes == 1:
        looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in figure.axes[0].lines}
        assert len(looks) == len({look[0] for look in looks}) == len({look[1:] for look in looks}) == count


@pytest.mark.usefixtures("only_font")
@pytest.mark.parametrize(("years", "many"), [((2023,), 30), ((2022, 2023), 21)])
def test_a_slide_has_a_fixed_height(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path, years: tuple[int, ...], many: int
) -> None:
    """A slide has the same height for few rows and for many. In print, the chart of many rows is higher."""
    for count in (2, many):
        measures = [
            make_measure(f"{n}-{year}#1", "立案", 100 + n, "件", year=year, region=(f"{n}区",))
            for n in range(count)
            for year in years
        ]
        draw_chart(make_table(measures), tmp_path / "slide.svg", "slide")
        assert 'height="540pt"' in (tmp_path / "slide.svg").read_text(encoding="utf-8")
        draw_chart(make_table(measures), tmp_path / "print.svg")
        height = re.search(r'height="([\d.]+)pt"', (tmp_path / "print.svg").read_text(encoding="utf-8"))
        assert height is not None
        assert (float(height[1]) > 500) == (count == many)


@pytest.mark.parametrize(("years", "count", "what"), [((2023,), 401, "bars"), ((2022, 2023), 61, "rows")])
def test_too_many_rows_are_an_error(
    make_measure: MakeMeasure, make_table: MakeTable, tmp_path: Path, years: tuple[int, ...], count: int, what: str
) -> None:
    """A chart that would take minutes, or be too large for a PNG, is an error."""
    measures = [
        make_measure(f"{n}-{year}#1", "立案", 100 + n, "件", year=year, region=(f"{n}区",))
        for n in range(count)
        for year in years
    ]
    with pytest.raises(UsageError, match=f"{count} {what} are too many"):
        draw_chart(make_table(measures), tmp_path / "a.png")


@pytest.mark.usefixtures("only_font")
def test_one_year_is_a_ranking(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If only one column has values, the bars are in the order of their values, the largest first."""
    values = {"甲区": 5, "乙区": 90, "丙区": 30}
    table = make_table([make_measure(f"{name}#1", "立案", n, "件", region=(name,)) for name, n in values.items()])
    figure = chart._draw_figure(table, table.rows, chart._SIZES["slide"])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["乙区", "丙区", "甲区"]


@pytest.mark.usefixtures("only_font")
def test_sizes_differ(by_years: Comparison, tmp_path: Path) -> None:
    """A slide is larger than print, and another size is an error."""
    draw_chart(by_years, tmp_path / "a.svg")
    draw_chart(by_years, tmp_path / "slide.svg", "slide")
    assert "资料来源" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert 'width="453.6pt"' in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert 'width="959.76pt"' in (tmp_path / "slide.svg").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="print or slide"):
        draw_chart(by_years, tmp_path / "c.svg", "poster")


def test_settings_in_the_current_folder_are_ignored(tmp_path: Path) -> None:
    """Matplotlib reads a matplotlibrc of the current folder when it is imported, but not if searchkit imports it."""
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 40\n", encoding="utf-8")
    show = "print(matplotlib.rcParams['lines.linewidth'])"
    unguarded = f"import matplotlib\n{show}"
    guarded = (
        f"from searchkit.output import chart\nwith chart._without_local_settings():\n    import matplotlib\n{show}"
    )
    shown = [
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for code in (unguarded, guarded)
    ]
    assert shown[0] == "40.0\n" != shown[1]


@pytest.mark.usefixtures("only_font")
def test_a_chart_can_be_returned_as_bytes(by_years: Comparison, tmp_path: Path) -> None:
    """`render_chart` returns what `draw_chart` writes, also from several threads. Another format is an error."""
    draw_chart(by_years, tmp_path / "a.svg")
    with ThreadPoolExecutor(3) as pool:
        charts = list(pool.map(lambda _: render_chart(by_years), range(3)))
    assert charts == [(tmp_path / "a.svg").read_bytes()] * 3
    assert render_chart(by_years, "png", "slide").startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="the format of a chart is svg or png, not 'pdf'"):
        render_chart(by_years, "pdf")


def test_only_chinese_characters_need_a_chinese_font() -> None:
    """The font is chosen by the Chinese characters, those of the extensions included, without Hangul or kana."""
    assert chart._HAN.findall("立㐀䶮龥豈𠀀𲎯 한가 カな 。，（件） A1") == [*"立㐀䶮龥豈𠀀𲎯件"]


def test_a_missing_font_is_an_error_that_names_one(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no font has the Chinese characters, drawing raises an error that names a font to install."""
    hide_installed_fonts(monkeypatch)
    with pytest.raises(SearchkitError, match="Noto Sans CJK"):
        draw_chart(by_years, tmp_path / "a.svg")


def test_a_newly_installed_font_is_found(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font_file: Path
) -> None:
    """A font that is not yet in Matplotlib's list of fonts is found."""
    from matplotlib import font_manager

    hide_installed_fonts(monkeypatch)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(font_file)])
    draw_chart(by_years, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 0


def test_without_matplotlib_the_error_says_how_to_install_it(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains the command that installs Matplotlib."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SearchkitError, match=r"pip install matplotlib"):
        draw_chart(by_years, tmp_path / "a.svg")


@pytest.mark.usefixtures("only_font")
def test_files_that_cannot_be_written(by_years: Comparison, tmp_path: Path) -> None:
    """An unknown suffix is a UsageError; a missing folder is a SearchkitError."""
    with pytest.raises(UsageError, match=r"svg or \.png"):
        draw_chart(by_years, tmp_path / "a.pdf")
    with pytest.raises(SearchkitError, match=r"a\.svg: cannot be written: No such file or directory$"):
        draw_chart(by_years, tmp_path / "no" / "a.svg")


@pytest.mark.usefixtures("only_font")
def test_the_texts_of_a_chart_are_in_the_language_in_force(by_years: Comparison, tmp_path: Path) -> None:
    """The title and the explanation of a mark are in Chinese on a Chinese command line."""
    set_language("zh")
    try:
        draw_chart(by_years, tmp_path / "a.svg")
    finally:
        set_language("en")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<!-- 立案（件） -->" in text
    assert "<!-- ○ 数据不一致 -->" in text
