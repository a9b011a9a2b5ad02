"""Payloads, which do harm if they are not escaped, in every place that a page or its data shows.

A probe is one payload in one place. `REQUESTS` are the places in URLs, `CORPUS` those in a corpus, which `write_corpus`
fills. The functions `find_…` return the harm that a page or a file would do; `find_shown_as_text` returns the places of
a page in which a payload is shown.
"""

from __future__ import annotations

import csv
import html
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from browsing import encode

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT\t>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '"><svg/onload=alert(1)//',
    "<img src=x onerror=alert(1)//",
    "<IMG SRC=x ONERROR=alert&#40;1&#41;>",
    '<img src="x`" `onerror=alert(1)>',
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<math><a xlink:href=javascript:alert(1)>x</a></math>",
    '<a href="javascript:alert(1)">x</a>',
    "<a href=jav&#x09;ascript:alert(1)>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<p style=position:fixed;inset:0>x</p>",
    "<form action=//evil.example><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<!--><details open ontoggle=alert(1)>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</option></select><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<div hx-get=/x hx-trigger=load hx-on:click=alert(1)>",
    "<div hx-on::load=alert(1) data-hx-get=/about hx-trigger=load>x</div>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    '" style="position:fixed;inset:0',
    "javascript:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    'https://example.cn/" onclick="alert(1)',
    "{{ 7*7 }}{% raw %}",
    "${7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "＜script＞alert(1)＜/script＞",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
)
"""Texts that may run a script, change the page, or call a template or a formula, if they are not treated as text."""

REQUESTS = {
    "query of a search": "search?query={}",
    "query of reports": "search?query={}&group=document&sort=-year&match=all",
    "query of measures": "measures?query={}",
    "query of a comparison": "compare?query={}",
    "query in a document": "document?id=0.html&query={}",
    "query of a facet": "facets?name=topic&query={}",
    "query of a coverage": "coverage?query={}",
    "text in values": "facets?name=%E7%BB%84%E5%88%AB&contains={}",
    "name of a facet": "facets?name={}",
    "place": "search?query=处罚&district={}",
    "year": "search?query=处罚&year={}",
    "user-defined facet": "search?query=处罚&where=%E7%BB%84%E5%88%AB%3D{}",
    "name of a user-defined facet": "search?query=处罚&where={}%3Dx",
    "unit": "measures?query=立案&unit={}&min={}",
    "row of a chart": "compare?query=立案&draw={}&cell={}",
    "rows of a comparison": "compare?query=立案&rows={}",
    "columns of a coverage": "coverage?cols={}",
    "id of a document": "document?id={}",
    "id of a paragraph": "paragraph?id={}",
    "page": "search?query=处罚&offset={}&sort={}",
    "path": "{}",
    "parameter": "search?{}=x",
    "data": "search.json?query={}",
    "data of a suggestion": "suggest?prefix={}",
    "data of an analysis": "analyze?text={}",
    "error of data": "search.json?sort={}",
}
"""Places in URLs, by name, each with a URL. `{}` stands for the payload."""

CORPUS = {
    "title": "h1",
    "heading": ".text :is(h2, h3, h4, h5)",
    "text": ".text p",
    "caption": ".text caption",
    "head of a column": ".text thead th",
    "head of a row": ".text tbody th",
    "cell": ".text tbody td",
    "name of a measure": "#measures",
    "place": ".cover .region",
    "issuer, agency, kind or number": ".facts dd",
    "source": ".lines dd",
    "file name": ".lines code",
}
"""Places in a corpus, by name, each with the selector of its text on the page of a document."""

SCAN = """() => {
  const problems = [];
  const tags = new Set(`html head meta title link script body div main header nav footer section article form
    input button select option datalist label fieldset legend details summary dialog h1 h2 h3 h4 h5 p a span b i strong
    mark code kbd q blockquote ul ol li dl dt dd table caption thead tbody tr th td figure figcaption br pre svg g path
    circle line polyline rect text`.split(/\\s+/));
  const names = /^(on|style$|srcdoc$|formaction$|data-hx-|hx-(?!boost|history-elt)|http-equiv$|background$)/i;
  const ours = new URL("/static/", location).href;
  for (const element of document.querySelectorAll("*")) {
    if (!tags.has(element.localName)) problems.push(`<${element.localName}>`);
    if (element.localName === "script" && !element.src?.startsWith(ours)) problems.push("a script of another place");
    for (const { name, value } of element.attributes) {
      if (names.test(name)) problems.push(`${element.localName} ${name}`);
      if (/^(href|xlink:href|src|action|data)$/.test(name)) {
        const url = new URL(value, document.baseURI);
        const isSource = element.rel?.includes("noreferrer") && /^https?:$/.test(url.protocol);
        if (url.origin !== location.origin && !isSource) problems.push(`${element.localName} ${name}=${value}`);
      }
    }
  }
  const walk = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
  while (walk.nextNode()) problems.push("a comment");
  return problems;
}"""
"""Returns what the DOM of a page has that no template of ours makes: elements, scripts, attributes, links, comments."""


