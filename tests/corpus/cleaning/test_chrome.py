"""Classification of single lines: page chrome (what a web site shows around a text), page numbers, imprint.

Entries of a table of contents (`一、工作回顾……… 3`) count as page chrome.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.cleaning import chrome

BUTTONS = [
    "打印 关闭",
    "【打印本页】【关闭本页】",
    "分享到:",
    "字号：大 中 小",
    "进入老年模式 退出老年模式",
    "• 扫一扫在手机打开当前页",
    "微信 微博 QQ空间",
    "返回顶部",
]
META = [
    "索引号: AB331082-035/2025-00028 公开方式: 主动公开",
    "发布日期: 2023-12-27 16:38 来源: 某局",
    "浏览次数：",
    "• 来源:市某局",
    "文号： 成文日期： 2025-01-03",
    "责任编辑：某某",
    "2023-01-05 10:22",
    "2024-01-30 09:12:33 文章来源：区某局 【字体：大 中 小】",
    "关 键 词：法治；教育",
    "文 号：无",
    "信息公开选项：主动公开",
]
BREADCRUMBS = ["当前位置:首页", "首页 > 政务公开 > 计划总结", "> 政务公开 > 信息公开目录", "您的位置：首页>>公开"]
FOOTERS = [
    "主办单位：某市人民政府办公室 备案序号：某ICP备05000001号 网站标识码：3300000000",
    "版权所有：某市人民政府",
    "Copyright © 2024 All Rights Reserved",
    "某公网安备 33010000000001号",
]
CONTENT = [
    "一、主要举措和成效",
    "加强执法监督，打印执法文书120份。",
    "政务公开",
    "分享经验，互相学习。",
    "2023年12月26日",
    "某区卫生健康委",
    "来源于群众的监督不断加强，投诉渠道畅通。",
    "大力推进网站建设。",
    "地址变更登记12件。",
    "编辑普法读本3种，发放5000册。",
    "维护了市场秩序和群众权益。",
    "建设单位主动公开信息。",
    "浏览页面设置便民入口，点击即可办理。",
    "2024-01-30 举办普法活动",
    "落实《贯彻<法治建设实施纲要(2021-2025年)>的实施方案》,全面履职",
]


@pytest.mark.parametrize("line", BUTTONS + META + BREADCRUMBS + FOOTERS)
def test_chrome_is_recognised(line: str) -> None:
    """Buttons, properties of a page (索引号), breadcrumbs and footers of government sites are chrome."""
    assert chrome.is_chrome(line)


@pytest.mark.parametrize("line", CONTENT)
def test_content_is_not_chrome(line: str) -> None:
    """Headings, sentences, signatures and dates are not chrome, even if they contain words of chrome."""
    assert not chrome.is_chrome(line)


@pytest.mark.parametrize(
    "line", ["1", "12", "- 2 -", "— 4 —", "第3页 共10页", "第 3 页", "3/10", "-3-", "Page 3 of 10"]
)
def test_page_numbers_are_recognised(line: str) -> None:
    """Page numbers in their usual forms are recognised."""
    assert chrome.is_page_number(line)


@pytest.mark.parametrize("line", ["20241231", "2023", "2023年", "12家", "1.抓学习", "（1）", "3.5", ""])
def test_other_numbers_are_not_page_numbers(line: str) -> None:
    """Dates, years, quantities, items, list numbers and an empty line are not page numbers."""
    assert not chrome.is_page_number(line)


@pytest.mark.parametrize("line", ["一、工作回顾……… 3", "（二）存在问题....12", "三、打算 · · · · 7"])
def test_dot_leaders_are_recognised(line: str) -> None:
    """A line that ends with dots and a page number is recognised as an entry of a table of contents."""
    assert chrome.has_dot_leader(line)


@given(st.text(max_size=200))
def test_any_line_is_accepted(line: str) -> None:
    """`is_chrome` and `is_page_number` raise no exception for any line, and an empty line is not chrome."""
    assert isinstance(chrome.is_chrome(line), bool)
    assert isinstance(chrome.is_page_number(line), bool)
    assert not chrome.is_chrome("")


@pytest.mark.parametrize("line", ["（联系人：某某；联系电话：000-0000）", "（此件公开发布）", "抄送：市司法局"])
def test_imprints_are_recognised(line: str) -> None:
    """Lines that state to whom a report is sent or open, or whom to ask about it, belong to the imprint."""
    assert chrome.is_imprint(line)
