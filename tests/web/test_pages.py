"""The pages: what they show, and that links lead to every state of a page."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markup import Page
from starlette.testclient import TestClient

import searchkit
from searchkit.web.comparing import _scale
from searchkit.web.openapi import SUMMARIES
from searchkit.web.server import ServerOptions, create_app

PAGES = (
    "/search",
    "/search?query=处罚",
    "/search?query=处罚&group=document&sort=-year",
    "/search?query=没有这样的词语吗&year=2023",
    "/search?district=天津市",
    "/search?query=滨海新区 2023年 处罚",
    "/document?id=binhai-health-2023.txt&query=处罚",
    "/document?id=binhai-enforcement-2023.html",
    "/paragraph?id=binhai-health-2023.txt%232&context=1",
    "/measures?query=立案",
    "/measures",
    "/compare?query=立案&cell=1.1",
    "/compare",
    "/coverage",
    "/coverage?rows=doctype&cols=agency",
    "/audit",
    "/about",
    "/watches",
    "/facets?name=topic&query=处罚",
    "/facets?name=topic&query=1999年双随机 量子",
    "/facets",
)
"""Pages in different states."""


def page_of(client: TestClient, url: str) -> Page:
    """Return a page, which must exist."""
    response = client.get(url)
    assert response.status_code == 200, response.text[:400]
    return Page(response.text)


@pytest.mark.parametrize("url", PAGES)
def test_every_page_is_well_formed_and_has_its_frame(client: TestClient, url: str) -> None:
    """Elements are closed in order, ids are unique, and there is one main part, one search box and a skip link."""
    page = page_of(client, url)
    assert page.problems == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("main")) == 1
    assert len(page.all("form", role="search")) == 1
    assert page.all("a", class_="skip")
    assert page.all("html", lang="zh-CN")


@pytest.mark.parametrize("url", PAGES)
def test_every_link_of_a_page_leads_somewhere(client: TestClient, url: str) -> None:
    """Links that do not begin with http are paths on the server, which answers them. Checks the first 60, sorted."""
    links = {link.partition("#")[0] for link in page_of(client, url).links()}
    for link in sorted(link for link in links if link and not link.startswith("http"))[:60]:
        assert link.startswith("/"), link
        assert client.get(link).status_code == 200, link


def test_the_root_redirects_to_the_search(client: TestClient) -> None:
    """The URL without a path redirects to the search."""
    assert client.get("/", follow_redirects=False).headers["location"] == "/search"


def test_a_hit_links_to_its_paragraph(client: TestClient) -> None:
    """A hit links to its paragraph in the document, with the query, and its matches are marked."""
    page = page_of(client, "/search?query=处罚")
    first = page.all("a", class_="open")[0]["href"]
    assert first is not None
    assert re.search(r"/document\?query=%E5%A4%84%E7%BD%9A&id=.+#p\d+$", first)
    assert page.all("mark")
    document = page_of(client, first)
    anchor = first.partition("#")[2]
    assert any(attributes.get("id") == anchor for _, attributes in document.elements)


@pytest.mark.parametrize("url", ["/search?query=处罚&limit=2", "/measures?query=立案&limit=2"])
def test_the_downloads_of_a_later_page_have_all_records(client: TestClient, url: str) -> None:
    """The data of all results begins with the first one, whichever page it is downloaded from."""
    pages = [page_of(client, url), page_of(client, f"{url}&offset=2")]
    first, later = ([link for link in page.links() if "limit=all" in link] for page in pages)
    assert len(first) == 3
    assert later == first


def test_a_facet_value_toggles(client: TestClient) -> None:
    """The link of a value adds it to the filters, with as many hits as its count says; a second click removes it."""
    page = page_of(client, "/search?query=处罚")
    links = [link for link in page.links() if urlsplit(link).path == "/search" and "section=" in link]
    narrowed = client.get(links[0])
    value = parse_qs(urlsplit(links[0]).query)["section"][0]
    count = re.search(
        rf'{value}</span><i class="bar w\d+"></i><span class="n">([\d,]+)', client.get("/search?query=处罚").text
    )
    total = re.search(r"<strong>([\d,]+)</strong>", narrowed.text)
    assert count is not None
    assert total is not None
    assert total[1] == count[1]
    assert "/search?query=%E5%A4%84%E7%BD%9A" in Page(narrowed.text).links()


def test_pages_of_a_relaxed_search_say_that_it_is_relaxed(client: TestClient) -> None:
    """If no paragraph of the year has all words, both the search and the page with all values of a facet say so."""
    for url in ("/search?", "/facets?name=topic&"):
        page = page_of(client, f"{url}query=1999年双随机 量子")
        assert len(page.all("p", class_="banner")) == 1
        assert [attributes for attributes in page.all("a") if "loose" in (attributes.get("class") or "")]
        assert page_of(client, f"{url}query=双随机").all("p", class_="banner") == []


@pytest.mark.parametrize("narrowing", ["", "contains=东丽", "within=东丽区", "limit=1"])
def test_the_count_of_a_place_is_the_number_of_hits_of_its_link(client: TestClient, narrowing: str) -> None:
    """A province is counted with all of its paragraphs, also if only some of its districts are listed."""
    html = client.get(f"/facets?name=district&{narrowing}").text
    places = re.findall(r'<a href="(/search[^"]*)".*?<span class="n">([\d,]+)', html)
    assert len(places) == 2 if narrowing else len(places) > 2
    for link, count in places:
        assert f"<strong>{count}</strong>" in client.get(link.replace("&amp;", "&")).text


def test_parameters_are_in_canonical_order(client: TestClient) -> None:
    """Links have their parameters in one order, however the URL was written, without those that have the default."""
    page = page_of(client, "/search?sort=score&year=2023&query=处罚&match=auto&nonsense=1")
    tab = next(link for link in page.links() if link.startswith("/measures"))
    assert tab == "/measures?query=%E5%A4%84%E7%BD%9A&of_year=2023"
    assert not any("nonsense" in link or "match=" in link for link in page.links())


def test_tabs_turn_year_into_of_year_and_back(client: TestClient) -> None:
    """The filter by year is `year` in links to the search, and `of_year` in links to measures and comparisons."""
    assert "/compare?query=x&of_year=2021..2023" in page_of(client, "/search?query=x&year=2021..2023").links()
    assert "/search?query=x&year=2023" in page_of(client, "/measures?query=x&of_year=2023").links()


def test_the_form_of_years_is_a_filter(client: TestClient) -> None:
    """The two fields of years become one range in the URL to which the server redirects. Empty fields are left out."""
    response = client.get("/search?query=x&year_from=2021&year_to=2023", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/search?query=x&year=2021..2023")
    response = client.get("/search?query=x&year_from=&year_to=", follow_redirects=False)
    assert response.headers["location"] == "/search?query=x"


@pytest.mark.parametrize(("path", "facet"), [("/search", "year"), ("/measures", "of_year"), ("/compare", "of_year")])
def test_a_form_of_years_keeps_years_that_are_no_range(client: TestClient, path: str, facet: str) -> None:
    """The form passes on two years as they are. If a field of the form is filled, its range replaces them."""
    html = client.get(f"{path}?query=立案&{facet}=2021&{facet}=2023").text
    (form,) = (text for text in re.findall(r"<form.*?</form>", html, re.DOTALL) if "year_from" in text)
    fields = [(str(item["name"]), str(item["value"])) for item in Page(form).all("input") if item["type"] != "checkbox"]
    assert {"year_from": "", "year_to": ""}.items() <= dict(fields).items()
    for first, years in (("", ["2021", "2023"]), ("2022", ["2022.."])):
        sent = [(name, first if name == "year_from" else value) for name, value in fields]
        response = client.get(path, params=sent, follow_redirects=False)
        assert parse_qs(urlsplit(response.headers["location"]).query)[facet] == years


def test_an_understood_place_can_be_read_as_a_word(client: TestClient) -> None:
    """A place in the query is shown as a chip. The link of the chip is the same search, with the place as a word."""
    page = page_of(client, "/search?query=滨海新区 处罚")
    chip = page.all("a", class_="chip understood")[0]["href"]
    assert chip is not None
    assert parse_qs(urlsplit(chip).query)["literal"] == ["district"]
    assert not page_of(client, chip).all("a", class_="chip understood")


@pytest.mark.parametrize("query", ["处罚 OR 立案", "处罚 ＯＲ 立案", "处罚 －立案", "＂处罚＂"])
def test_a_query_with_operators_is_shown_as_it_was_read(client: TestClient, query: str) -> None:
    """The page shows how a query with operators was read, also if they are full-width signs."""
    assert page_of(client, f"/search?query={query}").all("q")
    assert not page_of(client, "/search?query=处罚 立案").all("q")


def test_nothing_found_says_what_to_drop(client: TestClient) -> None:
    """The page of a search without a hit says so, and lists conditions that can be dropped."""
    page = page_of(client, "/search?query=“处罚” 量子纠缠态&match=all")
    assert "没有找到" in page.text
    assert page.all("ul", class_="loosen")


def test_the_document_counts_matches_and_has_its_outline(client: TestClient) -> None:
    """The page of a document counts the paragraphs with a match, and lists its headings."""
    page = page_of(client, "/document?id=binhai-health-2023.txt&query=处罚")
    assert re.search(r"在本文 \d+ 段中出现", page.text)
    assert page.all("nav", class_="outline")
    assert page.all("section", id="measures")


def test_a_document_says_whether_a_paragraph_has_all_words(client: TestClient) -> None:
    """If no paragraph has all words of the query, the page says so, and marks the words that occur.

    With `match=any`, one word is enough: the page counts the paragraphs.
    """
    url = "/document?id=binhai-health-2023.txt&query=处罚 “量子纠缠态”"
    page = page_of(client, url)
    assert "本文没有包含全部词语的段落" in page.text
    assert page.all("mark")
    assert page.all("button", id="next-match")
    assert re.search(r"在本文 \d+ 段中出现", page_of(client, f"{url}&match=any").text)


def test_links_keep_the_names_that_are_read_as_words(client: TestClient) -> None:
    """The parameter `literal` of a search is in its links to reports and paragraphs, and in the links back to it.

    So a place that the search reads as a word is read as a word on these pages, too.
    """
    query = {"query": ["滨海新区 处罚"], "literal": ["district"], "match": ["any"]}
    page = page_of(client, "/search?query=滨海新区 处罚&literal=district&match=any")
    links = {urlsplit(link).path: link.partition("#")[0] for link in page.links()}
    for path in ("/document", "/paragraph"):
        sent = parse_qs(urlsplit(links[path]).query)
        assert {name: sent.get(name) for name in query} == query
    assert query in [parse_qs(urlsplit(link).query) for link in page_of(client, links["/document"]).links()]
    document = "/document?id=binhai-health-2023.txt&query=滨海新区 处罚"
    assert "<mark>滨海新区</mark>" in client.get(f"{document}&literal=district&match=any").text
    assert "<mark>滨海新区</mark>" not in client.get(document).text


def test_an_unknown_record_is_an_error_page(client: TestClient) -> None:
    """The page of an id that does not exist has the status 404, and says that there is no such record."""
    response = client.get("/document?id=nowhere.txt")
    assert response.status_code == 404
    assert "没有这条记录" in response.text
    assert "Traceback" not in response.text


def test_the_name_of_a_file_may_look_like_an_id(tmp_path: Path) -> None:
    """A document is found even if its name contains #, ! and @, as do ids of paragraphs, tables and measures."""
    name, corpus = "a@1!2#3.txt", tmp_path / "corpus"
    corpus.mkdir()
    (corpus / name).write_text("行政处罚立案3件。\n", encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        links = [link for link in page_of(client, "/search?query=处罚").links() if "id=" in link]
        assert {urlsplit(link).path for link in links} == {"/document", "/paragraph"}
        for link in links:
            assert "立案" in page_of(client, link.partition("#")[0]).text
        assert "立案" in client.get("/document", params={"id": f"{name}#1"}).text
        assert client.get("/document", params={"id": f"{name}#2"}).status_code == 404


def test_a_record_is_linked_whatever_its_key(tmp_path: Path) -> None:
    """The key of a record may look like the number of a paragraph. Near-duplicates and findings link to the record."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    text = "全年依法查处各类行政违法案件{}件，没有发生行政诉讼败诉的情形。"
    rows = "".join(f"{text.format(n)},2023,东丽区,司法局,年度报告\n" for n in (1297, 1307))
    (corpus / "a.csv").write_text(f"text,year,district,agency,doctype\n{rows}", encoding="utf-8")
    (corpus / "b.jsonl").write_text(f'{{"id": 7, "text": "{text.format(1297)}"}}\n', encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        rows_of_csv = {"a.csv#2", "a.csv#3"}
        for url, records in (("/search?query=查处", {*rows_of_csv, "b.jsonl#7"}), ("/audit", rows_of_csv)):
            links = [link for link in page_of(client, url).links() if urlsplit(link).path == "/document"]
            assert {parse_qs(urlsplit(link).query)["id"][0] for link in links} == records
            for link in links:
                assert urlsplit(link).fragment == "p1"
                assert page_of(client, link.partition("#")[0]).all("p", id="p1")


def test_a_finding_shows_a_sentence_of_two_reports_for_both(tmp_path: Path) -> None:
    """If two reports have the same sentence, both are named, each with a link to its paragraph."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for year in (2021, 2022):
        text = "全年罚没款1234.5万元。"
        (corpus / f"{year}.txt").write_text(f"东丽区司法局{year}年法治政府建设年度报告\n\n{text}\n", encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        (finding,) = client.get("/audit").text.split('<li class="finding">')[1:]
    quoted = re.findall(r'<blockquote>(.*?)</blockquote><p class="path"><a href="(.*?)">', finding)
    sentence = "全年罚没款1234.5万元"
    assert quoted == [(sentence, "/document?id=2021.txt#p1"), (sentence, "/document?id=2022.txt#p1")]


def test_a_cell_of_coverage_links_to_the_reports_that_it_counts(tmp_path: Path) -> None:
    """The search behind a cell is filtered by its row and its column, also if both are user-defined facets."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = [("a.txt", "省级", "甲"), ("b.txt", "省级", "乙"), ("c.txt", "市级", "甲")]
    for n, (name, *_) in enumerate(rows):
        (corpus / name).write_text(f"行政处罚立案{n + 3}件。\n", encoding="utf-8")
    stated = "".join(f"{','.join(row)}\n" for row in [("file", "级", "组"), *rows])
    (corpus / "metadata.csv").write_text(stated, encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        for query in ("rows=级&cols=组", "rows=级&cols=组&where=组=甲&where=组=乙"):
            page = page_of(client, f"/coverage?{query}")
            links = [link for link in page.links() if urlsplit(link).path == "/search" and "where=" in link]
            cells = [sorted(parse_qs(urlsplit(link).query)["where"]) for link in links]
            assert ["级=省级", "组=甲"] in cells
            assert ["级=省级", "组=乙"] in cells
            assert ["级=市级", "组=甲"] in cells


def test_header_cells_of_a_table_may_span_columns_and_rows(tmp_path: Path) -> None:
    """In a table whose first two columns are headers, a cell is a header wherever other cells span these columns."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = [
        "<th>部门</th><th>类别</th><th>件数</th>",
        "<th rowspan=2>公安局</th><th>立案</th><td>129</td>",
        "<th>结案</th><td>128</td>",
        "<th colspan=2>合计</th><td>257</td>",
    ]
    text = "".join(f"<tr>{row}</tr>" for row in rows)
    (corpus / "a.html").write_text(f"<h1>报告</h1><p>处罚情况。</p><table>{text}</table>", encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        html = client.get("/document?id=a.html").text
    cells = re.findall(r"<(t[hd])[^>]*>\s*(?:<[^>]*>)*([^<\s]+)", html)
    kinds = {text: kind for kind, text in cells}
    headers = ("公安局", "立案", "结案", "合计")
    assert {text: kinds.get(text) for text in (*headers, "129", "128", "257")} == {
        **dict.fromkeys(headers, "th"),
        **dict.fromkeys(("129", "128", "257"), "td"),
    }


def test_a_wrong_parameter_is_an_error_page(client: TestClient) -> None:
    """The page of an invalid parameter has the status 400, and asks to check the address."""
    response = client.get("/search?query=x&limit=many")
    assert response.status_code == 400
    assert "请检查网址" in response.text


def test_an_unknown_endpoint_is_an_error_page(client: TestClient) -> None:
    """An endpoint that does not exist has the status 404, as a page and as JSON."""
    response = client.get("/nowhere")
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert client.get("/nowhere.json").json()["code"] == "not_found"


def test_a_cell_opens_its_sentences(client: TestClient) -> None:
    """A cell of a comparison is a link that shows the sentences behind the value, each with its report."""
    page = page_of(client, "/compare?query=立案")
    cell = next(link for link in page.links() if "cell=" in link)
    opened = page_of(client, cell.partition("#")[0])
    assert opened.all("section", id="sentences")
    assert any("/document?" in link for link in opened.links())


def test_values_that_are_all_zero_are_drawn(tmp_path: Path) -> None:
    """Values that are 0 in every year are drawn as a line."""
    for year in (2021, 2022, 2023):
        text = f"东丽区司法局{year}年法治政府建设年度报告\n\n一、成效\n全年行政败诉0件。\n"
        (tmp_path / f"{year}.txt").write_text(text, encoding="utf-8")
    searchkit.build(tmp_path, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        assert page_of(client, "/compare?query=行政败诉").all("polyline")


NUMBERS = st.builds(lambda number, exponent: number * 10.0**exponent, st.integers(-999, 999), st.integers(-20, 20))


@given(NUMBERS, NUMBERS)
@example(0, 0)
def test_a_scale_contains_its_values_and_zero(one: float, other: float) -> None:
    """A scale has two to eight marks, which ascend by equal steps, and covers both values and zero."""
    low, high = sorted((one, other))
    marks = _scale(low, high)
    step = marks[1] - marks[0]
    assert 2 <= len(marks) <= 8
    assert all(math.isclose(later - earlier, step, rel_tol=1e-6) for earlier, later in pairwise(marks))
    assert marks[0] - step / 1e6 <= min(low, 0) <= max(high, 0) <= marks[-1] + step / 1e6


@pytest.mark.parametrize(
    ("condition", "dropped", "text"), [("unit=吨", "unit", "不限单位 吨"), ("min=1000000", "min", "不限最小值 1000000")]
)
def test_a_look_up_goes_on_without_a_condition(client: TestClient, condition: str, dropped: str, text: str) -> None:
    """If nothing is found, a link leads to the look-up without the condition on measures, and keeps the filter.

    Another link drops the filter, and keeps the condition.
    """
    page = page_of(client, f"/measures?query=立案&district=滨海新区&{condition}")
    links = [parse_qs(urlsplit(link).query) for link in page.links() if link.startswith("/measures")]
    assert {"query": ["立案"], "district": ["滨海新区"]} in links
    assert {"query": ["立案"], dropped: [condition.partition("=")[2]]} in links
    assert text in client.get(f"/measures?query=立案&district=滨海新区&{condition}").text
    assert "不限单位 吨 性质 目标" in client.get("/measures?query=立案&unit=吨&status=target").text
    assert "不限性质 目标、标准" in client.get("/measures?query=立案&status=target&status=rule").text


def test_the_api_is_described_in_the_language_of_the_pages(client: TestClient) -> None:
    """The page about the index describes each address of the API in Chinese."""
    text = client.get("/about").text
    assert "检索段落，最相关的在前，并分类统计" in text
    assert not [summary for summary in SUMMARIES.values() if summary in text]
