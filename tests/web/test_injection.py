"""Payloads in every place of a corpus and of a URL are text, on every screen and in all data, in a real browser.

A short form of what `make browser` does with all payloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Monitor, serve
from injection import (
    PAYLOADS,
    find_active_cells,
    find_drawing_problems,
    find_problems,
    find_shown_as_text,
    probe_data,
    probe_documents,
    probe_lists,
    probe_requests,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SOME = PAYLOADS[::30]
INERT = {
    "{{ 7*7 }}{% raw %}",
    "${7*7}",
    "＜script＞alert(1)＜/script＞",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
}
"""Payloads that do no harm in HTML. They are for templates, folding, spreadsheets and JSON."""


@pytest.fixture(scope="module")
def hostile_address(hostile_path: Path, browser: Browser) -> Iterator[str]:
    """The address of a server with an index of hostile reports."""
    assert browser  # without a browser, no server is started
    with serve(hostile_path) as url:
        yield url


@pytest.fixture
def page(browser: Browser, hostile_address: str) -> Iterator[Page]:
    """A page. The test fails if the page does something that `Monitor` records, such as a violation of its policy."""
    page = browser.new_page()
    monitor = Monitor.of(page, hostile_address)
    yield page
    page.close()
    assert monitor.problems == []


def test_payloads_in_addresses_are_text(page: Page, hostile_address: str) -> None:
    """Payloads in queries, filters, ids, names and paths of URLs are text. There are 26 places in `REQUESTS`."""
    count, problems = probe_requests(page, hostile_address, SOME)
    assert problems == []
    assert count == 26 * len(SOME)


def test_payloads_in_reports_are_text(page: Page, hostile_address: str) -> None:
    """Payloads in titles, headings, sentences, tables, file names, metadata and sources of reports are text."""
    shown_count, problems = probe_documents(page, hostile_address, SOME)
    assert problems == []
    assert shown_count >= 10 * len(SOME)


def test_payloads_in_lists_are_text(page: Page, hostile_address: str) -> None:
    """Payloads in hits, neighbouring paragraphs, facets, values found by typing, tables and completions are text."""
    shown, problems = probe_lists(page, hostile_address)
    assert problems == []
    assert shown >= 200


def test_data_is_not_a_page(page: Page, hostile_address: str) -> None:
    """JSON has its own media type, other data is saved as a file; no cell is a formula, and no chart has a script."""
    count, problems = probe_data(page, hostile_address)
    assert problems == []
    assert count == 37  # answers that were read


def test_payloads_that_are_not_escaped_are_found(browser: Browser, hostile_address: str) -> None:
    """Each payload that is written into a page as markup is found, except those of `INERT`.

    It is found by what it adds to the page, or because it is not shown as text. Formulas in a CSV and scripts in an
    SVG are found, too.
    """
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    missed = set()
    page.goto(f"{hostile_address}about")
    for payload in PAYLOADS:
        page.set_content("<!doctype html><html><head><title>x</title></head><body></body></html>")
        page.evaluate(
            """(text) => {
              document.body.innerHTML = `<p>${text}</p><p title="${text}">x</p><p title='${text}'>x</p><a>x</a>`;
              document.querySelector("body > a:last-child")?.setAttribute("href", text);
            }""",
            payload,
        )
        if not find_problems(page) and find_shown_as_text(page, payload, {"first": "body > p:first-child"}):
            missed.add(payload)
    page.close()
    assert missed == INERT
    assert len(find_active_cells('a,"=HYPERLINK(""x"")"\n@SUM(1),-5,+x,\'=a\n')) == 3
    assert (
        len(find_drawing_problems(b'<svg xmlns="http://www.w3.org/2000/svg" onload="x"><script/><a href="x"/></svg>'))
        == 3
    )