ARRIVALS = """([payload, places]) => {
  const squeeze = (text) => text.replace(/\\s+/g, "");
  const has = (element) => squeeze(element.textContent).includes(payload);
  const shows = (selector) => [...document.querySelectorAll(selector)].some(has);
  return Object.keys(places).filter((name) => shows(places[name]));
}"""
"""Returns the names of the places of a page that show a payload as text.

Ignores white space, which the readers of files and pages change.
"""


def write_corpus(folder: Path) -> None:
    """Write a report for each payload, and metadata.csv. Together these files have payloads in every place of `CORPUS`.

    The reader of HTML drops markup. So the payloads are escaped in the reports, and the text that is read is a payload.
    """
    folder.mkdir(parents=True)
    stated = [("file", "title", "year", "district", "issuer", "agency", "doctype", "doc_number", "source", "组别")]
    for number, payload in enumerate(PAYLOADS):
        text = html.escape(payload)
        name = f"{number}.html" if number == 0 else f"{number} {_file_name(payload)}.html"
        source = f"https://example.cn/{payload}" if number % 2 else payload
        stated.append((name, payload, str(2015 + number % 10), *[payload] * 5, source, payload))
        (folder / name).write_text(
            f"<html><head><title>{text}</title></head><body><h1>{text}</h1><h2>一、{text}</h2>"
            f"<p>行政处罚{text}共立案{number + 100}件，{text}。全年{text}处罚{number + 200}件。</p>"
            f"<table><caption>{text}</caption><tr><th>项目</th><th>{text}</th><th>件数</th></tr>"
            f"<tr><td>{text}</td><td>{number + 300}件</td><td>{number + 400}</td></tr>"
            f"<tr><td>合计</td><td>{number + 500}件</td><td>{text}</td></tr></table></body></html>",
            encoding="utf-8",
        )
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(stated)


def _file_name(payload: str) -> str:
    """Return the first 80 characters of a payload that the name of a file can have."""
    return "".join(character for character in payload if character not in "/\\\0\t")[:80].strip()


def find_problems(page: Page) -> list[str]:
    """Return what a page contains that no template makes: see `SCAN`."""
    found: list[str] = page.evaluate(SCAN)
    return [f"{page.url}: {problem}" for problem in found]


def find_shown_as_text(page: Page, payload: str, places: Mapping[str, str]) -> list[str]:
    """Return the names of the places (name → selector) in which a page shows a payload as text."""
    found: list[str] = page.evaluate(ARRIVALS, ["".join(payload.split()), dict(places)])
    return found


def request_url(template: str, payload: str) -> str:
    """Return the URL of a template with an encoded payload in each `{}`."""
    return template.replace("{}", encode(payload))


