"""The catalogue of translations is complete. In a Chinese locale, people read Chinese, except in names (`NAMES`)."""

from __future__ import annotations

import ast
import gettext
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import click
import pytest

from searchkit.cli.language import use_language
from searchkit.cli.main import cli, main
from searchkit.translation import SENTENCE, catalogue, preferred_language

ROOT = Path(__file__).parent.parent
CHINESE = "zh_CN.UTF-8"
sys.path.append(str(ROOT / "docs"))

from catalogue import Message, read_catalogue, source_messages  # noqa: E402 - found by the line above
from sentences import parse_package, values_with_words  # noqa: E402

LOST_ON_PURPOSE = {"number_type", "param_type", "possibility", "choice"}
"""Placeholders that a translation may leave out, because click replaces them by English words or singulars."""
NAMES = (
    *(
        r"`[^`]*`",
        r"searchkit [a-z]+( (add|run|list|remove))?( --?[a-z-]+)*",
        "watch (add|list|remove|run)",
        r"python -m \S+",
        "export tables",
        r"--?[a-z][a-z-]*",
        r"\w+\.[a-z]+\S*",
    ),
    *(
        "pip install [\\w ]+",
        "https?://\\S+",
        r"\{.*?\}",
        r"\b[A-Z_]{2,}\b",
        r"[\w./#@-]*\d[\w./#@-]*",
        "Noto Sans CJK",
    ),
)
"""Patterns of what has Latin letters in Chinese texts, too: commands, options, files, URLs, JSON, metavars, ids."""
NOT_FOR_PEOPLE = re.compile(
    "searchkit/(assistants|output/answers|web)/|"
    "(doc|html|numbering|levels|results|lookup|edges|ranking|shells|__init__).py$"
)
"""Matches the path of a module whose English is for assistants, programs, notebooks or shells, or in patterns."""
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Matches two English words in a row."""


@pytest.fixture(scope="module")
def messages() -> dict[Message, str]:
    """The messages of the source."""
    return source_messages()


def entries() -> Iterator[tuple[Message, str]]:
    """Yield the messages of the Chinese catalogue, each with its translation.

    A message is a pair: its context, or None; and its text, or the pair of its singular and its plural.
    """
    for entry in read_catalogue("zh"):
        if entry.id:
            text = entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])
            yield (entry.context, text), entry.string if isinstance(entry.string, str) else (entry.string or ("",))[0]


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text: `{name}`."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def without_names(text: str) -> str:
    """Return a text with · in place of everything that `NAMES` matches."""
    return re.sub("|".join(NAMES), "·", text)


def test_the_catalogue_has_the_messages_of_the_source(messages: dict[Message, str]) -> None:
    """The catalogue has all messages of the source and no other ones. `make catalogue` updates it."""
    found = {message for message, _ in entries()}
    assert set(messages) - found == set()
    assert found - set(messages) == set()


def test_no_sentence_is_overlooked(messages: dict[Message, str]) -> None:
    """English in the source is a message, or a part of one, except in `NOT_FOR_PEOPLE` and in docstrings."""
    known = "\n".join(str(part) for _, text in messages for part in ([text] if isinstance(text, str) else text))
    for name, tree in parse_package().items():
        if NOT_FOR_PEOPLE.search(name):
            continue
        nodes = list(ast.walk(tree))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
                text = node.value.strip().replace("{", "{{").replace("}", "}}")
                is_help = text.rstrip().endswith(".") and "cli" in name  # what `--help` shows is put together
                is_sentence = re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", text) is not None
                assert not is_sentence or is_help or text in known or node.value.strip() in known, (name, text)


def test_values_that_are_sentences_are_translated() -> None:
    """A translation says of each value that can be several English words that it is a sentence."""
    translations = {text: translation for (context, text), translation in entries() if context == SENTENCE}
    found = set(values_with_words(parse_package()))
    assert len(found) > 30
    for template, name in found:
        translation = translations.get(template, f"{{{name}:sentence}}")
        assert re.search(rf"\{{{name}:(sentence|list)\}}", translation), (template, name)


def test_every_message_is_translated() -> None:
    """Every message has a translation with the same placeholders, except those of `LOST_ON_PURPOSE`."""
    for (context, text), translation in entries():
        assert translation.strip(), (context, text)
        texts = [text] if isinstance(text, str) else text
        expected = set().union(*map(placeholders, texts))
        assert expected - placeholders(translation) <= LOST_ON_PURPOSE, (context, text)
        assert placeholders(translation) <= expected, (context, text)


def test_the_compiled_catalogue_is_up_to_date() -> None:
    """The compiled file, which is read at run time, has the translations of the .po file."""
    compiled = catalogue("zh")
    for (context, text), translation in entries():
        if not isinstance(text, str):
            assert compiled.ngettext(*text, 2) == translation
        elif context is None:
            assert compiled.gettext(text) == translation
        else:
            assert compiled.pgettext(context, text) == translation


def test_a_finished_sentence_finds_its_translation() -> None:
    """A sentence is translated with its values, wherever they stand in the translation.

    If its template has no words, and none of the values has a translation, the sentence stays as it is.
    """
    for (context, text), translation in entries():
        if context == SENTENCE and isinstance(text, str):
            second = set(re.findall(r"\}\{(\w+)", text))  # a value right after another one is read as a part of it
            values = {name: "" if name in second else f"⟨{name}⟩" for name in placeholders(text)}
            has_words = re.search("[A-Za-z]", re.sub(r"\{.*?\}", "", text))
            plain = re.sub(r":(sentence|list|facet|column)\}", "}", translation) if has_words else text
            assert catalogue("zh").translate(text.format(**values)) == plain.format(**values), text


def test_a_sentence_without_a_template_is_shown_as_it_is() -> None:
    """A sentence without a translation stays as it is, and so does every sentence in English."""
    for sentence in ("something new", "", "{0} {name}", "something: new", "a, b: c"):
        assert catalogue("zh").translate(sentence) == sentence
    assert catalogue("en").translate("interrupted") == "interrupted"


def test_values_are_translated_only_where_the_translation_says_so() -> None:
    """The name of a facet and a hint are translated. A value that the user typed is not."""
    sentence = "no district district; did you mean 滨海新区?"
    assert catalogue("zh").translate(sentence) == "没有地区 district；是不是 滨海新区？"


@pytest.mark.parametrize(
    ("sentence", "translation"),
    [
        ("line 4: a.txt has a line already", "第 4 行：a.txt 已有一行"),
        ("b.zip: an archive in an archive is not read; unpack it", "b.zip：压缩包中的压缩包不读取，请先解压"),
        ("contains nothing that can be read; b.pdf: not a PDF", "没有能读取的内容；b.pdf：不是 PDF"),
        (
            "only 1 of 9 rows and 2 of 10 columns are shown: at most 2 cells",
            "最多 2 格，只显示 9 行中的 1 行、10 列中的 2 列",
        ),
        (
            "http://x (n): cannot be reached; check the address, and that OpenSearch runs there",
            "http://x（n）：无法连接；请检查地址，以及 OpenSearch 是否在运行",
        ),
        ("line 2: the id '1' is already used by line 1", "第 2 行：编号 '1' 已被第 1 行使用"),
        ("no doctype 报告; did you mean 工作报告 or 年度报告?", "没有文种 报告；是不是 工作报告 或 年度报告？"),
        (
            "a.txt (word list) cannot be read: is a directory; give an existing file in UTF-8",
            "无法读取 a.txt（词表）：是目录；请给出 UTF-8 编码的文件",
        ),
        ("a.toml (unit list), x: y is no unit of the list", "a.toml（单位表），x：y 不在单位表中"),
        ("a.toml, limit: Expected `int | null`, got `str`", "a.toml、limit：应为整数，不能是文字"),
        ("a.toml (taxonomy), topic 1: Expected `str`, got `int`", "a.toml（主题表）、topic 1：应为文字，不能是整数"),
        (
            "a.toml is not TOML: Invalid value (at line 2, column 7)",
            "a.toml 不是 TOML 格式，第 2 行第 7 列：值无效（文字须用半角引号括起）",
        ),
        (
            "index is being written by process 7 on pc since 2026-01-01; wait for it or stop it",
            "index 正由进程 7（pc，2026-01-01 起）写入；请等待其完成，或将其停止",
        ),
        (
            "front matter: not YAML at line 4: expected ',' or ']', but got ':'",
            "文首元数据：不是 YAML，第 4 行：应为 ',' 或 ']'，却是 ':'",
        ),
        ("3 characters on pages 2 to 5: read as �", "第 2 至 5 页有 3 个字符，读作 �"),
    ],
)
def test_a_sentence_in_a_sentence_is_translated(sentence: str, translation: str) -> None:
    """Of the templates that fit a sentence, the one is used that leaves least English, in its values too."""
    assert catalogue("zh").translate(sentence) == translation


def test_a_long_sentence_is_translated_quickly() -> None:
    """A hostile value cannot make the search for a template slow, because the search does not backtrack."""
    for sentence in ("no " + " " * 100_000 + "; " * 100_000, "a: " * 100_000):
        assert catalogue("zh").translate(sentence)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], language: str) -> None:
    """LC_ALL takes precedence over LC_MESSAGES, and LC_MESSAGES over LANG. An empty variable is ignored.

    Every Chinese locale stands for Chinese, any other one for English.
    """
    assert preferred_language(environment) == language


class Done(NamedTuple):
    """What a command returned and printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """A function that runs the command line in a folder and a locale, in this process."""

    def run(folder: Path, *arguments: str, locale: str = CHINESE) -> Done:
        monkeypatch.chdir(folder)
        for name, value in {"LC_ALL": "", "LC_MESSAGES": "", "LANGUAGE": "", "LANG": locale, "COLUMNS": "80"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["searchkit", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            main()
        return Done(int(exit_info.value.code or 0), *capsys.readouterr())

    yield run
    use_language("en")
    gettext.textdomain("messages")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small corpus, in which two files cannot be read, its index, and a damaged copy of the index."""
    folder = tmp_path_factory.mktemp("chinese")
    (folder / "corpus").mkdir()
    report = "天津市东丽区司法局2023年法治政府建设年度报告\n\n全年立案129件，罚款5万元。\n\n推行柔性执法。\n"
    (folder / "corpus" / "a.txt").write_text(report, encoding="utf-8")
    (folder / "corpus" / "b.pdf").write_bytes(b"no pdf")
    (folder / "corpus" / "c.xyz").write_bytes(b"?")
    done = subprocess.run(
        [sys.executable, "-m", "searchkit", "--lang", "zh", "build", "corpus", "--jobs", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "未读取：2 个文件" in done.stdout
    assert_chinese(done.stdout)
    shutil.copytree(folder / "index", folder / "damaged")
    (folder / "damaged" / "index.json").write_text("{", encoding="utf-8")
    return folder


def assert_chinese(text: str) -> None:
    """Check that a text has Chinese characters, and no two English words in a row."""
    assert re.search("[\u4e00-\u9fff]", text), text
    assert ENGLISH.search(without_names(text)) is None, text


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["search", "--nothing"], 2),
        (["search", "立案", "--limt", "3"], 2),
        (["serach", "立案"], 2),
        (["search", "立案", "--limit", "many"], 2),
        (["search", "立案", "--limit", "-1"], 2),
        (["search", "立案", "--match", "most"], 2),
        (["search", "--queries", "nowhere.tsv"], 2),
        (["build", "corpus", "--topics", "corpus/a.txt"], 2),
        (["compare", "立案", "--chart", "图.gif"], 2),
        (["export"], 2),
        (["search"], 2),
        (["search", "立案", "--index"], 2),
        (["show"], 2),
        (["check", "a", "b"], 2),
        (["search", "立案", "--district", "东立区"], 2),
        (["search", "立案", "--year", "next"], 2),
        (["search", "立案", "--min", "3"], 2),
        (["measures", "立案", "--min", "many"], 2),
        (["facets", "colour"], 2),
        (["compare", "立案", "--rows", "year", "--cols", "year"], 2),
        (["export", "tables", "--format", "csv"], 2),
        (["search", "立案", "--format", "xlsx"], 2),
        (["search", "立案", "--index", "nowhere"], 3),
        (["search", "立案", "--index", "damaged"], 3),
        (["build", "nowhere"], 3),
        (["build", "corpus", "--words", "nowhere.txt"], 2),
        (["build", "corpus", "--index", "strict", "--strict", "--jobs", "1"], 3),
        (["show", "z.txt#1"], 1),
        (["watch", "remove", "nothing"], 2),
        (["export", "tables"], 1),
    ],
)
def test_errors_are_in_chinese(run: Run, folder: Path, arguments: list[str], status: int) -> None:
    """An error is one line in Chinese on standard error. The exit status is that of the kind of error."""
    done = run(folder, *arguments)
    assert done.status == status, done.err
    assert done.err.count("\n") == 1
    assert_chinese(done.err.removeprefix("searchkit: "))


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "立案 柔性执法 没有的词"],
        ["search", "没有的词"],
        ["search", "立案 没有的词", "--match", "all"],
        ["search", "立案", "--year", "2024..2023"],
        ["search", "立案", "--year", "2019"],
        ["search", "立案 2035年"],
        ["search", "立案 or 罚款", "--explain", "--facet", "district"],
        ["search", "(立案"],
        ["search", "立案", "--group", "document", "--facet", "year"],
        ["measures", "立案", "--aggregate", "sum"],
        ["measures", "没有的词"],
        ["compare", "没有的词"],
        ["compare", "立案"],
        ["info"],
        ["info", "--problems"],
        ["show", "a.txt"],
        ["show", "a.txt#1"],
        ["facets"],
        ["facets", "district:1"],
        ["suggest", "d"],
        ["analyze", "东丽区 立案"],
        ["export", "documents", "--format", "table"],
        ["export", "measures", "--format", "table"],
        ["export", "paragraphs", "--format", "table"],
        ["check"],
    ],
    ids=" ".join,
)
def test_output_for_people_is_in_chinese(run: Run, folder: Path, arguments: list[str]) -> None:
    """Messages about empty results, notes, and tables with their headers are in Chinese."""
    done = run(folder, *arguments)
    assert done.status in {0, 1}, done.err
    assert_chinese(done.out + done.err)
    heads = re.findall(r"^(.+)\n-{3,}", done.out, re.MULTILINE)
    assert all(not re.search(r"(?<![\w-])(?!SHA-256)[A-Za-z]+", head) for head in heads), heads


@pytest.mark.parametrize("arguments", [["search", "立案", "--explain"], ["measures", "立案"], ["compare", "立案"]])
def test_formats_for_programs_do_not_depend_on_the_language(run: Run, folder: Path, arguments: list[str]) -> None:
    """JSON, JSON Lines and CSV are the same in both languages."""
    for output_format in ("json", "jsonl", "csv"):
        chinese, english = (
            re.sub(r'"took_ms": ?[\d.]+', "", run(folder, *arguments, "--format", output_format, locale=locale).out)
            for locale in (CHINESE, "C.UTF-8")
        )
        assert chinese == english != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "立案", "--limt", "3"], "没有选项 '--limt'。是不是 '--limit'、'--literal'、'--timeout'？"),
        (["show"], "缺少参数 'ID'。"),
        (
            ["export"],
            "缺少参数 '{documents|paragraphs|measures|tables}'。可选：documents、paragraphs、measures、tables",
        ),
        (["mcp", "--index", "nowhere"], "nowhere 中没有索引；建立的命令：searchkit build CORPUS --index nowhere"),
        (["search", "--queries", "nowhere.tsv"], "'--queries' 的值无效：'nowhere.tsv'：没有此文件或目录"),
        (["search", "立案", "--without", ""], "without：没有写词语，请写明或去掉此项"),
        (["search", "立案", "--section", "总结"], "没有报告部分 总结；列出取值的命令：searchkit facets section"),
    ],
)
def test_errors_have_chinese_punctuation(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    """What click puts together has the punctuation of Chinese."""
    assert run(folder, *arguments).err == f"searchkit: {message}\n"


def test_an_error_in_a_line_of_queries_is_english_in_json(run: Run, folder: Path) -> None:
    """The error in the JSON of an answer is English, for programs. The one on standard error is Chinese."""
    (folder / "queries.tsv").write_text("1\t立案\n2", encoding="utf-8")
    done = run(folder, "search", "--queries", "queries.tsv")
    assert json.loads(done.out.splitlines()[1])["error"] == 'write {"id": …, "query": …} or id<TAB>query'
    assert "第 2 行" in done.err


def test_an_option_and_a_setting_choose_the_language(run: Run, folder: Path, tmp_path: Path) -> None:
    """`--lang` takes precedence over searchkit.toml, and searchkit.toml over the locale."""
    index = str(folder / "index")
    assert "1 段" in run(tmp_path, "--lang", "zh", "search", "立案", "--index", index, locale="C.UTF-8").out
    assert "1 paragraphs" in run(tmp_path, "--lang", "en", "search", "立案", "--index", index).out
    assert "用法" in run(tmp_path, "--lang", "zh", "--help", locale="C.UTF-8").out
    assert "Usage" in run(tmp_path, "--lang", "en", "search", "--help").out
    (tmp_path / "searchkit.toml").write_text('lang = "en"\n', encoding="utf-8")
    assert "1 paragraphs" in run(tmp_path, "search", "立案", "--index", index).out
    assert "1 段" in run(tmp_path, "--lang", "zh", "search", "立案", "--index", index).out


def commands(group: click.Group) -> Iterator[list[str]]:
    """Yield the arguments that call a group and each command in it, such as [], ["search"] and ["watch", "add"]."""
    yield []
    for name in group.commands:
        command = group.commands[name]
        below = commands(command) if isinstance(command, click.Group) else iter([[]])
        yield from ([name, *names] for names in below)


@pytest.mark.parametrize("names", [*commands(cli)], ids=" ".join)
def test_help_is_in_chinese(run: Run, names: list[str], tmp_path: Path) -> None:
    """The help of every command is in Chinese. Its lines take at most 80 columns, and none begins with punctuation."""
    done = run(tmp_path, *names, "--help")
    assert done.status == 0
    assert_chinese(done.out)
    for line in done.out.splitlines():
        assert sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in line) <= 80, line
        assert not line.lstrip().startswith(tuple("，。；：、）”")), line


def test_the_chinese_readme_shows_no_english() -> None:
    """The output of the commands in README.zh.md has no two English words in a row, except in names (`NAMES`).

    test_docs.py tests that it is the output of the program.
    """
    text = (ROOT / "README.zh.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    output = [line for block in blocks for line in block.splitlines() if not line.startswith("$ ")]
    assert len(output) > 100
    for line in output:
        assert ENGLISH.search(without_names(line)) is None, line
