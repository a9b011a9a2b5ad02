"""The group of commands; whatever goes wrong becomes one line and an exit status."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import NoReturn

import click

from searchkit import __version__
from searchkit.cli.comparing import compare
from searchkit.cli.indexes import build, check, info
from searchkit.cli.output import FAILED, FOUND, complain, emit
from searchkit.cli.queries import analyze, measures, search
from searchkit.cli.records import export, facets, show
from searchkit.errors import SearchkitError

# NumPy's linear algebra, which nothing here uses, would start a thread for each core: some 20 ms of every command.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="searchkit", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Search Chinese government reports: every word, exact phrases, numbers as numbers, exact facet counts.

    Exit status: 0 something found, 1 nothing found, 2 wrong usage, 3 anything else.
    """
    if context.invoked_subcommand is None:
        emit([context.get_help(), "\n"])


for _command in (build, search, measures, compare, show, facets, export, info, check, analyze):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line: one line on standard error and an exit status for whatever goes wrong."""
    gc.set_threshold(200_000, 20, 100)  # most of what a command makes lives as long as it runs
    atexit.register(gc.freeze)  # the process ends and gives all back: looking for garbage first would take 15 ms
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        complain(error.format_message())
        status = error.exit_code
    except SearchkitError as error:
        complain(str(error))
        status = error.exit_status
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        status = FAILED
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    except Exception as error:
        if os.environ.get("SEARCHKIT_DEBUG"):
            raise
        complain(f"{type(error).__name__}: {error} (a mistake in searchkit; SEARCHKIT_DEBUG=1 shows where)")
        status = FAILED
    sys.exit(status)
