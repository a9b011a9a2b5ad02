"""What the tests in a browser share: the screens, a server in a separate process, and what a page must not do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENS = {
    "start": "search",
    "search": "search?query=处罚&section=成效",
    "reports": "search?query=处罚&group=document&sort=-year",
    "understood": "search?query=滨海新区 2023年 处罚",
    "relaxed": "search?query=双随机 首违 量子",
    "nothing": "search?query=“双随机” 量子计算&year=2023&match=all",
    "facet": "facets?name=topic&query=处罚",
    "document": "document?id=binhai-health-2023.txt&query=处罚",
    "tables": "document?id=binhai-enforcement-2023.html",
    "paragraph": "paragraph?id=binhai-health-2023.txt%232&context=1",
    "measures": "measures?query=立案",
    "no-measures": "measures?query=立案&unit=海里",
    "compare": "compare?query=地区生产总值增速&status=any&cell=3.11",
    "bars": "compare?query=立案&cell=1.9",
    "compare-start": "compare",
    "coverage": "coverage",
    "audit": "audit",
    "about": "about",
    "watches": "watches",
    "missing": "document?id=nowhere",
    "wrong": "search?limit=x",
}
"""Path of each screen of a server with the sample reports, by name. Some screens are listed in several states."""
THEMES = ("light", "dark")
WIDTHS = (320, 390, 768, 1024, 1280, 1920)
"""Widths of the windows, in pixels."""
_FAILED_LOAD = "Failed to load resource"
"""Beginning of the console message about a response with a status of 400 or more, which some screens have."""


def find_chromium() -> str | None:
    """Return the path of Debian's chromium, None if it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launch() -> Iterator[Browser]:
    """Run a browser without a window during a block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serve(*indexes: str | Path) -> Iterator[str]:
    """Serve indexes (each DIR or NAME=DIR) in a separate process during a block, and yield the URL of the server."""
    named = [word for index in indexes for word in ("--index", str(index))]
    command = [sys.executable, "-m", "searchkit", "serve", *named, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@dataclass
class Monitor:
    """Records what a page must not do: open dialogs, send requests to other servers, cause errors or warnings."""

    dialogs: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    """Errors and warnings in the console, except `_FAILED_LOAD`, and uncaught exceptions of scripts. The browser
    reports violations of the Content-Security-Policy of a page as errors in the console."""

    @classmethod
    def of(cls, page: Page, address: str) -> Monitor:
        """Return a monitor of a page. `address`: the server that the page may send requests to."""
        monitor = cls()

        def dismiss(dialog: Any) -> None:  # noqa: ANN401 - only its methods are known
            monitor.dialogs.append(f"{page.url}: {dialog.message}")
            dialog.dismiss()

        def note_request(request: Any) -> None:  # noqa: ANN401
            if not request.url.startswith((address, "data:", "about:", "blob:")):
                monitor.foreign.append(request.url)

        def note_message(message: Any) -> None:  # noqa: ANN401
            if message.type in {"error", "warning"} and not message.text.startswith(_FAILED_LOAD):
                monitor.console.append(f"{page.url}: {message.text}")

        page.on("dialog", dismiss)
        page.on("request", note_request)
        page.on("console", note_message)
        page.on("pageerror", lambda error: monitor.console.append(f"{page.url}: {error}"))
        return monitor

    @property
    def problems(self) -> list[str]:
        """Everything that was recorded."""
        return [*self.dialogs, *self.foreign, *self.console]


def encode(text: str) -> str:
    """Return a text as a value in a URL."""
    return quote(text, safe="")


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
