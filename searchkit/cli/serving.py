"""The commands serve and mcp."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from searchkit.cli.language import use_language
from searchkit.cli.options import verify_option
from searchkit.cli.output import FOUND, write_output
from searchkit.cli.settings import SettingsCommand
from searchkit.errors import SearchkitError, UsageError, install_command
from searchkit.translation import language

_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)
"""Matches an index with a name: 2023=reports/2023/index."""


def _indexes_option(description: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return the option `--index` of a server, which may be repeated. `description`: its help."""
    return click.option(
        "--index",
        "indexes",
        multiple=True,
        default=["index"],
        show_default=True,
        metavar="[NAME=]DIR",
        help=description,
    )


@click.command(cls=SettingsCommand)
@_indexes_option("Folder of the index. Several, each with a name, are served at /i/NAME/.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="N", help="Port. 0: a free one."
)
@click.option("--open", "opens_browser", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Name by which the server may be addressed: reports.example.cn. Needed if --host is not this machine.",
)
@click.option("--base-path", default="", metavar="PATH", help="Path in front of all addresses, if a proxy adds one.")
@click.option("--title", metavar="TEXT", help="Name in the header of the pages.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language of the pages.",
)
@click.option(
    "--trusted-proxy", metavar="ADDRESS", help="Address of the proxy whose X-Forwarded-… headers are believed."
)
@verify_option
@click.option("--log-requests", "logs_requests", is_flag=True, help="Log each request, with its query.")
def serve(indexes: Sequence[str], *, opens_browser: bool, **options: object) -> int:
    """Serve a page for the browser, and the same answers as a JSON API, until Ctrl-C.

    Only this machine can reach the page, unless --host says otherwise; then --allow-host must name
    the server. There is no log-in: a proxy in front can add one. Every page is also data: its
    address with .json, .jsonl, .csv or .xlsx. /openapi.json describes all parameters. A new build of the index is
    picked up by the next request.
    """
    try:
        from searchkit.web.server import ServerOptions, run_server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"starlette", "uvicorn", "jinja2", "h11", "anyio"}:
            raise
        install = install_command("starlette uvicorn Jinja2")
        raise SearchkitError(f"the server needs {error.name}: {install}") from None

    def announce(url: str) -> None:
        """Print the address of the page."""
        write_output([f"{url}\n"])

    arguments = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    run_server(_named_indexes(indexes), ServerOptions(**arguments), announce, opens_browser=opens_browser)  # type: ignore[arg-type]
    return FOUND


@click.command(cls=SettingsCommand)
@_indexes_option("Folder of the index. Several need names, by which the assistant chooses.")
def mcp(indexes: Sequence[str]) -> int:
    """Answer an assistant on standard input and output, by the Model Context Protocol.

    An assistant starts this command itself: its settings name it. The assistant can search, look up and compare
    figures, read reports, and cites the ids. Nothing is changed, and nothing leaves this machine but to the assistant.
    A new build of the index is picked up by the next call.
    """
    try:
        from searchkit.assistants.server import run_server
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise SearchkitError(f"the server for assistants needs {error.name}: {install_command('mcp')}") from None
    named, of_user = _named_indexes(indexes), language()
    use_language("en")  # programs read the answers, so they are in English, whatever the language of the user
    try:
        run_server(named)
    finally:
        use_language(of_user)  # an error that ends the command is for the user
    return FOUND


def _named_indexes(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """Return name and folder of each index. A single index without a name is called `index`.

    Raises UsageError if a path is empty, or if one of several has no name.
    """
    indexes = []
    for text in texts:
        if not text:
            raise UsageError("--index '': the path is empty")
        match = _NAMED.fullmatch(text)
        if match is None and len(texts) > 1:
            raise UsageError(f"--index {text!r}: several indexes need names: --index NAME={text}")
        indexes.append((match[1], Path(match[2])) if match else ("index", Path(text)))
    return indexes
