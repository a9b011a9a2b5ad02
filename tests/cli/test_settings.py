"""Settings: the environment variable, searchkit.toml, colours, the pager, and the width of tables."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import click
import pytest
from running import CommandResult, Run

from searchkit.cli.settings import applying_settings
from searchkit.indexing.build import build

SEARCHKIT = str(Path(sys.executable).parent / "searchkit")


@pytest.fixture
def run_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run_in(folder, *arguments, **environment)` runs a command in a folder, in this process."""

    def run_in(folder: Path, *arguments: str, **environment: str) -> CommandResult:
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in environment.items():
                patch.setenv(name, value)
            return run(*arguments)

    return run_in


def run_on_terminal(folder: Path, *arguments: str, columns: int = 80, **environment: str) -> str:
    """Return what a command prints on a terminal with `columns` columns."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with open(terminal, "wb") as end:  # noqa: PTH123 - a descriptor
        process = subprocess.Popen(
            [SEARCHKIT, *arguments],
            cwd=folder,
            env={**inherited, "PYTHONUTF8": "1", "TERM": "xterm", **environment},
            stdin=end,
            stdout=end,
            stderr=end,
        )
    pieces = []
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # no process has the terminal open any more
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(controller)
    process.wait()
    return b"".join(pieces).decode("utf-8").replace("\r\n", "\n")


def test_the_environment_variable_names_the_index(run_in: Run, small: Path, tmp_path: Path) -> None:
    """SEARCHKIT_INDEX is used instead of the folder `index`, and --index instead of SEARCHKIT_INDEX."""
    done = run_in(tmp_path, "search", "立案", "--format", "ids", SEARCHKIT_INDEX=str(small / "index"))
    assert (done.status, done.err) == (0, "")
    other = run_in(tmp_path, "info", "--index", "nowhere", SEARCHKIT_INDEX=str(small / "index"))
    assert (other.status, "nowhere" in other.err) == (3, True)


@pytest.mark.parametrize("command", ["serve", "mcp"])
def test_the_environment_variable_names_the_index_of_a_server(
    run_in: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A server uses --index, then SEARCHKIT_INDEX, whose folder can have blanks, then searchkit.toml, then `index`."""
    served: list[Path] = []
    for module in ("searchkit.web.server", "searchkit.assistants.server"):
        monkeypatch.setattr(f"{module}.run_server", lambda indexes, *_, **__: served.extend(dict(indexes).values()))
    assert run_in(tmp_path, command, SEARCHKIT_INDEX="").status == 0
    (tmp_path / "searchkit.toml").write_text('index = "of the file"\n', encoding="utf-8")
    for arguments, variable in (((), ""), ((), "of the variable"), (("--index", "given"), "of the variable")):
        assert run_in(tmp_path, command, *arguments, SEARCHKIT_INDEX=variable).status == 0
    assert served == [Path(name) for name in ("index", "of the file", "of the variable", "given")]


def test_a_settings_file_above_the_current_folder_sets_defaults(run_in: Run, small: Path, tmp_path: Path) -> None:
    """searchkit.toml sets index, format and limit in the folders below its own.

    Options and SEARCHKIT_INDEX take precedence. `limit` does not apply to values of facets, nor `format` to a command
    that does not have the format.
    """
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    (tmp_path / "searchkit.toml").write_text(
        f'index = "{os.path.relpath(small / "index", tmp_path)}"\nformat = "ids"\nlimit = 1\n', encoding="utf-8"
    )
    assert run_in(inside, "search", "立案").out.count("\n") == 1
    assert run_in(inside, "search", "立案", "--limit", "2").out.count("\n") == 2
    assert run_in(inside, "search", "立案", "--format", "json").out.startswith("{")
    assert run_in(inside, "facets", "district").out == "东丽区\n"  # limit does not apply to values of facets
    facts = json.loads(run_in(inside, "info", "--format", "json").out)
    assert facts["settings"] == str(tmp_path / "searchkit.toml")
    assert "searchkit.toml" in run_in(inside, "info", "--format", "table").out
    assert run_in(inside, "search", "立案", SEARCHKIT_INDEX="nowhere").status == 3
    assert run_in(inside, "analyze", "立案").out.startswith("term")  # analyze does not have the format ids


