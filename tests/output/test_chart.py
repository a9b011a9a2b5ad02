"""Comparisons as pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from searchkit.compare.comparison import Comparison
from searchkit.errors import SearchkitError, UsageError
from searchkit.model import Measure
from searchkit.output.chart import draw

Said, Tabled = Callable[..., Measure], Callable[..., Comparison]
FAMILY = "Searchkit Test Boxes"


@pytest.fixture(autouse=True)
def matplotlib_only() -> None:
    """Skip where the extra is not installed."""
    pytest.importorskip("matplotlib", reason="the extra chart is not installed")


@pytest.fixture(scope="module")
def font_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font made here, in which each Chinese character is a square: tests need no font of the machine."""
    builder = pytest.importorskip("fontTools.fontBuilder", reason="no fontTools").FontBuilder(1000, isTTF=True)
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 700), (750, 700), (750, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = {
        ord(character): f"g{place}"
        for place, character in enumerate("立案件滨海新区东丽监督检查临市万元一二三数据不致")
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
    """No font with Chinese characters but the one made here."""
    from matplotlib import font_manager

    without(monkeypatch)
    font_manager.fontManager.addfont(font_file)
    yield
    font_manager.fontManager._findfont_cached.cache_clear()


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave Matplotlib nothing but the fonts that come with it."""
    from matplotlib import font_manager

    own = [entry for entry in font_manager.fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


@pytest.fixture
def by_years(said: Said, tabled: Tabled) -> Comparison:
    """Two districts over three years, with a conflict."""
    dongli = {"region": ("天津市", "东丽区")}
    return tabled(
        [
            *(said(f"a{year}#1", "立案", 100 + year % 10, "件", year=year) for year in (2021, 2022, 2023)),
            *(said(f"b{year}#1", "立案", 50 + year % 10, "件", year=year, **dongli) for year in (2021, 2023)),
            said("c#1", "立案", 130, "件"),
        ]
    )


@pytest.mark.usefixtures("only_font")
def test_chinese_is_drawn_as_outlines(by_years: Comparison, tmp_path: Path) -> None:
    """An SVG needs no font where it is shown: characters are paths of the font that has them."""
    draw(by_years, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<text" not in text
    assert "L 4800 4480" in text  # a corner of the test font's squares
    for name in ("立案 (件)", "滨海新区", "东丽区"):
        assert f"<!-- {name} -->" in text


@pytest.mark.usefixtures("only_font")
def test_the_same_comparison_is_the_same_file(by_years: Comparison, tmp_path: Path) -> None:
    """An SVG has neither date nor random names."""
    for name in ("a.svg", "b.svg"):
        draw(by_years, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.usefixtures("only_font")
@pytest.mark.parametrize("axes", [{}, {"rows": "year", "cols": "district"}])
def test_lines_and_bars_are_written_as_png(said: Said, tabled: Tabled, tmp_path: Path, axes: dict[str, str]) -> None:
    """Years as columns make lines, other facets bars; $ and _ in names are no commands."""
    found = [
        said("a#1", "立案", 129, "$件$"),
        said("b#1", "立案", 130, "$件$"),
        said("c#1", "立案", 7, "$件$", year=2022, region=("_区",)),
    ]
    draw(tabled(found, **axes), tmp_path / "a.PNG")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("only_font")
def test_what_is_in_another_unit_is_not_drawn(said: Said, tabled: Tabled, tmp_path: Path) -> None:
    """A district that counts 户 has no bar among those that count 件."""
    found = [said("a#1", "立案", 129, "件"), said("b#1", "立案", 9, "户", region=("天津市", "东丽区"))]
    draw(tabled(found), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<!-- 滨海新区 -->" in text
    assert "<!-- 东丽区 -->" not in text


def test_without_a_font_one_line_says_what_to_install(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes instead of characters are no chart."""
    without(monkeypatch)
    with pytest.raises(SearchkitError, match="Noto Sans CJK"):
        draw(by_years, tmp_path / "a.svg")


def test_a_font_installed_since_is_found(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font_file: Path
) -> None:
    """Matplotlib's list of fonts may be older than the font."""
    from matplotlib import font_manager

    without(monkeypatch)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(font_file)])
    draw(by_years, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 0


def test_without_the_library_the_extra_is_named(
    by_years: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SearchkitError, match=r"pip install 'searchkit\[chart\]'"):
        draw(by_years, tmp_path / "a.svg")


@pytest.mark.usefixtures("only_font")
def test_bad_files_are_refused(by_years: Comparison, tmp_path: Path) -> None:
    """A suffix that is no picture is wrong usage; a folder that is not there cannot be written to."""
    with pytest.raises(UsageError, match=r"svg or \.png"):
        draw(by_years, tmp_path / "a.pdf")
    with pytest.raises(SearchkitError, match="cannot be written"):
        draw(by_years, tmp_path / "no" / "a.svg")
