"""Ten tasks of a researcher, done in a browser with mouse and keyboard on an index of the sample reports.

A step is a query that is typed and sent, a click, or another key that is pressed. Reading is not a step. Each task
begins on the start page and ends when the answer is on the screen, on the clipboard or in a file. The answer is
compared with that of the library.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.index import Index

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

MAX_STEPS = 5
"""Maximum number of steps that a task may need."""


@dataclass
class User:
    """A user of the browser. `steps` describes every step that was done."""

    page: Page
    steps: list[str] = field(default_factory=list)

    def ask(self, query: str) -> None:
        """Type a query into the search box, send it, and wait for the answer. This is one step."""
        self.steps.append(f"type {query} ⏎")
        self.page.keyboard.press("/")
        self.page.keyboard.type(query)
        self.page.keyboard.press("Enter")
        self.page.locator(".hit, .empty").first.wait_for()

    def click(self, target: Locator, name: str) -> None:
        """Click an element. `name`: its label."""
        self.steps.append(f"click {name}")
        target.click()

    def press(self, key: str) -> None:
        """Press a key."""
        self.steps.append(f"press {key}")
        self.page.keyboard.press(key)

    def tab(self, name: str) -> None:
        """Go to another screen with the same query and filters."""
        self.click(self.page.locator(".tabs a", has_text=name), name)
        self.page.locator(".tabs a[aria-current]", has_text=name).wait_for()


@dataclass(frozen=True)
class Result:
    """How a task was done."""

    name: str
    steps: tuple[str, ...]
    seconds: float
    """From the start page to the answer, without the time that a person thinks, reads and types."""
    answer: str


def who_and_since_when(user: User, index: Index) -> str:
    """Find who writes about 双随机, and in which report it began."""
    user.ask("双随机")
    user.click(user.page.locator(".switch a", has_text="最早"), "最早")
    user.page.locator(".switch a[aria-current]", has_text="最早").wait_for()
    first = user.page.locator(".hit a.open").first.inner_text()
    # The second facet on the page is the one of places.
    places = [item.inner_text() for item in user.page.locator("#facet-2 .values .name").all()]
    expected = index.search("双随机", sort="year", facets=["district"])
    assert str(expected.hits[0].year) in first
    assert expected.hits[0].district is not None
    assert expected.hits[0].district in first
    assert {str(item.value).rpartition("/")[2] for item in expected.facets["district"].values} <= {*places}
    return first


def two_places_over_years(user: User, index: Index) -> str:
    """Compare the gross domestic product of two provinces over the years."""
    query = "广东和四川的地区生产总值"
    user.ask(query)
    user.tab("对比")
    rows = {row.locator("th").inner_text().strip(): row for row in user.page.locator(".matrix tbody tr").all()}
    shown = {name: [cell.inner_text() for cell in row.locator("td a").all()] for name, row in rows.items()}
    assert {*shown} == {str(row) for row in index.compare(query).rows}
    assert all(shown.values())
    return "；".join(f"{name} {'、'.join(values)}" for name, values in shown.items())


def cite_a_paragraph(user: User, index: Index) -> str:
    """Find a paragraph about cases filed in 滨海新区, and copy its citation, with the keyboard alone."""
    query = "滨海新区 立案"
    user.ask(query)
    user.press("j")
    user.press("c")
    user.page.locator("#status:not(:empty)").wait_for(state="attached")
    text: str = user.page.evaluate("navigator.clipboard.readText()")
    hit = index.search(query).hits[0]
    assert f"{hit.year} 《{hit.title}》" in text
    assert f"#p{hit.n}" in text
    return text.partition("http")[0].strip()


def places_without_a_report(user: User, index: Index) -> str:
    """See which places have no report of 2023."""
    user.tab("收录")
    columns = [item.inner_text() for item in user.page.locator(".matrix thead th").all()]
    silent = []
    for row in user.page.locator(".matrix tbody tr").all():
        cell = row.locator("td").nth(columns.index("2023") - 1)  # the first column has the names of the rows, in th
        if not cell.locator("a").count():
            silent.append(row.locator("th").inner_text().rpartition(" › ")[2])
    have = {document.district for document in index.documents(year=2023)}
    places = {document.district for document in index.documents()}
    assert {*silent} == places - have
    return "、".join(silent)


def sentence_behind_a_cell(user: User, index: Index) -> str:
    """Open the sentence behind a value of a comparison, and its report."""
    user.ask("地区生产总值增速")
    user.tab("对比")
    cell = user.page.locator(".matrix tbody tr", has_text="广东省").locator("td a").last
    value = cell.inner_text()
    user.click(cell, value)
    user.page.locator("#sentences mark").first.wait_for()
    quote = user.page.locator("#sentences mark").first.inner_text()
    user.click(user.page.locator("#sentences a[href*='document']").first, "the report")
    user.page.wait_for_url("**/document?**")
    paragraph = user.page.locator(":target").inner_text()
    assert quote in paragraph
    assert any(quote in record.text for record in index.paragraphs(district="广东省"))
    return quote


def export_everything(user: User, index: Index) -> str:
    """Save all hits of a search as CSV."""
    user.ask("行政处罚")
    with user.page.expect_download() as download:
        user.click(user.page.locator(".bar-line .downloads a", has_text="CSV"), "CSV")
    path = Path(download.value.path())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == index.search("行政处罚").total
    return f"{len(rows)} rows"


def narrow_to_a_part(user: User, index: Index) -> str:
    """Find what reports of 2023 plan for 行政执法, in the part 计划 alone."""
    user.ask("2023年 行政执法")
    plan = user.page.locator(".facet .value a", has_text="计划").first
    user.click(plan, "计划")
    user.page.locator(".chip", has_text="计划").wait_for()
    total = user.page.locator(".total strong").inner_text()
    assert total == str(index.search("2023年 行政执法", section="计划").total)
    return f"{total} paragraphs"


def read_the_matches(user: User, index: Index) -> str:
    """Open the report of a hit at the matches of the query, with the keyboard alone."""
    user.ask("电子监管")
    user.press("j")
    user.press("Enter")
    user.page.wait_for_url("**/document?**")
    user.press("n")
    user.page.locator(".text .now mark").first.wait_for()
    told = user.page.locator("#finder p").inner_text()
    hit = index.search("电子监管").hits[0]
    count = index.search("电子监管", document=hit.document, beyond=False).total
    assert f" {count} 段" in told
    return told


def what_to_drop(user: User, index: Index) -> str:
    """Find nothing, see which condition excludes all paragraphs, and go on without it."""
    user.click(user.page.locator(".facet .value a", has_text="河北省").first, "河北省")
    user.page.locator(".chip").wait_for()
    user.ask("双随机")
    user.click(user.page.locator(".loosen a").first, "不限 河北省")
    user.page.locator(".total").wait_for()
    total = user.page.locator(".total strong").inner_text()
    assert index.search("双随机", district="河北省").total == 0
    assert total == str(index.search("双随机").total)
    return f"{total} paragraphs"


def largest_value(user: User, index: Index) -> str:
    """Find the largest fine in yuan, and open its sentence."""
    user.ask("罚款")
    user.tab("数据")
    user.click(user.page.locator(".switch a", has_text="数值从大到小"), "从大到小")
    user.page.locator(".switch a[aria-current]", has_text="数值从大到小").wait_for()
    row = user.page.locator("tr.hit").first
    value, sentence = row.locator("b").inner_text(), row.locator("a.open")
    user.click(sentence, "the sentence")
    user.page.wait_for_url("**/document?**")
    best = index.measures("罚款", sort="-value", limit=1).hits[0]
    assert value.endswith(best.unit or "")
    assert best.quote in user.page.locator(":target").inner_text()
    return value


TASKS: tuple[Callable[[User, Index], str], ...] = (
    who_and_since_when,
    two_places_over_years,
    cite_a_paragraph,
    places_without_a_report,
    sentence_behind_a_cell,
    export_everything,
    narrow_to_a_part,
    read_the_matches,
    what_to_drop,
    largest_value,
)
"""The tasks. Each returns its answer, and fails if the library answers otherwise."""


def perform(task: Callable[[User, Index], str], browser: Browser, address: str, index: Index) -> Result:
    """Do a task in a new window. `address`: of a server with the index."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        accept_downloads=True,
    )
    page = context.new_page()
    page.goto(f"{address}search")
    user = User(page)
    started = time.perf_counter()
    answer = task(user, index)
    seconds = time.perf_counter() - started
    context.close()
    name = (task.__doc__ or "").partition("\n")[0].rstrip(".")
    return Result(name, tuple(user.steps), seconds, answer)
