"""Tests the pages in a real browser, and the API, completely: `make check` does only a part of this.

    python tests/web/whole.py [--only PART] [--every N] [--examples N]

axe-core checks every screen of an index of the sample reports in both themes, wide and on a phone. On every screen, Tab
is pressed until the end, and the width of the page is measured in windows of all `WIDTHS`. Every payload is put in
every place of a corpus and of a URL. schemathesis calls the API. Ten tasks of a researcher are done. The script prints
what fails, exits with 1 if anything does, and writes the results of the parts that found no problem to
tests/web/browser.json and docs/browser.md. These files keep the last results of the other parts. With --only, one part
is run. Screenshots are left in build/browser/, and compared with nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accessibility import find_violations, new_context, walk_by_tab
from browsing import SCREENS, THEMES, WIDTHS, Monitor, launch, overflow, serve
from filelock import FileLock
from fuzzing import call_api
from injection import PAYLOADS, probe_data, probe_documents, probe_lists, probe_requests, write_corpus
from tasks import MAX_STEPS, TASKS, perform

import searchkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
RESULT, PAGE = Path(__file__).with_name("browser.json"), ROOT / "docs" / "browser.md"
PICTURES = ROOT / "build" / "browser"
PHONE, WIDE = 390, 1280
"""Widths of the windows, in pixels."""
PARTS = ("Accessibility", "Keyboard", "Widths", "Injection by addresses", "Injection by reports", "API")
"""The parts whose results are numbers: all except the tasks."""


def read_screens(browser: Browser, address: str, several: str) -> tuple[dict[str, int], list[str]]:
    """Check every screen with axe, in both themes and two widths, and save pictures.

    `several`: the address of a server of several indexes. Returns counts by name, and problems. So does the function of
    each other part in `PARTS`.
    """
    problems: list[str] = []
    screens = {**{name: address + url for name, url in SCREENS.items()}, "indexes": several}
    for theme in THEMES:
        for width in (WIDE, PHONE):
            context = new_context(browser, theme, width)
            for name, url in screens.items():
                page = context.new_page()
                monitor = Monitor.of(page, url[: url.index("/", 8) + 1])  # up to the first / of the path
                page.goto(url)
                page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png")
                problems += [f"{theme}, {width} px: {violation}" for violation in find_violations(page)]
                problems += monitor.problems
                page.close()
            context.close()
    return {"screens": len(screens), "readings by axe": len(screens) * len(THEMES) * 2}, problems


def walk_screens(browser: Browser, address: str) -> tuple[dict[str, int], list[str]]:
    """Press Tab until the end of every screen."""
    problems, controls = [], 0
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    for url in SCREENS.values():
        page.goto(address + url)
        count, found = walk_by_tab(page)
        controls += count
        problems += found
    page.close()
    return {"controls reached by Tab": controls}, problems


def measure_screens(browser: Browser, address: str) -> tuple[dict[str, int], list[str]]:
    """Check at each of `WIDTHS` that no screen is wider than its window."""
    problems = []
    page = browser.new_page()
    for url in SCREENS.values():
        page.goto(address + url)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if overflow(page) > 0:
                problems.append(f"{url} at {width} px is {overflow(page)} px wider than the window")
    page.close()
    return {"screens measured at a width": len(SCREENS) * len(WIDTHS)}, problems


def probe_by_address(browser: Browser, address: str, every: int) -> tuple[dict[str, int], list[str]]:
    """Put payloads in every place of URLs. `address`: of a server with the index of hostile reports."""
    page = browser.new_page()
    monitor = Monitor.of(page, address)
    payloads = PAYLOADS[::every]
    count, problems = probe_requests(page, address, payloads)
    page.close()
    return {"payloads": len(payloads), "probes": count, **_count(monitor)}, [*problems, *monitor.problems]


def probe_by_report(browser: Browser, address: str) -> tuple[dict[str, int], list[str]]:
    """Read every report, every list and all data of an index of hostile reports."""
    page = browser.new_page()
    monitor = Monitor.of(page, address)
    in_reports, problems = probe_documents(page, address, PAYLOADS)
    in_lists, listed = probe_lists(page, address)
    files, active = probe_data(page, address)
    page.close()
    counts = {
        "payloads": len(PAYLOADS),
        "probes on the pages of reports": in_reports,
        "probes in lists": in_lists,
        "files of data read": files,
        **_count(monitor),
    }
    return counts, [*problems, *listed, *active, *monitor.problems]


def _count(monitor: Monitor) -> dict[str, int]:
    """Return how often a page did what it must not do, by kind."""
    return {
        "script dialogs": len(monitor.dialogs),
        "requests of other servers": len(monitor.foreign),
        "violations of the policy and faults": len(monitor.console),
    }


def call(address: str, folder: Path, examples: int) -> tuple[dict[str, int], list[str]]:
    """Call the API with values that fit its description and values that do not."""
    calls = call_api(address, folder, ["--phases=coverage,fuzzing", f"--max-examples={examples}", "--seed=1"])
    statuses = {f"answers with {status}": count for status, count in calls.statuses.items()}
    counts = {"calls": sum(calls.statuses.values()), **statuses, "server errors": calls.server_errors}
    return counts, [] if calls.is_clean and not calls.server_errors else [calls.log[-4000:]]


def do_tasks(browser: Browser, address: str, index_path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Do the tasks of a researcher. Return how each was done, and the problems."""
    with searchkit.open(index_path) as index:
        done = [perform(task, browser, address, index) for task in TASKS]
    problems = [f"{task.name} needs {len(task.steps)} steps" for task in done if len(task.steps) > MAX_STEPS]
    return [{**asdict(task), "seconds": round(task.seconds, 1)} for task in done], problems


