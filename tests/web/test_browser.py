"""The pages in a real browser (Debian's chromium): keys, swaps in place, history, widths, themes, and no script."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from conftest import PROBES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="the tests in a browser need playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium")

PAGES = (
    "search",
    "search?query=处罚",
    "search?query=没有这样的词语吗",
    "document?id=binhai-health-2023.txt&query=处罚",
    "document?id=binhai-enforcement-2023.html",
    "measures?query=立案",
    "compare?query=立案&cell=1.1",
    "coverage",
    "audit",
    "about",
    "watches",
    "facets?name=district",
)


@contextmanager
def serve(index_path: Path) -> Iterator[str]:
    """Serve an index in a process of its own, and yield its address."""
    command = [sys.executable, "-m", "searchkit", "serve", "--index", str(index_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(index_path: Path) -> Iterator[str]:
    """The address of a server with the index of the sample reports."""
    with serve(index_path) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page. It fails if its policy is violated, or a script fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert problems == []


def test_a_facet_value_is_swapped_in_place(page: Page, address: str) -> None:
    """A click on a value changes the results and the address, and keeps scroll, focus and the page; back undoes it."""
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
    """/ goes to the box, j and k through the hits, Enter opens, n goes through the matches, ? lists the keys."""
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


def test_single_keys_can_be_switched_off(page: Page, address: str) -> None:
    """Keys that are no shortcut of the browser can be switched off, and stay so."""
    page.goto(f"{address}search?query=处罚")
    page.keyboard.press("?")
    page.locator("#keys-off").check()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.locator(".hit.current").count() == 0


def test_neighbours_and_values_are_shown_in_place(page: Page, address: str) -> None:
    """上下文 shows the paragraphs around a hit; the box of a facet finds values of the whole facet."""
    page.goto(f"{address}search?query=处罚")
    page.locator("a.context").first.click()
    page.locator(".around .text").first.wait_for()
    assert page.locator(".around p").count() >= 2
    page.goto(f"{address}search")
    box = page.locator(".find").first
    box.fill(page.locator(".facet:has(.find) .value .name").first.inner_text())
    page.locator(".found .value").first.wait_for()


def test_the_theme_is_kept(page: Page, address: str) -> None:
    """The button switches between light and dark, on the next page, too."""
    page.goto(f"{address}search")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto(f"{address}about")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920])
def test_no_page_is_wider_than_the_window(page: Page, address: str, width: int) -> None:
    """No page scrolls sideways; tables scroll in themselves."""
    page.set_viewport_size({"width": width, "height": 800})
    for url in PAGES:
        page.goto(address + url)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, (url, width)


def test_pages_work_without_scripts(browser: Browser, address: str) -> None:
    """Without scripts, search, filters, pages, documents and cells are links and forms, and no control is dead."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}search")
    page.locator("#query").fill("处罚")
    page.locator(".box button").click()
    page.locator(".hit").first.wait_for()
    page.locator("#filters > summary").click()
    page.locator(".facet .value a", has_text="成效").first.click()
    page.wait_for_url("**section=*")
    assert not page.locator("button.cite").first.is_visible()
    page.locator("a.open").first.click()
    page.wait_for_url("**/document?**")
    assert page.locator(".text .match").count() > 0
    context.close()


def test_no_probe_runs(browser: Browser, hostile_path: Path) -> None:
    """No text of a report or an address opens a dialog, or asks another server."""
    with serve(hostile_path) as address:
        page = browser.new_page()
        dialogs: list[str] = []
        foreign: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: None if request.url.startswith(address) else foreign.append(request.url))
        for probe in PROBES:
            text = quote(probe, safe="")
            for url in (
                f"search?query={text}",
                f"compare?query={text}",
                f"facets?name={quote('组别')}&contains={text}",
            ):
                page.goto(address + url)
        page.goto(f"{address}search?query=处罚&limit=50")
        for link in [item.get_attribute("href") for item in page.locator("a.open").all()]:
            page.goto(address.rstrip("/") + (link or ""))
        assert dialogs == []
        assert foreign == []
        page.close()