def test_the_file_applies_whatever_the_command_line_has(run_in: Run, small: Path, tmp_path: Path) -> None:
    """`lang` applies, and a bad file is an error, also if every option has a value on the command line."""
    file = tmp_path / "searchkit.toml"
    commands = (
        ("check", "--index", str(small / "index")),
        ("watch", "remove", "nothing"),
        ("watch", "list", "--format", "json"),
        ("build", "missing", "--index", "index", "--format", "json"),
    )
    for arguments in commands:
        file.write_text('lang = "zh"\n', encoding="utf-8")
        done = run_in(tmp_path, *arguments, LC_ALL="C", XDG_DATA_HOME=str(tmp_path / "data"))
        assert re.search("完好|没有", done.out + done.err)
        file.write_text("lang = 1\n", encoding="utf-8")
        assert run_in(tmp_path, *arguments).status == 2


def test_a_format_of_the_file_applies_where_there_is_such_a_format(run_in: Run, small: Path, tmp_path: Path) -> None:
    """Aggregates have no ids. `ids` in the file leaves them a table; on the command line it is an error."""
    (tmp_path / "searchkit.toml").write_text('format = "ids"\n', encoding="utf-8")
    arguments = ("measures", "立案", "--aggregate", "sum", "--index", str(small / "index"))
    assert run_in(tmp_path, *arguments).out.startswith("1 measures of 立案")
    assert run_in(tmp_path, *arguments, "--format", "ids").status == 2


def test_an_index_in_the_home_folder(run_in: Run, small: Path, tmp_path: Path) -> None:
    """`~` in `index` is the home folder, as in a shell."""
    (tmp_path / "searchkit.toml").write_text('index = "~/index"\n', encoding="utf-8")
    assert run_in(tmp_path, "check", HOME=str(small), USERPROFILE=str(small)).status == 0


@pytest.mark.parametrize("command", ["build", "info", "serve", "mcp"])
def test_an_empty_path_is_not_the_current_folder(run_in: Run, small: Path, tmp_path: Path, command: str) -> None:
    """An empty `--index` or CORPUS, as of a variable that is not set, is an error. Before, a build wrote to `.`."""
    arguments = [command, str(small / "corpus")] if command == "build" else [command]
    done = run_in(tmp_path, *arguments, "--index", "")
    assert (done.status, "--index" in done.err, "the path is empty" in done.err) == (2, True, True)
    assert run_in(tmp_path, "build", "").status == 2
    assert [*tmp_path.iterdir()] == []


def test_help_is_in_the_language_of_the_settings_file(run_in: Run, tmp_path: Path) -> None:
    """`lang` in searchkit.toml is the language of the help, also that of commands; `--lang` takes precedence."""
    (tmp_path / "searchkit.toml").write_text('lang = "zh"\n', encoding="utf-8")
    for arguments in ["--help"], ["search", "--help"], ["watch"], ["watch", "add", "-h"]:
        assert run_in(tmp_path, *arguments, LC_ALL="C").out.startswith("用法：")
        assert run_in(tmp_path, "--lang", "en", *arguments, LC_ALL="C").out.startswith("Usage: ")


