"""Sends signals to the processes of builds at random moments, and checks the index by an oracle.

    python tests/attacks/kills.py [--cases N] [--seed N] [--result FILE]

Each build has two worker processes. A signal goes to the main process of the build, to a worker, or to the group of all
its processes; SIGSTOP is followed by SIGCONT. Then the index must be in the old or the new state (`oracle.py` knows the
answers of both), no process may survive, and the exit status and the message must fit the state. A build must succeed
if the signal does not end Python processes (`_HARMLESS`), or if only a worker received it. After about one build in
five, another one runs without a signal, and must succeed and leave nothing behind. `tests/durability/storm.py` kills
builds at chosen stages and compares all answers and scores.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # pytest has added it already

from marked import MARK_VARIABLE, find_processes, find_workers, kill_leftovers, new_mark
from oracle import find_state, leftovers, make_state
from tally import Tally, run_attack

CASES = 1000
SIGNALS = (
    *(signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV),
    *(signal.SIGBUS, signal.SIGPIPE, signal.SIGALRM, signal.SIGUSR1, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSTOP),
)
_WEIGHTS = tuple(6 if number in {signal.SIGKILL, signal.SIGSTOP} else 1 for number in SIGNALS)
VICTIMS = ("build", "worker", "group")
_FILES, _PADDING = 10, 300_000
"""Number of files at first, and of line feeds at the end of each: so many that a build uses two workers."""
_HARMLESS = frozenset({signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ})
"""Signals that do not end a Python process. SIGPIPE and SIGXFSZ still do while it starts, before it ignores them."""
_EXIT_SECONDS = 60
"""Seconds in which the processes that survive a build must end. The build itself must end in these seconds plus three
times `Kills._seconds`."""
_UNDISTURBED_INTERVAL = 5
"""Another build runs without a signal after one in this number of builds, chosen at random."""
_LONGER, _SHORTER = 1.1, 0.8
"""Factors by which `Kills._seconds` changes after a signal that was received, and after one that came too late."""


class Kills:
    """An index that is built by processes that receive signals."""

    def __init__(self, folder: Path, tally: Tally, seed: int) -> None:
        """Build the index in the existing folder `folder`."""
        self._tally, self._corpus, self._index = tally, folder / "corpus", folder / "index"
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._states = [make_state(self._rng, _FILES)]
        """A list of one element: the state of the reports that the index has."""
        started = time.monotonic()
        self._build_undisturbed()
        self._seconds = time.monotonic() - started
        """The signal is sent at a random moment of this time, in seconds from the start of a build. A worker that has
        not started by then receives it later. The time adapts to the time that builds take."""

    def run(self) -> None:
        """Change the corpus, send a signal to its build, and check what the build leaves."""
        new = self._states[-1].changed(self._rng, 6)
        if len(new.files) > 2 * _FILES:
            new = make_state(self._rng, _FILES)
        new.write(self._corpus, _PADDING)
        number = self._rng.choices(SIGNALS, _WEIGHTS)[0]
        victim = self._rng.choice(VICTIMS)
        status, err, is_sent = self._disturb(number, victim)
        case = f"{number.name} to the {victim}"
        if is_sent:
            self._tally.cases[case] += 1
        else:
            self._tally.details["builds that ended before the signal"] += 1
        self._seconds *= _LONGER if is_sent else _SHORTER
        state = find_state(self._index, [self._states[-1], new])
        if isinstance(state, str):
            self._tally.add_fault("wrong" if state.startswith("wrong") else "lost", f"{case}: {state}")
        elif fault := judge(status, err, state, must_succeed=victim == "worker" or number in _HARMLESS):
            self._tally.add_fault(fault[0], f"{case}: {fault[1]}")
        self._states = [new] if state == 1 else [*self._states[-1:]]
        if self._rng.randrange(_UNDISTURBED_INTERVAL) == 0:
            self._states = [new]
            self._build_undisturbed()

    def _start(self, mark: str = "") -> subprocess.Popen[str]:
        command = ["build", str(self._corpus), "--index", str(self._index), "--jobs", "2"]
        return subprocess.Popen(
            [sys.executable, "-m", "searchkit", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, MARK_VARIABLE: mark},
        )

    def _disturb(self, number: signal.Signals, victim: str) -> tuple[int, str, bool]:
        """Run a build that receives a signal. Returns its status, its standard error, and whether it was received."""
        mark = new_mark()
        started = time.monotonic()
        with self._start(mark) as process:
            moment = self._rng.uniform(0, self._seconds)
            targets: list[int] = []
            while process.poll() is None and not targets:  # a worker may not have started yet
                time.sleep(max(moment - (time.monotonic() - started), 0.001))
                targets = find_workers(mark)[:1] if victim == "worker" else [process.pid]
            is_sent = process.poll() is None and self._send(targets, number, mark if victim == "group" else "")
            try:
                _, err = process.communicate(timeout=_EXIT_SECONDS + 3 * self._seconds)
            except subprocess.TimeoutExpired:
                self._tally.add_fault("hung", f"{number.name} to the {victim}: the build does not end")
                process.kill()
                _, err = process.communicate()
        if survivors := kill_leftovers(mark, _EXIT_SECONDS):
            self._tally.add_fault("left", f"{number.name} to the {victim}: processes {[*survivors.values()]}")
        return process.returncode, err, is_sent

    def _send(self, targets: list[int], number: signal.Signals, mark: str) -> bool:
        """Send a signal to the processes `targets` or, if `mark` is not empty, to all processes with this mark.

        SIGCONT is sent after SIGSTOP. Returns whether any process received the signal.
        """
        targets = [*find_processes(mark)] if mark else targets
        received = [*filter(None, (_signal(target, number) for target in targets))]
        if number == signal.SIGSTOP:
            time.sleep(self._rng.uniform(0, 0.5))
            for target in received:
                _signal(target, signal.SIGCONT)
        return bool(received)

    def _build_undisturbed(self) -> None:
        """Build without a signal, and check what the build leaves."""
        self._states[-1].write(self._corpus, _PADDING)
        with self._start() as process:
            _, err = process.communicate()
        state = find_state(self._index, self._states[-1:])
        if process.returncode or err or state != 0:
            self._tally.add_fault("lost", f"a build without a signal: status {process.returncode}, {state}, {err}")
        elif names := leftovers(self._index):
            self._tally.add_fault("left", f"{sorted(names)}")


def _signal(process: int, number: signal.Signals) -> int:
    """Send a signal to a process. Returns its id, 0 if there is no such process."""
    with suppress(ProcessLookupError):
        os.kill(process, number)
        return process
    return 0


def judge(status: int, err: str, state: int, *, must_succeed: bool) -> tuple[str, str] | None:
    """Return what is wrong with a build that received a signal: a key of `tally.VERDICTS`, and a description.

    Returns None if nothing is wrong. `state`: that of the index after the build, 0 = old, 1 = new.
    """
    if "Traceback" in err or "a bug in searchkit" in err or "Warning:" in err:
        return "raised", err
    died_at_start = status in {-signal.SIGPIPE, -signal.SIGXFSZ} and state == 0  # the process did not ignore them yet
    if must_succeed and (status or err) and not died_at_start:
        return "unclear", f"status {status}, {err}"
    if status == 0 and state == 0:
        return "lost", "the build reported success, but the index is in the old state"
    if status > 0 and (status != 3 or err.count("\n") != 1 or not err.startswith("searchkit: ")):
        return "unclear", f"status {status} with the message {err!r}"
    return None


def attack(tally: Tally, cases: int, seed: int) -> None:
    """Send a signal to each of `cases` builds."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        kills = Kills(Path(folder), tally, seed)
        for _ in range(cases):
            kills.run()


if __name__ == "__main__":
    sys.exit(run_attack("kills", "Send signals to builds, and check the index.", CASES, attack))
