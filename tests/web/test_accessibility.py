"""Everybody can use the screens: axe-core finds no violation on them, and Tab reaches every control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import SCREENS

pytest.importorskip("axe_playwright_python", reason="the tests of accessibility need axe-playwright-python")

from accessibility import COLOURS, find_violations, new_context, walk_by_tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOME = ("understood", "nothing", "facet", "document", "no-measures", "compare", "coverage", "audit", "about", "missing")
"""Some of the screens, to save time. `make browser` tests all screens, also in the size of a phone."""


def test_no_rule_is_violated(browser: Browser, address: str) -> None:
    """No rule is violated in the light theme, and no rule about colours in the dark one."""
    context = new_context(browser, "light")
    page = context.new_page()
    violations = []
    for screen in SOME:
        page.emulate_media(color_scheme="light")
        page.goto(address + SCREENS[screen])
        violations += find_violations(page)
        page.emulate_media(color_scheme="dark")
        violations += find_violations(page, COLOURS)
    context.close()
    assert violations == []


@pytest.mark.parametrize("screen", ["search", "document", "compare"])
def test_every_control_is_reached_by_tab(browser: Browser, address: str, screen: str) -> None:
    """Tab reaches all controls of a page, more than twenty, and the focus is always seen."""
    page = browser.new_page()
    page.goto(address + SCREENS[screen])
    count, problems = walk_by_tab(page)
    page.close()
    assert problems == []
    assert count > 20


def test_violations_are_found(browser: Browser, address: str) -> None:
    """An image without a text, faint text and a control without a visible focus are found."""
    context = new_context(browser, "light")
    page = context.new_page()
    page.goto(f"{address}about")
    page.evaluate(
        """document.querySelector("main").innerHTML = '<p style="color:#aaa;background:#fff">faint</p>'
           + '<img src="/favicon.ico">'
           + '<a href="/about" style="outline:none!important">x</a>'"""
    )
    found = " ".join(find_violations(page))
    _, problems = walk_by_tab(page)
    context.close()
    assert "color-contrast" in found
    assert "image-alt" in found
    assert any("focus is not seen" in problem for problem in problems)
