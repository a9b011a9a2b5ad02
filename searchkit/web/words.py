"""The words of the pages in Chinese and in English, and the labels of facets, sections and states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from searchkit.web.messages import translate

LANGUAGES = {"zh": "zh-CN", "en": "en"}
"""Languages of the pages, each with its tag in HTML."""

_WORDS = {
    "app": ("政报检索", "Report search"),
    "tab_search": ("段落", "Paragraphs"),
    "tab_measures": ("数据", "Figures"),
    "tab_compare": ("对比", "Compare"),
    "tab_coverage": ("收录", "Coverage"),
    "tab_audit": ("核对", "Audit"),
    "tab_about": ("索引", "Index"),
    "skip": ("跳到正文", "Skip to the content"),
    "search": ("检索", "Search"),
    "placeholder": ("查词、原文、数字，如：双随机 处罚", "Words, exact text, numbers, as in: 双随机 处罚"),
    "theme": ("切换深色或浅色", "Switch between dark and light"),
    "filters": ("筛选", "Filters"),
    "active_filters": ("已选条件", "Active filters"),
    "remove": ("去掉", "Remove"),
    "clear_all": ("全部清除", "Clear all"),
    "any": ("不限", "Any"),
    "show_all": ("全部 {n} 项", "All {n}"),
    "find_in": ("查找{label}", "Find {label}"),
    "missing": ("未注明", "Not stated"),
    "from": ("起始年份", "First year"),
    "to": ("截止年份", "Last year"),
    "apply": ("应用", "Apply"),
    "by_year": ("逐年选择", "Year by year"),
    "paragraphs": ("段", "paragraphs"),
    "in_reports": ("份报告", "reports"),
    "ms": ("毫秒", "ms"),
    "all_words": ("含全部词语", "with all words"),
    "some_words": ("含部分词语的共 {n} 段", "{n} with some words"),
    "each_paragraph": ("逐段", "Paragraphs"),
    "by_report": ("按报告", "Reports"),
    "relevance": ("相关", "Best"),
    "newest": ("最新", "Newest"),
    "oldest": ("最早", "Oldest"),
    "order": ("排序", "Order"),
    "view": ("显示方式", "View"),
    "download": ("下载全部结果", "Download all results"),
    "understood": ("理解为", "Understood as"),
    "taken_from_query": ("取自检索词", "from the query"),
    "loosened": ("未能限定", "could not narrow"),
    "take_back": ("按普通词检索", "Search for the words instead"),
    "as_words": ("按普通词检索", "read as words"),
    "relaxed": (
        "没有段落包含全部词语，以下段落只包含一部分。",
        "No paragraph has all words; these have some of them.",
    ),
    "lacks": ("缺：{words}", "Lacks: {words}"),
    "same": ("另有 {n} 段内容相同", "{n} more say the same"),
    "matches_in_report": ("本报告共 {n} 段", "{n} paragraphs of this report"),
    "context": ("上下文", "Context"),
    "cite": ("引用", "Cite"),
    "cited": ("已复制", "Copied"),
    "figures": ("数据", "Figures"),
    "paragraph_n": ("第 {n} 段", "paragraph {n}"),
    "page_n": ("第 {n} 页", "page {n}"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "page_of": ("第 {first}–{last} 段", "{first}–{last}"),
    "nothing": ("没有找到：{query}", "Nothing found: {query}"),
    "nothing_passes": ("没有段落符合所选条件", "No paragraph passes the filters"),
    "loosen": ("放宽其中一个条件就有结果：", "One condition less finds something:"),
    "nothing_hint": (
        "按字查找：原文中有的词都能找到。加引号时逐字匹配，如“行政处罚”；数字按数值匹配，“3件”不会找到“13件”。",
        "Every word of the text is found. Quotes mean exactly this text. Numbers match by value: 3件 is not 13件.",
    ),
    "did_you_mean": ("您要找的是不是：", "Did you mean"),
    "drop": ("去掉“{text}”", "Without “{text}”"),
    "drop_filter": ("不限{text}", "Without {text}"),
    "drop_quotes": ("不加引号", "Without the quotes"),
    "match_any": ("含任一词语即可", "With any of the words"),
    "instead": ("以{text}代替“{words}”", "{text} instead of “{words}”"),
    "parts": ("各词语单独检索：", "Each part alone:"),
    "start_title": ("在政府报告中查词、查数、查原文", "Find words, figures and sentences in government reports"),
    "start_text": (
        "共 {documents} 份报告、{paragraphs} 段、{measures} 个数据。每个结果都能回到原文。",
        "{documents} reports, {paragraphs} paragraphs, {measures} figures. Every result leads back to its sentence.",
    ),
    "start_examples": ("试一试", "Try"),
    "start_browse": ("浏览", "Browse"),
    "how_title": ("怎样检索", "How to search"),
    "how_words": (
        "空格隔开的词都要出现；可加地名、年份：东丽区 2022年 立案",
        "All words must occur; places and years narrow: 东丽区 2022年 立案",
    ),
    "how_quotes": ("引号内逐字匹配：“首违不罚”", "Quotes mean exactly this: “首违不罚”"),
    "how_or": (
        "任选其一用 OR，排除用 NOT：柔性执法 OR 首违不罚",
        "OR for either, NOT to leave out: 柔性执法 OR 首违不罚",
    ),
    "how_numbers": ("数字按数值匹配：129件、一百二十九件", "Numbers match by value: 129件, 一百二十九件"),
    "back": ("返回结果", "Back to the results"),
    "outline": ("目录", "Contents"),
    "report_year": ("报告年份", "Year"),
    "place_hint": ("如：江西、湖北", "such as 江西、湖北"),
    "place": ("地区", "Place"),
    "body": ("机关", "Body"),
    "kind": ("文种", "Kind"),
    "length": ("篇幅", "Length"),
    "length_of": ("{paragraphs} 段 · {measures} 个数据", "{paragraphs} paragraphs · {measures} figures"),
    "published": ("发布日期", "Published"),
    "doc_number": ("文号", "Document number"),
    "index_number": ("索引号", "Index number"),
    "source": ("来源", "Source"),
    "file": ("文件", "File"),
    "warnings": ("存疑", "Undecided"),
    "same_kind": ("同一地区同类报告", "Same place, same kind"),
    "in_document": ("在本文 {n} 段中出现", "in {n} paragraphs of this report"),
    "not_in_document": ("本文没有包含全部词语的段落", "No paragraph of this report has all words"),
    "previous_match": ("上一处", "Previous match"),
    "next_match": ("下一处", "Next match"),
    "permalink": ("本段链接", "Link to this paragraph"),
    "similar": ("相似段落", "Similar paragraphs"),
    "figures_of_report": ("本报告的数据", "Figures of this report"),
    "value": ("数值", "Value"),
    "indicator": ("指标", "Indicator"),
    "of_year": ("所属年份", "Year"),
    "status": ("性质", "Status"),
    "sentence": ("原句", "Sentence"),
    "untitled": ("无标题", "Untitled"),
    "footer": (
        "{documents} 份报告 · {paragraphs} 段 · {measures} 个数据 · 索引建于 {built}",
        "{documents} reports · {paragraphs} paragraphs · {measures} figures · built {built}",
    ),
    "api": ("接口", "API"),
    "keys": ("快捷键", "Keys"),
    "keys_title": ("快捷键", "Keyboard"),
    "keys_off": ("停用单键快捷键", "Switch single keys off"),
    "key_box": ("检索框", "search box"),
    "key_hits": ("下一条 / 上一条", "next / previous result"),
    "key_open": ("打开", "open"),
    "key_cite": ("复制引用", "copy the citation"),
    "key_matches": ("文中下一处 / 上一处", "next / previous match in a report"),
    "key_help": ("本表", "this list"),
    "close": ("关闭", "Close"),
    "updated": ("索引已更新。", "The index has been updated."),
    "reload": ("刷新", "Reload"),
    "loading": ("正在检索", "Searching"),
    "error_title": ("无法完成", "That did not work"),
    "error_usage": ("请检查网址或检索条件：", "Check the address or the conditions:"),
    "error_missing": (
        "没有这条记录，可能已被更新或删除。",
        "There is no such record. It may have been updated or removed.",
    ),
    "error_address": ("没有这个页面。", "There is no such page."),
    "error_busy": ("当前请求太多，请几秒后再试。", "Too many requests at a time. Try again in some seconds."),
    "error_deadline": (
        "用时太长，已停止。请加上筛选条件再试。",
        "This took too long and was stopped. Narrow it by filters.",
    ),
    "error_index": (
        "索引暂时不能使用，请联系管理员重建索引。",
        "The index cannot be used at the moment. It may have to be built again.",
    ),
    "error_failed": (
        "服务器出错了。请重试；如仍不行，请联系管理员。",
        "The server failed. Try again, or tell its administrator.",
    ),
    "go_home": ("回到首页", "Go to the start page"),
    "retry": ("重试", "Try again"),
    "all_values": ("{label}的全部取值", "All values of {label}"),
    "values_n": ("{n} 项", "{n} values"),
    "no_values": ("没有符合的取值", "No such value"),
    "reports_n": ("{n} 份报告", "{n} reports"),
    "indexes": ("请选择要检索的索引", "Choose an index"),
    # figures
    "measures_n": ("个数据", "figures"),
    "unit": ("单位", "Unit"),
    "min": ("最小值", "At least"),
    "max": ("最大值", "At most"),
    "to_compare": ("按地区、年份对比", "Compare by place and year"),
    "score_order": ("相关", "Best"),
    "value_order": ("数值从大到小", "Largest"),
    "value_asc": ("数值从小到大", "Smallest"),
    "latest_order": ("最新", "Newest"),
    "cumulative": ("不含多年累计", "Without totals of several years"),
    "measures_start": (
        "输入指标，如：粮食产量、行政处罚案件、城镇新增就业",
        "Name what is counted, such as 粮食产量 or 行政处罚案件",
    ),
    "no_measures": ("没有找到这样的数据", "No such figure"),
    "names_meant": ("同时查找", "Also counts"),
    "left_out": ("未列入", "Left out"),
    "figure_of": ("为{name}的数据", "of {name}"),
    # comparison
    "compare_start": (
        "输入一个指标，按地区和年份列表：粮食产量、城镇新增就业、行政处罚案件",
        "Name an indicator to tabulate it by place and year, such as 粮食产量",
    ),
    "actual": ("实绩", "Actual"),
    "target": ("目标", "Target"),
    "rule": ("规定", "Rule"),
    "before": ("变动前", "Before"),
    "any_status": ("全部", "Any"),
    "transpose": ("行列互换", "Swap rows and columns"),
    "legend": ("说明", "Marks"),
    "silent_rows": ("没有数据的行：{names}", "Rows without a value: {names}"),
    "silent_cols": ("没有数据的列：{names}", "Columns without a value: {names}"),
    "unplaced": (
        "另有 {n} 个数据缺少地区或年份，未列入。",
        "{n} more figures have no place or year, and are not shown.",
    ),
    "draw": ("画图", "Draw"),
    "draw_hint": ("勾选表中至多 6 行画折线图", "Tick at most 6 rows to draw them as lines"),
    "draw_row": ("画出{name}", "Draw {name}"),
    "chart_of": ("{indicator}图，数值见下表", "Chart of {indicator}; the values are in the table"),
    "bars_of": ("{year}年", "{year}"),
    "open_cell": ("查看原句", "Show the sentences"),
    "sentences_of": ("{row} · {col}", "{row} · {col}"),
    "no_comparison": ("没有可以列表的数据", "There is nothing to tabulate"),
    "more_cells": (
        "表格太大，只显示前 {rows} 行、{cols} 列；下载可得全部。",
        "The table is large; the first {rows} rows and {cols} columns are shown. The downloads have all.",
    ),
    # coverage
    "coverage_title": ("收录了哪些报告", "Which reports there are"),
    "coverage_text": (
        "格中是报告份数。空格表示没有收录，不等于当地没有做。",
        "Cells have the numbers of reports. A gap means that no report is here, not that nothing was done.",
    ),
    "rows": ("行", "Rows"),
    "cols": ("列", "Columns"),
    "show": ("显示", "Show"),
    "gaps": ("{n} 格没有报告", "{n} gaps"),
    "gap": ("没有收录", "no report"),
    "unplaced_reports": (
        "{n} 份报告缺少行或列的取值，未列入。",
        "{n} reports lack a value of the rows or the columns, and are in no cell.",
    ),
    # audit
    "audit_title": ("前后不一致的说法", "What contradicts or repeats itself"),
    "audit_text": (
        "逐条列出报告内部和报告之间对不上的数字与重复的句子，是否有误请对照原文。",
        "Figures that do not agree, and sentences that repeat. Check the sources before you call it a mistake.",
    ),
    "no_findings": ("没有发现不一致。", "Nothing was found."),
    "findings_n": ("{n} 处", "{n} findings"),
    # watches
    "watches_title": ("关注的检索", "Watches"),
    "watches_text": (
        "上次报告以来新出现的段落，与命令 searchkit watch run 所报相同；在这里查看不算已读。",
        "New since the last report, as searchkit watch run would report it. This page marks nothing as seen.",
    ),
    "watch_new": ("自 {since} 起新增 {n} 段", "{n} new since {since}"),
    "no_watches": (
        "还没有关注这个索引里的检索。添加的命令：searchkit watch add 名称 检索词。",
        "No search of this index is watched. Add one with: searchkit watch add NAME QUERY.",
    ),
    # about
    "about_title": ("索引状态", "State of the index"),
    "engine": ("引擎", "Engine"),
    "format": ("格式", "Format"),
    "built": ("建于", "Built"),
    "corpus": ("资料目录", "Corpus"),
    "size": ("大小", "Size"),
    "analyzer": ("分词指纹", "Analyzer"),
    "verified": ("校验", "Verified"),
    "verified_read": ("读到的部分", "what was read"),
    "verified_running": ("正在校验全部文件", "all files are being verified"),
    "verified_all": ("全部文件完好", "all files are intact"),
    "verified_damaged": ("有文件损坏，请重新建立索引", "a file is damaged; build the index again"),
    "version": ("版本", "Version"),
    "facets": ("分面", "Facets"),
    "not_read": ("未能读取的文件", "Files that could not be read"),
    "duplicates": ("重复的文件", "Duplicates"),
    "undecided": ("未能确定的信息", "What could not be decided"),
    "none": ("无", "None"),
    "vocabulary": ("所用词语与同义词", "Words and synonyms in use"),
    "words_n": ("{n} 个专门词", "{n} domain words"),
    "synonyms_n": ("{n} 组同义词", "{n} groups of synonyms"),
    "api_title": ("数据接口", "API"),
    "api_text": (
        "每个页面的网址加上 .json、.jsonl、.csv 或 .xlsx 就是同样内容的数据，参数不变。全部参数见",
        "The address of every page with .json, .jsonl, .csv or .xlsx gives the same as data. All parameters are in",
    ),
    "more_n": ("另有 {n} 条，见", "{n} more in"),
}
FACET_LABELS = {
    "year": ("年份", "Year"),
    "of_year": ("所属年份", "Year of the content"),
    "district": ("地区", "Place"),
    "section": ("内容", "Part"),
    "topic": ("主题", "Topic"),
    "agency": ("部门", "Agency"),
    "doctype": ("文种", "Kind"),
    "document": ("报告", "Report"),
}
"""Labels of the built-in facets. A facet of the user has its name."""
_MARKS = {
    "missing": ("没有收录报告", "no report"),
    "silent": ("报告未提及", "report without such a figure"),
    "conflict": ("数据不一致", "reports disagree"),
    "several": ("多个地区或单位", "several places or bodies"),
    "target": ("计划数", "planned"),
    "cumulative": ("多年合计或平均", "total or mean of several years"),
    "part": ("不足一年", "part of the year"),
    "near": ("近似指标", "similar indicator"),
    "approx": ("约数", "about"),
    "at_least": ("不少于", "at least"),
    "at_most": ("不多于", "at most"),
    "unit": ("单位不同", "counted in another unit"),
    "other_report": ("取自其他年度的报告", "from a report on another year"),
    "before": ("变动前的数值", "value before a change"),
    "revised": ("后续报告有修订", "a later report differs"),
    "others": ("另有同名数值", "also another value of this name"),
}
"""Meanings of the marks in the cells of comparisons (`output.cells.CELL_MARKS`)."""
_FINDINGS = {
    "parts": ("分项与合计不符", "parts and total"),
    "rate": ("比率有误", "rates"),
    "conflict": ("同一数据不一致", "conflicting values"),
    "change": ("增减与数值不符", "changes and values"),
    "jump": ("数量级突变", "jumps by a power of ten"),
    "copied": ("数值雷同", "copied values"),
    "duplicate": ("文句重复", "repeated sentences"),
}
"""Names of the kinds of findings of an audit."""
EXAMPLES = ("双随机 处罚", "“首违不罚”", "粮食产量", "柔性执法 OR 包容审慎", "下一步 优化营商环境")
"""Queries on the start page."""
_OPERATORS = {
    "zh": ((" AND ", " 且 "), (" OR ", " 或 "), ("NOT ", "非 "), (" TO ", " 至 ")),
    "en": (),
}


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """`language`: a key of `LANGUAGES`."""
        number = list(LANGUAGES).index(language)
        self.language = language
        self.tag = LANGUAGES[language]
        self._words = {name: texts[number] for name, texts in _WORDS.items()}
        self._facets = {name: texts[number] for name, texts in FACET_LABELS.items()}
        self._marks = {name: texts[number] for name, texts in _MARKS.items()}
        self._findings = {name: texts[number] for name, texts in _FINDINGS.items()}

    def __getitem__(self, name: str) -> str:
        """Return a text."""
        return self._words[name]

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with values in its places. Whole numbers get separators."""
        return self._words[name].format(
            **{key: f"{value:,}" if isinstance(value, int) else value for key, value in values.items()}
        )

    def facet(self, name: str) -> str:
        """Return the label of a facet, also of `district:1`."""
        return self._facets.get(name.partition(":")[0], name)

    def mark(self, name: str) -> str:
        """Return what a mark in a cell of a comparison means."""
        return self._marks[name]

    def finding(self, kind: str) -> str:
        """Return the name of a kind of findings."""
        return self._findings.get(kind, kind)

    def tree(self, understood: str) -> str:
        """Return a query tree as text, with the operators and facets in this language."""
        for operator, word in _OPERATORS[self.language]:
            understood = understood.replace(operator, word)
        if self.language != "en":
            for name, label in self._facets.items():
                understood = understood.replace(f"{name}:", f"{label}：")
        return understood

    def message(self, sentence: str) -> str:
        """Return a sentence of the library in this language."""
        return sentence if self.language == "en" else translate(sentence, lambda text: self._facets.get(text, text))

    def join(self, texts: Sequence[str]) -> str:
        """Return several texts as a list in a sentence."""
        return ("、" if self.language == "zh" else ", ").join(texts)

    def example_queries(self) -> Sequence[str]:
        """Return queries for the start page."""
        return EXAMPLES


WORDS: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}
