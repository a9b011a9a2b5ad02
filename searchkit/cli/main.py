"""The group of commands. Catches every error and prints it as one line."""

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
from searchkit.cli.output import FAILED, FOUND, print_error, write_output
from searchkit.cli.queries import analyze, measures, search
from searchkit.cli.records import export, facets, show
from searchkit.errors import SearchkitError

# NumPy's linear algebra, which is not used here, would start a thread per core: about 20 ms in every command.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="searchkit", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Search Chinese government reports for words, exact phrases and numbers, with filters and facets.

    Exit status: 0 if something was found, 1 if nothing was found, 2 for wrong usage, 3 for any
    other error.
    """
    if context.invoked_subcommand is None:
        write_output([context.get_help(), "\n"])


for _command in (build, search, measures, compare, show, facets, export, info, check, analyze):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line. Every error becomes one line on standard error and an exit status."""
    gc.set_threshold(200_000, 20, 100)  # most objects of a command live until it ends
    atexit.register(gc.freeze)  # skips the last garbage collection, which would take 15 ms
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        print_error(error.format_message())
        status = error.exit_code
    except SearchkitError as error:
        print_error(str(error))
        status = error.exit_status
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted")
        status = FAILED
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FOUND
    except Exception as error:
        if os.environ.get("SEARCHKIT_DEBUG"):
            raise
        print_error(f"{type(error).__name__}: {error} (a bug in searchkit; set SEARCHKIT_DEBUG=1 to see where)")
        status = FAILED
    sys.exit(status)