def test_a_settings_file_in_the_corpus_is_not_used(run_in: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A searchkit.toml in the corpus or in a folder of it has no effect, because others may have written it."""
    corpus = small / "corpus"
    (corpus / "sub").mkdir()
    for folder in (corpus, corpus / "sub"):
        (folder / "searchkit.toml").write_text('format = "json"\nindex = "elsewhere"\n', encoding="utf-8")
    index = str(small / "index")
    for folder in (corpus, corpus / "sub"):
        done = run_in(folder, "info", "--format", "json", "--index", index)
        assert json.loads(done.out)["settings"] is None
    for name in ("", "a="):  # as `serve` and `mcp` name indexes
        with click.Context(click.Command("serve")) as context:
            context.params["indexes"] = [f"{name}{index}"]
            monkeypatch.chdir(corpus)
            assert applying_settings(context) is None
    assert run_in(corpus / "sub", "search", "立案", SEARCHKIT_INDEX=index).out.startswith("3 paragraphs")
    assert run_in(corpus, "build", ".", "--index", str(small / "other")).status == 0
    assert not (corpus / "elsewhere").exists()
    for folder in (corpus, corpus / "sub"):
        (folder / "searchkit.toml").unlink()


def test_a_corpus_that_was_the_current_folder(run_in: Run, small: Path, tmp_path: Path) -> None:
    """An index that was built from `.`, `..` or a link has one corpus, not every folder from which it is searched.

    Before, the file beside such an index was ignored, and a file above a folder of the corpus was used.
    """
    corpus = tmp_path / "reports" / "2023"
    corpus.mkdir(parents=True)
    (corpus / "a.txt").write_bytes((small / "corpus" / "a.txt").read_bytes())
    (tmp_path / "searchkit.toml").write_text('index = "index"\nformat = "ids"\n', encoding="utf-8")
    (tmp_path / "reports" / "searchkit.toml").write_text('index = "../index"\nformat = "json"\n', encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "reports")
    for folder, name in ((corpus, ".."), (tmp_path / "reports", "."), (tmp_path, "link")):
        assert run_in(folder, "build", name, "--index", str(tmp_path / "index"), "--full").status == 0
        for current in (tmp_path, corpus.parent, corpus):
            assert run_in(current, "search", "立案", "--limit", "1").out == "2023/a.txt#5\n"


def test_a_file_in_a_watched_corpus_is_not_used(
    run_in: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of `watch` ignore a file in the corpus of an index that is watched."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    file = small / "corpus" / "searchkit.toml"
    file.write_text('format = "json"\n', encoding="utf-8")
    try:
        assert run_in(tmp_path, "watch", "add", "立案", "立案", "--index", str(small / "index")).status == 0
        assert run_in(small / "corpus", "watch", "run").out == ""
        assert run_in(small / "corpus", "watch", "list").out.startswith("name")
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('colour = "red"', "no setting 'colour'; there are: index, format, lang, color, limit,"),
        ('[searchkit]\nformat = "csv"', "no setting 'searchkit'"),
        ("limit = -1", "limit is a whole number from 0, without quotes"),
        ('limit = "5"', "limit is a whole number from 0"),
        ("max_cells = true", "max_cells is a whole number from 1"),
        ("timeout = 0", "timeout is a number of seconds above 0"),
        ("timeout = nan", "timeout is a number of seconds above 0"),
        ('format = "xml"', "format is one of these texts: 'table', 'json', "),
        ("lang = ['zh']", "lang is one of these texts: 'en', 'zh'"),
        ("[", "not TOML"),
        ("index = 3", "index is the path of a folder in quotes"),
        ('index = ""', "index is the path of a folder in quotes"),
        ('index = "a\\u0000b"', "index is the path of a folder in quotes"),
        ("#" * 100_001, "cannot be read: larger than 0.1 MB; correct"),
    ],
)
def test_a_bad_settings_file_is_an_error_of_one_line(run_in: Run, tmp_path: Path, content: str, message: str) -> None:
    """An unknown setting, a bad value, or a file that is not TOML or is too large is a one-line error with status 2.

    The error names the file and what is wrong. `--help` has the same error.
    """
    (tmp_path / "searchkit.toml").write_text(content, encoding="utf-8")
    done = run_in(tmp_path, "search", "立案")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert str(tmp_path / "searchkit.toml") in done.err
    assert message in done.err
    assert run_in(tmp_path, "search", "--help") == done


def test_colours(run_in: Run, small: Path, tmp_path: Path) -> None:
    """A terminal gets colours unless NO_COLOR or `--color never` forbids them, and a pipe does not.

    `--color always` takes precedence over NO_COLOR and gives colours to a pipe, too.
    """
    index = str(small / "index")
    arguments = ("--no-pager", "search", "立案", "--index", index)
    assert "\x1b[1;31m立案" in run_on_terminal(tmp_path, *arguments)
    assert "\x1b" not in run_on_terminal(tmp_path, *arguments, NO_COLOR="1")
    assert "\x1b" not in run_on_terminal(tmp_path, *arguments, "--color", "never")
    assert "\x1b" in run_on_terminal(tmp_path, *arguments, "--color", "always", NO_COLOR="1")
    assert "\x1b" not in run_in(tmp_path, *arguments).out
    assert "\x1b[1;31m立案" in run_in(tmp_path, *arguments, "--color", "always").out


def test_pager(small: Path, tmp_path: Path) -> None:
    """On a terminal, the pager that SEARCHKIT_PAGER or else PAGER names shows a search.

    `cat`, an empty value, --no-pager and a pager that is not installed prevent this. `check` is not shown by the pager.
    A pager that ends early causes no traceback.
    """
    index = str(small / "index")
    arguments = ("search", "立案", "--index", index)
    paged = run_on_terminal(tmp_path, *arguments, SEARCHKIT_PAGER="sed 's/^/| /'", PAGER="false")
    assert "\x1b[1;31m立案" in paged
    assert all(line.startswith("| ") for line in paged.splitlines())
    assert "| " in run_on_terminal(tmp_path, *arguments, PAGER="sed 's/^/| /'")
    for environment in ({"SEARCHKIT_PAGER": "cat", "PAGER": "false"}, {"PAGER": ""}):
        assert "立案" in run_on_terminal(tmp_path, *arguments, **environment)
    assert "立案" in run_on_terminal(tmp_path, "--no-pager", *arguments, PAGER="false")
    assert "| " not in run_on_terminal(tmp_path, "check", "--index", index, PAGER="sed 's/^/| /'")
    missing = run_on_terminal(tmp_path, *arguments, SEARCHKIT_PAGER="no-such-pager -R")
    assert missing.startswith("searchkit: no pager no-such-pager: the output follows without one\n3 paragraphs")
    ended = run_on_terminal(tmp_path, *arguments, "--format", "json", SEARCHKIT_PAGER="head -c 10")
    assert "Traceback" not in ended


def test_an_interrupt_does_not_end_a_paged_export(small: Path, tmp_path: Path) -> None:
    """While the pager is open, Ctrl-C does not end the command, even if an export has already written all output."""
    pager = "cat > page; kill -INT $PPID; sleep 0.2; echo left"
    out = run_on_terminal(tmp_path, "export", "paragraphs", "--index", str(small / "index"), SEARCHKIT_PAGER=pager)
    assert out == "left\n"
    assert "立案" in (tmp_path / "page").read_text(encoding="utf-8")


def test_tables_fit_the_terminal(small: Path, tmp_path: Path) -> None:
    """No line of a table is wider than the terminal; a Chinese character is two columns wide.

    If the columns would be too narrow, each line has the name and the value of a field.
    """
    from searchkit.text.characters import display_width

    index = ("--index", str(small / "index"))
    for columns, *arguments in (
        (40, "facets", "--matrix", "section,topic"),
        (20, "facets", "topic"),
        (24, "suggest", "d"),
        (30, "search", "立案", "--limit", "0", "--facet", "topic"),
        (250, "export", "paragraphs", "--format", "table"),
    ):
        out = run_on_terminal(tmp_path, "--no-pager", *map(str, arguments), *index, columns=int(columns))
        assert len(out.splitlines()) > 2
        assert [line for line in out.splitlines() if display_width(line.rstrip()) > int(columns)] == []
    fields = run_on_terminal(tmp_path, "--no-pager", "show", "a.txt", *index, columns=50).partition("\n\n")[0]
    assert [line for line in fields.splitlines() if display_width(line) > 50] == []
    info = ("info", *map(str, index))
    paged = run_on_terminal(tmp_path, *info, columns=200, SEARCHKIT_PAGER="sed ''")
    assert paged == run_on_terminal(tmp_path, "--no-pager", *info, columns=200)
    assert max(map(len, paged.splitlines())) > 80
    narrow = run_on_terminal(tmp_path, "--no-pager", "export", "paragraphs", "--format", "table", *index, columns=60)
    assert re.search(r"id +a\.txt#1\n", narrow)  # on a busy machine, the export shows its progress before
    assert "全年立案129件。" in narrow


def test_shells_complete_facet_values(
    run_in: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bash completes commands, options, names of facets and, from the index, their values; places also by pinyin."""
    index = str(small / "index")

    def complete(words: str, incomplete: str = "", **environment: str) -> list[str]:
        arguments = {"_SEARCHKIT_LINE": f"{words} {incomplete}", "_SEARCHKIT_WORD": re.split("[=:]", incomplete)[-1]}
        done = run_in(tmp_path, _SEARCHKIT_COMPLETE="bash_complete", **arguments, **environment)
        assert done.err == ""
        return [line.partition(",")[2] for line in done.out.splitlines() if line]

    at = f"--index {index}"
    assert complete("searchkit", "ex") == ["export"]
    assert "--district" in complete("searchkit search x", "--d")
    assert complete(f"searchkit search x {at} --district", "东") == ["东丽区"]
    assert complete(f"searchkit search x {at} --district", "dong") == ["东丽区"]
    assert complete(f"searchkit search x {at} --district") == ["东丽区", "天津市"]
    assert complete(f"searchkit search x {at} --where") == ["cluster="]
    assert complete(f"searchkit search x {at} --where", "cluster=京") == ["京津冀"]
    assert complete("searchkit measures x --agency", SEARCHKIT_INDEX=index) == ["司法局"]
    assert complete(f"searchkit search x {at} --facet", "of") == ["of_year"]
    assert complete("searchkit search x --district", "东") == []  # no index
    assert complete(f"searchkit search x {at}", "--district=东") == ["东丽区"]
    assert complete(f"searchkit facets {at} --matrix", "district,y") == ["district,year"]
    assert complete("searchkit search x --index $SMALL/index --district", "东", SMALL=str(small)) == ["东丽区"]
    assert complete("searchkit search x --index ~/index --district", "东", HOME=str(small)) == ["东丽区"]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in ("周报", "月报"):
        assert run_in(tmp_path, "watch", "add", name, "立案", "--index", index).status == 0
    assert complete("searchkit watch remove") == ["周报", "月报"]
    assert complete("searchkit watch run 周报") == ["月报"]
    (tmp_path / "searchkit.toml").write_text("limit = ten\n", encoding="utf-8")
    assert complete("searchkit search x --district", "东") == []  # no message in the line that is completed


def test_an_error_does_not_disturb_the_line_that_is_typed(hostile: Path) -> None:
    """With a damaged index or a bad searchkit.toml, there are no completions of values, and no error is printed."""
    (file,) = (hostile / "index").glob("data-*/suggestions.txt")
    file.write_bytes(b"\xff" * file.stat().st_size)
    command = [SEARCHKIT]
    environment = {**os.environ, "_SEARCHKIT_COMPLETE": "bash_complete", "_SEARCHKIT_WORD": ""}
    environment["_SEARCHKIT_LINE"] = "searchkit search x --district "
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, check=False, cwd=hostile, env=environment, timeout=60)
        assert (done.stdout.strip(), done.stderr) == (b"", b"")
        (hostile / "searchkit.toml").write_text("colour = 3\n", encoding="utf-8")


