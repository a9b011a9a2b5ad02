"""Checks of accessibility: the rules of axe-core (WCAG 2.2 A and AA, best practices), and the use of pages by Tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_OPTIONS: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""Options of axe. The rule about the size of targets is off unless it is asked for."""
COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules whose result depends on the theme."""
_MAX_STEPS = 600
"""Tab is pressed at most this number of times on a page. Controls after this number need not be reached."""
_MARK = """() => {
  const box = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const options = { visibilityProperty: true, contentVisibilityAuto: true };
  const shown = (e) => e.checkVisibility(options) && !e.closest("[inert]");
  const found = [...document.querySelectorAll(box)].filter((e) => shown(e) && e.tabIndex >= 0 && !e.disabled);
  found.forEach((element, number) => { element.dataset.step = number; });
  return found.length;
}"""
"""Numbers the visible controls that Tab should reach, in their attribute data-step, and returns how many there are."""
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const has = (e) => getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 1;
  const box = element.closest("form.box");  // shows the focus of its field
  const isSeen = has(element) || (box && getComputedStyle(box).boxShadow !== "none");
  return [element.dataset.step ?? "", isSeen, element.outerHTML.slice(0, 120)];
}"""
"""Returns the number of the control that has the focus, whether the focus is seen, and the beginning of its HTML.

Returns null if no element has the focus.
"""


def new_context(browser: Browser, theme: str, width: int = 1280) -> BrowserContext:
    """Return a window that ignores the Content-Security-Policy of the pages, which forbids foreign scripts (axe)."""
    size = {"width": width, "height": 900}
    return browser.new_context(bypass_csp=True, color_scheme=theme, reduced_motion="reduce", viewport=size)  # type: ignore[arg-type]


def find_violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """Return the violations that axe finds on a page.

    `rules`: names of the rules to check. None means all rules that axe checks by default, and target-size.
    """
    options = _OPTIONS if rules is None else {"resultTypes": ["violations"], "runOnly": rules}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{page.url}: {item['id']}: {item['help']}: {node['html'][:160]}" for item in found for node in item["nodes"]
    ]


def walk_by_tab(page: Page) -> tuple[int, list[str]]:
    """Press Tab until the end of a page, at most `_MAX_STEPS` times. Return the number of controls, and the problems.

    It is a problem if Tab does not reach a control, or if the focus on it cannot be seen.
    """
    count: int = page.evaluate(_MARK)
    reached: set[str] = set()
    problems = []
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(min(count + 20, _MAX_STEPS)):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None:
            break
        step, is_seen, text = focused
        reached.add(step)
        if not is_seen:
            problems.append(f"{page.url}: the focus is not seen at {text}")
    missing = {str(number) for number in range(min(count, _MAX_STEPS))} - reached
    names = [page.locator(f'[data-step="{step}"]').first.evaluate("e => e.outerHTML.slice(0, 120)") for step in missing]
    return count, problems + [f"{page.url}: Tab does not reach {name}" for name in names]