def main() -> int:
    """Test everything, or a part. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=(*PARTS, "Tasks"), help="one part")
    parser.add_argument("--examples", type=int, default=10, help="calls of each operation of the API, besides edges")
    parser.add_argument("--every", type=int, default=1, help="put only each Nth payload in addresses")
    arguments = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    failed = False
    with tempfile.TemporaryDirectory() as name, launch() as browser:
        folder = Path(name)
        sample, hostile = folder / "sample", folder / "hostile"
        searchkit.build(ROOT / "corpus" / "reports", sample)
        write_corpus(folder / "corpus")
        searchkit.build(folder / "corpus", hostile)
        with (
            serve(sample) as address,
            serve(hostile) as hostile_address,
            serve(f"a={sample}", f"b={hostile}") as several,
        ):
            parts: dict[str, Callable[[], tuple[Any, list[str]]]] = {
                "Accessibility": lambda: read_screens(browser, address, several),
                "Keyboard": lambda: walk_screens(browser, address),
                "Widths": lambda: measure_screens(browser, address),
                "Injection by addresses": lambda: probe_by_address(browser, hostile_address, arguments.every),
                "Injection by reports": lambda: probe_by_report(browser, hostile_address),
                "API": lambda: call(address, folder / "api", arguments.examples),
                "Tasks": lambda: do_tasks(browser, address, sample),
            }
            for part in [arguments.only] if arguments.only else parts:
                started = time.monotonic()
                found, problems = parts[part]()
                failed = failed or bool(problems)
                sys.stdout.write("\n".join([f"{part}: {found}", *problems, ""]))
                sys.stdout.flush()
                if not problems:
                    write_result(part, found, time.monotonic() - started, browser.version)
    return 1 if failed else 0


def write_result(part: str, found: Any, seconds: float, chromium: str) -> None:  # noqa: ANN401 - JSON
    """Write the result of a part that found no problems. The results of other parts stay."""
    with FileLock(PICTURES / "result.lock"):  # parts can run at the same time
        result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
        names = ("axe-playwright-python", "playwright", "schemathesis")
        libraries = ", ".join(f"{name} {version(name)}" for name in names)
        result[part] = {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "software": f"Python {platform.python_version()}, Chromium {chromium}, {libraries}",
            "seconds": round(seconds),
            "found": found,
        }
        RESULT.write_text(json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        PAGE.write_text(describe(result), encoding="utf-8")


def describe(result: dict[str, Any]) -> str:
    """Return the page of the results of the parts."""
    lines = [
        "# The pages in a real browser",
        "",
        "`make browser` writes this page. `tests/web/whole.py` says what it does, and `make check` does a part of it.",
        "A part is written only if it found no problem: no violation of a rule, no control that Tab does not reach or",
        "that shows no focus, no page wider than its window, no payload that is more than text, and no answer that the",
        "description of the API does not allow.",
        "",
        "| part | what was counted | number |",
        "|---|---|---:|",
    ]
    for part in PARTS:
        if part in result:
            lines += [f"| {part} | {name} | {count:,} |" for name, count in result[part]["found"].items()]
            lines.append(f"| | seconds, on {result[part]['date']} | {result[part]['seconds']:,} |")
    lines += ["", "Software: " + "; ".join(sorted({item["software"] for item in result.values()})) + "."]
    if "Tasks" in result:
        lines += [
            "",
            "## Ten tasks of a researcher",
            "",
            "Each begins on the start page of an index of the sample reports, in a window of 1280 pixels. A step is a",
            "query typed and sent, a click or a key. The seconds are those of browser and server, without the time",
            "that a person thinks, reads and types. The answer on the screen is compared with that of the library.",
            "",
            "| task | steps | seconds | steps, one by one | answer |",
            "|---|---:|---:|---|---|",
        ]
        for task in result["Tasks"]["found"]:
            steps = " → ".join(task["steps"])
            lines.append(f"| {task['name']} | {len(task['steps'])} | {task['seconds']} | {steps} | {task['answer']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