def find_active_cells(text: str) -> list[str]:
    """Return the cells of a CSV that a spreadsheet would take for a formula. A number (-5) is not one."""
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    return [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(cell)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def find_workbook_problems(content: bytes) -> list[str]:
    """Return what is wrong with a workbook: macros, links to other files, sheets with a formula or an external link."""
    problems = []
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            data = book.read(name)
            if "vba" in name.lower() or "externalLink" in name:
                problems.append(name)
            if name.startswith("xl/worksheets/") and (b"<f>" in data or b'TargetMode="External"' in data):
                problems.append(f"a formula or a link in {name}")
    return problems


def find_drawing_problems(content: bytes) -> list[str]:
    """Return the scripts, embedded content, animations, handlers and foreign links of an SVG."""
    problems = []
    for element in ET.fromstring(content).iter():  # noqa: S314 - our own server made it
        tag = element.tag.rpartition("}")[2]
        if tag.lower() in {"script", "foreignobject", "iframe", "image", "animate", "set"}:
            problems.append(f"<{tag}>")
        for name, value in element.attrib.items():
            if name.lower().startswith("on") or (name.endswith("href") and not value.startswith("#")):
                problems.append(f"{tag} {name}={value[:40]}")
    return problems


def find_json_problems(content: str, media_type: str, nosniff: str) -> list[str]:
    """Return what is wrong with JSON data: another media type, a type that may be guessed, control characters.

    `nosniff`: the header X-Content-Type-Options. Browsers may guess the type unless it is `nosniff`. Raises ValueError
    if the content is not JSON.
    """
    problems = []
    if not media_type.startswith(("application/json", "application/jsonl", "application/problem+json")):
        problems.append(media_type)
    if nosniff != "nosniff":
        problems.append("the type may be guessed")
    if any(ord(character) < 32 and character != "\n" for character in content):
        problems.append("a control character")
    for line in content.splitlines() if "jsonl" in media_type else [content]:
        json.loads(line)
    return problems


def probe_requests(page: Page, address: str, payloads: Sequence[str]) -> tuple[int, list[str]]:
    """Open every URL of `REQUESTS` with each payload. Return the number of probes, and the problems of the pages.

    If the payload is the query, it is also a problem if the search box of a page does not contain the payload.
    """
    problems = []
    for payload in payloads:
        for place, template in REQUESTS.items():
            page.goto(address + request_url(template, payload))
            problems += find_problems(page)
            box = page.locator("#query")
            if (
                "query={}" in template
                and "json" not in template
                and box.count()
                and box.input_value() != _one_line(payload)
            ):
                problems.append(f"{place} lacks {payload}: {box.input_value()}")
    return len(payloads) * len(REQUESTS), problems


def _one_line(text: str) -> str:
    """Return a text without line ends, which an input field of one line drops."""
    return text.replace("\n", "").replace("\r", "")


def probe_documents(page: Page, address: str, payloads: Sequence[str]) -> tuple[int, list[str]]:
    """Open the report of each payload. Return the number of probes that are shown, and the problems of the pages.

    It is also a problem if the title or the text of the report does not show the payload.
    """
    documents = page.request.get(f"{address}documents.json").json()
    names = [document["document"] for document in documents]
    ids = {PAYLOADS[int(name.partition(" ")[0].partition(".")[0])]: name for name in names}
    shown_count, problems = 0, []
    for payload in payloads:
        page.goto(f"{address}document?id={encode(ids[payload])}&query=处罚")
        problems += find_problems(page)
        shown = find_shown_as_text(page, payload, CORPUS)
        shown_count += len(shown)
        if not {"title", "text"} <= {*shown}:  # not the cells: the reader may take the table for paragraphs
            problems.append(f"{page.url}: the payload is shown in {shown} only")
    return shown_count, problems


def probe_lists(page: Page, address: str) -> tuple[int, list[str]]:
    """Open the screens of `LISTS`, and use a list of hits with its facets.

    Return the number of payloads shown, counted on each screen of `LISTS`, and the problems of the pages.
    """
    shown, problems = 0, []
    for url in LISTS:
        page.goto(address + url)
        text = page.evaluate('document.body.textContent.replace(/\\s+/g, "")')
        shown += sum("".join(payload.split()) in text for payload in PAYLOADS)
        problems += find_problems(page)
    page.goto(f"{address}search?query=处罚&limit=20")
    for link in page.locator("a.context").all()[:20]:
        link.click()
    page.locator(".around:not([hidden])").nth(10).wait_for()
    problems += find_problems(page)
    for box in page.locator(".find").all():
        box.fill("<")
    page.locator(".found .value").first.wait_for()
    for _ in range(3):
        page.keyboard.press("Tab")
    page.locator("#query").fill("<s")
    page.locator("#completions option").first.wait_for(state="attached")
    problems += find_problems(page)
    for row in page.locator(".facet .value a", has_text="alert").all()[:1]:
        row.click()
        page.locator(".chip").wait_for()
        problems += find_problems(page)
    return shown, problems


LISTS = (
    "search?query=处罚&limit=100",
    "search?query=处罚&group=document&limit=100",
    "search",
    "measures?query=处罚&limit=200",
    "compare?query=处罚&rows=document&cols=year",
    "compare?query=立案&cell=1.1",
    "coverage?rows=组别&cols=year",
    "coverage?rows=district&cols=agency",
    "facets?name=组别&limit=200",
    "facets?name=document",
    "audit",
    "audit?limit=200",
    "about",
)
"""Screens that show values of all reports."""


def probe_data(page: Page, address: str) -> tuple[int, list[str]]:
    """Read the data of `DATA` in every format except PNG. Return the number of files, and their problems."""
    count, problems = 0, []
    for url in DATA:
        path, _, query = url.partition("?")
        for suffix in ("json", "jsonl", "csv", "xlsx", *(("svg",) if path == "compare" else ())):
            response = page.request.get(f"{address}{path}.{suffix}?{query}")
            count += 1
            if response.status != 200:
                problems.append(f"{path}.{suffix}?{query}: {response.status} {response.text()[:200]}")
                continue
            content, headers = response.body(), response.headers
            if suffix in {"json", "jsonl"}:
                nosniff = headers.get("x-content-type-options", "")
                found = find_json_problems(content.decode("utf-8"), headers["content-type"], nosniff)
            elif suffix == "csv":
                found = find_active_cells(content.decode("utf-8"))
            elif suffix == "xlsx":
                found = find_workbook_problems(content)
            else:
                found = find_drawing_problems(content)
            if suffix in {"csv", "xlsx", "svg"} and "attachment" not in headers.get("content-disposition", ""):
                found.append("shown instead of saved")
            problems += [f"{path}.{suffix}: {problem}" for problem in found]
    return count, problems


DATA = (
    "search?query=处罚&limit=all",
    "measures?query=处罚&limit=all",
    "documents?",
    "document?id=0.html",
    "facets?",
    "compare?query=立案&rows=document&cols=year",
    "coverage?rows=组别&cols=year",
    "audit?",
    "info?",
)
"""Endpoints, with parameters, whose data contains payloads. Most of them return data of all reports."""
