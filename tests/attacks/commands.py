"""Runs commands of searchkit, each in a fork of a process that has loaded searchkit.

That is a hundred times faster than a new interpreter for each command.

    python commands.py    reads requests from standard input and answers them; `Commands` starts it

A build in such a fork runs its workers in threads (`inprocess.py`), without the limits of processor time and memory
that a worker has for each file. Instead, each command has such limits. The standard input of a command is empty.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

CPU_SECONDS = 10
"""Seconds of processor time that a command may take, unless `Commands.run` is given another number."""
MEMORY = 1 << 30
"""Bytes of address space that a command may add to those of the process that has loaded searchkit."""
WALL_SECONDS = 180
"""Seconds after which a command is stopped, even if it only waits. Generous, because the machine may be busy."""
_HUNG = frozenset({-signal.SIGXCPU, -signal.SIGALRM})
"""Statuses of a command that was stopped at the limit of its processor time, or after `WALL_SECONDS`."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    """Exit status, or minus the number of the signal that ended it."""
    out: str
    err: str
    cpu: float
    """Processor time in seconds."""
    memory: int
    """Largest resident size in bytes. It includes the memory of the process that has loaded searchkit."""

    def problem(self, statuses: Sequence[int] = (0, 1, 3)) -> tuple[str, str] | None:
        """Return what is wrong: a key of `tally.VERDICTS` and a description. None if the command ended as it should.

        It should exit with one of `statuses` before a time limit, without a traceback, a warning or a message about a
        bug in searchkit. With status 3, standard error should be one line that begins with `searchkit: `.
        """
        end = self.err.strip().splitlines()[-1:] or [""]
        if self.status in _HUNG:
            return "hung", f"stopped after {self.cpu:.1f} s"
        if "Traceback" in self.err or "a bug in searchkit" in self.err or "Warning:" in self.err:
            return "raised", end[0]
        if self.status not in statuses:
            return "raised", f"status {self.status}: {end[0]}"
        if self.status == 3 and (self.err.count("\n") != 1 or not self.err.startswith("searchkit: ")):
            return "unclear", f"status 3 with the message {self.err!r}"
        return None


class Commands:
    """A process that runs commands, and ends with the `with` statement in which this object is used."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the process. `environment`: additional environment variables."""
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {}), "OPENBLAS_NUM_THREADS": "1"},
        )
        self._ask({})  # is answered when the process has loaded searchkit

    def __enter__(self) -> Commands:  # noqa: PYI034 - typing.Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: object, cpu_seconds: int = CPU_SECONDS) -> Outcome:
        """Run a command, such as `run("search", "执法", "--index", path)`."""
        return Outcome(**self._ask({"arguments": [*map(str, arguments)], "cpu_seconds": cpu_seconds}))

    def _ask(self, request: Mapping[str, object]) -> dict[str, object]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, object] = json.loads(self._process.stdout.readline())
        return answer


def _serve() -> None:
    """Answer each request of standard input with a line of JSON. An empty request is answered by an empty object."""
    _load()
    baseline = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as err:
        for line in sys.stdin:
            request = json.loads(line)
            answer = _run(request, baseline, out.fileno(), err.fileno()) if request else {}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _load() -> None:
    """Import what the commands need, and let builds run their workers in threads, without limits."""
    sys.path.append(str(Path(__file__).parents[1]))
    from importlib import import_module

    from inprocess import InProcess

    import searchkit
    from searchkit.indexing import indexer, tasks, worker

    modules = ("cli.indexes", "cli.queries", "cli.records", "cli.comparing", "index", "compare.audit", "engines.whoosh")
    for name in modules:
        import_module(f"searchkit.{name}")
    tasks.Child = InProcess  # type: ignore[assignment,misc]
    worker.limit_resources = lambda *_: nullcontext()
    indexer.exit_if_forked = lambda: None
    with tempfile.TemporaryDirectory() as name:  # loads the dictionary, the places and the topics
        corpus, index = Path(name) / "corpus", Path(name) / "index"
        corpus.mkdir()
        (corpus / "a.txt").write_text("东丽区司法局2023年工作总结\n\n行政执法检查129件。\n", encoding="utf-8")
        searchkit.build(corpus, index)
        with searchkit.open(index) as opened:
            assert opened.search("2023年东丽区司法局 执法检查").hits[0].measures


def _run(request: Mapping[str, object], baseline: int, out: int, err: int) -> dict[str, object]:
    """Run a command in a fork, and return the fields of its `Outcome`."""
    for file in (out, err):
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
    pid = os.fork()
    if not pid:
        _become(request, baseline, out, err)
    _, status, usage = os.wait4(pid, 0)
    texts = (os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace") for file in (out, err))
    return {
        "status": os.waitstatus_to_exitcode(status),
        **dict(zip(("out", "err"), texts, strict=True)),
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
    }


def _become(request: Mapping[str, object], baseline: int, out: int, err: int) -> None:
    """Turn this process into a command. Does not return."""
    from searchkit.cli.main import main

    status = 1
    try:
        seconds = int(str(request["cpu_seconds"]))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (baseline + MEMORY, baseline + MEMORY))
        signal.alarm(WALL_SECONDS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.argv = ["searchkit", *map(str, request["arguments"])]  # type: ignore[call-overload]
        main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - no exception may leave the fork
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
