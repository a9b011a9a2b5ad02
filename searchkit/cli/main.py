"""The command `searchkit`: runs a subcommand, prints an error as one line, and sets the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import NoReturn, cast

import click

from searchkit import __version__
from searchkit.cli.language import LocalizedGroup, click_message, language_option, use_language
from searchkit.cli.output import FAILED, FOUND, OutputClosed, print_error, print_message, write_output
from searchkit.cli.pager import NO_PAGER
from searchkit.cli.settings import CommandDefaults, use_language_of_help
from searchkit.errors import SearchkitError
from searchkit.translation import preferred_language

# The commands import NumPy later, and the variable has an effect only if it is set before. Without it, the linear
# algebra library of NumPy starts a thread per core, which takes about 20 ms. searchkit does not use that library.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Module that defines each command.
_MODULES = {
    "build": "indexes",
    "search": "queries",
    "similar": "queries",
    "measures": "queries",
    "compare": "comparing",
    "show": "records",
    "facets": "records",
    "suggest": "records",
    "export": "records",
    "info": "indexes",
    "check": "indexes",
    "analyze": "queries",
    "serve": "serving",
    "mcp": "serving",
    "watch": "watching",
}


class _Commands(Mapping[str, click.Command]):
    """The commands by name. The module of a command is imported when the command is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = getattr(import_module(f"searchkit.cli.{_MODULES[name]}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class _Searchkit(LocalizedGroup):
    """The command `searchkit`. The language of searchkit.toml also applies to its help, and to that of its commands."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help."""
        use_language_of_help(ctx)
        return super().get_help(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the name of the command, the command, and its arguments.

        If the arguments ask for help, first uses the language of searchkit.toml.
        """
        if not {*args}.isdisjoint(ctx.help_option_names):
            use_language_of_help(ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Searchkit,
    commands=cast("MutableMapping[str, click.Command]", _Commands()),  # click does not change it
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="searchkit", message="%(prog)s %(version)s")
@click.option("--no-pager", is_flag=True, help="Write long output to the terminal at once, not page by page.")
@language_option
@click.pass_context
def cli(context: click.Context, *, no_pager: bool) -> None:
    """Search Chinese government reports for words, exact phrases and numbers, with filters and facets.

    Exit status: 0 if something was found, 1 if nothing was found, 2 for wrong usage, 3 for any
    other error.
    """
    context.meta[NO_PAGER] = no_pager
    if context.invoked_subcommand is None:
        write_output([context.get_help(), "\n"])


def main() -> NoReturn:
    """Run the command line and exit.

    An error is printed as one line on standard error, with two exceptions. If the reader of the output stops reading,
    as in `searchkit export measures | head`, the command ends silently with status 0. If the environment variable
    SEARCHKIT_DEBUG is set, an unexpected exception is printed with its traceback, and the status is 1.
    """
    _set_encodings()
    use_language(preferred_language(os.environ))
    if "_SEARCHKIT_COMPLETE" in os.environ:
        from searchkit.cli.shells import use_shells

        use_shells()
    try:
        status = cli.main(standalone_mode=False, default_map=CommandDefaults(_MODULES))
    except click.ClickException as error:
        print_message(click_message(error))
        status = error.exit_code
    except SearchkitError as error:
        print_error(str(error))
        status = error.exit_status
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted")
        status = FAILED
    except OutputClosed:
        # A normal exit of Python flushes standard output again. That flush would fail, too, and print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    except Exception as error:
        if os.environ.get("SEARCHKIT_DEBUG"):
            raise
        print_error(f"{type(error).__name__}: {error} (a bug in searchkit; set SEARCHKIT_DEBUG=1 to see where)")
        status = FAILED
    sys.exit(status)


def _set_encodings() -> None:
    """Set the encoding of standard output and standard error: UTF-8 on every system, except for a terminal.

    A terminal keeps its encoding, because it can show no other. A character that the encoding lacks is written as ?.
    What is written to a closed one (`>&-`) is lost.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the process ends
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a stream of another class may have replaced the standard one
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
