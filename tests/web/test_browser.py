"""The pages in a real browser (Debian's chromium): keys, swaps in place, history, widths, themes, print, no scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browsing import SCREENS, WIDTHS, Monitor, overflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page.

    The test fails at the end if the page violated its Content-Security-Policy, opened a dialog, wrote a warning or
    error to the console, or sent a request to another server.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    monitor = Monitor.of(page, address)
    yield page
    context.close()
    assert monitor.problems == []


def test_a_click_on_a_facet_value_changes_the_results_in_place(page: Page, address: str) -> None:
    """A click on a value changes the results and the URL.

    It keeps the scroll position and does not reload the page; back and forward undo and redo it.
    """
    page.goto(f"{address}search?query=处罚")
    page.evaluate("window.marker = 1; window.scrollTo(0, 300)")
    before = page.locator(".total strong").inner_text()
    value = page.locator(".facet .value a", has_text="成效").first
    expected = value.locator(".n").inner_text()
    value.click()
    page.wait_for_url("**section=*")
    page.locator(".chip", has_text="成效").wait_for()
    assert page.locator(".total strong").inner_text() == expected
    assert page.evaluate("window.marker") == 1
    assert page.evaluate("window.scrollY") > 200
    page.go_back()
    page.locator(".chip").wait_for(state="detached")
    assert page.locator(".total strong").inner_text() == before
    page.go_forward()
    page.locator(".chip", has_text="成效").wait_for()


def test_the_keyboard_is_enough(page: Page, address: str) -> None:
    """/ focuses the search box, j and k select a hit, Enter opens it, n goes to the next match, ? lists the keys."""
    page.goto(f"{address}search")
    page.keyboard.press("/")
    page.keyboard.type("处罚")
    page.keyboard.press("Enter")
    page.locator(".hit").first.wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator(".hit.current").count() == 1
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**/document?**")
    page.keyboard.press("n")
    assert page.locator(".text .now").count() == 1


def test_a_citation_links_to_the_paragraph_that_it_names(page: Page, address: str) -> None:
    """On the page of a report, c copies number and link of the paragraph that n went to, not of the one in the URL."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}document?id=binhai-health-2023.txt&query=处罚#p1")
    matches = page.locator(".text p.match")
    assert matches.count() > 1
    for number in range(2):
        page.evaluate("document.getElementById('status').textContent = ''")
        page.keyboard.press("n")
        page.keyboard.press("c")
        page.locator("#status", has_text="已复制").wait_for(state="attached")
        n = str(matches.nth(number).get_attribute("id")).removeprefix("p")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert f"第 {n} 段 " in copied
        assert copied.endswith(f"#p{n}")


def test_single_keys_can_be_switched_off(page: Page, address: str) -> None:
    """The single-key shortcuts of the page can be switched off, and stay off after a reload."""
    page.goto(f"{address}search?query=处罚")
    page.keyboard.press("?")
    page.locator("#keys-off").check()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.locator(".hit.current").count() == 0


def test_neighbours_and_values_are_shown_in_place(page: Page, address: str) -> None:
    """上下文 shows the paragraphs around a hit; the field of a facet finds its values by a part of the name."""
    page.goto(f"{address}search?query=处罚")
    page.locator("a.context").first.click()
    page.locator(".around .text").first.wait_for()
    assert page.locator(".around p").count() >= 2
    page.goto(f"{address}search")
    box = page.locator(".find").first
    box.fill(page.locator(".facet:has(.find) .value .name").first.inner_text())
    page.locator(".found .value").first.wait_for()


def test_the_theme_is_kept(page: Page, address: str) -> None:
    """The button switches between light and dark. The choice holds on the next page, too."""
    page.goto(f"{address}search")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto(f"{address}about")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_no_page_is_wider_than_the_window(page: Page, address: str) -> None:
    """No page is wider than the window at any of `WIDTHS`. Tests every second screen; `make browser` measures all."""
    over = {}
    for screen in [*SCREENS][::2]:
        page.goto(address + SCREENS[screen])
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            over[screen, width] = overflow(page)
    assert {place: pixels for place, pixels in over.items() if pixels > 0} == {}


SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
  .filter((e) => e.checkVisibility() && getComputedStyle(e).display !== "inline" && !e.matches(".num, .tag, .skip"))
  .map((e) => e.closest("label, form.box") ?? e)
  .filter((e) => e.getBoundingClientRect().height < 39.5 && e.getBoundingClientRect().height > 1)
  .map((e) => e.outerHTML.slice(0, 150))"""
"""Returns the controls that are less than 40 px high.

Links in a line of text, numbers of paragraphs, tags and the link that skips to the text may be smaller.
"""


def test_controls_are_large_enough_for_a_thumb(page: Page, address: str) -> None:
    """On a phone, controls are at least 40 px high."""
    page.set_viewport_size({"width": 390, "height": 844})
    small = {}
    for screen, path in SCREENS.items():
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
        small[screen] = page.evaluate(SMALL)
    assert {screen: found for screen, found in small.items() if found} == {}


def test_every_visible_button_works_without_scripts(browser: Browser, address: str) -> None:
    """Without scripts, every visible button submits a form, and what needs scripts is hidden."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    for screen, path in SCREENS.items():
        page.goto(address + path)
        assert page.locator("main").is_visible(), screen
        buttons = page.locator("button:visible")
        assert buttons.evaluate_all("all => all.filter(e => e.type !== 'submit' || !e.form).length") == 0, screen
        scripted = page.locator(".find:visible, #theme:visible, #show-keys:visible, dialog:visible")
        assert scripted.count() == 0, screen
    context.close()


