"""Takes the pictures of docs/pictures: the main pages of `searchkit serve`, wide and on a phone, light and dark.

`make pictures` runs this script. The pages show an index of the sample reports in corpus/. Needs chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

import searchkit

ROOT = Path(__file__).parent.parent
PICTURES = Path(__file__).parent / "pictures"
PAGES = {
    "start": "search",
    "search": "search?query=处罚&section=成效",
    "nothing": "search?query=“双随机” 量子计算&year=2023&match=all",
    "document": "document?id=binhai-health-2023.txt&query=处罚",
    "measures": "measures?query=地区生产总值",
    "compare": "compare?query=地区生产总值增速&status=any&cell=3.11",
    "coverage": "coverage",
    "audit": "audit",
    "about": "about",
}
"""Address of each page, relative to that of the server, by the name that the page has in the names of its pictures."""
WINDOWS = {"1280": (1280, 900), "390": (390, 844)}
"""Width and height of each window in pixels, by the name that the window has in the names of pictures."""


@contextmanager
def serve(index: Path) -> Iterator[str]:
    """Serve an index within a `with` block, and yield the address of the server."""
    command = [sys.executable, "-m", "searchkit", "serve", "--index", str(index), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


def main() -> None:
    """Build an index, serve it, and take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no chromium: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as engine:
        searchkit.build(ROOT / "corpus" / "reports", Path(folder) / "index")
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with serve(Path(folder) / "index") as address:
            for width, (pixels, height) in WINDOWS.items():
                for theme in ("light", "dark"):
                    page = browser.new_context(
                        viewport={"width": pixels, "height": height}, color_scheme=theme, reduced_motion="reduce"
                    ).new_page()
                    for name, url in PAGES.items():
                        page.goto(address + url)
                        page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.jpg", type="jpeg", quality=82)


if __name__ == "__main__":
    main()