_HOSTILE = '京津冀, $(touch pwned) `touch pwned`; it\'s "a" & b'
"""A value of a facet that a shell would execute if it were not quoted."""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with an index whose facet `cluster` has the value `_HOSTILE`."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("天津市东丽区司法局2023年法治政府建设年度报告\n\n立案3件。\n", "utf-8")
    with (tmp_path / "corpus" / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "cluster"), ("a.txt", _HOSTILE)])
    build(tmp_path / "corpus", tmp_path / "index")
    return tmp_path


def run_shell(folder: Path, shell: str, script: str, *arguments: str) -> str:
    """Return what a script of a shell prints. Skips the test if the shell is not installed."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = f"{Path(SEARCHKIT).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    command = [program, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, check=True, cwd=folder, env=environment, timeout=60)
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("before", "replaced", "quote", "closing"),
    [
        ("cluster=", "京", "", ""),
        ("--where=cluster=", "", "", ""),
        ('"', "cluster=", '"', '"'),
        ("'", "cluster=京", "'", "'"),
        ('"cluster=京"', "", '"', ""),
        ("", '"cluster=京"', "", ""),
    ],
)
def test_bash_inserts_one_word_that_it_does_not_execute(
    hostile: Path, before: str, replaced: str, quote: str, closing: str
) -> None:
    """In bash, a completed value is one word with all of its characters, whether a quotation mark is open or closed.

    `replaced`: what bash replaces; `before`: what stays before it; `quote`: the mark with which the word begins before
    that; `closing`: the mark that is open.
    """
    line = f"searchkit search x --index index {'' if before.startswith('--') else '--where '}{before}"
    script = (
        'eval "$(_SEARCHKIT_COMPLETE=bash_source searchkit)"\n'
        'COMP_LINE="$1$2" COMP_POINT=${#COMP_LINE} COMP_WORDS=("$3$2") COMP_CWORD=0\n'
        '_searchkit_completion searchkit "$2"\n'
        "eval \"printf '%s\\n' $1${COMPREPLY[0]}$4\"\n"
    )
    words = run_shell(hostile, "bash", script, "bash", line, replaced, quote, closing).splitlines()
    assert words[-1] == f"{'--where=' if before.startswith('--') else ''}cluster={_HOSTILE}"
    assert not (hostile / "pwned").exists()


def test_fish_completes_a_value_with_a_comma(hostile: Path) -> None:
    """In fish, a completed value is not cut at its comma. Fish itself quotes what it inserts."""
    script = (
        '_SEARCHKIT_COMPLETE=fish_source searchkit | source; complete -C "searchkit search x --index index --where c"'
    )
    assert run_shell(hostile, "fish", script) == "cluster=\n"
    script = script.replace("--where c", "--where cluster=京")
    assert run_shell(hostile, "fish", script) == f"cluster={_HOSTILE}\n"


def test_completion_loads_little() -> None:
    """Completing a value of a missing index imports neither NumPy nor msgspec nor the opening of engines.

    A shell need not wait for these imports.
    """
    code = (
        "import sys, click; from pathlib import Path\n"
        "from searchkit.cli.main import cli\n"
        "from searchkit.cli.completing import complete_facet_value\n"
        "context = click.Context(cli); context.params['index_path'] = Path(sys.argv[1])\n"
        "parameter = click.Option(['--district'])\n"
        "print(complete_facet_value(context, parameter, '东'))\n"
        "print({'numpy', 'msgspec', 'searchkit.engines.opening'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, "nowhere"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "set()"]