def test_pages_work_without_scripts(browser: Browser, address: str) -> None:
    """Without scripts, search, filters, years, documents, neighbours and cells are links and forms."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}search")
    page.locator("#query").fill("处罚")
    page.locator(".box button").click()
    page.locator(".hit").first.wait_for()
    page.locator("#filters > summary").click()
    page.locator(".facet .value a", has_text="成效").first.click()
    page.wait_for_url("**section=*")
    page.locator("#filters > summary").click()
    page.locator("input[name=year_from]").fill("2022")
    page.locator("input[name=year_to]").fill("2023")
    page.locator(".years button").click()
    page.wait_for_url("**year=2022..2023*")
    page.locator("a.context").first.click()
    assert page.locator("#context p").count() > 1
    page.go_back()
    page.locator("a.open").first.click()
    page.wait_for_url("**/document?**")
    assert page.locator(".text .match").count() > 0
    page.goto(f"{address}compare?query=地区生产总值增速")
    page.locator(".matrix td a").first.click()
    assert page.locator("#sentences mark").count() > 0
    context.close()


def test_back_and_forward_go_through_states(page: Page, address: str) -> None:
    """Every change adds an entry to the history: query, facet, order, tab.

    Going back and forward restores the URL and the total of the search at each entry.
    """
    page.goto(f"{address}search")
    page.keyboard.press("/")
    page.keyboard.type("处罚")
    page.keyboard.press("Enter")
    states = []
    for change in (".facet .value a:has-text('成效')", ".switch a:has-text('最新')", ".tabs a:has-text('数据')"):
        page.locator(".total").wait_for()
        states.append((page.url, page.locator(".total strong").inner_text()))
        page.locator(change).first.click()
        page.wait_for_url(lambda url: url != states[-1][0])
    for url, total in reversed(states):
        page.go_back()
        page.wait_for_url(url)
        page.locator(f".total strong:text-is('{total}')").wait_for()
    for url, total in states[1:]:
        page.go_forward()
        page.wait_for_url(url)
        page.locator(f".total strong:text-is('{total}')").wait_for()


def test_keys_select_hits_after_a_query_is_submitted(page: Page, address: str) -> None:
    """When a query is submitted, the search box loses the focus, so that j selects a hit and is not typed."""
    page.goto(f"{address}search?query=处罚")
    page.keyboard.press("/")
    page.keyboard.type("立案")
    page.keyboard.press("Enter")
    page.wait_for_url("**%E7%AB%8B%E6%A1%88*")
    page.locator(".hit").first.wait_for()
    page.keyboard.press("j")
    assert page.locator(".hit.current").count() == 1
    assert page.locator("#query").input_value() == "立案"


def test_measures_are_narrowed_and_sorted(page: Page, address: str) -> None:
    """The form filters measures by unit and status (the status is tested in the URL only).

    Sorting by value is numeric, descending.
    """
    page.goto(f"{address}measures?query=立案")
    page.locator("input[name=unit]").fill("件")
    page.locator("input[name=status]").first.check()
    page.locator(".fields button").click()
    page.wait_for_url("**unit=*status=*")
    page.locator(".switch a", has_text="数值从大到小").click()
    page.wait_for_url("**sort=-value*")
    values = [text.strip("≈≥≤↑↓") for text in page.locator("tr.hit b").all_inner_texts()]
    assert all(value.endswith("件") for value in values)
    numbers = [float(value.removesuffix("件")) for value in values]
    assert numbers == sorted(numbers, reverse=True)


def test_rows_of_a_comparison_are_drawn(page: Page, address: str) -> None:
    """The rows that are ticked are the lines of the chart, and a click on a point shows its sentence."""
    page.goto(f"{address}compare?query=地区生产总值增速&status=any")
    box = page.locator(".matrix tbody tr", has_text="河北省").locator("input")
    ticked = page.locator(".matrix input:checked")
    assert ticked.count() == page.locator(".chart .line").count()
    while ticked.count():
        ticked.first.uncheck()
    box.check()
    page.locator(".draw-line button").click()
    page.wait_for_url("**draw=*")
    assert page.locator(".chart .line .name").all_text_contents() == ["河北省"]
    page.locator(".chart .line a").first.click(force=True)
    page.locator("#sentences mark").first.wait_for()


def test_a_cell_of_the_coverage_is_a_search(page: Page, address: str) -> None:
    """The number of a cell is the number of reports that its search finds."""
    page.goto(f"{address}coverage")
    cell = page.locator(".matrix td a").last
    documents = cell.inner_text()
    cell.click()
    page.wait_for_url("**/search?**")
    assert f"{documents} 份报告" in page.locator(".total").inner_text()


def test_links_inside_a_document(page: Page, address: str) -> None:
    """An entry of the outline links to its heading, the number of a paragraph to the paragraph.

    A measure in the table links to its paragraph.
    """
    page.goto(f"{address}document?id=binhai-health-2023.txt&query=处罚")
    page.locator(".outline a").nth(2).click()
    assert page.locator(":target").evaluate("e => e.matches('h2, h3, h4, h5')")
    page.locator(".text .num").nth(3).click()
    assert page.url.endswith("#p4")
    page.locator("#measures summary").click()
    page.locator("#measures td a").first.click()
    assert page.locator(":target").evaluate("e => e.matches('.text p, .text tr')")


def test_the_browser_setting_chooses_the_theme(browser: Browser, address: str) -> None:
    """Unless the user has chosen a theme, pages follow the colour scheme of the system."""
    colours = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{address}search")
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert colours[0] != colours[1]


def test_a_printed_report_has_only_its_text(page: Page, address: str) -> None:
    """A printed report has its text, dark on white also in the dark theme, without the controls of the page."""
    pdfium = pytest.importorskip("pypdfium2", reason="reads the printed page")
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(f"{address}document?id=binhai-health-2023.txt&query=处罚")
    assert page.locator(".box:visible, .tabs:visible, .side:visible, .foot button:visible").count() == 0
    colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    text = page.locator(".text p").nth(3).inner_text()
    paper = pdfium.PdfDocument(page.pdf(format="A4"))
    printed = "".join(sheet.get_textpage().get_text_bounded() for sheet in paper)
    paper.close()
    assert "".join(text.split())[:30] in "".join(printed.split())
    assert "筛选" not in printed
